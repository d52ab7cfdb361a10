//! The built filters in real Fluent Bits: each that `FLUENT_BIT` names (several: separated by a colon), else the
//! one on `PATH`. `LEAFPACK_LINES` sets how many lines the long test sends; 400,000 by default.
//!
//! Not tested, for no filter is ever asked: a folder of `accessible_paths` that does not exist. 4.1 and later
//! refuse to start; 3.x starts, prints an error for each chunk and lets every record pass unfiltered.

use std::path::PathBuf;
use std::time::Instant;

use leafpack_tests::corpus::{Corpus, number};
use leafpack_tests::fluent_bit::{Host, Run, tail, wasm};
use leafpack_tests::oracle::{self, Expected};
use leafpack_tests::peer::{self, FluentBit};
use leafpack_tests::place;
use serde_json::{Map, Value, json};

/// The module and the hosts, or nothing where one of them is not there: all tests are then skipped, and one line
/// says so.
fn setup() -> Option<(PathBuf, Vec<FluentBit>)> {
    const TESTS: &str = "the filters in a real Fluent Bit";
    let module = place::dist_or_skip(TESTS, "filters/cri.wasm")?;
    let bits = peer::fluent_bits_or_skip(TESTS);
    (!bits.is_empty()).then_some((module, bits))
}

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

fn text(record: &Map<String, Value>, name: &str) -> String {
    record
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_string()
}

/// Bytes that are no UTF-8: the host drops or replaces them in its own ways, and everything else stays.
#[test]
fn lines_that_are_not_utf8_are_kept() {
    let Some((module, bits)) = setup() else {
        return;
    };
    let corpus = Corpus {
        ascii_only: true,
        valid_only: true,
        ..Corpus::new(2_000)
    };
    let spoilt = |n: usize| {
        // A stray continuation, a lead byte before ASCII, one at the end, a pair cut short.
        let bytes: &[u8] = [
            &b"\x80 "[..],
            b"\xc3(",
            b"\xff",
            b"\xf0\x9f\x98x",
            b"\xe2\x82",
        ][n % 5];
        let mut line = corpus.line(n).replace('\r', "").into_bytes();
        line.extend_from_slice(b" <");
        line.extend_from_slice(bytes);
        line.extend_from_slice(if n.is_multiple_of(2) { b"" } else { b"> end" });
        line
    };
    let ascii = |text: &str| text.chars().filter(char::is_ascii).collect::<String>();
    for bit in &bits {
        let host = Host::new(bit);
        let file = host.write_lines("in.log", (0..corpus.count).map(spoilt));
        let run = host.run(&(tail(&file, "kube.test", "") + &wasm(&module, "cri", "")));
        let line = |n: usize| Some(ascii(&String::from_utf8_lossy(&spoilt(n))));
        assert_each_once(bit, &run, line, corpus.count, |line, record| {
            let mut record = record.clone();
            let message = ascii(&text(&record, "_msg"));
            if bit.reads_past_strings() {
                let Expected::Record(expected) = oracle::expected(line) else {
                    return Err("the test's own line is no CRI line".into());
                };
                if message.starts_with(&text(&expected, "_msg")) {
                    record = expected;
                }
            } else {
                record.insert("_msg".into(), message.into());
            }
            oracle::compare(line, &record)
        });
    }
}

