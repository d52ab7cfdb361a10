//! Every object of the golden files is valid against strict schemas, as those of the stack are, by the same script. There
//! are none for fluent-operator's objects, so these are not looked at.

mod common;

use common::root;
use leafpack_function_tests::golden::read;
use leafpack_function_tests::schemas::Schemas;
use std::path::{Path, PathBuf};

const TEST: &str = "filters-schemas";

fn golden(name: &str) -> PathBuf {
    root().join("fixtures").join(name).join("expected.yaml")
}

#[test]
fn every_object_is_valid() {
    let Some(schemas) = Schemas::or_skip(TEST) else {
        return;
    };
    let names = [
        "classic",
        "existing-config-map",
        "flux",
        "helm",
        "helm-defaults",
        "includes",
        "inputs",
        "replace",
        "replace-yaml",
        "yaml",
    ];
    let checked = schemas.validate(&names.map(golden));
    checked.unwrap_or_else(|problems| panic!("{problems}"));
}

/// The check can fail: on what this function puts into a workload.
#[test]
fn an_unknown_field_is_found() {
    let Some(schemas) = Schemas::or_skip(TEST) else {
        return;
    };
    let text = read(root(), "fixtures/classic/expected.yaml");
    let (right, wrong) = ("readOnly: true", "readonly: true");
    assert!(text.contains(right));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken.yaml");
    let checked = schemas.validate_text(&file, &text.replace(right, wrong));
    assert!(checked.is_err(), "{checked:?}");
}
