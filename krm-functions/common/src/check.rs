//! Checks that several fields share, and their words.

use crate::flux::{self, Expressions, Part};
use krm_rs::{Fix, ResultItem, Results, Value, json};

/// Collects what is wrong, and the Flux expressions of what is right.
pub struct Check<'r> {
    results: &'r mut Results,
    expressions: Expressions,
    failed: bool,
}

impl<'r> Check<'r> {
    /// Nothing found yet.
    pub fn new(results: &'r mut Results) -> Self {
        Check {
            results,
            expressions: Expressions::default(),
            failed: false,
        }
    }

    /// The Flux expressions, where nothing was wrong.
    pub fn finish(self) -> Option<Expressions> {
        (!self.failed).then_some(self.expressions)
    }

    /// Takes note of the expressions in a value that was checked elsewhere.
    pub fn note(&mut self, value: &str) {
        self.expressions.note(value);
    }

    /// Something is wrong with a field, and `fix` would be right: its value, or words where no value would do.
    pub fn error(&mut self, path: &str, message: &str, fix: impl Into<Fix>) {
        self.failed = true;
        self.results.error(path, message, fix);
    }

    /// As [`Check::error`], about a field whose value goes into no report.
    pub fn secret(&mut self, path: &str, message: &str, fix: Value) {
        self.failed = true;
        let item = ResultItem::error(message, Fix::Value(fix)).at(path);
        self.results.push(item.found("(not shown)"));
    }

    /// Something about a field is worth a look.
    pub fn warning(&mut self, path: &str, message: &str) {
        self.results.warning(path, message);
    }

    /// A value that names, numbers or policies are computed from: it has to be `fits`, and may hold no dollars.
    pub fn literal(
        &mut self,
        path: &str,
        value: &str,
        expected: &str,
        fits: impl Fn(&str) -> bool,
        example: &str,
    ) {
        if flux::has_dollars(value) {
            self.error(
                path,
                &format!(
                    "found {value:?}, expected {expected}; it is computed with before Flux sees it, so it cannot be a Flux expression"
                ),
                json!(example),
            );
        } else if !fits(value) {
            let found = found(value);
            self.error(
                path,
                &format!("found {found}, expected {expected}"),
                json!(example),
            );
        }
    }

    /// A value that is carried through unchanged: it is `fits`, or holds Flux expressions between characters that are.
    pub fn carried(
        &mut self,
        path: &str,
        value: &str,
        expected: &str,
        fits: impl Fn(&str) -> bool,
        example: &str,
    ) {
        let parts = match flux::split(value) {
            Ok(parts) => parts,
            Err(fault) => {
                self.error(path, &format!("found {value:?}: {fault}"), json!(example));
                return;
            }
        };
        let is_literal = !parts.iter().any(|part| matches!(part, Part::Expression(_)));
        // The ends of a literal part are not the ends of the value: each expression stands for a letter there.
        let shape: String = parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text,
                Part::Expression(_) => "x",
            })
            .collect();
        if !fits(&shape) {
            let or = if is_literal {
                ""
            } else {
                " around its expressions"
            };
            let found = found(value);
            self.error(
                path,
                &format!("found {found}, expected {expected}{or}"),
                json!(example),
            );
            return;
        }
        self.note(value);
    }

    /// `spec.cluster`: the cluster's name, which is carried through. `example` is shown where there is none.
    pub fn cluster(&mut self, value: &str, example: &str) {
        if value.is_empty() {
            self.error(
                "spec.cluster",
                "found nothing, expected the cluster's name",
                json!(example),
            );
        } else {
            self.carried(
                "spec.cluster",
                value,
                "a name of lower-case letters, digits, '-' and '.'",
                is_dns_subdomain,
                "apps",
            );
        }
    }

    /// A value that becomes a label, such as `spec.environment`, and is carried through.
    pub fn word(&mut self, path: &str, value: Option<&String>, example: &str) {
        if let Some(value) = value {
            self.carried(
                path,
                value,
                "a word of letters, digits, '-', '_' and '.', of at most 63 characters",
                is_label_value,
                example,
            );
        }
    }
}

/// A value as an error shows it.
fn found(value: &str) -> String {
    match value {
        "" => "nothing".to_owned(),
        value => format!("{value:?}"),
    }
}

/// A label of DNS (RFC 1123), as most names of objects and namespaces are.
pub fn is_dns_label(text: &str) -> bool {
    (1..=63).contains(&text.len()) && has_ends(text) && text.chars().all(is_dns)
}

/// Labels of DNS with dots between them.
pub fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_label)
}

/// The value of a Kubernetes label, other than the empty one.
pub fn is_label_value(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=63).contains(&text.len()) && has_ends(text) && text.chars().all(inner)
}

/// Whether a letter or a digit stands at both ends.
fn has_ends(text: &str) -> bool {
    let is_end = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(is_end) && text.ends_with(is_end)
}

fn is_dns(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_names() {
        for (text, label, subdomain, value) in [
            ("apps", true, true, true),
            ("a-1", true, true, true),
            ("a.b", false, true, true),
            ("A_b", false, false, true),
            ("", false, false, false),
            ("-a", false, false, false),
            ("a-", false, false, false),
            ("a..b", false, false, true),
            ("a b", false, false, false),
            ("é", false, false, false),
        ] {
            assert_eq!(is_dns_label(text), label, "{text}");
            assert_eq!(is_dns_subdomain(text), subdomain, "{text}");
            assert_eq!(is_label_value(text), value, "{text}");
        }
        assert!(is_dns_label(&"a".repeat(63)) && !is_dns_label(&"a".repeat(64)));
    }
}
