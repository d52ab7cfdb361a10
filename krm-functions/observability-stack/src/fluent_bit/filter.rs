//! The filter `container_logs`: its section, and its settings file.

use super::{config::Config, paths, settings::Join};
use crate::plan::Plan;
use crate::spec::Format;
use krm_rs::{Value, json};

/// What the fields of the `kubernetes` map begin with in a record.
const KUBERNETES_PREFIX: &str = "k8s_";

/// What of the `kubernetes` map stays out with [`Format::Msgpack`], in which a record holds 15 fields at most: the filter
/// would put those beyond into one text, and the last are cluster and tenant. Without these 15 are enough for all that
/// the CRI line, the map and the settings give.
const DROPPED_FROM_MSGPACK: [&str; 3] = ["container_hash", "docker_id", "pod_ip"];

/// The section, for these tags.
pub(super) fn section(plan: &Plan, every: &str, config: &mut Config) {
    let (function, format) = match plan.logs.format {
        Format::Json => ("container_logs", "json"),
        Format::Msgpack => ("container_logs_msgpack", "msgpack"),
    };
    let comment = format!(
        "Time, stream and message from the CRI line, and where it comes from: see {}.",
        paths::FILTER_SETTINGS_FILE
    );
    config
        .section("FILTER", &comment)
        .set("Name", "wasm")
        .set("Match", every)
        .set(
            "WASM_Path",
            format_args!("{}/{}", paths::MODULES, paths::FILTER_MODULE_FILE),
        )
        .set("Function_Name", function)
        .set("Event_Format", format)
        .set("accessible_paths", paths::SETTINGS);
}

/// `container-logs.json`. Cluster and environment may hold Flux expressions, which stand inside of JSON strings. Both the
/// text around them and the expressions hold nothing that JSON would escape; that the variables do not is up to the user.
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
    lines.extend([
        ("tenant", json!({"default": logs.tenant.name})),
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
    // One setting a line, as a person would write it.
    let lines: Vec<String> = lines
        .iter()
        .map(|(key, value)| format!("  \"{key}\": {}", spaced(value)))
        .collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// JSON in one line, with a space where a person would put one.
fn spaced(value: &Value) -> String {
    let list =
        |open: &str, items: Vec<String>, close: &str| open.to_owned() + &items.join(", ") + close;
    match value {
        Value::Array(values) => list("[", values.iter().map(spaced).collect(), "]"),
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(key, value)| format!("{}: {}", json!(key), spaced(value)));
            list("{", fields.collect(), "}")
        }
        other => other.to_string(),
    }
}
