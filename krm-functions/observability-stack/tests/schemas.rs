//! Every object of the golden files is valid against strict schemas.
//!
//! Kubernetes' own schemas come from the Python package `kubernetes-validate`. Those of custom resources come from a
//! folder that `leafpack_peer::schemas_or_skip` finds; where there is none, custom resources are not looked at.

mod common;

use common::root;
use leafpack_peer as peer;
use std::path::{Path, PathBuf};
use std::process::Command;

const TEST: &str = "stack-schemas";

fn validate(folder: Option<&Path>, files: &[PathBuf]) -> (Option<i32>, String) {
    let output = Command::new("python3")
        .arg(root().join("tests/schemas.py"))
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

#[test]
fn every_object_is_valid() {
    if !is_there() {
        return;
    }
    let names = [
        "minimal",
        "spoke",
        "flux",
        "cilium",
        "logs",
        "logs-chart",
        "native",
        "rules",
        "rules-prometheus",
    ];
    let files = names.map(|name| root().join("fixtures").join(name).join("expected.yaml"));
    let folder = peer::schemas_or_skip(TEST);
    let (code, said) = validate(folder.as_deref(), &files);
    assert_eq!(code, Some(0), "{said}");
    eprintln!("{}", said.trim());
}

/// The check can fail: on a field that is unknown, and on one that is wrong, in an object of each source.
#[test]
fn an_unknown_field_is_found() {
    if !is_there() {
        return;
    }
    let golden = include_str!("../fixtures/cilium/expected.yaml");
    let broken = [
        (
            "automountServiceAccountToken: true",
            "automountServiceAccountToken: 8",
        ),
        ("nodeSelector:", "nodeSelektor:"),
    ];
    let custom = [("jobLabel:", "jobLable:"), ("toEntities:", "toEntity:")];
    let folder = peer::schemas_or_skip(TEST);
    let custom = custom.into_iter().filter(|_| folder.is_some());
    for (right, wrong) in broken.into_iter().chain(custom) {
        assert!(golden.contains(right), "{right}");
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("broken.yaml");
        std::fs::write(&file, golden.replace(right, wrong)).expect("the file can be written");
        let (code, said) = validate(folder.as_deref(), &[file]);
        assert_eq!(code, Some(1), "{wrong}: {said}");
    }
}
