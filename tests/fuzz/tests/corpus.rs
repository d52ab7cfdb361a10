//! The corpus, natively.

use std::path::Path;

use leafpack_fuzz::{TARGETS, check, corpus};

#[test]
fn every_property_holds_for_the_corpus() {
    let mut failures = Vec::new();
    for target in TARGETS {
        for (name, input) in corpus(target) {
            if let Err(error) = check(target, &input) {
                failures.push(format!("{}, {name}: {error}", target.export));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Nobody forgets to add one.
#[test]
fn every_export_is_a_target() {
    let filters = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../filters");
    let mut exports = Vec::new();
    for entry in std::fs::read_dir(filters).expect("the checkout is whole") {
        let main = entry
            .expect("the folder can be read")
            .path()
            .join("src/main.rs");
        let Ok(text) = std::fs::read_to_string(main) else {
            continue;
        };
        let (_, export) = text
            .split_once("export! {")
            .expect("main.rs is one export!");
        // `functions: { cri => leafpack_filter_cri::cri }`, and the same of `msgpack`.
        let words: Vec<&str> = export
            .split(|c: char| c.is_whitespace() || c == '{')
            .collect();
        let names = words.windows(2).filter(|pair| pair[1] == "=>");
        exports.extend(names.map(|pair| pair[0].to_string()));
    }
    let mut targets: Vec<&str> = TARGETS.iter().map(|target| target.export).collect();
    targets.sort_unstable();
    exports.sort();
    assert_eq!(
        exports, targets,
        "tests/fuzz/src/target.rs lists the exports of filters/*/src/main.rs"
    );
}
