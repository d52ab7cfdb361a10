//! Filters in a pipeline that is written in fluent-operator's objects.

use crate::find::Found;
use crate::find::operator::{self, API_VERSION, Objects};
use crate::inject::{self, Files};
use crate::names;
use crate::pipeline::place::{self, Place, Refusal};
use crate::pipeline::replace::{self, Change, Deed};
use crate::pipeline::section::{self, Match};
use crate::pipeline::{Kind, Plugin, Property};
use crate::plan::{Entry, Plan};
use crate::texts::{pairs, remarks, scope, settings_files};
use krm_rs::{Fix, Items, Map, Object, ObjectId, ResultItem, Results, Value, json};

/// Adds a ClusterFilter for each filter; `None` after an error.
pub(crate) fn add(
    plan: &Plan,
    found: &Found,
    config: &ObjectId,
    items: &mut Items,
    results: &mut Results,
) -> Option<Files> {
    let is_ours = |object: &Object| {
        object.kind() == "ClusterFilter" && object.label(names::OWNER_LABEL) == Some(&plan.name)
    };
    if let Some(fault) = shared(found, config, items) {
        results.push(fault);
        return None;
    }
    let config_object = items.find(config)?.clone();
    let mut objects = operator::read(items, &config_object, is_ours);
    let scope = scope(plan, &objects.pipeline, results)?;
    if plan.replace {
        replace_all(
            &objects,
            &replace::changes(&objects.pipeline, &scope),
            items,
            results,
        );
        objects = operator::read(items, &config_object, is_ours);
    }
    let mut made = Vec::new();
    let all = pairs(plan, &scope);
    for (number, (entry, matching)) in all.iter().enumerate() {
        let place = match place::find(&objects.pipeline, entry, matching) {
            Ok(place) => place,
            Err(Refusal::NoKubernetes | Refusal::File(..)) => {
                let message = "found no filter kubernetes for its tags, expected one";
                let fault = ResultItem::error(message, Fix::value("last"));
                results.push(fault.at(entry.path("position")));
                return None;
            }
        };
        let (base, ordinal) = sorted(&objects, found, place, items);
        // Of one ordinal, the operator takes filters by their names.
        let name = format!(
            "{base}-leafpack-{number:0width$}-{}",
            entry.filter.module().name(),
            width = all.len().saturating_sub(1).to_string().len()
        );
        let mut object = names::object(&plan.name, (API_VERSION, "ClusterFilter"), &name, "");
        let selector = config_object
            .get("spec.filterSelector")
            .unwrap_or(&Value::Null);
        for (key, value) in operator::labels(selector) {
            object.set_label(&key, &value);
        }
        made.push(object.with("spec", spec(entry, matching, ordinal)));
    }
    say(plan, found, &scope, &mut objects, items, results);
    if results.has_errors() {
        return None;
    }
    items.retain(|old| !is_ours(old) || made.iter().any(|object| object.is_same(old)));
    let files = Files {
        settings: settings_files(plan, found, &scope, &objects.pipeline),
        pipeline: made
            .iter()
            .map(|object| object.as_value()["spec"].to_string())
            .collect(),
    };
    for object in made {
        if let Err(fault) = inject::upsert(plan, object, items) {
            results.push(*fault);
            return None;
        }
    }
    Some(files)
}

/// Another FluentBit of the same configuration, which would not have the modules.
fn shared(found: &Found, config: &ObjectId, items: &Items) -> Option<ResultItem> {
    let other = items.deployable().find(|object| {
        object.group() == operator::GROUP
            && object.kind() == "FluentBit"
            && object.get_str("spec.fluentBitConfigName") == Some(&config.name)
            && !found.workload.is_of(object)
    })?;
    let message = format!(
        "found that {} reads this configuration too, which would look for modules that it does not mount",
        other.id()
    );
    let fault = ResultItem::error(
        message,
        "give each FluentBit a ClusterFluentBitConfig of its own",
    );
    Some(match items.find(config) {
        Some(config) => fault.on(config),
        None => fault,
    })
}

/// The name and the ordinal by which a ClusterFilter comes to stand in a place.
fn sorted(objects: &Objects, found: &Found, place: Place, items: &Items) -> (String, i64) {
    let of = |plugin: usize| {
        let id = objects.id(plugin);
        let ordinal = items.find(id).map_or(0, operator::ordinal);
        (id.name.clone(), ordinal)
    };
    match place {
        Place::Behind(plugin) => of(plugin),
        Place::Before(plugin) => {
            let (name, ordinal) = of(plugin);
            (name, ordinal - 1)
        }
        Place::Alone => (found.workload.name.clone(), 0),
    }
}

