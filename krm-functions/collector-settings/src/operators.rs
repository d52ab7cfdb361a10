//! The resources of the two operators.

use crate::edit::Editor;
use crate::plan::{LoginKind, Write};
use crate::write::{self, Entry, Places};
use krm_rs::json;

/// VMAgent, `operator.victoriametrics.com/v1beta1` (VictoriaMetrics/operator, `VMAgentSpec`).
pub(crate) fn vm_agent(editor: &mut Editor<'_>) {
    editor.labels("spec.externalLabels");
    agent_flags(editor, "spec");
    if let Some(write) = editor.plan.write.clone() {
        let places = Places {
            lists: &["spec.remoteWrite"],
            single: &[],
        };
        write::apply(editor, &places, &vm_entry(&write));
    }
}

/// What vmagent adds to every series as it sends it, and so wins over external labels: a field of the resource, and the
/// flag behind it.
pub(crate) fn agent_flags(editor: &mut Editor<'_>, base: &str) {
    let field = format!("{base}.remoteWriteSettings.label");
    for (name, value) in editor.plan.labels.clone() {
        let path = format!("{field}.{name}");
        let found = match editor.get(&path) {
            None => continue,
            Some(found) if found.as_str() == Some(&value) => continue,
            Some(found) => crate::edit::show(found),
        };
        let wanted = format!("{value:?}; it wins over external labels");
        if editor.gives_way(&path, "", &found, &wanted) {
            editor.set(&path, value);
        }
    }
    editor.label_flag(&format!("{base}.extraArgs[remoteWrite.label]"));
}

/// An entry of VMAgent's `remoteWrite`. A queue is no field of it, but of `remoteWriteSettings`.
pub(crate) fn vm_entry(write: &Write) -> Entry {
    let mut fields = vec![("url", json!(write.url))];
    fields.extend(write.timeout.as_ref().map(|t| ("sendTimeout", json!(t))));
    fields.extend(write.login.as_ref().map(|login| match &login.kind {
        LoginKind::Bearer(token) => ("bearerTokenSecret", login.selector(token)),
        LoginKind::Basic(user, password) => (
            "basicAuth",
            json!({"username": login.selector(user), "password": login.selector(password)}),
        ),
    }));
    Entry {
        fields,
        logins: &["bearerTokenSecret", "basicAuth", "oauth2", "aws"],
    }
}

/// Prometheus `v1` and PrometheusAgent `v1alpha1`, `monitoring.coreos.com` (prometheus-operator,
/// `CommonPrometheusFields`).
pub(crate) fn prometheus(editor: &mut Editor<'_>) {
    editor.reserved_labels("spec");
    editor.labels("spec.externalLabels");
    if let Some(write) = editor.plan.write.clone() {
        let places = Places {
            lists: &["spec.remoteWrite"],
            single: &[],
        };
        write::apply(editor, &places, &prometheus_entry(&write));
    }
}

/// An entry of Prometheus' `remoteWrite` (prometheus-operator, `RemoteWriteSpec`). The type of `authorization` is
/// `Bearer` unless it says otherwise.
pub(crate) fn prometheus_entry(write: &Write) -> Entry {
    let mut fields = vec![("url", json!(write.url))];
    fields.extend(write.timeout.as_ref().map(|t| ("remoteTimeout", json!(t))));
    fields.extend(write.login.as_ref().map(|login| match &login.kind {
        LoginKind::Bearer(token) => (
            "authorization",
            json!({"credentials": login.selector(token)}),
        ),
        LoginKind::Basic(user, password) => (
            "basicAuth",
            json!({"username": login.selector(user), "password": login.selector(password)}),
        ),
    }));
    Entry {
        fields,
        logins: &[
            "authorization",
            "basicAuth",
            "oauth2",
            "sigv4",
            "azureAd",
            "bearerToken",
            "bearerTokenFile",
        ],
    }
}
