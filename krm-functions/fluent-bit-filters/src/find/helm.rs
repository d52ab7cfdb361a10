//! A HelmRelease of the chart `fluent-bit` of fluent/helm-charts. What its templates read is from 0.58.1.

use super::{Found, Slots, Written, config_map, config_path, syntax};
use crate::Fault;
use crate::image::Version;
use crate::pipeline::{Config, File, Syntax};
use krm_rs::{Items, Object, ResultItem, Value};

/// The chart.
const CHART: &str = "fluent-bit";

/// The values that become `fluent-bit.conf`, in this order (`templates/configmap.yaml`).
const PARTS: [&str; 4] = ["service", "inputs", "filters", "outputs"];

/// Where the chart mounts them, and tells Fluent Bit to look.
const DEFAULT_CONFIG: &str = "/fluent-bit/etc/conf/fluent-bit.conf";

/// What the chart's own inputs amount to, for a release that says nothing of them: container logs, joined by Fluent Bit,
/// and the kubelet's log.
const DEFAULT_INPUTS: &str = "[INPUT]
    Name tail
    Path /var/log/containers/*.log
    multiline.parser docker, cri
    Tag kube.*
[INPUT]
    Name systemd
    Tag host.*
";

/// What stands in for the chart's own filters: it merges messages that are JSON, which is for the filter to do.
const DEFAULT_FILTERS: &str = "[FILTER]
    Name                kubernetes
    Match               kube.*
    Merge_Log           Off
    K8S-Logging.Exclude On
";

/// What a release installs, if that is Fluent Bit.
pub(super) fn look(items: &Items, object: &Object) -> Option<Result<Found, Fault>> {
    if object.group() != "helm.toolkit.fluxcd.io" || object.kind() != "HelmRelease" {
        return None;
    }
    if chart(items, object)? != CHART {
        return None;
    }
    let namespace = object.get_str("spec.targetNamespace");
    let namespace = namespace.unwrap_or(object.namespace()).to_owned();
    let tag = object.get_str("spec.values.image.tag").unwrap_or_default();
    Some(read(items, object, &namespace).map(|config| Found {
        workload: object.id(),
        version: Version::of_tag(tag),
        slots: Slots {
            // Lists of the chart's own, such as daemonSetVolumes, would be replaced as a whole by what is said of them.
            volumes: "spec.values.extraVolumes".to_owned(),
            mounts: "spec.values.extraVolumeMounts".to_owned(),
            annotations: "spec.values.podAnnotations".to_owned(),
        },
        written: Written::Files(config),
        remarks: remarks(object),
        namespace,
    }))
}

/// The name of the chart, if it is known: in the release, or at the end of what it refers to. `None` for a chart of
/// another publisher with that name, whose values are others.
fn chart<'o>(items: &'o Items, object: &'o Object) -> Option<&'o str> {
    let last = |text: &'o str| text.trim_end_matches('/').rsplit('/').next();
    if let Some(chart) = object.get_str("spec.chart.spec.chart") {
        let repository = source(items, object, "spec.chart.spec.sourceRef");
        return is_fluents(repository).then(|| last(chart)).flatten();
    }
    let name = object.get_str("spec.chartRef.name")?;
    let Some(referred) = source(items, object, "spec.chartRef") else {
        // What is elsewhere is judged by its name.
        return Some(if name.ends_with(CHART) { CHART } else { name });
    };
    let field = match referred.kind() {
        "HelmChart" => "spec.chart",
        _ => "spec.url",
    };
    is_fluents(Some(referred))
        .then(|| last(referred.get_str(field)?))
        .flatten()
}

/// The object that a reference names, if it is in the build.
fn source<'i>(items: &'i Items, object: &Object, reference: &str) -> Option<&'i Object> {
    let text = |field: &str| object.get_str(&format!("{reference}.{field}"));
    let (kind, name) = (text("kind")?, text("name")?);
    let namespace = text("namespace").unwrap_or(object.namespace());
    items
        .deployable()
        .find(|item| item.kind() == kind && item.name() == name && item.namespace() == namespace)
}

/// Whether a repository may have Fluent's own chart. Bitnami's of that name is another, and mirrors may be called anything.
fn is_fluents(repository: Option<&Object>) -> bool {
    let url = repository.and_then(|repository| repository.get_str("spec.url"));
    !url.is_some_and(|url| url.contains("bitnami"))
}

/// Values that the chart does not read, and what may be hidden.
fn remarks(object: &Object) -> Vec<ResultItem> {
    let mut out = Vec::new();
    for (unread, read) in [
        ("volumes", "extraVolumes, or daemonSetVolumes"),
        (
            "volumeMounts",
            "extraVolumeMounts, or daemonSetVolumeMounts",
        ),
    ] {
        let path = format!("spec.values.{unread}");
        if object.get(&path).is_some() {
            let message = format!("the chart does not read this value, expected {read}");
            out.push(ResultItem::warning(message).on(object).at(path));
        }
    }
    let has_more = object
        .get("spec.valuesFrom")
        .and_then(Value::as_array)
        .is_some_and(|sources| !sources.is_empty());
    if has_more {
        for name in ["extraVolumes", "extraVolumeMounts"] {
            let path = format!("spec.values.{name}");
            if object.get(&path).is_none() {
                let message = "found spec.valuesFrom: a list of this name there is hidden by the one that is added here";
                out.push(ResultItem::warning(message).on(object).at(path));
            }
        }
    }
    out
}

fn read(items: &Items, object: &Object, namespace: &str) -> Result<Config, Fault> {
    let args = object.get("spec.values.args").and_then(Value::as_array);
    let args: Vec<&str> = args
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let path = config_path(&args).unwrap_or(DEFAULT_CONFIG);
    let name = path.rsplit('/').next().unwrap_or_default();
    if let Some(existing) = object
        .get_str("spec.values.existingConfigMap")
        .filter(|n| !n.is_empty())
    {
        return from_config_map(items, object, existing, namespace, name);
    }
    let mut files = Vec::new();
    for part in PARTS {
        files.push(part_file(object, part)?);
    }
    let extra = object.get("spec.values.config.extraFiles");
    let extra = extra.and_then(Value::as_object).into_iter().flatten();
    for (key, text) in extra {
        let Some(text) = text.as_str() else {
            continue;
        };
        files.push(File {
            object: object.id(),
            path: format!("spec.values.config.extraFiles[{key}]"),
            name: key.clone(),
            text: text.to_owned(),
            syntax: syntax(key),
            fixed: false,
        });
    }
    if name != "fluent-bit.conf" {
        let Some(root) = files.iter().position(|file| file.name == name) else {
            return Err(ResultItem::error(
                format!("found {path} in args, and no such file among config.extraFiles"),
                format!("config:\n  extraFiles:\n    {name}: |\n      …"),
            )
            .on(object)
            .at("spec.values.args")
            .into());
        };
        return Ok(Config {
            files,
            roots: vec![root],
            home: None,
        });
    }
    Ok(Config {
        files,
        roots: (0..PARTS.len()).collect(),
        home: Some(2),
    })
}

fn path_of(part: &str) -> String {
    format!("spec.values.config.{part}")
}

/// One of the four texts; what the chart has, where the release says nothing.
fn part_file(object: &Object, part: &str) -> Result<File, Fault> {
    let path = path_of(part);
    let text = match object.get(&path) {
        Some(Value::String(text)) => text.as_str(),
        None | Some(Value::Null)
            if object.get("spec.valuesFrom").is_some() && part != "service" =>
        {
            return Err(ResultItem::error(
                "found nothing, and spec.valuesFrom, which may hold it, expected it here",
                format!("values:\n  config:\n    {part}: |\n      …"),
            )
            .on(object)
            .at(path)
            .into());
        }
        None | Some(Value::Null) => match part {
            "inputs" => DEFAULT_INPUTS,
            "filters" => DEFAULT_FILTERS,
            _ => "",
        },
        Some(_) => {
            return Err(ResultItem::error(
                "found a value that is no text, expected Fluent Bit's configuration as text",
                format!("{part}: |\n  …"),
            )
            .on(object)
            .at(path)
            .into());
        }
    };
    Ok(File {
        object: object.id(),
        path,
        name: String::new(),
        text: text.to_owned(),
        syntax: Syntax::Classic,
        fixed: part == "inputs" && object.get_str(&path_of(part)).is_none(),
    })
}

/// A release that is told to take a ConfigMap that somebody else makes.
fn from_config_map(
    items: &Items,
    object: &Object,
    existing: &str,
    namespace: &str,
    name: &str,
) -> Result<Config, Fault> {
    let map = config_map(items, existing, namespace);
    let data = map
        .and_then(|map| map.get("data"))
        .and_then(Value::as_object);
    let (Some(map), Some(data)) = (map, data.filter(|data| data.contains_key(name))) else {
        return Err(ResultItem::error(
            format!("found {existing:?}, and no ConfigMap of that name with {name} in the build"),
            "list the ConfigMap in the same kustomization, under resources:",
        )
        .on(object)
        .at("spec.values.existingConfigMap")
        .into());
    };
    let files: Vec<File> = data
        .iter()
        .filter_map(|(key, text)| {
            Some(File {
                object: map.id(),
                path: format!("data[{key}]"),
                name: key.clone(),
                text: text.as_str()?.to_owned(),
                syntax: syntax(key),
                fixed: false,
            })
        })
        .collect();
    let root = files.iter().position(|file| file.name == name);
    Ok(Config {
        files,
        roots: root.into_iter().collect(),
        home: None,
    })
}
