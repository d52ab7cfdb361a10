//! Fluent Bit as a HelmRelease of the chart fluent-bit: the DaemonSet's own pods, in the values that the chart's templates
//! read (fluent/helm-charts, charts/fluent-bit, 0.58.1: `_pod.tpl`, `daemonset.yaml`, `service.yaml`).

use super::workload::{Files, daemon_set};
use super::{COMPONENT, HTTP, config_map_names};
use crate::operator;
use crate::plan::Plan;
use krm_rs::{Object, Value, json};

const CHART: &str = "fluent-bit";

/// The container's name, which the chart takes from its own. It is a name that others use too.
pub(super) const CONTAINER: &str = CHART;

/// Seconds before liveness is asked for the first time: the chart has no startup probe, which would wait so long at most.
const START_SECONDS: u32 = 300;

/// The chart's source and its release.
pub(super) fn objects(plan: &Plan, files: &Files<'_>) -> Vec<Object> {
    let logs = &plan.logs;
    let url = format!("{}/{CHART}", logs.charts);
    operator::release_from(
        plan,
        &COMPONENT,
        &url,
        &logs.chart_version,
        values(plan, files),
    )
}

fn values(plan: &Plan, files: &Files<'_>) -> Value {
    let daemon_set = daemon_set(plan, files);
    let of = |path: &str| daemon_set.get(path).cloned().unwrap_or_default();
    let pod = |field: &str| of(&format!("spec.template.spec.{field}"));
    let container = |field: &str| of(&format!("spec.template.spec.containers[0].{field}"));
    let image = &plan.logs.image;
    let mut liveness = container("livenessProbe");
    liveness["initialDelaySeconds"] = json!(START_SECONDS);
    let mut values = json!({
        "kind": "DaemonSet",
        // The same name for everything, whatever the release is called.
        "fullnameOverride": COMPONENT.name,
        "image": {"repository": image.name(), "tag": image.tag, "digest": image.digest},
        "command": container("command"),
        "args": container("args"),
        // The chart's own configuration is not made then; its mount of this one is not used.
        "existingConfigMap": config_map_names().config,
        // `daemonSetVolumes`, and not `volumes`, is what is read; the volume `config` is the chart's own.
        "daemonSetVolumes": without_config(pod("volumes")),
        "daemonSetVolumeMounts": container("volumeMounts"),
        "serviceAccount": {
            "create": false,
            "name": pod("serviceAccountName"),
            "automountServiceAccountToken": pod("automountServiceAccountToken"),
        },
        "rbac": {"create": false},
        "podSecurityContext": pod("securityContext"),
        "securityContext": container("securityContext"),
        "resources": container("resources"),
        "livenessProbe": liveness,
        "readinessProbe": container("readinessProbe"),
        "metricsPort": HTTP.number,
        // By these the policy and the scrape know the pods and their Service.
        "podLabels": COMPONENT.selector(plan),
        "service": {"port": HTTP.number, "labels": COMPONENT.selector(plan)},
        "podAnnotations": of("spec.template.metadata.annotations"),
        "nodeSelector": pod("nodeSelector"),
        "tolerations": pod("tolerations"),
        "updateStrategy": of("spec.updateStrategy"),
        // A pod that asks the Service for an answer, with an image from elsewhere.
        "testFramework": {"enabled": false},
    });
    for (name, value) in [
        ("env", container("env")),
        ("priorityClassName", pod("priorityClassName")),
    ] {
        if value != Value::Null {
            values[name] = value;
        }
    }
    values
}

/// Volumes but for the one that the chart makes.
fn without_config(volumes: Value) -> Value {
    match volumes {
        Value::Array(mut volumes) => {
            volumes.retain(|volume| volume["name"] != "config");
            Value::Array(volumes)
        }
        other => other,
    }
}
