//! The difference between two records, field by field.

use std::collections::HashSet;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::filter::RecordTime;
use crate::record::Record;

/// A field that is not as it was.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// It is new; `from` says where its value was found in what was there before.
    Added {
        name: String,
        value: Value,
        from: Option<String>,
    },
    /// It has another value.
    Replaced {
        name: String,
        old: Value,
        new: Value,
    },
    /// A value that was there, in its own field or within one, under another name.
    Renamed {
        from: String,
        to: String,
        value: Value,
    },
    /// It is gone.
    Removed { name: String, value: Value },
}

/// What a filter gets besides the record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) tag: &'a str,
    pub(crate) time: RecordTime,
}

/// How deep renamed values are looked for: `kubernetes.labels.app`.
const DEPTH: usize = 3;

/// Shorter texts are found anywhere by chance.
const DISTINCT: usize = 4;

/// What a filter changed, in the new record's order and then what is gone; the field `but` is not looked at.
pub(super) fn changes(before: &Record, after: &Record, call: Call<'_>, but: &str) -> Vec<Change> {
    let mut gone: Vec<(&str, &Value)> = Vec::new();
    for (name, value) in fields(before) {
        if name != but && after.get(name) != Some(value) {
            gone.push((name, value));
        }
    }
    let mut sources = Vec::new();
    for (name, value) in &gone {
        if after.get(name).is_none() {
            members(name, value, DEPTH, &mut sources);
        }
    }
    let mut used = HashSet::new();
    let mut changes = Vec::new();
    for (name, value) in fields(after) {
        if name == but || before.get(name) == Some(value) {
            continue;
        }
        if let Some(old) = before.get(name) {
            changes.push(Change::Replaced {
                name: name.to_owned(),
                old: old.clone(),
                new: value.clone(),
            });
        } else if let Some(index) = source(name, value, &sources, &used) {
            used.insert(index);
            changes.push(Change::Renamed {
                from: sources[index].path(),
                to: name.to_owned(),
                value: value.clone(),
            });
        } else {
            changes.push(Change::Added {
                name: name.to_owned(),
                value: value.clone(),
                from: origin(value, &gone, call),
            });
        }
    }
    // What was there under a like name before needs no telling.
    let kept = |found: &Source<'_>| {
        found.path.len() > 1
            && fields(after).any(|(name, value)| {
                value == found.value
                    && name.ends_with(found.name())
                    && before.get(name) == Some(value)
            })
    };
    // What is left of what is gone: of an object from which values were taken, the others.
    let taken = |path: &[String]| {
        used.iter()
            .any(|index| sources[*index].path.starts_with(path))
    };
    for (index, found) in sources.iter().enumerate() {
        let parent = &found.path[..found.path.len() - 1];
        let told = used.contains(&index) || taken(&found.path);
        // A member is told of only where its parent was taken apart, and none above it was renamed as a whole.
        let within_whole = used
            .iter()
            .any(|whole| found.path.starts_with(&sources[*whole].path));
        if !told && !within_whole && !kept(found) && (parent.is_empty() || taken(parent)) {
            changes.push(Change::Removed {
                name: found.path(),
                value: found.value.clone(),
            });
        }
    }
    changes
}

/// A record's fields; of one name the last, as Fluent Bit has it.
fn fields(record: &Record) -> impl Iterator<Item = (&str, &Value)> {
    record
        .0
        .iter()
        .enumerate()
        .filter_map(|(index, (name, value))| {
            let again = record.0[index + 1..].iter().any(|(later, _)| later == name);
            (!again).then_some((name.as_str(), value))
        })
}

/// A value that is gone from where it was.
struct Source<'a> {
    path: Vec<String>,
    value: &'a Value,
}

impl Source<'_> {
    fn path(&self) -> String {
        self.path.join(".")
    }

    fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

/// A field and what is within it, outer ones first.
fn members<'a>(name: &str, value: &'a Value, depth: usize, out: &mut Vec<Source<'a>>) {
    fn walk<'a>(path: Vec<String>, value: &'a Value, depth: usize, out: &mut Vec<Source<'a>>) {
        out.push(Source {
            path: path.clone(),
            value,
        });
        if let (Value::Object(fields), true) = (value, depth > 1) {
            for (name, value) in fields {
                let path = path.iter().chain([name]).cloned().collect();
                walk(path, value, depth - 1, out);
            }
        }
    }
    walk(vec![name.to_owned()], value, depth, out);
}

