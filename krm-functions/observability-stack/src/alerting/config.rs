//! The Alertmanager's configuration: who is told of what, and what keeps quiet beside what.

use crate::spec::{Alertmanager, Receiver, ReceiverKind};
use krm_rs::{Value, json, yaml};
use std::collections::BTreeSet;

/// Where the operator mounts the Secrets that a VMAlertmanager names.
const SECRETS: &str = "/etc/vm/secrets";

/// Who is told, by the name of the option.
pub(super) fn receivers(given: &Alertmanager) -> [(&'static str, &Receiver); 4] {
    [
        ("default", &given.default),
        ("critical", &given.critical),
        ("warning", &given.warning),
        ("watchdog", &given.watchdog),
    ]
}

/// The Secrets that hold URLs.
pub(super) fn secrets(given: &Alertmanager) -> BTreeSet<&str> {
    receivers(given)
        .into_iter()
        .filter(|(_, receiver)| receiver.kind != ReceiverKind::None)
        .map(|(_, receiver)| receiver.secret.as_str())
        .collect()
}

/// `alertmanager.yaml`.
pub(super) fn text(given: &Alertmanager) -> String {
    // Whoever has no receiver of his own is told as by default; and the Watchdog nobody, for it always fires.
    let name = |name: &'static str, receiver: &Receiver| match (name, receiver.kind) {
        ("watchdog", ReceiverKind::None) => "null",
        (_, ReceiverKind::None) => "default",
        _ => name,
    };
    let route =
        |matcher: &str, receiver: &str| json!({"matchers": [matcher], "receiver": receiver});
    let mut watchdog = route(
        "alertname = \"Watchdog\"",
        name("watchdog", &given.watchdog),
    );
    // What listens for it has to hear it often.
    watchdog["repeat_interval"] = json!("5m");
    let mut all: Vec<Value> = vec![json!({"name": "null"})];
    for (name, receiver) in receivers(given) {
        let url = format!("{SECRETS}/{}/{}", receiver.secret, receiver.key);
        match receiver.kind {
            ReceiverKind::None if name == "default" => all.push(json!({"name": name})),
            ReceiverKind::None => {}
            ReceiverKind::Webhook => all.push(json!({
                "name": name,
                "webhook_configs": [{"url_file": url, "send_resolved": true}],
            })),
            ReceiverKind::Slack => all.push(json!({
                "name": name,
                "slack_configs": [{
                    "api_url_file": url,
                    "channel": receiver.channel,
                    "send_resolved": true,
                }],
            })),
        }
    }
    yaml::emit(&json!({
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": "default",
            // Of one cluster: an outage of two of them is two messages.
            "group_by": ["alertname", "cluster", "namespace", "severity"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": given.repeat_interval,
            "routes": [
                watchdog,
                route("severity = \"critical\"", name("critical", &given.critical)),
                route("severity = \"warning\"", name("warning", &given.warning)),
            ],
        },
        // Whoever knows that it is critical need not hear that it is serious too.
        "inhibit_rules": [{
            "source_matchers": ["severity = \"critical\""],
            "target_matchers": ["severity = \"warning\""],
            "equal": ["alertname", "cluster", "namespace"],
        }],
        "receivers": all,
    }))
}
