//! The `spec` of an ObservabilityStack, as it is written. [`Plan`](crate::plan::Plan) says what it means.

mod alerting;
mod collectors;
mod flux;
mod grafana;
mod hub;
mod logs;
mod metrics;
mod network;
mod notifications;
mod store;
mod workload;

pub use alerting::{
    Alerting, BusinessAlert, Enabled, RuleGroup, RuleKind, RuleSeverity, Rules, Slo, Thresholds,
};
pub use collectors::{
    Collectors, Discover, Install, KubeStateMetrics, NodeExporter, Targets, VmAgent,
};
pub use flux::{Flux, FluxSource, Part, SourceKind, SubstituteFrom, SubstituteKind};
pub use grafana::{
    Grafana, GrafanaAdmin, GrafanaDashboard, GrafanaDashboards, GrafanaExpose, GrafanaIngress,
    GrafanaPlugins, GrafanaSidecar, PluginSource, SidecarNamespaces,
};
pub use hub::{Auth, AuthKind, ExternalSecret, Hub, Operator, Via};
pub use logs::{
    Audit, AuditTime, Bodies, Filters, Format, Join, JsonBody, Logs, LogsInstall, Route, Shape,
    Syntax, Talos, Values,
};
pub use metrics::{Metrics, Scrape};
pub use network::{Network, ParentGateway, Policy};
pub use notifications::{Alertmanager, Receiver, ReceiverKind, VmAlert};
pub use store::{Gateway, GatewayExpose, LogsStore, MetricsStore, Mode, Replicas, Store, Writer};
pub use workload::{Image, Images, QuantityText, Resources};

use krm_rs::Value;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Everything that a user may say about one cluster.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Spec {
    /// The cluster's name, in every record and label. Required; may hold Flux expressions.
    pub cluster: String,
    /// What the cluster is in the fleet. Required.
    pub role: Option<Role>,
    /// Production, staging and the like; a field of every record when given. May hold Flux expressions.
    pub environment: Option<String>,
    /// The namespace of everything that is generated.
    pub namespace: String,
    /// Whether the Namespace is generated too, with the Pod Security labels that host logs need.
    pub create_namespace: bool,
    /// A preset for sizes.
    pub profile: Profile,
    /// The hub that this cluster sends to.
    pub hub: Hub,
    /// VictoriaLogs' tenants by name: `AccountID:ProjectID`. `default` is `0:0` unless it is given.
    pub tenants: BTreeMap<String, String>,
    /// Container logs.
    pub logs: Logs,
    /// Whose scrape objects are generated, and how often they scrape.
    pub metrics: Metrics,
    /// What collects metrics.
    pub collectors: Collectors,
    /// What calls people.
    pub alerting: Alerting,
    /// Where people look.
    pub grafana: Grafana,
    /// The VictoriaMetrics operator.
    pub operator: Operator,
    /// What a hub keeps, and who may write to it.
    pub store: Store,
    /// Who may talk to whom.
    pub network: Network,
    /// What holds for every image.
    pub images: Images,
    /// The parts that are generated; all of them when none is named.
    pub parts: Vec<Part>,
    /// The Flux Kustomizations that `leafpack build` writes.
    pub flux: Flux,
    /// What is merged into generated objects at last.
    pub patches: Vec<Patch>,
}

impl Default for Spec {
    fn default() -> Self {
        Spec {
            cluster: String::new(),
            role: None,
            environment: None,
            namespace: "observability".into(),
            create_namespace: true,
            profile: Profile::default(),
            hub: Hub::default(),
            tenants: BTreeMap::new(),
            logs: Logs::default(),
            metrics: Metrics::default(),
            collectors: Collectors::default(),
            alerting: Alerting::default(),
            grafana: Grafana::default(),
            operator: Operator::default(),
            store: Store::default(),
            network: Network::default(),
            images: Images::default(),
            parts: Vec::new(),
            flux: Flux::default(),
            patches: Vec::new(),
        }
    }
}

/// A change of one generated object.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Patch {
    /// The object's kind.
    pub kind: String,
    /// The object's name, as it is generated.
    pub name: String,
    /// The fields: mappings are merged, and so are lists of mappings that have names; other lists and values are
    /// replaced, and `null` takes a field out.
    pub merge: Value,
}

/// A cluster's place in the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Keeps what the others send.
    Hub,
    /// Collects, and sends to the hub.
    Spoke,
}

/// A preset for sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// A few nodes, a few MB of logs a minute on each.
    #[default]
    Small,
    /// More of both: larger limits, and several nodes are updated at a time.
    Production,
}
