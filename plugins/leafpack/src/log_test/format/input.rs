//! Lines and records, and what is expected of them.

use std::collections::HashMap;
use std::rc::Rc;

use krm_rs::Path;
use regex_lite::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{CaseText, Reader};
use crate::explain::shorten;
use crate::host_json;
use crate::log_test::expect::Expect;
use crate::tail;

/// A line or a record, and what is expected of it.
#[derive(Debug)]
pub(in crate::log_test) struct Input {
    /// As a person knows it again.
    pub(in crate::log_test) shown: String,
    pub(in crate::log_test) record: Vec<u8>,
    pub(in crate::log_test) expect: Rc<Expect>,
    /// Where that stands in the file, from 1.
    pub(in crate::log_test) line: usize,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct ExpectText {
    exact: Option<Map<String, Value>>,
    subset: Map<String, Value>,
    matches: HashMap<String, String>,
    absent: Vec<String>,
    dropped: Option<bool>,
}

impl Reader<'_> {
    pub(super) fn inputs(&mut self, case: &CaseText, key: &str, path: &Path) -> Vec<Input> {
        let records = self.records(&case.input, key, &path.key("input"));
        let place = path.key("expect");
        if let Value::Array(items) = &case.expect {
            let expects: Vec<_> = items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    (
                        self.expect(item, &place.index(index)),
                        self.places.line(&place.index(index)),
                    )
                })
                .collect();
            // After another mistake in the input there is nothing to count.
            if expects.len() != records.len() && !records.is_empty() {
                self.wrong(
                    &place,
                    format!(
                        "found {} for {}",
                        count(expects.len(), "expectation"),
                        count(records.len(), "input")
                    ),
                    "write one for each, in order, or a single mapping that holds for all of them",
                );
            }
            return records
                .into_iter()
                .zip(expects)
                .filter_map(|((shown, record), (expect, line))| {
                    let expect = expect?.into();
                    Some(Input {
                        shown,
                        record,
                        expect,
                        line,
                    })
                })
                .collect();
        }
        let line = self.places.line(&place);
        let Some(expect) = self.expect(&case.expect, &place).map(Rc::new) else {
            return Vec::new();
        };
        records
            .into_iter()
            .map(|(shown, record)| Input {
                shown,
                record,
                expect: expect.clone(),
                line,
            })
            .collect()
    }

    /// The records of an input, and how each is shown.
    fn records(&mut self, input: &Value, key: &str, path: &Path) -> Vec<(String, Vec<u8>)> {
        const RIGHT: &str = "input: 2026-11-18T09:14:02Z stdout F hello";
        match input {
            Value::String(text) => lines(text)
                .map(|line| (shorten(line), tail::record(key, line.as_bytes())))
                .collect(),
            Value::Object(_) => {
                let mut record = Vec::new();
                host_json::write(input, &mut record);
                vec![(shorten(&input.to_string()), record)]
            }
            Value::Array(items) if !items.is_empty() => items
                .iter()
                .enumerate()
                .flat_map(|(index, item)| match item {
                    Value::String(_) | Value::Object(_) => {
                        self.records(item, key, &path.index(index))
                    }
                    _ => {
                        self.wrong(
                            &path.index(index),
                            format!(
                                "found {item}, expected a line (a string) or a record (a mapping)"
                            ),
                            "put the line in quotes",
                        );
                        Vec::new()
                    }
                })
                .collect(),
            Value::Null => {
                self.wrong(path, "missing, and there is no default", RIGHT);
                Vec::new()
            }
            _ => {
                self.wrong(
                    path,
                    format!("found {input}, expected lines (a string), a record (a mapping) or a list of these"),
                    RIGHT,
                );
                Vec::new()
            }
        }
    }

    fn expect(&mut self, value: &Value, path: &Path) -> Option<Expect> {
        const RIGHT: &str = "expect: {subset: {stream: stdout}}";
        if value.is_null() {
            self.wrong(path, "missing, and there is no default", RIGHT);
            return None;
        }
        let text: ExpectText = self.typed(value, path)?;
        let parts = !text.subset.is_empty() || !text.matches.is_empty() || !text.absent.is_empty();
        match (text.exact, text.dropped, parts) {
            (Some(exact), None, false) => Some(Expect::Exact(exact)),
            (None, Some(true), false) => Some(Expect::Dropped),
            (None, Some(false), _) => {
                self.wrong(
                    &path.key("dropped"),
                    "found false, expected true, or nothing",
                    "remove it: a record is expected anyway",
                );
                None
            }
            (None, None, true) => {
                let mut matches = Vec::new();
                // In the order of the file.
                let given = value.get("matches").and_then(Value::as_object);
                for name in given.into_iter().flat_map(|given| given.keys()) {
                    let pattern = text.matches.get(name).map_or("", String::as_str);
                    match Regex::new(pattern) {
                        Ok(pattern) => matches.push((name.clone(), pattern)),
                        Err(why) => self.wrong(
                            &path.key("matches").key(name),
                            format!("found {pattern:?}, which is no regular expression: {why}"),
                            "put a backslash before characters that are meant as they are, and the whole in single quotes",
                        ),
                    }
                }
                Some(Expect::Parts {
                    subset: text.subset,
                    matches,
                    absent: text.absent,
                })
            }
            (None, None, false) => {
                self.wrong(path, "found nothing that is expected", RIGHT);
                None
            }
            _ => {
                self.wrong(
                    path,
                    "exact, dropped, and subset with matches and absent exclude one another",
                    "keep one of them, or write another case",
                );
                None
            }
        }
    }
}

/// The lines of a text as the tail input takes them; a line feed at the end begins no further one.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.strip_suffix('\n')
        .unwrap_or(text)
        .split('\n')
        .map(|line| {
            let trimmed = tail::trim_end(line.as_bytes());
            // Only an ASCII character is cut.
            line.get(..trimmed.len()).unwrap_or(line)
        })
}

fn count(number: usize, thing: &str) -> String {
    crate::explain::count(number as u64, thing)
}
