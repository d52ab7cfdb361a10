//! Alerts of the user's own.

use super::{is_own, rule_of, seconds};
use crate::spec::BusinessAlert;
use krm_rs::{Value, json};
use leafpack_fn_common::check::Check;
use std::collections::BTreeSet;

/// Checks them.
pub(super) fn read(all: &[BusinessAlert], path: &str, check: &mut Check<'_>) {
    let mut names = BTreeSet::new();
    for (index, alert) in all.iter().enumerate() {
        let path = format!("{path}[{index}]");
        check.literal(
            &format!("{path}.name"),
            &alert.name,
            "a name of letters, digits and '_'",
            is_alert_name,
            "OrdersStalled",
        );
        if is_own(&alert.name) || !names.insert(&alert.name) {
            check.error(
                &format!("{path}.name"),
                &format!(
                    "found {:?}, which another alert is called, expected a name of its own",
                    alert.name
                ),
                json!(format!("{}{index}", alert.name)),
            );
        }
        check.carried(
            &format!("{path}.expression"),
            &alert.expression,
            "an expression in PromQL, whose brackets and quotes are closed",
            is_closed,
            "sum by (cluster) (rate(orders_total[10m])) == 0",
        );
        if !alert.hold.is_empty() {
            let fits = |text: &str| seconds(text).is_some_and(|seconds| seconds > 0);
            let expected = "a duration of at least a second, such as 10m";
            check.literal(&format!("{path}.for"), &alert.hold, expected, fits, "10m");
        }
        check.carried(
            &format!("{path}.summary"),
            &alert.summary,
            "a line for whoever is called",
            |text| !text.trim().is_empty(),
            "{{ $labels.cluster }}: no order has come for 10 minutes",
        );
        if !alert.description.is_empty() {
            let any = |_: &str| true;
            let path = format!("{path}.description");
            check.carried(
                &path,
                &alert.description,
                "what to do",
                any,
                "call the shop",
            );
        }
    }
}

fn is_alert_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a text holds something, with every bracket and quote closed. Whether it means something is for who evaluates
/// it to say.
fn is_closed(text: &str) -> bool {
    let mut open = Vec::new();
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for c in text.chars() {
        if let Some(end) = quote {
            match c {
                _ if escaped => escaped = false,
                '\\' if end != '`' => escaped = true,
                _ if c == end => quote = None,
                _ => {}
            }
            continue;
        }
        match c {
            '"' | '\'' | '`' => quote = Some(c),
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            ')' | ']' | '}' if open.pop() != Some(c) => return false,
            _ => {}
        }
    }
    open.is_empty() && quote.is_none() && !text.trim().is_empty()
}

/// The rule.
pub(super) fn rule(alert: &BusinessAlert) -> Value {
    rule_of(
        &alert.name,
        &alert.expression,
        &alert.hold,
        json!({"severity": alert.severity.name()}),
        &alert.summary,
        &alert.description,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_found() {
        for text in [
            "vector(1)",
            "rate(x{a=\"(\"}[5m]) > 1",
            "x{a='\\'('}",
            "x{a=`\\`}",
        ] {
            assert!(is_closed(text), "{text}");
        }
        for text in [
            "",
            " ",
            "rate(x[5m)",
            "sum(x",
            "x{a=\"b}",
            "x)",
            "x{a='b\\'}",
        ] {
            assert!(!is_closed(text), "{text}");
        }
    }
}
