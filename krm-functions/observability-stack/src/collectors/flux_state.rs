//! How Flux's objects are, for kube-state-metrics' custom resource state.
//!
//! Flux's controllers declare `gotk_reconcile_condition` and record it no longer (flux2#5083); what alerts ask for instead is
//! `gotk_resource_info`, with these labels, as Flux's own monitoring example has it.

use krm_rs::{Value, json, yaml};
use std::collections::BTreeMap;

/// Group, version, kind and resource, and whether it has a revision that was applied.
const KINDS: [(&str, &str, &str, &str); 7] = [
    (
        "kustomize.toolkit.fluxcd.io",
        "v1",
        "Kustomization",
        "kustomizations",
    ),
    (
        "helm.toolkit.fluxcd.io",
        "v2",
        "HelmRelease",
        "helmreleases",
    ),
    (
        "source.toolkit.fluxcd.io",
        "v1",
        "GitRepository",
        "gitrepositories",
    ),
    ("source.toolkit.fluxcd.io", "v1", "Bucket", "buckets"),
    (
        "source.toolkit.fluxcd.io",
        "v1",
        "HelmRepository",
        "helmrepositories",
    ),
    ("source.toolkit.fluxcd.io", "v1", "HelmChart", "helmcharts"),
    (
        "source.toolkit.fluxcd.io",
        "v1",
        "OCIRepository",
        "ocirepositories",
    ),
];

/// The resources of each API group, for a ClusterRole.
pub(super) fn groups() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (group, _, _, resource) in KINDS {
        groups.entry(group).or_default().push(resource);
    }
    groups
}

/// The file that describes them.
pub(super) fn config() -> String {
    let resources: Vec<Value> = KINDS
        .iter()
        .map(|(group, version, kind, _)| {
            let ready = ["status", "conditions", "[type=Ready]", "status"];
            let mut labels = json!({
                "name": ["metadata", "name"],
                "exported_namespace": ["metadata", "namespace"],
                "ready": ready,
            });
            // A chart is a source's product, and cannot be suspended by itself.
            if *kind != "HelmChart" {
                labels["suspended"] = json!(["spec", "suspend"]);
            }
            match *kind {
                "Kustomization" => {
                    labels["revision"] = json!(["status", "lastAppliedRevision"]);
                    labels["source_name"] = json!(["spec", "sourceRef", "name"]);
                }
                "HelmRelease" => {
                    labels["revision"] = json!(["status", "history", "0", "chartVersion"]);
                    labels["chart_name"] = json!(["status", "history", "0", "chartName"]);
                }
                _ => labels["revision"] = json!(["status", "artifact", "revision"]),
            }
            json!({
                "groupVersionKind": {"group": group, "version": version, "kind": kind},
                "metricNamePrefix": "gotk",
                "metrics": [{
                    "name": "resource_info",
                    // From 2.12 on, a text twice is refused.
                    "help": format!("The current state of a Flux {kind}."),
                    "each": {"type": "Info", "info": {"labelsFromPath": labels}},
                }],
            })
        })
        .collect();
    yaml::emit(&json!({
        "kind": "CustomResourceStateMetrics",
        "spec": {"resources": resources},
    }))
}
