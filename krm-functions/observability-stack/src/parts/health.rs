//! What has to be healthy before a part is ready.

use krm_rs::{Object, Value, json};

/// The kinds of the operator that have pods. The others become `operational` only when one of these selects them
/// (VictoriaMetrics/operator, `api/operator`): nothing to wait for.
const OPERATOR_KINDS: [&str; 12] = [
    "VLAgent",
    "VLCluster",
    "VLSingle",
    "VMAgent",
    "VMAlert",
    "VMAlertmanager",
    "VMAuth",
    "VMCluster",
    "VMSingle",
    "VTCluster",
    "VTSingle",
    "VMAnomaly",
];

/// Whether it can be told that an object is healthy, and ever will be.
fn is_checked(object: &Object) -> bool {
    // A check of an object that is looked for in no namespace never ends.
    !object.namespace().is_empty()
        && match object.group() {
            "apps" => matches!(object.kind(), "DaemonSet" | "Deployment" | "StatefulSet"),
            "helm.toolkit.fluxcd.io" => object.kind() == "HelmRelease",
            "source.toolkit.fluxcd.io" => true,
            _ => is_operators(object),
        }
}

/// Whether the operator makes pods of it.
fn is_operators(object: &Object) -> bool {
    object.group() == super::OPERATOR_GROUP && OPERATOR_KINDS.contains(&object.kind())
}

/// `spec.healthChecks`. With `wait: true` Flux would ignore them, and wait for every object in its own way: it takes the
/// operator's resources for ready as soon as they are there (kustomize-controller, `docs/spec/v1/kustomizations.md`).
pub(super) fn checks(objects: &[&Object]) -> Vec<Value> {
    let checked = objects.iter().filter(|object| is_checked(object));
    checked
        .map(|object| {
            json!({
                "apiVersion": object.api_version(),
                "kind": object.kind(),
                "name": object.name(),
                "namespace": object.namespace(),
            })
        })
        .collect()
}

/// `spec.healthCheckExprs`, for the operator's resources, which say how they are in a way of their own
/// (VictoriaMetrics/operator, `api/operator/v1beta1/vmextra_types.go`: `UpdateStatus`). Right after an object was made
/// it has no status; an expression that asks for a missing field fails.
pub(super) fn expressions(objects: &[&Object]) -> Vec<Value> {
    let is =
        |status: &str| format!("has(status.updateStatus) && status.updateStatus == '{status}'");
    let mut kinds: Vec<(&str, &str)> = objects
        .iter()
        .filter(|object| is_checked(object) && is_operators(object))
        .map(|object| (object.kind(), object.api_version()))
        .collect();
    kinds.sort_unstable();
    kinds.dedup_by_key(|(kind, _)| *kind);
    kinds
        .iter()
        .map(|(kind, api_version)| {
            json!({
                "apiVersion": api_version,
                "kind": kind,
                "failed": is("failed"),
                "current": is("operational"),
            })
        })
        .collect()
}
