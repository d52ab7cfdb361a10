//! The rules of a CRI line as a table: `fixtures/cases.json`, natively.

use leafpack_filter_cri::{State, cri};
use leafpack_fluent_bit::{Call, Time, native};
use leafpack_peer::table;
use serde_json::{Value, json};

/// The host's time in the table.
const NOW: Time = Time {
    seconds: 1_769_860_800,
    nanoseconds: 1,
};

fn run(record: &[u8], tag: &str, settings: Option<&str>) -> (String, String) {
    let (state, notes) = native::load::<State>("cri", settings);
    let call = Call {
        tag: tag.as_bytes(),
        time: NOW,
        record: Some(record),
    };
    let output = native::call(cri, &state, &call).expect("cri drops nothing");
    (String::from_utf8(output).unwrap(), notes)
}

#[test]
fn the_table_holds() {
    let table = include_str!("../fixtures/cases.json");
    table::holds(table, 50, |case, settings| {
        let tag = case["tag"].as_str().unwrap_or("kube.test");
        run(table::records(case)[0].as_bytes(), tag, settings).0
    });
}

/// What only a host that is out of memory, or a broken one, hands over.
#[test]
fn records_that_are_no_json_object_become_one() {
    for record in [
        &b""[..],
        b"null",
        b"[1]",
        b"{\"log\":\"x\"",
        b"{\"log\":\"x\"}{}",
        b"{\"log\":nan}",
        b"{1:2}",
        b"\"\x01\\x\"",
    ] {
        let (output, _) = run(record, "t", None);
        let output: Value = serde_json::from_str(&output).unwrap();
        assert_eq!(output["_time"], "2026-01-31T12:00:00.000000001Z");
        assert_eq!(
            output["leafpack_error"],
            "cri.record: the record is no JSON object"
        );
        assert_eq!(
            output["leafpack_record"].as_str().unwrap().as_bytes(),
            record
        );
    }
    let (state, _) = native::load::<State>("cri", None);
    let call = Call {
        tag: b"",
        time: NOW,
        record: None,
    };
    let output = native::call(cri, &state, &call).unwrap();
    assert_eq!(
        String::from_utf8(output).unwrap(),
        r#"{"_time":"2026-01-31T12:00:00.000000001Z","leafpack_error":"cri.record: the host had no memory for the record"}"#
    );
}

/// The host puts raw bytes into the text where it keeps invalid UTF-8 (Fluent Bit 3.2.2).
#[test]
fn invalid_utf8_stays_as_it_is() {
    let (state, _) = native::load::<State>("cri", None);
    let record = b"{\"log\":\"2024-05-01T10:11:12.123456789Z stdout F a\xc0\xaf\xff b\"}";
    let call = Call {
        tag: b"",
        time: NOW,
        record: Some(record),
    };
    let output = native::call(cri, &state, &call).unwrap();
    assert_eq!(
        output,
        b"{\"_time\":\"2024-05-01T10:11:12.123456789Z\",\"stream\":\"stdout\",\"_msg\":\"a\xc0\xaf\xff b\"}"
    );
}

#[test]
fn a_line_of_a_mebibyte_is_one_record() {
    let message = "0123456789 \"quoted\" é ".repeat(50_000);
    let record =
        json!({"log": format!("2024-05-01T10:11:12.123456789Z stdout F {message}"), "a": 1});
    let (output, _) = run(record.to_string().as_bytes(), "t", None);
    let output: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(output["_msg"].as_str(), Some(message.as_str()));
    assert_eq!(output["a"], 1);
}

#[test]
fn settings_are_explained() {
    let mut text = String::new();
    for settings in [
        r#"{"nmaes":"native"}"#,
        r#"{"names":"elastic"}"#,
        r#"{"input":""}"#,
        r#"{"input":5}"#,
        r#"{"input":"_msg"}"#,
        r#"{"input":"größe"}"#,
        r#"{"from_tag":"yes"}"#,
        r#"{"names":"native","#,
        "",
        &format!(r#"{{"names":"{}"}}"#, "x".repeat(2000)),
        &format!(
            r#"{{{}"names":5}}"#,
            r#""an unknown key of some length":1,"#.repeat(20)
        ),
    ] {
        let (_, notes) = run(b"{}", "t", Some(settings));
        text += &format!(
            "{settings}\n  {}",
            if notes.is_empty() { "-" } else { &notes }
        );
    }
    insta::assert_snapshot!(text);
}
