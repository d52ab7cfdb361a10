//! Rules with alerts: those that come with the stack, in groups that can be switched, and those of a few lines of the
//! user's.
//!
//! One store has several clusters, so every expression keeps the label `cluster`, and what is missing is looked for
//! cluster by cluster, never with `absent()`, which knows of the store as a whole only. The label `job` is what
//! [`targets`](crate::targets) and the operator set. `docs/alerts.md` has them all.

mod business;
mod cluster;
mod infrastructure;
mod logs;
mod rule;
mod slo;
mod victoria;

use crate::names::Component;
use crate::plan::Plan as StackPlan;
use crate::spec::{Enabled, Mode, Role, RuleGroup, RuleKind, Spec, Thresholds};
use krm_rs::{Object, Value, json};
use leafpack_fn_common::check::Check;
use leafpack_fn_common::duration::duration_ms;
use rule::{Group, Rule};

/// What everything here is called.
const COMPONENT: Component = Component {
    name: "rules",
    component: "alerting",
};

/// All groups that can be switched, in the order in which they come out.
const GROUPS: [(RuleGroup, Group); 5] = [
    (RuleGroup::Cluster, cluster::GROUP),
    (RuleGroup::Infrastructure, infrastructure::GROUP),
    (RuleGroup::VictoriaMetrics, victoria::HEALTH),
    (RuleGroup::Capacity, victoria::CAPACITY),
    (RuleGroup::Logs, logs::GROUP),
];

/// At this many percent a file system or volume alerts whatever the threshold is.
const ALMOST_FULL: u8 = 95;

/// What `spec.alerting.rules` means.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    kind: RuleKind,
    groups: Vec<Group>,
    values: Values,
    slo: Vec<crate::spec::Slo>,
    business: Vec<crate::spec::BusinessAlert>,
}

