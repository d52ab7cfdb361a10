//! Fluent Bit by its chart: values that the chart reads, and the same pods as without it.

mod common;

use common::objects;
use krm_rs::{Object, Value, json};

const CONFIG: &str = include_str!("../fixtures/logs-chart/config.yaml");

/// What the templates of fluent/helm-charts, charts/fluent-bit, 0.58.1 read of what is set here (`_pod.tpl`,
/// `daemonset.yaml`, `service.yaml`, `_helpers.tpl`, `configmap.yaml`, `serviceaccount.yaml`). Helm takes any other key
/// without a word, and nothing comes of it.
const READ: [&str; 30] = [
    "kind",
    "fullnameOverride",
    "image.repository",
    "image.tag",
    "image.digest",
    "command",
    "args",
    "env",
    "existingConfigMap",
    "daemonSetVolumes",
    "daemonSetVolumeMounts",
    "serviceAccount.create",
    "serviceAccount.name",
    "serviceAccount.automountServiceAccountToken",
    "rbac.create",
    "podSecurityContext",
    "securityContext",
    "resources",
    "livenessProbe",
    "readinessProbe",
    "metricsPort",
    "podLabels",
    "service.port",
    "service.labels",
    "podAnnotations",
    "nodeSelector",
    "tolerations",
    "updateStrategy",
    "priorityClassName",
    "testFramework.enabled",
];

fn one<'o>(objects: &'o [Object], kind: &str) -> &'o Object {
    let mut found = objects
        .iter()
        .filter(|object| object.kind() == kind && object.name() == "fluent-bit");
    let first = found.next().unwrap_or_else(|| panic!("there is no {kind}"));
    assert!(found.next().is_none(), "there is more than one {kind}");
    first
}

fn at<'o>(object: &'o Object, path: &str) -> &'o Value {
    object
        .get(path)
        .unwrap_or_else(|| panic!("{} has no {path}", object.id()))
}

/// What would come of the values in the chart's `_pod.tpl`, and of the DaemonSet: the same.
#[test]
fn the_chart_makes_the_same_pods() {
    let chart = objects(CONFIG);
    let raw = objects(&CONFIG.replace("install: chart", "install: daemonset"));
    let release = one(&chart, "HelmRelease");
    let daemon_set = one(&raw, "DaemonSet");
    let values = |path: &str| at(release, &format!("spec.values.{path}"));
    let pod = |path: &str| at(daemon_set, &format!("spec.template.spec.{path}"));
    let container = |path: &str| pod(&format!("containers[0].{path}")).clone();

    for field in ["nodeSelector", "tolerations", "priorityClassName"] {
        assert_eq!(values(field), pod(field), "{field}");
    }
    assert_eq!(values("podSecurityContext"), pod("securityContext"));
    for field in [
        "command",
        "args",
        "env",
        "resources",
        "securityContext",
        "readinessProbe",
    ] {
        assert_eq!(*values(field), container(field), "{field}");
    }
    assert_eq!(
        values("securityContext")["capabilities"],
        json!({"drop": ["ALL"], "add": ["DAC_READ_SEARCH"]})
    );
    assert_eq!(*values("daemonSetVolumeMounts"), container("volumeMounts"));
    // The chart has a volume of this name, and the mount of it goes by `existingConfigMap`.
    let mut volumes = values("daemonSetVolumes")
        .as_array()
        .expect("a list")
        .clone();
    volumes.insert(
        0,
        json!({"name": "config", "configMap": {"name": values("existingConfigMap")}}),
    );
    assert_eq!(Value::Array(volumes), *pod("volumes"));
    // Without a startup probe: as long as that would wait.
    let startup = container("startupProbe");
    let seconds = |field: &str| startup[field].as_u64().expect("a number");
    let wait = seconds("periodSeconds") * seconds("failureThreshold");
    let mut liveness = container("livenessProbe");
    liveness["initialDelaySeconds"] = json!(wait);
    assert_eq!(*values("livenessProbe"), liveness);

    let image = |part: &str| values("image")[part].as_str().expect("text");
    assert_eq!(
        container("image"),
        format!(
            "{}:{}@{}",
            image("repository"),
            image("tag"),
            image("digest")
        )
    );
    assert_eq!(
        values("serviceAccount")["name"],
        json!(one(&chart, "ServiceAccount").name())
    );
    assert_eq!(
        values("updateStrategy"),
        at(daemon_set, "spec.updateStrategy")
    );
    let labels = at(daemon_set, "spec.selector.matchLabels");
    assert_eq!(values("podLabels"), labels);
    assert_eq!(&values("service")["labels"], labels);
    for kind in ["NetworkPolicy", "VMServiceScrape", "ServiceAccount"] {
        assert_eq!(one(&chart, kind), one(&raw, kind), "{kind}");
    }
    // A change of the files rolls the pods here too; what it is made of differs by the container's name alone.
    let annotations = values("podAnnotations");
    assert!(annotations["leafpack.dev/config-hash"].is_string());
    assert_eq!(
        annotations["leafpack.dev/config-values"],
        "cluster=${CLUSTER}"
    );
    let config = |objects: &[Object]| {
        let mut all = objects.iter();
        let text = all.find_map(|object| object.get_str("data[fluent-bit.conf]"));
        text.expect("the pipeline").to_owned()
    };
    assert_eq!(
        config(&chart),
        config(&raw).replace("leafpack-fluent-bit", "fluent-bit")
    );
}

#[test]
fn the_chart_reads_every_value() {
    let chart = objects(CONFIG);
    let values = at(one(&chart, "HelmRelease"), "spec.values");
    let values = values.as_object().expect("a mapping");
    let is_read = |key: &str| READ.contains(&key);
    for (key, value) in values {
        let inner = value.as_object().into_iter().flatten();
        let by_parts = inner
            .map(|(inner, _)| format!("{key}.{inner}"))
            .all(|key| is_read(&key));
        assert!(is_read(key) || by_parts, "{key}: {value}");
    }
    // Not what is often written, and is of no use (`volumes`, `volumeMounts`).
    assert!(!is_read("volumes") && !is_read("volumeMounts"));
    // The chart brings the DaemonSet and the Service itself.
    for kind in ["DaemonSet", "Service", "Deployment"] {
        assert!(chart.iter().all(|object| object.kind() != kind), "{kind}");
    }
    let source = one(&chart, "OCIRepository");
    assert_eq!(
        at(source, "spec.url"),
        "oci://ghcr.io/fluent/helm-charts/fluent-bit"
    );
    assert_eq!(at(source, "spec.ref.tag"), "0.58.1");
    assert_eq!(
        at(one(&chart, "HelmRelease"), "spec.chartRef.name"),
        source.name()
    );
}
