//! What is said about wrong configurations and about what cannot be changed: each case is
//! `fixtures/errors/<name>.yaml`, a CollectorSettings and then the items, with its snapshot.

mod common;

use common::{root, run};
use krm_rs::{Object, yaml};
use leafpack_function_tests::golden::mistakes;
use leafpack_function_tests::{items, parse, results, snapshot};

#[test]
fn every_mistake_is_named_with_a_fix() {
    for (name, text) in mistakes(root(), 21) {
        let mut all = parse(&text);
        let config = yaml::emit(all.remove(0).as_value());
        let outcome = run(&config, all.clone());
        assert!(!outcome.success, "{name} is right after all");
        assert_eq!(items(&outcome), all, "{name}: nothing is changed");
        assert!(
            outcome.stderr.contains("fix:"),
            "{name}: {}",
            outcome.stderr
        );
        assert!(
            !outcome.stderr.contains("secret-"),
            "{name}: {}",
            outcome.stderr
        );
        // Nor in the results; the objects themselves come back as they came.
        let results = results(&outcome);
        assert!(!results.contains("secret-"), "{name}: {results}");
        snapshot!(name, outcome.stderr);
    }
}

fn config(spec: &str) -> String {
    format!(
        "apiVersion: leafpack.dev/v1alpha1\nkind: CollectorSettings\nmetadata: {{name: apps}}\nspec:\n  cluster: apps\n{spec}"
    )
}

const AGENT: &str =
    "apiVersion: operator.victoriametrics.com/v1beta1\nkind: VMAgent\nmetadata: {name: vmagent}\n";

/// What an operator's or a chart's field says wins over what is not seen; a warning says so.
#[test]
fn what_cannot_be_seen_is_said() {
    let release = |chart: &str, values: &str| {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: r, namespace: n}}\nspec:\n  chart: {{spec: {{chart: {chart}, version: 0.13.0}}}}\n  valuesFrom: [{{kind: ConfigMap, name: x}}]\n  values: {values}\n"
        )
    };
    let write = "  remoteWrite: {url: https://metrics.example.com}\n";
    let mut all = String::new();
    for (spec, object) in [
        ("", release("kube-prometheus-stack", "{}")),
        (
            write,
            release(
                "kube-prometheus-stack",
                "{prometheus: {prometheusSpec: {remoteWrite: []}}}",
            ),
        ),
        (
            "  remoteWrite: {url: https://metrics.example.com}\n  existing: replace\n",
            release("kube-prometheus-stack", "{}"),
        ),
        (
            write,
            release(
                "victoria-metrics-agent",
                "{remoteWriteUrls: [http://x], remoteWrite: [{url: http://y}]}",
            ),
        ),
        (
            "",
            release(
                "alloy",
                "{alloy: {configMap: {content: \"{{ if .Values.x }}\\nprometheus.remote_write \\\"a\\\" { }\\n{{ end }}\\n\"}}}",
            ),
        ),
    ] {
        let outcome = run(&config(spec), parse(&object));
        assert!(outcome.success, "{}", outcome.stderr);
        assert!(outcome.stderr.contains("warning: "), "{}", outcome.stderr);
        all += &outcome.stderr;
    }
    snapshot!("warnings", all);
}

/// Metrics that nothing forwards arrive nowhere: an error where the component is new, a warning where it was there.
#[test]
fn a_component_that_nothing_forwards_to_is_told() {
    let map = |text: &str| {
        let text = text.replace('\n', "\n    ");
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: n}}\ndata:\n  config.alloy: |\n    {text}\n"
        )
    };
    let config = config("  remoteWrite: {url: https://metrics.example.com}\n");
    let scrape = |to: &str| {
        format!("prometheus.scrape \"x\" {{\n  targets = []\n  forward_to = [{to}]\n}}\n")
    };
    let own = "prometheus.remote_write.leafpack.receiver";
    let hub = "prometheus.remote_write \"hub\" { }\n";
    let to_hub = "prometheus.remote_write.hub.receiver";
    for (text, success, warned) in [
        (scrape(""), false, false),
        (scrape(own), true, false),
        (format!("{}// {own}\n", scrape("")), false, false),
        (format!("{}{hub}", scrape("")), true, true),
        (format!("{}{hub}", scrape(to_hub)), true, false),
    ] {
        let outcome = run(&config, parse(map(&text)));
        assert_eq!(outcome.success, success, "{text}: {}", outcome.stderr);
        let warning = outcome.stderr.contains("warning: ");
        assert_eq!(warned, warning, "{text}: {}", outcome.stderr);
        let line = outcome.stderr.contains(&format!("forward_to = [{own}]"));
        assert_eq!(line, !success, "{text}: {}", outcome.stderr);
    }
}