/// What stands for the `${name}` in a [`Rule`].
#[derive(Debug, Clone)]
struct Values(Vec<(&'static str, String)>);

impl Values {
    fn of(thresholds: &Thresholds, replication_factor: u16) -> Self {
        let seconds_of = |text: &str| seconds(text).unwrap_or_default().to_string();
        Values(vec![
            ("${nodeMemory}", thresholds.node_memory.to_string()),
            ("${nodeCpu}", thresholds.node_cpu.to_string()),
            ("${disk}", thresholds.disk.to_string()),
            ("${certificate}", thresholds.certificate.clone()),
            ("${certificateSeconds}", seconds_of(&thresholds.certificate)),
            (
                "${certificateCritical}",
                thresholds.certificate_critical.clone(),
            ),
            (
                "${certificateCriticalSeconds}",
                seconds_of(&thresholds.certificate_critical),
            ),
            ("${replicationFactor}", replication_factor.to_string()),
        ])
    }

    /// `text` with the values in it.
    fn put(&self, text: &str) -> String {
        let Values(values) = self;
        values.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
    }
}

impl Plan {
    /// Checks `spec.alerting.rules`; `None` where there are no rules.
    pub(crate) fn read(spec: &Spec, check: &mut Check<'_>) -> Option<Self> {
        const PATH: &str = "spec.alerting.rules";
        let given = &spec.alerting.rules;
        thresholds(&given.thresholds, &format!("{PATH}.thresholds"), check);
        slo::read(&given.slo, &format!("{PATH}.slo"), check);
        business::read(&given.business, &format!("{PATH}.business"), check);
        let wanted = match given.enabled {
            Enabled::Auto => spec.role == Some(Role::Hub),
            Enabled::Always => true,
            Enabled::Never => false,
        };
        if !wanted {
            for (field, is_given) in [
                ("slo", !given.slo.is_empty()),
                ("business", !given.business.is_empty()),
            ] {
                if is_given {
                    check.warning(
                        &format!("{PATH}.{field}"),
                        "no rules are generated: they belong to where the metrics are, which is the hub; enabled: true generates them here",
                    );
                }
            }
            return None;
        }
        let groups = GROUPS
            .iter()
            .filter(|(name, _)| given.groups.contains(name));
        Some(Plan {
            kind: given.kind,
            groups: groups
                .map(|(_, group)| *group)
                .chain([logs::WATCHDOG])
                .collect(),
            values: Values::of(&given.thresholds, copies(spec)),
            slo: given.slo.clone(),
            business: given.business.clone(),
        })
    }
}

/// How many copies of a series the hub keeps. A spoke does not know; one is the careful guess, by which alerts come sooner.
fn copies(spec: &Spec) -> u16 {
    let store = &spec.store.metrics;
    match (spec.role, store.mode) {
        (Some(Role::Hub), Mode::Cluster) => store.replication_factor,
        _ => 1,
    }
}

fn thresholds(given: &Thresholds, path: &str, check: &mut Check<'_>) {
    let percents = [
        ("nodeMemory", given.node_memory, 99, 90),
        ("nodeCpu", given.node_cpu, 99, 90),
        ("disk", given.disk, ALMOST_FULL - 1, 85),
    ];
    for (field, percent, most, fix) in percents {
        if !(1..=most).contains(&percent) {
            check.error(
                &format!("{path}.{field}"),
                &format!("found {percent}, expected percent from 1 to {most}"),
                json!(fix),
            );
        }
    }
    let times = [
        ("certificate", &given.certificate, "7d"),
        ("certificateCritical", &given.certificate_critical, "24h"),
    ];
    for (field, text, fix) in times {
        let fits = |text: &str| seconds(text).is_some_and(|seconds| seconds > 0);
        let expected = "a duration of at least a second, such as 7d or 24h";
        check.literal(&format!("{path}.{field}"), text, expected, fits, fix);
    }
    let [warning, critical] = times.map(|(_, text, _)| seconds(text));
    if let (Some(warning), Some(critical)) = (warning, critical)
        && critical >= warning
    {
        check.error(
            &format!("{path}.certificateCritical"),
            &format!(
                "found {}, expected less than certificate, which is {}: the warning comes first",
                given.certificate_critical, given.certificate
            ),
            json!("24h"),
        );
    }
}

/// A duration of one unit in seconds; days are a unit, too.
fn seconds(text: &str) -> Option<u64> {
    match text.strip_suffix('d') {
        Some(days) => {
            let is_number = !days.is_empty() && days.bytes().all(|b| b.is_ascii_digit());
            let days = days.parse::<u64>().ok().filter(|_| is_number);
            days?.checked_mul(24 * 3600)
        }
        None => duration_ms(text).map(|ms| ms / 1_000),
    }
}

/// An object for each group.
pub(crate) fn objects(plan: &StackPlan, own: &Plan) -> Vec<Object> {
    let mut objects: Vec<Object> = own
        .groups
        .iter()
        .map(|group| {
            let rules = group.rules.iter();
            let rules = rules
                .map(|rule| own_rule(plan, &own.values, rule))
                .collect();
            object(plan, own, group.name, group.interval, rules)
        })
        .collect();
    if !own.slo.is_empty() {
        let rules = own.slo.iter().flat_map(slo::rules).collect();
        objects.push(object(plan, own, "slo", "1m", rules));
    }
    if !own.business.is_empty() {
        let rules = own.business.iter().map(business::rule).collect();
        objects.push(object(plan, own, "business", "1m", rules));
    }
    objects
}

fn object(plan: &StackPlan, own: &Plan, group: &str, interval: &str, rules: Vec<Value>) -> Object {
    let (api_version, kind) = match own.kind {
        RuleKind::VmRule => ("operator.victoriametrics.com/v1beta1", "VMRule"),
        RuleKind::PrometheusRule => ("monitoring.coreos.com/v1", "PrometheusRule"),
    };
    COMPONENT
        .object(plan, api_version, kind, &COMPONENT.named(group))
        .with(
            "spec",
            json!({"groups": [{"name": group, "interval": interval, "rules": rules}]}),
        )
}

fn own_rule(plan: &StackPlan, values: &Values, rule: &Rule) -> Value {
    let mut labels = json!({"severity": rule.severity.name()});
    if rule.alert == logs::WATCHDOG.rules[0].alert {
        // Of no series, it has no label of one.
        labels["cluster"] = json!(plan.cluster);
    }
    rule_of(
        rule.alert,
        &values.put(rule.expr),
        rule.hold,
        labels,
        rule.summary,
        &values.put(&format!("{} {}", rule.when, rule.action)),
    )
}

/// A rule as both kinds of objects have it.
fn rule_of(
    alert: &str,
    expr: &str,
    hold: &str,
    labels: Value,
    summary: &str,
    description: &str,
) -> Value {
    let mut rule = json!({"alert": alert, "expr": expr});
    if !hold.is_empty() {
        rule["for"] = json!(hold);
    }
    rule["labels"] = labels;
    rule["annotations"] = json!({"summary": summary});
    if !description.is_empty() {
        rule["annotations"]["description"] = json!(description);
    }
    rule
}

/// Whether an alert of this name comes with the stack.
fn is_own(alert: &str) -> bool {
    let groups = GROUPS.iter().map(|(_, group)| group);
    groups
        .chain([&logs::WATCHDOG])
        .any(|group| group.rules.iter().any(|rule| rule.alert == alert))
        || alert == slo::ALERT
}

#[cfg(test)]
mod tests;
