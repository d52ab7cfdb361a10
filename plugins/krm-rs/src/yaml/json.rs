//! JSON, with YAML's rules on repeated keys and bounds.

use super::{Error, Limits};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// `None` when it is not JSON, and may still be YAML. `skipped` bytes of `whole` stand before `text`.
pub(super) fn load(
    text: &str,
    skipped: usize,
    whole: &str,
    limits: Limits,
) -> Option<Result<Value, Error>> {
    let nodes = Cell::new(0);
    let refused = Cell::new(None);
    let seed = Tree {
        nodes: &nodes,
        refused: &refused,
        limits,
        depth: 0,
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = seed.deserialize(&mut reader).and_then(|value| {
        reader.end()?;
        Ok(value)
    });
    match read {
        Ok(value) => Some(Ok(value)),
        Err(error) => {
            let (message, hint) = refused.take()?;
            let before = &whole[..skipped];
            let lines = before.matches('\n').count();
            let column = match error.line() {
                1 => before.chars().rev().take_while(|&c| c != '\n').count() + error.column(),
                _ => error.column(),
            };
            Some(Err(Error::new(
                lines + error.line(),
                column.max(1),
                message,
                hint,
            )))
        }
    }
}

#[derive(Clone, Copy)]
struct Tree<'a> {
    nodes: &'a Cell<usize>,
    /// Set when this is JSON but breaks a rule of ours.
    refused: &'a Cell<Option<(String, &'static str)>>,
    limits: Limits,
    depth: usize,
}

impl Tree<'_> {
    fn refuse<E: serde::de::Error>(&self, message: String, hint: &'static str) -> E {
        self.refused.set(Some((message, hint)));
        E::custom("refused")
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > self.limits.depth {
            return Err(self.refuse(
                format!(
                    "found more than {} collections inside one another",
                    self.limits.depth
                ),
                "nest less deeply",
            ));
        }
        Ok(Tree { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > self.limits.nodes {
            return Err(self.refuse(
                format!("found more than {} values", self.limits.nodes),
                "split the input",
            ));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        match Number::from_f64(value) {
            Some(number) => Ok(Value::Number(number)),
            None => Err(E::custom("not finite")),
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(self.refuse(
                    format!(
                        "found key {} again",
                        super::scalar_text(&Value::String(key))
                    ),
                    "remove one of the two",
                ));
            }
            let value = access.next_value_seed(inner)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}