/// What JSON cannot say comes from the host as text that is no JSON. Given back as it came, it would make the
/// host abort.
#[test]
fn records_that_are_no_json_end_nothing() {
    let Some((module, bits)) = setup() else {
        return;
    };
    let script = r#"
        local odd = {
            function(r) r["x"] = 0/0 end,
            function(r) r["x"] = 1/0 end,
            function(r) r["x"] = -1/0 end,
            function(r) r[1.5] = "x" end,
            function(r) r["x"] = { a = 1e308 * 10, [2.5] = "y" } end,
            function(r) r["x"] = 1e300 end,
        }
        function spoil(tag, time, record)
            local n = tonumber(string.match(record["log"], "line=(%d+)"))
            if n % 2 == 1 then odd[(n - 1) / 2 % #odd + 1](record) end
            return 2, time, record
        end
    "#;
    let count = 3_000;
    for bit in &bits {
        let host = Host::new(bit);
        let file = host.write_lines(
            "in.log",
            (0..count).map(|n| format!("2024-05-01T10:11:12.{n:09}Z stdout F line={n}")),
        );
        std::fs::write(host.path("odd.lua"), script).unwrap();
        let lua = format!(
            "[FILTER]\n    Name lua\n    Match *\n    Script {}\n    Call spoil\n",
            host.path("odd.lua").display()
        );
        let run = host.run(&(tail(&file, "kube.test", "") + &lua + &wasm(&module, "cri", "")));
        run.assert_clean();
        let mut seen = vec![0; count];
        let mut unreadable = 0;
        for record in run.records() {
            let unread = record.get("leafpack_record").and_then(Value::as_str);
            let whole = unread.map_or_else(|| text(&record, "_msg"), str::to_string);
            let (_, rest) = whole
                .split_once("line=")
                .unwrap_or_else(|| panic!("{bit}: no line in {record:?}"));
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let n: usize = digits.parse().unwrap();
            seen[n] += 1;
            if unread.is_some() {
                unreadable += 1;
                assert_eq!(
                    text(&record, "leafpack_error"),
                    "cri.record: the record is no JSON object",
                    "{bit}"
                );
                assert!(
                    oracle::is_time(&text(&record, "_time")),
                    "{bit}: {record:?}"
                );
            } else {
                assert_eq!(
                    text(&record, "_time"),
                    format!("2024-05-01T10:11:12.{n:09}Z"),
                    "{bit}"
                );
            }
        }
        assert!(
            seen.iter().all(|times| *times == 1),
            "{bit}: lines did not come once"
        );
        // Of the six kinds in every second record all but the last are no JSON.
        assert_eq!(unreadable, count / 2 / 6 * 5, "{bit}");
    }
}

const LINE: &str = "2024-05-01T10:11:12.5+02:00 stderr F hello";

/// The tail input's folder and tag as in Kubernetes, and settings in a folder.
#[test]
fn settings_come_from_a_folder() {
    let Some((module, bits)) = setup() else {
        return;
    };
    let settings = r#"{"names": "native", "from_tag": true}"#;
    for bit in &bits {
        let host = Host::new(bit);
        let logs = host.path("var/log/containers");
        let config_map = host.path("config-map");
        let data = config_map.join("..2024_05_01_10_11_12.123456789");
        for folder in [&logs, &host.path("empty"), &host.path("plain"), &data] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let id = "0123456789abcdef".repeat(4);
        std::fs::write(
            logs.join(format!("web-0_shop_nginx-{id}.log")),
            format!("{LINE}\n"),
        )
        .unwrap();
        std::fs::write(host.path("plain/cri.json"), settings).unwrap();
        std::fs::write(data.join("cri.json"), settings).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::symlink;
            symlink(data.file_name().unwrap(), config_map.join("..data")).unwrap();
            symlink("..data/cri.json", config_map.join("cri.json")).unwrap();
        }
        let paths = |names: &[&str]| {
            let paths: Vec<String> = names
                .iter()
                .map(|name| host.path(name).display().to_string())
                .collect();
            format!("    accessible_paths {}\n", paths.join(","))
        };
        for (folders, expected) in [
            (&["plain"][..], NATIVE),
            // As Kubernetes mounts a ConfigMap: the file and its folder are symbolic links.
            (&["config-map"], NATIVE),
            (&["empty", "config-map"], NATIVE),
            (&["empty"], DEFAULT),
        ] {
            let config =
                tail(&logs.join("*.log"), "kube.*", "") + &wasm(&module, "cri", &paths(folders));
            let run = host.run(&config);
            run.assert_clean();
            let lines: Vec<String> = run
                .lines()
                .map(|line| String::from_utf8(line).unwrap())
                .collect();
            assert_eq!(lines, [expected], "{bit}, {folders:?}");
            assert!(
                !run.log.contains("leafpack:"),
                "{bit}, {folders:?}:\n{}",
                run.log
            );
        }
    }
}

const NATIVE: &str = r#"{"time":"2024-05-01T10:11:12.5+02:00","stream":"stderr","logtag":"F","log":"hello","k8s_namespace_name":"shop","k8s_pod_name":"web-0","k8s_container_name":"nginx"}"#;
const DEFAULT: &str = r#"{"_time":"2024-05-01T10:11:12.5+02:00","stream":"stderr","_msg":"hello"}"#;

/// Defaults, a mark on every record, and a line on stderr from every instance.
#[test]
fn broken_settings_do_not_stop_it() {
    let Some((module, bits)) = setup() else {
        return;
    };
    let corpus = Corpus {
        ascii_only: true,
        ..Corpus::new(5_000)
    };
    for bit in &bits {
        let host = Host::new(bit);
        let file = host.write_lines("in.log", corpus.lines());
        std::fs::create_dir(host.path("settings")).unwrap();
        std::fs::write(host.path("settings/cri.json"), r#"{"names": "elastic"}"#).unwrap();
        let paths = format!("    accessible_paths {}\n", host.path("settings").display());
        let run = host.run(&(tail(&file, "kube.test", "") + &wasm(&module, "cri", &paths)));
        let mark = "cri.settings: cri.json cannot be used, defaults are";
        assert_each_once(
            bit,
            &run,
            |n| Some(corpus.line(n)),
            corpus.count,
            |line, record| {
                let mut record = record.clone();
                let error = text(&record, "leafpack_error");
                if !error.ends_with(mark) {
                    return Err(format!("not marked: {error:?}"));
                }
                if error == mark {
                    record.shift_remove("leafpack_error");
                }
                oracle::compare(line, &record)
            },
        );
        let note = r#"leafpack: cri.json: "names" is "elastic", should be "victorialogs" or "native"; defaults are used"#;
        let notes = run.log.matches(note).count();
        // The lines fill many of tail's buffers of 32 KiB, and each is one chunk.
        if bit.instance_per_chunk() {
            assert!(notes > 5, "{bit}: {notes} notes\n{}", run.log);
        } else {
            assert_eq!(notes, 1, "{bit}\n{}", run.log);
        }
    }
}

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
            ascii_only: bit.reads_past_strings(),
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
            // A carriage return stays here on no host.
            oracle::compare(tailed(&line), &record)
                .unwrap_or_else(|error| panic!("{bit}: {error}"));
        }
        assert_eq!(
            seen,
            (0..corpus.count).filter(|n| whole(*n).is_some()).count(),
            "{bit}"
        );
        assert_eq!(joined.len(), 1, "{bit}: {joined:?}");
        assert_eq!(text(&joined[0], "_msg"), "one two three", "{bit}");
        assert_eq!(text(&joined[0], "_time"), "2023-05-01T10:11:12.1Z", "{bit}");
        assert_eq!(text(&joined[0], "stream"), "stderr", "{bit}");
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
            ascii_only: bit.reads_past_strings(),
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
