//! HelmReleases of the two stacks' charts.

use crate::edit::Editor;
use crate::operators::{agent_flags, prometheus_entry, vm_entry};
use crate::write::{self, Places};
use krm_rs::Value;

/// The chart victoria-metrics-k8s-stack.
///
/// Its VMAgent writes to `additionalRemoteWrites` and then to `spec.remoteWrite`, into whose **first** entry it merges the
/// address of its own store (`vm.agent.spec` in its `templates/_helpers.tpl`). So what is new goes to the first list: in
/// the second it would take the place of the store.
pub(crate) fn victoria_metrics(editor: &mut Editor<'_>) {
    editor.labels("spec.values.vmagent.spec.externalLabels");
    agent_flags(editor, "spec.values.vmagent.spec");
    if let Some(write) = editor.plan.write.clone() {
        let places = Places {
            lists: &[
                "spec.values.vmagent.additionalRemoteWrites",
                "spec.values.vmagent.spec.remoteWrite",
            ],
            single: if has_own_store(editor) {
                &[]
            } else {
                &["spec.values.external.vm.write"]
            },
        };
        write::apply(editor, &places, &vm_entry(&write));
    }
}

/// Whether the chart brings a store, beside which `external.vm.write` is not looked at (`vm.write.endpoint` in its
/// `templates/_helpers.tpl`). A single one is its default.
fn has_own_store(editor: &Editor<'_>) -> bool {
    let enabled = |store: &str, default: bool| {
        let value = editor.get(&format!("spec.values.{store}.enabled"));
        value.and_then(Value::as_bool).unwrap_or(default)
    };
    enabled("vmsingle", true) || enabled("vmcluster", false) || enabled("vmdistributed", false)
}

/// The chart kube-prometheus-stack (`templates/prometheus/prometheus.yaml`).
pub(crate) fn prometheus(editor: &mut Editor<'_>) {
    const BASE: &str = "spec.values.prometheus.prometheusSpec";
    editor.reserved_labels(BASE);
    editor.labels(&format!("{BASE}.externalLabels"));
    if let Some(write) = editor.plan.write.clone() {
        let places = Places {
            lists: &[
                "spec.values.prometheus.prometheusSpec.remoteWrite",
                "spec.values.prometheus.prometheusSpec.additionalRemoteWrite",
            ],
            single: &[],
        };
        write::apply(editor, &places, &prometheus_entry(&write));
    }
}
