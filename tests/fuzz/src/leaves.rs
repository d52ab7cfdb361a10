//! Whether what is in a record is found again in another one.

use std::collections::HashSet;

use rmpv::Value;

use crate::read::{self, Fields};

/// JSON inside of strings is looked into this often.
const DEPTH: usize = 3;

/// All texts and numbers of a record, those of nested maps and the names of fields too.
#[derive(Debug, Default)]
pub(crate) struct Leaves {
    texts: Vec<String>,
    numbers: Vec<Value>,
    /// The record may be joined of several, of which the first one's time counts, and no tags.
    joined: bool,
}

impl Leaves {
    pub(crate) fn of(fields: &Fields) -> Self {
        let mut leaves = Self::default();
        for (name, value) in fields {
            leaves.texts.push(name.clone());
            leaves.add(value);
        }
        leaves
    }

    /// The same, of a record that may be joined of several.
    pub(crate) fn of_joined(fields: &Fields) -> Self {
        Self {
            joined: true,
            ..Self::of(fields)
        }
    }

    fn add(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.texts.push(read::text(text.as_bytes()).into_owned()),
            Value::Array(values) => {
                values.iter().for_each(|value| self.add(value));
                // In msgpack a long string comes in parts.
                let parts: Option<Vec<&[u8]>> = values.iter().map(Value::as_slice).collect();
                if let Some(parts) = parts {
                    self.texts.push(read::text(&parts.concat()).into_owned());
                }
            }
            Value::Map(pairs) => pairs.iter().for_each(|(key, value)| {
                self.add(key);
                self.add(value);
            }),
            Value::Integer(_) | Value::F64(_) => self.numbers.push(value.clone()),
            _ => {}
        }
    }

    /// What of a field's value is not here; `None`: all is.
    pub(crate) fn missing_in(&self, name: &str, value: &Value) -> Option<String> {
        // What is lifted out of this map gets other names.
        match value.as_map().filter(|_| name == "kubernetes") {
            Some(pairs) => pairs.iter().find_map(|(_, value)| self.missing(value)),
            None => self.missing(value),
        }
    }

    /// What of the value is not here; `None`: all is.
    pub(crate) fn missing(&self, value: &Value) -> Option<String> {
        match value {
            Value::Array(values) => values.iter().find_map(|value| self.missing(value)),
            Value::Map(pairs) => pairs
                .iter()
                .find_map(|(key, value)| self.missing(key).or_else(|| self.missing(value))),
            Value::String(text) => {
                let text = read::text(text.as_bytes());
                (!self.has_text(&text, DEPTH)).then(|| format!("the text {text:?}"))
            }
            Value::Integer(_) | Value::F64(_) => {
                let text = value.to_string();
                let found = self.numbers.contains(value) || self.has_text(&text, 0);
                (!found).then(|| format!("the number {text}"))
            }
            _ => None,
        }
    }

    /// A text is here as a part of another one, or in parts: as a CRI line, or as JSON.
    fn has_text(&self, text: &str, depth: usize) -> bool {
        if self.texts.iter().any(|other| other.contains(text)) {
            return true;
        }
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        // Docker's lines end with a line feed that is not the message's.
        if let Some(text) = text.strip_suffix('\n')
            && self.has_text(text, depth)
        {
            return true;
        }
        if text.starts_with('{')
            && let Ok(fields) = read::json(text.as_bytes())
        {
            // Of a name that is there twice the last one counts, as JSON's readers have it.
            let is_last =
                |at: usize, name: &str| fields[at + 1..].iter().all(|(other, _)| other != name);
            let mut counting = fields.iter().enumerate();
            // Names too, save those of Docker and of the message, which are others afterwards.
            return counting.all(|(at, (name, value))| match value {
                _ if !is_last(at, name) => true,
                Value::String(text) => self.has_text(&read::text(text.as_bytes()), depth),
                other => self.missing(other).is_none(),
            });
        }
        let mut parts = text.splitn(4, ' ');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(time), Some(stream @ ("stdout" | "stderr")), Some(tags)) => {
                (self.joined || self.is_text(time))
                    && self.is_text(stream)
                    && (self.joined || matches!(tags, "" | "F" | "P") || self.is_text(tags))
                    && parts
                        .next()
                        .is_none_or(|message| self.has_text(message, depth))
            }
            _ => false,
        }
    }

    /// Whether a text is here, as it is.
    pub(crate) fn holds(&self, text: &str) -> bool {
        self.has_text(text, 0)
    }

    fn is_text(&self, text: &str) -> bool {
        self.texts.iter().any(|other| other == text)
    }
}

/// Whether two fields of one map have the same name, here or in a map inside of it.
pub(crate) fn has_twins(fields: &Fields) -> bool {
    let mut names = HashSet::new();
    !fields.iter().all(|(name, _)| names.insert(name.as_str()))
        || fields.iter().any(|(_, value)| has_inner_twins(value))
}

fn has_inner_twins(value: &Value) -> bool {
    match value {
        Value::Map(pairs) => {
            let mut names = HashSet::new();
            !pairs.iter().all(|(key, _)| names.insert(key.to_string()))
                || pairs.iter().any(|(_, value)| has_inner_twins(value))
        }
        Value::Array(values) => values.iter().any(has_inner_twins),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(output: &str, input: &str) -> Vec<String> {
        let leaves = Leaves::of(&read::json(output.as_bytes()).unwrap());
        let input = read::json(input.as_bytes()).unwrap();
        input
            .iter()
            .filter_map(|(_, value)| leaves.missing(value))
            .collect()
    }

    #[test]
    fn finds_what_moved_and_misses_what_went() {
        let output = r#"{"_time":"t","stream":"stdout","_msg":"a \"b","logtag":"F:X","k":{"n":12,"l":["z"]},"big":"7"}"#;
        for input in [
            r#"{"log":"t stdout F a \"b"}"#,
            r#"{"log":"t stdout F:X a \"b"}"#,
            r#"{"log":"{\"log\":\"a \\\"b\\n\",\"time\":\"t\",\"stream\":\"stdout\"}"}"#,
            r#"{"log":"t stdout F {\"n\":12,\"m\":\"z\"}"}"#,
            r#"{"n":12,"z":["z",null,true],"big":7}"#,
            "{}",
        ] {
            assert_eq!(missing(output, input), [""; 0], "{input}");
        }
        for (input, gone) in [
            (
                r#"{"log":"t stdout F other"}"#,
                r#"the text "t stdout F other""#,
            ),
            (r#"{"log":"t stderr F a"}"#, r#"the text "t stderr F a""#),
            (
                r#"{"log":"t stdout F:Y a"}"#,
                r#"the text "t stdout F:Y a""#,
            ),
            (r#"{"log":"u stdout F a"}"#, r#"the text "u stdout F a""#),
            (r#"{"n":13}"#, "the number 13"),
            (r#"{"a":{"gone":12}}"#, r#"the text "gone""#),
            (r#"{"log":"{\"n\":13}"}"#, r#"the text "{\"n\":13}""#),
        ] {
            assert_eq!(missing(output, input), [gone], "{input}");
        }
    }

    #[test]
    fn sees_twins_at_every_depth() {
        for (text, twins) in [
            (r#"{"a":{"a":1},"b":[{"a":1}]}"#, false),
            (r#"{"a":1,"\u0061":1}"#, true),
            (r#"{"b":[{"a":{"c":1,"c":1}}]}"#, true),
        ] {
            assert_eq!(
                has_twins(&read::json(text.as_bytes()).unwrap()),
                twins,
                "{text}"
            );
        }
    }
}
