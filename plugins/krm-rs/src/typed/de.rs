//! A deserializer over a tree that knows where it is.

use super::access::{Mapping, Sequence, Variant};
use super::error::{Error, FieldError, Reason, one_of, slot};
use super::read::Mode;
use crate::path::{Path, describe};
use crate::result::Fix;
use serde::de::{Deserializer, Visitor};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::HashSet;

/// What one reading is about.
pub(super) struct State<'s> {
    pub(super) base: &'s Path,
    pub(super) mode: Mode,
    /// What is read as if it were not there.
    pub(super) hidden: HashSet<Path>,
    /// Fields that are refused without stopping.
    pub(super) unknown: RefCell<Vec<FieldError>>,
}

/// The way down to a value; a path is only made of it when there is an error.
#[derive(Clone, Copy)]
pub(super) enum Trail<'t> {
    Root,
    Key(&'t Trail<'t>, &'t str),
    Index(&'t Trail<'t>, usize),
}

impl Trail<'_> {
    pub(super) fn path(&self, base: &Path) -> Path {
        match self {
            Trail::Root => base.clone(),
            Trail::Key(parent, key) => parent.path(base).key(key),
            Trail::Index(parent, index) => parent.path(base).index(*index),
        }
    }
}

/// A value and its place.
#[derive(Clone, Copy)]
pub(super) struct Node<'de, 't> {
    pub(super) value: &'de Value,
    pub(super) trail: Trail<'t>,
    pub(super) state: &'t State<'t>,
}

impl<'de, 't> Node<'de, 't> {
    pub(super) fn path(&self) -> Path {
        self.trail.path(self.state.base)
    }

    pub(super) fn is_hidden(&self, child: Trail<'_>) -> bool {
        !self.state.hidden.is_empty() && self.state.hidden.contains(&child.path(self.state.base))
    }

    fn locate<T>(&self, read: Result<T, Error>) -> Result<T, Error> {
        read.map_err(|error| error.locate(|| (self.path(), Some(self.value.clone()))))
    }

    pub(super) fn refuse<T>(&self, expected: String, example: &str) -> Result<T, Error> {
        let message = format!("found {}, expected {expected}", describe(self.value));
        let fix = Fix::text(format!("{}{example}", slot(&self.path())));
        self.locate(Err(Error::new(Reason::Said { message, fix })))
    }

    pub(super) fn visit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let read = match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), _, _) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (_, _, Some(value)) => visitor.visit_f64(value),
                _ => visitor.visit_unit(),
            },
            Value::Array(items) => visitor.visit_seq(Sequence {
                node: self,
                items,
                next: 0,
            }),
            Value::Object(map) => visitor.visit_map(self.mapping(map, None)),
        };
        self.locate(read)
    }

    /// An integer may be written as a float.
    fn visit_integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value.as_f64() {
            // Up to here every integer has a double of its own.
            Some(value) if self.value.is_f64() && value.fract() == 0.0 && value.abs() < 9e15 => {
                let read = if value < 0.0 {
                    visitor.visit_i64(value as i64)
                } else {
                    visitor.visit_u64(value as u64)
                };
                self.locate(read)
            }
            _ => self.visit(visitor),
        }
    }

    fn mapping(
        self,
        map: &'de Map<String, Value>,
        fields: Option<&'static [&'static str]>,
    ) -> Mapping<'de, 't> {
        Mapping {
            node: self,
            entries: map.iter(),
            current: None,
            fields,
        }
    }
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.visit_integer(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit(visitor)
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.locate(visitor.visit_newtype_struct(self))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Value::Object(map) = self.value else {
            let (expected, example) = match fields {
                [] => ("an empty mapping".to_owned(), "{}".to_owned()),
                [first, ..] => (
                    format!("a mapping with the fields {}", fields.join(", ")),
                    format!("{{{first}: <a value>}}"),
                ),
            };
            return self.refuse(expected, &example);
        };
        self.locate(visitor.visit_map(self.mapping(map, Some(fields))))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            Value::String(name) => self.locate(visitor.visit_enum(Variant {
                node: self,
                name,
                content: None,
            })),
            Value::Object(map) => match map.iter().next() {
                Some((name, content)) if map.len() == 1 => {
                    self.locate(visitor.visit_enum(Variant {
                        node: self,
                        name,
                        content: Some(content),
                    }))
                }
                _ => self.refuse(
                    format!("a mapping with exactly {}", one_of(variants)),
                    &format!("{{{}: <a value>}}", variants.first().unwrap_or(&"")),
                ),
            },
            _ => self.refuse(one_of(variants), variants.first().unwrap_or(&"")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier
    }
}
