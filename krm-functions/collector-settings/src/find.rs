//! The collectors of a build, and which of them are meant.

use crate::chart;
use crate::plan::Plan;
use krm_rs::{Items, Object, Path, ResultItem, Results};

/// A collector among the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collector {
    /// Its place.
    pub(crate) index: usize,
    /// What it is.
    pub(crate) form: Form,
}

impl Collector {
    fn is_alloy(&self) -> bool {
        matches!(self.form, Form::Alloy { .. })
    }
}

/// What a collector is, and so where its settings are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// VMAgent, `operator.victoriametrics.com/v1beta1`.
    VmAgent,
    /// Prometheus `v1` or PrometheusAgent `v1alpha1`, `monitoring.coreos.com`.
    Prometheus,
    /// A HelmRelease of the chart victoria-metrics-k8s-stack.
    VmStack,
    /// A HelmRelease of the chart kube-prometheus-stack.
    PrometheusStack,
    /// A HelmRelease of the chart victoria-metrics-agent, and the version that it asks for.
    AgentChart(Option<String>),
    /// A configuration of Grafana Alloy.
    Alloy {
        /// The field that holds it.
        path: Path,
        /// Whether Helm's templates run over it.
        chart: bool,
    },
}

/// What a build holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    collectors: Vec<Collector>,
    /// What could be taken for a collector, and why it is none: place and reason.
    passed: Vec<(usize, String)>,
}

/// Looks through the items.
pub(crate) fn search(items: &Items) -> Found {
    let mut found = Found::default();
    for (index, object) in items.iter().enumerate() {
        if object.is_local_config() {
            continue;
        }
        match form(object, items) {
            Some(Ok(form)) => found.collectors.push(Collector { index, form }),
            Some(Err(reason)) => found.passed.push((index, reason)),
            None => {}
        }
    }
    found
}

/// What an object is, why it is no collector, or `None` where it has nothing to do with them.
fn form(object: &Object, items: &Items) -> Option<Result<Form, String>> {
    match (object.group(), object.kind()) {
        ("operator.victoriametrics.com", "VMAgent") => Some(Ok(Form::VmAgent)),
        ("monitoring.coreos.com", "Prometheus" | "PrometheusAgent") => Some(Ok(Form::Prometheus)),
        ("helm.toolkit.fluxcd.io", "HelmRelease") => match chart::of(object, items) {
            Ok(chart) => of_chart(object, chart),
            Err(reason) => Some(Err(reason)),
        },
        ("", "ConfigMap") => alloy_key(object).map(|key| {
            let path = Path::root().key("data").key(&key?);
            Ok(Form::Alloy { path, chart: false })
        }),
        _ => None,
    }
}

fn of_chart(release: &Object, chart: chart::Chart) -> Option<Result<Form, String>> {
    let disabled = |path: &str| {
        let off = release.get(path).and_then(|value| value.as_bool()) == Some(false);
        off.then(|| Err(format!("{path} is false")))
    };
    match chart.name.as_str() {
        "victoria-metrics-k8s-stack" => {
            Some(disabled("spec.values.vmagent.enabled").unwrap_or(Ok(Form::VmStack)))
        }
        "kube-prometheus-stack" => {
            Some(disabled("spec.values.prometheus.enabled").unwrap_or(Ok(Form::PrometheusStack)))
        }
        "victoria-metrics-agent" => Some(Ok(Form::AgentChart(chart.version))),
        "alloy" => Some(alloy_values(release)),
        _ => None,
    }
}

/// The field of an Alloy release that holds its configuration. `agent` is the chart's old name for `alloy`, and wins
/// (grafana/alloy, `templates/configmap.yaml`).
fn alloy_values(release: &Object) -> Result<Form, String> {
    for section in ["agent", "alloy"] {
        let base = Path::parse(&format!("spec.values.{section}.configMap")).unwrap_or_default();
        let at = |key: &str| base.key(key).get(release.as_value());
        if at("create").and_then(|value| value.as_bool()) == Some(false) {
            let name = at("name").and_then(|value| value.as_str());
            return Err(format!(
                "its configuration is in the ConfigMap {}, which counts as a collector itself",
                name.unwrap_or("of its release")
            ));
        }
        match at("content").map(|value| value.as_str()) {
            None => continue,
            Some(Some(text)) if !text.contains("prometheus.") => {
                return Err(format!(
                    "{} collects no metrics: it has no component of prometheus",
                    base.key("content")
                ));
            }
            // What is no text at all is told when it is changed.
            Some(_) => {
                let path = base.key("content");
                return Ok(Form::Alloy { path, chart: true });
            }
        }
    }
    Err("it has no alloy.configMap.content".into())
}

