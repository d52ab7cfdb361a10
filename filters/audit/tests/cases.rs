//! The filter's rules as a table: `fixtures/cases.json`, natively.

mod events;

use leafpack_filter_audit::{NOISE, Settings, audit};
use leafpack_fluent_bit::{Call, Time, native};
use serde_json::{Map, Value, json};

/// The host's time in the table.
const NOW: Time = Time {
    seconds: 1_769_860_800,
    nanoseconds: 1,
};

fn run(record: Option<&[u8]>, settings: Option<&str>) -> (Option<String>, String) {
    let (settings, notes) = native::load::<Settings>("audit", settings);
    let call = Call {
        tag: b"audit",
        time: NOW,
        record,
    };
    let output = native::call(audit, &settings, &call);
    (output.map(|text| String::from_utf8(text).unwrap()), notes)
}

/// The record of a case: `record` as it is; `line` in `log`; `event` as a line, with what every event has.
fn record(case: &Value) -> String {
    let line = match (&case["event"], &case["line"]) {
        (Value::Object(fields), _) => {
            let mut event = Map::new();
            for (key, value) in [
                ("kind", "Event"),
                ("apiVersion", "audit.k8s.io/v1"),
                ("stageTimestamp", "2026-11-18T09:14:03.523456Z"),
            ] {
                event.insert(key.into(), value.into());
            }
            event.extend(fields.clone());
            event.retain(|_, value| !value.is_null());
            Value::Object(event).to_string()
        }
        (_, Value::String(line)) => line.clone(),
        _ => return case["record"].to_string(),
    };
    json!({ "log": line }).to_string()
}

/// What is wrong with the output, by the case: `gives` is all of it; `has` some fields, `lacks` names that are not
/// there, `drops` that there is none.
fn fault(case: &Value, output: Option<&str>) -> Option<String> {
    let Some(text) = output else {
        return (case["drops"] != true).then(|| "it is dropped".into());
    };
    if case["drops"] == true {
        return Some("it is not dropped".into());
    }
    if case["gives"].is_object() && case["gives"].to_string().ne(text) {
        // As text: order and spelling count.
        return Some(format!("not     {}", case["gives"]));
    }
    let fields: Map<String, Value> = serde_json::from_str(text).unwrap();
    for (name, value) in case["has"].as_object().into_iter().flatten() {
        if fields.get(name) != Some(value) {
            return Some(format!("not {name}: {value}"));
        }
    }
    let lacks = case["lacks"].as_array().into_iter().flatten();
    for name in lacks.map(|name| name.as_str().unwrap()) {
        if fields.contains_key(name) {
            return Some(format!("with {name}"));
        }
    }
    let says = ["gives", "has", "lacks"]
        .iter()
        .any(|key| case.get(*key).is_some());
    (!says).then(|| "the case says nothing".into())
}

