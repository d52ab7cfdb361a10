//! Many lines of every form, and each of them comes out as it should.

use std::time::Instant;

use leafpack_tests::corpus::Corpus;
use leafpack_tests::dist;
use leafpack_tests::fluent_bit::{Host, tail, wasm};
use leafpack_tests::oracle::{self, Expected};
use serde_json::{Map, Value};

use crate::{assert_each_once, line_count, setup, text};

/// The main claim: nothing is lost and nothing is changed, at the host's default heap and stack, without
/// settings.
#[test]
fn every_line_arrives_once_and_equal() {
    let Some((module, bits)) = setup() else {
        return;
    };
    for bit in &bits {
        let corpus = Corpus::new(line_count());
        let host = Host::new(bit);
        let file = host.write_lines("in.log", corpus.lines());
        let start = Instant::now();
        let run = host.run(&(tail(&file, "kube.test", "") + &wasm(&module, "cri", "")));
        let seconds = start.elapsed().as_secs_f32();
        let garbles = run.reads_past_strings();
        let mut garbled = 0;
        let check = |line: &str, record: &Map<String, Value>| {
            if !garbles || line.is_ascii() {
                return oracle::compare(line, record);
            }
            let original = without_what_the_host_added(line, record);
            garbled += usize::from(original != *record);
            oracle::compare(line, &original)
        };
        assert_each_once(bit, &run, |n| Some(corpus.line(n)), corpus.count, check);
        assert!(
            !run.log.contains("leafpack:"),
            "{bit}: no settings, and a note:\n{}",
            run.log
        );
        let but = if garbles {
            format!(" (but for {garbled} of those beyond ASCII, to which the host added bytes)")
        } else {
            String::new()
        };
        eprintln!(
            "{bit}: {} lines, each once and equal{but}; the host took {seconds:.1} s",
            corpus.count
        );
    }
}

/// The record with its message cut to what it should be, where a host that reads past strings added to it: up to
/// 15 bytes on the way to the filter, and as many again in the output's own JSON.
fn without_what_the_host_added(line: &str, record: &Map<String, Value>) -> Map<String, Value> {
    let mut original = record.clone();
    if let Expected::Record(expected) = oracle::expected(line) {
        let (wanted, found) = (text(&expected, "_msg"), text(record, "_msg"));
        if found.starts_with(&wanted) && found.len() <= wanted.len() + 30 {
            original.insert("_msg".into(), wanted.into());
        }
    }
    original
}

/// The example of the bindings' README, in every host.
#[test]
fn the_example_of_the_bindings_works() {
    let Some((_, bits)) = setup() else {
        return;
    };
    let module = dist("examples/seen_by.wasm");
    for bit in &bits {
        let host = Host::new(bit);
        let file = host.write_lines("in.log", ["one", "two"]);
        let run = host.run(&(tail(&file, "kube.test", "") + &wasm(&module, "seen_by", "")));
        run.assert_clean();
        let lines: Vec<String> = run
            .lines()
            .map(|line| String::from_utf8(line).unwrap())
            .collect();
        let expected = ["one", "two"].map(|log| format!(r#"{{"log":"{log}","seen_by":"edge"}}"#));
        assert_eq!(lines, expected, "{bit}");
    }
}
