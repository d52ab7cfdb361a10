//! The rules of CRI lines: `tests/data/conformance.json` has each with a line and what must come of it, and what our filter
//! and Fluent Bit's own means make of it, which this test tries. `docs/conformance.md` shows the same.
//!
//! `UPDATE_GOLDEN=1` writes both; read the difference.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use leafpack_tests::fluent_bit::{Host, tail};
use leafpack_tests::oracle::filter::Filter;
use leafpack_tests::oracle::found::Carried;
use leafpack_tests::peer::FluentBit;
use leafpack_tests::workspace;
use serde_json::{Map, Value, json};

use crate::exports::Export;
use crate::text;

/// Names in the table of what is tried.
const OURS: &str = "leafpack";
const PARSER: &str = "Parser cri";
const MULTILINE: &str = "multiline.parser cri";

/// The versions whose results the table holds.
const VERSIONS: [&str; 3] = ["3.2.2", "4.1.1", "5.1.1"];

/// Adds to each record whose line it is, and the time that Fluent Bit has for it.
const WHOSE: &str = r#"
    function whose(tag, time, record)
        record["row"] = tag
        record["at"] = string.format("%d.%09d", time["sec"], time["nsec"])
        return 2, time, record
    end
"#;

const EXPORT: Export = Export {
    filter: Filter::ContainerLogs,
    carried: Carried::Json,
};

fn data_path() -> PathBuf {
    workspace().join("tests/data/conformance.json")
}

fn docs_path() -> PathBuf {
    workspace().join("docs/conformance.md")
}

fn rows() -> Vec<Value> {
    let text = std::fs::read_to_string(data_path()).expect("the table");
    serde_json::from_str(&text).expect("the table is JSON")
}

/// Text of the table with its repetitions written out: `<a x 3>` is `aaa`.
fn written_out(text: &str) -> String {
    let Some((before, rest)) = text.split_once('<') else {
        return text.to_string();
    };
    let (unit, rest) = rest.split_once(" x ").expect("<unit x times>");
    let (times, rest) = rest.split_once('>').expect("<unit x times>");
    let times = times.parse().expect("<unit x times>");
    before.to_string() + &unit.repeat(times) + &written_out(rest)
}

/// Runs all rows through one pipeline, and says what became of each.
fn try_pipeline(bit: &FluentBit, rows: &[Value], pipeline: &str) -> Vec<String> {
    let host = Host::new(bit);
    std::fs::create_dir(host.path("rows")).unwrap();
    for (index, row) in rows.iter().enumerate() {
        let lines = row["lines"].as_array().expect("lines");
        let lines = lines
            .iter()
            .map(|line| written_out(line.as_str().expect("a line")));
        host.write_lines(&format!("rows/{index:03}"), lines);
    }
    std::fs::write(host.path("whose.lua"), WHOSE).unwrap();
    let more = match pipeline {
        PARSER => "    Parser cri\n",
        MULTILINE => "    Multiline.Parser cri\n",
        _ => "",
    };
    let mut config = tail(&host.path("rows/*"), "row.*", more);
    if pipeline == OURS {
        let join = if bit.instance_per_chunk() {
            "mark"
        } else {
            "filter"
        };
        let settings = json!({"join": join, "json_body": {"merge": false}});
        config += &EXPORT.section(&host, &settings);
    }
    config += &format!(
        "[FILTER]\n    Name lua\n    Match *\n    Script {}\n    Call whose\n    Time_As_Table on\n",
        host.path("whose.lua").display()
    );
    let run = host.run(&config);
    run.assert_clean();
    let mut found: BTreeMap<usize, Vec<Map<String, Value>>> = BTreeMap::new();
    for record in run.records() {
        let row = text(&record, "row");
        let row = row.rsplit('.').next().and_then(|name| name.parse().ok());
        found
            .entry(row.expect("the tag's end"))
            .or_default()
            .push(record);
    }
    let none = Vec::new();
    rows.iter()
        .enumerate()
        .map(|(index, row)| verdict(row, found.get(&index).unwrap_or(&none), pipeline))
        .collect()
}

