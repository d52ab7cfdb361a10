//! What becomes of each `fixtures/<name>/items.yaml` under its `config.yaml` is what `expected.yaml` says, and what is
//! said of it is the snapshot `said-<name>`.
//!
//! `UPDATE_GOLDEN=1 cargo test` writes `expected.yaml` anew; read the difference.

mod common;

use common::{fixtures, root, run};
use leafpack_function_tests::golden::{read, same};
use leafpack_function_tests::{emit, items, parse, results, snapshot};

#[test]
fn every_fixture_gives_its_golden_file() {
    for fixture in fixtures() {
        let outcome = run(
            &read(&fixture, "config.yaml"),
            parse(read(&fixture, "items.yaml")),
        );
        assert!(outcome.success, "{}: {}", fixture.display(), outcome.stderr);
        same(&fixture.join("expected.yaml"), &emit(&items(&outcome)));
        let name = fixture.file_name().expect("a name").to_string_lossy();
        snapshot!(format!("said-{name}"), outcome.stderr);
    }
}

/// A second run changes nothing, and so has nothing to say that it did.
#[test]
fn a_second_run_changes_nothing() {
    for fixture in fixtures() {
        let config = read(&fixture, "config.yaml");
        let first = items(&run(&config, parse(read(&fixture, "items.yaml"))));
        let second = run(&config, first.clone());
        assert!(second.success, "{}", second.stderr);
        let name = fixture.display();
        assert_eq!(items(&second), first, "{name}");
        for word in ["added", "set to", "replaced"] {
            assert!(!second.stderr.contains(word), "{name}: {}", second.stderr);
        }
    }
}

/// Collectors that are not meant, and objects that are none, are not touched.
#[test]
fn other_items_stay() {
    for fixture in fixtures() {
        let before = parse(read(&fixture, "items.yaml"));
        let after = parse(read(&fixture, "expected.yaml"));
        assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before.id(), after.id());
            if matches!(
                before.name(),
                "other" | "untouched" | "kube-prometheus-stack"
            ) {
                assert_eq!(before, after);
            } else if fixture.ends_with("kept") {
                assert_eq!(before, after, "keep");
            } else {
                assert_ne!(before, after, "{}", fixture.display());
            }
        }
    }
}

/// No secret of a text is repeated in what is said.
#[test]
fn no_secret_is_repeated() {
    for name in ["kept", "replaced"] {
        let fixture = root().join("fixtures").join(name);
        let text = read(&fixture, "items.yaml");
        assert!(text.contains("password = \"secret\""));
        let outcome = run(&read(&fixture, "config.yaml"), parse(&text));
        let results = results(&outcome);
        assert!(!results.contains("\"secret\""), "{results}");
        assert!(!outcome.stderr.contains("\"secret\""), "{}", outcome.stderr);
    }
}
