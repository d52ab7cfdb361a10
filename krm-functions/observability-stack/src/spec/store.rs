//! `spec.store`: what a hub keeps.

use super::{ExternalSecret, Image, ParentGateway, Resources};
use serde::Deserialize;

/// What a hub keeps, and who may write to it.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Store {
    /// The storage class of every volume of the hub; the cluster's default when empty.
    pub storage_class: String,
    /// Metrics, in VictoriaMetrics.
    pub metrics: MetricsStore,
    /// Logs, in VictoriaLogs.
    pub logs: LogsStore,
    /// The gateway in front of both, by which other clusters write.
    pub gateway: Gateway,
}

/// How a store is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One program, and one volume.
    #[default]
    Single,
    /// Several, each for a part of the work.
    Cluster,
}

/// Where metrics are kept.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct MetricsStore {
    /// One VMSingle, or a VMCluster.
    pub mode: Mode,
    /// How long they are kept: days, weeks or years, such as 30d.
    pub retention: String,
    /// The size of each volume.
    pub size: String,
    /// How many copies of everything there are. With `mode: cluster`.
    pub replication_factor: u16,
    /// How many of each part. With `mode: cluster`.
    pub replicas: Replicas,
    /// The size of vmselect's volume for its cache. With `mode: cluster`.
    pub cache_size: String,
    /// The image of VMSingle; with `mode: cluster` its tag counts, as the version of all parts.
    pub image: Image,
    /// Requests and limits of VMSingle, or of each vmstorage; each that is given replaces that of the profile as a whole.
    pub resources: Resources,
}

impl Default for MetricsStore {
    fn default() -> Self {
        MetricsStore {
            mode: Mode::default(),
            retention: "30d".into(),
            size: "50Gi".into(),
            replication_factor: 2,
            replicas: Replicas::default(),
            cache_size: "10Gi".into(),
            image: Image::default(),
            resources: Resources::default(),
        }
    }
}

/// Where logs are kept.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct LogsStore {
    /// One VLSingle, or a VLCluster.
    pub mode: Mode,
    /// How long they are kept: days, weeks or years, such as 30d.
    pub retention: String,
    /// The size of each volume.
    pub size: String,
    /// How many of each part. With `mode: cluster`.
    pub replicas: Replicas,
    /// The image.
    pub image: Image,
    /// Requests and limits of VLSingle, or of each vlstorage; each that is given replaces that of the profile as a whole.
    pub resources: Resources,
}

impl Default for LogsStore {
    fn default() -> Self {
        LogsStore {
            mode: Mode::default(),
            retention: "30d".into(),
            size: "50Gi".into(),
            replicas: Replicas::default(),
            image: Image::default(),
            resources: Resources::default(),
        }
    }
}

/// How many of each part of a cluster there are.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Replicas {
    /// What keeps.
    pub storage: u16,
    /// What answers.
    pub select: u16,
    /// What takes in.
    pub insert: u16,
}

impl Default for Replicas {
    fn default() -> Self {
        Replicas {
            storage: 3,
            select: 3,
            insert: 3,
        }
    }
}

/// The gateway.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Gateway {
    /// Whether there is one, a VMAuth; without it nobody beyond the stack's own namespace can write.
    pub enabled: bool,
    /// How many.
    pub replicas: u16,
    /// How other clusters reach it.
    pub expose: GatewayExpose,
    /// The host by which they do, with `expose: httproute`. May hold Flux expressions.
    pub host: String,
    /// The Gateway, with `expose: httproute`.
    pub gateway: ParentGateway,
    /// Who may write, each with a user's name and a password.
    pub writers: Vec<Writer>,
    /// The image.
    pub image: Image,
    /// Requests and limits; each that is given replaces that of the profile as a whole.
    pub resources: Resources,
}

impl Default for Gateway {
    fn default() -> Self {
        Gateway {
            enabled: true,
            replicas: 1,
            expose: GatewayExpose::default(),
            host: String::new(),
            gateway: ParentGateway::default(),
            writers: Vec::new(),
            image: Image::default(),
            resources: Resources::default(),
        }
    }
}

/// How other clusters reach the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum GatewayExpose {
    /// Not by the stack's doing.
    #[default]
    None,
    /// As a global Service of Cilium's ClusterMesh.
    ClusterMesh,
    /// By a Service of the type LoadBalancer.
    LoadBalancer,
    /// By an HTTPRoute of the Gateway API, at `host`.
    HttpRoute,
}

/// Somebody who may write.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Writer {
    /// The user's name; that of a cluster, mostly. Required.
    pub name: String,
    /// The tenants that it may write logs of, by their names in `tenants`; the first is taken where it names none. One of
    /// them, `default`, when empty.
    pub tenants: Vec<String>,
    /// The Secret that holds the password, under `password`. Required.
    pub secret: String,
    /// Where external-secrets gets that Secret from.
    pub external_secret: ExternalSecret,
}