/// A path alone tells no two servers apart, but tenants of a vminsert are different places.
#[test]
fn a_remote_write_is_added_beside_those_of_others() {
    for (url, entries) in [
        ("https://metrics.example.com/api/v1/write", Some(1)),
        ("https://metrics.example.com:443/api/v1/write/", Some(1)),
        ("https://other.example.com/api/v1/write", Some(2)),
        (
            "https://metrics.example.com/insert/1/prometheus/api/v1/write",
            None,
        ),
        ("https://metrics.example.com/api/v1/push", None),
    ] {
        let spec = "  remoteWrite: {url: https://metrics.example.com}\n";
        let object = format!("{AGENT}spec:\n  remoteWrite: [{{url: \"{url}\"}}]\n");
        let outcome = run(&config(spec), parse(&object));
        assert_eq!(
            outcome.success,
            entries.is_some(),
            "{url}: {}",
            outcome.stderr
        );
        let list = items(&outcome)[0].get("spec.remoteWrite").cloned();
        let found = list.and_then(|list| Some(list.as_array()?.len()));
        assert_eq!(found, Some(entries.unwrap_or(1)), "{url}");
    }
}

/// Which collectors a target means, and how many may be meant.
#[test]
fn targets_are_chosen_by_what_is_given() {
    let agent = |name: &str, namespace: &str| {
        Object::new("operator.victoriametrics.com/v1beta1", "VMAgent", name)
            .with_namespace(namespace)
    };
    let prometheus = Object::new("monitoring.coreos.com/v1", "Prometheus", "a").with_namespace("x");
    let local = agent("local", "x").with_annotation("config.kubernetes.io/local-config", "true");
    let all = vec![
        agent("a", "x"),
        agent("a", "y"),
        agent("b", "x"),
        prometheus,
        local,
    ];
    for (spec, changed) in [
        ("", None),
        ("  all: true\n", Some(4)),
        ("  target: {name: b}\n", Some(1)),
        ("  target: {kind: Prometheus}\n", Some(1)),
        ("  target: {name: a}\n", None),
        ("  target: {kind: VMAgent, name: a}\n", None),
        (
            "  target: {kind: VMAgent, name: a, namespace: y}\n",
            Some(1),
        ),
        ("  target: {kind: VMAgent, name: a}\n  all: true\n", Some(2)),
        ("  target: {name: c}\n  all: true\n", None),
        ("  target: {name: local}\n", None),
    ] {
        let outcome = run(&config(spec), all.clone());
        assert_eq!(
            outcome.success,
            changed.is_some(),
            "{spec}: {}",
            outcome.stderr
        );
        let after = items(&outcome);
        let differ = all
            .iter()
            .zip(&after)
            .filter(|(before, after)| before != after);
        assert_eq!(differ.count(), changed.unwrap_or(0), "{spec}");
    }
}

/// Whichever way a release names its chart.
#[test]
fn charts_are_found_by_name_and_by_reference() {
    let release = |spec: &str| {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: r, namespace: n}}\nspec: {spec}\n"
        )
    };
    let source = |kind: &str, spec: &str, namespace: &str| {
        format!(
            "---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: {kind}\nmetadata: {{name: s, namespace: {namespace}}}\nspec: {spec}\n"
        )
    };
    let by = |kind: &str| release(&format!("{{chartRef: {{kind: {kind}, name: s}}}}"));
    let chart = "{chart: ./charts/kube-prometheus-stack, version: 1.0.0}";
    let oci = "{url: \"oci://x.example.com/charts/kube-prometheus-stack\", ref: {semver: \"*\"}}";
    for (text, found) in [
        (
            release("{chart: {spec: {chart: kube-prometheus-stack}}}"),
            true,
        ),
        (
            release("{chart: {spec: {chart: ./x/kube-prometheus-stack}}}"),
            true,
        ),
        (release("{chart: {spec: {chart: grafana}}}"), false),
        (by("HelmChart") + &source("HelmChart", chart, "n"), true),
        (
            by("OCIRepository") + &source("OCIRepository", oci, "n"),
            true,
        ),
        (
            by("OCIRepository") + &source("OCIRepository", oci, "elsewhere"),
            false,
        ),
        (by("OCIRepository"), false),
        (release("{}"), false),
    ] {
        let outcome = run(&config(""), parse(&text));
        assert_eq!(outcome.success, found, "{text}: {}", outcome.stderr);
    }
}

/// Where a stack's chart really writes to: a place that it does not look at must not pass for it.
#[test]
fn a_stack_writes_where_its_chart_says() {
    let url = "https://metrics.example.com/api/v1/write";
    let external = format!("external: {{vm: {{write: {{url: \"{url}\"}}}}}}");
    let own = "vmagent: {spec: {remoteWrite: [{url: \"URL\"}]}}".replace("URL", url);
    let more = "vmagent: {additionalRemoteWrites: [{url: \"URL\"}]}".replace("URL", url);
    for (values, added) in [
        (String::new(), true),
        (external.clone(), true),
        (format!("vmsingle: {{enabled: true}}, {external}"), true),
        (format!("vmsingle: {{enabled: false}}, {external}"), false),
        (
            format!("vmsingle: {{enabled: false}}, vmcluster: {{enabled: true}}, {external}"),
            true,
        ),
        (own, false),
        (more, false),
    ] {
        let release = format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: r}}\nspec:\n  chart: {{spec: {{chart: victoria-metrics-k8s-stack}}}}\n  values: {{{values}}}\n"
        );
        let spec = "  remoteWrite: {url: https://metrics.example.com}\n";
        let outcome = run(&config(spec), parse(&release));
        assert!(outcome.success, "{}", outcome.stderr);
        let said = outcome.stderr.contains("added the remote write");
        assert_eq!(said, added, "{values}: {}", outcome.stderr);
    }
}
