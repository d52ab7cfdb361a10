//! What comes out for each `fixtures/<name>/config.yaml` is what `fixtures/<name>/expected.yaml` says.
//!
//! `UPDATE_GOLDEN=1 cargo test` writes them anew; read the difference.

mod common;

use common::{Placeholder, items, objects, root, run, run_on};
use krm_rs::{Object, yaml};
use std::fs;
use std::path::PathBuf;

fn fixtures() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("fixtures")).expect("the fixtures are there");
    let paths = folder.map(|entry| entry.expect("the folder can be read").path());
    let mut paths: Vec<_> = paths.filter(|p| p.join("config.yaml").exists()).collect();
    paths.sort();
    assert!(paths.len() >= 4, "{paths:?}");
    paths
}

#[test]
fn every_fixture_gives_its_golden_file() {
    for fixture in fixtures() {
        let config = fs::read_to_string(fixture.join("config.yaml")).expect("a config");
        let text = yaml::emit_all(objects(&config).iter().map(Object::as_value));
        let golden = fixture.join("expected.yaml");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &text).expect("the golden file can be written");
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if text != expected {
            let line = text.lines().zip(expected.lines()).position(|(a, b)| a != b);
            panic!(
                "{} differs, first in line {:?}; UPDATE_GOLDEN=1 cargo test writes it anew",
                golden.display(),
                line.map(|line| line + 1)
            );
        }
    }
}

/// As a transformer sees its own output on a second run.
#[test]
fn a_second_run_changes_nothing() {
    for fixture in fixtures() {
        let config = fs::read_to_string(fixture.join("config.yaml")).expect("a config");
        let first = run::<Placeholder>(&config);
        let second = run_on::<Placeholder>(&config, items(&first));
        assert_eq!(
            String::from_utf8_lossy(&second.stdout),
            String::from_utf8_lossy(&first.stdout)
        );
    }
}

/// Somebody else's objects stay where and as they are, ahead of the stack's.
#[test]
fn other_items_stay() {
    let config = fs::read_to_string(root().join("fixtures/minimal/config.yaml")).expect("a config");
    let theirs = Object::new("v1", "ConfigMap", "fluent-bit")
        .with_namespace("elsewhere")
        .with_annotation("internal.config.kubernetes.io/index", "7");
    let outcome = run_on::<Placeholder>(&config, vec![theirs.clone()]);
    let all = items(&outcome);
    assert_eq!(all[0], theirs);
    assert_eq!(all[1..], objects(&config));
}
