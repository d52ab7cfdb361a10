//! The filter `container_logs`: its section, and its settings file.

use super::config::{Kind, Section};
use super::{paths, routes, settings::Join};
use crate::plan::Plan;
use crate::spec::Format;
use krm_rs::{Value, json};
use leafpack_fn_common::files::json_file;
use leafpack_fn_common::modules::Filter;

/// What the fields of the `kubernetes` map begin with in a record.
pub(super) const KUBERNETES_PREFIX: &str = "k8s_";

/// What of the `kubernetes` map stays out with [`Format::Msgpack`], in which a record holds 15 fields at most: the filter
/// would put those beyond into one text, and the last are cluster and tenant. Without these 15 are enough for all that
/// the CRI line, the map and the settings give.
const DROPPED_FROM_MSGPACK: [&str; 3] = ["container_hash", "docker_id", "pod_ip"];

/// The section, for these tags; without any for an output's.
pub(super) fn section(plan: &Plan, tags: Option<&str>) -> Section {
    let (function, format) = match plan.logs.format {
        Format::Json => ("container_logs", "json"),
        Format::Msgpack => ("container_logs_msgpack", "msgpack"),
    };
    let comment = format!(
        "Time, stream and message from the CRI line, and where it comes from: see {}.",
        Filter::ContainerLogs.settings_file()
    );
    wasm(Filter::ContainerLogs, function, format, tags, &comment)
}

/// The section of a filter of ours.
pub(super) fn wasm(
    module: Filter,
    function: &str,
    format: &str,
    tags: Option<&str>,
    comment: &str,
) -> Section {
    let mut section = Section::new(Kind::Filter, comment);
    section.set("Name", "wasm");
    if let Some(tags) = tags {
        section.set("Match", tags);
    }
    section
        .set(
            "WASM_Path",
            format_args!("{}/{}", paths::MODULES, module.module_file()),
        )
        .set("Function_Name", function)
        .set("Event_Format", format)
        .set("accessible_paths", paths::SETTINGS);
    section
}

/// `container-logs.json`.
pub(super) fn settings(plan: &Plan) -> String {
    let logs = &plan.logs;
    let mut lines: Vec<(&str, Value)> = vec![("cluster", json!(plan.cluster))];
    if let Some(environment) = &plan.environment {
        lines.push(("environment", json!(environment)));
    }
    let join = match logs.join {
        Join::Mark => "mark",
        Join::Filter => "filter",
        Join::Host => "host",
    };
    let mut body = json!({"merge": logs.json_body.merge});
    if !logs.json_body.prefix.is_empty() {
        body["prefix"] = json!(logs.json_body.prefix);
    }
    let mut kubernetes = json!({"lift": KUBERNETES_PREFIX});
    if logs.kubernetes && logs.format == Format::Msgpack {
        kubernetes["drop"] = json!(DROPPED_FROM_MSGPACK);
    }
    let mut tenant = json!({"default": logs.tenant.name});
    if !logs.routes.is_empty() {
        tenant["namespaces"] = Value::Object(routes::settings(&logs.routes));
    }
    lines.extend([
        ("tenant", tenant),
        // A record cannot claim another origin.
        ("existing", json!("replace")),
        ("input", json!("log")),
        ("names", json!("victorialogs")),
        // Without the `kubernetes` filter, and with it for as long as it cannot reach the API server.
        ("from_tag", json!(true)),
        ("kubernetes", kubernetes),
        ("join", json!(join)),
        ("json_body", body),
    ]);
    json_file(&lines)
}
