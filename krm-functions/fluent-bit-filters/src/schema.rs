//! The settings' JSON Schemas, as far as a mistake would cost records their labels: known keys, types and choices.
//!
//! What is left to the filters themselves (`pattern` and `not`) they answer with a mark on every record.

use crate::spec::FilterName;
use krm_rs::{Value, json, yaml};
use leafpack_fn_common::check::Check;

/// A filter's schema.
#[derive(Debug)]
pub(crate) struct Schema(Value);

/// The schema of a filter's settings file.
pub(crate) fn of(filter: FilterName) -> Schema {
    let text = match filter {
        FilterName::ContainerLogs => {
            include_str!("../../../filters/container-logs/settings.schema.json")
        }
        FilterName::Cri => include_str!("../../../filters/cri/settings.schema.json"),
        FilterName::Tenant => include_str!("../../../filters/tenant/settings.schema.json"),
        FilterName::Audit => include_str!("../../../filters/audit/settings.schema.json"),
    };
    // JSON is YAML; a test loads each.
    Schema(yaml::load_one(text.as_bytes()).unwrap_or_default())
}

impl Schema {
    /// Says what of a document the schema does not know. `path` is that of the document.
    pub(crate) fn check(&self, path: &str, document: &Value, check: &mut Check<'_>) {
        self.value(&self.0, path, document, check);
    }

    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let name = schema["$ref"]
            .as_str()
            .and_then(|r| r.strip_prefix("#/$defs/"));
        name.map_or(schema, |name| &self.0["$defs"][name])
    }

    fn value(&self, schema: &Value, path: &str, value: &Value, check: &mut Check<'_>) {
        if let Some(expected) = self.misfit(schema, value) {
            let default = schema.get("default").cloned();
            let fix = default.unwrap_or_else(|| schema["examples"][0].clone());
            check.error(path, &format!("found {value}, expected {expected}"), fix);
            return;
        }
        let schema = self.resolve(schema);
        if let Value::Object(fields) = value {
            for (key, value) in fields {
                self.field(schema, path, key, value, check);
            }
        }
        if let (Value::Array(items), Some(schema)) = (value, schema.get("items")) {
            for (index, item) in items.iter().enumerate() {
                self.value(schema, &format!("{path}[{index}]"), item, check);
            }
        }
    }

    fn field(&self, schema: &Value, path: &str, key: &str, value: &Value, check: &mut Check<'_>) {
        let known = schema["properties"].as_object();
        let path_of_key = krm_rs::Path::parse(path).unwrap_or_default().key(key);
        let path_of_key = path_of_key.to_string();
        if let Some(schema) = known.and_then(|known| known.get(key)) {
            self.value(schema, &path_of_key, value, check);
            return;
        }
        match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => {
                let names = known.into_iter().flatten().map(|(name, _)| name.as_str());
                let names: Vec<&str> = names.collect();
                let likeness = |name: &&&str| (strsim::jaro(name, key) * 1_000.0) as u32;
                let nearest = names.iter().max_by_key(likeness);
                check.error(
                    path,
                    &format!(
                        "found the unknown setting {key:?}; known are: {}",
                        names.join(", ")
                    ),
                    json!({nearest.copied().unwrap_or_default(): value}),
                );
            }
            Some(schema @ Value::Object(_)) => self.value(schema, &path_of_key, value, check),
            _ => {}
        }
    }

    /// What was expected instead, where a value does not fit.
    fn misfit(&self, schema: &Value, value: &Value) -> Option<String> {
        let schema = self.resolve(schema);
        if let Some(choices) = schema["anyOf"].as_array() {
            let misfits: Vec<String> = choices
                .iter()
                .filter_map(|choice| self.misfit(choice, value))
                .collect();
            return (misfits.len() == choices.len()).then(|| misfits.join(", or "));
        }
        if let Some(only) = schema.get("const").filter(|only| *only != value) {
            return Some(only.to_string());
        }
        if let Some(choices) = schema["enum"].as_array().filter(|all| !all.contains(value)) {
            let choices: Vec<String> = choices.iter().map(Value::to_string).collect();
            return Some(format!("one of: {}", choices.join(", ")));
        }
        let fits = match schema["type"].as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_i64() || value.is_u64(),
            _ => true,
        };
        (!fits).then(|| match schema["type"].as_str() {
            Some("array") => "a list".to_owned(),
            Some(name @ ("object" | "integer")) => format!("an {name}"),
            Some(name) => format!("a {name}"),
            None => "another value".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_is_there() {
        for filter in [
            FilterName::ContainerLogs,
            FilterName::Cri,
            FilterName::Tenant,
            FilterName::Audit,
        ] {
            assert_eq!(of(filter).0["additionalProperties"], false, "{filter:?}");
        }
    }
}
