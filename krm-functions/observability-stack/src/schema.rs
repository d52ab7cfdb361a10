//! A JSON Schema of the resource, made of the types that read it: for editors, and for whoever checks configurations
//! without running the function.

use crate::ObservabilityStack;
use crate::spec::{QuantityText, Spec, Values};
use krm_rs::{Function, Map, Value, json};
use leafpack_fn_common::modules::Embedded;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// Where it is known to be.
const ID: &str = "https://leafpack.dev/schemas/krm-functions/ObservabilityStack.schema.json";

/// What the types give defaults, and the function refuses to go without, by the path of the object.
const REQUIRED: [(&[&str], &[&str]); 7] = [
    (&[], &["cluster", "role"]),
    (&["patches", "*"], &["kind", "name", "merge"]),
    (&["flux", "substituteFrom", "*"], &["name"]),
    (&["grafana", "dashboards", "ids", "*"], &["id", "revision"]),
    (
        &["alerting", "rules", "slo", "*"],
        &["name", "objective", "good", "total"],
    ),
    (
        &["alerting", "rules", "business", "*"],
        &["name", "expression", "summary"],
    ),
    (&["store", "gateway", "writers", "*"], &["name", "secret"]),
];

/// The schema of an ObservabilityStack, in draft 2020-12. It has every option with a line of documentation and its default,
/// and refuses all others. What a string has to look like is the function's to say, for it says what would be right.
#[must_use]
pub fn observability_stack() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let generator: SchemaGenerator = settings.with_transform(Tidy).into_generator();
    let mut spec = Value::from(generator.into_root_schema_for::<Spec>());
    if let Some(fields) = spec.as_object_mut() {
        fields.shift_remove("title");
    }
    for (path, fields) in REQUIRED {
        let object = path.iter().fold(&mut spec, |object, name| match *name {
            "*" => &mut object["items"],
            name => &mut object["properties"][name],
        });
        object["required"] = json!(fields);
        for name in fields {
            if let Some(field) = object["properties"][name].as_object_mut() {
                field.shift_remove("default");
            }
        }
    }
    type Stack = ObservabilityStack<Embedded>;
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "ObservabilityStack: everything for one cluster",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": false,
        "properties": {
            "apiVersion": {"description": "The version of this resource.", "const": Stack::API_VERSION},
            "kind": {"description": "The kind of this resource.", "const": Stack::KIND},
            "metadata": {
                "description": "Its name is the stack's, in the label `leafpack.dev/stack` of every object.",
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"description": "The name of the stack.", "type": "string"}},
            },
            "spec": spec,
        },
    })
}

/// Makes of a schema for programs one for people.
#[derive(Debug, Clone)]
struct Tidy;

impl Transform for Tidy {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(fields) = schema.as_object_mut() else {
            return;
        };
        // Null is as absent, here as in all of Kubernetes; nobody writes it on purpose.
        if let Some(Value::Array(types)) = fields.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                fields.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(any)) = fields.get_mut("anyOf") {
            any.retain(|schema| schema["type"] != "null");
            if let [Value::Object(only)] = any.as_slice() {
                let mut only = only.clone();
                fields.shift_remove("anyOf");
                only.append(fields);
                *fields = only;
            }
        }
        let is_empty_default = match fields.get("default") {
            Some(Value::Null) => true,
            // Each field within has its own.
            Some(Value::Object(_)) => fields.contains_key("properties"),
            _ => false,
        };
        if is_empty_default {
            fields.shift_remove("default");
        }
        // A width of this program's, which says nothing beside minimum and maximum.
        if fields
            .get("format")
            .and_then(Value::as_str)
            .is_some_and(|f| f.starts_with("uint"))
        {
            fields.shift_remove("format");
        }
        describe(fields);
        choices(fields);
    }
}

/// A description is written for the documentation of the code; here it is one line, and says what YAML has.
fn describe(fields: &mut Map<String, Value>) {
    let Some(Value::String(text)) = fields.get_mut("description") else {
        return;
    };
    let mut plain = String::new();
    let mut rest = text.as_str();
    // `[`Join::Filter`]` is `filter` in YAML.
    while let Some((before, inner, after)) = rest.split_once("[`").and_then(|(before, rest)| {
        rest.split_once("`]")
            .map(|(inner, after)| (before, inner, after))
    }) {
        let name = inner.rsplit("::").next().unwrap_or(inner).to_lowercase();
        plain.push_str(&format!("{before}`{name}`"));
        rest = after;
    }
    plain.push_str(rest);
    *text = plain.replace('\n', " ");
}

/// Words to choose from are one list, which every editor completes; what each means goes to the description.
fn choices(fields: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = fields.get("oneOf") else {
        return;
    };
    let word = |choice: &Value| Some(choice["const"].as_str()?.to_owned());
    let Some(words) = choices.iter().map(word).collect::<Option<Vec<String>>>() else {
        return;
    };
    let meanings: Vec<String> = choices
        .iter()
        .zip(&words)
        .map(|(choice, word)| {
            let meaning = choice["description"].as_str().unwrap_or_default();
            format!("\n- `{word}`: {meaning}")
        })
        .collect();
    let about = fields.get("description").and_then(Value::as_str);
    let description = format!("{}{}", about.unwrap_or_default(), meanings.concat());
    fields.shift_remove("oneOf");
    fields.insert("type".to_owned(), json!("string"));
    fields.insert("enum".to_owned(), json!(words));
    fields.insert("description".to_owned(), json!(description));
}

impl Serialize for QuantityText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl JsonSchema for QuantityText {
    fn schema_name() -> Cow<'static, str> {
        "QuantityText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "number"]})
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl JsonSchema for Values {
    fn schema_name() -> Cow<'static, str> {
        "Values".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer", "array"], "items": {"type": ["string", "integer"]}})
    }
}
