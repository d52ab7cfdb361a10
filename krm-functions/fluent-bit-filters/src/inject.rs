//! What a workload needs beside the pipeline: ConfigMaps, mounts, and a reason to roll its pods.

use crate::Fault;
use crate::find::{Found, Slots};
use crate::names;
use crate::pipeline::section;
use crate::plan::Plan;
use krm_rs::{Items, Map, Object, ObjectId, ResultItem, Value, json};
use leafpack_fn_common::files;
use leafpack_fn_common::flux::has_dollars;
use leafpack_fn_common::modules::{Modules, encoded};

/// What the filters read.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// Settings, by their files' names.
    pub(crate) settings: Vec<(String, String)>,
    /// What of the pipeline the pods read.
    pub(crate) pipeline: Vec<String>,
}

/// The ConfigMaps of the modules and the settings.
fn config_maps(plan: &Plan, found: &Found, files: &Files, modules: &Modules<'_>) -> [Object; 2] {
    let map = |what: &str| {
        let name = names::config_map(&found.workload, what);
        names::object(&plan.name, ("v1", "ConfigMap"), &name, &found.namespace)
    };
    let mut binaries = Map::new();
    for filter in plan.filters() {
        binaries.insert(filter.module_file(), json!(encoded(modules.get(filter))));
    }
    let settings: Map<String, Value> = files
        .settings
        .iter()
        .map(|(name, text)| (name.clone(), json!(text)))
        .collect();
    [
        map(names::SETTINGS).with("data", settings),
        map(names::MODULES).with("binaryData", binaries),
    ]
}

/// A hash of everything that the pods read at their start.
fn hash(plan: &Plan, texts: &Files, modules: &Modules<'_>) -> String {
    let settings = texts.settings.iter().map(|(_, text)| text.as_bytes());
    let pipeline = texts.pipeline.iter().map(String::as_bytes);
    let filters = plan.filters();
    let modules = filters.iter().map(|filter| modules.get(*filter));
    files::hash(pipeline.chain(settings).chain(modules))
}

/// The values that hold Flux expressions. Flux reads what it has replaced as YAML again, and a value such as `8` alone
/// would no longer be a string: so each has its name before it.
fn substituted(plan: &Plan) -> Option<String> {
    let mut values = vec![format!("cluster={}", plan.cluster)];
    values.extend(
        plan.environment
            .iter()
            .map(|value| format!("environment={value}")),
    );
    values.extend(
        plan.tenant
            .default
            .iter()
            .map(|value| format!("tenant={value}")),
    );
    values.retain(|pair| has_dollars(pair));
    (!values.is_empty()).then(|| values.join(" "))
}

/// Adds all of it.
///
/// # Errors
/// An object of somebody else's with the name of one of ours, and a field of the workload that holds something else than
/// a list or a mapping.
pub(crate) fn add(
    plan: &Plan,
    found: &Found,
    files: &Files,
    modules: &Modules<'_>,
    items: &mut Items,
) -> Result<(), Fault> {
    let hash = hash(plan, files, modules);
    let maps = config_maps(plan, found, files, modules);
    let workload = items.find_mut(&found.workload);
    let Some(workload) = workload else {
        return Ok(());
    };
    mount(
        workload,
        &found.workload,
        &found.slots,
        &hash,
        substituted(plan),
    )?;
    for mut map in maps {
        plan.expressions.seal(&mut map).map_err(|mixed| {
            ResultItem::error(
                format!(
                    "{} would hold {}, which Flux has to replace, and {}, which it has to leave alone",
                    map.id(),
                    mixed.expression,
                    mixed.literal
                ),
                "write the value without a Flux expression",
            )
        })?;
        upsert(plan, map, items)?;
    }
    Ok(())
}

/// Never replaces an object of somebody else's.
pub(crate) fn upsert(plan: &Plan, object: Object, items: &mut Items) -> Result<(), Fault> {
    let theirs = items.iter().find(|old| old.is_same(&object));
    if let Some(theirs) = theirs {
        match theirs.label(names::OWNER_LABEL) {
            Some(owner) if owner == plan.name => {}
            Some(owner) => {
                return Err(ResultItem::error(
                    format!(
                        "found that FluentBitFilters/{owner} serves this Fluent Bit, expected one for each"
                    ),
                    format!("list the filters under spec.filters of FluentBitFilters/{owner}"),
                )
                .on(theirs).into());
            }
            None => {
                return Err(ResultItem::error(
                    "found an object of this name in the build, which would be replaced",
                    "give it another name",
                )
                .on(theirs)
                .into());
            }
        }
    }
    items.upsert(object);
    Ok(())
}

fn mount(
    workload: &mut Object,
    id: &ObjectId,
    slots: &Slots,
    hash: &str,
    values: Option<String>,
) -> Result<(), Fault> {
    for (what, path) in [
        (names::SETTINGS, section::SETTINGS),
        (names::MODULES, section::MODULES),
    ] {
        let map = names::config_map(id, what);
        put_named(
            workload,
            &slots.volumes,
            json!({"name": what, "configMap": {"name": map}}),
        )?;
        put_named(
            workload,
            &slots.mounts,
            json!({"name": what, "mountPath": path, "readOnly": true}),
        )?;
    }
    let annotations = mapping(workload, &slots.annotations)?;
    annotations.insert(files::HASH_ANNOTATION.to_owned(), json!(hash));
    match values {
        Some(values) => {
            annotations.insert(files::VALUES_ANNOTATION.to_owned(), json!(values));
        }
        None => {
            annotations.shift_remove(files::VALUES_ANNOTATION);
        }
    }
    Ok(())
}

fn wrong(object: &Object, path: &str, expected: &str) -> Fault {
    let last = path.rsplit('.').next().unwrap_or_default();
    ResultItem::error(
        format!("found another value than {expected}, to which this function adds"),
        format!("{last}: {}", if expected == "a list" { "[]" } else { "{}" }),
    )
    .on(object)
    .at(path)
    .into()
}

/// What is at a path, made where there is nothing.
fn at<'o>(
    object: &'o mut Object,
    path: &str,
    empty: Value,
    expected: &str,
) -> Result<&'o mut Value, Fault> {
    if object.get(path).is_none_or(Value::is_null) && object.set(path, empty.clone()).is_err() {
        return Err(wrong(object, path, expected));
    }
    let fits = object.get(path).is_some_and(|found| {
        found.is_array() == empty.is_array() && found.is_object() == empty.is_object()
    });
    if !fits {
        return Err(wrong(object, path, expected));
    }
    let missing = wrong(object, path, expected);
    object.get_mut(path).ok_or(missing)
}

fn mapping<'o>(object: &'o mut Object, path: &str) -> Result<&'o mut Map<String, Value>, Fault> {
    let missing = wrong(object, path, "a mapping");
    at(object, path, json!({}), "a mapping")?
        .as_object_mut()
        .ok_or(missing)
}

/// Puts an item into a list, in the place of the one of its name.
fn put_named(object: &mut Object, path: &str, item: Value) -> Result<(), Fault> {
    let missing = wrong(object, path, "a list");
    let list = at(object, path, json!([]), "a list")?
        .as_array_mut()
        .ok_or(missing)?;
    match list.iter_mut().find(|old| old["name"] == item["name"]) {
        Some(old) => *old = item,
        None => list.push(item),
    }
    Ok(())
}
