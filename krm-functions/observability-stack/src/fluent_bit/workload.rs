//! The DaemonSet, and the ConfigMaps that it mounts.

use super::{
    COMPONENT, CONTAINER, HTTP, NODE_FIELD, Port, access, audit, config_map_names, filter, native,
    output, paths, pipeline, talos,
};
use crate::plan::Plan;
use crate::profile;
use krm_rs::{Map, Object, Value, json};
use leafpack_fn_common::files::{HASH_ANNOTATION, VALUES_ANNOTATION, hash};
use leafpack_fn_common::modules::{Filter, Modules, encoded};

/// The variable that holds the node's name.
const NODE_VARIABLE: &str = "NODE_NAME";

/// What the pods read at their start: names and contents, by ConfigMap.
pub(super) struct Files<'m> {
    config: Vec<(String, String)>,
    settings: Vec<(String, String)>,
    modules: Vec<(String, &'m [u8])>,
}

impl<'m> Files<'m> {
    /// Writes them.
    pub(super) fn new(plan: &Plan, modules: &Modules<'m>) -> Self {
        let logs = &plan.logs;
        let name = paths::config_file(logs.syntax);
        let mut files = Files {
            config: vec![(name.to_owned(), pipeline::config(plan))],
            settings: Vec::new(),
            modules: Vec::new(),
        };
        if logs.is_native() {
            let name = paths::PARSERS_FILE.to_owned();
            files.config.push((name, native::parsers()));
        }
        for filter in logs.modules() {
            let settings = match (filter, &logs.audit) {
                (Filter::Audit, Some(audit)) => audit::settings(plan, audit),
                _ => filter::settings(plan),
            };
            files.settings.push((filter.settings_file(), settings));
            let module = modules.get(filter);
            files.modules.push((filter.module_file(), module));
        }
        files
    }

