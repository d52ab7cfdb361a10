//! The generated pipeline, from log files of a node to what a tenant finds in a real VictoriaLogs. Each test file
//! uses a part of this.
#![allow(dead_code)]

pub(crate) mod http;
pub(crate) mod hub;
mod link;
pub(crate) mod node;
pub(crate) mod running;

use crate::common::objects_with;
use hub::{Hub, Record, Tenant};
use krm_rs::{Object, Value, json};
use leafpack_function_tests::has_filters;
use leafpack_peer::{self as peer, FluentBit};
use node::Node;
use observability_stack::Embedded;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

/// What a test says of a stack: its configuration, for a Fluent Bit of this version and a hub at this URL.
pub(crate) type Config = fn(version: &str, hub: &str) -> String;

/// Log files, and what has to come of them.
#[derive(Default)]
pub(crate) struct Sample {
    /// Path below `/var/log`, and what is added to that file.
    logs: Vec<(String, Vec<u8>)>,
    expected: BTreeMap<Tenant, Vec<Expected>>,
}

impl Sample {
    /// Adds lines, each with its line feed, to the file at a path below `/var/log`.
    pub(crate) fn log(&mut self, path: &str, lines: impl AsRef<[u8]>) {
        self.logs.push((path.to_owned(), lines.as_ref().to_owned()));
    }

    /// Adds a record that this tenant has to find, and no other.
    pub(crate) fn expect(&mut self, tenant: Tenant, record: impl Into<Expected>) {
        self.expected.entry(tenant).or_default().push(record.into());
    }
}

/// Calls `body` for each Fluent Bit, with the stack that `config` makes for it on a node, and a hub. Neither of them
/// runs. Says so where something is missing that `test` needs.
pub(crate) fn with_each(
    test: &str,
    config: Config,
    body: impl Fn(&FluentBit, &[Object], &mut Node, &mut Hub),
) {
    let binaries = peer::fluent_bits_or_skip(test);
    let Some(victoria_logs) = peer::or_skip(test, "victoria-logs") else {
        return;
    };
    if peer::find("python3").is_none() {
        peer::skip(test, "python");
        return;
    }
    if binaries.is_empty() || !has_filters(test) {
        return;
    }
    for binary in binaries {
        let (major, minor, patch) = binary.version;
        let version = format!("{major}.{minor}.{patch}");
        let place = binary.path.to_string_lossy().replace('/', "-");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}{place}"));
        if folder.exists() {
            std::fs::remove_dir_all(&folder).expect("what an earlier run left can go");
        }
        let mut hub = Hub::new(victoria_logs.clone(), &folder.join("hub"));
        let url = format!("http://127.0.0.1:{}", hub.port());
        let objects = objects_with::<Embedded>(&config(&version, &url));
        let mut node = Node::new(&binary, &objects, hub.port(), &folder.join("node"));
        body(&binary, &objects, &mut node, &mut hub);
        drop((node, hub));
        std::fs::remove_dir_all(&folder).expect("nobody uses the folder any more");
    }
}

/// Holds every Fluent Bit to it that what is in the files arrives: in the right tenant, where a person looks for it,
/// and nothing else, nowhere else.
pub(crate) fn delivers(
    test: &str,
    config: Config,
    sample: impl Fn(&FluentBit, &[Object]) -> Sample,
) {
    with_each(test, config, |binary, objects, node, hub| {
        let Sample { logs, expected } = sample(binary, objects);
        for (path, lines) in &logs {
            node.logs().write(path, lines);
        }
        hub.start();
        node.start();
        let total: usize = expected.values().map(Vec::len).sum();
        let found = || -> usize { expected.keys().map(|tenant| hub.count(tenant, "*")).sum() };
        let arrived = node.fluent_bit().comes_to(|_| found() >= total);
        node.stop();
        // Says which are missing, too.
        for (tenant, expected) in &expected {
            find(hub, tenant, expected);
        }
        assert!(arrived, "too late");
        // Not in any other tenant, either.
        assert_eq!(hub.metric("vl_rows_ingested_total"), total, "records");
        for metric in ["vl_rows_dropped_total", "vl_too_long_lines_skipped_total"] {
            assert_eq!(hub.metric(metric), 0, "{metric}");
        }
        hub.stop();
        eprintln!("{binary}: {total} records");
    });
}

/// Looks for the records of a tenant by cluster and namespace.
fn find(hub: &Hub, tenant: Tenant, expected: &[Expected]) {
    let mut by_query: BTreeMap<String, Vec<&Expected>> = BTreeMap::new();
    for one in expected {
        let value = |name: &str| one.record[name].as_str().unwrap_or_default();
        let [cluster, namespace] = ["cluster", "k8s_namespace_name"].map(value);
        let query = format!("{{cluster={cluster:?},k8s_namespace_name={namespace:?}}}");
        by_query.entry(query).or_default().push(one);
    }
    for (query, expected) in by_query {
        same(
            &format!("{tenant} {query}"),
            &expected,
            hub.query(tenant, &query),
        );
    }
}

