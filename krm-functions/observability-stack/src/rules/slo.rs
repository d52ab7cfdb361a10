//! Objectives: alerts on how fast an error budget burns, over several windows at several rates.
//!
//! Windows and rates are those of Google's Site Reliability Workbook, chapter 5, "Alerting on SLOs", for a budget of 30
//! days. Each alert asks a long window, so that a short peak calls nobody, and a short one, so that it ends soon after
//! the trouble does.

use super::rule_of;
use crate::spec::{RuleSeverity, Slo};
use krm_rs::{Value, json};
use leafpack_fn_common::check::{Check, is_label_value};
use std::collections::BTreeSet;

/// The name of all of them; the label `slo` tells them apart.
pub(super) const ALERT: &str = "SLOErrorBudgetBurn";

/// A rate at which a budget burns, and what it means.
struct Burn {
    /// How many times faster than a budget that lasts for its 30 days.
    rate: f64,
    long: &'static str,
    short: &'static str,
    severity: RuleSeverity,
    /// How much of the budget burns in the long window.
    burnt: &'static str,
}

const BURNS: [Burn; 4] = [
    Burn {
        rate: 14.4,
        long: "1h",
        short: "5m",
        severity: RuleSeverity::Critical,
        burnt: "2%",
    },
    Burn {
        rate: 6.0,
        long: "6h",
        short: "30m",
        severity: RuleSeverity::Critical,
        burnt: "5%",
    },
    Burn {
        rate: 3.0,
        long: "1d",
        short: "2h",
        severity: RuleSeverity::Warning,
        burnt: "10%",
    },
    Burn {
        rate: 1.0,
        long: "3d",
        short: "6h",
        severity: RuleSeverity::Warning,
        burnt: "10%",
    },
];

/// Checks them.
pub(super) fn read(all: &[Slo], path: &str, check: &mut Check<'_>) {
    let mut names = BTreeSet::new();
    for (index, slo) in all.iter().enumerate() {
        let path = format!("{path}[{index}]");
        check.literal(
            &format!("{path}.name"),
            &slo.name,
            "a word of letters, digits, '-', '_' and '.', of at most 63 characters",
            is_label_value,
            "checkout",
        );
        if !names.insert(&slo.name) {
            check.error(
                &format!("{path}.name"),
                &format!(
                    "found {:?} a second time, expected a name of its own",
                    slo.name
                ),
                json!(format!("{}-{index}", slo.name)),
            );
        }
        // NaN is in no range.
        if !(slo.objective > 0.0 && slo.objective < 100.0) {
            check.error(
                &format!("{path}.objective"),
                &format!(
                    "found {}, expected percent above 0 and below 100: how many of a hundred requests shall be good",
                    slo.objective
                ),
                json!(99.9),
            );
        }
        let series = [
            (
                "good",
                &slo.good,
                "http_requests_total{service=\"checkout\",code!~\"5..\"}",
            ),
            (
                "total",
                &slo.total,
                "http_requests_total{service=\"checkout\"}",
            ),
        ];
        for (field, text, fix) in series {
            check.literal(
                &format!("{path}.{field}"),
                text,
                "the series of a counter, as name{label=\"value\"}; rates and sums are made of them",
                is_selector,
                fix,
            );
        }
    }
}

/// Whether a text is the name of a metric, perhaps with matchers of labels in braces, and nothing else.
fn is_selector(text: &str) -> bool {
    let text = text.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, matchers) = text.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    if matchers.is_empty() {
        return true;
    }
    let inner = matchers.strip_prefix('{').and_then(|m| m.strip_suffix('}'));
    let Some(mut rest) = inner.map(str::trim) else {
        return false;
    };
    while !rest.is_empty() {
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let (label, after) = rest.split_at(end);
        let after = after.trim_start();
        let value = ["=~", "!~", "!=", "="]
            .iter()
            .find_map(|operator| after.strip_prefix(operator));
        let Some(after) = value.and_then(|value| after_string(value.trim_start())) else {
            return false;
        };
        if label.is_empty() {
            return false;
        }
        let after = after.trim_start();
        match after.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None if after.is_empty() => return true,
            None => return false,
        }
    }
    true
}

