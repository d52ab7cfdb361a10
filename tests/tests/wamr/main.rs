//! The built filters in WAMR, the engine inside of Fluent Bit, called as Fluent Bit calls them: where no Fluent
//! Bit is there, this says nearly as much.

mod memory;

use std::collections::BTreeMap;

use leafpack_tests::corpus::Corpus;
use leafpack_tests::host_json::{self, Style};
use leafpack_tests::oracle;
use leafpack_tests::peer;
use leafpack_tests::wamr::{Buffers, Filter, Folder, Host};
use serde_json::{Map, Value};

const LINES: usize = 100_000;
const TAG: &[u8] = b"kube.var.log.containers.web-0_shop_nginx-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.log";
/// The host's time, and how a record says it.
const NOW: (u32, u32) = (1_769_860_800, 1);
const NOW_TEXT: &str = "2026-01-31T12:00:00.000000001Z";

fn module() -> Option<Vec<u8>> {
    let path = peer::dist_or_skip("the filters in WAMR", "filters/cri.wasm")?;
    Some(std::fs::read(path).expect("the module can be read"))
}

fn object(answer: &[u8]) -> Map<String, Value> {
    serde_json::from_slice(answer)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(answer)))
}

/// Sends one line and holds the answer against the oracle.
fn check(filter: &Filter<'_>, line: &str, style: Style) {
    let record = host_json::record(&[("log", line)], style);
    let answer = filter.call("cri", TAG, NOW, record.as_bytes());
    let found = object(&answer.unwrap_or_else(|error| panic!("{error}: {line:.300}")));
    oracle::compare(line, &found).unwrap_or_else(|error| panic!("{error}\n    line {line:.300}"));
    if found.contains_key("leafpack_error") {
        assert_eq!(found["_time"], NOW_TEXT);
    }
}

/// One instance for all records, whatever becomes of the buffers: memory grows to what the longest line needs,
/// and then no more.
fn one_instance(buffers: Buffers, style: Style) {
    let Some(module) = module() else { return };
    let host = Host::new(buffers, vec![Folder::new()]);
    let filter = host.instantiate(&module).unwrap();
    let corpus = Corpus::new(LINES);
    // The longest lines of the corpus are all among the first.
    let (warm_up, mut pages, mut longest) = (1000, 0, 0);
    for (n, line) in corpus.lines().enumerate() {
        check(&filter, &line, style);
        if n < warm_up {
            pages = filter.pages();
            longest = longest.max(host_json::record(&[("log", &line)], style).len());
        }
        assert_eq!(filter.pages(), pages, "memory grew at line {n}");
    }
    // The record, four times as much to write to and for what is made on the way, and what is remembered.
    let most = (5 * longest as u64 + (1 << 20)) / 65_536;
    assert!(
        pages <= most,
        "{pages} pages for records of up to {longest} bytes"
    );
    assert_eq!(host.stderr(), "");
    eprintln!(
        "{LINES} lines, {buffers:?}, {style:?}: {pages} pages, the longest record has {longest} bytes"
    );
}

#[test]
fn one_instance_and_leaked_buffers_as_in_4_1_1() {
    one_instance(Buffers::Leaked, Style::Escaped);
}

#[test]
fn one_instance_and_freed_buffers_as_in_5() {
    one_instance(Buffers::Freed, Style::Escaped);
}

#[test]
fn an_instance_for_each_chunk_as_in_3() {
    let Some(module) = module() else { return };
    let host = Host::new(Buffers::Leaked, vec![Folder::new()]);
    let lines: Vec<String> = Corpus::new(LINES).lines().collect();
    // About what tail reads at once by default: 32 KiB.
    for chunk in lines.chunks(200) {
        let filter = host.instantiate(&module).unwrap();
        for line in chunk {
            check(&filter, line, Style::Raw);
        }
    }
    assert_eq!(host.stderr(), "");
}

/// Lines of a mebibyte and more one after another, in every way they can be escaped.
#[test]
fn long_records_fit() {
    let Some(module) = module() else { return };
    let host = Host::new(Buffers::Leaked, vec![]);
    let filter = host.instantiate(&module).unwrap();
    let mut pages = None;
    for _ in 0..3 {
        for unit in ["x", "\u{1}", "\"", "é", "😀"] {
            let line = format!(
                "2024-05-01T10:11:12.5Z stdout P {}",
                unit.repeat((1 << 20) / unit.len())
            );
            check(&filter, &line, Style::Escaped);
            check(&filter, &line, Style::Raw);
            // What parses nowhere is copied whole.
            check(&filter, &line[1..], Style::Escaped);
        }
        assert_eq!(*pages.get_or_insert(filter.pages()), filter.pages());
    }
}

