//! `settings.schema.json` is held to the code.

use leafpack_filter_container_logs::{State, container_logs};
use leafpack_fluent_bit::{Call, Time, native};
use leafpack_settings_schema::Subject;
use serde_json::{Value, json};

fn subject() -> Subject {
    Subject::new(include_str!("../settings.schema.json"), notes, run)
}

fn notes(settings: &str) -> String {
    native::load::<State>("container-logs", Some(settings)).1
}

/// What the filter makes of the table's records.
fn run(settings: Option<&str>) -> String {
    let (state, _) = native::load::<State>("container-logs", settings);
    let cases: Vec<Value> = serde_json::from_str(include_str!("../fixtures/cases.json")).unwrap();
    let mut out = String::new();
    for case in &cases {
        let records = match (&case["line"], &case["lines"]) {
            (Value::Null, Value::Null) => vec![case["record"].clone()],
            (Value::Null, lines) => {
                let lines = lines.as_array().unwrap();
                lines.iter().map(|line| json!({"log": line})).collect()
            }
            (line, _) => vec![json!({"log": line})],
        };
        for record in records {
            let record = record.to_string();
            let call = Call {
                tag: b"kube.var.log.containers.web-0_shop_nginx-0123.log",
                time: Time {
                    seconds: 1_769_860_800,
                    nanoseconds: 1,
                },
                record: Some(record.as_bytes()),
            };
            let answer = native::call(container_logs, &state, &call).unwrap_or_default();
            out += &(String::from_utf8(answer).unwrap() + "\n");
        }
    }
    out
}

#[test]
fn known_keys_agree() {
    subject().known_keys_agree();
}

#[test]
fn values_agree() {
    subject().values_agree();
}

#[test]
fn random_documents_agree() {
    subject().random_documents_agree();
}

#[test]
fn defaults_are_the_codes() {
    subject().defaults_are_the_codes();
}
