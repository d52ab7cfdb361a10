//! Running the function from a test. Each test file uses a part of this.
#![allow(dead_code)]

use collector_settings::CollectorSettings;
use krm_rs::{Object, Outcome};
use leafpack_function_tests::{golden, run_on};
use std::path::PathBuf;

/// This crate's folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the example.
pub(crate) fn example() -> PathBuf {
    root().join("../../examples/existing-collectors")
}

/// The folders below `fixtures` with what comes in and what comes out, sorted.
pub(crate) fn fixtures() -> Vec<PathBuf> {
    golden::fixtures(root(), "items.yaml", 8)
}

/// Runs the function on a functionConfig and items.
pub(crate) fn run(config: &str, items: Vec<Object>) -> Outcome {
    run_on::<CollectorSettings>(config, items)
}
