//! What a cluster has to scrape beside the stack's own components.
//!
//! Namespaces, labels and port names are those of the usual installation: kubeadm's and Talos' for the control plane and
//! CoreDNS (`k8s-app: kube-dns`, port `metrics`), the projects' own charts and manifests for the rest.

use super::{Find, Relabel, Scheme, Target};
use crate::spec::Targets;

/// What no dashboard or alert asks of kubelets and cAdvisor: ids and names of cgroups and containers, and the kubelet's own
/// requests to the API server.
const KUBELET_RELABELS: &[Relabel] = &[
    Relabel::DropLabels("(uid|id|name)"),
    Relabel::DropSeries("rest_client_request_duration_seconds_(bucket|sum|count)"),
];

/// The control plane's ports (`kube-controller-manager` and `kube-scheduler --secure-port`).
const CONTROLLER_MANAGER_PORT: u16 = 10_257;
const SCHEDULER_PORT: u16 = 10_259;
const KUBELET_PORT: u16 = 10_250;

/// Those that are asked for, in the order of the options.
pub(crate) fn targets(asked: &Targets) -> Vec<Target> {
    let kubelet = |name: &'static str, path: &'static str| Target {
        name,
        job: "kubelet",
        find: Find::Nodes {
            port: KUBELET_PORT,
            control_plane: false,
        },
        path,
        scheme: Scheme::HttpsUnchecked,
        honor_labels: true,
        metric_relabels: KUBELET_RELABELS,
    };
    let control_plane = |name: &'static str, port: u16, scheme: Scheme| Target {
        name,
        job: name,
        find: Find::Nodes {
            port,
            control_plane: true,
        },
        path: "/metrics",
        scheme,
        honor_labels: false,
        metric_relabels: &[],
    };
    let plain = |name: &'static str, find: Find| Target {
        name,
        job: name,
        find,
        path: "/metrics",
        scheme: Scheme::Http,
        honor_labels: false,
        metric_relabels: &[],
    };
    let pods = |name, namespace, labels, port| {
        plain(
            name,
            Find::Pods {
                namespace,
                labels,
                port,
            },
        )
    };
    let service = |name, namespace, labels, port| {
        plain(
            name,
            Find::Service {
                namespace,
                labels,
                port,
            },
        )
    };
    let mut all = Vec::new();
    let mut add = |asked: bool, targets: Vec<Target>| {
        if asked {
            all.extend(targets);
        }
    };
    add(asked.kubelet, vec![kubelet("kubelet", "/metrics")]);
    add(
        asked.cadvisor,
        vec![kubelet("kubelet-cadvisor", "/metrics/cadvisor")],
    );
    add(
        asked.api_server,
        vec![Target {
            scheme: Scheme::HttpsAs("kubernetes"),
            ..service(
                "apiserver",
                "default",
                &[("component", "apiserver"), ("provider", "kubernetes")],
                "https",
            )
        }],
    );
    add(
        asked.core_dns,
        vec![service(
            "coredns",
            "kube-system",
            &[("k8s-app", "kube-dns")],
            "metrics",
        )],
    );
    add(
        asked.etcd,
        vec![control_plane("etcd", asked.etcd_port, Scheme::Http)],
    );
    add(
        asked.controller_manager,
        vec![control_plane(
            "kube-controller-manager",
            CONTROLLER_MANAGER_PORT,
            Scheme::HttpsUnchecked,
        )],
    );
    add(
        asked.scheduler,
        vec![control_plane(
            "kube-scheduler",
            SCHEDULER_PORT,
            Scheme::HttpsUnchecked,
        )],
    );
    add(
        asked.cilium,
        vec![
            pods(
                "cilium-agent",
                Some("kube-system"),
                &[("k8s-app", "cilium")],
                "prometheus",
            ),
            pods(
                "cilium-operator",
                Some("kube-system"),
                &[("io.cilium/app", "operator")],
                "prometheus",
            ),
        ],
    );
    add(
        asked.hubble,
        vec![pods(
            "hubble",
            Some("kube-system"),
            &[("k8s-app", "cilium")],
            "hubble-metrics",
        )],
    );
    add(
        asked.envoy_gateway,
        vec![
            pods(
                "envoy-gateway",
                Some("envoy-gateway-system"),
                &[("control-plane", "envoy-gateway")],
                "metrics",
            ),
            Target {
                path: "/stats/prometheus",
                ..pods(
                    "envoy-proxy",
                    None,
                    &[
                        ("app.kubernetes.io/managed-by", "envoy-gateway"),
                        ("app.kubernetes.io/name", "envoy"),
                    ],
                    "metrics",
                )
            },
        ],
    );
    add(
        asked.cert_manager,
        vec![pods(
            "cert-manager",
            Some("cert-manager"),
            &[("app.kubernetes.io/name", "cert-manager")],
            "http-metrics",
        )],
    );
    add(
        asked.external_secrets,
        vec![pods(
            "external-secrets",
            Some("external-secrets"),
            &[("app.kubernetes.io/name", "external-secrets")],
            "metrics",
        )],
    );
    add(
        asked.rook_ceph,
        vec![
            service(
                "rook-ceph-mgr",
                "rook-ceph",
                &[("app", "rook-ceph-mgr")],
                "http-metrics",
            ),
            service(
                "rook-ceph-exporter",
                "rook-ceph",
                &[("app", "rook-ceph-exporter")],
                "ceph-exporter-http-metrics",
            ),
        ],
    );
    add(
        asked.cnpg,
        vec![
            pods(
                "cnpg-operator",
                Some("cnpg-system"),
                &[("app.kubernetes.io/name", "cloudnative-pg")],
                "metrics",
            ),
            pods("cnpg", None, &[("cnpg.io/podRole", "instance")], "metrics"),
        ],
    );
    add(
        asked.flux,
        vec![pods(
            "flux",
            Some("flux-system"),
            &[("app.kubernetes.io/part-of", "flux")],
            "http-prom",
        )],
    );
    all
}
