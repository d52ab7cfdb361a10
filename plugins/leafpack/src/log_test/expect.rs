//! What is expected of a record, and how another one differs from it.

use regex_lite::Regex;
use serde_json::{Map, Value};

use crate::chain::Answer;
use crate::explain::{difference, visible};
use crate::record::Record;

/// What is expected of what comes out for one line.
#[derive(Debug)]
pub(super) enum Expect {
    /// These fields, and no others.
    Exact(Map<String, Value>),
    /// All that is said here.
    Parts {
        subset: Map<String, Value>,
        matches: Vec<(String, Regex)>,
        absent: Vec<String>,
    },
    /// No record.
    Dropped,
}

/// A line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// Both have it.
    Same(String),
    /// It was expected.
    Expected(String),
    /// It was found.
    Found(String),
}

impl Expect {
    /// The difference of an answer from what is expected: none, if it is as expected. `filter` gave it.
    pub(super) fn difference(&self, answer: &Answer, filter: &str) -> Vec<Line> {
        let record = match answer {
            Answer::Record(json) => Record::read(json).unwrap_or_default(),
            other => {
                let found = match other {
                    Answer::Dropped if matches!(self, Expect::Dropped) => return Vec::new(),
                    Answer::Dropped => format!("no record: the filter {filter} dropped it"),
                    Answer::NotJson(text) => format!(
                        "what is not one JSON object, from the filter {filter}: {}",
                        visible(&String::from_utf8_lossy(text))
                    ),
                    Answer::Lost(lost) => format!("no record: {lost}"),
                    Answer::Record(_) => String::new(),
                };
                return vec![Line::Expected(self.in_short()), Line::Found(found)];
            }
        };
        if let Some(name) = record.twice() {
            return vec![
                Line::Expected("every field once".to_owned()),
                Line::Found(format!("the field {} twice", show_name(name))),
            ];
        }
        match self {
            Expect::Dropped => vec![
                Line::Expected(self.in_short()),
                Line::Found(format!("a record: {}", show_record(&record))),
            ],
            Expect::Exact(fields) => exact(fields, &record),
            Expect::Parts {
                subset,
                matches,
                absent,
            } => {
                let mut lines = Vec::new();
                for (name, value) in subset {
                    compare(name, value, &record, &mut lines);
                }
                for (name, pattern) in matches {
                    self::matches(name, pattern, &record, &mut lines);
                }
                for name in absent {
                    if let Some(found) = record.get(name) {
                        lines.push(Line::Expected(no_field(name)));
                        lines.push(Line::Found(field(name, found)));
                    }
                }
                lines
            }
        }
    }

    fn in_short(&self) -> String {
        match self {
            Expect::Dropped => "no record: dropped".to_owned(),
            Expect::Exact(_) | Expect::Parts { .. } => "a record".to_owned(),
        }
    }
}

/// With what is the same, for order and context: only the whole record is compared so.
fn exact(fields: &Map<String, Value>, record: &Record) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut differs = false;
    for (name, found) in &record.0 {
        match fields.get(name) {
            Some(expected) if expected == found => lines.push(Line::Same(field(name, found))),
            Some(expected) => {
                differs = true;
                pair(name, expected, found, &mut lines);
            }
            None => {
                differs = true;
                lines.push(Line::Found(field(name, found)));
            }
        }
    }
    for (name, expected) in fields {
        if record.get(name).is_none() {
            differs = true;
            lines.push(Line::Expected(field(name, expected)));
        }
    }
    match differs {
        true => lines,
        false => Vec::new(),
    }
}

fn compare(name: &str, expected: &Value, record: &Record, lines: &mut Vec<Line>) {
    match record.get(name) {
        Some(found) if found == expected => {}
        Some(found) => pair(name, expected, found, lines),
        None => {
            lines.push(Line::Expected(field(name, expected)));
            lines.push(Line::Found(no_field(name)));
        }
    }
}

fn matches(name: &str, pattern: &Regex, record: &Record, lines: &mut Vec<Line>) {
    let found = record.get(name);
    let text = found.map(|found| match found {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    if text.is_some_and(|text| pattern.is_match(&text)) {
        return;
    }
    lines.push(Line::Expected(format!(
        "{} matches {}",
        show_name(name),
        visible(pattern.as_str())
    )));
    lines.push(Line::Found(
        found.map_or_else(|| no_field(name), |found| field(name, found)),
    ));
}

/// Two values of one field.
fn pair(name: &str, expected: &Value, found: &Value, lines: &mut Vec<Line>) {
    let [expected, found] = difference(&show(expected), &show(found));
    let name = show_name(name);
    lines.push(Line::Expected(format!("{name}: {expected}")));
    lines.push(Line::Found(format!("{name}: {found}")));
}

fn field(name: &str, value: &Value) -> String {
    format!("{}: {}", show_name(name), show(value))
}

fn no_field(name: &str) -> String {
    format!("no field {}", show_name(name))
}

/// As JSON: so a text is told from a number, and blanks at its end are seen.
fn show(value: &Value) -> String {
    visible(&value.to_string())
}

fn show_name(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    match !name.is_empty() && name.chars().all(plain) {
        true => name.to_owned(),
        false => show(&Value::from(name)),
    }
}

/// A record in one line of JSON.
pub(super) fn show_record(record: &Record) -> String {
    let fields: Vec<String> = record
        .0
        .iter()
        .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
        .collect();
    visible(&format!("{{{}}}", fields.join(",")))
}
