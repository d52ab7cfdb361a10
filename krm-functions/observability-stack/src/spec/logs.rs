//! `spec.logs`.

use super::{Image, Resources};
use serde::Deserialize;

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