/// Where a new field's value was: best a place of a like name, else any whose value is no chance.
fn source(
    name: &str,
    value: &Value,
    sources: &[Source<'_>],
    used: &HashSet<usize>,
) -> Option<usize> {
    let free = |index: &usize| !used.contains(index) && sources[*index].value == value;
    let candidates: Vec<usize> = (0..sources.len()).filter(free).collect();
    let named = candidates
        .iter()
        .find(|index| name.ends_with(sources[**index].name()));
    named
        .or_else(|| {
            candidates.iter().find(|index| {
                let whole = sources[**index].path.len() == 1;
                (whole && value.is_string()) || is_distinct(value)
            })
        })
        .copied()
}

fn is_distinct(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() >= DISTINCT,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => false,
    }
}

/// Where a new value was found: in a field that is no more what it was, in the tag, or in the host's time.
fn origin(value: &Value, gone: &[(&str, &Value)], call: Call<'_>) -> Option<String> {
    let from_json = gone.iter().find_map(|(name, old)| {
        let text = old.as_str()?;
        let at = text.find('{')?;
        let Ok(Value::Object(fields)) = serde_json::from_str(&text[at..]) else {
            return None;
        };
        let (key, _) = fields.iter().find(|(_, found)| *found == value)?;
        Some(format!("from the JSON in {name}: {key}"))
    });
    if from_json.is_some() {
        return from_json;
    }
    let text = value.as_str().filter(|text| text.len() >= DISTINCT)?;
    let field = |fits: &dyn Fn(&str) -> bool| {
        let found = gone.iter().find(|(_, old)| old.as_str().is_some_and(fits));
        found.map(|(name, _)| format!("from {name}"))
    };
    // A word of the tag's may be in the message as well.
    field(&|old| old.starts_with(text) || old.ends_with(text))
        .or_else(|| {
            let found = has_word(call.tag, text, |c| !c.is_alphanumeric());
            found.then(|| "from the tag".to_owned())
        })
        .or_else(|| field(&|old| has_word(old, text, char::is_whitespace)))
        .or_else(|| {
            is_time(text, call.time).then(|| "the time that Fluent Bit gave the record".to_owned())
        })
}

/// Whether a text holds a word, with such characters around it.
fn has_word(text: &str, word: &str, between: impl Fn(char) -> bool) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let behind = text[at + word.len()..].chars().next();
        before.is_none_or(&between) && behind.is_none_or(&between)
    })
}

