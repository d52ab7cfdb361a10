//! `settings.schema.json` is held to the code.

mod events;

use leafpack_filter_audit::{Settings, audit};
use leafpack_fluent_bit::{Call, Time, native};
use leafpack_settings_schema::Subject;
use serde_json::{Value, json};

fn subject() -> Subject {
    Subject::new(include_str!("../settings.schema.json"), notes, run)
}

fn notes(settings: &str) -> String {
    native::load::<Settings>("audit", Some(settings)).1
}

/// What the filter makes of some events.
fn run(settings: Option<&str>) -> String {
    let (settings, _) = native::load::<Settings>("audit", settings);
    let mut out = String::new();
    for n in 0..events::SHAPES {
        let mut event = events::event(n);
        event["requestObject"] =
            json!({"note": "0123456789".repeat(1000), "of": event["requestObject"]});
        let record = json!({"log": event.to_string(), "id": events::id(n)}).to_string();
        let call = Call {
            tag: b"audit",
            time: Time::default(),
            record: Some(record.as_bytes()),
        };
        if let Some(answer) = native::call(audit, &settings, &call) {
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

/// Editors complete the names of conditions.
#[test]
fn conditions_agree() {
    let schema: Value = serde_json::from_str(include_str!("../settings.schema.json")).unwrap();
    let rules = &schema["properties"]["drop"]["items"];
    let known: Vec<&str> = rules["propertyNames"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let takes = |name: &str| notes(&json!({"drop": [{name: "x"}]}).to_string()).is_empty();
    for name in &known {
        assert!(takes(name), "{name}");
    }
    // Every name in the README's table, of which those may be conditions that say one thing.
    let readme = include_str!("../README.md");
    let mut names = 0;
    for word in readme.split('`') {
        names += usize::from(known.contains(&word));
        assert_eq!(
            takes(word),
            known.contains(&word),
            "{word} in the code, in the schema"
        );
    }
    assert!(names >= known.len(), "{names} names in the README");
}
