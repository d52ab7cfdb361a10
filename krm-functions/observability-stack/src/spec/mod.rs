//! The `spec` of an ObservabilityStack, as it is written. [`Plan`](crate::plan::Plan) says what it means.

mod logs;
mod metrics;
mod network;
mod workload;

pub use logs::{Format, Join, JsonBody, Logs};
pub use metrics::{Metrics, Scrape};
pub use network::{Network, Policy};
pub use workload::{Image, Images, QuantityText, Resources};

use serde::Deserialize;
use std::collections::BTreeMap;

/// Everything that a user may say about one cluster.
#[derive(Debug, Clone, Deserialize)]
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
    /// What is scraped of the collectors themselves.
    pub metrics: Metrics,
    /// Who may talk to whom.
    pub network: Network,
    /// What holds for every image.
    pub images: Images,
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
            network: Network::default(),
            images: Images::default(),
        }
    }
}

/// A cluster's place in the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Keeps what the others send.
    Hub,
    /// Collects, and sends to the hub.
    Spoke,
}

/// A preset for sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// A few nodes, a few MB of logs a minute on each.
    #[default]
    Small,
    /// More of both: larger limits, and several nodes are updated at a time.
    Production,
}

/// The hub.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Hub {
    /// Where logs go: `http[s]://host[:port]`, with or without a path that ends in `/insert/jsonline`. Required. The
    /// host may hold Flux expressions.
    #[serde(rename = "logsURL")]
    pub logs_url: String,
}
