//! `spec.collectors`.

use super::{Image, Resources};
use serde::Deserialize;

/// What collects metrics.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Collectors {
    /// What scrapes, and sends to the hub.
    pub vmagent: VmAgent,
    /// What says how the cluster's objects are.
    pub kube_state_metrics: KubeStateMetrics,
    /// What says how the nodes are.
    pub node_exporter: NodeExporter,
    /// What else is scraped.
    pub targets: Targets,
}

/// vmagent.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct VmAgent {
    /// How it comes to be there.
    pub install: Install,
    /// How many scrape everything, each for itself; the hub has to deduplicate what two send.
    pub replicas: u16,
    /// Connections to the hub at a time.
    pub queues: u16,
    /// What may wait for the hub on disk, for each replica.
    pub buffer: String,
    /// The storage class of a volume for it, so that it outlives the pod; without one it is a folder of the node's, which
    /// goes with the pod.
    pub storage_class: String,
    /// How long the hub may take for one request.
    pub send_timeout: String,
    /// The largest answer of a target.
    pub max_scrape_size: String,
    /// Whose scrape objects are heeded. Only with `install: operator`.
    pub discover: Discover,
    /// The image.
    pub image: Image,
    /// Requests and limits; each that is given replaces that of the profile as a whole.
    pub resources: Resources,
    /// The version of the chart, with `install: chart`.
    pub chart_version: String,
}

impl Default for VmAgent {
    fn default() -> Self {
        VmAgent {
            install: Install::default(),
            replicas: 1,
            queues: 10,
            buffer: "1Gi".into(),
            storage_class: String::new(),
            send_timeout: "30s".into(),
            max_scrape_size: "64Mi".into(),
            discover: Discover::default(),
            image: Image::default(),
            resources: Resources::default(),
            chart_version: "0.46.0".into(),
        }
    }
}

/// How vmagent comes to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Install {
    /// As a VMAgent, which the VictoriaMetrics operator makes.
    #[default]
    Operator,
    /// As a HelmRelease of the chart victoria-metrics-agent.
    Chart,
    /// As a Deployment.
    Deployment,
    /// Not at all: another collector scrapes this cluster.
    None,
}

/// Whose scrape objects are heeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Discover {
    /// Everybody's, those that the operator makes of ServiceMonitors and PodMonitors too.
    #[default]
    All,
    /// The stack's.
    Own,
}

/// kube-state-metrics.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct KubeStateMetrics {
    /// Whether it is generated.
    pub enabled: bool,
    /// Whether it says how Flux's objects are (`gotk_resource_info`), which Flux itself says no longer.
    pub flux: bool,
    /// The image.
    pub image: Image,
    /// Requests and limits; each that is given replaces that of the profile as a whole.
    pub resources: Resources,
}

impl Default for KubeStateMetrics {
    fn default() -> Self {
        KubeStateMetrics {
            enabled: true,
            flux: true,
            image: Image::default(),
            resources: Resources::default(),
        }
    }
}

/// node-exporter.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct NodeExporter {
    /// Whether it is generated.
    pub enabled: bool,
    /// Its port, on every node.
    pub port: u16,
    /// The image.
    pub image: Image,
    /// Requests and limits; each that is given replaces that of the profile as a whole.
    pub resources: Resources,
}

impl Default for NodeExporter {
    fn default() -> Self {
        NodeExporter {
            enabled: true,
            port: 9100,
            image: Image::default(),
            resources: Resources::default(),
        }
    }
}

/// What is scraped beside the stack's own components.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Targets {
    /// Kubelets.
    pub kubelet: bool,
    /// Containers, by the kubelets.
    pub cadvisor: bool,
    /// API servers.
    pub api_server: bool,
    /// CoreDNS.
    #[serde(rename = "coreDNS")]
    pub core_dns: bool,
    /// etcd, on the nodes of the control plane.
    pub etcd: bool,
    /// etcd's port for metrics without TLS (`listen-metrics-urls`).
    pub etcd_port: u16,
    /// kube-controller-manager, on the nodes of the control plane; by default it listens there to itself only.
    pub controller_manager: bool,
    /// kube-scheduler, likewise.
    pub scheduler: bool,
    /// Cilium's agents and operator.
    pub cilium: bool,
    /// Hubble's metrics, which the agents serve.
    pub hubble: bool,
    /// Envoy Gateway and its proxies.
    pub envoy_gateway: bool,
    /// cert-manager.
    pub cert_manager: bool,
    /// external-secrets.
    pub external_secrets: bool,
    /// Rook's Ceph.
    pub rook_ceph: bool,
    /// CloudNativePG and its databases.
    pub cnpg: bool,
    /// Flux's controllers.
    pub flux: bool,
}

impl Default for Targets {
    fn default() -> Self {
        Targets {
            kubelet: true,
            cadvisor: true,
            api_server: true,
            core_dns: true,
            etcd: false,
            etcd_port: 2381,
            controller_manager: false,
            scheduler: false,
            cilium: false,
            hubble: false,
            envoy_gateway: false,
            cert_manager: false,
            external_secrets: false,
            rook_ceph: false,
            cnpg: false,
            flux: true,
        }
    }
}
