//! vmagent as a HelmRelease of the chart victoria-metrics-agent; values as its templates read them (0.13 and later:
//! `remoteWrite`, a list, whose items become `-remoteWrite.<key>`).

use super::{COMPONENT, Plan, scrape_config};
use crate::operator;
use crate::plan::Plan as StackPlan;
use krm_rs::{Object, json};

const CHART: &str = "victoria-metrics-agent";

/// The chart's source and its release.
pub(super) fn objects(plan: &StackPlan, own: &Plan) -> Vec<Object> {
    let mut remote = json!({
        "url": own.hub.url(),
        "sendTimeout": own.send_timeout,
        "maxDiskUsagePerURL": own.buffer.to_string(),
    });
    plan.auth.for_flags(&mut remote);
    let image = &own.workload.image;
    let mut values = json!({
        // The same name for everything, whatever the release is called.
        "fullnameOverride": COMPONENT.name,
        "replicaCount": own.replicas,
        "image": {
            "registry": image.registry,
            "repository": image.repository,
            "tag": image.tag_and_digest(),
        },
        "remoteWrite": [remote],
        "extraArgs": {
            "promscrape.maxScrapeSize": own.max_scrape_size.to_string(),
            "promscrape.streamParse": "true",
            "promscrape.suppressDuplicateScrapeTargetErrors": "true",
            "remoteWrite.queues": own.queues.to_string(),
        },
        "config": scrape_config(plan),
        // By these the policy and the scrape know the pods.
        "podLabels": COMPONENT.selector(plan),
        "resources": own.workload.resources.value(),
        "nodeSelector": {"kubernetes.io/os": "linux"},
    });
    if own.replicas > 1 {
        values["podDisruptionBudget"] = json!({"enabled": true, "maxUnavailable": 1});
    }
    if let Some((mount, volume)) = plan.auth.mount() {
        values["extraVolumeMounts"] = json!([mount]);
        values["extraVolumes"] = json!([volume]);
    }
    if let Some(variable) = plan.auth.environment() {
        values["env"] = json!([variable]);
    }
    if let Some(class) = &own.storage_class {
        // Each pod of a StatefulSet has a volume of its own.
        values["mode"] = json!("statefulSet");
        let mib = (own.buffer + own.buffer / 5).div_ceil(1 << 20);
        values["persistentVolume"] = json!({
            "enabled": true,
            "storageClassName": class,
            "size": format!("{mib}Mi"),
        });
    }
    operator::release(plan, &COMPONENT, CHART, &own.chart_version, values)
}
