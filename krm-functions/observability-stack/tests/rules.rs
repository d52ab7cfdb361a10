//! Each alert fires where it should and stays quiet where all is well, in the real vmalert.
//!
//! `tests/rules/<group>.yaml` are unit tests for vmalert-tool, over series. Each alert has there, at least once, a moment
//! at which it fires (with its labels and its summary) and one at which it does not though the series that it asks for
//! are there. What is tested are the objects that `fixtures/rules/config.yaml` makes, each group a file
//! `generated/<group>.yaml` beside copies of the tests.

mod common;

use common::{objects, root, run};
use krm_rs::{Object, Path, Value, json, yaml};
use leafpack_function_tests::Placeholder;
use leafpack_peer as peer;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const CONFIG: &str = include_str!("../fixtures/rules/config.yaml");

fn config(changes: &[(&str, Value)]) -> String {
    let mut config = yaml::load_one(CONFIG.as_bytes()).expect("YAML");
    for (path, value) in changes {
        let path = Path::parse(&format!("spec.alerting.rules.{path}")).expect("a path");
        path.set(&mut config, value.clone()).expect("it can be set");
    }
    yaml::emit(&config)
}

fn is_rules(object: &Object) -> bool {
    ["VMRule", "PrometheusRule"].contains(&object.kind())
}

/// The groups that a configuration makes, by name.
fn groups(config: &str) -> BTreeMap<String, Value> {
    let all = objects(config);
    let mut found = BTreeMap::new();
    for object in all.iter().filter(|object| is_rules(object)) {
        let groups = object.get("spec.groups").and_then(Value::as_array);
        for group in groups.expect("groups") {
            let name = group["name"].as_str().expect("a name").to_owned();
            assert!(found.insert(name, group.clone()).is_none(), "{group}");
        }
    }
    assert!(!found.is_empty());
    found
}

fn rules(group: &Value) -> &[Value] {
    group["rules"].as_array().map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field}: {value}"))
}

