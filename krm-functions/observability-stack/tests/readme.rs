//! What the README says of options and defaults is so, and the examples are what it shows.

mod common;

use common::{objects, root};
use krm_rs::{Path, Value, yaml};
use std::fs;

const README: &str = include_str!("../README.md");
const MINIMAL: &str = include_str!("../fixtures/minimal/config.yaml");

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
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
    let expected = objects(MINIMAL);
    let rows = rows();
    let mut defaults = 0;
    for (option, default) in &rows {
        if default.is_empty() {
            continue;
        }
        let mut config = tree(MINIMAL);
        let path = Path::parse(&format!("spec.{option}")).expect("an option is a path");
        path.set(&mut config, tree(default)).expect("it can be set");
        assert_eq!(
            objects(&yaml::emit(&config)),
            expected,
            "{option}: {default}"
        );
        defaults += 1;
    }
    assert!(defaults > 15, "{rows:?}");
}

#[test]
fn the_example_is_the_one_that_is_shown() {
    let shown = README
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let example = read("../../examples/spoke/stack.yaml");
    assert_eq!(shown, Some(example.as_str()));
    assert!(!objects(&example).is_empty());
}

#[test]
fn the_example_for_kubectl_differs_in_the_annotation_only() {
    let mut function = tree(&read("../../examples/spoke/stack.yaml"));
    let plugin = tree(&read("../../examples/spoke-kubectl/stack.yaml"));
    let metadata = function["metadata"].as_object_mut().expect("metadata");
    assert!(metadata.shift_remove("annotations").is_some());
    assert_eq!(function, plugin);
}

/// Every test that `docs/spoke.md` and `docs/hub.md` name is there.
#[test]
fn the_table_of_values_names_tests_that_are_there() {
    let text = read("../../docs/spoke.md") + &read("../../docs/hub.md");
    let mut file = String::new();
    let mut seen = 0;
    // Between backticks stand files and their tests.
    for word in text.split('`').skip(1).step_by(2) {
        if word.contains('/') {
            file.clear();
        } else if word.ends_with(".rs") {
            file = read(&format!("tests/{word}"));
        } else if word.contains('_') && word.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            let is_test = file.contains(&format!("fn {word}("));
            // Names of fields and functions of others have no file before them.
            if !file.is_empty() && word.matches('_').count() >= 3 {
                assert!(is_test, "{word}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 25, "{seen}");
}
