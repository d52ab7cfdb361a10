//! Running the function from a test. Each test file uses a part of this.
#![allow(dead_code)]

pub(crate) mod references;

use krm_rs::{Dispatcher, Object, Outcome, ResourceList, Value, yaml};
use observability_stack::{Embedded, Modules, ObservabilityStack, Source};
use std::path::PathBuf;

/// The smallest module there is: golden files stay readable, and do not change with the filters.
pub(crate) struct Placeholder;

impl Source for Placeholder {
    fn modules() -> Modules<'static> {
        Modules {
            audit: b"\0asm\x01\0\0\0",
            container_logs: b"\0asm\x01\0\0\0",
            ..Modules::default()
        }
    }
}

/// Whether the function carries the real filter; says that `test` is skipped where it was built without.
pub(crate) fn has_filter(test: &str) -> bool {
    let built = leafpack_peer::dist_or_skip(test, "filters/container-logs.wasm").is_some();
    assert!(
        !built || !Embedded::modules().container_logs.is_empty(),
        "dist/ has the filter and this crate was built without it: build it again"
    );
    built
}

/// This crate's folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the function on a functionConfig and no items, with any modules.
pub(crate) fn run<M: Source>(config: &str) -> Outcome {
    run_on::<M>(config, Vec::new())
}

/// Runs the function on a functionConfig and items.
pub(crate) fn run_on<M: Source>(config: &str, items: Vec<Object>) -> Outcome {
    let config = yaml::load_one(config.as_bytes()).expect("a test's config is YAML");
    let config = Object::try_from(config).expect("a test's config is an object");
    let input = ResourceList::new(items, Some(config)).write(&krm_rs::Results::new());
    Dispatcher::new()
        .with::<ObservabilityStack<M>>()
        .process(input.as_bytes())
}

/// The items of an answer.
pub(crate) fn items(outcome: &Outcome) -> Vec<Object> {
    let list = ResourceList::read(&outcome.stdout).expect("the answer is a ResourceList");
    list.items.into_iter().collect()
}

/// The objects that a good configuration makes, with the placeholder for a module.
pub(crate) fn objects(config: &str) -> Vec<Object> {
    objects_with::<Placeholder>(config)
}

/// The objects that a good configuration makes.
pub(crate) fn objects_with<M: Source>(config: &str) -> Vec<Object> {
    let outcome = run::<M>(config);
    assert!(outcome.success, "{}", outcome.stderr);
    items(&outcome)
}

/// What the filter reads.
pub(crate) fn filter_settings(objects: &[Object]) -> Value {
    let text = filter_settings_text(objects);
    // YAML takes more than JSON, and would hide what is none.
    let fields = leafpack_peer::json::fields(text.as_bytes());
    let fields = fields.unwrap_or_else(|fault| panic!("{fault}"));
    assert!(leafpack_peer::json::twice(&fields).is_empty(), "{text}");
    Value::Object(fields.into_iter().collect())
}

/// The same as text.
pub(crate) fn filter_settings_text(objects: &[Object]) -> &str {
    let mut maps = objects.iter();
    let text = maps.find_map(|object| object.get_str("data[container-logs.json]"));
    text.expect("a ConfigMap has the filter's settings")
}

/// An annotation of Fluent Bit's pods.
pub(crate) fn pod_annotation<'o>(objects: &'o [Object], key: &str) -> Option<&'o str> {
    let is_it = |object: &&Object| object.kind() == "DaemonSet" && object.name() == "fluent-bit";
    let daemon_set = objects.iter().find(is_it)?;
    daemon_set.get_str(&format!("spec.template.metadata.annotations[{key}]"))
}
