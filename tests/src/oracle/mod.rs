//! What the filter `cri` must make of a line, written from the rules and not from the filter.
//!
//! The rules are the kubelet's (`cri-client/pkg/logs/logs.go`), plus the empty message without its space, as the
//! documentation of the filter states them; names are those without a settings file.

//!
//! [`filter`] builds on it: records with other fields, the filters `tenant` and `container-logs`, and settings.
//! [`found`] holds what came out against it, in JSON and as msgpack carries it.

mod body;
pub mod filter;
pub mod found;

use serde_json::{Map, Value};

use crate::corpus::months;

/// What becomes of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// The whole record, its fields in order.
    Record(Map<String, Value>),
    /// The line stays in `log`, with a time of the host's in `_time` and a reason in `leafpack_error`.
    Unparsed,
}

/// What the filter must make of a record whose only field is `log`, and that is this line.
pub fn expected(line: &str) -> Expected {
    cri(line)
        .or_else(|| docker(line))
        .map_or(Expected::Unparsed, Expected::Record)
}

/// Holds a record against what was expected of the line. `log` is the line as the host handed it over.
///
/// # Errors
/// What differs.
pub fn compare(log: &str, record: &Map<String, Value>) -> Result<(), String> {
    match expected(log) {
        // The order of the fields counts.
        Expected::Record(expected) if expected.iter().eq(record) => Ok(()),
        Expected::Record(expected) => {
            let (expected, found) = (
                Value::Object(expected).to_string(),
                Value::Object(record.clone()).to_string(),
            );
            Err(format!(
                "expected {}\n   found {}",
                short(&expected),
                short(&found)
            ))
        }
        Expected::Unparsed => unparsed(log, record).map_err(|error| {
            format!(
                "{error}: {}",
                short(&Value::Object(record.clone()).to_string())
            )
        }),
    }
}

/// A record of a line that could not be parsed: `log` as it was, `_time`, and why.
fn unparsed(log: &str, record: &Map<String, Value>) -> Result<(), String> {
    let names: Vec<&str> = record.keys().map(String::as_str).collect();
    if names != ["_time", "log", "leafpack_error"] {
        return Err(format!(
            "expected _time, log and leafpack_error, found {names:?}"
        ));
    }
    let text = |name: &str| record[name].as_str().unwrap_or_default();
    if text("log") != log {
        return Err("log is not the line".into());
    }
    if !is_time(text("_time")) {
        return Err("_time is no RFC 3339 time".into());
    }
    if text("leafpack_error").is_empty() {
        return Err("leafpack_error says nothing".into());
    }
    Ok(())
}

/// `<time> <stream> <tags> <message>`.
fn cri(line: &str) -> Option<Map<String, Value>> {
    let mut parts = line.splitn(4, ' ');
    let (time, stream, tags) = (parts.next()?, parts.next()?, parts.next()?);
    let message = parts.next();
    if !is_time(time) || !["stdout", "stderr"].contains(&stream) {
        return None;
    }
    let first_tag = tags.split(':').next()?;
    // With nothing behind them, only these two are tags; with a message, the kubelet asks no more than that
    // something stands there. A control character, a quote or a backslash is no part of a tag.
    if message.is_none() && !["F", "P"].contains(&first_tag) {
        return None;
    }
    if tags.contains(|c: char| c.is_control() || c == '"' || c == '\\') {
        return None;
    }
    let mut record = Map::new();
    record.insert("_time".into(), time.into());
    record.insert("stream".into(), stream.into());
    record.insert("_msg".into(), message.unwrap_or_default().into());
    if first_tag == "P" {
        record.insert("partial_message".into(), "true".into());
    }
    if !["", "F", "P"].contains(&tags) {
        record.insert("logtag".into(), tags.into());
    }
    Some(record)
}

/// A line of Docker's json-file driver, which writes these fields and no other: its message ends with a line feed
/// unless it was cut.
fn docker(line: &str) -> Option<Map<String, Value>> {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(line) else {
        return None;
    };
    let mut take = |name: &str| match fields.shift_remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (log, stream, time) = (take("log")?, take("stream")?, take("time")?);
    if !is_time(&time) || !["stdout", "stderr"].contains(&stream.as_str()) {
        return None;
    }
    if fields.keys().any(|name| name != "attrs") {
        return None;
    }
    let mut record = Map::new();
    record.insert("_time".into(), time.into());
    record.insert("stream".into(), stream.into());
    record.insert("_msg".into(), log.strip_suffix('\n').unwrap_or(&log).into());
    if !log.ends_with('\n') {
        record.insert("partial_message".into(), "true".into());
    }
    record.extend(fields);
    Some(record)
}

