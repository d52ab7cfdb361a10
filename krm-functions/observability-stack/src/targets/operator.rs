//! Targets as objects of the VictoriaMetrics operator.

use super::{CA_FILE, CONTROL_PLANE_LABEL, Find, Relabel, Scheme, TIMEOUT_MS, TOKEN_FILE, Target};
use crate::names::Component;
use crate::plan::Plan;
use krm_rs::{Object, Value, json};
use leafpack_fn_common::duration::duration_text;

const API: &str = "operator.victoriametrics.com/v1beta1";

/// The object that has `target` scraped. It belongs to `owner`, or to the component that is scraped.
pub(crate) fn object(plan: &Plan, owner: &Component, target: &Target) -> Object {
    let labels = |labels: &[(&str, &str)]| -> Value {
        let pairs = labels.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect()
    };
    let mut endpoint = json!({});
    let (kind, component, spec) = match &target.find {
        // By the Service's labels, in the object's own namespace: neither changes with a prefix of names.
        Find::Component { component, port } => {
            endpoint["port"] = json!(port);
            fill(&mut endpoint, plan, target);
            let spec = json!({
                "selector": {"matchLabels": component.selector(plan)},
                "endpoints": [endpoint],
            });
            ("VMServiceScrape", *component, spec)
        }
        Find::ComponentPods { component, port } => {
            endpoint["port"] = json!(port);
            fill(&mut endpoint, plan, target);
            let spec = json!({
                "selector": {"matchLabels": component.selector(plan)},
                "podMetricsEndpoints": [endpoint],
            });
            ("VMPodScrape", *component, spec)
        }
        Find::Service {
            namespace,
            labels: found,
            port,
        } => {
            endpoint["port"] = json!(port);
            fill(&mut endpoint, plan, target);
            let spec = json!({
                "namespaceSelector": {"matchNames": [namespace]},
                "selector": {"matchLabels": labels(found)},
                "endpoints": [endpoint],
            });
            ("VMServiceScrape", owner, spec)
        }
        Find::Pods {
            namespace,
            labels: found,
            port,
        } => {
            endpoint["port"] = json!(port);
            fill(&mut endpoint, plan, target);
            let namespaces = match namespace {
                Some(name) => json!({"matchNames": [name]}),
                None => json!({"any": true}),
            };
            let spec = json!({
                "namespaceSelector": namespaces,
                "selector": {"matchLabels": labels(found)},
                "podMetricsEndpoints": [endpoint],
            });
            ("VMPodScrape", owner, spec)
        }
        Find::Nodes {
            port,
            control_plane,
        } => {
            endpoint["port"] = json!(port.to_string());
            if *control_plane {
                endpoint["selector"] = json!({"matchLabels": {CONTROL_PLANE_LABEL: ""}});
            }
            fill(&mut endpoint, plan, target);
            ("VMNodeScrape", owner, endpoint)
        }
    };
    component
        .object(plan, API, kind, target.name)
        .with("spec", spec)
}

/// What every kind of object has of an endpoint.
fn fill(endpoint: &mut Value, plan: &Plan, target: &Target) {
    endpoint["path"] = json!(target.path);
    match target.scheme {
        Scheme::Http => {}
        Scheme::HttpsAs(name) => {
            endpoint["scheme"] = json!("https");
            endpoint["bearerTokenFile"] = json!(TOKEN_FILE);
            endpoint["tlsConfig"] = json!({"caFile": CA_FILE, "serverName": name});
        }
        Scheme::HttpsUnchecked => {
            endpoint["scheme"] = json!("https");
            endpoint["bearerTokenFile"] = json!(TOKEN_FILE);
            endpoint["tlsConfig"] = json!({"insecureSkipVerify": true});
        }
    }
    endpoint["interval"] = json!(duration_text(plan.scrape_interval_ms));
    endpoint["scrapeTimeout"] = json!(duration_text(plan.scrape_interval_ms.min(TIMEOUT_MS)));
    if target.honor_labels {
        endpoint["honorLabels"] = json!(true);
    }
    // Set here, and not from a label of the object: whoever sets the usual labels on everything would rename the job.
    let mut relabels = vec![
        json!({"targetLabel": "job", "replacement": target.job}),
        json!({"sourceLabels": [target.node_label()], "targetLabel": "node"}),
    ];
    if target.has_path_label() {
        relabels.push(json!({"targetLabel": "metrics_path", "replacement": target.path}));
    }
    endpoint["relabelConfigs"] = json!(relabels);
    if !target.metric_relabels.is_empty() {
        let relabels = target.metric_relabels.iter().map(|relabel| match relabel {
            Relabel::DropLabels(regex) => json!({"action": "labeldrop", "regex": regex}),
            Relabel::DropSeries(regex) => {
                json!({"action": "drop", "sourceLabels": ["__name__"], "regex": regex})
            }
        });
        endpoint["metricRelabelConfigs"] = relabels.collect();
    }
}
