//! The dashboards that come with the stack: whole, asking only for metrics that there are, in queries that the real
//! stores take.

mod common;
mod delivery;

use common::root;
use delivery::http;
use delivery::hub::percent_encoded;
use delivery::node::free_port;
use delivery::running::Running;
use krm_rs::Value;
use leafpack_peer as peer;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Where Grafana's data sources of the stack are: uid and type.
const METRICS: (&str, &str) = ("VictoriaMetrics", "prometheus");
const LOGS: (&str, &str) = ("VictoriaLogs", "victoriametrics-logs-datasource");

struct Dashboard {
    file: String,
    text: String,
    json: Value,
}

/// A query of a panel or of a variable.
struct Query {
    place: String,
    uid: String,
    text: String,
}

fn dashboards() -> Vec<Dashboard> {
    let folder = fs::read_dir(root().join("dashboards")).expect("the folder is there");
    let mut all: Vec<Dashboard> = folder
        .map(|entry| {
            let path = entry.expect("the folder can be read").path();
            let text = fs::read_to_string(&path).expect("a dashboard");
            let fields = peer::json::fields(text.as_bytes());
            let fields = fields.unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            assert!(peer::json::twice(&fields).is_empty(), "{}", path.display());
            Dashboard {
                file: path.file_name().expect("a file").to_string_lossy().into(),
                text,
                json: Value::Object(fields.into_iter().collect()),
            }
        })
        .collect();
    all.sort_by(|a, b| a.file.cmp(&b.file));
    assert_eq!(all.len(), 2);
    all
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    let text = value[name].as_str();
    text.unwrap_or_else(|| panic!("{name} of {value}"))
}

impl Dashboard {
    fn panels(&self) -> &[Value] {
        list(&self.json, "panels")
    }

    fn variables(&self) -> &[Value] {
        list(&self.json["templating"], "list")
    }

    /// Those of the panels.
    fn queries(&self) -> Vec<Query> {
        let of_panel = |panel: &Value| {
            let title = text(panel, "title").to_owned();
            let targets = list(panel, "targets").to_vec();
            targets.into_iter().map(move |target| Query {
                place: format!("{}: {title}", self.file),
                uid: text(&target["datasource"], "uid").to_owned(),
                text: text(&target, "expr").to_owned(),
            })
        };
        let queries: Vec<Query> = self.panels().iter().flat_map(of_panel).collect();
        assert!(queries.len() > 15, "{}", self.file);
        queries
    }
}

#[test]
fn are_whole() {
    let mut uids = BTreeSet::new();
    for dashboard in dashboards() {
        let file = &dashboard.file;
        let json = &dashboard.json;
        // Grafana gives numbers itself; a number from elsewhere is one of another dashboard here.
        assert_eq!(json.get("id"), None, "{file}");
        assert_eq!(json["schemaVersion"], Value::from(42), "{file}");
        let uid = text(json, "uid");
        assert!(
            uid.len() <= 40 && uids.insert(uid.to_owned()),
            "{file}: {uid}"
        );
        for needed in ["title", "description", "refresh"] {
            assert!(!text(json, needed).is_empty(), "{file}: {needed}");
        }
        let mut ids = BTreeSet::new();
        let mut cells: BTreeMap<(u64, u64), &str> = BTreeMap::new();
        for panel in dashboard.panels() {
            let title = text(panel, "title");
            assert!(
                ids.insert(panel["id"].to_string()),
                "{file}: {title}: its id"
            );
            let number = |name: &str| panel["gridPos"][name].as_u64().expect("a number");
            assert!(
                number("x") + number("w") <= 24,
                "{file}: {title} is too wide"
            );
            for x in number("x")..number("x") + number("w") {
                for y in number("y")..number("y") + number("h") {
                    let other = cells.insert((x, y), title);
                    assert_eq!(other, None, "{file}: {title} lies on another panel");
                }
            }
            if panel["type"] != "row" {
                assert!(!text(panel, "description").is_empty(), "{file}: {title}");
                assert!(!list(panel, "targets").is_empty(), "{file}: {title}");
            }
        }
    }
}

