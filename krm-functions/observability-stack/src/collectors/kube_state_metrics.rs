//! kube-state-metrics: how the cluster's objects are.

use super::{flux_state, service};
use crate::names::Component;
use crate::plan::Plan as StackPlan;
use crate::policy::{self, Egress, Rules};
use crate::spec::Spec;
use crate::targets::{Find, Target};
use crate::workload::Workload;
use crate::{access, image, profile};
use krm_rs::{Object, Value, json};
use leafpack_fn_common::check::Check;
use leafpack_fn_common::files::{HASH_ANNOTATION, hash};

/// What everything here is called.
pub(super) const COMPONENT: Component = Component {
    name: "kube-state-metrics",
    component: "metrics",
};

const IMAGE: image::Default = image::Default {
    registry: "registry.k8s.io",
    repository: "kube-state-metrics/kube-state-metrics",
    tag: "v2.14.0",
};

/// The cluster's metrics, and those of the process; both are scraped.
const METRICS: (&str, u16) = ("http-metrics", 8080);
const TELEMETRY: (&str, u16) = ("telemetry", 8081);

/// Where the description of Flux's objects is.
const CONFIG_FOLDER: &str = "/leafpack/config";
const CONFIG_FILE: &str = "flux-state.yaml";

/// What is told of by default (`DefaultResources` in its `pkg/options/resource.go`), by API group, but for ConfigMaps and
/// Secrets: to count them it would have to be able to read them all.
const RESOURCES: [(&str, &[&str]); 11] = [
    (
        "",
        &[
            "endpoints",
            "limitranges",
            "namespaces",
            "nodes",
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "replicationcontrollers",
            "resourcequotas",
            "services",
        ],
    ),
    (
        "admissionregistration.k8s.io",
        &[
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
        ],
    ),
    (
        "apps",
        &["daemonsets", "deployments", "replicasets", "statefulsets"],
    ),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("batch", &["cronjobs", "jobs"]),
    ("certificates.k8s.io", &["certificatesigningrequests"]),
    ("coordination.k8s.io", &["leases"]),
    ("networking.k8s.io", &["ingresses", "networkpolicies"]),
    ("policy", &["poddisruptionbudgets"]),
    ("storage.k8s.io", &["storageclasses", "volumeattachments"]),
    // Allowed, as in the project's own role, but told of only where a patch adds it: a series for every address is many.
    ("discovery.k8s.io", &["endpointslices"]),
];

/// What `spec.collectors.kubeStateMetrics` means.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    workload: Workload,
    /// Whether Flux's objects are told of.
    flux: bool,
}

impl Plan {
    /// Checks it; `None` where it is not wanted.
    pub(super) fn read(spec: &Spec, check: &mut Check<'_>) -> Option<Self> {
        let given = &spec.collectors.kube_state_metrics;
        let plan = Plan {
            workload: Workload::read(
                spec,
                "spec.collectors.kubeStateMetrics",
                (&given.image, &IMAGE),
                (&given.resources, &profile::kube_state_metrics(spec.profile)),
                check,
            ),
            flux: given.flux,
        };
        given.enabled.then_some(plan)
    }
}

/// Its two ports.
pub(super) fn targets() -> [Target; 2] {
    let telemetry = Target {
        name: "kube-state-metrics-telemetry",
        find: Find::Component {
            component: &COMPONENT,
            port: TELEMETRY.0,
        },
        ..Target::of(&COMPONENT, METRICS.0)
    };
    let metrics = Target {
        // Namespaces and pods are those that it tells of, not its own.
        honor_labels: true,
        ..Target::of(&COMPONENT, METRICS.0)
    };
    [
        metrics,
        Target {
            job: "kube-state-metrics-telemetry",
            ..telemetry
        },
    ]
}

/// All objects but what scrapes it.
pub(super) fn objects(plan: &StackPlan, own: &Plan) -> Vec<Object> {
    let mut objects = access::objects(plan, &COMPONENT, Some(rules(own)));
    if own.flux {
        let config = COMPONENT.object(plan, "v1", "ConfigMap", COMPONENT.name);
        objects.push(config.with("data", json!({CONFIG_FILE: flux_state::config()})));
    }
    objects.push(deployment(plan, own));
    objects.push(service(plan, &COMPONENT, &[METRICS, TELEMETRY]));
    let rules = Rules {
        scraped: vec![METRICS.1, TELEMETRY.1],
        egress: vec![Egress::ApiServer],
        ..Rules::default()
    };
    objects.extend(policy::object(plan, &COMPONENT, &rules));
    objects
}

fn rules(own: &Plan) -> Value {
    let read = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": ["list", "watch"]});
    let mut rules: Vec<Value> = RESOURCES
        .iter()
        .map(|(group, resources)| read(group, resources))
        .collect();
    if own.flux {
        // It waits for the definitions of what it shall tell of.
        rules.push(read("apiextensions.k8s.io", &["customresourcedefinitions"]));
        rules.extend(
            flux_state::groups()
                .into_iter()
                .map(|(group, resources)| read(group, &resources)),
        );
    }
    json!(rules)
}

fn deployment(plan: &StackPlan, own: &Plan) -> Object {
    let told: Vec<&str> = RESOURCES[..RESOURCES.len() - 1]
        .iter()
        .flat_map(|(_, resources)| resources.iter().copied())
        .collect();
    let mut args = vec![
        format!("--port={}", METRICS.1),
        format!("--telemetry-port={}", TELEMETRY.1),
        format!("--resources={}", told.join(",")),
    ];
    let mut mounts = json!([]);
    let mut volumes = json!([]);
    let mut annotations = json!({});
    if own.flux {
        args.push(format!(
            "--custom-resource-state-config-file={CONFIG_FOLDER}/{CONFIG_FILE}"
        ));
        mounts = json!([{"name": "config", "mountPath": CONFIG_FOLDER, "readOnly": true}]);
        volumes = json!([{"name": "config", "configMap": {"name": COMPONENT.name}}]);
        annotations = json!({
            HASH_ANNOTATION: hash([flux_state::config().as_bytes()]),
        });
    }
    let probe = |path: &str, port: (&str, u16)| {
        json!({
            "httpGet": {"path": path, "port": port.0},
            "initialDelaySeconds": 5,
            "timeoutSeconds": 5,
        })
    };
    let port =
        |port: (&str, u16)| json!({"name": port.0, "containerPort": port.1, "protocol": "TCP"});
    let mut container = json!({
        "name": COMPONENT.name,
        "image": own.workload.image.text(),
        "args": args,
        "ports": [port(METRICS), port(TELEMETRY)],
        "livenessProbe": probe("/livez", METRICS),
        "readinessProbe": probe("/readyz", TELEMETRY),
        "resources": own.workload.resources.value(),
        "securityContext": access::confined_as_nobody(),
    });
    let mut pod = json!({
        "serviceAccountName": COMPONENT.name,
        "automountServiceAccountToken": true,
        "enableServiceLinks": false,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
    });
    let mut metadata = json!({"labels": COMPONENT.labels(plan)});
    if own.flux {
        container["volumeMounts"] = mounts;
        metadata["annotations"] = annotations;
    }
    pod["containers"] = json!([container]);
    if own.flux {
        pod["volumes"] = volumes;
    }
    COMPONENT
        .object(plan, "apps/v1", "Deployment", COMPONENT.name)
        .with(
            "spec",
            json!({
                // Each replica tells of everything: two would count everything twice.
                "replicas": 1,
                "strategy": {"type": "Recreate"},
                "selector": {"matchLabels": COMPONENT.selector(plan)},
                "template": {"metadata": metadata, "spec": pod},
            }),
        )
}
