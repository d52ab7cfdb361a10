//! The generated pipeline in the real Fluent Bit, from log files to a hub that listens on this machine.
//!
//! Uses every binary that `FLUENT_BIT` names (several: separated by a colon), or the `fluent-bit` on the path, with the
//! filter module that this crate was built with.

mod common;

use common::{has_filter, objects_with};
use krm_rs::{Object, Value};
use leafpack_peer as peer;
use observability_stack::Embedded;
use std::path::PathBuf;
use std::process::Command;

/// Values for `deliver.py`: an address of this machine, and no API server.
const CONFIG: &str = include_str!("../fixtures/spoke/config.yaml");

fn deliver(test: &str, mode: &[&str]) {
    let binaries = peer::fluent_bits_or_skip(test);
    if binaries.is_empty() || !has_filter(test) {
        return;
    }
    let Some(python) = peer::find("python3") else {
        peer::skip(test, "python");
        return;
    };
    let mut config = CONFIG.replace("10.20.0.5", "127.0.0.1");
    if mode.contains(&"--kubernetes") {
        config = config.replace("kubernetes: false", "kubernetes: true");
        config = config.replace("podExclude: false", "podExclude: true");
    }
    if mode.contains(&"--no-dns") {
        config = config.replace("kubernetes: false", "kubernetes: true");
    } else {
        config = config.replace("ipv6: false", "ipv6: true");
    }
    let objects: Vec<Value> = objects_with::<Embedded>(&config)
        .into_iter()
        .map(|object: Object| object.into())
        .collect();
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.json"));
    std::fs::write(&file, Value::from(objects).to_string()).expect("the objects can be written");
    for binary in binaries {
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
    deliver("fluent-bit-delivers", &[]);
}

#[test]
fn an_outage_and_a_kill_lose_nothing() {
    deliver("fluent-bit-outage", &["--outage"]);
}

/// The pods must not be killed for want of DNS, and names from the tag are better than none.
#[test]
fn without_dns_it_starts_all_the_same() {
    deliver("fluent-bit-no-dns", &["--no-dns"]);
}

#[test]
fn the_api_server_is_asked_about_pods() {
    deliver("fluent-bit-kubernetes", &["--kubernetes"]);
}
