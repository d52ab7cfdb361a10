//! Filters, good and bad, through the interface of Fluent Bit.

mod common;

use std::time::Duration;

use common::filter;
use leafpack::{Cause, FilterInstance, Limit, Limits, LoadError, Lost, RecordTime};

const TIME: RecordTime = RecordTime {
    seconds: 3,
    nanoseconds: 4,
};

fn load(
    module: &'static str,
    function: &str,
    settings: Option<&[u8]>,
) -> Result<FilterInstance, LoadError> {
    let limits = Limits {
        memory: 4 << 20,
        // Only what never ends gets little time: the others must not fail for a busy machine.
        time: Duration::from_millis(if function == "spin" { 100 } else { 30_000 }),
        ..Limits::default()
    };
    FilterInstance::load(
        &filter(module, &["echo", "drop"]),
        function,
        settings,
        limits,
    )
}

fn call(function: &str, record: &[u8]) -> Result<Option<String>, Lost> {
    let answer = load("filter", function, None)
        .unwrap()
        .call(b"a.tag", TIME, record)?;
    Ok(answer.map(|json| String::from_utf8(json).unwrap()))
}

#[test]
fn records_go_in_and_come_out() {
    let record = br#"{"log":"hello"}"#;
    assert_eq!(
        call("echo", record).unwrap().as_deref(),
        Some(r#"{"log":"hello"}"#)
    );
    assert_eq!(call("tag", record).unwrap().as_deref(), Some("a.tag"));
    assert_eq!(call("drop", record), Ok(None));
    // Lengths without the NUL, and both parts of the time: as many blanks.
    let blanks = b"a.tag".len() + record.len() + 3 + 4;
    assert_eq!(
        call("numbers", record).unwrap(),
        Some(format!("{{{}}}", " ".repeat(blanks)))
    );
}

#[test]
fn an_instance_takes_many_records() {
    let mut instance = load("filter", "echo", None).unwrap();
    for number in 0..10_000 {
        let record = format!("{{\"log\":{number}}}");
        let answer = instance.call(b"t", TIME, record.as_bytes()).unwrap();
        assert_eq!(answer.as_deref(), Some(record.as_bytes()));
    }
}

#[test]
fn a_record_is_lost_as_fluent_bit_loses_it() {
    assert_eq!(call("null", b"{}"), Err(Lost::Null));
    assert_eq!(call("outside", b"{}"), Err(Lost::OutOfBounds));
    assert_eq!(call("endless", b"{}"), Err(Lost::OutOfBounds));
}

#[test]
fn an_instance_outlives_a_crash() {
    let mut instance = load("filter", "picky", None).unwrap();
    let bad = instance.call(b"t", TIME, br#"{"log":"1"}"#);
    assert!(matches!(bad, Err(Lost::Failed(failure)) if matches!(failure.cause, Cause::Trap(_))));
    let good = br#"{"log":"2"}"#;
    assert_eq!(instance.call(b"t", TIME, good), Ok(Some(good.to_vec())));
}

#[test]
fn each_call_is_bounded() {
    for (function, limit) in [("spin", Limit::Time), ("hog", Limit::Memory)] {
        match call(function, b"{}") {
            Err(Lost::Failed(failure)) => assert_eq!(failure.cause, Cause::Limit(limit)),
            other => panic!("{function}: {other:?}"),
        }
    }
}

#[test]
fn a_function_that_cannot_be_called_is_told_apart() {
    let why = |module, function| load(module, function, None).unwrap_err();
    let all = [
        why("filter", "cry"),
        why("filter", "wrong"),
        why("filter", "memory"),
        why("bare", "bare"),
    ];
    insta::assert_snapshot!(all.map(|why| why.to_string()).join("\n"));
}

#[test]
fn settings_are_read_from_the_folder() {
    let call = |settings: Option<&[u8]>| {
        let mut instance = load("settings", "settings", settings).unwrap();
        // Twice: the file is opened, read from its start and closed each time.
        let first = instance.call(b"t", TIME, b"{}").unwrap().unwrap();
        let second = instance.call(b"t", TIME, b"{}").unwrap().unwrap();
        assert_eq!(first, second);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            text(first),
            text(instance.take_notes()),
            text(instance.take_notes()),
        )
    };
    assert_eq!(
        call(None),
        (r#"{"missing":1}"#.into(), String::new(), String::new())
    );
    let note = "leafpack: settings.json: unknown key \"x\" is ignored\n";
    assert_eq!(
        call(Some(br#"{"x":2}"#)),
        (r#"{"x":2}"#.into(), note.into(), String::new())
    );
}