/// The key of a ConfigMap that holds a configuration of Alloy with metrics in it: `config.alloy` and the like, or any
/// that has a component of prometheus at the beginning of a line.
///
/// `Err` where several have a `prometheus.remote_write`: each may be a file of one configuration.
fn alloy_key(object: &Object) -> Option<Result<String, String>> {
    let data = object.get("data")?.as_object()?;
    let starts = |line: &str| line.starts_with("prometheus.") && line.trim_end().ends_with('{');
    let is_named = |key: &str| key.ends_with(".alloy") || key.ends_with(".river");
    let (mut writers, mut others) = (Vec::new(), Vec::new());
    for (key, text) in data.iter().filter_map(|(key, v)| Some((key, v.as_str()?))) {
        let counts = if is_named(key) {
            text.contains("prometheus.")
        } else {
            text.lines().any(starts)
        };
        match counts {
            true if text.contains("prometheus.remote_write \"") => writers.push(key.clone()),
            true => others.push(key.clone()),
            false => {}
        }
    }
    if writers.len() > 1 {
        return Some(Err(format!(
            "several of its keys have a prometheus.remote_write: {}; keep those in one",
            writers.join(", ")
        )));
    }
    writers.into_iter().chain(others).next().map(Ok)
}

/// The collectors that are meant. `None`, with an error, where that cannot be told.
pub(crate) fn choose(
    found: Found,
    plan: &Plan,
    items: &Items,
    results: &mut Results,
) -> Option<Vec<Collector>> {
    let target = &plan.target;
    let fits = |object: &Object| {
        let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        fits(&target.kind, object.kind())
            && fits(&target.name, object.name())
            && fits(&target.namespace, object.namespace())
    };
    let meant: Vec<Collector> = found
        .collectors
        .iter()
        .filter(|collector| fits(&items[collector.index]))
        .cloned()
        .collect();
    match meant.len() {
        0 => {
            results.push(none(&found, items, fits));
            None
        }
        _ if !target.block.is_empty() && !meant.iter().any(Collector::is_alloy) => {
            results.error(
                "spec.target.block",
                format!(
                    "found {:?}, expected nothing: {} is no configuration of Alloy",
                    target.block,
                    names(&meant, items)
                ),
                krm_rs::Fix::value(""),
            );
            None
        }
        1 => Some(meant),
        _ if plan.all => Some(meant),
        _ => {
            let names = names(&meant, items);
            let first = &items[meant[0].index];
            let fix = format!(
                "spec:\n  target: {{{}}} # or all: true",
                selection(first).join(", ")
            );
            results.error(
                "spec.target",
                format!("found several collectors, expected one of: {names}"),
                fix,
            );
            None
        }
    }
}

fn selection(object: &Object) -> Vec<String> {
    let parts = [
        ("kind", object.kind()),
        ("name", object.name()),
        ("namespace", object.namespace()),
    ];
    let given = parts.into_iter().filter(|(_, value)| !value.is_empty());
    given
        .map(|(field, value)| format!("{field}: {value}"))
        .collect()
}

fn names(collectors: &[Collector], items: &Items) -> String {
    let names = collectors.iter().map(|c| items[c.index].id().to_string());
    names.collect::<Vec<_>>().join(", ")
}

/// Nothing is meant: because there is nothing, because the target is another, or because what is meant is no collector.
fn none(found: &Found, items: &Items, fits: impl Fn(&Object) -> bool) -> ResultItem {
    let passed: String = found
        .passed
        .iter()
        .filter(|(index, _)| fits(&items[*index]))
        .map(|(index, reason)| format!("\n{}: {reason}", items[*index].id()))
        .collect();
    if found.collectors.is_empty() {
        return ResultItem::error(
            format!(
                "found no collector in the build: no VMAgent, Prometheus, PrometheusAgent or configuration of Alloy, and no HelmRelease of victoria-metrics-k8s-stack, kube-prometheus-stack, victoria-metrics-agent or alloy{passed}"
            ),
            "list the collector under resources of this kustomization, and CollectorSettings under transformers",
        );
    }
    let first = &items[found.collectors[0].index];
    let others = names(&found.collectors, items);
    ResultItem::error(
        format!("found no such collector, expected one of: {others}{passed}"),
        format!("target: {{{}}}", selection(first).join(", ")),
    )
    .at("spec.target")
}
