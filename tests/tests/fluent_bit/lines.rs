//! Many lines of every form, and each of them comes out as it should.

use std::time::Instant;

use leafpack_tests::corpus::Corpus;
use leafpack_tests::fluent_bit::{Host, tail, wasm};
use leafpack_tests::oracle::{self, Expected};
use serde_json::{Map, Value};

use crate::{assert_each_once, setup, text};

fn line_count() -> usize {
    match std::env::var("LEAFPACK_LINES") {
        Ok(count) => count
            .parse()
            .unwrap_or_else(|_| panic!("LEAFPACK_LINES: found {count:?}, expected a number")),
        Err(_) => 400_000,
    }
}

/// The main claim: nothing is lost and nothing is changed, at the host's default heap and stack, without
/// settings.
#[test]
fn every_line_arrives_once_and_equal() {
    let Some((module, bits)) = setup() else {
        return;
    };
    for bit in &bits {
        let corpus = Corpus {
            // These hosts garble other strings before a filter sees them; the next test takes those.
            ascii_only: bit.reads_past_strings(),
            ..Corpus::new(line_count())
        };
        let host = Host::new(bit);
        let file = host.write_lines("in.log", corpus.lines());
        let start = Instant::now();
        let run = host.run(&(tail(&file, "kube.test", "") + &wasm(&module, "cri", "")));
        let seconds = start.elapsed().as_secs_f32();
        assert_each_once(
            bit,
            &run,
            |n| Some(corpus.line(n)),
            corpus.count,
            oracle::compare,
        );
        assert!(
            !run.log.contains("leafpack:"),
            "{bit}: no settings, and a note:\n{}",
            run.log
        );
        let kind = if corpus.ascii_only {
            "ASCII lines"
        } else {
            "lines"
        };
        eprintln!(
            "{bit}: {} {kind}, each once and equal; the host took {seconds:.1} s",
            corpus.count
        );
    }
}

/// Where the host itself adds bytes behind strings beyond ASCII, still no record is lost, and none but such a
/// string differs.
#[test]
fn lines_beyond_ascii_survive_a_host_that_reads_past_them() {
    let Some((module, bits)) = setup() else {
        return;
    };
    for bit in bits.iter().filter(|bit| bit.reads_past_strings()) {
        let corpus = Corpus {
            seed: 2,
            ..Corpus::new(line_count() / 10)
        };
        let host = Host::new(bit);
        let file = host.write_lines("in.log", corpus.lines());
        let run = host.run(&(tail(&file, "kube.test", "") + &wasm(&module, "cri", "")));
        let mut garbled = 0;
        let check = |line: &str, record: &Map<String, Value>| {
            let Expected::Record(mut expected) = oracle::expected(line) else {
                return oracle::compare(line, record);
            };
            let (wanted, found) = (text(&expected, "_msg"), text(record, "_msg"));
            // 15 bytes on the way in, and as many again in the output's own JSON.
            if wanted != found
                && !line.is_ascii()
                && found.len() <= wanted.len() + 30
                && found.starts_with(&wanted)
            {
                garbled += 1;
                expected.insert("_msg".into(), found.into());
            }
            if expected == *record {
                Ok(())
            } else {
                oracle::compare(line, record)
            }
        };
        assert_each_once(bit, &run, |n| Some(corpus.line(n)), corpus.count, check);
        eprintln!(
            "{bit}: {} lines, each once; the host added to {garbled}",
            corpus.count
        );
    }
}
