//! Fluent Bit's own metrics.

use super::{COMPONENT, HTTP};
use crate::names::COMPONENT_LABEL;
use crate::plan::Plan;
use crate::spec::Scrape;
use krm_rs::{Object, json};
use leafpack_fn_common::duration::duration_text;

/// Version 2 knows what version 1 does not: whether an input stands still because the buffer is full.
const PATH: &str = "/api/v2/metrics/prometheus";

/// A scrape may take so many milliseconds, and never longer than the time between two.
const TIMEOUT_MS: u64 = 10_000;

/// The Service, and whatever scrapes it.
pub(super) fn objects(plan: &Plan) -> Vec<Object> {
    let service = COMPONENT
        .object(plan, "v1", "Service", COMPONENT.name)
        .with(
            "spec",
            json!({
                // Every pod is scraped by itself; an address of the Service would be of no use.
                "clusterIP": "None",
                "selector": COMPONENT.selector(plan),
                "ports": [{
                    "name": HTTP.name,
                    "port": HTTP.number,
                    "protocol": "TCP",
                    "targetPort": HTTP.name,
                }],
            }),
        );
    match plan.scrape {
        Scrape::None => vec![service],
        Scrape::VictoriaMetrics => vec![service, scrape(plan)],
    }
}

/// Selects the Service by its labels, in the object's own namespace: neither changes with a prefix of names.
fn scrape(plan: &Plan) -> Object {
    let timeout = plan.scrape_interval_ms.min(TIMEOUT_MS);
    COMPONENT
        .object(
            plan,
            "operator.victoriametrics.com/v1beta1",
            "VMServiceScrape",
            COMPONENT.name,
        )
        .with(
            "spec",
            json!({
                // One of our own: whoever sets the usual ones on everything would rename the job.
                "jobLabel": COMPONENT_LABEL,
                "selector": {"matchLabels": COMPONENT.selector(plan)},
                "endpoints": [{
                    "port": HTTP.name,
                    "path": PATH,
                    "interval": duration_text(plan.scrape_interval_ms),
                    "scrapeTimeout": duration_text(timeout),
                    "relabelConfigs": [{
                        "sourceLabels": ["__meta_kubernetes_pod_node_name"],
                        "targetLabel": "node",
                    }],
                }],
            }),
        )
}
