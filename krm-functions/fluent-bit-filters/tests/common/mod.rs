//! Running the function from a test. Each test file uses a part of this.
#![allow(dead_code)]

use fluent_bit_filters::{FluentBitFilters, Source};
use krm_rs::{Object, Outcome};
use leafpack_function_tests::{Placeholder, objects_on, parse, run_on};
use std::path::PathBuf;

/// This crate's folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the function on a functionConfig and items.
pub(crate) fn run<M: Source>(config: &str, items: Vec<Object>) -> Outcome {
    run_on::<FluentBitFilters<M>>(config, items)
}

/// What a good configuration makes of items, with the placeholder for modules.
pub(crate) fn changed(config: &str, input: Vec<Object>) -> Vec<Object> {
    objects_on::<FluentBitFilters<Placeholder>>(config, input)
}

/// The object of this kind and name.
pub(crate) fn named<'o>(objects: &'o [Object], kind: &str, name: &str) -> &'o Object {
    let mut all = objects.iter();
    all.find(|object| object.kind() == kind && object.name() == name)
        .unwrap_or_else(|| panic!("there is no {kind}/{name}"))
}

/// A ConfigMap and a DaemonSet that runs it, in the classic syntax.
pub(crate) fn classic(config: &str) -> Vec<Object> {
    let template = parse(include_str!("../../fixtures/classic/input.yaml"));
    let mut made: Vec<Object> = template.into_iter().take(2).collect();
    made[0]
        .set("data[fluent-bit.conf]", config)
        .expect("a ConfigMap holds texts");
    made
}

/// A ConfigMap and a StatefulSet that runs it, in YAML.
pub(crate) fn in_yaml(config: &str) -> Vec<Object> {
    let mut made = parse(include_str!("../../fixtures/replace-yaml/input.yaml"));
    made[0]
        .set("data[fluent-bit.yaml]", config)
        .expect("a ConfigMap holds texts");
    made
}
