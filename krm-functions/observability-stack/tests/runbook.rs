//! The runbook of each fixture: `fixtures/<name>/runbook.md`; `UPDATE_GOLDEN=1 cargo test` writes it anew.

mod common;

use common::{objects, root};
use leafpack_function_tests::golden::{self, same};
use leafpack_function_tests::{self as functions, Placeholder};
use observability_stack::ObservabilityRunbook;

/// The runbook that a configuration gives.
fn runbook(config: &str) -> String {
    let config = config.replace("kind: ObservabilityStack", "kind: ObservabilityRunbook");
    let made = functions::objects::<ObservabilityRunbook<Placeholder>>(&config);
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].kind(), "ConfigMap");
    made[0]
        .get_str("data[runbook.md]")
        .expect("a runbook")
        .to_owned()
}

fn configs() -> Vec<(String, String)> {
    golden::texts(root(), "config.yaml", 4)
}

#[test]
fn every_fixture_gives_its_runbook() {
    for (name, config) in configs() {
        let text = runbook(&config);
        let golden = root().join("fixtures").join(&name).join("runbook.md");
        same(&golden, &text);
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

/// Every Secret that anything reads, with its keys: of an environment, of the operator's resources, of a configuration.
#[test]
fn secrets_are_listed() {
    let of = |text: &str, name: &str| -> String {
        let row = text
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")));
        row.unwrap_or_else(|| panic!("{name}: {text}")).to_owned()
    };
    let hub = runbook(include_str!("../fixtures/hub-ha/config.yaml"));
    for (name, keys) in [
        ("alert-receivers", "`pager`, `slack`"),
        ("dead-mans-switch", "`url`"),
        ("grafana-admin", "`admin-password`, `admin-user`"),
        ("hub-writer-apps", "`password`"),
    ] {
        let row = of(&hub, name);
        assert!(
            row.contains(keys) && row.contains("has to be there"),
            "{row}"
        );
    }
    let spoke = runbook(include_str!("../fixtures/spoke/config.yaml"));
    let row = of(&spoke, "hub-writer");
    assert!(
        row.ends_with("| SecretStore `vault`, `observability/hub-writer` |"),
        "{row}"
    );
    assert!(
        row.contains("DaemonSet `fluent-bit`, VMAgent `apps`"),
        "{row}"
    );
    let none = runbook(include_str!("../fixtures/minimal/config.yaml"));
    assert!(!none.contains("| Secret |"));
}
