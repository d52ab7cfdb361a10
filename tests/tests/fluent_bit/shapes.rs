//! Records in the shapes that Fluent Bit's own parsers leave, and Docker's lines.

use leafpack_tests::corpus::Corpus;
use leafpack_tests::fluent_bit::{Host, tail, wasm};
use leafpack_tests::oracle::{self, Expected};
use serde_json::{Map, Value, json};

use crate::{assert_each_once, number_of, setup, tailed, text};

/// Fluent Bit's multiline parser for CRI looks for the last stream in a line, and so takes one whose message
/// looks like a CRI line apart in the wrong place. Nothing is lost, but the filter cannot know.
fn taken_apart_wrongly(record: &Map<String, Value>) -> bool {
    text(record, "_msg").contains(" stderr P ")
}

/// What Fluent Bit's own multiline parser for CRI leaves: fields of their own where it understood the line, and
/// the raw line where not.
#[test]
fn lines_after_the_multiline_parser_for_cri() {
    let Some((module, bits)) = setup() else {
        return;
    };
    for bit in &bits {
        let corpus = Corpus {
            ascii_only: bit.may_read_past_strings(),
            valid_only: true,
            ..Corpus::new(20_000)
        };
        // Pieces are joined with what follows.
        let whole = |n: usize| {
            let line = corpus.line(n);
            let Expected::Record(record) = oracle::expected(&line) else {
                return None;
            };
            let whole = !record.contains_key("partial_message") && !taken_apart_wrongly(&record);
            whole.then_some(line)
        };
        let host = Host::new(bit);
        let last = (0..corpus.count)
            .rev()
            .find(|n| whole(*n).is_some())
            .expect("most lines are whole");
        let pieces = [
            "2023-05-01T10:11:12.1Z stderr P one ",
            "2023-05-01T10:11:12.2Z stderr P two ",
            "2023-05-01T10:11:12.3Z stderr F three",
        ];
        // Not at the end: there, Fluent Bit crashes on a piece.
        let lines = (0..last)
            .filter_map(whole)
            .chain(pieces.map(String::from))
            .chain(whole(last));
        let file = host.write_lines("in.log", lines);
        let config =
            tail(&file, "kube.test", "    Multiline.Parser cri\n") + &wasm(&module, "cri", "");
        let mut joined = Vec::new();
        let run = host.run(&config);
        run.assert_clean();
        let mut seen = 0;
        for record in run.records() {
            if text(&record, "_time").starts_with("2023-") {
                joined.push(record);
                continue;
            }
            seen += 1;
            let line = number_of(&record)
                .and_then(whole)
                .unwrap_or_else(|| panic!("{bit}: {record:?}"));
            oracle::compare(tailed(&line), &record)
                .unwrap_or_else(|error| panic!("{bit}: {error}"));
        }
        assert_eq!(
            seen,
            (0..corpus.count).filter(|n| whole(*n).is_some()).count(),
            "{bit}"
        );
        let [joined] = <[_; 1]>::try_from(joined).unwrap_or_else(|many| panic!("{bit}: {many:?}"));
        // The host says `"_p":"P"`, which is the first piece's tag; the line is whole all the same.
        let expected =
            json!({"_time": "2023-05-01T10:11:12.1Z", "stream": "stderr", "_msg": "one two three"});
        assert_eq!(Value::Object(joined), expected, "{bit}");
    }
}

/// Docker's json-file lines: raw, and after Fluent Bit's parsers for them.
#[test]
fn lines_of_docker() {
    let Some((module, bits)) = setup() else {
        return;
    };
    for bit in &bits {
        let corpus = Corpus {
            ascii_only: bit.may_read_past_strings(),
            valid_only: true,
            ..Corpus::new(5_000)
        };
        let docker = |n: usize, pieces: bool| {
            let Expected::Record(record) = oracle::expected(&corpus.line(n)) else {
                return None;
            };
            if !pieces && taken_apart_wrongly(&record) {
                return None;
            }
            let cut = pieces && record.contains_key("partial_message");
            let mut line = json!({
                "log": text(&record, "_msg") + if cut { "" } else { "\n" },
                "stream": record["stream"],
                "time": record["_time"],
            });
            if n.is_multiple_of(7) {
                line["attrs"] = json!({"tag": "a \"b\"", "n": 1});
            }
            Some(line.to_string())
        };
        for (parser, pieces) in [
            ("", true),
            ("    Parser docker\n", true),
            ("    Multiline.Parser docker\n", false),
            ("    Multiline.Parser docker, cri\n", false),
        ] {
            let host = Host::new(bit);
            let file = host.write_lines(
                "in.log",
                (0..corpus.count).filter_map(|n| docker(n, pieces)),
            );
            let run = host.run(&(tail(&file, "kube.test", parser) + &wasm(&module, "cri", "")));
            assert_each_once(
                bit,
                &run,
                |n| docker(n, pieces),
                corpus.count,
                |line, record| {
                    oracle::compare(line, record)
                        .map_err(|error| format!("{}: {error}", parser.trim()))
                },
            );
        }
    }
}
