//! What comes of a record as a table: `fixtures/cases.json`, natively.

use leafpack_filter_container_logs::{State, container_logs};
use leafpack_fluent_bit::{Call, Time, native};
use leafpack_peer::table;

/// The host's time in the table.
const NOW: Time = Time {
    seconds: 1_769_860_800,
    nanoseconds: 1,
};

fn run(state: &State, record: &str, tag: &str) -> String {
    let call = Call {
        tag: tag.as_bytes(),
        time: NOW,
        record: Some(record.as_bytes()),
    };
    let answer = native::call(container_logs, state, &call).unwrap_or_else(|| b"null".to_vec());
    String::from_utf8(answer).unwrap()
}

#[test]
fn the_table_holds() {
    let table = include_str!("../fixtures/cases.json");
    table::holds(table, 30, |case, settings| {
        let (state, notes) = native::load::<State>("container-logs", settings);
        assert_eq!(notes, "", "{}", case["name"]);
        let tag = case["tag"].as_str().unwrap_or("kube.test");
        let answers: Vec<String> = table::records(case)
            .iter()
            .map(|record| run(&state, record, tag))
            .collect();
        match &answers[..] {
            [one] => one.clone(),
            more => format!("[{}]", more.join(",")),
        }
    });
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
        let broken = run(&state, r#"{"log":"2024-05-01T10:11:12Z stdout F x"}"#, "t");
        text += &format!("  {broken}\n");
    }
    insta::assert_snapshot!(text);
}
