//! The filter's rules as a table: `fixtures/cases.json`, natively.

use leafpack_filter_tenant::{Settings, State, tenant};
use leafpack_fluent_bit::{Call, Time, native};
use leafpack_peer::table;
use serde_json::json;

/// The host's time in the table.
const NOW: Time = Time {
    seconds: 1_769_860_800,
    nanoseconds: 1,
};

fn run(record: Option<&[u8]>, settings: Option<&str>) -> (String, String) {
    let (settings, notes) = native::load::<State>("tenant", settings);
    let call = Call {
        tag: b"kube.test",
        time: NOW,
        record,
    };
    let output = native::call(tenant, &settings, &call).expect("tenant drops nothing");
    (String::from_utf8(output).unwrap(), notes)
}

#[test]
fn the_table_holds() {
    let table = include_str!("../fixtures/cases.json");
    table::holds(table, 40, |case, settings| {
        let (output, notes) = run(Some(table::records(case)[0].as_bytes()), settings);
        // No case has anything to note.
        output + &notes
    });
}

#[test]
fn records_that_are_no_json_object_become_one() {
    for record in [
        "",
        "null",
        "[1]",
        r#"{"log":"x""#,
        r#"{"log":"x"}{}"#,
        r#"{"log":nan}"#,
        "{1:2}",
        "\"\u{1}\\x\"",
    ] {
        let (output, _) = run(Some(record.as_bytes()), None);
        let expected = json!({
            "_time": "2026-01-31T12:00:00.000000001Z",
            "leafpack_error": "tenant.record: the record is no JSON object",
            "leafpack_record": record,
        });
        assert_eq!(output, expected.to_string());
    }
    assert_eq!(
        run(None, None).0,
        r#"{"_time":"2026-01-31T12:00:00.000000001Z","leafpack_error":"tenant.record: the host had no memory for the record"}"#
    );
}

#[test]
fn thousands_of_fields_are_one_record() {
    let mut text = String::from("{");
    for index in 0..20_000 {
        text += &format!(r#""a_long_name_{:05}_total":{index},"#, index % 15_000);
    }
    text += r#""log":"x"}"#;
    let (output, _) = run(Some(text.as_bytes()), None);
    // The last one of each name, in its place.
    let mut expected = String::from("{");
    for index in 5_000..20_000 {
        expected += &format!(r#""a_long_name_{:05}_total":{index},"#, index % 15_000);
    }
    expected += r#""_msg":"x"}"#;
    assert!(output == expected, "{}", output.len());
}

#[test]
fn a_thousand_namespaces_fit() {
    let settings = |count: usize| {
        let namespaces: serde_json::Map<_, _> = (0..count)
            .map(|index| (format!("namespace-{index}"), json!(format!("t{index}"))))
            .collect();
        json!({ "tenant": { "namespaces": namespaces } }).to_string()
    };
    let thousand = settings(1000);
    let (loaded, notes) = native::load::<Settings>("tenant", Some(&thousand));
    assert_eq!(notes, "");
    for index in 0..1000 {
        let found = loaded
            .namespaces
            .tenant(format!("namespace-{index}").as_bytes());
        assert_eq!(found, Some(format!("t{index}").as_bytes()));
    }
    assert_eq!(loaded.namespaces.tenant(b"namespace-1000"), None);
    let (output, notes) = run(Some(b"{}"), Some(&settings(1001)));
    assert!(notes.contains("at most 1000 entries"), "{notes}");
    assert_eq!(
        output,
        r#"{"leafpack_error":"tenant.settings: tenant.json cannot be used, defaults are"}"#
    );
}

#[test]
fn settings_are_explained() {
    let mut text = String::new();
    for settings in [
        r#"{"clutser":"apps"}"#,
        r#"{"cluster":5}"#,
        r#"{"environment":5}"#,
        r#"{"tenant":"apps"}"#,
        r#"{"tenant":{"defualt":"apps"}}"#,
        r#"{"tenant":{"default":1}}"#,
        r#"{"tenant":{"label":""}}"#,
        r#"{"tenant":{"namespaces":{"a":1}}}"#,
        r#"{"tenant":{"namespaces":{"a*b":"t"}}}"#,
        r#"{"message":"log"}"#,
        r#"{"message":["größe"]}"#,
        r#"{"message_field":"leafpack_error"}"#,
        r#"{"kubernetes":true}"#,
        r#"{"kubernetes":{"lift":true}}"#,
        r#"{"kubernetes":{"names":"tall"}}"#,
        r#"{"kubernetes":{"labels":"none"}}"#,
        r#"{"kubernetes":{"drop":"docker_id"}}"#,
        r#"{"kubernetes":{"dorp":["docker_id"]}}"#,
        r#"{"drop":[1]}"#,
        r#"{"existing":"merge"}"#,
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
