//! What does not fit a type.

use crate::path::{Path, PathError, Segment, describe, has_credentials};
use crate::result::{Fix, ResultItem};
use crate::yaml::{emit, scalar_text};
use serde::de::{self, Expected, Unexpected};
use serde_json::{Map, Value};
use std::fmt;

/// One field that does not fit its type.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    /// Where it is.
    pub path: Path,
    /// What was found and what would be right, as a phrase.
    pub message: String,
    /// What the field holds, if it is there.
    pub current: Option<Value>,
    /// What would put it right.
    pub fix: Fix,
}

impl From<FieldError> for ResultItem {
    fn from(error: FieldError) -> ResultItem {
        let item = ResultItem::error(error.message, error.fix).at(error.path.to_string());
        match error.current {
            Some(current) => item.found(current),
            None => item,
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.segments().is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Every field that does not fit, in the order of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct TypedError(pub Vec<FieldError>);

impl fmt::Display for TypedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for TypedError {}

impl From<PathError> for TypedError {
    fn from(error: PathError) -> Self {
        TypedError(vec![FieldError {
            path: Path::root().key(&error.path),
            message: error.message,
            current: None,
            fix: Fix::text("correct the path in the program"),
        }])
    }
}

/// What serde says, before it is known where.
#[derive(Debug)]
pub(super) enum Reason {
    Custom(String),
    /// `expected` is the visitor's own words.
    Type {
        expected: String,
    },
    Variant {
        expected: &'static [&'static str],
    },
    Unknown {
        known: &'static [&'static str],
    },
    Missing {
        field: &'static str,
    },
    /// Already in words.
    Said {
        message: String,
        fix: Fix,
    },
}

/// Boxed, for it travels in every return value.
#[derive(Debug)]
pub(super) struct Error(Box<(Reason, Option<Place>)>);

/// The innermost value that the error was seen at.
type Place = (Path, Option<Value>);

impl Error {
    pub(super) fn new(reason: Reason) -> Self {
        Error(Box::new((reason, None)))
    }

    /// Where it is, unless a value further in has said so.
    pub(super) fn locate(mut self, place: impl FnOnce() -> Place) -> Self {
        self.0.1.get_or_insert_with(place);
        self
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.0.1.as_ref().map(|(path, _)| path)
    }

