//! Where records go: one output for each tenant.

use super::config::{Config, Kind, Section};
use super::pipeline::on;
use crate::plan::Plan;
use crate::spec::AuthKind;
use crate::tenants::Tenant;
use krm_rs::{Value, json};

/// Where VictoriaLogs finds the message; the later ones are for records that no filter could read.
const MESSAGE_FIELDS: [&str; 4] = ["_msg", "log", "message", "msg"];

/// Where VictoriaLogs finds the time.
const TIME_FIELD: &str = "_time";

/// Which records an output, or a filter, takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Matching {
    /// Those whose tag is this, with `*` for any text.
    Tags(String),
    /// Those whose tag begins with what this regular expression says. Fluent Bit takes a match of no length for none.
    Regex(String),
}

impl Matching {
    /// Name and value of the property.
    pub(super) fn property(&self) -> (&'static str, &str) {
        match self {
            Matching::Tags(tags) => ("Match", tags),
            Matching::Regex(regex) => ("Match_Regex", regex),
        }
    }
}

/// A tenant of the hub, with the records that it gets.
pub(super) struct Target<'p> {
    /// The output's name in logs and metrics.
    pub(super) alias: String,
    /// What it is for.
    pub(super) comment: &'static str,
    /// Which records.
    pub(super) matching: Matching,
    /// Whose they are.
    pub(super) tenant: &'p Tenant,
    /// By which VictoriaLogs groups them into streams.
    pub(super) stream_fields: &'p [&'static str],
    /// How much of the disk they may take while the hub is away, where the input cannot be stopped; the oldest go then.
    pub(super) limit: Option<&'static str>,
    /// What is done to them before they are sent: see [`filters_at_output`](super::settings::Plan::filters_at_output).
    pub(super) filter: Option<Section>,
}

impl Target<'_> {
    /// The output.
    pub(super) fn section(self, plan: &Plan, config: &mut Config) {
        let hub = &plan.hub_logs;
        let (property, value) = self.matching.property();
        let section = config.section(Kind::Output, self.comment);
        section
            .set("Name", "http")
            .set("Alias", &self.alias)
            .set(property, value)
            .set("Host", host(plan))
            .set("Port", hub.port)
            .set("tls", on(hub.tls))
            .set("tls.verify", on(hub.tls))
            .set("URI", self.uri(plan))
            .set("Format", "json_lines")
            // The record's own time is in `_time`, to the nanosecond.
            .set("json_date_key", "false")
            .set("Compress", "gzip")
            .set("Header", format_args!("AccountID {}", self.tenant.account))
            .set("Header", format_args!("ProjectID {}", self.tenant.project));
        match plan.auth.kind {
            AuthKind::None => {}
            AuthKind::Basic => {
                section
                    .set("http_User", variable(USERNAME))
                    .set("http_Passwd", variable(PASSWORD));
            }
            AuthKind::Bearer => {
                let token = variable(TOKEN);
                section.set("Header", format_args!("Authorization Bearer {token}"));
            }
        }
        section
            .set("Retry_Limit", "no_limits")
            .set("net.io_timeout", "60s");
        if let Some(limit) = self.limit {
            section.set("storage.total_limit_size", limit);
        }
        if let Some(filter) = self.filter {
            // Each call sets up and tears down a runtime that all threads would share (`flb_wasm.c`, 3.2.2 and 4.0.14).
            section.set("Workers", 0).filter(filter);
        }
    }

    /// Path and parameters of the hub's endpoint.
    fn uri(&self, plan: &Plan) -> String {
        format!(
            "{}?_stream_fields={}&_msg_field={}&_time_field={TIME_FIELD}",
            plan.hub_logs.path,
            self.stream_fields.join(","),
            MESSAGE_FIELDS.join(","),
        )
    }
}

/// Variables of the container's environment that the outputs read.
const HOST: &str = "HUB_HOST";
const USERNAME: &str = "HUB_USERNAME";
const PASSWORD: &str = "HUB_PASSWORD";
const TOKEN: &str = "HUB_TOKEN";

/// A variable of the environment, as Fluent Bit reads it. It is written as Flux's are, and the object that holds it is kept
/// from Flux.
fn variable(name: &str) -> String {
    format!("${{{name}}}")
}

/// The hub's host. With credentials it comes from the environment as they do: what Flux puts into it would stand in an
/// object that is kept from Flux.
fn host(plan: &Plan) -> String {
    match plan.auth.kind {
        AuthKind::None => plan.hub_logs.host.text(),
        AuthKind::Basic | AuthKind::Bearer => variable(HOST),
    }
}

/// The environment that the outputs read.
pub(super) fn environment(plan: &Plan) -> Vec<Value> {
    let (first, second) = &plan.auth.keys;
    let secret = |name: &str, key: &str| {
        let key = json!({"name": plan.auth.secret, "key": key});
        json!({"name": name, "valueFrom": {"secretKeyRef": key}})
    };
    let host = json!({"name": HOST, "value": plan.hub_logs.host.text()});
    match plan.auth.kind {
        AuthKind::None => Vec::new(),
        AuthKind::Basic => vec![host, secret(USERNAME, first), secret(PASSWORD, second)],
        AuthKind::Bearer => vec![host, secret(TOKEN, first)],
    }
}

/// The output that makes a full buffer stop the reading.
pub(super) fn counted(matching: &Matching, config: &mut Config) {
    let (property, value) = matching.property();
    let comment = "Takes nothing away. Fluent Bit unloads a chunk that waits for a single output, and does not count it\n\
        against storage.max_chunks_up any more: without a second output a full buffer would not stop the reading,\n\
        and fill the node's disk.";
    config
        .section(Kind::Output, comment)
        .set("Name", "null")
        .set("Alias", "counted")
        .set(property, value);
}
