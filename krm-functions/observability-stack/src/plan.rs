//! What a [`Spec`] means: checked, with its defaults filled in, and ready to be derived from.

use crate::operator::Operator;
use crate::spec::{
    self, Install, Metrics, Network, Part, Policy, Profile, Role, Scrape, Spec, Via,
};
use crate::tenants::Tenants;
use crate::{alerting, collectors, fluent_bit, grafana, hub, image, parts, patches, rules, store};
use krm_rs::{Results, json};
use leafpack_fn_common::check::{Check, is_dns_label};
use leafpack_fn_common::duration::duration_ms;
use leafpack_fn_common::endpoint::Endpoint;
use leafpack_fn_common::flux::{Expressions, has_dollars};

/// One cluster's stack.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The resource's own name; the objects' `app.kubernetes.io/instance`.
    pub(crate) name: String,
    /// The cluster's name; may hold Flux expressions.
    pub(crate) cluster: String,
    /// May hold Flux expressions.
    pub(crate) environment: Option<String>,
    /// The namespace of everything that is generated.
    pub(crate) namespace: String,
    /// Whether the Namespace is generated too.
    pub(crate) create_namespace: bool,
    /// The preset for sizes.
    pub(crate) profile: Profile,
    /// Where logs go.
    pub(crate) hub_logs: Endpoint,
    /// How the hub is reached.
    pub(crate) via: Via,
    /// Credentials for it.
    pub(crate) auth: hub::Auth,
    /// Container logs.
    pub(crate) logs: fluent_bit::Plan,
    /// Metrics.
    pub(crate) collectors: collectors::Plan,
    /// What a hub keeps.
    pub(crate) store: Option<store::Plan>,
    /// Alerts, where the stack has some.
    pub(crate) rules: Option<rules::Plan>,
    /// What evaluates alerts and tells people, on a hub.
    pub(crate) alerting: Option<alerting::Plan>,
    /// Grafana, where the stack brings it.
    pub(crate) grafana: Option<grafana::Plan>,
    /// The operator.
    pub(crate) operator: Operator,
    /// Scrape objects.
    pub(crate) scrape: Scrape,
    /// How often they scrape, in milliseconds.
    pub(crate) scrape_interval_ms: u64,
    /// Policies.
    pub(crate) network: Network,
    /// The parts that are wanted; all when none is named.
    pub(crate) parts: Vec<Part>,
    /// What is merged into objects at last.
    pub(crate) patches: Vec<spec::Patch>,
    /// The user's Flux expressions.
    pub(crate) expressions: Expressions,
}

impl Plan {
    /// Checks a configuration and says everything that is wrong with it.
    ///
    /// `name` is the resource's own name. `None` after an error.
    pub(crate) fn read(spec: &Spec, name: &str, results: &mut Results) -> Option<Plan> {
        let mut check = Check::new(results);
        check.literal(
            "metadata.name",
            name,
            "a name of lower-case letters, digits and '-', of at most 63 characters",
            is_dns_label,
            "apps",
        );
        role(spec, &mut check);
        check.cluster(&spec.cluster, name);
        check.word("spec.environment", spec.environment.as_ref(), "production");
        check.literal(
            "spec.namespace",
            &spec.namespace,
            "a namespace: lower-case letters, digits and '-', at most 63 characters",
            is_dns_label,
            "observability",
        );
        if spec.create_namespace && is_kubernetes_own(&spec.namespace) {
            check.error(
                "spec.createNamespace",
                &format!(
                    "found true, expected false: the namespace {} is Kubernetes' own, and its labels are not the stack's to set",
                    spec.namespace
                ),
                json!(false),
            );
        }
        let hub_logs = hub::logs(spec, name, &mut check);
        let auth = hub::Auth::read(spec, &mut check);
        let tenants = Tenants::read(spec, &mut check);
        let scrape_interval_ms = scrape_interval(&spec.metrics, &mut check);
        network(spec, &mut check);
        if !spec.images.registry.is_empty() {
            image::registry("spec.images.registry", &spec.images.registry, &mut check);
        }
        let logs = fluent_bit::Plan::read(spec, &tenants, &mut check);
        let operator = Operator::read(spec, &mut check);
        let collectors = collectors::Plan::read(spec, name, &mut check);
        let store = (spec.role == Some(Role::Hub))
            .then(|| store::Plan::read(spec, name, &tenants, &mut check));
        let rules = rules::Plan::read(spec, &mut check);
        let alerting =
            (spec.role == Some(Role::Hub)).then(|| alerting::Plan::read(spec, &mut check));
        let grafana = grafana::Plan::read(spec, &tenants, &mut check);
        parts::Plan::read(&spec.flux, &mut check);
        patches::read(&spec.patches, &mut check);
        let expressions = check.finish()?;
        Some(Plan {
            name: name.to_owned(),
            cluster: spec.cluster.clone(),
            environment: spec.environment.clone(),
            namespace: spec.namespace.clone(),
            create_namespace: spec.create_namespace,
            profile: spec.profile,
            hub_logs: hub_logs?,
            via: spec.hub.via,
            auth,
            logs: logs?,
            collectors: collectors?,
            store: match store {
                Some(store) => Some(store?),
                None => None,
            },
            rules,
            alerting,
            grafana,
            operator,
            scrape: scrape(spec),
            scrape_interval_ms: scrape_interval_ms?,
            network: spec.network.clone(),
            parts: spec.parts.clone(),
            patches: spec.patches.clone(),
            expressions,
        })
    }
}

