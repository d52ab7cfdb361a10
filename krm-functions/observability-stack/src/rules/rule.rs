//! What a rule is, before it is an object.

use crate::spec::RuleSeverity;

/// A rule with an alert.
///
/// `expr`, `summary`, `when` and `action` may hold a `${name}` of [`Values`](super::Values): a threshold, which is put in
/// before anything comes out. The expressions are plain PromQL, for a PrometheusRule may be evaluated by Prometheus.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// The alert's name.
    pub(super) alert: &'static str,
    /// The condition. It keeps the label `cluster`, and of the labels of who was scraped (`instance`, `pod`) only what
    /// tells one trouble from another: an alert that changes its labels begins to wait anew.
    pub(super) expr: &'static str,
    /// How long it has to hold, as Prometheus writes durations; at once when empty.
    pub(super) hold: &'static str,
    /// How bad it is.
    pub(super) severity: RuleSeverity,
    /// One line for whoever is called, with the alert's labels.
    pub(super) summary: &'static str,
    /// The condition in words: a sentence.
    pub(super) when: &'static str,
    /// What to do: a sentence or two.
    pub(super) action: &'static str,
}

/// Rules that are evaluated together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// Its name.
    pub(super) name: &'static str,
    /// How often it is evaluated.
    pub(super) interval: &'static str,
    /// The rules.
    pub(super) rules: &'static [Rule],
}
