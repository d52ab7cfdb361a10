//! What the README says of options and defaults is so, and the examples are what it shows.

mod common;

use common::{changed, objects, root};
use krm_rs::{Map, Object, Path, Value, yaml};
use std::fs;

const README: &str = include_str!("../README.md");

/// A configuration with everything that has a default left out, but for the list that options stand in.
const MINIMAL: &str = "apiVersion: leafpack.dev/v1alpha1\nkind: FluentBitFilters\nmetadata: {name: fluent-bit}\nspec: {cluster: apps}\n";

fn input() -> Vec<Object> {
    objects(include_str!("../fixtures/classic/input.yaml"))
}

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

#[test]
fn a_default_that_is_written_changes_nothing() {
    let expected = changed(MINIMAL, input());
    let rows = rows();
    let mut defaults = 0;
    for (option, default) in &rows {
        if default.is_empty() {
            continue;
        }
        let mut config = tree(MINIMAL);
        let path = Path::parse(&format!("spec.{option}")).expect("an option is a path");
        let default_value = match *default {
            "\"\"" => Value::from(""),
            default => tree(default),
        };
        path.set(&mut config, default_value).expect("it can be set");
        let made = changed(&yaml::emit(&config), input());
        assert_eq!(made, expected, "{option}: {default}");
        defaults += 1;
    }
    assert_eq!(defaults, 8, "{rows:?}");
}

/// Every row is an option, and every option has a row: the message about an unknown field lists what is known.
#[test]
fn the_table_has_every_option() {
    fn options(prefix: &str, fields: &Map<String, Value>, out: &mut Vec<String>) {
        for (name, value) in fields {
            let path = format!("{prefix}{name}");
            match value {
                Value::Object(inner)
                    if !path.ends_with("namespaces") && !path.ends_with("settings") =>
                {
                    options(&format!("{path}."), inner, out);
                }
                Value::Array(items) => {
                    out.push(path.clone());
                    let inner = items[0].as_object().expect("an entry");
                    options(&format!("{path}[0]."), inner, out);
                }
                _ => out.push(path),
            }
        }
    }

    let all = tree(
        "apiVersion: leafpack.dev/v1alpha1\nkind: FluentBitFilters\nmetadata: {name: a}\nspec:\n  cluster: a\n  environment: b\n\
         \x20 tenant: {default: c, namespaces: {d: e}, label: f}\n\
         \x20 target: {kind: DaemonSet, name: fluent-bit, namespace: logging}\n\
         \x20 filters: [{filter: container-logs, match: kube.*, position: last, format: json, settings: {}}]\n  replace: true\n",
    );
    // It is a good one.
    changed(&yaml::emit(&all), input());
    let mut expected = Vec::new();
    options("", all["spec"].as_object().expect("a spec"), &mut expected);
    expected.sort();
    let mut found: Vec<_> = rows()
        .iter()
        .map(|(option, _)| (*option).to_owned())
        .collect();
    found.sort();
    assert_eq!(found, expected);

    for path in ["", "tenant.", "target.", "filters[0]."] {
        let mut config = all.clone();
        let place = Path::parse(&format!("spec.{path}zzzzzz")).expect("a path");
        place
            .set(&mut config, Value::from(1))
            .expect("it can be set");
        let said = common::run::<common::Placeholder>(&yaml::emit(&config), input()).stderr;
        let (_, known) = said
            .split_once("known are: ")
            .unwrap_or_else(|| panic!("{said}"));
        let known = known.lines().next().unwrap_or_default();
        for name in known.split(", ") {
            let option = format!("{path}{name}");
            let is_row = |row: &&String| **row == option || row.starts_with(&format!("{option}."));
            assert!(found.iter().any(|row| is_row(&row)), "{option}");
        }
    }
}

#[test]
fn the_example_is_the_one_that_is_shown() {
    let shown = README
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let example = root().join("../../examples/existing-fluent-bit/config-map/leafpack.yaml");
    let example = fs::read_to_string(example).expect("the example is there");
    assert_eq!(shown, Some(example.as_str()));
}
