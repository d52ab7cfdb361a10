//! Every object of the golden files is valid against strict schemas.

mod common;

use common::root;
use leafpack_function_tests::schemas::Schemas;
use std::path::Path;

const TEST: &str = "stack-schemas";

#[test]
fn every_object_is_valid() {
    let Some(schemas) = Schemas::or_skip(TEST) else {
        return;
    };
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
    let checked = schemas.validate(&files);
    checked.unwrap_or_else(|problems| panic!("{problems}"));
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