/// A record that a tenant must find, as the pipeline sends it.
pub(crate) struct Expected {
    record: Value,
    /// Fields whose text is not looked at.
    any: Vec<&'static str>,
}

impl Expected {
    /// The same, where these fields may have any text; they must be there.
    pub(crate) fn any(mut self, fields: &[&'static str]) -> Expected {
        self.any.extend(fields);
        self
    }
}

impl From<Value> for Expected {
    fn from(record: Value) -> Expected {
        let any = Vec::new();
        Expected { record, any }
    }
}

/// What makes a stream, by the stack's README.
const STREAM_FIELDS: [&str; 5] = [
    "cluster",
    "k8s_container_name",
    "k8s_namespace_name",
    "k8s_pod_name",
    "stream",
];

/// A record as VictoriaLogs stores it, by its [data model][model]: fields of objects have their path for a name, all
/// values are text, and an empty one is none. The identity of the stream is left out, which is made of the fields.
///
/// [model]: https://docs.victoriametrics.com/victorialogs/keyconcepts/#data-model
fn stored(record: &Value) -> Record {
    let mut fields = Record::new();
    flatten("", record, &mut fields);
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let stream: Vec<String> = STREAM_FIELDS
        .iter()
        .filter_map(|name| Some(format!("{name}={:?}", text(name)?)))
        .collect();
    let stream = format!("{{{}}}", stream.join(","));
    if let Some((second, fraction)) = text("_time").and_then(|time| time.split_once('.')) {
        let digits = fraction.trim_end_matches('Z').trim_end_matches('0');
        let dot = if digits.is_empty() { "" } else { "." };
        let time = json!(format!("{second}{dot}{digits}Z"));
        fields.insert("_time".into(), time);
    }
    // `app/vlinsert` puts a sentence there.
    let none = "missing _msg field; see https://docs.victoriametrics.com/victorialogs/keyconcepts/#message-field";
    fields.entry("_msg").or_insert(json!(none));
    fields.insert("_stream".into(), json!(stream));
    fields
}

fn flatten(name: &str, value: &Value, fields: &mut Record) {
    let text = match value {
        Value::Object(inner) => {
            for (key, value) in inner {
                let dot = if name.is_empty() { "" } else { "." };
                flatten(&format!("{name}{dot}{key}"), value, fields);
            }
            return;
        }
        Value::Null => return,
        Value::String(text) if text.is_empty() => return,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    fields.insert(name.to_owned(), json!(text));
}

/// Holds what is found to what must be, to the last field, each record as often as it is expected.
///
/// # Panics
/// Where a record is missing, is beyond, or is another.
fn same(query: &str, expected: &[&Expected], found: Vec<Record>) {
    let mut exact: HashMap<String, usize> = HashMap::new();
    let mut vague: Vec<(Record, &[&str])> = Vec::new();
    for one in expected {
        let record = stored(&one.record);
        if one.any.is_empty() {
            *exact.entry(key(&record, &[])).or_default() += 1;
        } else {
            vague.push((record, &one.any));
        }
    }
    let mut beyond = Vec::new();
    for mut record in found {
        record.remove("_stream_id");
        let record = record;
        if let Some(count) = exact.get_mut(&key(&record, &[])).filter(|n| **n > 0) {
            *count -= 1;
            continue;
        }
        let fits = |(expected, any): &(Record, &[&str])| {
            any.iter().all(|name| record.contains_key(*name))
                && key(expected, any) == key(&record, any)
        };
        match vague.iter().position(fits) {
            Some(index) => drop(vague.swap_remove(index)),
            None => beyond.push(key(&record, &[])),
        }
    }
    let missing = exact.into_iter().filter(|(_, count)| *count > 0);
    let mut missing: Vec<String> = missing.map(|(record, _)| record).collect();
    missing.extend(vague.iter().map(|(record, any)| key(record, any)));
    missing.sort_unstable();
    assert!(
        missing.is_empty() && beyond.is_empty(),
        "{query}: {} records are missing: {}\n{} are beyond: {}",
        missing.len(),
        excerpt(&missing),
        beyond.len(),
        excerpt(&beyond)
    );
}

/// A record as text, without some fields.
fn key(record: &Record, without: &[&str]) -> String {
    let fields = record.iter();
    let fields = fields.filter(|(name, _)| !without.contains(&name.as_str()));
    let sorted: BTreeMap<&String, &Value> = fields.collect();
    json!(sorted).to_string()
}

/// The first of them, as far as a person would read.
fn excerpt(records: &[String]) -> String {
    let short = |text: &String| format!("\n  {}", text.chars().take(1000).collect::<String>());
    records.iter().take(3).map(short).collect()
}
