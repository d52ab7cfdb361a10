//! The pod, its volume and its Service.

use super::{
    COMPONENT, DATASOURCES_FILE, HTTP, PORT, PROVIDERS_FILE, Plan, Provisioning, SERVICE_PORT,
};
use crate::access;
use crate::plan::Plan as StackPlan;
use crate::workload::volume_claim;
use krm_rs::{Object, Value, json};
use leafpack_fn_common::files::{HASH_ANNOTATION, hash};

/// Grafana's own user and group, in its image.
const USER: u32 = 472;

/// Where its volume is, and where it looks for what it asks.
const DATA_FOLDER: &str = "/var/lib/grafana";
const PROVISIONING_FOLDER: &str = "/etc/grafana/provisioning";

/// The volume. Flux never deletes it, with all that people made.
pub(super) fn volume(plan: &StackPlan, own: &Plan) -> Object {
    let spec = volume_claim(&own.size, own.storage_class.as_deref());
    COMPONENT
        .object(plan, "v1", "PersistentVolumeClaim", COMPONENT.name)
        .with_annotation("kustomize.toolkit.fluxcd.io/prune", "disabled")
        .with("spec", spec)
}

/// The Service, with an address: people come by it.
pub(super) fn service(plan: &StackPlan) -> Object {
    COMPONENT
        .object(plan, "v1", "Service", COMPONENT.name)
        .with(
            "spec",
            json!({
                "selector": COMPONENT.selector(plan),
                "ports": [{
                    "name": HTTP,
                    "port": SERVICE_PORT,
                    "protocol": "TCP",
                    "targetPort": HTTP,
                }],
            }),
        )
}

/// The Deployment.
pub(super) fn deployment(plan: &StackPlan, own: &Plan, provisioning: &Provisioning) -> Object {
    let files = [&provisioning.datasources, &provisioning.providers];
    let annotations = json!({HASH_ANNOTATION: hash(files.map(|file| file.as_bytes()))});
    COMPONENT
        .object(plan, "apps/v1", "Deployment", COMPONENT.name)
        .with(
            "spec",
            json!({
                // The database is a file on a volume that one pod may have: neither two, nor one beside the next.
                "replicas": 1,
                "strategy": {"type": "Recreate"},
                "selector": {"matchLabels": COMPONENT.selector(plan)},
                "template": {
                    "metadata": {"labels": COMPONENT.labels(plan), "annotations": annotations},
                    "spec": pod(own),
                },
            }),
        )
}

fn pod(own: &Plan) -> Value {
    let security = access::confined();
    let data = json!({"name": "data", "mountPath": DATA_FOLDER});
    let file = |file: &str| {
        let items = [json!({"key": file, "path": "leafpack.yaml"})];
        json!({"name": COMPONENT.name, "items": items})
    };
    let mut volumes = vec![
        json!({"name": "data", "persistentVolumeClaim": {"claimName": COMPONENT.name}}),
        json!({"name": "tmp", "emptyDir": {}}),
        json!({"name": "datasources", "configMap": file(DATASOURCES_FILE)}),
        json!({"name": "providers", "configMap": file(PROVIDERS_FILE)}),
    ];
    let provisioned = |name: &str, folder: &str| {
        json!({
            "name": name,
            "mountPath": format!("{PROVISIONING_FOLDER}/{folder}"),
            "readOnly": true,
        })
    };
    let mut mounts = vec![
        data.clone(),
        // Plugins with a program of their own talk to Grafana by a socket there.
        json!({"name": "tmp", "mountPath": "/tmp"}),
        provisioned("datasources", "datasources"),
        provisioned("providers", "dashboards"),
    ];
    let mut init = Vec::new();
    if let Some((container, volume, mount)) = own.plugins.init(&security) {
        init.push(container);
        volumes.push(volume);
        mounts.push(mount);
    }
    init.extend(own.dashboards.init(&security, &data));
    for (volume, mount) in own.dashboards.volumes() {
        volumes.push(volume);
        mounts.push(mount);
    }
    let mut containers = vec![container(own, &security, mounts)];
    containers.extend(own.dashboards.sidecar(&security));
    let mut pod = json!({
        "serviceAccountName": COMPONENT.name,
        "automountServiceAccountToken": own.dashboards.has_sidecar(),
        "enableServiceLinks": false,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    });
    if !init.is_empty() {
        pod["initContainers"] = json!(init);
    }
    pod["containers"] = json!(containers);
    pod["volumes"] = json!(volumes);
    pod
}

fn container(own: &Plan, security: &Value, mounts: Vec<Value>) -> Value {
    let variable = |name: &str, value: &str| json!({"name": name, "value": value});
    let mut environment = own.admin.environment().to_vec();
    if let Some(url) = own.expose.root_url() {
        environment.push(variable("GF_SERVER_ROOT_URL", &url));
    }
    environment.extend(own.plugins.environment());
    // It asks nobody what it was not asked to ask.
    for name in [
        "GF_ANALYTICS_REPORTING_ENABLED",
        "GF_ANALYTICS_CHECK_FOR_UPDATES",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
        "GF_NEWS_NEWS_FEED_ENABLED",
    ] {
        environment.push(variable(name, "false"));
    }
    let probe = |mut timing: Value| {
        timing["httpGet"] = json!({"path": "/api/health", "port": HTTP});
        timing["timeoutSeconds"] = json!(5);
        timing
    };
    json!({
        "name": COMPONENT.name,
        "image": own.workload.image.text(),
        "env": environment,
        "ports": [{"name": HTTP, "containerPort": PORT, "protocol": "TCP"}],
        // The first start makes the database and waits for the plugin: five minutes at most.
        "startupProbe": probe(json!({"periodSeconds": 5, "failureThreshold": 60})),
        "livenessProbe": probe(json!({"failureThreshold": 6})),
        "readinessProbe": probe(json!({})),
        "resources": own.workload.resources.value(),
        "securityContext": security,
        "volumeMounts": mounts,
    })
}