fn spec(entry: &Entry, matching: &Match, ordinal: i64) -> Value {
    let mut spec = Map::new();
    let (field, value) = match matching {
        Match::Pattern(text) => ("match", text),
        Match::Regex(text) => ("matchRegex", text),
    };
    spec.insert(field.to_owned(), json!(value));
    if ordinal != 0 {
        spec.insert("ordinal".to_owned(), json!(ordinal));
    }
    let path = format!(
        "{}/{}",
        section::MODULES,
        entry.filter.module().module_file()
    );
    spec.insert(
        "filters".to_owned(),
        json!([{"wasm": {
            "wasmPath": path,
            "functionName": entry.function(),
            "eventFormat": entry.format.name(),
            "accessiblePaths": [section::SETTINGS],
        }}]),
    );
    Value::Object(spec)
}

/// Says what does not fit, with our filters in their places.
fn say(
    plan: &Plan,
    found: &Found,
    scope: &replace::Scope,
    objects: &mut Objects,
    items: &Items,
    results: &mut Results,
) {
    let mut pipeline = objects.pipeline.clone();
    for (entry, matching) in pairs(plan, scope) {
        let Ok(place) = place::find(&pipeline, entry, matching) else {
            continue;
        };
        let filters = pipeline.plugins.iter();
        let behind_all = filters.filter(|plugin| plugin.kind != Kind::Output).count();
        let (at, file) = match place {
            Place::Before(at) => (at, pipeline.plugins[at].file),
            // A ClusterFilter is one piece.
            Place::Behind(at) => {
                let file = pipeline.plugins[at].file;
                let is_of_it = |plugin: &Plugin| plugin.file == file;
                let last = pipeline.plugins.iter().rposition(is_of_it);
                (last.unwrap_or(at) + 1, file)
            }
            Place::Alone => (behind_all, 0),
        };
        let properties = section::properties(entry, matching).into_iter();
        let plugin = Plugin {
            kind: Kind::Filter,
            file,
            lines: 0..0,
            properties: properties
                .map(|(key, value)| Property {
                    key: key.to_owned(),
                    values: vec![value],
                    lines: None,
                    value: None,
                })
                .collect(),
            number: 0,
        };
        pipeline.plugins.insert(at, plugin);
    }
    for remark in remarks(plan, found, scope, &pipeline, &[]) {
        let said = crate::texts::said(&remark, &objects.config, items);
        results.push(said.found("(the object)"));
    }
}

/// Takes out what the filters do: whole filters of a ClusterFilter, and fields of an input.
fn replace_all(objects: &Objects, changes: &[Change], items: &mut Items, results: &mut Results) {
    // From behind, so that places in lists stay what they are.
    for change in changes.iter().rev() {
        let plugin = &objects.pipeline.plugins[change.plugin];
        let field = &objects.fields[change.plugin];
        let Some(object) = items.find_mut(objects.id(change.plugin)) else {
            continue;
        };
        let is_done = match &change.deed {
            Deed::Remove => remove_filter(object, field),
            Deed::Without(properties) if plugin.kind == Kind::Input => {
                let keys = properties
                    .iter()
                    .map(|at| plugin.properties[*at].key.as_str());
                keys.fold(true, |is_done, key| {
                    let key = match key {
                        "multiline.parser" => "multilineParser",
                        other => other,
                    };
                    object.remove(&format!("{field}.{key}")).is_some() && is_done
                })
            }
            Deed::Set(..) => object.set(&format!("{field}.mergeLog"), false).is_ok(),
            Deed::Without(_) | Deed::Leave => false,
        };
        let message = format!("{}: {}", plugin.title(), change.said);
        let item = match (is_done, &change.deed) {
            (true, Deed::Set(..)) => ResultItem::info(format!("changed: {message}")),
            (true, _) => ResultItem::info(format!("replaced: {message}")),
            (false, _) => ResultItem::warning(format!("left as it is: {message}")),
        };
        results.push(item.on(&*object));
    }
}

/// Takes out a filter, and its item of the list where nothing else stands in it.
fn remove_filter(object: &mut Object, field: &str) -> bool {
    let is_done = object.remove(field).is_some();
    let item = field.rsplit_once('.').map_or(field, |(item, _)| item);
    if object.get(item) == Some(&json!({})) {
        object.remove(item);
    }
    is_done
}
