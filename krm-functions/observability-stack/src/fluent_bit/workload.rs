//! The DaemonSet, and the ConfigMaps that it mounts.

use super::{COMPONENT, CONTAINER, HTTP, access, config_map_names, filter, paths, pipeline};
use crate::plan::Plan;
use crate::profile;
use fnv::FnvHasher;
use krm_rs::{Object, Value, json};
use leafpack_fn_common::modules::{Modules, encoded};
use std::hash::Hasher as _;

/// A hash of everything that the pods read at their start, so that a change of it rolls them.
const HASH_ANNOTATION: &str = "leafpack.dev/config-hash";

/// The values that Flux puts in later, for which the hash cannot speak.
const VALUES_ANNOTATION: &str = "leafpack.dev/config-values";

/// What the pods read at their start.
pub(super) struct Files<'m> {
    config: String,
    settings: String,
    modules: &'m Modules<'m>,
}

impl<'m> Files<'m> {
    /// Writes them.
    pub(super) fn new(plan: &Plan, modules: &'m Modules<'m>) -> Self {
        Files {
            config: pipeline::config(plan),
            settings: filter::settings(plan),
            modules,
        }
    }

    /// The ConfigMaps that hold them.
    pub(super) fn config_maps(&self, plan: &Plan) -> [Object; 3] {
        let names = config_map_names();
        let map = |name: &str| COMPONENT.object(plan, "v1", "ConfigMap", name);
        [
            map(&names.config).with("data", json!({paths::CONFIG_FILE: self.config})),
            map(&names.settings).with("data", json!({paths::FILTER_SETTINGS_FILE: self.settings})),
            map(&names.modules).with(
                "binaryData",
                json!({paths::FILTER_MODULE_FILE: encoded(self.modules.container_logs)}),
            ),
        ]
    }

    fn hash(&self) -> String {
        let mut hasher = FnvHasher::default();
        for file in [
            self.config.as_bytes(),
            self.settings.as_bytes(),
            self.modules.container_logs,
        ] {
            // With the length before it, no byte can move from one file to the next unnoticed.
            hasher.write(&(file.len() as u64).to_le_bytes());
            hasher.write(file);
        }
        format!("{:016x}", hasher.finish())
    }
}

/// Fluent Bit on every Linux node.
pub(super) fn daemon_set(plan: &Plan, files: &Files<'_>) -> Object {
    let mut template = Object::new("v1", "Pod", "");
    for (key, value) in COMPONENT.labels(plan) {
        template.set_label(&key, value.as_str().unwrap_or_default());
    }
    template.set_annotation(HASH_ANNOTATION, &files.hash());
    if let Some(values) = substituted(plan) {
        template.set_annotation(VALUES_ANNOTATION, &values);
    }
    if !plan.logs.own_logs {
        // For any other Fluent Bit that reads this node's logs.
        template.set_annotation("fluentbit.io/exclude", "true");
    }
    let mut metadata = template.as_value()["metadata"].clone();
    if let Value::Object(fields) = &mut metadata {
        fields.shift_remove("name");
    }
    COMPONENT
        .object(plan, "apps/v1", "DaemonSet", COMPONENT.name)
        .with(
            "spec",
            json!({
                "selector": {"matchLabels": COMPONENT.selector(plan)},
                "updateStrategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxUnavailable": profile::max_unavailable(plan.profile)},
                },
                "template": {"metadata": metadata, "spec": pod(plan)},
            }),
        )
}

/// The values that hold Flux expressions. Flux reads what it has replaced as YAML again, and a value such as `8` alone
/// would no longer be a string: so each has its name before it.
fn substituted(plan: &Plan) -> Option<String> {
    let host = plan.hub_logs.host.text();
    let values: Vec<String> = [
        ("cluster", Some(&plan.cluster)),
        ("environment", plan.environment.as_ref()),
        ("host", Some(&host)),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.map(|value| format!("{name}={value}")))
    .filter(|pair| leafpack_fn_common::flux::has_dollars(pair))
    .collect();
    (!values.is_empty()).then(|| values.join(" "))
}

fn pod(plan: &Plan) -> Value {
    let mut pod = json!({
        "serviceAccountName": access::account_name(),
        "automountServiceAccountToken": plan.logs.kubernetes,
        // Fluent Bit reads its environment; it need not know of every Service of the namespace.
        "enableServiceLinks": false,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [
            {"operator": "Exists", "effect": "NoSchedule"},
            {"operator": "Exists", "effect": "NoExecute"},
        ],
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container(plan)],
        "volumes": volumes(plan),
    });
    if let (Value::Object(fields), Some(class)) = (&mut pod, &plan.logs.priority_class) {
        fields.insert("priorityClassName".to_owned(), json!(class));
    }
    pod
}

fn container(plan: &Plan) -> Value {
    let resources = &plan.logs.resources;
    let probe = |path: &str| json!({"httpGet": {"path": path, "port": HTTP.name}});
    let with = |mut probe: Value, more: Value| {
        if let (Value::Object(probe), Value::Object(more)) = (&mut probe, more) {
            probe.extend(more);
        }
        probe
    };
    json!({
        "name": CONTAINER,
        "image": plan.logs.image.text(),
        "command": ["/fluent-bit/bin/fluent-bit"],
        "args": [format!("--config={}/{}", paths::CONFIG, paths::CONFIG_FILE)],
        "ports": [{"name": HTTP.name, "containerPort": HTTP.number, "protocol": "TCP"}],
        // Liveness waits for it. What a node keeps for a hub that is away may take a while to be found again.
        "startupProbe": with(probe("/"), json!({"periodSeconds": 5, "timeoutSeconds": 5, "failureThreshold": 60})),
        // Whether the process answers at all. Not its health: a hub that is away is no reason to start anew.
        "livenessProbe": with(probe("/"), json!({"periodSeconds": 20, "timeoutSeconds": 5, "failureThreshold": 6})),
        // Whether deliveries were given up in the last minute. A hub that is away is waited for, and does not count;
        // one that refuses what is sent does.
        "readinessProbe": with(probe("/api/v1/health"), json!({"periodSeconds": 15, "timeoutSeconds": 5})),
        "resources": {"requests": resources.requests, "limits": resources.limits},
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "privileged": false,
            "readOnlyRootFilesystem": true,
            // The node's log files belong to root, and nobody else may read them.
            "runAsUser": 0,
            "runAsGroup": 0,
        },
        "volumeMounts": [
            {"name": "config", "mountPath": paths::CONFIG, "readOnly": true},
            {"name": "settings", "mountPath": paths::SETTINGS, "readOnly": true},
            {"name": "modules", "mountPath": paths::MODULES, "readOnly": true},
            {"name": "state", "mountPath": paths::STATE},
            {"name": "logs", "mountPath": paths::LOGS, "readOnly": true},
        ],
    })
}

fn volumes(plan: &Plan) -> Value {
    let names = config_map_names();
    json!([
        {"name": "config", "configMap": {"name": names.config}},
        {"name": "settings", "configMap": {"name": names.settings}},
        {"name": "modules", "configMap": {"name": names.modules}},
        {"name": "state", "hostPath": {"path": plan.logs.state_dir, "type": "DirectoryOrCreate"}},
        {"name": "logs", "hostPath": {"path": paths::LOGS, "type": "Directory"}},
    ])
}