/// Whether a text is this time in RFC 3339, in UTC.
fn is_time(text: &str, time: RecordTime) -> bool {
    let given = UNIX_EPOCH + Duration::new(time.seconds.into(), time.nanoseconds);
    humantime::parse_rfc3339(text).is_ok_and(|read| read == given)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record() -> impl Strategy<Value = Record> {
        let value = prop_oneof![
            "[ab]{0,6}".prop_map(Value::from),
            (0..3).prop_map(Value::from),
            proptest::collection::btree_map("[a-c]", "[ab]{0,6}", 0..3)
                .prop_map(|fields| serde_json::json!(fields)),
        ];
        proptest::collection::btree_map("[a-e]{1,2}", value, 0..5)
            .prop_map(|fields| Record(fields.into_iter().collect()))
    }

    proptest! {
        /// Every field that is new, another or gone is told of once; no other is.
        #[test]
        fn nothing_is_left_out(before in record(), after in record()) {
            let call = Call { tag: "", time: RecordTime { seconds: 0, nanoseconds: 0 } };
            let changes = changes(&before, &after, call, "");
            let told = |name: &str| changes.iter().filter(|change| match change {
                Change::Added { name: known, .. } | Change::Replaced { name: known, .. } => known == name,
                Change::Renamed { to, .. } => to == name,
                Change::Removed { .. } => false,
            }).count();
            for (name, value) in &after.0 {
                prop_assert_eq!(told(name), usize::from(before.get(name) != Some(value)), "{}", name);
            }
            for (name, _) in &before.0 {
                let gone = after.get(name).is_none();
                let told = changes.iter().any(|change| match change {
                    Change::Removed { name: from, .. } | Change::Renamed { from, .. } => {
                        from == name || from.starts_with(&format!("{name}."))
                    }
                    _ => false,
                });
                prop_assert_eq!(told, gone, "{} {:?}", name, changes);
            }
        }
    }

    fn told(before: &str, after: &str) -> Vec<String> {
        let read = |text: &str| Record::read(text.as_bytes()).unwrap();
        let call = Call {
            tag: "kube.web-0_shop_nginx",
            time: RecordTime {
                seconds: 1,
                nanoseconds: 500,
            },
        };
        changes(&read(before), &read(after), call, "leafpack_error")
            .iter()
            .map(|change| match change {
                Change::Added { name, value, from } => match from {
                    Some(from) => format!("+ {name} {value} {from}"),
                    None => format!("+ {name} {value}"),
                },
                Change::Replaced { name, old, new } => format!("~ {name} {old} {new}"),
                Change::Renamed { from, to, value } => format!("> {from} {to} {value}"),
                Change::Removed { name, value } => format!("- {name} {value}"),
            })
            .collect()
    }

    #[test]
    fn fields_are_told_apart() {
        for (before, after, expected) in [
            ("{}", "{}", &[][..]),
            (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, &[]),
            (r#"{"a":1}"#, r#"{"a":2}"#, &["~ a 1 2"]),
            (r#"{"log":"x"}"#, r#"{"_msg":"x"}"#, &["> log _msg \"x\""]),
            (
                r#"{"log":"x"}"#,
                r#"{"_time":"1970-01-01T00:00:01.000000500Z","log":"x"}"#,
                &[
                    "+ _time \"1970-01-01T00:00:01.000000500Z\" the time that Fluent Bit gave the record",
                ],
            ),
            (
                r#"{"log":"2026 stdout F a nginx here"}"#,
                r#"{"container":"nginx"}"#,
                &[
                    "+ container \"nginx\" from the tag",
                    "- log \"2026 stdout F a nginx here\"",
                ],
            ),
            // By chance.
            (
                r#"{"log":"{ \"auditID\": 1 "}"#,
                r#"{"log_type":"audit","pod":"nginx"}"#,
                &[
                    "+ log_type \"audit\"",
                    "+ pod \"nginx\" from the tag",
                    "- log \"{ \\\"auditID\\\": 1 \"",
                ],
            ),
            (
                r#"{"log":"2026 stdout F hello"}"#,
                r#"{"stream":"stdout","_msg":"hello","cluster":"apps","pod":"web-0"}"#,
                &[
                    "+ stream \"stdout\" from log",
                    "+ _msg \"hello\" from log",
                    "+ cluster \"apps\"",
                    "+ pod \"web-0\" from the tag",
                    "- log \"2026 stdout F hello\"",
                ],
            ),
            (
                r#"{"log":"F {\"n\":17,\"msg\":\"ok\"}"}"#,
                r#"{"n":17,"_msg":"ok"}"#,
                &[
                    "+ n 17 from the JSON in log: n",
                    "+ _msg \"ok\" from the JSON in log: msg",
                    "- log \"F {\\\"n\\\":17,\\\"msg\\\":\\\"ok\\\"}\"",
                ],
            ),
            (
                r#"{"kubernetes":{"pod_name":"a","docker_id":"b","labels":{"app":"a","x":"y"}}}"#,
                r#"{"k8s_pod_name":"a","k8s_labels":{"app":"a","x":"y"}}"#,
                &[
                    "> kubernetes.pod_name k8s_pod_name \"a\"",
                    "> kubernetes.labels k8s_labels {\"app\":\"a\",\"x\":\"y\"}",
                    "- kubernetes.docker_id \"b\"",
                ],
            ),
            (
                r#"{"kubernetes":{"labels":{"app":"a","x":"y"}}}"#,
                r#"{"labels_app":"a"}"#,
                &[
                    "> kubernetes.labels.app labels_app \"a\"",
                    "- kubernetes.labels.x \"y\"",
                ],
            ),
            (
                r#"{"kubernetes":{"a":"b"}}"#,
                "{}",
                &["- kubernetes {\"a\":\"b\"}"],
            ),
            (
                r#"{"k8s_pod_name":"a","kubernetes":{"pod_name":"a","host":"n"}}"#,
                r#"{"k8s_pod_name":"a","k8s_host":"n"}"#,
                &["> kubernetes.host k8s_host \"n\""],
            ),
            (r#"{"a":1}"#, r#"{"b":1}"#, &["+ b 1", "- a 1"]),
            // Fluent Bit takes the last one.
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#, &[]),
            (r#"{"a":1}"#, r#"{"a":1,"leafpack_error":"x.y: z"}"#, &[]),
        ] {
            assert_eq!(told(before, after), expected, "{before} {after}");
        }
    }
}
