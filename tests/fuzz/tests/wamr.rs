//! The corpus in WAMR, the engine inside of Fluent Bit, with its default heap and stack: no trap, and the same bytes as
//! natively.

use std::collections::BTreeMap;

use leafpack_fuzz::{Case, NOW, TARGETS, corpus};
use leafpack_tests::peer;
use leafpack_tests::wamr::{Buffers, Folder, Host};

#[test]
fn modules_answer_as_native_code_does() {
    for target in TARGETS {
        let file = format!("filters/{}.wasm", target.module);
        let Some(path) = peer::dist_or_skip("the fuzzer's corpus in WAMR", &file) else {
            return;
        };
        let module = std::fs::read(path).expect("the module can be read");
        for (name, input) in corpus(target) {
            let case = Case::of(&input);
            let folder: Folder = case
                .settings
                .map(|text| (format!("{}.json", target.module), Some(text.to_vec())))
                .into_iter()
                .collect::<BTreeMap<_, _>>();
            for buffers in [Buffers::Leaked, Buffers::Freed] {
                let host = Host::new(buffers, vec![folder.clone()]);
                let filter = host
                    .instantiate(&module)
                    .unwrap_or_else(|error| panic!("{file}: {error}"));
                let native = target.start(case.settings);
                for (tag, record) in &case.calls {
                    let record = target.record(record);
                    let time = (NOW.seconds, NOW.nanoseconds);
                    let found = filter
                        .call(target.export, tag, time, &record)
                        .unwrap_or_else(|error| panic!("{}, {name}: {error}", target.export));
                    // An empty answer drops the record.
                    let expected = native.call(tag, &record).unwrap_or_default();
                    assert_eq!(
                        found.escape_ascii().to_string(),
                        expected.escape_ascii().to_string(),
                        "{}, {name}",
                        target.export
                    );
                }
            }
        }
    }
}
