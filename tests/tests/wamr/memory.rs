//! A module's memory after many records is what it was after a thousand, for every export, whether the host frees what
//! it passes in or not.

use std::collections::BTreeMap;

use leafpack_tests::corpus::{Corpus, POD_COUNT, Records, file_name};
use leafpack_tests::peer;
use leafpack_tests::wamr::{Buffers, Folder, Host};
use serde_json::{Value, json};

use crate::NOW;

/// Calls by which memory has its size.
const WARM_UP: usize = 1000;

/// The longest record sent, in bytes: with short ones memory is small, and what leaks shows early.
const LONGEST: usize = 6000;

/// How many calls are made of each export and host: `LEAFPACK_CALLS`, or as many as an engine that is built without
/// optimisation manages in seconds. A million takes `--config profile.dev.package.wamrx.opt-level=3`.
fn call_count() -> usize {
    match std::env::var("LEAFPACK_CALLS") {
        Ok(count) => count
            .parse()
            .unwrap_or_else(|_| panic!("LEAFPACK_CALLS: found {count:?}, expected a number")),
        Err(_) => 10_000,
    }
}

/// As Fluent Bit hands a record over in msgpack.
fn packed(value: &Value) -> Vec<u8> {
    fn of(value: &Value) -> rmpv::Value {
        match value {
            Value::Null => rmpv::Value::Nil,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => value.into(),
                (None, Some(value)) => value.into(),
                (None, None) => number.as_f64().unwrap_or_default().into(),
            },
            Value::String(text) => text.as_str().into(),
            Value::Array(values) => rmpv::Value::Array(values.iter().map(of).collect()),
            Value::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.as_str().into(), of(value)));
                rmpv::Value::Map(fields.collect())
            }
        }
    }
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &of(value)).expect("a Vec takes everything");
    bytes
}

/// Records of many kinds, none of them long; most are the usual line of some pod.
fn records(module: &str) -> Vec<Value> {
    if module == "audit" {
        return (0..WARM_UP / 2)
            .map(|n| {
                let event = json!({
                    "kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": n.to_string(), "stage": "ResponseComplete",
                    "verb": "get", "user": {"username": "alice", "groups": ["dev"]},
                    "objectRef": {"resource": "secrets", "namespace": "shop", "name": format!("x{n}")},
                    "responseObject": {"kind": "Secret", "data": {"key": "x".repeat(n)}},
                    "stageTimestamp": "2026-11-18T09:14:03.523456Z",
                });
                json!({"log": event.to_string()})
            })
            .collect();
    }
    let odd = Records(Corpus::new(WARM_UP / 5));
    (0..WARM_UP / 2)
        .map(|n| match n % 10 {
            0 => Value::Object(odd.record(n % odd.0.count)),
            // A fragment that is held, and its end.
            1 => json!({"log": format!("2024-05-01T10:11:12.1Z stdout P {}", "x".repeat(4500))}),
            3 => json!({"log": "2024-05-01T10:11:12.2Z stdout F end"}),
            _ => json!({"log": format!("2024-05-01T10:11:12.{n:09}Z stdout F GET /healthz 200 n={n}")}),
        })
        .filter(|record| record.to_string().len() <= LONGEST)
        .collect()
}

fn stays_flat(module: &str, function: &str, settings: Value) {
    let file = format!("filters/{module}.wasm");
    let Some(path) = peer::dist_or_skip("the filters in WAMR", &file) else {
        return;
    };
    let bytes = std::fs::read(path).expect("the module can be read");
    let is_packed = function.ends_with("_msgpack");
    let records: Vec<Vec<u8>> = records(module)
        .iter()
        .map(|record| match is_packed {
            true => packed(record),
            false => record.to_string().into_bytes(),
        })
        .collect();
    let tags: Vec<String> = (0..POD_COUNT)
        .map(|pod| format!("kube.var.log.containers.{}", file_name(pod)))
        .collect();
    let content = Some(settings.to_string().into_bytes());
    let folder: Folder = BTreeMap::from([(format!("{module}.json"), content)]);
    for buffers in [Buffers::Leaked, Buffers::Freed] {
        let host = Host::new(buffers, vec![folder.clone()]);
        let filter = host.instantiate(&bytes).expect("WAMR takes it");
        let (mut pages, mut answered) = (0, 0);
        let count = call_count();
        for n in 0..count {
            // Tags in runs, and every pair of tag and record in time.
            let tag = &tags[n / 7 % tags.len()];
            let record = &records[n % records.len()];
            let answer = filter.call(function, tag.as_bytes(), NOW, record);
            let answer = answer.unwrap_or_else(|error| panic!("{function}, call {n}: {error}"));
            answered += usize::from(!answer.is_empty());
            if n < WARM_UP {
                pages = filter.pages();
            }
            assert_eq!(
                filter.pages(),
                pages,
                "{function}, {buffers:?}: memory grew at call {n}"
            );
        }
        assert!(
            answered > count / 2,
            "{function}: {answered} answers of {count}"
        );
        assert_eq!(host.stderr(), "", "{function}");
        eprintln!("{function}, {buffers:?}: {count} calls, {pages} pages");
    }
}

#[test]
fn cri() {
    stays_flat("cri", "cri", json!({"from_tag": true}));
}

#[test]
fn cri_msgpack() {
    stays_flat("cri", "cri_msgpack", json!({"from_tag": true}));
}

#[test]
fn tenant() {
    stays_flat("tenant", "tenant", json!({"cluster": "apps"}));
}

#[test]
fn tenant_msgpack() {
    stays_flat("tenant", "tenant_msgpack", json!({"cluster": "apps"}));
}

#[test]
fn container_logs() {
    let settings = json!({"cluster": "apps", "from_tag": true});
    stays_flat("container-logs", "container_logs", settings);
}

#[test]
fn container_logs_that_joins() {
    let settings = json!({"cluster": "apps", "from_tag": true, "join": "filter"});
    stays_flat("container-logs", "container_logs", settings);
}

#[test]
fn container_logs_msgpack() {
    let settings = json!({"cluster": "apps", "from_tag": true});
    stays_flat("container-logs", "container_logs_msgpack", settings);
}

#[test]
fn audit() {
    stays_flat(
        "audit",
        "audit",
        json!({"cluster": "apps", "bodies": "string"}),
    );
}
