//! `spec.logs`.

use super::{Image, QuantityText, Resources};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// Logs: of containers, and by option of the API server's audit and of Talos.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Logs {
    /// The name of the tenant, one of `tenants`.
    pub tenant: String,
    /// Whose records go to other tenants, by namespace.
    pub routes: Vec<Route>,
    /// The API server's audit log.
    pub audit: Audit,
    /// Logs of Talos' own services and of the kernel.
    pub talos: Talos,
    /// Whether records get what the API server knows of the pod: labels, node and so on. Without it pod, namespace and
    /// container come from the file's name, and no API token is mounted.
    pub kubernetes: bool,
    /// Whose logs are left out: `namespace`, `namespace/pod` or `namespace/pod/container`; `*` stands for any text.
    pub exclude: Vec<String>,
    /// Whether a pod may keep its logs out itself, with the annotation `fluentbit.io/exclude: "true"`. Needs `kubernetes`.
    pub pod_exclude: bool,
    /// Whether the collector's own logs are collected.
    pub own_logs: bool,
    /// What becomes of a line that the container runtime cut for its length.
    pub join: Join,
    /// What becomes of a message that is a JSON object.
    pub json_body: JsonBody,
    /// How records are passed to the filter.
    pub format: Format,
    /// Whose filters do the work.
    pub filters: Filters,
    /// How the pipeline is written.
    pub syntax: Syntax,
    /// How Fluent Bit comes to be there.
    pub install: LogsInstall,
    /// The version of the chart, with `install: chart`.
    pub chart_version: String,
    /// The OCI repository that the chart is in. May hold Flux expressions.
    pub charts: String,
    /// The folder of the node in which offsets and unsent logs are kept.
    pub state_dir: String,
    /// How much of the node's disk unsent logs may take.
    pub buffer_limit: String,
    /// The longest line that is taken; longer ones are skipped.
    pub line_limit: String,
    /// Fluent Bit's image.
    pub image: Image,
    /// Requests and limits; each that is given replaces that of the profile as a whole.
    pub resources: Resources,
    /// The priority class of the pods; none when empty.
    pub priority_class: String,
}

impl Default for Logs {
    fn default() -> Self {
        Logs {
            tenant: "default".into(),
            routes: Vec::new(),
            audit: Audit::default(),
            talos: Talos::default(),
            kubernetes: true,
            exclude: Vec::new(),
            pod_exclude: false,
            own_logs: false,
            join: Join::default(),
            json_body: JsonBody::default(),
            format: Format::default(),
            filters: Filters::default(),
            syntax: Syntax::default(),
            install: LogsInstall::default(),
            chart_version: "0.58.1".into(),
            charts: "oci://ghcr.io/fluent/helm-charts".into(),
            state_dir: "/var/fluent-bit/state".into(),
            buffer_limit: "1Gi".into(),
            line_limit: "1Mi".into(),
            image: Image::default(),
            resources: Resources::default(),
            priority_class: "system-node-critical".into(),
        }
    }
}

/// What becomes of a line that the container runtime cut for its length, 16 KiB by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Join {
    /// [`Join::Filter`] where that can work, else [`Join::Mark`].
    #[default]
    Auto,
    /// Each fragment is a record, marked with `partial_message`.
    Mark,
    /// The filter joins the fragments. Needs Fluent Bit 4.1, for before an instance of the filter lives for one chunk only,
    /// and [`Format::Json`], for with msgpack Fluent Bit takes every answer for a record.
    Filter,
    /// Fluent Bit joins them, with its own `multiline.parser cri`.
    Host,
}

/// What becomes of a message that is a JSON object.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct JsonBody {
    /// Whether its fields become the record's.
    pub merge: bool,
    /// What their names then begin with.
    pub prefix: String,
}

impl Default for JsonBody {
    fn default() -> Self {
        JsonBody {
            merge: true,
            prefix: String::new(),
        }
    }
}

/// How Fluent Bit passes records to the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// As JSON.
    #[default]
    Json,
    /// As msgpack: less work, for records of few fields.
    Msgpack,
}

/// Namespaces whose records go to a tenant of their own.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Route {
    /// The name of the tenant, one of `tenants`.
    pub tenant: String,
    /// Names of namespaces, or how they begin: `shop`, `team-a-*`. Where several fit, the whole name counts, else the
    /// longest beginning.
    pub namespaces: Vec<String>,
}

