//! Every object of the golden files is valid against strict schemas, as those of the stack are, by the same script. There
//! are none for fluent-operator's objects, so these are not looked at.

mod common;

use common::root;
use leafpack_peer as peer;
use std::path::{Path, PathBuf};
use std::process::Command;

const TEST: &str = "filters-schemas";

fn validate(folder: Option<&Path>, files: &[PathBuf]) -> (Option<i32>, String) {
    let output = Command::new("python3")
        .arg(root().join("../observability-stack/tests/schemas.py"))
        .arg(folder.unwrap_or(Path::new("none")))
        .args(files)
        .output()
        .expect("python3 runs");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

fn is_there() -> bool {
    let ready = peer::find("python3").is_some() && !validate(None, &[]).1.starts_with("missing: ");
    if !ready {
        peer::skip(TEST, "python");
    }
    ready
}

fn golden(name: &str) -> PathBuf {
    root().join("fixtures").join(name).join("expected.yaml")
}

#[test]
fn every_object_is_valid() {
    if !is_there() {
        return;
    }
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
    let folder = peer::schemas_or_skip(TEST);
    let (code, said) = validate(folder.as_deref(), &names.map(golden));
    assert_eq!(code, Some(0), "{said}");
    eprintln!("{}", said.trim());
}

/// The check can fail: on what this function puts into a workload.
#[test]
fn an_unknown_field_is_found() {
    if !is_there() {
        return;
    }
    let text = std::fs::read_to_string(golden("classic")).expect("a golden file");
    let (right, wrong) = ("readOnly: true", "readonly: true");
    assert!(text.contains(right));
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("broken.yaml");
    std::fs::write(&file, text.replace(right, wrong)).expect("the file can be written");
    let (code, said) = validate(None, &[file]);
    assert_eq!(code, Some(1), "{said}");
}
