//! The VictoriaMetrics operator, and releases of charts.

use crate::names::Component;
use crate::plan::Plan;
use crate::profile;
use crate::resources::ContainerResources;
use crate::spec::{Install, Spec};
use krm_rs::{Object, Value, json};
use leafpack_fn_common::check::{Check, is_dns_subdomain};

/// What everything here is called.
const COMPONENT: Component = Component {
    name: "victoria-metrics-operator",
    component: "operator",
};

/// What `spec.operator` means.
#[derive(Debug, Clone)]
pub(crate) struct Operator {
    /// Whether the stack brings it.
    pub(crate) install: bool,
    chart_version: String,
    /// The OCI repository of the charts, without a slash at its end; may hold Flux expressions.
    charts: String,
}

impl Operator {
    /// Checks it. Nothing is installed where the stack has no object for an operator.
    pub(crate) fn read(spec: &Spec, check: &mut Check<'_>) -> Self {
        let given = &spec.operator;
        check.literal(
            "spec.operator.chartVersion",
            &given.chart_version,
            "a version such as 0.67.2",
            is_version,
            "0.67.2",
        );
        check_charts(
            "spec.operator.charts",
            &given.charts,
            "oci://ghcr.io/victoriametrics/helm-charts",
            check,
        );
        Operator {
            install: given.install && spec.collectors.vmagent.install == Install::Operator,
            chart_version: given.chart_version.clone(),
            charts: given.charts.clone(),
        }
    }
}

/// Checks an OCI repository of charts.
pub(crate) fn check_charts(path: &str, text: &str, example: &str, check: &mut Check<'_>) {
    check.carried(
        path,
        text,
        "an OCI repository: oci://host[:port]/path",
        |text| {
            let rest = text.strip_prefix("oci://");
            rest.is_some_and(|rest| {
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                let (host, port) = host.split_once(':').unwrap_or((host, "1"));
                let fits =
                    |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_./".contains(c);
                is_dns_subdomain(host)
                    && port.parse::<u16>().is_ok_and(|port| port != 0)
                    && !path.ends_with('/')
                    && path.chars().all(fits)
            })
        },
        example,
    );
}

/// A version of three numbers, perhaps with more behind a `-`.
pub(crate) fn is_version(text: &str) -> bool {
    let (plain, more) = text.split_once('-').unwrap_or((text, "x"));
    let numbers: Vec<&str> = plain.split('.').collect();
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    numbers.len() == 3
        && numbers.iter().all(is_number)
        && !more.is_empty()
        && more
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
}

/// The operator's release, if the stack brings it.
pub(crate) fn objects(plan: &Plan) -> Vec<Object> {
    if !plan.operator.install {
        return Vec::new();
    }
    let values = json!({
        "fullnameOverride": COMPONENT.name,
        "operator": {
            // ServiceMonitors and their like become the operator's own, and go with them.
            "disable_prometheus_converter": false,
            "enable_converter_ownership": true,
        },
        "resources": ContainerResources::of(&profile::OPERATOR).value(),
    });
    release(
        plan,
        &COMPONENT,
        "victoria-metrics-operator",
        &plan.operator.chart_version,
        values,
    )
}

/// Source and release of a chart of VictoriaMetrics'.
pub(crate) fn release(
    plan: &Plan,
    component: &Component,
    chart: &str,
    version: &str,
    values: Value,
) -> Vec<Object> {
    let url = format!("{}/{chart}", plan.operator.charts);
    release_from(plan, component, &url, version, values)
}

/// Source and release of the chart at this URL.
pub(crate) fn release_from(
    plan: &Plan,
    component: &Component,
    url: &str,
    version: &str,
    values: Value,
) -> Vec<Object> {
    let source = component
        .object(
            plan,
            "source.toolkit.fluxcd.io/v1",
            "OCIRepository",
            component.name,
        )
        .with(
            "spec",
            json!({
                "interval": "1h",
                "url": url,
                "ref": {"tag": version},
                // What is pulled is the chart as it is, and not a folder of manifests.
                "layerSelector": {
                    "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                    "operation": "copy",
                },
            }),
        );
    let release = component
        .object(
            plan,
            "helm.toolkit.fluxcd.io/v2",
            "HelmRelease",
            component.name,
        )
        .with(
            "spec",
            json!({
                "interval": "1h",
                "chartRef": {"kind": "OCIRepository", "name": component.name},
                "install": {"crds": "CreateReplace", "remediation": {"retries": 3}},
                "upgrade": {
                    "crds": "CreateReplace",
                    "cleanupOnFail": true,
                    "remediation": {"retries": 3, "strategy": "rollback"},
                },
                "values": values,
            }),
        );
    vec![source, release]
}