/// The API server's audit log. The settings from `noise` on are those of the filter `audit`.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Audit {
    /// Whether it is collected.
    pub enabled: bool,
    /// Where the API server writes it; a node that has none of these files sends nothing.
    pub paths: Vec<String>,
    /// The name of the tenant, one of `tenants`. When empty, `audit` if there is one, else that of the container logs.
    pub tenant: String,
    /// The longest event; longer ones are skipped.
    pub line_limit: String,
    /// Whether what every cluster writes most of is dropped.
    pub noise: bool,
    /// Events that are dropped: those for which all conditions of one rule hold.
    pub drop: Vec<BTreeMap<String, Values>>,
    /// What becomes of the bodies of requests and responses.
    pub bodies: Bodies,
    /// What is kept of a body.
    pub body_size: String,
    /// Whether data of Secrets, and what looks like a credential, is taken out.
    pub redaction: bool,
    /// Paths of what is taken out besides.
    pub redact: Vec<String>,
    /// Whether data of ConfigMaps is taken out as well.
    pub redact_config_maps: bool,
    /// What an event becomes.
    pub shape: Shape,
    /// Which timestamp becomes the record's time.
    pub time: AuditTime,
}

impl Default for Audit {
    fn default() -> Self {
        Audit {
            enabled: false,
            paths: vec![
                // Talos (`internal/app/machined/pkg/controllers/k8s/control_plane_static_pod.go`).
                "/var/log/audit/kube/kube-apiserver.log".into(),
                // What the documentation of Kubernetes has for kubeadm ("Auditing"), and what many have besides.
                "/var/log/kubernetes/audit/audit.log".into(),
                "/var/log/kubernetes/audit.log".into(),
            ],
            tenant: String::new(),
            line_limit: "4Mi".into(),
            noise: false,
            drop: Vec::new(),
            bodies: Bodies::default(),
            body_size: "8Ki".into(),
            redaction: true,
            redact: Vec::new(),
            redact_config_maps: false,
            shape: Shape::default(),
            time: AuditTime::default(),
        }
    }
}

/// The values of a condition, of which a rule may give one alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values(pub Vec<String>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value, or a list of values")
            }

            fn visit_str<E>(self, text: &str) -> Result<Values, E> {
                Ok(Values(vec![text.to_owned()]))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Values, E> {
                Ok(Values(vec![number.to_string()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element::<QuantityText>()? {
                    values.push(value.0);
                }
                Ok(Values(values))
            }
        }

        deserializer.deserialize_any(OneOrMore)
    }
}

/// What becomes of the bodies of requests and responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Bodies {
    /// They are left out.
    #[default]
    Drop,
    /// Each is kept as JSON text.
    String,
}

/// What an audit event becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// A field for each thing that it says.
    #[default]
    Flat,
    /// One object, under `audit_event`.
    Object,
    /// JSON text, under `audit_event`.
    String,
}

/// Which timestamp of an audit event becomes the record's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum AuditTime {
    /// When this stage was reached.
    #[default]
    StageTimestamp,
    /// When the request came.
    RequestReceivedTimestamp,
}

/// Logs of Talos' services, and of the kernel, which Talos sends to an address.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Talos {
    /// Whether they are taken.
    pub services: bool,
    /// The port of the node at which they are taken, by TCP.
    pub port: u16,
    /// The name of the tenant, one of `tenants`; that of the container logs when empty.
    pub tenant: String,
}

impl Default for Talos {
    fn default() -> Self {
        Talos {
            services: false,
            port: 5170,
            tenant: String::new(),
        }
    }
}

/// Whose filters do the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Filters {
    /// This project's.
    #[default]
    Wasm,
    /// Those that Fluent Bit brings, as near as they come.
    Native,
}

/// How the pipeline is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Syntax {
    /// As the version of Fluent Bit needs it.
    #[default]
    Auto,
    /// Sections in brackets.
    Classic,
    /// YAML.
    Yaml,
}

/// How Fluent Bit comes to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LogsInstall {
    /// As a DaemonSet.
    #[default]
    DaemonSet,
    /// As a HelmRelease of the chart fluent-bit, of Fluent's own.
    Chart,
}