/// The host's `malloc` failed, or its pointers are nonsense: still one object, and never a trap.
#[test]
fn null_and_wild_pointers_are_answered() {
    let Some(module) = module() else { return };
    let host = Host::new(Buffers::Leaked, vec![]);
    let filter = host.instantiate(&module).unwrap();
    // Memory grows at the first call.
    check(&filter, "2024-05-01T10:11:12Z stdout F x", Style::Raw);
    let end = filter.pages() as u32 * 65_536;
    for record in [
        (0, 0),
        (0, 5),
        (0, usize::MAX >> 32),
        (end - 4, 100),
        (u32::MAX, 1),
        (u32::MAX, u32::MAX as usize),
    ] {
        for tag in [(0, 0), (0, 7), (end, 1)] {
            let answer = filter.call_at("cri", tag, NOW, record).unwrap();
            let found = object(&answer);
            assert_eq!(found["_time"], NOW_TEXT, "{record:?}");
            assert_eq!(
                found["leafpack_error"], "cri.record: the host had no memory for the record",
                "{record:?}"
            );
        }
    }
    check(
        &filter,
        "2024-05-01T10:11:12.5Z stdout F after all that",
        Style::Raw,
    );
}

/// What a host hands over for values that JSON does not have, and bytes that are no UTF-8.
#[test]
fn what_is_no_json_becomes_one_object() {
    let Some(module) = module() else { return };
    let host = Host::new(Buffers::Leaked, vec![]);
    let filter = host.instantiate(&module).unwrap();
    for record in [
        &br#"{"log":nan}"#[..],
        br#"{"log":"x","n":-inf}"#,
        br#"{"log":"x",1:2}"#,
        br#"{"log":"\x01\xffffff80"}"#,
        br#"{"log":"x""#,
        b"",
        b"{",
        b"[]",
    ] {
        let found = object(&filter.call("cri", TAG, NOW, record).unwrap());
        assert_eq!(
            found["leafpack_error"],
            "cri.record: the record is no JSON object"
        );
        assert_eq!(
            found["leafpack_record"].as_str().unwrap().as_bytes(),
            record
        );
    }
    let record = b"{\"log\":\"2024-05-01T10:11:12Z stdout F \xc0\xaf\xed\xa0\x80\xff\"}";
    let expected = b"{\"_time\":\"2024-05-01T10:11:12Z\",\"stream\":\"stdout\",\"_msg\":\"\xc0\xaf\xed\xa0\x80\xff\"}";
    assert_eq!(filter.call("cri", TAG, NOW, record).unwrap(), expected);
}

const LINE: &str = "2024-05-01T10:11:12.5+02:00 stderr F hello";
const DEFAULT: &str = r#"{"_time":"2024-05-01T10:11:12.5+02:00","stream":"stderr","_msg":"hello"}"#;
const NATIVE: &str =
    r#"{"time":"2024-05-01T10:11:12.5+02:00","stream":"stderr","logtag":"F","log":"hello"}"#;
const MARKED: &str = r#"{"_time":"2024-05-01T10:11:12.5+02:00","stream":"stderr","_msg":"hello","leafpack_error":"cri.settings: cri.json cannot be used, defaults are"}"#;

fn folder(settings: &str) -> Folder {
    BTreeMap::from([("cri.json".into(), Some(settings.into()))])
}

/// The answer to [`LINE`], twice from each of two instances, and what they wrote to stderr.
fn with_settings(module: &[u8], host: &Host) -> (String, String) {
    let record = host_json::record(&[("log", LINE)], Style::Raw);
    let mut answers: Vec<Vec<u8>> = Vec::new();
    for _ in 0..2 {
        let filter = host.instantiate(module).unwrap();
        for _ in 0..2 {
            answers.push(filter.call("cri", TAG, NOW, record.as_bytes()).unwrap());
        }
        assert_eq!(host.open_files(), 0);
    }
    answers.dedup();
    let [answer] = answers.try_into().expect("four answers that are the same");
    (String::from_utf8(answer).unwrap(), host.stderr())
}

#[test]
fn settings_are_read_through_wasi() {
    let Some(module) = module() else { return };
    let native = r#"{"names": "native"}"#;
    // Longer than one read and than the first buffer for it.
    let long = format!("{}{native}{}", " ".repeat(5_000), "\n".repeat(9_000));
    let unrelated: Folder = BTreeMap::from([("other.json".into(), Some(b"{}".to_vec()))]);
    for (folders, expected) in [
        (vec![], DEFAULT),
        (vec![unrelated.clone()], DEFAULT),
        (vec![folder(native)], NATIVE),
        (vec![unrelated.clone(), folder(native)], NATIVE),
        (vec![folder("{}"), folder(native)], DEFAULT),
        (vec![folder(&long)], NATIVE),
    ] {
        let host = Host::new(Buffers::Leaked, folders);
        assert_eq!(
            with_settings(&module, &host),
            (expected.to_string(), String::new())
        );
    }
}

