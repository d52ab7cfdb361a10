//! Records as lists of fields: order counts for people, and JSON can hold a name twice, which no map tells.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// A record's fields, in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Record(pub(crate) Vec<(String, Value)>);

impl Record {
    /// Reads the one JSON object that `text` must be.
    ///
    /// # Errors
    /// The parser's sentence, where it is anything else.
    pub(crate) fn read(text: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(text).map_err(|why| why.to_string())
    }

    /// The field of this name; of several the last, as Fluent Bit has it.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }

    /// The text of the field of this name, if it is one.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// The first name that is there twice.
    pub(crate) fn twice(&self) -> Option<&str> {
        let mut seen = HashSet::new();
        let mut names = self.0.iter().map(|(name, _)| name.as_str());
        names.find(|name| !seen.insert(*name))
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Record;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Record(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_there_twice() {
        let record = Record::read(br#"{"a":1,"b":{"c":2},"a":3}"#).unwrap();
        assert_eq!(record.0.len(), 3);
        assert_eq!(record.twice(), Some("a"));
        assert_eq!(record.get("a"), Some(&3.into()));
        assert_eq!(Record::read(b"{}").unwrap().twice(), None);
        for text in [&b""[..], b"[]", b"{}{}", b"{\"a\":nan}", b"null"] {
            assert!(Record::read(text).is_err());
        }
    }
}
