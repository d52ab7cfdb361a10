//! Network policies: one set of rules a component, written as either kind.
//!
//! Policies add up: what is missing here another one can allow.

use crate::names::{Component, NAMESPACE_LABEL};
use crate::plan::Plan;
use crate::spec::Policy;
use krm_rs::{Object, Value, json};
use leafpack_fn_common::endpoint::{Endpoint, Host};
use std::net::IpAddr;

/// Where the cluster's DNS runs, by the label that CoreDNS has in kubeadm, Talos and most others.
const DNS_NAMESPACE: &str = "kube-system";
const DNS_LABEL: (&str, &str) = ("k8s-app", "kube-dns");
const DNS_PORT: u16 = 53;

/// Cilium's label of a pod's namespace, and that of its cluster.
const CILIUM_NAMESPACE: &str = "k8s:io.kubernetes.pod.namespace";
const CILIUM_CLUSTER: &str = "k8s:io.cilium.k8s.policy.cluster";

/// HTTPS and HTTP.
const WEB_PORTS: [u16; 2] = [443, 80];

/// What may come in, and what may go out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules<'p> {
    /// Ports that may be scraped: from the stack's namespace, and those of `network.scrapeFrom`.
    pub(crate) scraped: Vec<u16>,
    /// Ports that others may reach.
    pub(crate) ingress: Vec<Ingress>,
    /// Beside the cluster's DNS.
    pub(crate) egress: Vec<Egress<'p>>,
}

/// Something that may come in.
#[derive(Debug, Clone)]
pub(crate) enum Ingress {
    /// From wherever it may be. TCP.
    Anywhere(u16),
    /// From the pod's own node. TCP.
    Node(u16),
}

