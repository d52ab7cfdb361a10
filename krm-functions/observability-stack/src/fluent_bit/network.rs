//! Who may talk to Fluent Bit, and to whom it may talk. Policies add up: what is missing here another one can allow.

use super::{COMPONENT, HTTP};
use crate::names::NAMESPACE_LABEL;
use crate::plan::Plan;
use crate::spec::Policy;
use krm_rs::{Object, Value, json};
use leafpack_fn_common::endpoint::Host;
use std::net::IpAddr;

/// Where the cluster's DNS runs, by the label that CoreDNS has in kubeadm, Talos and most others.
const DNS_NAMESPACE: &str = "kube-system";
const DNS_LABEL: (&str, &str) = ("k8s-app", "kube-dns");
const DNS_PORT: u16 = 53;

/// The policy, if one is asked for.
pub(super) fn objects(plan: &Plan) -> Option<Object> {
    match plan.network.policy {
        Policy::None => None,
        Policy::Kubernetes => Some(kubernetes(plan)),
        Policy::Cilium => Some(cilium(plan)),
    }
}

fn kubernetes(plan: &Plan) -> Object {
    let port = |port: u16, protocol: &str| json!({"port": port, "protocol": protocol});
    let mut scrapers = vec![json!({"podSelector": {}})];
    for namespace in &plan.network.scrape_from {
        scrapers.push(json!({"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: namespace}}}));
    }
    let mut egress = vec![json!({
        "to": [{
            "namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: DNS_NAMESPACE}},
            // Not as `matchLabels`: kustomize's `commonLabels` would add labels there that the DNS pods do not have.
            "podSelector": {"matchExpressions": [{"key": DNS_LABEL.0, "operator": "In", "values": [DNS_LABEL.1]}]},
        }],
        "ports": [port(DNS_PORT, "UDP"), port(DNS_PORT, "TCP")],
    })];
    if plan.logs.kubernetes {
        // The API server runs on hosts, which no selector matches; so the ports alone have to do.
        let ports = plan.network.api_server_ports.iter();
        let ports: Vec<Value> = ports.map(|number| port(*number, "TCP")).collect();
        egress.push(json!({"ports": ports}));
    }
    let mut hub = json!({"ports": [port(plan.hub_logs.port, "TCP")]});
    // This kind of policy knows no names, and its selectors end at the cluster's border, beyond which the hub is.
    if let Host::Address(address) = plan.hub_logs.host {
        hub = json!({"to": [{"ipBlock": {"cidr": cidr(address)}}], "ports": hub["ports"]});
    }
    egress.push(hub);
    COMPONENT
        .object(
            plan,
            "networking.k8s.io/v1",
            "NetworkPolicy",
            COMPONENT.name,
        )
        .with(
            "spec",
            json!({
                "podSelector": {"matchLabels": COMPONENT.selector(plan)},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": scrapers, "ports": [port(HTTP.number, "TCP")]}],
                "egress": egress,
            }),
        )
}

fn cilium(plan: &Plan) -> Object {
    let port = |port: u16, protocol: &str| json!({"port": port.to_string(), "protocol": protocol});
    let namespace = |name: &str| json!({"k8s:io.kubernetes.pod.namespace": name});
    let mut scrapers = vec![json!({})];
    for name in &plan.network.scrape_from {
        scrapers.push(json!({"matchLabels": namespace(name)}));
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
    if plan.logs.kubernetes {
        let ports = plan.network.api_server_ports.iter();
        let ports: Vec<Value> = ports.map(|number| port(*number, "TCP")).collect();
        egress.push(json!({
            // Where the API server runs on nodes, Cilium may know it as one of the other two.
            "toEntities": ["kube-apiserver", "host", "remote-node"],
            "toPorts": [{"ports": ports}],
        }));
    }
    let hub_ports = json!([{"ports": [port(plan.hub_logs.port, "TCP")]}]);
    egress.push(match &plan.hub_logs.host {
        Host::Address(address) => json!({"toCIDR": [cidr(*address)], "toPorts": hub_ports}),
        Host::Name(name) | Host::Ambiguous(name) => json!({"toFQDNs": [{"matchName": name}], "toPorts": hub_ports}),
        Host::Service { namespace, .. } => json!({
            "toEndpoints": [{
                "matchLabels": {"k8s:io.kubernetes.pod.namespace": namespace},
                // Without a word about clusters, Cilium 1.19 and later stay within their own.
                "matchExpressions": [{"key": "k8s:io.cilium.k8s.policy.cluster", "operator": "Exists"}],
            }],
            "toPorts": hub_ports,
        }),
        // Known only after Flux; it may be any of the above.
        Host::Expression(_) => json!({"toEntities": ["all"], "toPorts": hub_ports}),
    });
    COMPONENT
        .object(plan, "cilium.io/v2", "CiliumNetworkPolicy", COMPONENT.name)
        .with(
            "spec",
            json!({
                "endpointSelector": {"matchLabels": COMPONENT.selector(plan)},
                "ingress": [{
                    "fromEndpoints": scrapers,
                    "toPorts": [{"ports": [port(HTTP.number, "TCP")]}],
                }],
                "egress": egress,
            }),
        )
}

/// A single address as a block.
fn cidr(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("{address}/32"),
        IpAddr::V6(address) => format!("{address}/128"),
    }
}
