//! What a record looks like before any filter has seen it.
//!
//! This only says what a person would see in it; whether a line is taken is the filter's to say.

use serde_json::{Map, Value};

use super::style::shorten;
use crate::record::Record;

/// How many names are listed.
const NAMES: usize = 8;

/// Sentences about a record; `key` is the field that the tail input puts a line into.
pub(super) fn describe(record: &Record, key: &str) -> Vec<String> {
    let mut said = Vec::new();
    let names: Vec<&str> = record.0.iter().map(|(name, _)| name.as_str()).collect();
    let has = |wanted: &[&str]| wanted.iter().all(|name| names.contains(name));
    let message = match record.text(key) {
        None => {
            said.push(format!(
                "a record without text in {key}: {}",
                list(names.iter().copied())
            ));
            None
        }
        Some(text) if has(&["time", "stream", "_p"]) => {
            said.push("what multiline.parser cri leaves of a CRI line".to_owned());
            Some(text)
        }
        Some(text) if has(&["time", "stream", "logtag"]) => {
            said.push("what Fluent Bit's own parser cri leaves of a CRI line".to_owned());
            Some(text)
        }
        Some(text) if has(&["time", "stream"]) => {
            said.push("a line of Docker's json-file driver, already parsed".to_owned());
            Some(text)
        }
        Some(line) => describe_line(line, key, names.len() == 1, &mut said),
    };
    if let Some(fields) = message.and_then(object) {
        said.push(format!(
            "its message is a JSON object: {}",
            list(fields.keys().map(String::as_str))
        ));
    }
    if let Some(Value::Object(metadata)) = record.get("kubernetes") {
        let known = ["namespace_name", "pod_name", "container_name"];
        let known: Vec<String> = known
            .iter()
            .filter_map(|name| Some(shorten(metadata.get(*name)?.as_str()?)))
            .collect();
        said.push(format!(
            "with the kubernetes filter's metadata: {}",
            known.join(" / ")
        ));
    }
    said
}

/// Says what the text in the field `key` is, which may be the record's only one, and returns the message in it.
fn describe_line<'a>(
    line: &'a str,
    key: &str,
    alone: bool,
    said: &mut Vec<String>,
) -> Option<&'a str> {
    let mut words = line.splitn(4, ' ');
    let (time, stream, tag) = (words.next().unwrap_or_default(), words.next(), words.next());
    if starts_as_time(time) {
        let known = matches!(stream, Some("stdout" | "stderr"));
        let first_tag = tag
            .and_then(|tag| tag.split(':').next())
            .unwrap_or_default();
        said.push(match (stream, tag) {
            (Some(stream), Some(tag)) if known && first_tag == "P" => format!(
                "a CRI line on {stream}, partial (tag {}): the runtime has split it, and more follows",
                shorten(tag)
            ),
            // Some word at the end is more likely what is left of a line.
            (Some(stream), Some(_)) if known && first_tag != "F" && line.split(' ').count() < 4 => {
                format!("starts as a CRI line on {stream}, and ends before its tag")
            }
            (Some(stream), Some(tag)) if known && !tag.is_empty() => {
                format!("a CRI line on {stream}, complete (tag {})", shorten(tag))
            }
            (Some(stream), _) if known => {
                format!("starts as a CRI line on {stream}, and ends before its tag")
            }
            (Some(stream), _) => format!(
                "starts as a CRI line, but with {:?} for its stream",
                shorten(stream)
            ),
            (None, _) => "a time, and nothing behind it".to_owned(),
        });
        return words.next();
    }
    let Some(fields) = object(line) else {
        said.push(match line.trim().is_empty() {
            _ if !alone => format!("a record whose {key} is text, and no CRI line"),
            true => "an empty line".to_owned(),
            false => "plain text, without the time that a container runtime writes".to_owned(),
        });
        return None;
    };
    let docker = ["log", "stream", "time"];
    let only = |name: &String| docker.contains(&name.as_str()) || name == "attrs";
    if docker.iter().all(|name| fields.contains_key(*name)) && fields.keys().all(only) {
        let stream = fields["stream"].as_str().unwrap_or_default();
        said.push(format!(
            "a line of Docker's json-file driver, on {}",
            shorten(stream)
        ));
    } else {
        let names = list(fields.keys().map(String::as_str));
        said.push(format!(
            "a JSON object, without a runtime's line around it: {names}"
        ));
    }
    None
}