/// Somewhere to go to.
#[derive(Debug, Clone)]
pub(crate) enum Egress<'p> {
    /// The API server.
    ApiServer,
    /// A store of the hub, or of this stack.
    Hub(&'p Endpoint),
    /// Pods of a component, in this namespace.
    Component(&'p Component, u16),
    /// Wherever, by HTTPS or by HTTP.
    World,
    /// Every pod and node of the cluster, at any port: what is scraped may be anywhere.
    Cluster,
}

/// The component's policy, if one is asked for.
pub(crate) fn object(plan: &Plan, component: &Component, rules: &Rules<'_>) -> Option<Object> {
    match plan.network.policy {
        Policy::None => None,
        Policy::Kubernetes => Some(kubernetes(plan, component, rules)),
        Policy::Cilium => Some(cilium(plan, component, rules)),
    }
}

/// The component's pods. By expressions: to `matchLabels` kustomize adds the labels of its `commonLabels` and
/// `includeSelectors`, which the pods have that it sees, and those that an operator or a chart makes have not.
fn selector(plan: &Plan, component: &Component) -> Value {
    let expressions = component.selector(plan).into_iter();
    let expressions: Vec<Value> = expressions
        .map(|(key, value)| json!({"key": key, "operator": "In", "values": [value]}))
        .collect();
    json!({"matchExpressions": expressions})
}

fn kubernetes(plan: &Plan, component: &Component, rules: &Rules<'_>) -> Object {
    let port = |port: u16, protocol: &str| json!({"port": port, "protocol": protocol});
    let tcp = |ports: &[u16]| -> Vec<Value> { ports.iter().map(|p| port(*p, "TCP")).collect() };
    let mut ingress = Vec::new();
    if !rules.scraped.is_empty() {
        let mut scrapers = vec![json!({"podSelector": {}})];
        for namespace in &plan.network.scrape_from {
            scrapers
                .push(json!({"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: namespace}}}));
        }
        ingress.push(json!({"from": scrapers, "ports": tcp(&rules.scraped)}));
    }
    for rule in &rules.ingress {
        match rule {
            Ingress::Anywhere(number) => ingress.push(json!({"ports": tcp(&[*number])})),
            // A pod's own node always reaches it ("Network Policies" in Kubernetes' documentation), and no selector
            // would match it.
            Ingress::Node(_) => {}
        }
    }
    let mut egress = vec![json!({
        "to": [{
            "namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: DNS_NAMESPACE}},
            // Not as `matchLabels`: kustomize's `commonLabels` would add labels there that the DNS pods do not have.
            "podSelector": {"matchExpressions": [{"key": DNS_LABEL.0, "operator": "In", "values": [DNS_LABEL.1]}]},
        }],
        "ports": [port(DNS_PORT, "UDP"), port(DNS_PORT, "TCP")],
    })];
    for rule in &rules.egress {
        match rule {
            // The API server runs on hosts, which no selector matches; so the ports alone have to do.
            Egress::ApiServer => {
                egress.push(json!({"ports": tcp(&plan.network.api_server_ports)}));
            }
            Egress::Hub(endpoint) => {
                let mut hub = json!({"ports": tcp(&[endpoint.port])});
                // This kind of policy knows no names, and its selectors end at the cluster's border, beyond which the
                // hub is.
                match &endpoint.host {
                    Host::Address(address) => {
                        hub["to"] = json!([{"ipBlock": {"cidr": cidr(*address)}}]);
                    }
                    Host::Own(_) => hub["to"] = json!([{"podSelector": {}}]),
                    _ => {}
                }
                egress.push(hub);
            }
            Egress::Component(part, number) => egress.push(json!({
                "to": [{"podSelector": selector(plan, part)}],
                "ports": tcp(&[*number]),
            })),
            // Nodes, and pods on their network, are matched by no selector either; and which ports there are nobody
            // knows beforehand.
            Egress::Cluster => egress.push(json!({})),
            Egress::World => egress.push(json!({"ports": tcp(&WEB_PORTS)})),
        }
    }
    component
        .object(
            plan,
            "networking.k8s.io/v1",
            "NetworkPolicy",
            component.name,
        )
        .with(
            "spec",
            json!({
                "podSelector": selector(plan, component),
                "policyTypes": ["Ingress", "Egress"],
                "ingress": ingress,
                "egress": egress,
            }),
        )
}

fn cilium(plan: &Plan, component: &Component, rules: &Rules<'_>) -> Object {
    let port = |port: u16, protocol: &str| json!({"port": port.to_string(), "protocol": protocol});
    let tcp = |ports: &[u16]| -> Value {
        let ports: Vec<Value> = ports.iter().map(|p| port(*p, "TCP")).collect();
        json!([{"ports": ports}])
    };
    let namespace = |name: &str| json!({CILIUM_NAMESPACE: name});
    let mut ingress = Vec::new();
    if !rules.scraped.is_empty() {
        let mut scrapers = vec![json!({})];
        for name in &plan.network.scrape_from {
            scrapers.push(json!({"matchLabels": namespace(name)}));
        }
        ingress.push(json!({"fromEndpoints": scrapers, "toPorts": tcp(&rules.scraped)}));
    }
    for rule in &rules.ingress {
        ingress.push(match rule {
            Ingress::Anywhere(number) => json!({
                "fromEntities": ["all"],
                "toPorts": tcp(&[*number]),
            }),
            Ingress::Node(number) => json!({
                "fromEntities": ["host"],
                "toPorts": tcp(&[*number]),
            }),
        });
    }
    let mut dns = namespace(DNS_NAMESPACE);
    dns[format!("k8s:{}", DNS_LABEL.0)] = json!(DNS_LABEL.1);
    let mut egress = vec![json!({
        "toEndpoints": [{"matchLabels": dns}],
        "toPorts": [{
            "ports": [port(DNS_PORT, "UDP"), port(DNS_PORT, "TCP")],
            // Cilium learns addresses for `toFQDNs` from the answers that it sees.
            "rules": {"dns": [{"matchPattern": "*"}]},
        }],
    })];
    for rule in &rules.egress {
        egress.push(match rule {
            Egress::ApiServer => json!({
                // Where the API server runs on nodes, Cilium may know it as one of the other two.
                "toEntities": ["kube-apiserver", "host", "remote-node"],
                "toPorts": tcp(&plan.network.api_server_ports),
            }),
            Egress::Hub(endpoint) => hub(endpoint, tcp(&[endpoint.port])),
            Egress::Component(part, number) => json!({
                "toEndpoints": [selector(plan, part)],
                "toPorts": tcp(&[*number]),
            }),
            Egress::World => json!({"toEntities": ["all"], "toPorts": tcp(&WEB_PORTS)}),
            Egress::Cluster => {
                json!({"toEntities": ["cluster", "host", "remote-node", "kube-apiserver"]})
            }
        });
    }
    component
        .object(plan, "cilium.io/v2", "CiliumNetworkPolicy", component.name)
        .with(
            "spec",
            json!({
                "endpointSelector": selector(plan, component),
                "ingress": ingress,
                "egress": egress,
            }),
        )
}

/// The way to a store of the hub, as Cilium knows it.
fn hub(endpoint: &Endpoint, ports: Value) -> Value {
    match &endpoint.host {
        Host::Address(address) => json!({"toCIDR": [cidr(*address)], "toPorts": ports}),
        Host::Own(_) => json!({"toEndpoints": [{}], "toPorts": ports}),
        Host::Name(name) | Host::Ambiguous(name) => {
            json!({"toFQDNs": [{"matchName": name}], "toPorts": ports})
        }
        Host::Service { namespace, .. } => json!({
            "toEndpoints": [{
                "matchLabels": {CILIUM_NAMESPACE: namespace},
                // Without a word about clusters, Cilium 1.19 and later stay within their own.
                "matchExpressions": [{"key": CILIUM_CLUSTER, "operator": "Exists"}],
            }],
            "toPorts": ports,
        }),
        // Known only after Flux; it may be any of the above.
        Host::Expression(_) => json!({"toEntities": ["all"], "toPorts": ports}),
    }
}

/// A single address as a block.
fn cidr(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("{address}/32"),
        IpAddr::V6(address) => format!("{address}/128"),
    }
}
