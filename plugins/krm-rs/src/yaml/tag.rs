//! What a scalar is, with a tag or without one.

use super::scalar::{self, Plain};
use super::{Error, scalar_text};
use saphyr_parser::{Marker, ScalarStyle, Tag};
use serde_json::Value;
use std::borrow::Cow;

pub(super) const CORE: &str = "tag:yaml.org,2002:";

/// In full; a local tag keeps its `!`.
pub(super) fn tag_name(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

pub(super) fn read_scalar(
    text: Cow<'_, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
    at: Marker,
) -> Result<Value, Error> {
    let Some(tag) = tag else {
        if style != ScalarStyle::Plain {
            return Ok(Value::String(text.into_owned()));
        }
        return match scalar::resolve(&text) {
            Plain::Value(value) => Ok(value),
            Plain::Text => Ok(Value::String(text.into_owned())),
            Plain::NotANumber => Err(not_a_number(&text, at)),
        };
    };
    let name = tag_name(tag);
    let value = match name.strip_prefix(CORE) {
        _ if name == "!" => Some(Value::from(&*text)),
        // JSON has no timestamps either: the text is the value, as for one without a tag.
        Some("str" | "timestamp") => Some(Value::from(&*text)),
        Some("null") => match scalar::resolve(&text) {
            Plain::Value(Value::Null) => Some(Value::Null),
            _ => None,
        },
        Some("bool") => match scalar::resolve(&text) {
            Plain::Value(value @ Value::Bool(_)) => Some(value),
            _ => None,
        },
        Some("int") => match scalar::resolve(&text) {
            Plain::Value(Value::Number(number)) if !number.is_f64() => Some(Value::Number(number)),
            _ => None,
        },
        Some("float") if scalar::is_not_finite(&text) => return Err(not_a_number(&text, at)),
        Some("float") => scalar::float(&text.replace('_', "")),
        _ => return Err(unknown_tag(&name, at)),
    };
    value.ok_or_else(|| {
        Error::at(
            at,
            format!(
                "found {}, which is not what the tag !!{} promises",
                scalar_text(&Value::from(&*text)),
                name.trim_start_matches(CORE)
            ),
            "remove the tag, or correct the value",
        )
    })
}

fn not_a_number(text: &str, at: Marker) -> Error {
    Error::at(
        at,
        format!("found {text}, a number that JSON, and so Kubernetes, has no form for"),
        format!("quote it if it is a text: \"{text}\""),
    )
}

pub(super) fn unknown_tag(name: &str, at: Marker) -> Error {
    let shown = match name.strip_prefix(CORE) {
        Some(core) => format!("!!{core}"),
        None => name.to_owned(),
    };
    let hint = match name.strip_prefix(CORE) {
        Some("binary") => {
            "remove the tag; Kubernetes takes base64 as a plain string, under binaryData"
        }
        _ => "remove the tag, or quote the text that begins with `!`",
    };
    Error::at(
        at,
        format!("found the tag {shown}, which Kubernetes objects do not have here"),
        hint,
    )
}