impl Plan {
    /// Values that Flux puts in later, for which a hash of files cannot speak; for [`VALUES_ANNOTATION`]. Flux reads what
    /// it has replaced as YAML again, and a value such as `8` alone would no longer be a string: so each has its name
    /// before it.
    ///
    /// [`VALUES_ANNOTATION`]: leafpack_fn_common::files::VALUES_ANNOTATION
    pub(crate) fn substituted(&self, values: &[(&str, &str)]) -> Option<String> {
        let pairs: Vec<String> = values
            .iter()
            .filter(|(_, value)| has_dollars(value))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join(" "))
    }
}

/// Whose scrape objects: none where vmagent reads a configuration in their place.
fn scrape(spec: &Spec) -> Scrape {
    match spec.collectors.vmagent.install {
        Install::Operator | Install::None => spec.metrics.scrape,
        Install::Chart | Install::Deployment => Scrape::None,
    }
}

/// A namespace that is there in every cluster.
fn is_kubernetes_own(namespace: &str) -> bool {
    namespace == "default" || namespace.starts_with("kube-")
}

fn role(spec: &Spec, check: &mut Check<'_>) {
    match spec.role {
        Some(Role::Spoke | Role::Hub) => {}
        None => check.error(
            "spec.role",
            "found nothing, expected hub or spoke",
            json!("spoke"),
        ),
    }
}

fn scrape_interval(metrics: &Metrics, check: &mut Check<'_>) -> Option<u64> {
    let text = &metrics.scrape_interval;
    let ms = duration_ms(text).filter(|ms| *ms >= 1_000);
    if ms.is_none() {
        check.literal(
            "spec.metrics.scrapeInterval",
            text,
            "a duration of at least a second, such as 30s or 1m",
            |_| false,
            "30s",
        );
    }
    ms
}

fn network(spec: &Spec, check: &mut Check<'_>) {
    let network = &spec.network;
    for (index, namespace) in network.scrape_from.iter().enumerate() {
        check.literal(
            &format!("spec.network.scrapeFrom[{index}]"),
            namespace,
            "a namespace: lower-case letters, digits and '-', at most 63 characters",
            is_dns_label,
            "monitoring",
        );
    }
    let path = "spec.network.apiServerPorts";
    if network.api_server_ports.contains(&0) {
        check.error(
            path,
            "found 0, expected ports from 1 to 65535",
            json!([443, 6443]),
        );
    }
    let asks = spec.logs.kubernetes
        || spec.collectors.vmagent.install != Install::None
        || spec.collectors.kube_state_metrics.enabled
        || spec.grafana.sidecar.enabled;
    if network.api_server_ports.is_empty() && asks && network.policy != Policy::None {
        check.error(
            path,
            "found no port, expected those of the API server, which the collectors ask",
            json!([443, 6443]),
        );
    }
}
