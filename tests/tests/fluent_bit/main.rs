//! The built filters in real Fluent Bits: each that `FLUENT_BIT` names (several: separated by a colon), else the
//! one on `PATH`. `LEAFPACK_LINES` sets how many lines the longest test sends, 400,000 by default; the others
//! send a part of that.
//!
//! Not tested, for no filter is ever asked: a folder of `accessible_paths` that does not exist. 4.1 and later
//! refuse to start; 3.x starts, prints an error for each chunk and lets every record pass unfiltered.

mod audit;
mod conformance;
mod damage;
mod exports;
mod join;
mod lines;
mod memory;
mod readmes;
mod restart;
mod settings;
mod shapes;

use std::path::PathBuf;

use leafpack_tests::corpus::number;
use leafpack_tests::fluent_bit::Run;
use leafpack_tests::peer::{self, FluentBit};
use serde_json::{Map, Value};

/// The module and the hosts, or nothing where one of them is not there: all tests are then skipped, and one line
/// says so.
fn setup() -> Option<(PathBuf, Vec<FluentBit>)> {
    const TESTS: &str = "the filters in a real Fluent Bit";
    let module = peer::dist_or_skip(TESTS, "filters/cri.wasm")?;
    let bits = peer::fluent_bits_or_skip(TESTS);
    (!bits.is_empty()).then_some((module, bits))
}

/// How many lines the long tests start from.
fn line_count() -> usize {
    match std::env::var("LEAFPACK_LINES") {
        Ok(count) => count
            .parse()
            .unwrap_or_else(|_| panic!("LEAFPACK_LINES: found {count:?}, expected a number")),
        Err(_) => 400_000,
    }
}

/// A line as the tail input hands it over: it takes a carriage return off the end.
fn tailed(line: &str) -> &str {
    line.strip_suffix('\r').unwrap_or(line)
}

/// The number of the line that a record was made of.
fn number_of(record: &Map<String, Value>) -> Option<usize> {
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    // In what was not parsed, `_time` is the host's.
    let line = text("log").or(text("_time"))?;
    number(line)
}

/// Asserts that each line came back once, and that each record is right by `check`, which gets the line as the
/// input handed it over.
fn assert_each_once(
    bit: &FluentBit,
    run: &Run,
    lines: impl Fn(usize) -> Option<String>,
    count: usize,
    mut check: impl FnMut(&str, &Map<String, Value>) -> Result<(), String>,
) {
    run.assert_clean();
    let mut seen = vec![0u8; count];
    let mut faults = Vec::new();
    for record in run.records() {
        if faults.len() == 5 {
            break;
        }
        let found = number_of(&record)
            .filter(|n| *n < count)
            .and_then(|n| Some((n, lines(n)?)));
        let Some((n, line)) = found else {
            faults.push(format!("not of any line: {}", Value::Object(record)));
            continue;
        };
        seen[n] = seen[n].saturating_add(1);
        if let Err(error) = check(tailed(&line), &record) {
            faults.push(format!("line {n}: {error}"));
        }
    }
    assert!(faults.is_empty(), "{bit}\n{}", faults.join("\n"));
    let wrong: Vec<String> = (0..count)
        .filter(|n| seen[*n] != 1 && (seen[*n] > 1 || lines(*n).is_some()))
        .map(|n| format!("line {n} came {} times: {:.200?}", seen[n], lines(n)))
        .collect();
    assert!(
        wrong.is_empty(),
        "{bit}: {} lines of {count} did not come once, as\n{}",
        wrong.len(),
        wrong[..wrong.len().min(5)].join("\n")
    );
}

/// A field that is a string; empty where it is not there.
fn text(record: &Map<String, Value>, name: &str) -> String {
    record
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_string()
}
