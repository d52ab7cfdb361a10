//! Metrics: what is scraped, by whom, and where it goes.

mod flux_state;
mod kube_state_metrics;
mod node_exporter;
mod vmagent;

pub(crate) use vmagent::Plan as VmAgentPlan;

use crate::plan::Plan as StackPlan;
use crate::spec::{Scrape, Spec};
use crate::targets::{self, Target};
use krm_rs::{Object, json};
use leafpack_fn_common::check::Check;

/// What `spec.collectors` means.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// vmagent, where the stack brings it.
    pub(crate) vmagent: Option<VmAgentPlan>,
    /// kube-state-metrics, where the stack brings it.
    pub(crate) kube_state_metrics: Option<kube_state_metrics::Plan>,
    /// node-exporter, where the stack brings it.
    pub(crate) node_exporter: Option<node_exporter::Plan>,
    /// What is scraped beside the stack's own components.
    pub(crate) cluster: Vec<Target>,
}

impl Plan {
    /// Checks `spec.collectors` and `spec.hub.metricsURL`; `None` after an error.
    pub(crate) fn read(spec: &Spec, name: &str, check: &mut Check<'_>) -> Option<Self> {
        let vmagent = vmagent::Plan::read(spec, name, check);
        let own = &spec.collectors;
        let targets = &own.targets;
        if targets.etcd_port == 0 {
            check.error(
                "spec.collectors.targets.etcdPort",
                "found 0, expected a port from 1 to 65535",
                json!(2381),
            );
        }
        Some(Plan {
            kube_state_metrics: kube_state_metrics::Plan::read(spec, check),
            node_exporter: node_exporter::Plan::read(spec, check),
            cluster: targets::cluster_targets(targets),
            vmagent: vmagent?,
        })
    }
}

/// All objects, in the order in which they can be applied.
pub(crate) fn objects(plan: &StackPlan) -> Vec<Object> {
    let mut objects = Vec::new();
    if let Some(metrics) = &plan.collectors.kube_state_metrics {
        objects.extend(kube_state_metrics::objects(plan, metrics));
    }
    if let Some(exporter) = &plan.collectors.node_exporter {
        objects.extend(node_exporter::objects(plan, exporter));
    }
    if let Some(agent) = &plan.collectors.vmagent {
        objects.extend(vmagent::objects(plan, agent));
    }
    objects
}

/// Everything that is scraped: the stack's own components, then the cluster.
pub(crate) fn all_targets(plan: &StackPlan) -> Vec<Target> {
    let mut all = vec![crate::fluent_bit::target()];
    let collectors = &plan.collectors;
    if collectors.kube_state_metrics.is_some() {
        all.extend(kube_state_metrics::targets());
    }
    if collectors.node_exporter.is_some() {
        all.push(node_exporter::target());
    }
    if plan.grafana.is_some() {
        all.push(crate::grafana::target());
    }
    // Without a vmagent of its own the stack leaves the cluster to whoever scrapes it.
    if let Some(agent) = &collectors.vmagent {
        all.extend(vmagent::target(agent));
        all.extend(collectors.cluster.iter().cloned());
    }
    all
}

/// The operator's objects for all targets, where it is the operator that has them scraped.
pub(crate) fn scrapes(plan: &StackPlan) -> Vec<Object> {
    if plan.scrape == Scrape::None {
        return Vec::new();
    }
    let all = all_targets(plan);
    let objects = all
        .iter()
        .map(|target| targets::object(plan, &vmagent::COMPONENT, target));
    objects.collect()
}

/// A headless Service over a component's pods: every one is scraped by itself, and an address would be of no use.
pub(crate) fn service(
    plan: &StackPlan,
    component: &crate::names::Component,
    ports: &[(&'static str, u16)],
) -> Object {
    let ports = ports.iter().map(|(name, number)| {
        json!({"name": name, "port": number, "protocol": "TCP", "targetPort": name})
    });
    component
        .object(plan, "v1", "Service", component.name)
        .with(
            "spec",
            json!({
                "clusterIP": "None",
                "selector": component.selector(plan),
                "ports": ports.collect::<Vec<_>>(),
            }),
        )
}
