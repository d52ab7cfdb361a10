//! Documents to try: each key alone with values of every kind, and random ones.

use proptest::prelude::*;
use proptest::string::string_regex;
use serde_json::{Map, Value, json};

use crate::schema::Schema;
use crate::wrap;

/// Beyond a limit by one; limits beyond this are not gone to.
const MOST: u64 = 100_000;

/// Values of every type, and texts that people and attackers write.
fn pool() -> Vec<Value> {
    let mut pool = vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!([]),
        json!(["log"]),
        json!([""]),
        json!(["a\"b"]),
        json!(["é"]),
        json!([null]),
        json!([["log"]]),
        json!({}),
        json!({"a": "b"}),
        json!({"a": ""}),
        json!({"a": 1}),
        json!({"a*": "b"}),
        json!({"": "b"}),
    ];
    let texts = [
        "",
        " ",
        "a",
        "log",
        "_msg",
        "time",
        "leafpack_error",
        "a*",
        "*",
        "a*b",
        "**",
        "é",
        "a\"b",
        "a\\b",
        "a\nb",
        "\u{7f}",
        "\u{1f600}",
        "true",
        "0",
        "30s",
        "a.b/c",
        "$.a[0]",
    ];
    pool.extend(texts.map(Value::from));
    pool
}

impl Schema {
    /// Each property alone with every value that comes to mind for it, and all properties together.
    pub(crate) fn documents(&self) -> Vec<Value> {
        let mut documents = vec![json!({})];
        let mut all = json!({});
        self.each_property(|path, property| {
            let values = self.values(property);
            if property.get("properties").is_none()
                && let Some(good) = values.iter().find(|value| self.valid(property, value))
            {
                insert(&mut all, path, good.clone());
            }
            documents.extend(values.into_iter().map(|value| wrap(path, value)));
        });
        assert!(self.takes(&all), "all keys together: {all}");
        documents.push(all);
        documents
    }

    /// Values for a schema, good and bad: the pool's, each of an enum, and those around its limits.
    fn values(&self, schema: &Value) -> Vec<Value> {
        let schema = self.resolve(schema);
        let number = |keyword: &str| schema[keyword].as_u64().filter(|limit| *limit <= MOST);
        let mut values = Vec::new();
        for keyword in ["default", "const"] {
            values.extend(schema.get(keyword).cloned());
        }
        for keyword in ["enum", "examples"] {
            values.extend(schema[keyword].as_array().into_iter().flatten().cloned());
        }
        for branch in schema["anyOf"].as_array().into_iter().flatten() {
            values.extend(self.values(branch));
        }
        if schema["not"].is_object() {
            values.extend(self.values(&schema["not"]));
        }
        for limit in ["minimum", "maximum"] {
            let limit = schema[limit].as_i64();
            values.extend(limit.into_iter().flat_map(|limit| {
                [limit.saturating_sub(1), limit, limit.saturating_add(1)].map(Value::from)
            }));
        }
        for limit in ["minLength", "maxLength"] {
            for len in around(number(limit)) {
                values.push("a".repeat(len).into());
            }
        }
        if let Some(items) = schema.get("items") {
            let of_items = self.values(items);
            let good: Vec<_> = of_items.iter().filter(|v| self.valid(items, v)).collect();
            if let Some(good) = good.first() {
                for limit in ["minItems", "maxItems"] {
                    for len in around(number(limit)) {
                        values.push(vec![(*good).clone(); len].into());
                    }
                }
            }
            values.extend(of_items.iter().map(|item| json!([item])));
        }
        if let Some(of_values) = schema.get("additionalProperties").filter(|s| s.is_object()) {
            values.extend(self.maps(of_values, around(number("maxProperties"))));
        }
        values.extend(pool());
        values
    }

    /// Maps from free names to values.
    fn maps(&self, of_values: &Value, sizes: Vec<usize>) -> Vec<Value> {
        let values = self.values(of_values);
        let good = values.iter().find(|value| self.valid(of_values, value));
        let good = good.expect("a value that can be had");
        let mut maps: Vec<Value> = values.iter().map(|value| json!({"a": value})).collect();
        let names = pool().into_iter().filter_map(|name| match name {
            Value::String(name) => Some(name),
            _ => None,
        });
        let long = [62, 63, 64, 65].map(|len| "a".repeat(len));
        let starred = long.clone().map(|name| name + "*");
        let names = names.chain(long).chain(starred);
        maps.extend(names.map(|name| json!({name: good})));
        for size in sizes {
            let fields = (0..size).map(|index| (format!("n{index}"), good.clone()));
            maps.push(Value::Object(fields.collect()));
        }
        maps
    }

    /// Random documents: three of four values are as the schema wants them.
    pub(crate) fn strategy(&self) -> BoxedStrategy<Value> {
        self.object(&self.root()["properties"])
    }

    fn object(&self, properties: &Value) -> BoxedStrategy<Value> {
        let fields: Vec<BoxedStrategy<Option<(String, Value)>>> = properties
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, property)| {
                let name = name.clone();
                let value = self.random(&self.resolve(property));
                prop_oneof![
                    2 => Just(None),
                    1 => value.prop_map(move |value| Some((name.clone(), value))),
                ]
                .boxed()
            })
            .collect();
        // Order means nothing in settings, and must not.
        fields
            .prop_shuffle()
            .prop_map(|fields| Value::Object(Map::from_iter(fields.into_iter().flatten())))
            .boxed()
    }

    fn random(&self, schema: &Value) -> BoxedStrategy<Value> {
        let (good, other): (Vec<_>, Vec<_>) = self
            .values(schema)
            .into_iter()
            .partition(|value| self.valid(schema, value));
        let mut kinds = vec![(6, proptest::sample::select(good).boxed())];
        if !other.is_empty() {
            kinds.push((1, proptest::sample::select(other).boxed()));
        }
        if schema["properties"].is_object() {
            kinds.push((30, self.object(&schema["properties"])));
        }
        let text = match schema["pattern"].as_str() {
            // The whole text is meant; the generator knows no anchors.
            Some(pattern) => string_regex(&pattern[1..pattern.len() - 1]).expect("a pattern"),
            None => string_regex(".{0,20}").expect("a pattern"),
        };
        if schema["type"] == "string" {
            kinds.push((6, text.prop_map(Value::from).boxed()));
        }
        if let Some(items) = schema.get("items") {
            let items = proptest::collection::vec(self.random(&self.resolve(items)), 0..4);
            kinds.push((6, items.prop_map(Value::from).boxed()));
        }
        proptest::strategy::Union::new_weighted(kinds).boxed()
    }
}

/// Lengths at a limit, and beyond it by one.
fn around(limit: Option<u64>) -> Vec<usize> {
    let limit = limit.map(|limit| limit as usize);
    limit.map_or(Vec::new(), |limit| {
        vec![limit.saturating_sub(1), limit, limit + 1]
    })
}

fn insert(document: &mut Value, path: &[String], value: Value) {
    let mut at = document;
    for key in path {
        at = &mut at[key.as_str()];
    }
    *at = value;
}
