//! JSON, read by a parser that shares no code with a filter.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// The fields of the one object that `text` is, in order, a key that is there twice included. Bytes that are no
/// UTF-8 pass through a filter: only the structure counts here.
///
/// # Errors
/// The parser's sentence and the text, where it is not one object.
pub fn fields(text: &[u8]) -> Result<Vec<(String, Value)>, String> {
    let text = String::from_utf8_lossy(text);
    serde_json::from_str(&text)
        .map(|Fields(fields)| fields)
        .map_err(|error| format!("{error}: {text}"))
}

/// The names of fields that are there more than once.
pub fn twice(fields: &[(String, Value)]) -> Vec<&str> {
    let again = |index: usize, name: &str| fields[..index].iter().any(|(other, _)| other == name);
    let names = fields.iter().map(|(name, _)| name.as_str()).enumerate();
    names
        .filter(|(index, name)| again(*index, name))
        .map(|(_, name)| name)
        .collect()
}

struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_every_field() {
        let found = fields(br#"{"a":1,"b":{"a":2},"a":3}"#).unwrap();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b", "a"]);
        assert_eq!(twice(&found), ["a"]);
        assert!(twice(&fields(b"{}").unwrap()).is_empty());
        for text in [&b""[..], b"[]", b"{}{}", b"{\"a\":nan}"] {
            assert!(fields(text).is_err());
        }
    }
}