/// What is behind a text in quotes.
fn after_string(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return None,
            _ if c == quote => return Some(&text[at + 1..]),
            _ => {}
        }
    }
    None
}

/// The alerts of an objective. A rate at which not even a total failure burns its budget has none: it could never fire.
pub(super) fn rules(slo: &Slo) -> Vec<Value> {
    let budget = 1.0 - slo.objective / 100.0;
    let rules = BURNS.iter().filter(|burn| burn.rate * budget < 1.0);
    rules
        .map(|burn| {
            let limit = format!("{} * (1 - {} / 100)", burn.rate, slo.objective);
            let expr = format!(
                "{} > {limit} and {} > {limit}",
                errors(slo, burn.long),
                errors(slo, burn.short)
            );
            let Burn { long, burnt, .. } = burn;
            rule_of(
                ALERT,
                &expr,
                "",
                json!({"severity": burn.severity.name(), "slo": slo.name, "window": burn.long}),
                &format!(
                    "{{{{ $labels.cluster }}}}: {{{{ $value | humanizePercentage }}}} of {}'s requests failed within {long}",
                    slo.name
                ),
                &format!(
                    "At this rate {burnt} of what may fail within 30 days, by an objective of {}%, fails within {long}. See what changed in the service, and take it back.",
                    slo.objective
                ),
            )
        })
        .collect()
}

/// The part of requests that failed. Where none was good, there may be no series that says so: then all of them failed.
fn errors(slo: &Slo, window: &str) -> String {
    let sum = |series: &str| format!("sum by (cluster) (rate({}[{window}]))", series.trim());
    let (good, total) = (sum(&slo.good), sum(&slo.total));
    format!("1 - ({good} or 0 * {total}) / {total}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_told_from_expressions() {
        for text in [
            "http_requests_total",
            "a:b_total{}",
            "x{a=\"b\"}",
            " x{ a = \"b\" , c!~'5..' , } ",
            r#"x{a=~"\"}[5m]"}"#,
            "x{a=\"$\"}",
        ] {
            assert!(is_selector(text), "{text}");
        }
        for text in [
            "",
            "1x",
            "rate(x[5m])",
            "x[5m]",
            "x{a=\"b\"}[5m]",
            "x{a=\"b\"",
            "x{a=b}",
            "x{=\"b\"}",
            "x{a\"b\"}",
            "x{a=\"b\" c=\"d\"}",
            "x{a=\"b}",
            "x offset 5m",
            "x + y",
            "{a=\"b\"}",
        ] {
            assert!(!is_selector(text), "{text}");
        }
    }

    proptest::proptest! {
        /// Of no text is a range a selector.
        #[test]
        fn ranges_are_refused(text in ".*") {
            let range = format!("{text}[5m]");
            proptest::prop_assert!(!is_selector(&range));
        }

        /// What is written right is taken, whatever is in the quotes.
        #[test]
        fn any_value_is_taken(
            name in "[a-z_:][a-z0-9_:]{0,9}",
            labels in proptest::collection::vec(("[a-z_]{1,5}", "(=|!=|=~|!~)", "([^\"\\\\\n]|\\\\.){0,9}"), 0..4),
        ) {
            let labels: Vec<String> = labels
                .iter()
                .map(|(label, operator, value)| format!("{label}{operator}\"{value}\""))
                .collect();
            let text = format!("{name}{{{}}}", labels.join(", "));
            proptest::prop_assert!(is_selector(&text), "{text}");
        }
    }

    /// An alert that could never fire is none.
    #[test]
    fn a_low_objective_has_fewer_alerts() {
        let of = |objective| {
            let slo = Slo {
                name: "x".into(),
                objective,
                good: "g".into(),
                total: "t".into(),
            };
            rules(&slo).len()
        };
        assert_eq!(
            [99.9, 94.0, 90.0, 80.0, 50.0, 1.0].map(of),
            [4, 4, 3, 2, 1, 1]
        );
    }
}