/// `2026-11-18T…`.
fn starts_as_time(word: &str) -> bool {
    let shape = b"0000-00-00T00:00:00";
    let bytes = word.as_bytes();
    bytes.len() > shape.len()
        && shape.iter().zip(bytes).all(|(wanted, byte)| match wanted {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

fn object(text: &str) -> Option<Map<String, Value>> {
    text.trim_start()
        .starts_with('{')
        .then(|| serde_json::from_str(text).ok())?
}

fn list<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(NAMES);
    let shown: Vec<String> = names.take(NAMES).map(shorten).collect();
    let shown = shown.join(", ");
    match (shown.is_empty(), more) {
        (true, _) => "no fields".to_owned(),
        (false, 0) => shown,
        (false, more) => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_recognised() {
        for (record, expected) in [
            (
                r#"{"log":"2026-11-18T09:14:02.018273645Z stdout F starting"}"#,
                "a CRI line on stdout, complete (tag F)",
            ),
            (
                r#"{"log":"2026-11-18T09:14:03.5Z stderr P:TAG1 the first half, "}"#,
                "a CRI line on stderr, partial (tag P:TAG1): the runtime has split it, and more follows",
            ),
            (
                r#"{"log":"2026-11-18T09:14:03+01:00 stdout F {\"level\":\"info\",\"msg\":\"x\"}"}"#,
                "a CRI line on stdout, complete (tag F); its message is a JSON object: level, msg",
            ),
            (
                r#"{"log":"2026-11-18T09:14:03Z stdout F"}"#,
                "a CRI line on stdout, complete (tag F)",
            ),
            (
                r#"{"log":"2026-11-18T09:14:03Z stdout "}"#,
                "starts as a CRI line on stdout, and ends before its tag",
            ),
            (
                r#"{"log":"2026-11-18T09:14:03Z stdout"}"#,
                "starts as a CRI line on stdout, and ends before its tag",
            ),
            (
                r#"{"log":"2026-11-18T09:14:03Z stdout cut"}"#,
                "starts as a CRI line on stdout, and ends before its tag",
            ),
            (
                r#"{"log":"2026-11-18T09:14:03Z stdlog F x"}"#,
                "starts as a CRI line, but with \"stdlog\" for its stream",
            ),
            (
                r#"{"log":"2026-11-18T09:14:03Z"}"#,
                "a time, and nothing behind it",
            ),
            (
                r#"{"log":"{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-18T09:14:07Z\"}"}"#,
                "a line of Docker's json-file driver, on stdout",
            ),
            (
                r#"{"log":"{\"level\":\"info\"}"}"#,
                "a JSON object, without a runtime's line around it: level",
            ),
            (r#"{"log":""}"#, "an empty line"),
            (
                r#"{"log":"panic: \u001b[31m"}"#,
                "plain text, without the time that a container runtime writes",
            ),
            (
                r#"{"time":"t","stream":"stdout","_p":"F","log":"{\"a\":1}"}"#,
                "what multiline.parser cri leaves of a CRI line; its message is a JSON object: a",
            ),
            (
                r#"{"time":"t","stream":"stdout","logtag":"F","log":"x"}"#,
                "what Fluent Bit's own parser cri leaves of a CRI line",
            ),
            (
                r#"{"time":"t","stream":"stdout","log":"x"}"#,
                "a line of Docker's json-file driver, already parsed",
            ),
            (
                r#"{"log":"x","kubernetes":{"namespace_name":"shop","pod_name":"web-0","labels":{}}}"#,
                "a record whose log is text, and no CRI line; with the kubernetes filter's metadata: shop / web-0",
            ),
            (
                r#"{"msg":"x","a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}"#,
                "a record without text in log: msg, a, b, c, d, e, f, g and 2 more",
            ),
            ("{}", "a record without text in log: no fields"),
        ] {
            let read = Record::read(record.as_bytes()).unwrap();
            assert_eq!(describe(&read, "log").join("; "), expected, "{record}");
        }
    }
}