#[test]
fn the_table_holds() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../fixtures/cases.json")).unwrap();
    let mut failures = Vec::new();
    for case in &cases {
        let settings = case.get("settings").map(Value::to_string);
        let (output, notes) = run(Some(record(case).as_bytes()), settings.as_deref());
        let fault = fault(case, output.as_deref());
        if fault.is_some() || !notes.is_empty() {
            failures.push(format!(
                "{}\n  gives   {}\n  {}\n  notes   {notes}",
                case["name"],
                output.unwrap_or_default(),
                fault.unwrap_or_default()
            ));
        }
    }
    assert!(cases.len() > 80, "{}", cases.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_readmes_example_is_so() {
    let readme = include_str!("../README.md");
    let mut lines = readme
        .lines()
        .skip_while(|line| !line.starts_with("```text"))
        .skip(1);
    let (record, expected) = (lines.next().unwrap(), lines.next().unwrap());
    assert_eq!(run(Some(record.as_bytes()), None).0.unwrap(), expected);
}

#[test]
fn the_readmes_noise_is_so() {
    let readme = include_str!("../README.md");
    let start = readme.find("```json\n[\n").unwrap() + "```json\n".len();
    let end = start + readme[start..].find("```").unwrap();
    let told: Value = serde_json::from_str(&readme[start..end]).unwrap();
    assert_eq!(told, serde_json::from_str::<Value>(NOISE).unwrap());
    // As rules of one's own they are taken, and do the same.
    let own = json!({ "drop": told }).to_string();
    assert_eq!(native::load::<Settings>("audit", Some(&own)).1, "");
    let mut dropped = 0;
    for n in 0..events::SHAPES * 4 {
        let record = json!({"log": events::event(n).to_string()}).to_string();
        let by_noise = run(Some(record.as_bytes()), Some(r#"{"noise":true}"#)).0;
        assert_eq!(
            by_noise.is_none(),
            run(Some(record.as_bytes()), Some(&own)).0.is_none()
        );
        dropped += u64::from(by_noise.is_none());
    }
    // Received requests, health checks, leases of nodes, metrics, events of the scheduler.
    assert_eq!(dropped, 4 * 5);
}

#[test]
fn the_readmes_settings_are_taken() {
    let readme = include_str!("../README.md");
    let mut found = 0;
    for block in readme.split("```json\n{").skip(1) {
        let text = format!("{{{}", block.split("```").next().unwrap());
        assert_eq!(
            native::load::<Settings>("audit", Some(&text)).1,
            "",
            "{text}"
        );
        found += 1;
    }
    assert_eq!(found, 2);
}

#[test]
fn records_that_are_no_json_object_become_one() {
    for (record, text) in [
        ("", ""),
        ("null", "null"),
        ("[1]", "[1]"),
        (r#"{"log":"x""#, r#"{"log":"x""#),
        (r#"{"log":nan}"#, r#"{"log":nan}"#),
        ("{1:2}", "{1:2}"),
        ("\"\u{1}\\x\"", "\"\u{1}\\x\""),
    ] {
        let expected = json!({
            "_time": "2026-01-31T12:00:00.000000001Z",
            "leafpack_error": "audit.record: the record is no JSON object",
            "leafpack_record": text,
        });
        assert_eq!(
            run(Some(record.as_bytes()), None).0.unwrap(),
            expected.to_string()
        );
    }
    // It may still be an event, and secrets stay where they are.
    let record = r#"{"kind":"Event","requestURI":"/x?token=abc","requestObject":{"data":{"a":"secret"},"b":nan}}"#;
    let output: Value =
        serde_json::from_str(&run(Some(record.as_bytes()), None).0.unwrap()).unwrap();
    assert_eq!(
        output["leafpack_record"],
        r#"{"kind":"Event","requestURI":"/x?token=[redacted]","[redacted]"#
    );
    let deep = format!(
        r#"{{"log":"{{\"requestObject\":{}{}}}"}}"#,
        "[".repeat(70),
        "]".repeat(70)
    );
    let output: Value = serde_json::from_str(&run(Some(deep.as_bytes()), None).0.unwrap()).unwrap();
    assert_eq!(output["log"], r#"{"[redacted]"#);
    assert_eq!(
        run(None, None).0.unwrap(),
        r#"{"_time":"2026-01-31T12:00:00.000000001Z","leafpack_error":"audit.record: the host had no memory for the record"}"#
    );
}

/// Control characters take six bytes each where they are escaped.
#[test]
fn an_unreadable_record_of_any_size_is_kept() {
    let record = "\u{1}\"".repeat(200_000);
    let output: Value =
        serde_json::from_str(&run(Some(record.as_bytes()), None).0.unwrap()).unwrap();
    assert_eq!(output["leafpack_record"].as_str(), Some(record.as_str()));
}

#[test]
fn an_event_of_two_mebibytes_is_one_record() {
    let mut event = events::event(2);
    let note = "0123456789 \"quoted\" é eyJ Bearer Bearer token= Authorization \\ ".repeat(32_000);
    event["requestObject"]["note"] = json!(note);
    let record = json!({"log": event.to_string()}).to_string();
    assert!(record.len() > 2 << 20);
    for settings in [
        "{}",
        r#"{"bodies":"string","body_size":1048576}"#,
        r#"{"bodies":"string","shape":"object"}"#,
        r#"{"bodies":"string","shape":"string","body_size":1048576}"#,
    ] {
        let output = run(Some(record.as_bytes()), Some(settings)).0.unwrap();
        let fields: Value = serde_json::from_str(&output).unwrap();
        assert!(output.contains(&events::id(2)), "{settings}");
        let shown = fields["_msg"].as_str().unwrap();
        assert!(
            shown.contains(" updated deployments/web-2 in shop: 200 (allowed)"),
            "{shown}"
        );
    }
    // Without redaction the whole of it comes back, if it is not cut.
    let settings = r#"{"bodies":"string","body_size":1048576,"redaction":false}"#;
    event["requestObject"]["note"] = json!(&note[..note.len() / 3]);
    let record = json!({"log": event.to_string()}).to_string();
    let output: Value =
        serde_json::from_str(&run(Some(record.as_bytes()), Some(settings)).0.unwrap()).unwrap();
    assert_eq!(
        output["request_object"].as_str(),
        Some(event["requestObject"].to_string().as_str())
    );
}

/// The host puts raw bytes into the text where it keeps invalid UTF-8 (Fluent Bit 3.2.2).
#[test]
fn invalid_utf8_stays_as_it_is() {
    let (settings, _) = native::load::<Settings>("audit", None);
    let record = b"{\"log\":\"a\xc0\xaf\xff b\"}";
    let call = Call {
        tag: b"",
        time: NOW,
        record: Some(record),
    };
    assert_eq!(
        native::call(audit, &settings, &call).unwrap(),
        b"{\"_time\":\"2026-01-31T12:00:00.000000001Z\",\"log_type\":\"audit\",\"log\":\"a\xc0\xaf\xff b\",\"leafpack_error\":\"audit.line: the line is no JSON object\"}"
    );
}

#[test]
fn settings_are_explained() {
    let mut text = String::new();
    for settings in [
        r#"{"clutser":"apps"}"#,
        r#"{"cluster":""}"#,
        r#"{"tenant":5}"#,
        r#"{"input":""}"#,
        r#"{"input":"größe"}"#,
        r#"{"time":"now"}"#,
        r#"{"shape":"nested"}"#,
        r#"{"bodies":true}"#,
        r#"{"body_size":"1k"}"#,
        r#"{"body_size":1048577}"#,
        r#"{"redaction":"no"}"#,
        r#"{"redact":"requestObject"}"#,
        r#"{"redact":["a\"b"]}"#,
        r#"{"redact_configmaps":1}"#,
        r#"{"noise":"yes"}"#,
        r#"{"drop":{"verb":"get"}}"#,
        r#"{"drop":[{}]}"#,
        r#"{"drop":[{"verbs":"get"}]}"#,
        r#"{"drop":[{"verb":[]}]}"#,
        r#"{"drop":[{"code":-1}]}"#,
        r#"{"drop":[{"annotations":"x"}]}"#,
        r#"{"cluster":"apps","#,
        "",
    ] {
        let (_, notes) = run(Some(b"{}"), Some(settings));
        text += &format!(
            "{settings}\n  {}",
            if notes.is_empty() { "-\n" } else { &notes }
        );
    }
    insta::assert_snapshot!(text);
}

/// Settings that cannot be used switch nothing off.
#[test]
fn a_broken_file_leaves_redaction_on() {
    let record = json!({"log": events::event(21).to_string()}).to_string();
    for settings in [
        r#"{"redaction":false,"bodies":"strin"}"#,
        r#"{"redaction":false"#,
        "",
    ] {
        let output = run(Some(record.as_bytes()), Some(settings)).0.unwrap();
        assert!(!output.contains(events::SECRET), "{output}");
        assert!(output.contains("audit.settings: audit.json cannot be used, defaults are"));
    }
    let output = run(Some(record.as_bytes()), Some(r#"{"redaction":false}"#))
        .0
        .unwrap();
    assert!(output.contains(events::SECRET) && !output.contains(events::CONFIG));
}
