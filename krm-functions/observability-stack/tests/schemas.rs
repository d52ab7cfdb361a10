//! Every object of the golden files is valid against strict schemas.

mod common;

use common::root;
use leafpack_function_tests::golden;
use leafpack_function_tests::schemas::Schemas;
use leafpack_peer as peer;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TEST: &str = "stack-schemas";

#[test]
fn every_object_is_valid() {
    let Some(schemas) = Schemas::or_skip(TEST) else {
        return;
    };
    let checked = schemas.validate(&golden_files());
    checked.unwrap_or_else(|problems| panic!("{problems}"));
}

/// A second opinion, by the program that platform teams have in their own CI.
#[test]
fn kubeconform_takes_every_object() {
    let Some(schemas) = Schemas::or_skip(TEST) else {
        return;
    };
    let Some(kubeconform) = peer::or_skip("stack-kubeconform", "kubeconform") else {
        return;
    };
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kubeconform");
    let files = golden_files();
    let versions = schemas.write(&place, &files);
    assert_eq!(versions.len(), 2);
    for version in versions {
        let judge = |files: &[PathBuf]| {
            let mut command = Command::new(&kubeconform);
            let own = version.join("{{.ResourceKind}}{{.KindSuffix}}.json");
            command
                .args(["-strict", "-summary", "-schema-location"])
                .arg(own);
            match schemas.custom_resources() {
                Some(folder) => {
                    let custom =
                        folder.join("{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json");
                    command.arg("-schema-location").arg(custom)
                }
                None => command.arg("-ignore-missing-schemas"),
            };
            let output = command.args(files).output().expect("kubeconform runs");
            (
                output.status.success(),
                String::from_utf8_lossy(&output.stdout).into_owned(),
            )
        };
        let (done, said) = judge(&files);
        assert!(done && said.contains("Invalid: 0, Errors: 0"), "{said}");
        // Nothing of Kubernetes' own is passed by for want of a schema.
        let skipped = said.contains("Skipped: 0");
        assert_eq!(skipped, schemas.has_custom_resources(), "{said}");
        assert!(!said.contains("Valid: 0"), "{said}");
        let broken = place.join("broken.yaml");
        let golden = fs::read_to_string(&files[0]).unwrap();
        fs::write(&broken, golden.replace("nodeSelector:", "nodeSelektor:")).unwrap();
        let (done, said) = judge(&[broken]);
        assert!(
            !done && said.contains("'nodeSelektor' not allowed"),
            "{said}"
        );
    }
}

/// What every fixture is expected to become.
fn golden_files() -> Vec<PathBuf> {
    let fixtures = golden::fixtures(root(), "expected.yaml", 10);
    let file = |fixture: PathBuf| fixture.join("expected.yaml");
    fixtures.into_iter().map(file).collect()
}

/// The check can fail: on a field that is unknown, and on one that is wrong, in an object of each source.
#[test]
fn an_unknown_field_is_found() {
    let Some(schemas) = Schemas::or_skip(TEST) else {
        return;
    };
    let golden = include_str!("../fixtures/cilium/expected.yaml");
    let broken = [
        (
            "automountServiceAccountToken: true",
            "automountServiceAccountToken: 8",
        ),
        ("nodeSelector:", "nodeSelektor:"),
    ];
    let custom = [
        ("scrapeTimeout:", "scrapeTimeOut:"),
        ("toEntities:", "toEntity:"),
    ];
    let custom = custom
        .into_iter()
        .filter(|_| schemas.has_custom_resources());
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken.yaml");
    for (right, wrong) in broken.into_iter().chain(custom) {
        assert!(golden.contains(right), "{right}");
        let checked = schemas.validate_text(&file, &golden.replace(right, wrong));
        assert!(checked.is_err(), "{wrong}: {checked:?}");
    }
}
