//! What the README says of options and defaults is so, and the example is what it shows.

mod common;

use common::{items, objects, read, root, run};
use krm_rs::{Map, Object, Path, Value, yaml};

const README: &str = include_str!("../README.md");
const EXAMPLE: &str = "../../examples/existing-collectors";

fn tree(text: &str) -> Value {
    yaml::load_one(text.as_bytes()).expect("YAML")
}

/// The options' table: option and default.
fn rows() -> Vec<(&'static str, &'static str)> {
    let table = README
        .split("| option | default | |\n")
        .nth(1)
        .expect("the table of options");
    let lines = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let cells = lines.map(|line| {
        let mut cells = line.split('|').map(|cell| cell.trim().trim_matches('`'));
        (
            cells.nth(1).unwrap_or_default(),
            cells.next().unwrap_or_default(),
        )
    });
    cells.collect()
}

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

fn made(config: &str, items_of: &str) -> Vec<Object> {
    let outcome = run(config, objects(items_of));
    assert!(outcome.success, "{}", outcome.stderr);
    items(&outcome)
}

#[test]
fn a_default_that_is_written_changes_nothing() {
    let agent =
        "apiVersion: operator.victoriametrics.com/v1beta1\nkind: VMAgent\nmetadata: {name: a}\n";
    let rows = rows();
    let mut defaults = 0;
    for kind in ["bearer", "basic"] {
        let minimal = MINIMAL.replace("KIND", kind);
        let expected = made(&minimal, agent);
        for (option, default) in &rows {
            if default.is_empty() {
                continue;
            }
            let mut config = tree(&minimal);
            let path = Path::parse(&format!("spec.{option}")).expect("an option is a path");
            path.set(&mut config, tree(default)).expect("it can be set");
            assert_eq!(
                made(&yaml::emit(&config), agent),
                expected,
                "{option}: {default}"
            );
            defaults += 1;
        }
    }
    assert_eq!(defaults, 2 * 11, "{rows:?}");
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
        let mut config = tree(&basic);
        let set = |config: &mut Value, option: &str, value: &str| {
            let path = Path::parse(&format!("spec.{option}")).expect("an option is a path");
            path.set(config, tree(value)).expect("it can be set");
        };
        set(&mut config, "existing", "replace");
        let expected = made(&yaml::emit(&config), two);
        set(&mut config, option, value);
        let outcome = run(&yaml::emit(&config), objects(two));
        assert!(
            !outcome.success || items(&outcome) != expected,
            "{option}: {value}"
        );
    }
}

/// Every field of the fixture that sets them all has a row, and every row is a field of it.
#[test]
fn the_table_has_every_option() {
    fn options(prefix: &str, fields: &Map<String, Value>, out: &mut Vec<String>) {
        for (name, value) in fields {
            let path = format!("{prefix}{name}");
            match value {
                Value::Object(inner) if path != "labels" => {
                    options(&format!("{path}."), inner, out);
                }
                _ => out.push(path),
            }
        }
    }

    let config = tree(include_str!("../fixtures/vm-agent/config.yaml"));
    let mut expected = Vec::new();
    options(
        "",
        config["spec"].as_object().expect("a spec"),
        &mut expected,
    );
    expected.sort();
    let mut found: Vec<_> = rows()
        .iter()
        .map(|(option, _)| (*option).to_owned())
        .collect();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_example_is_the_one_that_is_shown() {
    let shown = README
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let folder = root().join(EXAMPLE);
    let example = read(&folder, "collector-settings.yaml");
    assert_eq!(shown, Some(example.as_str()));
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
