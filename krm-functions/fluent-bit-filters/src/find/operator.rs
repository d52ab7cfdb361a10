//! fluent-operator: a FluentBit with its ClusterFluentBitConfig, and what that selects. Fields are those of
//! `fluentbit.fluent.io/v1alpha2` in 3.10 (fluent/fluent-operator, `apis/fluentbit/v1alpha2`).

use super::{Found, Slots, Written};
use crate::Fault;
use crate::image::Version;
use crate::pipeline::{Config, File, Kind, Pipeline, Plugin, Property, Syntax};
use krm_rs::{Items, Object, ObjectId, ResultItem, Value};

/// The group of all its kinds.
pub(crate) const GROUP: &str = "fluentbit.fluent.io";

/// Its version.
pub(crate) const API_VERSION: &str = "fluentbit.fluent.io/v1alpha2";

/// What a FluentBit runs.
pub(super) fn look(items: &Items, object: &Object) -> Option<Result<Found, Fault>> {
    if object.group() != GROUP || object.kind() != "FluentBit" {
        return None;
    }
    let name = object
        .get_str("spec.fluentBitConfigName")
        .unwrap_or_default();
    let mut all = items.deployable();
    let config = all.find(|item| {
        item.group() == GROUP && item.kind() == "ClusterFluentBitConfig" && item.name() == name
    });
    let Some(config) = config else {
        return Some(Err(ResultItem::error(
            format!("found no ClusterFluentBitConfig {name:?} in the build"),
            "list it in the same kustomization, under resources:",
        )
        .on(object)
        .at("spec.fluentBitConfigName")
        .into()));
    };
    Some(Ok(Found {
        workload: object.id(),
        namespace: object.namespace().to_owned(),
        version: Version::of_image(object.get_str("spec.image").unwrap_or_default()),
        slots: Slots {
            volumes: "spec.volumes".to_owned(),
            mounts: "spec.volumesMounts".to_owned(),
            annotations: "spec.annotations".to_owned(),
        },
        written: Written::Objects(config.id()),
        remarks: Vec::new(),
    }))
}

/// The objects of a pipeline, read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Objects {
    /// One file, without a text, for each object.
    pub(crate) config: Config,
    /// What they say.
    pub(crate) pipeline: Pipeline,
    /// The field of each section: `spec.tail`, `spec.filters[0].nest`.
    pub(crate) fields: Vec<String>,
}

/// Reads what a ClusterFluentBitConfig selects, without what this function made.
pub(crate) fn read(items: &Items, config: &Object, is_ours: impl Fn(&Object) -> bool) -> Objects {
    let mut out = Objects::default();
    for (kind, selector, section) in [
        ("ClusterInput", "inputSelector", Kind::Input),
        ("ClusterFilter", "filterSelector", Kind::Filter),
        ("ClusterOutput", "outputSelector", Kind::Output),
    ] {
        let selector = config.get(&format!("spec.{selector}"));
        let mut objects: Vec<&Object> = items
            .deployable()
            .filter(|item| item.group() == GROUP && item.kind() == kind && !is_ours(item))
            .filter(|item| selector.is_none_or(|selector| selects(selector, item)))
            .collect();
        // The operator's own order.
        objects.sort_by_key(|object| (ordinal(object), object.name().to_owned()));
        for object in objects {
            let file = out.config.files.len();
            out.config.files.push(File {
                object: object.id(),
                path: "spec".to_owned(),
                name: object.name().to_owned(),
                text: String::new(),
                syntax: Syntax::Classic,
                fixed: false,
            });
            out.object(object, section, file);
        }
    }
    out
}

/// A filter's place among the others.
pub(crate) fn ordinal(object: &Object) -> i64 {
    let ordinal = object.get("spec.ordinal").and_then(Value::as_i64);
    ordinal.unwrap_or_default()
}

fn selects(selector: &Value, object: &Object) -> bool {
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let mut labels = labels.map(|(key, value)| object.label(key) == value.as_str());
    let expressions = selector["matchExpressions"]
        .as_array()
        .into_iter()
        .flatten();
    let mut expressions = expressions.map(|expression| {
        let label = object.label(expression["key"].as_str().unwrap_or_default());
        let values = expression["values"].as_array().into_iter().flatten();
        let is_in = values
            .clone()
            .any(|value| value.as_str() == label && label.is_some());
        match expression["operator"].as_str().unwrap_or_default() {
            "In" => is_in,
            "NotIn" => !is_in,
            "Exists" => label.is_some(),
            _ => label.is_none(),
        }
    });
    labels.all(|fits| fits) && expressions.all(|fits| fits)
}

