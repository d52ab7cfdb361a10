//! Results written down: for the caller in the list, and for a person on standard error.

use crate::path::{Path, Segment};
use crate::result::{Fix, ResultItem};
use crate::yaml::{emit, scalar_text};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

impl ResultItem {
    /// As the specification has it.
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
        put("message", self.message().into());
        put("severity", self.severity().as_str().into());
        if let Some(resource) = self.resource() {
            let mut map = Map::new();
            map.insert(
                "apiVersion".to_owned(),
                resource.api_version.as_str().into(),
            );
            map.insert("kind".to_owned(), resource.kind.as_str().into());
            if !resource.namespace.is_empty() {
                map.insert("namespace".to_owned(), resource.namespace.as_str().into());
            }
            map.insert("name".to_owned(), resource.name.as_str().into());
            put("resourceRef", Value::Object(map));
        }
        if let Some(field) = self.field() {
            let mut map = Map::new();
            map.insert("path".to_owned(), field.path.as_str().into());
            if let Some(current) = &field.current {
                map.insert("currentValue".to_owned(), current.clone());
            }
            if let Some(Fix::Value(value)) = self.fix() {
                map.insert("proposedValue".to_owned(), value.clone());
            }
            put("field", Value::Object(map));
        }
        if let Some(file) = self.file() {
            put("file", json!({"path": file.path, "index": file.index}));
        }
        let mut tags: Map<String, Value> = Map::new();
        for (key, value) in self.tags() {
            tags.insert(key.clone(), value.as_str().into());
        }
        let fix = match self.fix() {
            Some(Fix::Text(text)) => Some(text.clone()),
            Some(Fix::Value(value)) if self.field().is_none() => Some(scalar_text(value)),
            _ => None,
        };
        if let Some(fix) = fix {
            tags.insert("fix".to_owned(), fix.into());
        }
        if !tags.is_empty() {
            put("tags", Value::Object(tags));
        }
        Value::Object(out)
    }

    /// As a person reads it: a line, and the fix below it.
    ///
    /// ```text
    /// error: ObservabilityStack/apps: spec.role: found "spok", expected one of: hub, spoke
    ///   fix: role: spoke
    /// ```
    pub fn to_text(&self) -> String {
        let mut out = format!("{}: ", self.severity().as_str());
        if let Some(file) = self.file() {
            let _ = write!(out, "{}: ", file.path);
        }
        if let Some(resource) = self.resource() {
            let _ = write!(out, "{resource}: ");
        }
        if let Some(field) = self.field() {
            let _ = write!(out, "{}: ", field.path);
        }
        // A message of several lines stays one paragraph.
        let _ = writeln!(out, "{}", self.message().trim_end().replace('\n', "\n  "));
        if let Some(fix) = self.fix() {
            let path = self.field().map_or("", |field| &field.path);
            let lines = match fix {
                Fix::Text(text) => text.clone(),
                Fix::Value(value) => assignment(path, value),
            };
            let lines = lines.trim_end();
            if lines.contains('\n') {
                let _ = writeln!(out, "  fix:\n    {}", lines.replace('\n', "\n    "));
            } else {
                let _ = writeln!(out, "  fix: {lines}");
            }
        }
        // Keys and texts of the user's must not reach a terminal as commands.
        out.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}")
    }
}

/// The YAML that gives the last field of a path this value.
fn assignment(path: &str, value: &Value) -> String {
    let last = Path::parse(path)
        .ok()
        .and_then(|path| path.segments().last().cloned());
    let tree = match last {
        None => value.clone(),
        Some(Segment::Index(_)) => json!([value]),
        Some(Segment::Bracket(text)) if text.contains('=') => json!([value]),
        Some(Segment::Key(key) | Segment::Bracket(key)) => {
            Value::Object(Map::from_iter([(key, value.clone())]))
        }
    };
    emit(&tree)
}
