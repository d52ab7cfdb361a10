//! `settings.schema.json` is held to the code.

mod events;

use leafpack_filter_audit::audit;
use leafpack_settings_schema::{Subject, agree};
use serde_json::{Value, json};

fn subject() -> Subject {
    let records = (0..events::SHAPES).map(|n| {
        let mut event = events::event(n);
        event["requestObject"] =
            json!({"note": "0123456789".repeat(1000), "of": event["requestObject"]});
        json!({"log": event.to_string(), "id": events::id(n)}).to_string()
    });
    let schema = include_str!("../settings.schema.json");
    Subject::new("audit", audit, schema, records.collect())
}

agree!(subject);

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
    let subject = subject();
    let takes = |name: &str| {
        let settings = json!({"drop": [{name: "x"}]}).to_string();
        subject.notes(&settings).is_empty()
    };
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