/// Each is found where the stack puts it, without anything that has to be answered first.
#[test]
fn name_the_data_sources_of_the_stack() {
    fn collect(value: &Value, found: &mut Vec<(String, String)>) {
        match value {
            Value::Object(fields) => {
                if let Some(source) = fields.get("datasource") {
                    found.push((text(source, "uid").into(), text(source, "type").into()));
                }
                fields.values().for_each(|value| collect(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    for dashboard in dashboards() {
        assert_eq!(dashboard.json.get("__inputs"), None);
        let mut found = Vec::new();
        collect(&dashboard.json, &mut found);
        assert!(found.len() > 30, "{}", found.len());
        for (uid, kind) in &found {
            let known = [METRICS, LOGS].contains(&(uid.as_str(), kind.as_str()));
            assert!(known, "{}: {uid}, {kind}", dashboard.file);
        }
    }
}

/// Flux replaces `${…}` and makes one dollar of two, wherever they stand.
#[test]
fn hold_nothing_that_flux_replaces() {
    for dashboard in dashboards() {
        for text in ["${", "$$"] {
            assert!(!dashboard.text.contains(text), "{}: {text}", dashboard.file);
        }
    }
}

/// Every dollar of a query is one of Grafana's variables or of the dashboard's own, and each of those is used.
#[test]
fn know_their_variables() {
    for dashboard in dashboards() {
        let file = &dashboard.file;
        let known: BTreeSet<&str> = dashboard
            .variables()
            .iter()
            .map(|v| text(v, "name"))
            .collect();
        assert!(known.contains("cluster"), "{file}");
        let mut used = BTreeSet::new();
        let definitions = dashboard
            .variables()
            .iter()
            .map(|v| text(v, "definition").to_owned());
        let queries = dashboard.queries().into_iter().map(|query| query.text);
        for query in definitions.chain(queries) {
            for rest in query.split('$').skip(1) {
                let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric());
                let name = &rest[..end.unwrap_or(rest.len())];
                assert!(
                    known.contains(name) || name == "__rate_interval",
                    "{file}: ${name}"
                );
                used.insert(name.to_owned());
            }
        }
        for name in known {
            assert!(used.contains(name), "{file}: ${name} is asked for in vain");
        }
        // With several clusters in one store every query has to say which.
        for query in dashboard
            .queries()
            .iter()
            .filter(|query| query.uid == METRICS.0)
        {
            assert!(
                query.text.contains(r#"cluster=~"$cluster""#),
                "{}",
                query.place
            );
        }
    }
}

/// Names by program: the headings of the file, and what stands below each.
fn captured() -> BTreeMap<String, BTreeSet<String>> {
    let file = root().join("tests/data/metrics.txt");
    let text = fs::read_to_string(file).expect("the names");
    let mut programs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut program = String::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            program = heading.to_owned();
        } else if !line.is_empty() && !line.starts_with('#') {
            programs
                .entry(program.clone())
                .or_default()
                .insert(line.to_owned());
        }
    }
    assert!(
        programs.len() >= 9 && !programs.contains_key(""),
        "{:?}",
        programs.keys()
    );
    programs
}

/// The metrics that a query asks for: names that are not called, nor in braces, brackets or the lists of `by` and `on`.
fn metrics(query: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut rest = query;
    let mut before = "";
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_alphabetic() || c == '_' {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_:".contains(c)));
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            let next = after.trim_start();
            // An aggregation may have its `by (…)` before its brackets.
            let is_called = ["(", "by (", "without ("]
                .iter()
                .any(|start| next.starts_with(start));
            let is_word = ["bool", "offset", "unless", "and", "or"].contains(&word);
            if !is_called && !is_word {
                names.insert(word.to_owned());
            }
            before = word;
            rest = after;
            continue;
        }
        let close = match c {
            '{' => Some('}'),
            '[' => Some(']'),
            '(' if ["by", "on", "without", "ignoring", "group_left"].contains(&before) => Some(')'),
            _ => None,
        };
        let skipped = match close {
            Some(close) => end_of(rest, close),
            // Not the `e` or the `m` of a number.
            None if c.is_ascii_digit() => rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '.')
                .unwrap_or(rest.len()),
            None => c.len_utf8(),
        };
        if c != ' ' {
            before = "";
        }
        rest = &rest[skipped..];
    }
    names
}

/// Behind the next `close` that stands in no quotes.
fn end_of(text: &str, close: char) -> usize {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        quoted ^= c == '"';
        if c == close && !quoted {
            return at + c.len_utf8();
        }
    }
    text.len()
}

#[test]
fn metrics_are_told_from_the_rest_of_a_query() {
    for (query, expected) in [
        ("up", &["up"][..]),
        (
            r#"sum by (cluster, node) (rate(a_total{name=~"(b|c)}.+"}[5m])) > 1e3"#,
            &["a_total"],
        ),
        (
            "sum(a) by (b) / on (c) group_left (d) e * 60 == bool 0",
            &["a", "e"],
        ),
        (
            r#"histogram_quantile(0.95, x_bucket{le="1"}) unless y"#,
            &["x_bucket", "y"],
        ),
    ] {
        let expected: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(metrics(query), expected, "{query}");
    }
}

