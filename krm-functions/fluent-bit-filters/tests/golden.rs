//! What comes of each `fixtures/<name>/input.yaml` with its `config.yaml` is what `expected.yaml` says, and what is said
//! about it is in `said.txt`.
//!
//! `UPDATE_GOLDEN=1 cargo test` writes them anew; read the difference.

mod common;

use common::{in_yaml, root, run};
use krm_rs::{Object, yaml};
use leafpack_function_tests::golden::{self, read, same};
use leafpack_function_tests::{Placeholder, emit, items, parse};
use std::path::PathBuf;

fn fixtures() -> Vec<PathBuf> {
    golden::fixtures(root(), "config.yaml", 12)
}

#[test]
fn every_fixture_gives_its_golden_files() {
    for fixture in fixtures() {
        let input = parse(read(&fixture, "input.yaml"));
        let outcome = run::<Placeholder>(&read(&fixture, "config.yaml"), input);
        assert!(outcome.success, "{}: {}", fixture.display(), outcome.stderr);
        same(&fixture.join("expected.yaml"), &emit(&items(&outcome)));
        same(&fixture.join("said.txt"), &outcome.stderr);
    }
}

#[test]
fn a_second_run_changes_nothing() {
    for fixture in fixtures() {
        let config = read(&fixture, "config.yaml");
        let first = items(&run::<Placeholder>(
            &config,
            parse(read(&fixture, "input.yaml")),
        ));
        let second = run::<Placeholder>(&config, first.clone());
        assert!(second.success, "{}: {}", fixture.display(), second.stderr);
        let [first, second] = [first, items(&second)].map(|made| emit(&made));
        assert_eq!(second, first, "{}", fixture.display());
        assert!(
            first.contains("leafpack.dev/config-hash"),
            "{}",
            fixture.display()
        );
    }
}

/// Objects that are none of Fluent Bit's stay as and where they are, and what is in front stays there.
#[test]
fn everything_else_stays() {
    for fixture in fixtures() {
        let input = parse(read(&fixture, "input.yaml"));
        let mut more = input.clone();
        let theirs = Object::new("v1", "ConfigMap", "theirs")
            .with_annotation("internal.config.kubernetes.io/index", "7")
            .with("data", krm_rs::json!({"text": "${A} $$ [INPUT]"}));
        more.insert(0, theirs.clone());
        let made = items(&run::<Placeholder>(&read(&fixture, "config.yaml"), more));
        assert_eq!(made[0], theirs);
        for (old, new) in input.iter().zip(&made[1..]) {
            assert!(old.is_same(new), "{} {}", old.id(), new.id());
        }
    }
}

/// With other filters, what an earlier run made of the former ones is gone.
#[test]
fn what_is_no_longer_asked_for_goes() {
    for fixture in fixtures() {
        let config = "apiVersion: leafpack.dev/v1alpha1\nkind: FluentBitFilters\nmetadata: {name: fluent-bit}\n\
                      spec: {cluster: b, filters: [{filter: tenant, match: '*'}], target: {name: %}}\n";
        let input = parse(read(&fixture, "input.yaml"));
        let first = items(&run::<Placeholder>(&read(&fixture, "config.yaml"), input));
        let settings = first
            .iter()
            .find(|object| object.name().ends_with("-leafpack-filter-settings"));
        let name = settings
            .expect("settings")
            .name()
            .trim_end_matches("-leafpack-filter-settings");
        let config = config.replace('%', name);
        let outcome = run::<Placeholder>(&config, first);
        assert!(outcome.success, "{}: {}", fixture.display(), outcome.stderr);
        let text = emit(&items(&outcome));
        for gone in [
            "container-logs.wasm",
            "container_logs",
            "cri.wasm",
            "audit.wasm",
        ] {
            assert!(
                !text.contains(gone),
                "{}: {gone}: {text}",
                fixture.display()
            );
        }
        assert!(text.contains("tenant.wasm"), "{}", fixture.display());
    }
}

/// A list of filters of which none is left still takes ours.
#[test]
fn a_list_may_become_empty() {
    let spec = "apiVersion: leafpack.dev/v1alpha1\nkind: FluentBitFilters\nmetadata: {name: fluent-bit}\n\
                spec: {cluster: apps, replace: true}\n";
    let config = "pipeline:\n  inputs:\n    - {name: tail, path: /var/log/containers/*.log, tag: kube.*}\n  \
                  filters:\n    # gone\n    - name: modify\n      match: kube.*\n      set: cluster dev\n";
    let first = run::<Placeholder>(spec, in_yaml(config));
    assert!(first.stderr.starts_with("info: "), "{}", first.stderr);
    let made = items(&first);
    let after = made[0]
        .get_str("data[fluent-bit.yaml]")
        .expect("a configuration");
    let pipeline = yaml::load_one(after.as_bytes()).expect("YAML");
    let filters = pipeline["pipeline"]["filters"].as_array().expect("filters");
    assert_eq!(filters.len(), 1, "{after}");
    assert_eq!(filters[0]["name"], "wasm");
    assert_eq!(items(&run::<Placeholder>(spec, made.clone())), made);
}
