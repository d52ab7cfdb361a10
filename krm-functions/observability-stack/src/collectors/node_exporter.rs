//! node-exporter: how the nodes are.

use super::service;
use crate::names::Component;
use crate::plan::Plan as StackPlan;
use crate::spec::Spec;
use crate::targets::Target;
use crate::workload::Workload;
use crate::{access, image, profile};
use krm_rs::{Object, json};
use leafpack_fn_common::check::Check;

/// What everything here is called.
pub(super) const COMPONENT: Component = Component {
    name: "node-exporter",
    component: "metrics",
};

const IMAGE: image::Default = image::Default {
    registry: "quay.io",
    repository: "prometheus/node-exporter",
    tag: "v1.8.2",
};

/// The name of its port.
const PORT: &str = "metrics";

/// Mounts that are not the node's own, and network interfaces that belong to containers.
const MOUNTS: &str = "^/(dev|proc|sys|var/lib/docker/.+|var/lib/kubelet/.+)($|/)";
const INTERFACES: &str = "^(veth.*|[a-f0-9]{15})$";

/// What `spec.collectors.nodeExporter` means.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    workload: Workload,
    port: u16,
}

impl Plan {
    /// Checks it; `None` where it is not wanted.
    pub(super) fn read(spec: &Spec, check: &mut Check<'_>) -> Option<Self> {
        let given = &spec.collectors.node_exporter;
        if given.port == 0 {
            check.error(
                "spec.collectors.nodeExporter.port",
                "found 0, expected a port from 1 to 65535",
                json!(9100),
            );
        }
        let plan = Plan {
            workload: Workload::read(
                spec,
                "spec.collectors.nodeExporter",
                (&given.image, &IMAGE),
                (&given.resources, &profile::node_exporter(spec.profile)),
                check,
            ),
            port: given.port,
        };
        given.enabled.then_some(plan)
    }
}

/// What scrapes it.
pub(super) fn target() -> Target {
    Target::of(&COMPONENT, PORT)
}

/// All objects but what scrapes it. There is no policy: none applies to pods on the node's network.
pub(super) fn objects(plan: &StackPlan, own: &Plan) -> Vec<Object> {
    let mut objects = access::objects(plan, &COMPONENT, None);
    objects.push(daemon_set(plan, own));
    objects.push(service(plan, &COMPONENT, &[(PORT, own.port)]));
    objects
}

fn daemon_set(plan: &StackPlan, own: &Plan) -> Object {
    // A folder in the image that nothing else uses; `/host/root` has the node's mounts below it.
    let args = [
        "--path.sysfs=/host/sys".to_owned(),
        "--path.rootfs=/host/root".to_owned(),
        "--no-collector.wifi".to_owned(),
        "--no-collector.hwmon".to_owned(),
        format!("--collector.filesystem.mount-points-exclude={MOUNTS}"),
        format!("--collector.netclass.ignored-devices={INTERFACES}"),
        format!("--collector.netdev.device-exclude={INTERFACES}"),
        format!("--web.listen-address=:{}", own.port),
    ];
    let probe = json!({"httpGet": {"path": "/", "port": PORT}, "timeoutSeconds": 5});
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
                "template": {
                    "metadata": {"labels": COMPONENT.labels(plan)},
                    "spec": {
                        "serviceAccountName": COMPONENT.name,
                        "automountServiceAccountToken": false,
                        "enableServiceLinks": false,
                        // The node's own network and processes are what it tells of.
                        "hostNetwork": true,
                        "hostPID": true,
                        "nodeSelector": {"kubernetes.io/os": "linux"},
                        "tolerations": [{"operator": "Exists"}],
                        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                        "containers": [{
                            "name": COMPONENT.name,
                            "image": own.workload.image.text(),
                            "args": args,
                            "ports": [{
                                "name": PORT,
                                "containerPort": own.port,
                                "hostPort": own.port,
                                "protocol": "TCP",
                            }],
                            "livenessProbe": probe,
                            "readinessProbe": probe,
                            "resources": own.workload.resources.value(),
                            "securityContext": access::confined_as_nobody(),
                            "volumeMounts": [
                                {"name": "sys", "mountPath": "/host/sys", "readOnly": true, "mountPropagation": "HostToContainer"},
                                // What is mounted on the node later is seen too.
                                {"name": "root", "mountPath": "/host/root", "readOnly": true, "mountPropagation": "HostToContainer"},
                            ],
                        }],
                        "volumes": [
                            {"name": "sys", "hostPath": {"path": "/sys"}},
                            {"name": "root", "hostPath": {"path": "/"}},
                        ],
                    },
                },
            }),
        )
}