#[test]
fn ask_for_metrics_that_there_are() {
    let captured = captured();
    let of_fluent_bit = captured
        .iter()
        .filter(|(program, _)| program.starts_with("fluent-bit "));
    let of_fluent_bit: Vec<_> = of_fluent_bit.collect();
    assert_eq!(of_fluent_bit.len(), 3);
    let mut asked = BTreeSet::new();
    for dashboard in dashboards() {
        let queries = dashboard.queries();
        for query in queries.iter().filter(|query| query.uid == METRICS.0) {
            let names = metrics(&query.text);
            assert!(!names.is_empty(), "{}: {}", query.place, query.text);
            for name in names {
                let is_there = captured.values().any(|names| names.contains(&name));
                assert!(is_there, "{}: no program has {name}", query.place);
                // Every version that the stack runs has it.
                if name.starts_with("fluentbit_") {
                    for (program, names) in &of_fluent_bit {
                        assert!(
                            names.contains(&name),
                            "{}: {program} has no {name}",
                            query.place
                        );
                    }
                }
                asked.insert(name);
            }
        }
    }
    assert!(asked.len() > 40, "{}", asked.len());
}

/// As Grafana sends it with everything selected.
fn filled(query: &str) -> String {
    let query = query.replace("$__rate_interval", "2m");
    ["cluster", "node", "output"]
        .iter()
        .fold(query, |query, name| {
            query.replace(&format!("${name}"), ".*")
        })
}

/// A store of this machine, with its data in a folder of its own.
fn store(binary: PathBuf, name: &'static str, more: &[&str]) -> (Running, u16) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("dashboards-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder can be made");
    let port = free_port();
    let mut command = Command::new(binary);
    command
        .arg(format!(
            "-storageDataPath={}",
            folder.join("data").display()
        ))
        .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
        .arg("-memory.allowedBytes=64MB")
        .args(more);
    let mut running = Running::start(name, &mut command, folder.join("log"));
    running.wait_until("its health", |_| {
        http::send(port, "GET", "/health", &[], b"").is_ok_and(|(status, _)| status == 200)
    });
    (running, port)
}

fn ask(port: u16, path: &str, query: &str) -> (u16, String) {
    let path = format!("{path}{}", percent_encoded(query));
    http::send(port, "GET", &path, &[], b"").unwrap_or_else(|why| panic!("{query}: {why}"))
}

#[test]
fn victoria_metrics_takes_every_query() {
    let Some(binary) = peer::or_skip("dashboards-metrics", "victoria-metrics") else {
        return;
    };
    let (running, port) = store(binary, "victoria-metrics", &["-retentionPeriod=1d"]);
    let path = "/api/v1/query_range?start=-1h&step=1m&query=";
    // It does refuse what is none.
    assert_ne!(ask(port, path, "sum by (cluster (up").0, 200);
    let mut count = 0;
    for dashboard in dashboards() {
        let queries = dashboard.queries();
        for query in queries.iter().filter(|query| query.uid == METRICS.0) {
            let (status, said) = ask(port, path, &filled(&query.text));
            assert_eq!(status, 200, "{}: {said}", query.place);
            count += 1;
        }
        for variable in dashboard.variables() {
            let definition = text(variable, "definition");
            let inner = definition
                .strip_prefix("label_values(")
                .expect("label_values");
            let (series, label) = inner.rsplit_once(", ").expect("a label");
            let label = label.strip_suffix(')').expect("an end");
            let path = format!("/api/v1/label/{label}/values?match[]=");
            let (status, said) = ask(port, &path, &filled(series));
            assert_eq!(status, 200, "{definition}: {said}");
        }
    }
    assert!(count > 60, "{count}");
    running.stop();
}

#[test]
fn victoria_logs_takes_every_query() {
    let Some(binary) = peer::or_skip("dashboards-logs", "victoria-logs") else {
        return;
    };
    let (running, port) = store(binary, "victoria-logs", &["-retentionPeriod=100y"]);
    let path = "/select/logsql/stats_query_range?start=1h&step=1m&query=";
    assert_ne!(ask(port, path, "* | stats by (cluster count()").0, 200);
    let mut count = 0;
    for dashboard in dashboards() {
        for query in dashboard
            .queries()
            .iter()
            .filter(|query| query.uid == LOGS.0)
        {
            let (status, said) = ask(port, path, &filled(&query.text));
            assert_eq!(status, 200, "{}: {said}", query.place);
            count += 1;
        }
    }
    assert!(count > 0);
    running.stop();
}
