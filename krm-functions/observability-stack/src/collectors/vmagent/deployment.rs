//! vmagent as a Deployment, or as a StatefulSet where what waits has a volume of its own.

use super::super::service;
use super::{COMPONENT, HTTP, PORT, Plan, rules, scrape_config};
use crate::access;
use crate::plan::Plan as StackPlan;
use krm_rs::{Object, Value, json, yaml};
use leafpack_fn_common::files::{HASH_ANNOTATION, VALUES_ANNOTATION, hash};

/// Where things are in the container.
const CONFIG_FOLDER: &str = "/leafpack/config";
const CONFIG_FILE: &str = "scrape.yaml";
const QUEUE_FOLDER: &str = "/leafpack/queue";

/// All objects but the policy.
pub(super) fn objects(plan: &StackPlan, own: &Plan) -> Vec<Object> {
    let config = yaml::emit(&scrape_config(plan));
    let mut objects = access::objects(plan, &COMPONENT, Some(rules()));
    objects.push(
        COMPONENT
            .object(plan, "v1", "ConfigMap", COMPONENT.name)
            .with("data", json!({CONFIG_FILE: config})),
    );
    objects.push(workload(plan, own, &config));
    objects.push(service(plan, &COMPONENT, &[(HTTP, PORT)]));
    if own.replicas > 1 {
        objects.push(
            COMPONENT
                .object(plan, "policy/v1", "PodDisruptionBudget", COMPONENT.name)
                .with(
                    "spec",
                    json!({
                        "maxUnavailable": 1,
                        "selector": {"matchLabels": COMPONENT.selector(plan)},
                    }),
                ),
        );
    }
    objects
}

fn workload(plan: &StackPlan, own: &Plan, config: &str) -> Object {
    let mut pod = pod(plan, own);
    let mut spec = json!({
        "replicas": own.replicas,
        "selector": {"matchLabels": COMPONENT.selector(plan)},
    });
    let kind = match own.storage() {
        None => {
            if let Some(volumes) = pod["volumes"].as_array_mut() {
                volumes.push(json!({"name": "queue", "emptyDir": {}}));
            }
            "Deployment"
        }
        Some(storage) => {
            spec["serviceName"] = json!(COMPONENT.name);
            spec["podManagementPolicy"] = json!("Parallel");
            spec["volumeClaimTemplates"] =
                json!([{"metadata": {"name": "queue"}, "spec": storage}]);
            "StatefulSet"
        }
    };
    let mut annotations = json!({HASH_ANNOTATION: hash([config.as_bytes()])});
    if let Some(values) = plan.substituted(&[("cluster", &plan.cluster)]) {
        annotations[VALUES_ANNOTATION] = json!(values);
    }
    spec["template"] = json!({
        "metadata": {"labels": COMPONENT.labels(plan), "annotations": annotations},
        "spec": pod,
    });
    COMPONENT
        .object(plan, "apps/v1", kind, COMPONENT.name)
        .with("spec", spec)
}

fn pod(plan: &StackPlan, own: &Plan) -> Value {
    let mut args = vec![
        format!("-promscrape.config={CONFIG_FOLDER}/{CONFIG_FILE}"),
        format!("-promscrape.maxScrapeSize={}", own.max_scrape_size),
        "-promscrape.streamParse=true".to_owned(),
        // Pods with several ports are found once for each.
        "-promscrape.suppressDuplicateScrapeTargetErrors=true".to_owned(),
        format!("-httpListenAddr=:{PORT}"),
        format!("-remoteWrite.url={}", own.hub.url()),
        format!("-remoteWrite.sendTimeout={}", own.send_timeout),
        format!("-remoteWrite.queues={}", own.queues),
        format!("-remoteWrite.tmpDataPath={QUEUE_FOLDER}"),
        format!("-remoteWrite.maxDiskUsagePerURL={}", own.buffer),
    ];
    args.extend(plan.auth.flags());
    let mut mounts = vec![
        json!({"name": "config", "mountPath": CONFIG_FOLDER, "readOnly": true}),
        json!({"name": "queue", "mountPath": QUEUE_FOLDER}),
    ];
    let mut volumes = vec![json!({"name": "config", "configMap": {"name": COMPONENT.name}})];
    if let Some((mount, volume)) = plan.auth.mount() {
        mounts.push(mount);
        volumes.push(volume);
    }
    let probe = |path: &str| json!({"httpGet": {"path": path, "port": HTTP}, "timeoutSeconds": 5});
    let mut container = json!({
        "name": COMPONENT.name,
        "image": own.workload.image.text(),
        "args": args,
        "ports": [{"name": HTTP, "containerPort": PORT, "protocol": "TCP"}],
        "livenessProbe": probe("/-/healthy"),
        "readinessProbe": probe("/-/ready"),
        "resources": own.workload.resources.value(),
        "securityContext": access::confined_as_nobody(),
        "volumeMounts": mounts,
    });
    if let Some(variable) = plan.auth.environment() {
        container["env"] = json!([variable]);
    }
    json!({
        "serviceAccountName": COMPONENT.name,
        "automountServiceAccountToken": true,
        "enableServiceLinks": false,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "securityContext": {
            "fsGroup": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": volumes,
    })
}
