//! As much of JSON Schema 2020-12 as settings need. A keyword beyond that is refused: it would not be tested.

use regex_lite::Regex;
use serde_json::{Map, Value};

const KEYWORDS: &[&str] = &[
    "$schema",
    "$id",
    "$defs",
    "$ref",
    "title",
    "description",
    "default",
    "examples",
    "type",
    "enum",
    "const",
    "anyOf",
    "not",
    "properties",
    "additionalProperties",
    "propertyNames",
    "maxProperties",
    "items",
    "maxItems",
    "minItems",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
];

pub(crate) struct Schema {
    root: Value,
}

impl Schema {
    pub(crate) fn read(text: &str) -> Self {
        let root: Value = serde_json::from_str(text).expect("the schema is JSON");
        let schema = Self { root };
        schema.check(&schema.root, "the schema");
        schema
    }

    pub(crate) fn root(&self) -> &Value {
        &self.root
    }

    /// What a `$ref` leads to, with the keywords beside it.
    pub(crate) fn resolve(&self, schema: &Value) -> Value {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
            return schema.clone();
        };
        let pointer = reference.strip_prefix('#').expect("a $ref within the file");
        let target = self.root.pointer(pointer);
        let mut both = target
            .unwrap_or_else(|| panic!("{reference} leads nowhere"))
            .clone();
        let keywords = both.as_object_mut().expect("a schema is an object");
        for (keyword, value) in schema.as_object().expect("a schema is an object") {
            if keyword != "$ref" {
                keywords.insert(keyword.clone(), value.clone());
            }
        }
        both
    }

    fn check(&self, schema: &Value, place: &str) {
        if schema.is_boolean() {
            return;
        }
        let keywords = schema
            .as_object()
            .unwrap_or_else(|| panic!("{place}: found {schema}"));
        for (keyword, value) in keywords {
            assert!(
                KEYWORDS.contains(&keyword.as_str()),
                "{place}: {keyword} is not known to the test"
            );
            let place = format!("{place}/{keyword}");
            match keyword.as_str() {
                "properties" | "$defs" => {
                    for (name, schema) in value.as_object().expect("an object") {
                        self.check(schema, &format!("{place}/{name}"));
                    }
                }
                "anyOf" => {
                    for schema in value.as_array().expect("a list") {
                        self.check(schema, &place);
                    }
                }
                "items" | "additionalProperties" | "propertyNames" | "not" => {
                    self.check(value, &place);
                }
                "pattern" => {
                    let pattern = value.as_str().expect("a string");
                    assert!(
                        pattern.starts_with('^') && pattern.ends_with('$'),
                        "{place}: for the whole text"
                    );
                    Regex::new(pattern).unwrap_or_else(|why| panic!("{place}: {why}"));
                }
                _ => {}
            }
        }
    }

    /// Calls `each` with every property's path and schema, outer ones first.
    pub(crate) fn each_property(&self, mut each: impl FnMut(&[String], &Value)) {
        let mut waiting = vec![(Vec::new(), self.root.clone())];
        while let Some((path, schema)) = waiting.pop() {
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                let property = self.resolve(property);
                let path: Vec<String> = path.iter().chain([name]).cloned().collect();
                each(&path, &property);
                waiting.push((path, property));
            }
        }
    }

    /// Whether the schema takes a document.
    pub(crate) fn takes(&self, document: &Value) -> bool {
        self.valid(&self.root, document)
    }

    pub(crate) fn valid(&self, schema: &Value, value: &Value) -> bool {
        if let Value::Bool(takes) = schema {
            return *takes;
        }
        let schema = self.resolve(schema);
        let keywords = schema.as_object().expect("a schema is an object");
        keywords
            .iter()
            .all(|(keyword, says)| self.keyword(keywords, keyword, says, value))
    }

    fn keyword(
        &self,
        schema: &Map<String, Value>,
        keyword: &str,
        says: &Value,
        value: &Value,
    ) -> bool {
        let at_most = |len: usize| says.as_u64().is_some_and(|most| len as u64 <= most);
        let at_least = |len: usize| says.as_u64().is_some_and(|least| len as u64 >= least);
        let list = |says: &Value| says.as_array().cloned().unwrap_or_default();
        match (keyword, value) {
            ("type", _) => is_of_type(value, says.as_str().expect("one type")),
            ("const", _) => value == says,
            ("enum", _) => list(says).contains(value),
            ("anyOf", _) => list(says).iter().any(|schema| self.valid(schema, value)),
            ("not", _) => !self.valid(says, value),
            ("pattern", Value::String(text)) => Regex::new(says.as_str().unwrap_or_default())
                .is_ok_and(|pattern| pattern.is_match(text)),
            ("minLength", Value::String(text)) => at_least(text.chars().count()),
            ("maxLength", Value::String(text)) => at_most(text.chars().count()),
            ("minimum", Value::Number(number)) => number.as_f64() >= says.as_f64(),
            ("maximum", Value::Number(number)) => number.as_f64() <= says.as_f64(),
            ("items", Value::Array(items)) => items.iter().all(|item| self.valid(says, item)),
            ("minItems", Value::Array(items)) => at_least(items.len()),
            ("maxItems", Value::Array(items)) => at_most(items.len()),
            ("maxProperties", Value::Object(fields)) => at_most(fields.len()),
            ("properties", Value::Object(fields)) => fields
                .iter()
                .all(|(key, value)| says.get(key).is_none_or(|schema| self.valid(schema, value))),
            ("additionalProperties", Value::Object(fields)) => {
                let own = |key: &String| schema.get("properties").and_then(|all| all.get(key));
                fields
                    .iter()
                    .filter(|(key, _)| own(key).is_none())
                    .all(|(_, value)| self.valid(says, value))
            }
            ("propertyNames", Value::Object(fields)) => fields
                .keys()
                .all(|key| self.valid(says, &Value::from(key.as_str()))),
            _ => true,
        }
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        _ => panic!("the type {name} is not known to the test"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn takes(schema: Value, value: Value) -> bool {
        Schema::read(&schema.to_string()).takes(&value)
    }

    #[test]
    fn tells_good_from_bad() {
        for (schema, good, bad) in [
            (
                json!({"type": "string", "minLength": 1, "maxLength": 2}),
                json!("é"),
                json!(""),
            ),
            (
                json!({"type": "string", "maxLength": 2}),
                json!("ab"),
                json!("abc"),
            ),
            (
                json!({"type": "string", "pattern": "^a+$"}),
                json!("aa"),
                json!("ab"),
            ),
            (
                json!({"type": "integer", "minimum": 1, "maximum": 3}),
                json!(3),
                json!(4),
            ),
            (json!({"type": "integer", "minimum": 1}), json!(1), json!(0)),
            (json!({"type": "integer"}), json!(1), json!(1.5)),
            (json!({"enum": ["a", 1]}), json!(1), json!("b")),
            (json!({"const": false}), json!(false), json!(true)),
            (json!({"not": {"enum": ["a"]}}), json!("b"), json!("a")),
            (
                json!({"anyOf": [{"type": "null"}, {"type": "boolean"}]}),
                json!(null),
                json!(0),
            ),
            (
                json!({"type": "array", "items": {"type": "null"}, "maxItems": 1, "minItems": 1}),
                json!([null]),
                json!([]),
            ),
            (
                json!({"type": "array", "items": {"type": "null"}}),
                json!([null, null]),
                json!([0]),
            ),
            (
                json!({"type": "array", "maxItems": 1}),
                json!([null]),
                json!([0, 0]),
            ),
            (
                json!({"properties": {"a": {"type": "null"}}, "additionalProperties": false}),
                json!({"a": null}),
                json!({"b": null}),
            ),
            (
                json!({"properties": {"a": {"type": "null"}}}),
                json!({"b": 0}),
                json!({"a": 0}),
            ),
            (
                json!({"additionalProperties": {"type": "null"}, "maxProperties": 1}),
                json!({"a": null}),
                json!({"a": 0}),
            ),
            (
                json!({"maxProperties": 1}),
                json!({"a": null}),
                json!({"a": 0, "b": 0}),
            ),
            (
                json!({"propertyNames": {"maxLength": 1}}),
                json!({"a": 0}),
                json!({"ab": 0}),
            ),
            (
                json!({"$defs": {"n": {"type": "null"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}),
                json!({"a": null}),
                json!({"a": 0}),
            ),
        ] {
            assert!(takes(schema.clone(), good.clone()), "{schema} {good}");
            assert!(!takes(schema.clone(), bad.clone()), "{schema} {bad}");
        }
    }

    #[test]
    #[should_panic(expected = "uniqueItems is not known to the test")]
    fn an_unknown_keyword_is_refused() {
        Schema::read(r#"{"properties": {"a": {"uniqueItems": true}}}"#);
    }
}
