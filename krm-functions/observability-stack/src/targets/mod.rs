//! What is scraped: each target once, written as the VictoriaMetrics operator's objects or as a scrape configuration.

mod cluster;
mod config;
mod operator;

pub(crate) use cluster::targets as cluster_targets;
pub(crate) use config::scrape_configs;
pub(crate) use operator::object;

use crate::names::Component;

/// A scrape may take so many milliseconds, and never longer than the time between two.
pub(crate) const TIMEOUT_MS: u64 = 10_000;

/// Something that is scraped.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The object's name, and that of the scrape configuration.
    pub(crate) name: &'static str,
    /// The label `job`: what alerts and dashboards ask for.
    pub(crate) job: &'static str,
    /// Where it is.
    pub(crate) find: Find,
    /// The path of its metrics.
    pub(crate) path: &'static str,
    /// How it is spoken to.
    pub(crate) scheme: Scheme,
    /// Whether labels of what is scraped win over those of where it was found.
    pub(crate) honor_labels: bool,
    /// Drops series and labels that nobody asks for.
    pub(crate) metric_relabels: &'static [Relabel],
}

/// How targets are found.
#[derive(Debug, Clone)]
pub(crate) enum Find {
    /// The pods behind a component's Service, at the port of this name.
    Component {
        /// Which.
        component: &'static Component,
        /// The port's name.
        port: &'static str,
    },
    /// A component's pods, where there is no Service over them.
    ComponentPods {
        /// Which.
        component: &'static Component,
        /// The port's name.
        port: &'static str,
    },
    /// The pods behind a Service that is there already.
    Service {
        /// Its namespace.
        namespace: &'static str,
        /// Its labels.
        labels: &'static [(&'static str, &'static str)],
        /// The port's name.
        port: &'static str,
    },
    /// Pods with these labels, at the port of this name.
    Pods {
        /// Their namespace; all, where there is none.
        namespace: Option<&'static str>,
        /// Their labels.
        labels: &'static [(&'static str, &'static str)],
        /// The port's name in a container.
        port: &'static str,
    },
    /// Nodes, by their address.
    Nodes {
        /// The port.
        port: u16,
        /// Only those of the control plane.
        control_plane: bool,
    },
}

/// How a target is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS and the ServiceAccount's token; the certificate is the cluster's own for this name.
    HttpsAs(&'static str),
    /// The same for a certificate that nobody signed who is known here, as those of kubelets and of the control plane
    /// mostly are.
    HttpsUnchecked,
}

/// A rule about the labels of what was scraped.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Relabel {
    /// Labels whose names match go.
    DropLabels(&'static str),
    /// Series whose names match go.
    DropSeries(&'static str),
}

/// Where the ServiceAccount's token and the cluster's certificate are in a pod.
const TOKEN_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const CA_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

/// The label of nodes that hold the control plane; its value is empty.
const CONTROL_PLANE_LABEL: &str = "node-role.kubernetes.io/control-plane";

impl Target {
    /// A target of a component, at `/metrics` without TLS.
    pub(crate) fn of(component: &'static Component, port: &'static str) -> Self {
        Target {
            name: component.name,
            job: component.name,
            find: Find::Component { component, port },
            path: "/metrics",
            scheme: Scheme::Http,
            honor_labels: false,
            metric_relabels: &[],
        }
    }

    /// The meta label that holds the node's name.
    fn node_label(&self) -> &'static str {
        match self.find {
            Find::Nodes { .. } => "__meta_kubernetes_node_name",
            _ => "__meta_kubernetes_pod_node_name",
        }
    }

    /// What tells kubelet's paths apart, in a label as kube-prometheus has it.
    fn has_path_label(&self) -> bool {
        matches!(self.find, Find::Nodes { .. }) && self.name != self.job
    }
}