/// Unit tests: name of the file, and what it says.
fn unit_tests() -> Vec<(String, Value)> {
    let folder = fs::read_dir(root().join("tests/rules")).expect("the unit tests are there");
    let mut files = Vec::new();
    for entry in folder {
        let path = entry.expect("the folder can be read").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let read = fs::read(&path).expect("it can be read");
        files.push((name, yaml::load_one(&read).expect("YAML")));
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

/// A file of rules for each group, as Flux would leave them, in `generated` below a folder of this name.
fn write(name: &str, groups: BTreeMap<String, Value>) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let generated = folder.join("generated");
    fs::create_dir_all(&generated).expect("a folder");
    for (name, group) in groups {
        let text = yaml::emit(&json!({"groups": [group]}));
        let text = text.replace("${CLUSTER}", "hub").replace("${SHOP}", "main");
        fs::write(generated.join(format!("{name}.yaml")), text).expect("it can be written");
    }
    folder
}

#[test]
fn vmalert_fires_and_stays_quiet() {
    let Some(tool) = peer::or_skip("alerts-by-series", "vmalert-tool") else {
        return;
    };
    let mut groups = groups(&config(&[]));
    // vmalert-tool compares every annotation, and what to do is the same whatever happens.
    for rule in groups
        .values_mut()
        .filter_map(|group| group["rules"].as_array_mut())
        .flatten()
    {
        let annotations = rule["annotations"].as_object_mut().expect("annotations");
        annotations.shift_remove("description");
    }
    let folder = write("alerts-by-series", groups);
    for (name, _) in unit_tests() {
        fs::copy(root().join("tests/rules").join(&name), folder.join(&name))
            .expect("it can be copied");
        let output = Command::new(&tool)
            .args(["unittest", "--files"])
            .arg(folder.join(&name))
            .output()
            .expect("vmalert-tool runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("SUCCESS"),
            "{name}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn vmalert_takes_every_rule() {
    let Some(vmalert) = peer::or_skip("rules-by-vmalert", "vmalert") else {
        return;
    };
    let groups = groups(&config(&[]));
    let folder = write("rules-by-vmalert", groups.clone()).join("generated");
    let check = |file: &std::path::Path| {
        let output = Command::new(&vmalert)
            .args(["-dryRun", "-rule.validateTemplates=true", "-rule"])
            .arg(file)
            .output()
            .expect("vmalert runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), said)
    };
    for name in groups.keys() {
        let (taken, said) = check(&folder.join(format!("{name}.yaml")));
        assert!(taken, "{name}: {said}");
    }
    // The check can fail: on an expression, and on a text.
    for (right, wrong) in [
        ("vector(1)", "vector(1"),
        ("Alerts can be sent", "{{ $lebels.x }}"),
    ] {
        let text = fs::read_to_string(folder.join("watchdog.yaml")).expect("the group");
        assert!(text.contains(right), "{text}");
        let file = folder.join("wrong");
        fs::write(&file, text.replace(right, wrong)).expect("it can be written");
        assert!(!check(&file).0, "{wrong}");
    }
}

/// Both moments are there for every alert, and neither says something about nothing.
#[test]
fn every_alert_has_both_tests() {
    let groups = groups(&config(&[]));
    // By alert: whether it fires somewhere, and whether it is quiet somewhere.
    let mut seen: BTreeMap<(String, String), [bool; 2]> = BTreeMap::new();
    for (file, tests) in unit_tests() {
        for test in list(&tests, "tests") {
            let series: BTreeSet<&str> = list(test, "input_series")
                .iter()
                .map(|series| text(series, "series"))
                .map(|series| series.split('{').next().unwrap_or(series))
                .collect();
            for moment in list(test, "alert_rule_test") {
                let (group, alert) = (text(moment, "groupname"), text(moment, "alertname"));
                let known = groups.get(group).map_or(&[][..], rules);
                let of_name = || known.iter().filter(|rule| rule["alert"] == alert);
                assert!(
                    of_name().next().is_some(),
                    "{file}: {group}/{alert} is no alert"
                );
                let expected = list(moment, "exp_alerts");
                for firing in expected {
                    let severity = &firing["exp_labels"]["severity"];
                    let is_it = of_name().any(|rule| rule["labels"]["severity"] == *severity);
                    assert!(is_it, "{file}: {alert}: severity {severity}");
                }
                let entry = seen
                    .entry((group.to_owned(), alert.to_owned()))
                    .or_default();
                entry[0] |= !expected.is_empty();
                // What is quiet for want of series is no test.
                let asked = of_name().all(|rule| {
                    let mut asked = metrics(text(rule, "expr"));
                    asked.all(|metric| series.contains(metric.as_str()))
                });
                entry[1] |= expected.is_empty() && asked;
            }
        }
    }
    for (name, group) in &groups {
        for rule in rules(group) {
            let alert = text(rule, "alert");
            let found = seen.get(&(name.clone(), alert.to_owned()));
            // The Watchdog is never quiet: that is what it is for.
            let expected = [true, alert != "Watchdog"];
            assert_eq!(found, Some(&expected), "{name}/{alert}: [fires, is quiet]");
        }
    }
}

/// The metrics of an expression: words that are followed by a selector or a range, or stand alone.
fn metrics(expr: &str) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    // Within braces and behind `by` are labels, within brackets durations.
    let mut labels = 0;
    let mut before = String::new();
    for c in expr.chars().chain([' ']) {
        if quoted {
            quoted = c != '"';
            continue;
        }
        if c.is_ascii_alphanumeric() || c == '_' || c == ':' {
            word.push(c);
            continue;
        }
        let is_metric = word.contains('_') || word == "up";
        if is_metric && labels == 0 && c != '(' {
            found.push(word.clone());
        }
        if !word.is_empty() {
            before = std::mem::take(&mut word);
        }
        match c {
            '"' => quoted = true,
            '{' | '[' => labels += 1,
            '(' if labels > 0 || ["by", "on"].contains(&before.as_str()) => labels += 1,
            '}' | ']' => labels -= 1,
            ')' if labels > 0 => labels -= 1,
            _ => {}
        }
        if !c.is_whitespace() {
            before.clear();
        }
    }
    found.into_iter()
}

#[test]
fn metrics_of_expressions_are_found() {
    for (expr, expected) in [
        ("vector(1)", &[][..]),
        ("max by (cluster, node) (up{job=\"a_b\"}) == 0", &["up"]),
        (
            "sum by (cluster, a_b) (rate(x_total{c_d=\"{\"}[5m])) / 2 > 10e6 unless on (e_f) (y_z)",
            &["x_total", "y_z"],
        ),
    ] {
        let found: Vec<String> = metrics(expr).collect();
        assert_eq!(found, expected, "{expr}");
    }
    let all = groups(&config(&[]));
    let asks_nothing = |rule: &&Value| metrics(text(rule, "expr")).next().is_none();
    let without: Vec<&Value> = all.values().flat_map(rules).filter(asks_nothing).collect();
    assert!(
        matches!(without[..], [rule] if rule["alert"] == "Watchdog"),
        "{without:?}"
    );
}

/// `auto` is where the metrics are, which a spoke is not.
#[test]
fn a_spoke_has_none_by_itself() {
    for (enabled, expected) in [(json!("auto"), 0), (json!(false), 0), (json!(true), 8)] {
        let made = objects(&config(&[("enabled", enabled.clone())]));
        let rules = made.iter().filter(|object| is_rules(object)).count();
        assert_eq!(rules, expected, "{enabled}");
    }
    // What was asked for and is not made is told.
    let outcome = run::<Placeholder>(&config(&[("enabled", json!("auto"))]));
    for field in ["slo", "business"] {
        let said =
            format!("warning: ObservabilityStack/edge: spec.alerting.rules.{field}: no rules");
        assert!(outcome.stderr.contains(&said), "{}", outcome.stderr);
    }
}

/// Where series are kept twice, each is counted once.
#[test]
fn a_hub_has_them_by_itself() {
    for (config, copies) in [
        (include_str!("../fixtures/hub-single/config.yaml"), 1),
        (include_str!("../fixtures/hub-ha/config.yaml"), 2),
    ] {
        let all = groups(config);
        let mut capacity = rules(&all["capacity"]).iter();
        let rule = capacity.find(|rule| rule["alert"] == "VMHighCardinality");
        let expr = text(rule.expect("the alert"), "expr");
        assert!(expr.ends_with(&format!(" / {copies} > 10e6")), "{expr}");
    }
}

#[test]
fn groups_can_be_switched() {
    let names =
        |changes: &[(&str, Value)]| groups(&config(changes)).into_keys().collect::<Vec<_>>();
    let none = [
        ("slo", json!([])),
        ("business", json!([])),
        ("groups", json!([])),
    ];
    assert_eq!(names(&none), ["watchdog"]);
    for group in [
        "cluster",
        "victoriametrics",
        "infrastructure",
        "capacity",
        "logs",
    ] {
        let mut changes = none.clone();
        changes[2].1 = json!([group]);
        let mut expected = [group, "watchdog"];
        expected.sort_unstable();
        assert_eq!(names(&changes), expected);
    }
    assert_eq!(names(&none[1..]), ["slo", "watchdog"]);
}

#[test]
fn the_other_operators_rules_are_the_same() {
    let of = |kind: &str| objects(&config(&[("kind", json!(kind))]));
    let (ours, theirs) = (of("VMRule"), of("PrometheusRule"));
    let ours = ours.iter().filter(|object| is_rules(object));
    let theirs = theirs.iter().filter(|object| is_rules(object));
    let mut count = 0;
    for (one, other) in ours.zip(theirs) {
        assert_eq!(one.api_version(), "operator.victoriametrics.com/v1beta1");
        assert_eq!(other.api_version(), "monitoring.coreos.com/v1");
        assert_eq!(other.kind(), "PrometheusRule");
        assert_eq!(
            (one.name(), one.get("spec")),
            (other.name(), other.get("spec"))
        );
        count += 1;
    }
    assert_eq!(count, 8);
}

/// Each threshold gets to where it is compared with, and to the words that say so.
#[test]
fn thresholds_are_compared_with() {
    let all = groups(&config(&[(
        "thresholds",
        json!({"nodeMemory": 81, "nodeCpu": 72, "disk": 63, "certificate": "14d", "certificateCritical": "36h"}),
    )]));
    for (group, alert, expr, words) in [
        (
            "infrastructure",
            "NodeMemoryHighUtilization",
            "> 81",
            "81% of its memory",
        ),
        (
            "infrastructure",
            "NodeCPUHighUtilization",
            "> 72",
            "72% of the time",
        ),
        (
            "infrastructure",
            "NodeFilesystemSpaceFillingUp",
            "> 63 and",
            "63% full",
        ),
        (
            "cluster",
            "PersistentVolumeFillingUp",
            "> 63 and",
            "63% full",
        ),
        (
            "infrastructure",
            "CertificateExpiringSoon",
            "< 1209600",
            "within 14d",
        ),
        (
            "infrastructure",
            "CertificateExpiryCritical",
            "< 129600",
            "within 36h",
        ),
    ] {
        let rule = rules(&all[group])
            .iter()
            .find(|rule| rule["alert"] == alert);
        let rule = rule.expect(alert);
        assert!(text(rule, "expr").contains(expr), "{rule}");
        assert!(
            text(&rule["annotations"], "description").contains(words),
            "{rule}"
        );
    }
}