/// What became of a row, in a few words.
fn verdict(row: &Value, records: &[Map<String, Value>], pipeline: &str) -> String {
    let wanted = row["wanted"].as_array().expect("a list");
    if records.is_empty() {
        return "**lost**".into();
    }
    if wanted.is_empty() {
        return match records {
            [record] if record.contains_key("leafpack_error") => {
                let error = text(record, "leafpack_error");
                let code = error.split(':').next().unwrap_or_default();
                format!("kept, marked `{code}`")
            }
            [record] if record.contains_key("stream") => {
                format!(
                    "taken for a line{}",
                    if is_now(record) {
                        ", without its time"
                    } else {
                        ""
                    }
                )
            }
            _ => "kept as `log`, without a word".into(),
        };
    }
    let message = if pipeline == PARSER {
        "message"
    } else if pipeline == OURS {
        "_msg"
    } else {
        "log"
    };
    let mut faults = Vec::new();
    if records.iter().any(|record| !record.contains_key("stream")) {
        return "not parsed".into();
    }
    if records.len() != wanted.len() {
        let marked = records.iter().any(|record| {
            record.contains_key("partial_message") || text(record, "logtag").starts_with('P')
        });
        return format!(
            "{} records{}",
            records.len(),
            if marked { ", marked" } else { "" }
        );
    }
    for wanted in wanted {
        let stream = wanted["stream"].as_str().unwrap_or_default();
        let text_of = written_out(wanted["message"].as_str().unwrap_or_default());
        let Some(record) = records
            .iter()
            .find(|record| text(record, "stream") == stream)
        else {
            faults.push(format!("no record of {stream}"));
            continue;
        };
        let found = text(record, message);
        if found != text_of {
            let shown: String = found.chars().take(30).collect();
            faults.push(if found.len() > 30 {
                "another message".into()
            } else {
                format!("message `{shown}`")
            });
        }
        // What our filter says of the time is in the record; Fluent Bit's own is that of reading.
        let at = wanted["at"].as_str().unwrap_or_default();
        if pipeline == OURS {
            let line = row["lines"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            let first = line
                .filter(|line| line.contains(&format!(" {stream} ")))
                .map(|line| line.split(' ').next());
            if first.flatten().next() != Some(text(record, "_time").as_str()) {
                faults.push("another time".into());
            }
        } else if is_now(record) {
            faults.push("time of reading".into());
        } else if text(record, "at") != at {
            let seconds = |text: &str| {
                text.split('.')
                    .next()
                    .and_then(|part| part.parse::<i64>().ok())
            };
            let off = seconds(&text(record, "at"))
                .zip(seconds(at))
                .map_or(0, |(found, wanted)| found - wanted);
            faults.push(if off == 0 {
                "time cut".into()
            } else {
                format!("time off by {off} s")
            });
        }
    }
    faults.dedup();
    if faults.is_empty() {
        "as the rule says".into()
    } else {
        faults.join(", ")
    }
}

/// Whether a record has the time at which it was read.
fn is_now(record: &Map<String, Value>) -> bool {
    text(record, "at")
        .split('.')
        .next()
        .and_then(|part| part.parse().ok())
        .unwrap_or(0)
        > 1_750_000_000u64
}

/// One result, or each version's where they differ.
fn cell(result: &Value) -> String {
    match result {
        Value::Object(versions) => {
            let each: Vec<String> = versions
                .iter()
                .map(|(version, said)| format!("{version}: {}", said.as_str().unwrap_or_default()))
                .collect();
            each.join("; ")
        }
        other => other.as_str().unwrap_or_default().to_string(),
    }
}

fn document(rows: &[Value]) -> String {
    let mut doc = String::from(
        "# Conformance: lines of container runtimes\n\n\
         <!-- Written by a test from tests/data/conformance.json: UPDATE_GOLDEN=1. -->\n\n\
         What a log line in the format of the container runtime interface (CRI) means is said by the kubelet's reader, and how it\n\
         looks by the runtimes that write it. Each row is a rule, a line, and what comes of it in Fluent Bit 3.2.2, 4.1.1 and\n\
         5.1.1, which a test tries:\n\n\
         - **leafpack**: the filter `container-logs`, with `join: filter` from 4.1 on and `join: mark` before;\n\
         - **Parser cri**: the parser of that name in Fluent Bit's `parsers.conf`;\n\
         - **multiline.parser cri**: Fluent Bit's own joining.\n\n\
         Where the rule says that it is no line, *kept* is what counts. Other shippers are named where their source or an issue\n\
         says what they do; they were not tried. `␍` stands for a carriage return, `<a x 5000>` for that many letters.\n\n\
         | rule | line | by | leafpack | Parser cri | multiline.parser cri | others |\n|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap_or_default();
        let lines: Vec<String> = row["lines"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|line| format!("`{}`", line.replace('\r', "␍").replace('|', "\\|")))
            .collect();
        let none = if row["wanted"] == json!([]) {
            " (no line)"
        } else {
            ""
        };
        writeln!(
            doc,
            "| {}{none} | {} | {} | {} | {} | {} | {} |",
            text("name"),
            lines.join("<br>"),
            text("source"),
            cell(&row["tried"][OURS]),
            cell(&row["tried"][PARSER]),
            cell(&row["tried"][MULTILINE]),
            text("others"),
        )
        .expect("a String takes everything");
    }
    doc
}

fn updates() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

#[test]
fn the_table_is_what_fluent_bit_does() {
    let Some((_, bits)) = EXPORT.setup() else {
        return;
    };
    let mut rows = rows();
    // By pipeline and row, what each version did.
    let mut tried: BTreeMap<(&str, usize), Map<String, Value>> = BTreeMap::new();
    for bit in &bits {
        let (major, minor, patch) = bit.version;
        let version = format!("{major}.{minor}.{patch}");
        if !VERSIONS.contains(&version.as_str()) {
            continue;
        }
        for pipeline in [OURS, PARSER, MULTILINE] {
            for (index, said) in try_pipeline(bit, &rows, pipeline).into_iter().enumerate() {
                let kept = &rows[index]["tried"][pipeline];
                let kept = kept.get(&version).unwrap_or(kept);
                assert!(
                    updates() || *kept == said.as_str(),
                    "{bit}, {pipeline}, {}: {said}; {} says {kept}",
                    rows[index]["name"],
                    data_path().display()
                );
                tried
                    .entry((pipeline, index))
                    .or_default()
                    .insert(version.clone(), said.into());
            }
        }
    }
    if !updates() {
        return;
    }
    for ((pipeline, index), versions) in tried {
        assert_eq!(
            versions.len(),
            VERSIONS.len(),
            "UPDATE_GOLDEN wants {VERSIONS:?}"
        );
        let first = &versions[VERSIONS[0]];
        let same = versions.values().all(|said| said == first);
        rows[index]["tried"][pipeline] = if same {
            first.clone()
        } else {
            Value::Object(versions)
        };
    }
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    std::fs::write(data_path(), format!("[\n{}\n]\n", lines.join(",\n"))).expect("written");
    std::fs::write(docs_path(), document(&rows)).expect("written");
}

/// Our filter keeps every rule, or says so: what is no line is marked, and so is a fragment that was not joined.
#[test]
fn leafpack_keeps_every_rule() {
    if updates() {
        return;
    }
    for row in rows() {
        let ours = &row["tried"][OURS];
        for version in VERSIONS {
            let said = ours
                .get(version)
                .unwrap_or(ours)
                .as_str()
                .unwrap_or_default();
            let is_cut = row["lines"].as_array().is_some_and(|lines| lines.len() > 1);
            let good = match row["wanted"].as_array() {
                Some(wanted) if wanted.is_empty() => said.starts_with("kept, marked `cri."),
                _ => said == "as the rule says" || is_cut && said.ends_with(" records, marked"),
            };
            assert!(good, "{}, {version}: {said}", row["name"]);
        }
    }
}

#[test]
fn the_document_shows_the_table() {
    if updates() {
        return;
    }
    let written = std::fs::read_to_string(docs_path()).expect("the document");
    assert!(
        written == document(&rows()),
        "{} is not what the table says: UPDATE_GOLDEN=1 cargo test writes it",
        docs_path().display()
    );
}
