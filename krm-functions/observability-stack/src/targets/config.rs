//! Targets as a scrape configuration, for a vmagent without the operator.

use super::{CA_FILE, CONTROL_PLANE_LABEL, Find, Relabel, Scheme, TIMEOUT_MS, TOKEN_FILE, Target};
use crate::names::Component;
use crate::plan::Plan;
use krm_rs::{Value, json};
use leafpack_fn_common::duration::duration_text;

/// `scrape_configs`.
pub(crate) fn scrape_configs(plan: &Plan, targets: &[Target]) -> Vec<Value> {
    let configs = targets.iter().map(|target| scrape_config(plan, target));
    configs.collect()
}

fn scrape_config(plan: &Plan, target: &Target) -> Value {
    let mut config = json!({
        "job_name": target.name,
        "metrics_path": target.path,
        "scrape_timeout": duration_text(plan.scrape_interval_ms.min(TIMEOUT_MS)),
    });
    match target.scheme {
        Scheme::Http => {}
        Scheme::HttpsAs(name) => {
            config["scheme"] = json!("https");
            config["bearer_token_file"] = json!(TOKEN_FILE);
            config["tls_config"] = json!({"ca_file": CA_FILE, "server_name": name});
        }
        Scheme::HttpsUnchecked => {
            config["scheme"] = json!("https");
            config["bearer_token_file"] = json!(TOKEN_FILE);
            config["tls_config"] = json!({"insecure_skip_verify": true});
        }
    }
    if target.honor_labels {
        config["honor_labels"] = json!(true);
    }
    let (role, namespace, mut relabels) = found(plan, target);
    let mut discovery = json!({"role": role});
    match namespace {
        Namespace::Own => discovery["namespaces"] = json!({"own_namespace": true}),
        Namespace::Of(name) => discovery["namespaces"] = json!({"names": [name]}),
        Namespace::All => {}
    }
    config["kubernetes_sd_configs"] = json!([discovery]);
    relabels.push(json!({"target_label": "job", "replacement": target.job}));
    let mut copy = |from: &str, to: &str| {
        relabels.push(json!({"source_labels": [from], "target_label": to}));
    };
    copy(target.node_label(), "node");
    // As the operator's objects have them by themselves.
    if !matches!(target.find, Find::Nodes { .. }) {
        copy("__meta_kubernetes_namespace", "namespace");
        copy("__meta_kubernetes_pod_name", "pod");
        copy("__meta_kubernetes_pod_container_name", "container");
    }
    if target.has_path_label() {
        relabels.push(json!({"target_label": "metrics_path", "replacement": target.path}));
    }
    config["relabel_configs"] = json!(relabels);
    if !target.metric_relabels.is_empty() {
        let relabels = target.metric_relabels.iter().map(|relabel| match relabel {
            Relabel::DropLabels(regex) => json!({"action": "labeldrop", "regex": regex}),
            Relabel::DropSeries(regex) => {
                json!({"action": "drop", "source_labels": ["__name__"], "regex": regex})
            }
        });
        config["metric_relabel_configs"] = relabels.collect();
    }
    config
}

/// Where the discovery looks.
enum Namespace {
    /// In vmagent's own, whatever a kustomization above calls it.
    Own,
    /// In this one.
    Of(&'static str),
    /// In all, or at what has none.
    All,
}

/// Role and namespace of the discovery, and the rules that keep what is meant of all that it finds.
fn found(plan: &Plan, target: &Target) -> (&'static str, Namespace, Vec<Value>) {
    let keep = |label: &str, value: &str| json!({"action": "keep", "source_labels": [label], "regex": value.replace('.', "\\.")});
    let labels = |kind: &str, labels: &mut dyn Iterator<Item = (String, String)>| -> Vec<Value> {
        let rules = labels.map(|(name, value)| {
            keep(
                &format!("__meta_kubernetes_{kind}_label_{}", meta(&name)),
                &value,
            )
        });
        rules.collect()
    };
    let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    const SLICE_PORT: &str = "__meta_kubernetes_endpointslice_port_name";
    const POD_PORT: &str = "__meta_kubernetes_pod_container_port_name";
    let selector = |component: &Component| {
        let selector = component.selector(plan).into_iter();
        selector.map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned()))
    };
    match &target.find {
        Find::Component { component, port } => {
            let mut rules = labels("service", &mut selector(component));
            rules.push(keep(SLICE_PORT, port));
            ("endpointslice", Namespace::Own, rules)
        }
        Find::ComponentPods { component, port } => {
            let mut rules = labels("pod", &mut selector(component));
            rules.push(keep(POD_PORT, port));
            ("pod", Namespace::Own, rules)
        }
        Find::Service {
            namespace,
            labels: found,
            port,
        } => {
            let mut rules = labels("service", &mut owned(found).into_iter());
            rules.push(keep(SLICE_PORT, port));
            ("endpointslice", Namespace::Of(namespace), rules)
        }
        Find::Pods {
            namespace,
            labels: found,
            port,
        } => {
            let mut rules = labels("pod", &mut owned(found).into_iter());
            rules.push(keep(POD_PORT, port));
            (
                "pod",
                namespace.map_or(Namespace::All, Namespace::Of),
                rules,
            )
        }
        Find::Nodes {
            port,
            control_plane,
        } => {
            let mut rules = Vec::new();
            if *control_plane {
                let label = meta(CONTROL_PLANE_LABEL);
                let present = format!("__meta_kubernetes_node_labelpresent_{label}");
                rules.push(keep(&present, "true"));
            }
            // The address comes with the kubelet's port.
            rules.push(json!({
                "source_labels": ["__address__"],
                "regex": "(.+):[0-9]+",
                "target_label": "__address__",
                "replacement": format!("$1:{port}"),
            }));
            ("node", Namespace::All, rules)
        }
    }
}

/// A label's name, as service discovery writes it.
fn meta(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    name.chars().map(plain).collect()
}
