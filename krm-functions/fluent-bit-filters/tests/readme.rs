//! What the README says of options and defaults is so, and the examples are what it shows.

mod common;

use common::{changed, root, run};
use krm_rs::{Object, Path, Value, yaml};
use leafpack_function_tests::golden::read;
use leafpack_function_tests::{Placeholder, parse, readme, tree};

const README: &str = include_str!("../README.md");

/// A configuration with everything that has a default left out, but for the list that options stand in.
const MINIMAL: &str = "apiVersion: leafpack.dev/v1alpha1\nkind: FluentBitFilters\nmetadata: {name: fluent-bit}\nspec: {cluster: apps}\n";

fn input() -> Vec<Object> {
    parse(include_str!("../fixtures/classic/input.yaml"))
}

#[test]
fn a_default_that_is_written_changes_nothing() {
    let made = |config: &str| changed(config, input());
    let defaults = readme::defaults_change_nothing(README, MINIMAL, made);
    assert_eq!(defaults, 8, "{:?}", readme::rows(README));
}

/// Every row is an option, and every option has a row: the message about an unknown field lists what is known.
#[test]
fn the_table_has_every_option() {
    let all = tree(
        "apiVersion: leafpack.dev/v1alpha1\nkind: FluentBitFilters\nmetadata: {name: a}\nspec:\n  cluster: a\n  environment: b\n\
         \x20 tenant: {default: c, namespaces: {d: e}, label: f}\n\
         \x20 target: {kind: DaemonSet, name: fluent-bit, namespace: logging}\n\
         \x20 filters: [{filter: container-logs, match: kube.*, position: last, format: json, settings: {}}]\n  replace: true\n",
    );
    // It is a good one.
    changed(&yaml::emit(&all), input());
    let is_of_names = |path: &str| path.ends_with("namespaces") || path.ends_with("settings");
    let found = readme::names(README);
    assert_eq!(found, readme::options(&all["spec"], is_of_names));

    for path in ["", "tenant.", "target.", "filters[0]."] {
        let mut config = all.clone();
        let place = Path::parse(&format!("spec.{path}zzzzzz")).expect("a path");
        place
            .set(&mut config, Value::from(1))
            .expect("it can be set");
        let said = run::<Placeholder>(&yaml::emit(&config), input()).stderr;
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
    let example = read(
        root(),
        "../../examples/existing-fluent-bit/config-map/leafpack.yaml",
    );
    assert_eq!(readme::example(README), Some(example.as_str()));
}
