//! The runbook of each fixture: `fixtures/<name>/runbook.md`; `UPDATE_GOLDEN=1 cargo test` writes it anew.

mod common;

use common::{Placeholder, items, objects, root};
use krm_rs::{Dispatcher, Object, ResourceList, yaml};
use observability_stack::ObservabilityRunbook;
use std::fs;

/// The runbook that a configuration gives.
fn runbook(config: &str) -> String {
    let config = config.replace("kind: ObservabilityStack", "kind: ObservabilityRunbook");
    let config = yaml::load_one(config.as_bytes()).expect("YAML");
    let config = Object::try_from(config).expect("an object");
    let input = ResourceList::new(Vec::new(), Some(config)).write(&krm_rs::Results::new());
    let outcome = Dispatcher::new()
        .with::<ObservabilityRunbook<Placeholder>>()
        .process(input.as_bytes());
    assert!(outcome.success, "{}", outcome.stderr);
    let made = items(&outcome);
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].kind(), "ConfigMap");
    made[0]
        .get_str("data[runbook.md]")
        .expect("a runbook")
        .to_owned()
}

fn configs() -> Vec<(String, String)> {
    let folder = fs::read_dir(root().join("fixtures")).expect("the fixtures are there");
    let mut all: Vec<_> = folder
        .map(|entry| entry.expect("the folder can be read"))
        .filter_map(|entry| {
            let config = fs::read_to_string(entry.path().join("config.yaml")).ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), config))
        })
        .collect();
    all.sort();
    all
}

#[test]
fn every_fixture_gives_its_runbook() {
    for (name, config) in configs() {
        let text = runbook(&config);
        let golden = root().join("fixtures").join(&name).join("runbook.md");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &text).expect("the golden file can be written");
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert!(
            text == expected,
            "{name}/runbook.md differs; UPDATE_GOLDEN=1 cargo test writes it anew"
        );
    }
}

/// The eight sections, at least five troubles, and no name of a Service or workload that the stack does not have.
#[test]
fn a_runbook_is_whole_and_true() {
    for (name, config) in configs() {
        let text = runbook(&config);
        let titles: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        assert_eq!(
            titles,
            [
                "Overview",
                "Architecture",
                "Endpoints",
                "Operations",
                "Troubleshooting",
                "Cross-cluster verification",
                "Tuning",
                "References",
            ],
            "{name}"
        );
        let troubles = text.lines().filter(|line| line.starts_with("### ")).count();
        assert!(troubles >= 5, "{name}: {troubles}");
        let objects = objects(&config);
        let namespace = objects
            .iter()
            .find(|object| object.kind() == "ServiceAccount")
            .expect("Fluent Bit's account")
            .namespace();
        for line in text.lines().filter(|line| line.starts_with("kubectl")) {
            assert!(
                line.starts_with(&format!("kubectl -n {namespace} ")),
                "{line}"
            );
            let Some((kind, running)) = line
                .split_whitespace()
                .find_map(|word| word.split_once('/'))
            else {
                continue;
            };
            let is_made = objects.iter().any(|object| match object.kind() {
                // As the operator calls what it makes.
                "VMCluster" => running == format!("vmstorage-{}", object.name()),
                "VLCluster" => running == format!("vlstorage-{}", object.name()),
                made if made.starts_with("VM") || made.starts_with("VL") => {
                    running == format!("{}-{}", made.to_lowercase(), object.name())
                }
                "HelmRelease" => object.get_str("spec.values.fullnameOverride") == Some(running),
                made => made.to_lowercase() == kind && object.name() == running,
            });
            assert!(is_made, "{name}: {line}");
        }
        for object in objects.iter().filter(|object| object.kind() == "Service") {
            let address = format!("{}.{}.svc", object.name(), object.namespace());
            assert!(text.contains(&address), "{name}: {address}");
        }
    }
}

/// Every variable, with its fields and where it comes from.
#[test]
fn variables_are_listed() {
    let config = include_str!("../fixtures/flux/config.yaml");
    let text = runbook(config);
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    for (name, field) in [
        ("CLUSTER", "spec.cluster"),
        ("ENVIRONMENT", "spec.environment"),
    ] {
        let is_it =
            |row: &&&str| row.contains(&format!("`{name}`")) && row.contains(&format!("`{field}`"));
        assert!(rows.iter().find(is_it).is_some(), "{name}: {rows:?}");
    }
}
