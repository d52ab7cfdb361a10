//! The generated pipeline in the real Fluent Bit, from log files to a hub that listens on this machine: container logs of
//! several tenants, the audit log, and what Talos sends.
//!
//! Uses every binary that `FLUENT_BIT` names (several: separated by a colon), or the `fluent-bit` on the path, with the
//! filter module that this crate was built with.

mod common;

use common::objects_with;
use krm_rs::{Object, Value};
use leafpack_function_tests::has_filters;
use leafpack_peer as peer;
use observability_stack::Embedded;
use std::path::PathBuf;
use std::process::Command;

/// Everything that can be said, and no API server.
const CONFIG: &str = include_str!("../fixtures/spoke/config.yaml");

/// Fluent Bit's own filters.
const NATIVE: &str = include_str!("../fixtures/native/config.yaml");

/// For `deliver.py`: an address of this machine.
const ADDRESS: Change = ("10.20.0.5", "127.0.0.1");

/// What the fixture says otherwise only to say something.
const DEFAULTS: [Change; 3] = [
    ("join: host", "join: auto"),
    ("merge: false", "merge: true"),
    ("format: msgpack", "format: json"),
];

/// A text of the configuration, and what it is replaced with.
type Change = (&'static str, &'static str);

fn change(config: &mut String, (from, to): (&str, &str)) {
    assert!(config.contains(from), "{from}");
    *config = config.replace(from, to);
}

/// Runs `deliver.py` in this mode with every Fluent Bit, each with a stack that is made for its version.
fn deliver(test: &str, mode: &[&str], changes: &[Change]) {
    let binaries = peer::fluent_bits_or_skip(test);
    if binaries.is_empty() || !has_filters(test) {
        return;
    }
    let Some(python) = peer::find("python3") else {
        peer::skip(test, "python");
        return;
    };
    let is_native = mode.contains(&"--native");
    let mut config = if is_native { NATIVE } else { CONFIG }.to_owned();
    change(&mut config, ADDRESS);
    if mode.contains(&"--kubernetes") {
        change(&mut config, ("kubernetes: false", "kubernetes: true"));
        change(&mut config, ("podExclude: false", "podExclude: true"));
    }
    if mode.contains(&"--no-dns") {
        change(&mut config, ("kubernetes: false", "kubernetes: true"));
    } else if !is_native {
        change(&mut config, ("ipv6: false", "ipv6: true"));
    }
    for pair in changes {
        change(&mut config, *pair);
    }
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.json"));
    for binary in binaries {
        let (major, minor, patch) = binary.version;
        let mut config = config.clone();
        change(
            &mut config,
            ("tag: 5.1.1", &format!("tag: {major}.{minor}.{patch}")),
        );
        let objects = objects_with::<Embedded>(&config);
        if config.contains("join: auto") && !is_native {
            let marks = binary.instance_per_chunk() || config.contains("format: msgpack");
            let join = if marks { "mark" } else { "filter" };
            assert_eq!(common::filter_settings(&objects)["join"], join, "{binary}");
        }
        let objects: Vec<Value> = objects
            .into_iter()
            .map(|object: Object| object.into())
            .collect();
        std::fs::write(&file, Value::from(objects).to_string())
            .expect("the objects can be written");
        let output = Command::new(&python)
            .arg(common::root().join("tests/deliver.py"))
            .arg(&binary.path)
            .arg(&file)
            .args(mode)
            .output()
            .expect("python3 runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{binary}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        eprintln!("{binary}: {}", said.trim());
    }
}

#[test]
fn every_record_arrives_where_and_as_it_should() {
    deliver("fluent-bit-delivers", &[], &DEFAULTS);
}

#[test]
fn fluent_bit_joins_lines_where_it_is_asked_to() {
    let changes = [DEFAULTS[1], DEFAULTS[2]];
    deliver("fluent-bit-delivers-host", &[], &changes);
}

#[test]
fn the_same_records_arrive_by_msgpack() {
    let changes = [DEFAULTS[0]];
    deliver("fluent-bit-delivers-msgpack", &[], &changes);
}

/// The pipeline in YAML is the same pipeline.
#[test]
fn the_same_records_arrive_by_yaml() {
    let yaml = ("syntax: classic", "syntax: yaml");
    let changes = [DEFAULTS[0], DEFAULTS[1], DEFAULTS[2], yaml];
    deliver("fluent-bit-delivers-yaml", &[], &changes);
}

#[test]
fn stock_filters_do_what_is_said_of_them() {
    deliver("fluent-bit-native", &["--native"], &[]);
}

#[test]
fn stock_filters_join_lines_where_they_are_asked_to() {
    let host = ("join: auto", "join: host");
    deliver("fluent-bit-native-host", &["--native"], &[host]);
}

#[test]
fn an_outage_and_a_kill_lose_nothing() {
    deliver("fluent-bit-outage", &["--outage"], &DEFAULTS);
}

/// The pods must not be killed for want of DNS, and names from the tag are better than none.
#[test]
fn without_dns_it_starts_all_the_same() {
    deliver("fluent-bit-no-dns", &["--no-dns"], &DEFAULTS);
}

#[test]
fn the_api_server_is_asked_about_pods() {
    deliver("fluent-bit-kubernetes", &["--kubernetes"], &DEFAULTS);
}

/// Where a record holds 15 fields and no more, cluster and tenant are still among them.
#[test]
fn what_the_api_server_knows_arrives_by_msgpack() {
    let changes = [DEFAULTS[0]];
    deliver("fluent-bit-kubernetes-msgpack", &["--kubernetes"], &changes);
}
