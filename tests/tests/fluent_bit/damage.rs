//! What should not be there: bytes that are no text, values that JSON does not have, filters that go wrong.

use leafpack_tests::corpus::Corpus;
use leafpack_tests::fluent_bit::{Host, tail, wasm};
use leafpack_tests::oracle;
use leafpack_tests::oracle::filter::{Filter, expected};
use leafpack_tests::oracle::found::{self, Carried, difference};
use serde_json::{Map, Value, json};

use crate::exports::Export;
use crate::{setup, text};

/// Bytes that are no UTF-8: the host drops or replaces them in its own ways, and everything else stays, in every export.
#[test]
fn lines_that_are_not_utf8_are_kept() {
    for filter in [Filter::Cri, Filter::Tenant, Filter::ContainerLogs] {
        for carried in [Carried::Json, Carried::Msgpack] {
            not_utf8(Export { filter, carried });
        }
    }
}

fn not_utf8(export: Export) {
    let Some((_, bits)) = export.setup() else {
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
        let run = host.run(&(tail(&file, "kube.test", "") + &export.section(&host, &json!({}))));
        run.assert_clean();
        let mut seen = vec![0; corpus.count];
        for mut record in run.records() {
            let n = export.number(&record, corpus.count);
            let n = n.unwrap_or_else(|| panic!("{bit}, {export:?}: {record:?}"));
            seen[n] += 1;
            let line = ascii(&String::from_utf8_lossy(&spoilt(n)));
            let input = Map::from_iter([("log".to_string(), Value::from(line))]);
            let wanted = expected(export.filter, "kube.test", &input, &json!({}));
            let message = record.get("_msg").and_then(found::text).unwrap_or_default();
            let (mut message, whole) = (ascii(&message), text(&wanted, "_msg"));
            // Lengths are those of the bytes, so that the padding of msgpack cannot be told here; and a host that reads past
            // strings adds to them.
            let added = message.strip_prefix(whole.as_str()).is_some_and(|added| {
                run.reads_past_strings()
                    || export.carried == Carried::Msgpack && added.trim().is_empty()
            });
            let nul = export.carried == Carried::Msgpack && message.contains("\\u0000");
            if added {
                message = whole;
            } else if nul {
                message = message
                    .replace("\\u0000", "\0")
                    .trim_end_matches('\n')
                    .to_string();
            }
            record.insert("_msg".into(), message.into());
            if let Some(text) = difference(&wanted, &record, Carried::Json, false) {
                panic!("{bit}, {export:?}, line {n}: {text}");
            }
        }
        assert!(seen.iter().all(|times| *times == 1), "{bit}, {export:?}");
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

/// What goes wrong in a module shows in the log, and this driver sees it.
#[test]
fn faults_of_a_module_are_seen() {
    let Some((_, bits)) = setup() else {
        return;
    };
    for bit in &bits {
        for (body, fault) in [
            ("local.get 4", None),
            (
                "unreachable",
                Some("Got exception running wasm code: Exception: unreachable"),
            ),
            ("i32.const 65536", Some("returned value is invalid")),
            ("i32.const 8", Some("invalid JSON format")),
        ] {
            let host = Host::new(bit);
            let file = host.write_lines("in.log", ["a line"]);
            let module = format!(
                r#"(module (memory (export "memory") 1) (data (i32.const 8) "[1]")
                  (func (export "malloc") (param i32) (result i32) i32.const 1024)
                  (func (export "free") (param i32))
                  (func (export "f") (param i32 i32 i32 i32 i32 i32) (result i32) {body}))"#
            );
            std::fs::write(host.path("bad.wasm"), wat::parse_str(module).unwrap()).unwrap();
            let run =
                host.run(&(tail(&file, "kube.test", "") + &wasm(&host.path("bad.wasm"), "f", "")));
            let faults = run.faults();
            assert_eq!(
                faults.len(),
                usize::from(fault.is_some()),
                "{bit}, {body}: {faults:?}"
            );
            for (fault, found) in fault.iter().zip(&faults) {
                assert!(found.contains(fault), "{bit}, {body}: {found}");
            }
            assert_eq!(
                run.lines().count(),
                usize::from(fault.is_none()),
                "{bit}, {body}"
            );
        }
    }
}
