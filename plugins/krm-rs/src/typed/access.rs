//! What is inside lists, mappings and variants.

use super::de::{Node, Trail};
use super::error::{Error, FieldError, unknown_field};
use super::read::Mode;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer as _, EnumAccess, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde_json::Value;

pub(super) struct Sequence<'de, 't> {
    pub(super) node: Node<'de, 't>,
    pub(super) items: &'de [Value],
    pub(super) next: usize,
}

impl<'de> SeqAccess<'de> for Sequence<'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        while let Some(value) = self.items.get(self.next) {
            let trail = Trail::Index(&self.node.trail, self.next);
            self.next += 1;
            if !self.node.is_hidden(trail) {
                let state = self.node.state;
                return seed
                    .deserialize(Node {
                        value,
                        trail,
                        state,
                    })
                    .map(Some);
            }
        }
        Ok(None)
    }
}

pub(super) struct Mapping<'de, 't> {
    pub(super) node: Node<'de, 't>,
    pub(super) entries: serde_json::map::Iter<'de>,
    pub(super) current: Option<(&'de str, &'de Value)>,
    /// Of a struct.
    pub(super) fields: Option<&'static [&'static str]>,
}

impl<'de> MapAccess<'de> for Mapping<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        for (key, value) in self.entries.by_ref() {
            let trail = Trail::Key(&self.node.trail, key);
            let state = self.node.state;
            if self.node.is_hidden(trail) {
                continue;
            }
            if let Some(fields) = self.fields {
                let known = fields.contains(&key.as_str());
                if known && value.is_null() {
                    continue;
                }
                if !known && state.mode == Mode::Strict {
                    let path = trail.path(state.base);
                    let (message, fix) = unknown_field(&path, Some(value), fields);
                    state.unknown.borrow_mut().push(FieldError {
                        path,
                        message,
                        current: Some(value.clone()),
                        fix,
                    });
                    continue;
                }
            }
            self.current = Some((key, value));
            let key: BorrowedStrDeserializer<'de, Error> = BorrowedStrDeserializer::new(key);
            return match seed.deserialize(key) {
                Ok(key) => Ok(Some(key)),
                Err(error) => Err(error.locate(|| (trail.path(state.base), Some(value.clone())))),
            };
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((key, value)) = self.current.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(Node {
            value,
            trail: Trail::Key(&self.node.trail, key),
            state: self.node.state,
        })
    }
}

/// `name`, or `name: content`.
pub(super) struct Variant<'de, 't> {
    pub(super) node: Node<'de, 't>,
    pub(super) name: &'de str,
    pub(super) content: Option<&'de Value>,
}

impl<'de, 't> EnumAccess<'de> for Variant<'de, 't> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name: BorrowedStrDeserializer<'de, Error> = BorrowedStrDeserializer::new(self.name);
        let variant = seed
            .deserialize(name)
            .map_err(|error| error.locate(|| (self.node.path(), Some(Value::from(self.name)))))?;
        Ok((variant, self))
    }
}

impl<'de> Variant<'de, '_> {
    fn with_content<T>(
        self,
        read: impl FnOnce(Node<'de, '_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Some(value) = self.content else {
            return self.node.refuse(
                format!("a mapping {}: <a value>", self.name),
                &format!("{{{}: <a value>}}", self.name),
            );
        };
        read(Node {
            value,
            trail: Trail::Key(&self.node.trail, self.name),
            state: self.node.state,
        })
    }
}

impl<'de> VariantAccess<'de> for Variant<'de, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.content {
            None | Some(Value::Null) => Ok(()),
            Some(_) => self
                .node
                .refuse(format!("{:?} alone", self.name), self.name),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        self.with_content(|node| seed.deserialize(node))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.with_content(|node| node.visit(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.with_content(|node| node.deserialize_struct("", fields, visitor))
    }
}