/// The labels by which a selector finds an object.
pub(crate) fn labels(selector: &Value) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
        out.push((key.clone(), value.as_str().unwrap_or_default().to_owned()));
    }
    for expression in selector["matchExpressions"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let operator = expression["operator"].as_str().unwrap_or_default();
        if ["In", "Exists"].contains(&operator) {
            let key = expression["key"].as_str().unwrap_or_default();
            let value = expression["values"][0].as_str().unwrap_or("true");
            out.push((key.to_owned(), value.to_owned()));
        }
    }
    out
}

impl Objects {
    fn object(&mut self, object: &Object, kind: Kind, file: usize) {
        let Some(spec) = object.get("spec").and_then(Value::as_object) else {
            return;
        };
        let common = |plugin: &mut Plugin| {
            for (field, key) in [
                ("match", "Match"),
                ("matchRegex", "Match_Regex"),
                ("alias", "Alias"),
            ] {
                if let Some(value) = spec.get(field).and_then(Value::as_str) {
                    plugin
                        .properties
                        .push(property(key, vec![value.to_owned()]));
                }
            }
        };
        if kind == Kind::Filter {
            let filters = spec.get("filters").and_then(Value::as_array);
            for (index, item) in filters.into_iter().flatten().enumerate() {
                for (name, fields) in item.as_object().into_iter().flatten() {
                    let mut plugin = plugin(kind, file, name, fields);
                    common(&mut plugin);
                    self.pipeline.plugins.push(plugin);
                    self.fields.push(format!("spec.filters[{index}].{name}"));
                }
            }
            return;
        }
        // Of an input or an output, the plugin is the field that is a mapping.
        let fields = spec
            .iter()
            .filter(|(name, value)| value.is_object() && *name != "processors");
        for (name, fields) in fields {
            let mut plugin = plugin(kind, file, name, fields);
            common(&mut plugin);
            self.pipeline.plugins.push(plugin);
            self.fields.push(format!("spec.{name}"));
        }
    }

    /// The object of a section.
    pub(crate) fn id(&self, plugin: usize) -> &ObjectId {
        &self.config.files[self.pipeline.plugins[plugin].file].object
    }
}

fn property(key: &str, values: Vec<String>) -> Property {
    Property {
        key: key.to_owned(),
        values,
        lines: None,
        value: None,
    }
}

/// Fluent Bit's name for a field, where it matters here and is not the field's own.
fn fluent_bit_name(field: &str) -> &str {
    match field {
        "multilineParser" => "multiline.parser",
        "keyName" => "Key_Name",
        "mergeLog" => "Merge_Log",
        "keepLog" => "Keep_Log",
        "nestedUnder" => "Nested_under",
        "nestUnder" => "Nest_under",
        "addPrefix" => "Add_prefix",
        "tagRegex" => "Tag_Regex",
        "recordModifier" => "record_modifier",
        "rewriteTag" => "rewrite_tag",
        "records" => "Record",
        "conditions" => "Condition",
        "dockerEvents" => "docker_events",
        "kubernetesEvents" => "kubernetes_events",
        other => other,
    }
}

fn plugin(kind: Kind, file: usize, name: &str, fields: &Value) -> Plugin {
    let mut properties = Vec::new();
    if name == "customPlugin" {
        let config = fields["config"].as_str().unwrap_or_default();
        let lines = config
            .lines()
            .filter_map(|line| line.trim().split_once(' '));
        properties.extend(lines.map(|(key, value)| property(key, vec![value.trim().to_owned()])));
    } else {
        properties.push(property("Name", vec![fluent_bit_name(name).to_owned()]));
        for (field, value) in fields.as_object().into_iter().flatten() {
            match (name, field.as_str(), value) {
                // Each rule is a mapping of one deed: `add: {cluster: apps}`, `remove: stream`.
                ("modify", "rules", Value::Array(rules)) => {
                    for (deed, what) in rules.iter().filter_map(Value::as_object).flatten() {
                        properties.push(property(deed, pairs(what)));
                    }
                }
                ("rewriteTag", "rules", rules) => properties.push(property("Rule", texts(rules))),
                _ => properties.push(property(fluent_bit_name(field), texts(value))),
            }
        }
    }
    Plugin {
        kind,
        file,
        lines: 0..0,
        properties,
        number: 0,
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        other => vec![other.to_string()],
    }
}

/// `{cluster: apps}` as Fluent Bit has it, `cluster apps`.
fn pairs(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| format!("{key} {}", value.as_str().unwrap_or_default()))
            .collect(),
        other => texts(other),
    }
}
