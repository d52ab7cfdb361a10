//! A workload that runs Fluent Bit with a configuration from ConfigMaps.

use super::{Found, Slots, Written, config_map, config_path, syntax};
use crate::Fault;
use crate::image::Version;
use crate::names;
use crate::pipeline::{Config, File};
use krm_rs::{Items, Object, ObjectId, ResultItem, Value};

/// Kinds with a pod template.
const KINDS: [&str; 3] = ["DaemonSet", "Deployment", "StatefulSet"];

/// Where the image looks for its configuration, unless it is told (fluent-bit, `dockerfiles/Dockerfile`).
const DEFAULT_CONFIG: &str = "/fluent-bit/etc/fluent-bit.conf";

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

/// Whether an image's own name has `fluent-bit` in it.
fn is_fluent_bit(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or_default();
    let name = name.split([':', '@']).next().unwrap_or_default();
    name.contains("fluent-bit") || name.contains("fluentbit")
}

/// What a workload runs, if that is Fluent Bit.
pub(super) fn look(items: &Items, object: &Object) -> Option<Result<Found, Fault>> {
    if object.group() != "apps" || !KINDS.contains(&object.kind()) {
        return None;
    }
    let pod = object.get("spec.template.spec")?;
    let containers = list(pod, "containers");
    let index = containers
        .iter()
        .position(|container| is_fluent_bit(text(container, "image")))?;
    let container = &containers[index];
    Some(read(items, object, pod, container).map(|config| Found {
        workload: object.id(),
        namespace: object.namespace().to_owned(),
        version: Version::of_image(text(container, "image")),
        slots: Slots {
            volumes: "spec.template.spec.volumes".to_owned(),
            mounts: format!("spec.template.spec.containers[{index}].volumeMounts"),
            annotations: "spec.template.metadata.annotations".to_owned(),
        },
        written: Written::Files(config),
        remarks: Vec::new(),
    }))
}

/// A file that the container sees.
struct Mounted {
    path: String,
    file: File,
}

fn read(items: &Items, object: &Object, pod: &Value, container: &Value) -> Result<Config, Fault> {
    let words = list(container, "command")
        .iter()
        .chain(list(container, "args"));
    let words: Vec<&str> = words.filter_map(Value::as_str).collect();
    let path = config_path(&words).unwrap_or(DEFAULT_CONFIG);
    let mounted = mounted(items, object, pod, container);
    // A relative path is one of the working directory, which is that of the image.
    let is_meant = |file: &&Mounted| match path.starts_with('/') {
        true => file.path == path,
        false => file.path.ends_with(&format!("/{path}")),
    };
    let Some(root) = mounted.iter().find(is_meant) else {
        return Err(ResultItem::error(
            format!("found no ConfigMap in the build with its configuration, {path}"),
            "list the ConfigMap in the same kustomization, under resources: or configMapGenerator:",
        )
        .on(object)
        .into());
    };
    // Files of the same folder are found first.
    let folder = root.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut files: Vec<&Mounted> = mounted.iter().collect();
    files.sort_by_key(|file| file.path.rsplit_once('/').is_none_or(|(f, _)| f != folder));
    let root = files.iter().position(|file| file.path == root.path);
    Ok(Config {
        roots: root.into_iter().collect(),
        files: files
            .into_iter()
            .map(|mounted| mounted.file.clone())
            .collect(),
        home: None,
    })
}

/// Every file of a ConfigMap in the build that the container sees.
fn mounted(items: &Items, object: &Object, pod: &Value, container: &Value) -> Vec<Mounted> {
    let mut out = Vec::new();
    for mount in list(container, "volumeMounts") {
        let mut volumes = list(pod, "volumes").iter();
        let Some(volume) = volumes.find(|volume| volume["name"] == mount["name"]) else {
            continue;
        };
        let folder = text(mount, "mountPath").trim_end_matches('/');
        let sub_path = text(mount, "subPath");
        let projected = list(&volume["projected"], "sources").iter();
        let projected = projected.map(|source| &source["configMap"]);
        for source in std::iter::once(&volume["configMap"]).chain(projected) {
            let map = config_map(items, text(source, "name"), object.namespace());
            // What an earlier run made is no part of the pipeline.
            let Some(map) = map.filter(|map| map.label(names::OWNER_LABEL).is_none()) else {
                continue;
            };
            for (key, name) in keys(map, source) {
                let path = match name
                    .strip_prefix(sub_path)
                    .map(|n| n.trim_start_matches('/'))
                {
                    _ if sub_path.is_empty() => format!("{folder}/{name}"),
                    Some("") => folder.to_owned(),
                    Some(rest) => format!("{folder}/{rest}"),
                    None => continue,
                };
                let field = format!("data[{key}]");
                let Some(text) = map.get_str(&field) else {
                    continue;
                };
                let name = path.rsplit('/').next().unwrap_or_default().to_owned();
                out.push(Mounted {
                    file: File {
                        object: map.id(),
                        path: field,
                        syntax: syntax(&name),
                        name,
                        text: text.to_owned(),
                        fixed: false,
                    },
                    path,
                });
            }
        }
    }
    out
}

/// The keys of a ConfigMap, and what each is called in the volume.
fn keys(map: &Object, source: &Value) -> Vec<(String, String)> {
    let items = list(source, "items");
    if !items.is_empty() {
        let pairs = items.iter();
        return pairs
            .map(|item| (text(item, "key").to_owned(), text(item, "path").to_owned()))
            .collect();
    }
    let data = map.get("data").and_then(Value::as_object);
    let keys = data.into_iter().flatten();
    keys.map(|(key, _)| (key.clone(), key.clone())).collect()
}

/// Another Fluent Bit that reads a ConfigMap.
pub(crate) fn shares<'i>(
    items: &'i Items,
    map: &ObjectId,
    workload: &ObjectId,
) -> Option<&'i Object> {
    items.deployable().find(|object| {
        let pod = object.get("spec.template.spec").unwrap_or(&Value::Null);
        let mut volumes = list(pod, "volumes").iter();
        let mut containers = list(pod, "containers").iter();
        KINDS.contains(&object.kind())
            && !workload.is_of(object)
            && object.namespace() == map.namespace
            && volumes.any(|volume| text(&volume["configMap"], "name") == map.name)
            && containers.any(|container| is_fluent_bit(text(container, "image")))
    })
}
