//! The filters' settings files, which are JSON, as a person would write it.

use krm_rs::{Value, json};

/// One setting a line.
///
/// Cluster and environment may hold Flux expressions, which stand inside of JSON strings. Both the text around them and
/// the expressions hold nothing that JSON would escape; that the variables do not is up to the user.
pub(super) fn file(lines: &[(&str, Value)]) -> String {
    let lines: Vec<String> = lines
        .iter()
        .map(|(key, value)| format!("  \"{key}\": {}", spaced(value)))
        .collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// JSON in one line, with a space where a person would put one.
fn spaced(value: &Value) -> String {
    let list =
        |open: &str, items: Vec<String>, close: &str| open.to_owned() + &items.join(", ") + close;
    match value {
        Value::Array(values) => list("[", values.iter().map(spaced).collect(), "]"),
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(key, value)| format!("{}: {}", json!(key), spaced(value)));
            list("{", fields.collect(), "}")
        }
        other => other.to_string(),
    }
}
