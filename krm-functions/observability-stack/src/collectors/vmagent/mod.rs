//! vmagent: what scrapes, and sends to the hub.

mod chart;
mod deployment;
mod operator;

use crate::names::Component;
use crate::plan::Plan as StackPlan;
use crate::policy::{self, Egress, Rules};
use crate::spec::{Discover, Install, Spec};
use crate::targets::{self, Find, Target};
use crate::workload::{Workload, check_storage_class, volume_claim};
use crate::{hub, image, profile};
use krm_rs::{Map, Object, Value, json};
use leafpack_fn_common::check::Check;
use leafpack_fn_common::duration::{duration_ms, duration_text};
use leafpack_fn_common::endpoint::Endpoint;
use leafpack_fn_common::quantity::Quantity;

/// What everything here is called.
pub(super) const COMPONENT: Component = Component {
    name: "vmagent",
    component: "metrics",
};

const IMAGE: image::Default = image::Default {
    registry: "",
    repository: "victoriametrics/vmagent",
    tag: "v1.122.1",
};

/// The port of its own metrics and its pages.
const PORT: u16 = 8429;
const HTTP: &str = "http";

/// What `spec.collectors.vmagent` means.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// How it comes to be there; never [`Install::None`].
    pub(crate) install: Install,
    /// Where metrics go.
    pub(crate) hub: Endpoint,
    /// How many.
    pub(crate) replicas: u16,
    /// Connections to the hub at a time.
    pub(crate) queues: u16,
    /// What may wait on disk, in bytes.
    pub(crate) buffer: u64,
    storage_class: Option<String>,
    /// As it was written.
    send_timeout: String,
    /// In bytes.
    max_scrape_size: u64,
    discover: Discover,
    workload: Workload,
    chart_version: String,
}

impl Plan {
    /// Checks `spec.collectors.vmagent` and `spec.hub.metricsURL`. `None` after an error; `Some(None)` where it is not
    /// wanted.
    pub(super) fn read(spec: &Spec, name: &str, check: &mut Check<'_>) -> Option<Option<Self>> {
        let given = &spec.collectors.vmagent;
        const PATH: &str = "spec.collectors.vmagent";
        let workload = Workload::read(
            spec,
            PATH,
            (&given.image, &IMAGE),
            (&given.resources, &profile::vmagent(spec.profile)),
            check,
        );
        for (field, value, most) in [
            ("replicas", given.replicas, 10),
            ("queues", given.queues, 100),
        ] {
            if !(1..=most).contains(&value) {
                check.error(
                    &format!("{PATH}.{field}"),
                    &format!("found {value}, expected a number from 1 to {most}"),
                    json!(1),
                );
            }
        }
        let mut bytes = |field: &str,
                         text: &str,
                         range: std::ops::RangeInclusive<u64>,
                         words: &str,
                         example: &str| {
            let bytes = Quantity::parse(text)
                .map(Quantity::bytes)
                .filter(|bytes| range.contains(bytes));
            check.literal(
                &format!("{PATH}.{field}"),
                text,
                words,
                |_| bytes.is_some(),
                example,
            );
            bytes
        };
        // vmagent wants room for one block of its queue, of 512 MiB at the most (`lib/persistentqueue`).
        let buffer = bytes(
            "buffer",
            &given.buffer,
            512 << 20..=1 << 40,
            "a size from 512Mi to 1Ti",
            "1Gi",
        );
        let max_scrape_size = bytes(
            "maxScrapeSize",
            &given.max_scrape_size,
            1 << 20..=1 << 30,
            "a size from 1Mi to 1Gi",
            "64Mi",
        );
        check.literal(
            &format!("{PATH}.sendTimeout"),
            &given.send_timeout,
            "a duration of at least a second, such as 30s",
            |text| duration_ms(text).is_some_and(|ms| ms >= 1_000),
            "30s",
        );
        check_storage_class(&format!("{PATH}.storageClass"), &given.storage_class, check);
        check.literal(
            &format!("{PATH}.chartVersion"),
            &given.chart_version,
            "a version such as 0.46.0",
            crate::operator::is_version,
            "0.46.0",
        );
        if given.install != Install::Operator && given.discover == Discover::All {
            check.warning(
                &format!("{PATH}.install"),
                "without the operator nothing reads ServiceMonitors, PodMonitors and the operator's own scrape objects: what is scraped is what spec.collectors.targets names",
            );
        }
        if given.install == Install::None {
            return Some(None);
        }
        let hub = hub::metrics(spec, name, check);
        Some(Some(Plan {
            install: given.install,
            hub: hub?,
            replicas: given.replicas,
            queues: given.queues,
            buffer: buffer?,
            storage_class: Some(given.storage_class.clone()).filter(|class| !class.is_empty()),
            send_timeout: given.send_timeout.clone(),
            max_scrape_size: max_scrape_size?,
            discover: given.discover,
            workload,
            chart_version: given.chart_version.clone(),
        }))
    }

    /// The volume for what waits: a fifth more than it may hold, for the queue's own files.
    fn storage(&self) -> Option<Value> {
        let class = self.storage_class.as_ref()?;
        let mib = (self.buffer + self.buffer / 5).div_ceil(1 << 20);
        Some(volume_claim(&format!("{mib}Mi"), Some(class)))
    }
}

/// What scrapes vmagent itself; the operator sees to that by itself.
pub(super) fn target(own: &Plan) -> Option<Target> {
    let component = &COMPONENT;
    match own.install {
        Install::Operator | Install::None => None,
        Install::Deployment => Some(Target::of(component, HTTP)),
        Install::Chart => Some(Target {
            find: Find::ComponentPods {
                component,
                port: HTTP,
            },
            ..Target::of(component, HTTP)
        }),
    }
}

/// All objects but what it scrapes.
pub(super) fn objects(plan: &StackPlan, own: &Plan) -> Vec<Object> {
    let mut objects = match own.install {
        Install::Operator => operator::objects(plan, own),
        Install::Chart => chart::objects(plan, own),
        Install::Deployment | Install::None => deployment::objects(plan, own),
    };
    let rules = Rules {
        scraped: vec![PORT],
        egress: vec![Egress::ApiServer, Egress::Cluster, Egress::Hub(&own.hub)],
        ..Rules::default()
    };
    objects.extend(policy::object(plan, &COMPONENT, &rules));
    objects
}

/// What is in every series of this cluster.
fn external_labels(plan: &StackPlan) -> Map<String, Value> {
    let mut labels = Map::new();
    labels.insert("cluster".into(), json!(plan.cluster));
    if let Some(environment) = &plan.environment {
        labels.insert("environment".into(), json!(environment));
    }
    labels
}

/// What its account may ask the API server: to find targets, and the kubelets' and API servers' metrics.
fn rules() -> Value {
    json!([
        {
            "apiGroups": [""],
            "resources": ["endpoints", "namespaces", "nodes", "nodes/metrics", "pods", "services"],
            "verbs": ["get", "list", "watch"],
        },
        {
            "apiGroups": ["discovery.k8s.io"],
            "resources": ["endpointslices"],
            "verbs": ["get", "list", "watch"],
        },
        {"nonResourceURLs": ["/metrics", "/metrics/cadvisor"], "verbs": ["get"]},
    ])
}

/// The whole scrape configuration, for a vmagent without the operator.
pub(crate) fn scrape_config(plan: &StackPlan) -> Value {
    let targets = super::all_targets(plan);
    json!({
        "global": {
            "scrape_interval": duration_text(plan.scrape_interval_ms),
            "external_labels": external_labels(plan),
        },
        "scrape_configs": targets::scrape_configs(plan, &targets),
    })
}
