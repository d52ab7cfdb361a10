//! vmagent as a VMAgent of the VictoriaMetrics operator, which brings account, Service and its own scrape.

use super::{COMPONENT, PORT, Plan, external_labels};
use crate::names::STACK_LABEL;
use crate::plan::Plan as StackPlan;
use crate::spec::Discover;
use krm_rs::{Object, Value, json};
use leafpack_fn_common::duration::duration_text;
use leafpack_fn_common::flux::has_dollars;

/// The kinds of objects that say what is scraped, as the selectors' names begin.
const KINDS: [&str; 6] = [
    "serviceScrape",
    "podScrape",
    "nodeScrape",
    "staticScrape",
    "probe",
    "scrapeConfig",
];

/// The VMAgent. Its name is the stack's: the operator calls what it makes `vmagent-<name>`.
pub(super) fn objects(plan: &StackPlan, own: &Plan) -> Vec<Object> {
    let mut remote = json!({"url": own.hub.url(), "sendTimeout": own.send_timeout});
    plan.auth.for_operator(&mut remote);
    let mut spec = json!({
        "replicaCount": own.replicas,
        "image": own.workload.image.operator(),
        "port": PORT.to_string(),
        "scrapeInterval": duration_text(plan.scrape_interval_ms),
        "remoteWrite": [remote],
        "remoteWriteSettings": {
            "queues": own.queues,
            "maxDiskUsagePerURL": own.buffer.to_string(),
        },
        "extraArgs": {
            "promscrape.maxScrapeSize": own.max_scrape_size.to_string(),
            "promscrape.streamParse": "true",
            // Pods with several ports are found once for each.
            "promscrape.suppressDuplicateScrapeTargetErrors": "true",
        },
        "resources": own.workload.resources.value(),
        // By these the policy knows the pods.
        "podMetadata": {"labels": COMPONENT.selector(plan)},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "useStrictSecurity": true,
    });
    let labels = external_labels(plan);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if labels.values().any(|value| has_dollars(&text(value))) {
        // What Flux puts in it reads as YAML: a cluster called `8` would be a number, which the VMAgent refuses. Behind a
        // name it stays a part of a text.
        let pairs: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}={}", text(value)))
            .collect();
        spec["extraArgs"]["remoteWrite.label"] = json!(pairs.join(","));
    } else {
        spec["externalLabels"] = json!(labels);
    }
    match own.discover {
        // With a selector and none for namespaces only the VMAgent's own namespace would be looked at.
        Discover::All => spec["selectAllByDefault"] = json!(true),
        Discover::Own => {
            for kind in KINDS {
                spec[format!("{kind}Selector")] = json!({"matchLabels": {STACK_LABEL: plan.name}});
            }
        }
    }
    if own.replicas > 1 {
        spec["podDisruptionBudget"] = json!({"maxUnavailable": 1});
    }
    if let Some(storage) = own.storage() {
        spec["statefulMode"] = json!(true);
        spec["statefulStorage"] = json!({"volumeClaimTemplate": {"spec": storage}});
    }
    vec![agent(plan, spec)]
}

fn agent(plan: &StackPlan, spec: Value) -> Object {
    COMPONENT
        .object(
            plan,
            "operator.victoriametrics.com/v1beta1",
            "VMAgent",
            &plan.name,
        )
        .with("spec", spec)
}
