//! What comes of a record as a table: `fixtures/cases.json`, natively.

use leafpack_filter_container_logs::{State, container_logs};
use leafpack_fluent_bit::{Call, Time, native};
use serde_json::{Value, json};

/// The host's time in the table.
const NOW: Time = Time {
    seconds: 1_769_860_800,
    nanoseconds: 1,
};

fn run(state: &State, record: &Value, tag: &str) -> String {
    let record = record.to_string();
    let call = Call {
        tag: tag.as_bytes(),
        time: NOW,
        record: Some(record.as_bytes()),
    };
    let answer = native::call(container_logs, state, &call).unwrap_or_else(|| b"null".to_vec());
    String::from_utf8(answer).unwrap()
}

/// The records of a case, one after the other.
fn records(case: &Value) -> Vec<Value> {
    let line = |line: &Value| json!({ "log": line });
    match (&case["line"], &case["lines"]) {
        (Value::Null, Value::Null) => vec![case["record"].clone()],
        (Value::Null, lines) => lines.as_array().unwrap().iter().map(line).collect(),
        (one, _) => vec![line(one)],
    }
}

#[test]
fn the_table_holds() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../fixtures/cases.json")).unwrap();
    let mut failures = Vec::new();
    for case in &cases {
        let settings = case.get("settings").map(Value::to_string);
        let (state, notes) = native::load::<State>("container-logs", settings.as_deref());
        assert_eq!(notes, "", "{}", case["name"]);
        let tag = case["tag"].as_str().unwrap_or("kube.test");
        let answers: Vec<String> = records(case)
            .iter()
            .map(|record| run(&state, record, tag))
            .collect();
        // As text: order and spelling count.
        let found = match &answers[..] {
            [one] => one.clone(),
            more => format!("[{}]", more.join(",")),
        };
        let expected = case["gives"].to_string();
        if found != expected {
            failures.push(format!(
                "{}\n  gives   {found}\n  not     {expected}",
                case["name"]
            ));
        }
    }
    assert!(cases.len() > 30);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn settings_are_explained() {
    let mut text = String::new();
    for settings in [
        r#"{"jion":"filter"}"#,
        r#"{"join":"always"}"#,
        r#"{"json_body":true}"#,
        r#"{"json_body":{"merge":"yes"}}"#,
        r#"{"json_body":{"prefix":"größe"}}"#,
        r#"{"json_body":{"perfix":"a"}}"#,
        r#"{"names":"elastic"}"#,
        r#"{"tenant":{"labels":"x"}}"#,
        r#"{"cluster":5}"#,
        "",
    ] {
        let (state, notes) = native::load::<State>("container-logs", Some(settings));
        text += &format!(
            "{settings}\n  {}",
            if notes.is_empty() { "-\n" } else { &notes }
        );
        let broken = run(
            &state,
            &json!({"log": "2024-05-01T10:11:12Z stdout F x"}),
            "t",
        );
        text += &format!("  {broken}\n");
    }
    insta::assert_snapshot!(text);
}
