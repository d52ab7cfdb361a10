//! Running the function from a test. Each test file uses a part of this.
#![allow(dead_code)]

use fluent_bit_filters::{Embedded, FluentBitFilters, Modules, Source};
use krm_rs::{Dispatcher, Object, Outcome, ResourceList, yaml};
use std::path::PathBuf;

/// The smallest modules there are: golden files stay readable, and do not change with the filters.
pub(crate) struct Placeholder;

impl Source for Placeholder {
    fn modules() -> Modules<'static> {
        Modules {
            audit: b"\0asm\x01\0\0\0",
            container_logs: b"\0asm\x01\0\0\0",
            cri: b"\0asm\x01\0\0\0",
            tenant: b"\0asm\x01\0\0\0",
        }
    }
}

/// Whether the function carries the real filters; says that `test` is skipped where it was built without.
pub(crate) fn has_filters(test: &str) -> bool {
    let built = leafpack_peer::dist_or_skip(test, "filters/container-logs.wasm").is_some();
    assert!(
        !built || !Embedded::modules().container_logs.is_empty(),
        "dist/ has the filters and this crate was built without them: build it again"
    );
    built
}

/// This crate's folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every object of a stream of documents.
pub(crate) fn objects(text: &str) -> Vec<Object> {
    let documents = yaml::load(text.as_bytes()).expect("a test's objects are YAML");
    let documents = documents.into_iter().filter(|document| !document.is_null());
    documents
        .map(|document| Object::try_from(document).expect("a test's objects are objects"))
        .collect()
}

/// Runs the function on a functionConfig and items.
pub(crate) fn run<M: Source>(config: &str, items: Vec<Object>) -> Outcome {
    let config = yaml::load_one(config.as_bytes()).expect("a test's config is YAML");
    let config = Object::try_from(config).expect("a test's config is an object");
    let input = ResourceList::new(items, Some(config)).write(&krm_rs::Results::new());
    Dispatcher::new()
        .with::<FluentBitFilters<M>>()
        .process(input.as_bytes())
}

/// The items of an answer.
pub(crate) fn items(outcome: &Outcome) -> Vec<Object> {
    let list = ResourceList::read(&outcome.stdout).expect("the answer is a ResourceList");
    list.items.into_iter().collect()
}

/// What a good configuration makes of items, with the placeholder for modules.
pub(crate) fn changed(config: &str, input: Vec<Object>) -> Vec<Object> {
    let outcome = run::<Placeholder>(config, input);
    assert!(outcome.success, "{}", outcome.stderr);
    items(&outcome)
}

/// The object of this kind and name.
pub(crate) fn named<'o>(objects: &'o [Object], kind: &str, name: &str) -> &'o Object {
    let mut all = objects.iter();
    all.find(|object| object.kind() == kind && object.name() == name)
        .unwrap_or_else(|| panic!("there is no {kind}/{name}"))
}

/// A ConfigMap and a DaemonSet that runs it, in the classic syntax.
pub(crate) fn classic(config: &str) -> Vec<Object> {
    let template = objects(include_str!("../../fixtures/classic/input.yaml"));
    let mut made: Vec<Object> = template.into_iter().take(2).collect();
    made[0]
        .set("data[fluent-bit.conf]", config)
        .expect("a ConfigMap holds texts");
    made
}

/// A ConfigMap and a StatefulSet that runs it, in YAML.
pub(crate) fn in_yaml(config: &str) -> Vec<Object> {
    let mut made = objects(include_str!("../../fixtures/replace-yaml/input.yaml"));
    made[0]
        .set("data[fluent-bit.yaml]", config)
        .expect("a ConfigMap holds texts");
    made
}
