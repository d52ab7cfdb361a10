//! What comes out for each `fixtures/<name>/config.yaml` is what `fixtures/<name>/expected.yaml` says.
//!
//! `UPDATE_GOLDEN=1 cargo test` writes them anew; read the difference.

mod common;

use common::{objects, root, run, run_on};
use krm_rs::Object;
use leafpack_function_tests::golden::{self, read, same};
use leafpack_function_tests::{Placeholder, emit, items};
use std::path::PathBuf;

fn fixtures() -> Vec<PathBuf> {
    golden::fixtures(root(), "config.yaml", 4)
}

#[test]
fn every_fixture_gives_its_golden_file() {
    for fixture in fixtures() {
        let made = objects(&read(&fixture, "config.yaml"));
        same(&fixture.join("expected.yaml"), &emit(&made));
    }
}

/// As a transformer sees its own output on a second run.
#[test]
fn a_second_run_changes_nothing() {
    for fixture in fixtures() {
        let config = read(&fixture, "config.yaml");
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
    let config = read(root(), "fixtures/minimal/config.yaml");
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
    let config = read(root(), "fixtures/minimal/config.yaml");
    let theirs = Object::new("v1", "ConfigMap", "fluent-bit")
        .with_namespace("elsewhere")
        .with_annotation("internal.config.kubernetes.io/index", "7");
    let outcome = run_on::<Placeholder>(&config, vec![theirs.clone()]);
    let all = items(&outcome);
    assert_eq!(all[0], theirs);
    assert_eq!(all[1..], objects(&config));
}