    /// In words.
    pub(super) fn describe(self) -> FieldError {
        let (reason, place) = *self.0;
        let (path, current) = place.unwrap_or_default();
        let slot = slot(&path);
        let found = current.as_ref().map_or("nothing".to_owned(), describe);
        let (message, fix) = match reason {
            Reason::Said { message, fix } => (message, fix),
            Reason::Custom(message) => {
                let fix = Fix::text(format!("correct the value of {path}"));
                (format!("found {found}: {message}"), fix)
            }
            Reason::Type { expected } => {
                let expected = plain_words(&expected);
                let unquoted = current.as_ref().filter(|_| expected == "a string");
                if let Some(read) = unquoted.and_then(unquoted_text) {
                    return FieldError {
                        message: format!("found {read}, expected a string"),
                        fix: Fix::text(format!("put it in quotes, as it is written: {slot}\"…\"")),
                        path,
                        current,
                    };
                }
                let fix = match current.as_ref().and_then(|value| convert(value, &expected)) {
                    Some(value) => Fix::Value(value),
                    None => Fix::text(format!("{slot}<{expected}>")),
                };
                (format!("found {found}, expected {expected}"), fix)
            }
            Reason::Variant { expected } => {
                let given = current.as_ref().and_then(Value::as_str);
                let near = given.and_then(|given| nearest(given, expected));
                let fix = match (near, expected) {
                    (Some(near), _) => Fix::value(near),
                    (None, [first, others @ ..]) if !others.is_empty() => {
                        Fix::text(format!("{slot}{first} # or {}", others.join(", ")))
                    }
                    _ => Fix::value(expected.first().copied().unwrap_or_default()),
                };
                (format!("found {found}, expected {}", one_of(expected)), fix)
            }
            Reason::Unknown { known } => unknown_field(&path, current.as_ref(), known),
            Reason::Missing { field } => {
                return FieldError {
                    path: path.key(field),
                    message: "missing, and there is no default".to_owned(),
                    current: None,
                    fix: Fix::text(format!("{field}: <a value>")),
                };
            }
        };
        FieldError {
            path,
            message,
            current,
            fix,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.0 {
            Reason::Custom(message) | Reason::Said { message, .. } => f.write_str(message),
            Reason::Type { expected } => write!(f, "expected {}", plain_words(expected)),
            Reason::Variant { expected } => write!(f, "expected {}", one_of(expected)),
            Reason::Unknown { .. } => f.write_str("unknown field"),
            Reason::Missing { field } => write!(f, "{field} is missing"),
        }
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error::new(Reason::Custom(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::new(Reason::Type {
            expected: expected.to_string(),
        })
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::new(Reason::Type {
            expected: expected.to_string(),
        })
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Error::new(Reason::Type {
            expected: expected.to_string(),
        })
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Error::new(Reason::Variant { expected })
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Error::new(Reason::Unknown { known })
    }

    fn missing_field(field: &'static str) -> Self {
        Error::new(Reason::Missing { field })
    }
}

/// What stands before the value in the text: `key: `, or `- ` in a list.
pub(super) fn slot(path: &Path) -> String {
    match path.segments().last() {
        Some(Segment::Index(_)) => "- ".to_owned(),
        Some(Segment::Key(key) | Segment::Bracket(key)) => {
            format!("{}: ", scalar_text(&Value::from(key.as_str())))
        }
        None => String::new(),
    }
}

/// A field that the type does not have.
pub(crate) fn unknown_field(path: &Path, current: Option<&Value>, known: &[&str]) -> (String, Fix) {
    let key = match path.segments().last() {
        Some(Segment::Key(key)) => key.as_str(),
        _ => "",
    };
    match nearest(key, known) {
        Some(near) => {
            let value = current.cloned().unwrap_or(Value::Null);
            let fix = if !can_be_repeated(&value) {
                format!("call it {near}")
            } else {
                emit(&Value::Object(Map::from_iter([(near.to_owned(), value)])))
            };
            (
                format!("unknown field; did you mean {near}?"),
                Fix::text(fix.trim_end()),
            )
        }
        None if known.is_empty() => (
            "unknown field; there are none here".to_owned(),
            Fix::text(format!("remove {}", scalar_text(&Value::from(key)))),
        ),
        None => (
            format!("unknown field; known are: {}", known.join(", ")),
            Fix::text(format!(
                "remove {}, or use one of these",
                scalar_text(&Value::from(key))
            )),
        ),
    }
}

/// The known name that was most likely meant.
pub(crate) fn nearest<'n>(given: &str, known: &[&'n str]) -> Option<&'n str> {
    let plain = |name: &str| -> String {
        name.chars()
            .filter(|c| !matches!(c, '-' | '_' | '.' | ' '))
            .flat_map(char::to_lowercase)
            .collect()
    };
    let given = plain(given);
    known
        .iter()
        .map(|&name| (strsim::osa_distance(&given, &plain(name)), name))
        .filter(|&(distance, name)| distance <= (given.chars().count().min(name.len()) / 3).max(1))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

pub(super) fn one_of(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        _ => format!("one of: {}", names.join(", ")),
    }
}

/// serde's names for things in the words of a YAML file.
fn plain_words(expected: &str) -> String {
    match expected {
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a mapping".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "unit" => "nothing (null)".to_owned(),
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" => "a whole number from 0 to 4294967295".to_owned(),
        "u64" | "usize" | "u128" => "a whole number, 0 or more".to_owned(),
        "i8" => "a whole number from -128 to 127".to_owned(),
        "i16" => "a whole number from -32768 to 32767".to_owned(),
        "i32" | "i64" | "isize" | "i128" => "a whole number".to_owned(),
        other => match other.strip_prefix("struct ") {
            Some(_) => "a mapping".to_owned(),
            None => other.to_owned(),
        },
    }
}

/// A number or a boolean that was to be text. `0123`, `4.10` and `True` are read as 83, 4.1 and true, and what was written
/// is not kept: so no value can be proposed, and the one that is shown is said to be what was read.
fn unquoted_text(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(format!("a number, read as {number}")),
        Value::Bool(value) => Some(format!("a boolean, read as {value}")),
        _ => None,
    }
}

/// Whether a value may stand in a fix as it was read: of a number it is not known how it was written, and credentials do
/// not belong into messages.
fn can_be_repeated(value: &Value) -> bool {
    match value {
        Value::Number(_) => false,
        Value::String(text) => !has_credentials(text),
        Value::Array(items) => items.iter().all(can_be_repeated),
        Value::Object(fields) => fields.values().all(can_be_repeated),
        Value::Null | Value::Bool(_) => true,
    }
}

/// The same value in the type that was expected, where that is beyond doubt.
fn convert(value: &Value, expected: &str) -> Option<Value> {
    match (value, expected) {
        (Value::String(text), "true or false") => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Some(true.into()),
            "false" | "no" | "off" | "n" => Some(false.into()),
            _ => None,
        },
        (Value::String(text), "a number") => {
            let number: f64 = text.parse().ok()?;
            serde_json::Number::from_f64(number).map(Value::Number)
        }
        (Value::String(text), expected) if expected.starts_with("a whole number") => text
            .parse::<u64>()
            .map(Value::from)
            .or_else(|_| text.parse::<i64>().map(Value::from))
            .ok(),
        (Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Object(_), "a list") => {
            can_be_repeated(value).then(|| Value::Array(vec![value.clone()]))
        }
        _ => None,
    }
}
