//! The `spec` of an ObservabilityStack, as it is written. [`Plan`](crate::plan::Plan) says what it means.

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use std::collections::BTreeMap;
use std::fmt;

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

/// Container logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Logs {
    /// The name of the tenant, one of `tenants`.
    pub tenant: String,
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
            kubernetes: true,
            exclude: Vec::new(),
            pod_exclude: false,
            own_logs: false,
            join: Join::default(),
            json_body: JsonBody::default(),
            format: Format::default(),
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
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// As JSON.
    #[default]
    Json,
    /// As msgpack: less work, for records of few fields.
    Msgpack,
}

/// An image, in parts.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Image {
    /// Host, port and path of a mirror; the runtime's default when empty. May hold Flux expressions.
    pub registry: String,
    /// The repository.
    pub repository: String,
    /// The tag; [`Plan`](crate::plan::Plan) reads the version from it.
    pub tag: String,
    /// `sha256:…`, in addition to the tag.
    pub digest: String,
}

impl Default for Image {
    fn default() -> Self {
        Image {
            registry: String::new(),
            repository: "fluent/fluent-bit".into(),
            tag: "5.1.1".into(),
            digest: String::new(),
        }
    }
}

/// A container's resources.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Resources {
    /// What is set aside.
    pub requests: Option<BTreeMap<String, QuantityText>>,
    /// What is not exceeded.
    pub limits: Option<BTreeMap<String, QuantityText>>,
}

/// A quantity as it is written; YAML makes a number of `cpu: 1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuantityText(pub String);

impl<'de> Deserialize<'de> for QuantityText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = QuantityText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity such as 200m or 128Mi")
            }

            fn visit_str<E>(self, text: &str) -> Result<QuantityText, E> {
                Ok(QuantityText(text.to_owned()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<QuantityText, E> {
                Ok(QuantityText(number.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<QuantityText, E> {
                Ok(QuantityText(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<QuantityText, E> {
                Ok(QuantityText(number.to_string()))
            }
        }

        deserializer.deserialize_any(Text)
    }
}

/// What is scraped of the collectors themselves.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Metrics {
    /// Which operator's scrape objects are generated; never those of two, which would count everything twice.
    pub scrape: Scrape,
    /// How often.
    pub scrape_interval: String,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            scrape: Scrape::default(),
            scrape_interval: "30s".into(),
        }
    }
}

/// Whose scrape objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scrape {
    /// VMServiceScrape, of the VictoriaMetrics operator.
    #[default]
    VictoriaMetrics,
    /// None: the cluster has no such operator, or finds its targets otherwise.
    None,
}

/// Who may talk to whom.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Network {
    /// Which kind of policy is generated.
    pub policy: Policy,
    /// Namespaces, beside the stack's own, whose pods may scrape the collectors.
    pub scrape_from: Vec<String>,
    /// The ports of the API server, as the Service and as the pods behind it have them.
    pub api_server_ports: Vec<u16>,
    /// Whether the collectors' port is open by IPv6 too. Needs a kernel that has it.
    pub ipv6: bool,
}

impl Default for Network {
    fn default() -> Self {
        Network {
            policy: Policy::default(),
            scrape_from: Vec::new(),
            api_server_ports: vec![443, 6443],
            ipv6: true,
        }
    }
}

/// A kind of network policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// None.
    None,
    /// `networking.k8s.io` NetworkPolicy. It knows no names, so what goes out is bound to ports rather than to peers.
    #[default]
    Kubernetes,
    /// CiliumNetworkPolicy, which knows names and the API server.
    Cilium,
}
