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

/// With other options, what an earlier run made and this one does not is gone; all else stays.
#[test]
fn what_is_no_longer_made_goes() {
    let config = fs::read_to_string(root().join("fixtures/minimal/config.yaml")).expect("a config");
    let theirs = Object::new("v1", "ConfigMap", "theirs")
        .with_label("app.kubernetes.io/managed-by", "leafpack")
        .with_label("leafpack.dev/stack", "another");
    let copied = Object::new("v1", "ConfigMap", "copied").with_label("leafpack.dev/stack", "edge");
    let mut first = items(&run::<Placeholder>(&config));
    first.splice(0..0, [theirs.clone(), copied.clone()]);

    let changed = format!(
        "{config}  createNamespace: false\n  logs: {{kubernetes: false}}\n  metrics: {{scrape: none}}\n  \
         network: {{policy: cilium}}\n  operator: {{install: false}}\n  \
         collectors: {{vmagent: {{install: none}}, kubeStateMetrics: {{enabled: false}}, nodeExporter: {{enabled: false}}}}\n"
    );
    let second = items(&run_on::<Placeholder>(&changed, first.clone()));
    assert_eq!(second[..2], [theirs, copied]);
    assert_eq!(second.len() - 2, objects(&changed).len());
    for object in objects(&changed) {
        assert!(second.contains(&object), "{}", object.id());
    }
    let gone: Vec<String> = first
        .iter()
        .filter(|old| !second.iter().any(|new| new.is_same(old)))
        .map(|gone| format!("{} {}", gone.kind(), gone.name()))
        .collect();
    for gone_too in [
        "Namespace observability",
        "HelmRelease victoria-metrics-operator",
        "Deployment kube-state-metrics",
        "DaemonSet node-exporter",
        "VMAgent edge",
        "ClusterRole observability-fluent-bit",
        "NetworkPolicy fluent-bit",
        "VMServiceScrape fluent-bit",
        "VMNodeScrape kubelet",
    ] {
        assert!(
            gone.iter().any(|gone| gone == gone_too),
            "{gone_too}: {gone:?}"
        );
    }
    assert!(
        !gone
            .iter()
            .any(|gone| gone.starts_with("ConfigMap fluent-bit"))
    );
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