/// The settings stay what they are while record after record is written to the memory behind them.
#[test]
fn settings_outlive_the_records() {
    let Some(module) = module() else { return };
    for buffers in [Buffers::Leaked, Buffers::Freed] {
        let host = Host::new(buffers, vec![folder(r#"{"input": "the.line"}"#)]);
        let filter = host.instantiate(&module).unwrap();
        let corpus = Corpus {
            valid_only: true,
            ..Corpus::new(2000)
        };
        for line in corpus.lines() {
            let record = host_json::record(&[("the.line", &line)], Style::Escaped);
            let found = object(&filter.call("cri", TAG, NOW, record.as_bytes()).unwrap());
            oracle::compare(&line, &found).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

/// Defaults, a mark on each record, and one sentence from each instance.
#[test]
fn broken_settings_are_told_once_by_each_instance() {
    let Some(module) = module() else { return };
    let link_to_nothing = || BTreeMap::from([("cri.json".into(), None)]);
    for (files, read_error, note) in [
        (
            folder(r#"{"names": "elastic"}"#),
            0,
            r#""names" is "elastic", should be "victorialogs" or "native"; defaults are used"#,
        ),
        (
            folder("{\n\"names\": \"native\",\n"),
            0,
            "line 3: not a JSON object; defaults are used",
        ),
        (
            folder(""),
            0,
            "line 1: not a JSON object; defaults are used",
        ),
        (
            folder("{}"),
            29,
            "cannot be read (WASI error 29); defaults are used",
        ),
        (
            folder(&" ".repeat(3 << 20)),
            0,
            "cannot be read (WASI error 22); defaults are used",
        ),
        (
            link_to_nothing(),
            0,
            "cannot be read (WASI error 44); defaults are used",
        ),
    ] {
        let host = Host::new(Buffers::Leaked, vec![files]);
        host.break_reading(read_error);
        let note = format!("leafpack: cri.json: {note}\n").repeat(2);
        assert_eq!(with_settings(&module, &host), (MARKED.to_string(), note));
    }
}

/// What would be wrong with a filter shows here too.
#[test]
fn faults_of_a_module_are_seen() {
    let host = Host::new(Buffers::Leaked, vec![]);
    let instance = |malloc: &str, body: &str| {
        let text = format!(
            r#"(module (memory (export "memory") 1)
              (func (export "_initialize"))
              (func (export "free") (param i32))
              (func (export "malloc") (param i32) (result i32) {malloc})
              (func $f (export "f") (param i32 i32 i32 i32 i32 i32) (result i32) {body}))"#
        );
        host.instantiate(&wat::parse_str(text).unwrap()).unwrap()
    };
    let at = "i32.const 1024";
    for (malloc, body, answer) in [
        (at, "local.get 4", Ok(&b"{}"[..])),
        ("i32.const 0", "local.get 4", Ok(b"")),
        (
            at,
            "unreachable",
            Err("f: Wasm trap: Exception: unreachable"),
        ),
        (at, "i32.const 65536", Err("returned value is invalid")),
        (at, "i32.const -1", Err("returned value is invalid")),
        (
            "i32.const 65535",
            "local.get 4",
            Err("malloc gave what is not inside of memory"),
        ),
        (
            at,
            "local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5 call $f",
            Err("f: Wasm trap: Exception: wasm operand stack overflow"),
        ),
    ] {
        let found = instance(malloc, body).call("f", b"", NOW, b"{}");
        assert_eq!(
            found.as_deref().map_err(String::as_str),
            answer,
            "{malloc}; {body}"
        );
    }
    let growing = instance(at, "i32.const 1 memory.grow drop local.get 4");
    for pages in 1..5 {
        assert_eq!(growing.pages(), pages);
        growing.call("f", b"", NOW, b"{}").unwrap();
    }
}

/// The example of the bindings' README.
#[test]
fn the_example_of_the_bindings_works() {
    let Some(path) = peer::dist_or_skip("the filters in WAMR", "examples/seen_by.wasm") else {
        return;
    };
    let module = std::fs::read(path).expect("the module can be read");
    let host = Host::new(Buffers::Leaked, vec![]);
    let filter = host.instantiate(&module).unwrap();
    for (record, answer) in [
        (r#"{"log":"x"}"#, r#"{"log":"x","seen_by":"edge"}"#),
        (r#"{"seen_by":"me"}"#, r#"{"seen_by":"me"}"#),
        ("{}", r#"{"seen_by":"edge"}"#),
    ] {
        let found = filter.call("seen_by", TAG, NOW, record.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(found).unwrap(), answer);
    }
}