/// Whether this is a time as Go's layout `2006-01-02T15:04:05.999999999Z07:00` reads it, with at most nine
/// digits of a second.
pub fn is_time(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let Some(rest) = shape.strip_prefix("0000-00-00T00:00:00") else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches('0');
            if !(1..=9).contains(&(fraction.len() - zone.len())) {
                return false;
            }
            zone
        }
        None => rest,
    };
    let number = |at: usize| {
        text[at..at + 2]
            .parse::<usize>()
            .expect("digits, by the shape")
    };
    let (month, day) = (number(5), number(8));
    let real_day = (1..=12).contains(&month)
        && (1..=months(number(0) * 100 + number(2))[month - 1]).contains(&day);
    let real_zone = match zone {
        "Z" => true,
        "+00:00" | "-00:00" => number(text.len() - 5) <= 24 && number(text.len() - 2) <= 59,
        _ => false,
    };
    real_day && real_zone && number(11) <= 23 && number(14) <= 59 && number(17) <= 59
}

/// The start of a text that may be a mebibyte.
fn short(text: &str) -> String {
    match text.char_indices().nth(600) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(line: &str) -> Value {
        match expected(line) {
            Expected::Record(record) => Value::Object(record),
            Expected::Unparsed => Value::Null,
        }
    }

    #[test]
    fn knows_the_rules() {
        for (line, expected) in [
            (
                "2024-05-01T10:11:12.5Z stdout F hello  world ",
                json!({"_time": "2024-05-01T10:11:12.5Z", "stream": "stdout", "_msg": "hello  world "}),
            ),
            (
                "2024-05-01T10:11:12-07:30 stderr P",
                json!({"_time": "2024-05-01T10:11:12-07:30", "stream": "stderr", "_msg": "", "partial_message": "true"}),
            ),
            (
                "2024-05-01T10:11:12Z stdout P:A:B x",
                json!({"_time": "2024-05-01T10:11:12Z", "stream": "stdout", "_msg": "x", "partial_message": "true",
                       "logtag": "P:A:B"}),
            ),
            (
                "2024-05-01T10:11:12Z stdout X x",
                json!({"_time": "2024-05-01T10:11:12Z", "stream": "stdout", "_msg": "x", "logtag": "X"}),
            ),
            (
                r#"{"log":"x\n","stream":"stdout","attrs":{"a":"b"},"time":"2024-05-01T10:11:12Z"}"#,
                json!({"_time": "2024-05-01T10:11:12Z", "stream": "stdout", "_msg": "x", "attrs": {"a": "b"}}),
            ),
            (
                r#"{"log":"x\n","stream":"stdout","level":"info","time":"2024-05-01T10:11:12Z"}"#,
                Value::Null,
            ),
            ("2024-05-01T10:11:12Z stdout X", Value::Null),
            ("2024-05-01T10:11:12Z stdlog F x", Value::Null),
            ("2024-05-01T10:11:12Z stdout", Value::Null),
            ("2023-02-29T10:11:12Z stdout F x", Value::Null),
            ("", Value::Null),
        ] {
            assert_eq!(record(line).to_string(), expected.to_string(), "{line}");
        }
    }

    #[test]
    fn knows_times() {
        for good in [
            "2024-02-29T23:59:59Z",
            "2000-02-29T00:00:00.1Z",
            "2024-05-01T10:11:12.123456789+24:59",
        ] {
            assert!(is_time(good), "{good}");
        }
        for bad in [
            "",
            "2024-02-29",
            "1900-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:60Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00.1234567890Z",
            "2024-01-01T00:00:00",
            "2024-01-01t00:00:00z",
            "2024-01-01T00:00:00+25:00",
            "2024-01-01T00:00:00Z ",
        ] {
            assert!(!is_time(bad), "{bad}");
        }
    }

    #[test]
    fn says_what_differs() {
        let line = "2024-05-01T10:11:12Z stdout F x";
        let Expected::Record(good) = expected(line) else {
            panic!("{line} is a good line")
        };
        assert_eq!(compare(line, &good), Ok(()));
        for (name, value) in [("_msg", "y"), ("extra", "z")] {
            let mut bad = good.clone();
            bad.insert(name.into(), value.into());
            assert!(compare(line, &bad).is_err());
        }
        let unparsed = |log: &str, time: &str, error: &str| {
            let record = json!({"_time": time, "log": log, "leafpack_error": error});
            compare("plain", record.as_object().unwrap())
                .map_err(|e| e.split(':').next().unwrap().to_string())
        };
        assert_eq!(unparsed("plain", "2024-05-01T10:11:12Z", "why"), Ok(()));
        assert_eq!(
            unparsed("plai", "2024-05-01T10:11:12Z", "why"),
            Err("log is not the line".into())
        );
        assert_eq!(
            unparsed("plain", "yesterday", "why"),
            Err("_time is no RFC 3339 time".into())
        );
        assert_eq!(
            unparsed("plain", "2024-05-01T10:11:12Z", ""),
            Err("leafpack_error says nothing".into())
        );
    }
}
