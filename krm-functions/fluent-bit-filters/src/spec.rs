//! The `spec` of a FluentBitFilters, as it is written. [`Plan`](crate::plan::Plan) says what it means.

use krm_rs::{Map, Value};
use leafpack_fn_common::modules::Filter;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Everything that a user may say.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Spec {
    /// The cluster's name, in every record. Required; may hold Flux expressions.
    pub cluster: String,
    /// Production, staging and the like; a field of every record when given. May hold Flux expressions.
    pub environment: Option<String>,
    /// Whose records these are.
    pub tenant: Tenant,
    /// Which Fluent Bit is meant; needed where there are several.
    pub target: Target,
    /// What is added, in the order in which records meet it.
    pub filters: Vec<Entry>,
    /// Whether hand-written sections that do the same are taken out.
    pub replace: bool,
}

impl Default for Spec {
    fn default() -> Self {
        Spec {
            cluster: String::new(),
            environment: None,
            tenant: Tenant::default(),
            target: Target::default(),
            filters: vec![Entry::default()],
            replace: false,
        }
    }
}

/// Whose records these are; each field goes into the filters' settings as it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Tenant {
    /// The tenant where nothing else says one. May hold Flux expressions.
    pub default: Option<String>,
    /// Tenants by namespace; a name may end in `*`.
    pub namespaces: BTreeMap<String, String>,
    /// The label, of the pod or its namespace, that names the tenant.
    pub label: Option<String>,
}

/// A workload, by any of its names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Target {
    /// `DaemonSet`, `Deployment`, `StatefulSet`, `HelmRelease` or `FluentBit`.
    pub kind: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
}

/// A filter in the pipeline.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Entry {
    /// Which.
    pub filter: FilterName,
    /// The tags that it gets; found from the pipeline when empty.
    #[serde(rename = "match")]
    pub matching: String,
    /// Where it stands.
    pub position: Position,
    /// How Fluent Bit passes records to it.
    pub format: Format,
    /// Settings that are merged over those that follow from the rest of the spec.
    pub settings: Map<String, Value>,
}

/// The name of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilterName {
    /// Everything for container logs, in one pass.
    #[default]
    ContainerLogs,
    /// The CRI line alone.
    Cri,
    /// Cluster, environment, tenant and the `kubernetes` map.
    Tenant,
    /// The API server's audit log.
    Audit,
}

impl FilterName {
    /// The module.
    pub(crate) fn module(self) -> Filter {
        match self {
            FilterName::ContainerLogs => Filter::ContainerLogs,
            FilterName::Cri => Filter::Cri,
            FilterName::Tenant => Filter::Tenant,
            FilterName::Audit => Filter::Audit,
        }
    }
}

/// Where a filter stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Position {
    /// By the filter: behind `kubernetes` for container-logs and tenant, before it for cri; where there is none, and for
    /// audit, behind all.
    #[default]
    Auto,
    /// Before all others.
    First,
    /// Directly before the filter `kubernetes`.
    BeforeKubernetes,
    /// Directly behind the filter `kubernetes`.
    AfterKubernetes,
    /// Behind all others.
    Last,
}

/// How Fluent Bit passes records to a filter: `Event_Format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// As JSON.
    #[default]
    Json,
    /// As msgpack: less work, for records of few fields.
    Msgpack,
}

impl Format {
    /// As Fluent Bit spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Msgpack => "msgpack",
        }
    }
}
