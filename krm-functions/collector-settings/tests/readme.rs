//! What the README says of options and defaults is so, and the example is what it shows.

mod common;

use collector_settings::CollectorSettings;
use common::{example, run};
use krm_rs::{Object, yaml};
use leafpack_function_tests::golden::read;
use leafpack_function_tests::{items, objects_on, parse, readme, tree};

const README: &str = include_str!("../README.md");

/// The smallest configuration in which every default can be written out.
const MINIMAL: &str = "
apiVersion: leafpack.dev/v1alpha1
kind: CollectorSettings
metadata: {name: apps}
spec:
  cluster: apps
  remoteWrite:
    url: https://metrics.example.com
    auth: {secret: remote-write, kind: KIND}
";

fn made(config: &str, given: &str) -> Vec<Object> {
    objects_on::<CollectorSettings>(config, parse(given))
}

#[test]
fn a_default_that_is_written_changes_nothing() {
    let agent =
        "apiVersion: operator.victoriametrics.com/v1beta1\nkind: VMAgent\nmetadata: {name: a}\n";
    for kind in ["bearer", "basic"] {
        let minimal = MINIMAL.replace("KIND", kind);
        let defaults =
            readme::defaults_change_nothing(README, &minimal, |config| made(config, agent));
        assert_eq!(defaults, 11, "{:?}", readme::rows(README));
    }
}

/// A default that is not the one of the table would change something: the defaults are really the code's.
#[test]
fn another_value_changes_something() {
    let two = "apiVersion: operator.victoriametrics.com/v1beta1\nkind: VMAgent\nmetadata: {name: a, namespace: n}\nspec: {externalLabels: {cluster: old}}\n";
    let basic = MINIMAL.replace("KIND", "basic");
    for (option, value) in [
        ("labels", "{a: b}"),
        ("remoteWrite.sendTimeout", "10s"),
        ("remoteWrite.auth.usernameKey", "user"),
        ("remoteWrite.auth.passwordKey", "pass"),
        ("target.kind", "Prometheus"),
        ("target.name", "b"),
        ("target.namespace", "m"),
        ("target.block", "c"),
        ("existing", "refuse"),
    ] {
        let config = yaml::emit(&readme::with(&basic, "existing", "replace"));
        let expected = made(&config, two);
        let other = yaml::emit(&readme::with(&config, option, value));
        let outcome = run(&other, parse(two));
        assert!(
            !outcome.success || items(&outcome) != expected,
            "{option}: {value}"
        );
    }
}

/// Every field of the fixture that sets them all has a row, and every row is a field of it.
#[test]
fn the_table_has_every_option() {
    let config = tree(include_str!("../fixtures/vm-agent/config.yaml"));
    let expected = readme::options(&config["spec"], |path| path == "labels");
    assert_eq!(readme::names(README), expected);
}

#[test]
fn the_example_is_the_one_that_is_shown() {
    let folder = example();
    let example = read(&folder, "collector-settings.yaml");
    assert_eq!(readme::example(README), Some(example.as_str()));
    let collectors = ["vmagent.yaml", "kube-prometheus-stack.yaml"];
    let texts = collectors.map(|file| read(&folder, file)).join("---\n");
    let changed = made(&example, &texts);
    let labels = [
        "spec.externalLabels",
        "spec.values.prometheus.prometheusSpec.externalLabels",
    ];
    for (object, labels) in changed.iter().zip(labels) {
        let cluster = object.get_str(&format!("{labels}.cluster"));
        assert_eq!(cluster, Some("apps"), "{}", object.id());
    }
}
