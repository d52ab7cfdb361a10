//! Running the function from a test. Each test file uses a part of this.
#![allow(dead_code)]

use collector_settings::CollectorSettings;
use krm_rs::{Dispatcher, Object, Outcome, ResourceList, Results, yaml};
use std::fs;
use std::path::PathBuf;

/// This crate's folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folders below `fixtures` with what comes in and what comes out, sorted.
pub(crate) fn fixtures() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("fixtures")).expect("the fixtures are there");
    let paths = folder.map(|entry| entry.expect("the folder can be read").path());
    let mut paths: Vec<_> = paths.filter(|p| p.join("items.yaml").exists()).collect();
    paths.sort();
    assert!(paths.len() >= 8, "{paths:?}");
    paths
}

/// A file of a fixture.
pub(crate) fn read(fixture: &std::path::Path, file: &str) -> String {
    let path = fixture.join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The objects of a stream of documents.
pub(crate) fn objects(stream: &str) -> Vec<Object> {
    let list = ResourceList::read(stream.as_bytes()).expect("YAML");
    list.items.into_iter().collect()
}

/// Runs the function on a functionConfig and items.
pub(crate) fn run(config: &str, items: Vec<Object>) -> Outcome {
    let config = yaml::load_one(config.as_bytes()).expect("a test's config is YAML");
    let config = Object::try_from(config).expect("a test's config is an object");
    let input = ResourceList::new(items, Some(config)).write(&Results::new());
    Dispatcher::new()
        .with::<CollectorSettings>()
        .process(input.as_bytes())
}

/// The items of an answer.
pub(crate) fn items(outcome: &Outcome) -> Vec<Object> {
    let list = ResourceList::read(&outcome.stdout).expect("the answer is a ResourceList");
    list.items.into_iter().collect()
}

/// Holds a text to a snapshot of its own name.
pub(crate) fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("../snapshots");
    settings.bind(|| insta::assert_snapshot!(name, text));
}
