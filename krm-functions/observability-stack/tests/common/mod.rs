//! Running the function from a test. Each test file uses a part of this.
#![allow(dead_code)]

pub(crate) mod references;

use krm_rs::{Object, Outcome, Value};
use leafpack_function_tests::{self as functions, Placeholder};
use observability_stack::{ObservabilityStack, Source};
use std::path::PathBuf;

/// This crate's folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the function on a functionConfig and no items, with any modules.
pub(crate) fn run<M: Source>(config: &str) -> Outcome {
    functions::run::<ObservabilityStack<M>>(config)
}

/// Runs the function on a functionConfig and items.
pub(crate) fn run_on<M: Source>(config: &str, items: Vec<Object>) -> Outcome {
    functions::run_on::<ObservabilityStack<M>>(config, items)
}

/// The objects that a good configuration makes, with the placeholder for a module.
pub(crate) fn objects(config: &str) -> Vec<Object> {
    objects_with::<Placeholder>(config)
}

/// The objects that a good configuration makes.
pub(crate) fn objects_with<M: Source>(config: &str) -> Vec<Object> {
    functions::objects::<ObservabilityStack<M>>(config)
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