    /// The ConfigMaps that hold them; none for files that there are not.
    pub(super) fn config_maps(&self, plan: &Plan) -> Vec<Object> {
        let names = config_map_names();
        let map = |name: &str, field: &str, files: Map<String, Value>| {
            (!files.is_empty()).then(|| {
                let object = COMPONENT.object(plan, "v1", "ConfigMap", name);
                object.with(field, Value::Object(files))
            })
        };
        let texts = |files: &[(String, String)]| {
            let files = files.iter();
            files
                .map(|(name, text)| (name.clone(), json!(text)))
                .collect()
        };
        let modules = self.modules.iter();
        let modules = modules.map(|(name, module)| (name.clone(), json!(encoded(module))));
        [
            map(&names.config, "data", texts(&self.config)),
            map(&names.settings, "data", texts(&self.settings)),
            map(&names.modules, "binaryData", modules.collect()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn hash(&self) -> String {
        let texts = self.config.iter().chain(&self.settings);
        let mut all: Vec<&[u8]> = texts.map(|(_, text)| text.as_bytes()).collect();
        all.extend(self.modules.iter().map(|(_, module)| *module));
        hash(all)
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

/// The values that hold Flux expressions, of those that the files hold.
fn substituted(plan: &Plan) -> Option<String> {
    let host = plan.hub_logs.host.text();
    plan.substituted(&[
        ("cluster", &plan.cluster),
        (
            "environment",
            plan.environment.as_deref().unwrap_or_default(),
        ),
        ("host", &host),
    ])
}

/// The command's arguments. Of the node's name the filters know nothing, and what the configuration could take from the
/// environment Flux would replace (`${…}`); here it is Kubernetes that puts it in. A filter that is given so comes before
/// those of the file (tried with 3.2.2, 4.1.1 and 5.1.1).
fn arguments(plan: &Plan) -> Vec<String> {
    let file = paths::config_file(plan.logs.syntax);
    let mut arguments = vec![format!("--config={}/{file}", paths::CONFIG)];
    let set = format!("--prop=Set={NODE_FIELD} $({NODE_VARIABLE})");
    for tags in nameless(plan) {
        arguments.extend([
            "--filter=modify".to_owned(),
            format!("--match={tags}"),
            set.clone(),
        ]);
    }
    arguments
}

/// Tags of records that nobody else tells the node of.
fn nameless(plan: &Plan) -> Vec<&'static str> {
    let audit = plan.logs.audit.as_ref().map(|_| audit::TAGS);
    let talos = plan.logs.talos.as_ref().map(|_| talos::TAG);
    audit.into_iter().chain(talos).collect()
}

/// The container's ports.
fn ports(plan: &Plan) -> Value {
    let port =
        |port: &Port| json!({"name": port.name, "containerPort": port.number, "protocol": "TCP"});
    let mut ports = vec![port(&HTTP)];
    if let Some(talos) = &plan.logs.talos {
        let mut port = port(&talos.port());
        // Talos runs on the node, and knows no pods.
        port["hostPort"] = json!(talos.port);
        ports.push(port);
    }
    Value::Array(ports)
}

/// The one thing that the root of a container without capabilities needs for the audit log: its folder may be another
/// user's alone (Talos: mode 0700, user 65534).
const READ_ANYTHING: &str = "DAC_READ_SEARCH";

fn capabilities(plan: &Plan) -> Value {
    let mut capabilities = json!({"drop": ["ALL"]});
    if plan.logs.audit.is_some() {
        capabilities["add"] = json!([READ_ANYTHING]);
    }
    capabilities
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
    let probe = |path: &str| json!({"httpGet": {"path": path, "port": HTTP.name}});
    let with = |mut probe: Value, more: Value| {
        if let (Value::Object(probe), Value::Object(more)) = (&mut probe, more) {
            probe.extend(more);
        }
        probe
    };
    let mut container = json!({
        "name": CONTAINER,
        "image": plan.logs.image.text(),
        "command": ["/fluent-bit/bin/fluent-bit"],
        "args": arguments(plan),
        "ports": ports(plan),
        // Liveness waits for it. What a node keeps for a hub that is away may take a while to be found again.
        "startupProbe": with(probe("/"), json!({"periodSeconds": 5, "timeoutSeconds": 5, "failureThreshold": 60})),
        // Whether the process answers at all. Not its health: a hub that is away is no reason to start anew.
        "livenessProbe": with(probe("/"), json!({"periodSeconds": 20, "timeoutSeconds": 5, "failureThreshold": 6})),
        // Whether deliveries were given up in the last minute. A hub that is away is waited for, and does not count;
        // one that refuses what is sent does.
        "readinessProbe": with(probe("/api/v1/health"), json!({"periodSeconds": 15, "timeoutSeconds": 5})),
        "resources": plan.logs.resources.value(),
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": capabilities(plan),
            "privileged": false,
            "readOnlyRootFilesystem": true,
            // The node's log files belong to root, and nobody else may read them.
            "runAsUser": 0,
            "runAsGroup": 0,
        },
        "volumeMounts": mounts(plan),
    });
    let mut environment = output::environment(plan);
    if !nameless(plan).is_empty() {
        let node = json!({"fieldRef": {"fieldPath": "spec.nodeName"}});
        environment.push(json!({"name": NODE_VARIABLE, "valueFrom": node}));
    }
    if !environment.is_empty() {
        container["env"] = Value::Array(environment);
    }
    container
}

/// Volumes of ConfigMaps, and where they are mounted.
fn files(plan: &Plan) -> Vec<(&'static str, &'static str, String)> {
    let names = config_map_names();
    let mut files = vec![("config", paths::CONFIG, names.config)];
    if !plan.logs.modules().is_empty() {
        files.push(("settings", paths::SETTINGS, names.settings));
        files.push(("modules", paths::MODULES, names.modules));
    }
    files
}

fn mounts(plan: &Plan) -> Value {
    let files = files(plan).into_iter();
    let mut mounts: Vec<Value> = files
        .map(|(name, path, _)| json!({"name": name, "mountPath": path, "readOnly": true}))
        .collect();
    mounts.push(json!({"name": "state", "mountPath": paths::STATE}));
    mounts.push(json!({"name": "logs", "mountPath": paths::LOGS, "readOnly": true}));
    Value::Array(mounts)
}

fn volumes(plan: &Plan) -> Value {
    let files = files(plan).into_iter();
    let mut volumes: Vec<Value> = files
        .map(|(name, _, map)| json!({"name": name, "configMap": {"name": map}}))
        .collect();
    volumes.extend([
        json!({"name": "state", "hostPath": {"path": plan.logs.state_dir, "type": "DirectoryOrCreate"}}),
        json!({"name": "logs", "hostPath": {"path": paths::LOGS, "type": "Directory"}}),
    ]);
    Value::Array(volumes)
}
