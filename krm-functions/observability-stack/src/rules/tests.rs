use super::*;
use crate::collectors;
use crate::spec::{Collectors, Hub, Targets};
use krm_rs::Results;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

fn groups() -> impl Iterator<Item = &'static Group> {
    const ALL: [Group; 6] = {
        let [(_, a), (_, b), (_, c), (_, d), (_, e)] = GROUPS;
        [a, b, c, d, e, logs::WATCHDOG]
    };
    const { &ALL }.iter()
}

fn rules() -> impl Iterator<Item = &'static Rule> {
    groups().flat_map(|group| group.rules)
}

fn values() -> Values {
    Values::of(&Thresholds::default(), 1)
}

#[test]
fn names_are_told_apart() {
    let mut seen = BTreeSet::new();
    for rule in rules() {
        assert!(seen.insert(rule.alert), "{} twice", rule.alert);
        assert!(is_own(rule.alert));
    }
    assert!(seen.len() > 50, "{}", seen.len());
    assert!(is_own(slo::ALERT) && !is_own("OrdersStalled"));
}

/// Alerts of several clusters stay apart, and nothing is left that Flux would take for a variable of its own.
#[test]
fn every_rule_is_whole() {
    for rule in rules() {
        let name = rule.alert;
        let expr = values().put(rule.expr);
        let words = values().put(&format!("{} {} {}", rule.when, rule.action, rule.summary));
        for text in [&expr, &words] {
            assert!(
                !text.contains("${") && !text.contains("$$"),
                "{name}: {text}"
            );
            assert!(
                !text.contains("  ") && !text.contains('\n'),
                "{name}: {text}"
            );
        }
        // absent() has no cluster, and an aggregation only those labels that it names.
        assert!(!expr.contains("absent"), "{name}");
        for by in expr.split("by (").skip(1) {
            assert!(by.starts_with("cluster"), "{name}: by ({by}");
        }
        for aggregation in ["sum", "min", "max", "avg", "count"] {
            let outer = expr.replace("on () max(count", "");
            assert!(!outer.contains(&format!("{aggregation}(")), "{name}");
        }
        if name != "Watchdog" {
            assert!(expr.contains("by (cluster"), "{name}");
            assert!(
                rule.summary.starts_with("{{ $labels.cluster }}: "),
                "{name}"
            );
        }
        assert!(
            rule.when.ends_with('.') && rule.action.ends_with('.'),
            "{name}"
        );
        assert!(
            rule.hold.is_empty() || seconds(rule.hold).is_some(),
            "{name}"
        );
    }
}

/// A label in a text is one that the alert has.
#[test]
fn texts_name_labels_that_are_there() {
    for rule in rules() {
        let expr = rule.expr;
        for text in [rule.summary, rule.action] {
            for label in text.split("$labels.").skip(1) {
                let end = label.find(' ').expect("a space behind it");
                let label = &label[..end];
                let by = expr
                    .split("by (")
                    .nth(1)
                    .and_then(|by| by.split(')').next());
                let has = by.is_some_and(|by| by.split(", ").any(|known| known == label));
                assert!(has, "{}: {label}", rule.alert);
            }
        }
    }
}

/// Jobs are those that targets have, and those that the operator gives its own components.
#[test]
fn jobs_are_the_stacks() {
    let spec = Spec {
        cluster: "edge".into(),
        role: Some(Role::Spoke),
        hub: Hub {
            logs_url: "https://logs.example.com".into(),
            metrics_url: "https://metrics.example.com".into(),
            ..Hub::default()
        },
        collectors: Collectors {
            targets: Targets {
                etcd: true,
                controller_manager: true,
                scheduler: true,
                cilium: true,
                envoy_gateway: true,
                ..Targets::default()
            },
            ..Collectors::default()
        },
        ..Spec::default()
    };
    let plan = StackPlan::read(&spec, "edge", &mut Results::new()).expect("a plan");
    let targets = collectors::all_targets(&plan);
    let jobs: Vec<&str> = targets.iter().map(|target| target.job).collect();
    // The operator's: the Service's name, <component>-<name>.
    let operators = [
        "vmagent",
        "vmalert",
        "vmalertmanager",
        "vmauth",
        "vminsert",
        "vmselect",
        "vmsingle",
        "vmstorage",
        "vlinsert",
        "vlselect",
        "vlsingle",
        "vlstorage",
    ];
    let mut seen = 0;
    for rule in rules() {
        for matcher in rule.expr.split("job=").skip(1) {
            let value = matcher
                .trim_start_matches('~')
                .split('"')
                .nth(1)
                .unwrap_or_default();
            let (names, rest) = match value.strip_prefix('(').and_then(|v| v.split_once(')')) {
                Some((names, rest)) => (names, rest),
                None => (value, ""),
            };
            for name in names.split('|') {
                let name = format!("{name}{rest}");
                let own = name.strip_suffix("-.+").or_else(|| name.strip_suffix(".*"));
                let known = match own {
                    Some(component) => operators.contains(&component),
                    None => jobs.contains(&name.as_str()),
                };
                assert!(known, "{}: {name}", rule.alert);
                seen += 1;
            }
        }
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn days_are_a_unit() {
    assert_eq!(seconds("7d"), Some(604_800));
    assert_eq!(seconds("24h"), Some(86_400));
    for text in ["", "d", "+7d", "7 d", "1d1h", "7"] {
        assert_eq!(seconds(text), None, "{text}");
    }
}

/// `docs/alerts.md` is what the code says. `UPDATE_GOLDEN=1 cargo test` writes it anew.
#[test]
fn the_table_is_of_the_rules() {
    let mut text = String::from(include_str!("alerts.head.md"));
    for group in groups() {
        let about = match group.name {
            "watchdog" => "Always there.".to_owned(),
            name => format!("In `groups` as `{name}`."),
        };
        let _ = write!(
            text,
            "\n## {}\n\n{about} Evaluated every {}.\n\n| alert | severity | when | what to do |\n|---|---|---|---|\n",
            group.name, group.interval
        );
        for rule in group.rules {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                rule.alert,
                rule.severity.name(),
                cell(&values().put(rule.when)),
                cell(&values().put(rule.action)),
            );
        }
    }
    text.push_str(include_str!("alerts.tail.md"));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/alerts.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).expect("the file can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/alerts.md is of other rules: write it with UPDATE_GOLDEN=1 cargo test -p leafpack-fn-observability-stack --lib"
    );
}

/// As a table in Markdown has it; a label of the alert's is only its name there.
fn cell(text: &str) -> String {
    let text = text.replace('|', "\\|");
    let mut parts = text.split("{{ $labels.");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (label, rest) = part.split_once(" }}").expect("an end");
        let _ = write!(out, "`{label}`{rest}");
    }
    out
}
