//! `spec.alerting`.

use super::{Alertmanager, VmAlert};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use std::fmt;

/// What calls people.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Alerting {
    /// The rules with the alerts.
    pub rules: Rules,
    /// What evaluates them, on a hub.
    pub vmalert: VmAlert,
    /// What tells people, on a hub.
    pub alertmanager: Alertmanager,
}

/// The rules with the alerts.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Rules {
    /// Whether rules are generated. `auto`: where the metrics are, which is a hub.
    pub enabled: Enabled,
    /// Whose objects they are.
    pub kind: RuleKind,
    /// The groups that are generated, beside the Watchdog.
    pub groups: Vec<RuleGroup>,
    /// What some of them compare with.
    pub thresholds: Thresholds,
    /// Objectives for services; each becomes alerts on how fast its error budget burns.
    pub slo: Vec<Slo>,
    /// Alerts of the user's own, in the group `business`.
    pub business: Vec<BusinessAlert>,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            enabled: Enabled::default(),
            kind: RuleKind::default(),
            groups: vec![
                RuleGroup::Cluster,
                RuleGroup::VictoriaMetrics,
                RuleGroup::Infrastructure,
                RuleGroup::Capacity,
                RuleGroup::Logs,
            ],
            thresholds: Thresholds::default(),
            slo: Vec::new(),
            business: Vec::new(),
        }
    }
}

/// `auto`, `true` or `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enabled {
    /// By the cluster's role.
    #[default]
    Auto,
    /// Whatever the role is.
    Always,
    /// Not at all.
    Never,
}

impl<'de> Deserialize<'de> for Enabled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;

        impl Visitor<'_> for Word {
            type Value = Enabled;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("auto, true or false")
            }

            fn visit_bool<E>(self, on: bool) -> Result<Enabled, E> {
                Ok(if on { Enabled::Always } else { Enabled::Never })
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Enabled, E> {
                match word {
                    "auto" => Ok(Enabled::Auto),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }
        }

        deserializer.deserialize_any(Word)
    }
}

#[cfg(feature = "schema")]
impl serde::Serialize for Enabled {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Enabled::Auto => serializer.serialize_str("auto"),
            Enabled::Always => serializer.serialize_bool(true),
            Enabled::Never => serializer.serialize_bool(false),
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Enabled {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Enabled".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"anyOf": [{"const": "auto"}, {"type": "boolean"}]})
    }
}

/// Whose objects rules are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
pub enum RuleKind {
    /// The VictoriaMetrics operator's.
    #[default]
    #[serde(rename = "VMRule")]
    VmRule,
    /// The Prometheus operator's, which the VictoriaMetrics operator takes, too.
    #[serde(rename = "PrometheusRule")]
    PrometheusRule,
}

/// A group of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RuleGroup {
    /// Kubernetes' objects, Flux, volumes, and whether a cluster says anything at all.
    Cluster,
    /// The stores, vmalert, Alertmanager and vmagent.
    VictoriaMetrics,
    /// Nodes, the control plane, the network, gateways and certificates.
    Infrastructure,
    /// What the stores have left.
    Capacity,
    /// Whether logs get from the nodes to the hub.
    Logs,
}

/// What rules compare with.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Thresholds {
    /// A node's memory in use, in percent.
    pub node_memory: u8,
    /// A node's processors in use, in percent.
    pub node_cpu: u8,
    /// How full a file system or a volume is, in percent, when it is asked whether it will soon be full. At 95 there is an
    /// alert in any case.
    pub disk: u8,
    /// How long before a certificate ends there is a warning.
    pub certificate: String,
    /// How long before a certificate ends it is critical.
    pub certificate_critical: String,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            node_memory: 90,
            node_cpu: 90,
            disk: 85,
            certificate: "7d".into(),
            certificate_critical: "24h".into(),
        }
    }
}

/// An objective of a service over 30 days.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Slo {
    /// The service's name: the label `slo` of its alerts.
    pub name: String,
    /// How many of a hundred requests shall be good, such as 99.9.
    pub objective: f64,
    /// The series of a counter that count good requests: `name{label="value"}`.
    pub good: String,
    /// The series of a counter that count all requests.
    pub total: String,
}

/// An alert of the user's own.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct BusinessAlert {
    /// The alert's name.
    pub name: String,
    /// The condition, in PromQL; every series that it gives is an alert. May hold Flux expressions.
    pub expression: String,
    /// How long the condition has to hold; at once without it.
    #[serde(rename = "for")]
    pub hold: String,
    /// How bad it is.
    pub severity: RuleSeverity,
    /// One line for whoever is called, with the alert's labels as `{{ $labels.name }}`. May hold Flux expressions.
    pub summary: String,
    /// What to do. May hold Flux expressions.
    pub description: String,
}

/// How bad it is: the label `severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RuleSeverity {
    /// Somebody has to come now.
    Critical,
    /// Somebody has to look today.
    #[default]
    Warning,
    /// Good to know.
    Info,
    /// For nobody.
    None,
}

impl RuleSeverity {
    /// The label's value.
    pub(crate) fn name(self) -> &'static str {
        match self {
            RuleSeverity::Critical => "critical",
            RuleSeverity::Warning => "warning",
            RuleSeverity::Info => "info",
            RuleSeverity::None => "none",
        }
    }
}
