//! What the README says of options and defaults is so, and the examples are what it shows.

mod common;

use common::{objects, root};
use leafpack_function_tests::{golden, readme, tree};

const README: &str = include_str!("../README.md");
const MINIMAL: &str = include_str!("../fixtures/minimal/config.yaml");

fn read(path: &str) -> String {
    golden::read(root(), path)
}

#[test]
fn a_default_that_is_written_changes_nothing() {
    let defaults = readme::defaults_change_nothing(README, MINIMAL, objects);
    assert!(defaults > 15, "{:?}", readme::rows(README));
}

#[test]
fn the_example_is_the_one_that_is_shown() {
    let example = read("../../examples/spoke/stack.yaml");
    assert_eq!(readme::example(README), Some(example.as_str()));
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
