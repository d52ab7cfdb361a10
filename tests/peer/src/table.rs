//! The tables of cases that filters have in `fixtures/cases.json`.

use serde_json::{Value, json};

/// The records of a case, as JSON text: its `line` or `lines` in the field `log`, its `text` as it stands, or its `record`.
pub fn records(case: &Value) -> Vec<String> {
    let of_line = |line: &Value| json!({ "log": line }).to_string();
    if let Some(line) = case.get("line") {
        return vec![of_line(line)];
    }
    if let Some(lines) = case.get("lines").and_then(Value::as_array) {
        return lines.iter().map(of_line).collect();
    }
    // Where a name is there twice, which no JSON value can hold.
    let text = case.get("text").and_then(Value::as_str);
    vec![text.map_or_else(|| case["record"].to_string(), str::to_owned)]
}

/// The records of all cases of a table, which is given as text.
///
/// # Panics
/// If the text is no list of cases.
pub fn all_records(table: &str) -> Vec<String> {
    cases(table).iter().flat_map(records).collect()
}

/// Holds `answer` of each case, with its settings, to what the case `gives`, as text: order and spelling count.
///
/// # Panics
/// If the table has no more than `least` cases, or where an answer is another.
pub fn holds(table: &str, least: usize, answer: impl Fn(&Value, Option<&str>) -> String) {
    let cases = cases(table);
    assert!(cases.len() > least, "{} cases", cases.len());
    let mut failures = Vec::new();
    for case in &cases {
        let settings = case.get("settings").map(Value::to_string);
        let answer = answer(case, settings.as_deref());
        let expected = case["gives"].to_string();
        if answer != expected {
            let name = &case["name"];
            failures.push(format!("{name}\n  gives   {answer}\n  not     {expected}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn cases(table: &str) -> Vec<Value> {
    serde_json::from_str(table).expect("a list of cases")
}
