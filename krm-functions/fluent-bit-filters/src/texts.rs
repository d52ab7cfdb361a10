//! Filters in a pipeline that is written in files.

use crate::find::{Found, workload};
use crate::inject::Files;
use crate::pipeline::look;
use crate::pipeline::place::{self, Refusal};
use crate::pipeline::remark::{self, Remark};
use crate::pipeline::replace::{self, Deed, Meant, Scope};
use crate::pipeline::section::Match;
use crate::pipeline::{Config, File, Note, Pipeline, Plugin, Weight};
use crate::plan::{Entry, Plan};
use crate::settings::{self, Join};
use crate::spec::{FilterName, Format};
use krm_rs::{Fix, Items, ResourceRef, ResultItem, Results, Severity};

/// Adds the filters, and writes what was changed back; `None` after an error.
pub(crate) fn add(
    plan: &Plan,
    found: &Found,
    mut config: Config,
    items: &mut Items,
    results: &mut Results,
) -> Option<Files> {
    let before: Vec<String> = config.files.iter().map(|file| file.text.clone()).collect();
    place::take_back(&mut config);
    let pipeline = config.read();
    let mut notes = pipeline.notes.iter();
    if let Some(note) = notes.find(|note| note.weight == Weight::Unreadable) {
        results.push(said(&not_understood(note, &[]), &config, items));
        return None;
    }
    let scope = scope(plan, &pipeline, results)?;
    if let Some(other) = shared(&config, found, items) {
        results.push(other);
        return None;
    }
    if plan.replace {
        replace_all(&mut config, &pipeline, &scope, items, results);
    }
    // The files in which filters of ours stand.
    let mut homes = Vec::new();
    for (entry, matching) in pairs(plan, &scope) {
        match place::insert(&mut config, entry, matching) {
            Ok(file) => homes.push(file),
            Err(refusal) => {
                results.push(refused(&refusal, entry, &config, items));
                return None;
            }
        }
    }
    let pipeline = config.read();
    for remark in remarks(plan, found, &scope, &pipeline, &homes) {
        results.push(said(&remark, &config, items));
    }
    if results.has_errors() {
        return None;
    }
    let files = Files {
        settings: settings_files(plan, found, &scope, &pipeline),
        pipeline: config.files.iter().map(|file| file.text.clone()).collect(),
    };
    for (file, before) in config.files.iter().zip(before) {
        if !file.fixed && file.text != before {
            write_back(file, items, results);
        }
    }
    Some(files)
}

/// Puts a file's text where it came from, or where the chart looks for it.
fn write_back(file: &File, items: &mut Items, results: &mut Results) {
    let Some(object) = items.find_mut(&file.object) else {
        return;
    };
    let had = object.get_str(&file.path).is_some();
    let is_set = object.set(&file.path, file.text.clone()).is_ok();
    let item = match (is_set, had) {
        (true, true) => return,
        (true, false) => ResultItem::info(
            "found nothing, and wrote the filter kubernetes here as the chart has it, but with Merge_Log Off",
        ),
        (false, _) => ResultItem::error(
            "found another value than a mapping above it, expected Fluent Bit's configuration here",
            "config: {}",
        ),
    };
    results.push(item.on(&*object).at(file.path.clone()));
}

/// The tags of every filter; `None` after an error.
pub(crate) fn scope(plan: &Plan, pipeline: &Pipeline, results: &mut Results) -> Option<Scope> {
    let mut filters = Vec::new();
    let mut has_failed = false;
    for entry in &plan.entries {
        match look::matches(entry, pipeline) {
            Ok(matches) => {
                filters.extend(matches.into_iter().map(|matching| Meant {
                    entry: entry.index,
                    filter: entry.filter,
                    matching,
                }));
            }
            Err(message) => {
                has_failed = true;
                results.error(&entry.path("match"), message, Fix::value("kube.*"));
            }
        }
    }
    has_failed |= !has_failed && twice(plan, pipeline, &filters, results);
    let mut labels = vec!["cluster"];
    labels.extend(plan.environment.iter().map(|_| "environment"));
    labels.extend(plan.tenant.default.iter().map(|_| "tenant"));
    (!has_failed).then_some(Scope { filters, labels })
}

/// Whether records would go through two filters of which the second finds nothing that it can read.
fn twice(plan: &Plan, pipeline: &Pipeline, filters: &[Meant], results: &mut Results) -> bool {
    let is_whole = |filter: FilterName| filter == FilterName::ContainerLogs;
    let does_same = |a: FilterName, b: FilterName| {
        let is_part = |filter| matches!(filter, FilterName::Cri | FilterName::Tenant);
        a == b || (is_whole(a) && is_part(b)) || (is_part(a) && is_whole(b))
    };
    let mut found = false;
    for (index, second) in filters.iter().enumerate() {
        let first = filters[..index].iter().find(|first| {
            does_same(first.filter, second.filter)
                && look::shared_input(pipeline, &first.matching, &second.matching).is_some()
        });
        let Some(first) = first else {
            continue;
        };
        found = true;
        let [first, entry] = [first, second].map(|meant| &plan.entries[meant.entry]);
        let names = [first, entry].map(|entry| entry.filter.module().name());
        let message = if first.filter == entry.filter {
            format!("found tags that {} matches too", first.path("match"))
        } else {
            format!(
                "found {} for tags that {} gets too; container-logs does what cri and tenant do",
                names[1], names[0]
            )
        };
        results.push(
            ResultItem::error(message, Fix::value("other.*"))
                .at(entry.path("match"))
                .found(second.matching.property().1),
        );
    }
    found
}

/// Every filter with each of its tags.
pub(crate) fn pairs<'p>(plan: &'p Plan, scope: &'p Scope) -> Vec<(&'p Entry, &'p Match)> {
    let all = scope.filters.iter();
    all.map(|meant| (&plan.entries[meant.entry], &meant.matching))
        .collect()
}

/// A ConfigMap that another Fluent Bit reads too, which would not have the modules.
fn shared(config: &Config, found: &Found, items: &Items) -> Option<ResultItem> {
    let mut maps = config.files.iter().map(|file| &file.object);
    let (map, other) = maps.find_map(|map| {
        let other = workload::shares(items, map, &found.workload)?;
        (map.kind == "ConfigMap").then_some((map, other))
    })?;
    let map = items.find(map)?;
    let message = format!(
        "found that {} reads this configuration too, which would look for modules that it does not mount",
        other.id()
    );
    Some(ResultItem::error(message, "give each Fluent Bit a ConfigMap of its own").on(map))
}

/// Takes out what the filters do.
fn replace_all(
    config: &mut Config,
    pipeline: &Pipeline,
    scope: &Scope,
    items: &Items,
    results: &mut Results,
) {
    let mut all = Vec::new();
    for change in replace::changes(pipeline, scope) {
        let plugin = &pipeline.plugins[change.plugin];
        let edits = replace::edits(config, pipeline, &change);
        let verb = match (&change.deed, &edits) {
            (Deed::Leave, _) | (_, None) => "left as it is",
            (Deed::Set(..), _) => "changed",
            _ => "replaced",
        };
        let severity = match verb {
            "left as it is" => Severity::Warning,
            _ => Severity::Info,
        };
        let remark = Remark {
            severity,
            file: plugin.file,
            message: format!("{verb}: {}: {}", plugin.title(), change.said),
            fix: None,
        };
        results.push(said(&remark, config, items));
        all.extend(edits.unwrap_or_default());
    }
    config.apply(all);
}

/// Everything to say about the filters where they stand now.
pub(crate) fn remarks(
    plan: &Plan,
    found: &Found,
    scope: &Scope,
    pipeline: &Pipeline,
    homes: &[usize],
) -> Vec<Remark> {
    let mut out: Vec<Remark> = Vec::new();
    out.extend(
        pipeline
            .notes
            .iter()
            .map(|note| not_understood(note, homes)),
    );
    for (entry, matching) in pairs(plan, scope) {
        let (key, value) = matching.property();
        let is_it = |plugin: &Plugin| {
            plugin.is_ours()
                && plugin.get(key) == Some(value)
                && plugin.get("Function_Name") == Some(&entry.function())
        };
        if let Some(at) = pipeline.plugins.iter().position(is_it) {
            out.extend(remark::remarks(
                entry,
                matching,
                pipeline,
                at,
                found.version,
            ));
        }
    }
    let mut once: Vec<Remark> = Vec::new();
    for remark in out {
        let is_new = |old: &Remark| old.file != remark.file || old.message != remark.message;
        if once.iter().all(is_new) {
            once.push(remark);
        }
    }
    once
}

/// What is said of something that is not understood, with filters of ours in the files `homes`.
fn not_understood(note: &Note, homes: &[usize]) -> Remark {
    let Note {
        file,
        message,
        weight,
    } = note;
    let warning = |what: &str| {
        (
            Severity::Warning,
            format!("left as it is: {message}{what}"),
            None,
        )
    };
    let (severity, message, fix) = match weight {
        Weight::Switch if homes.contains(file) => (
            Severity::Error,
            format!("found {message}, so that nobody can tell where a filter would stand"),
            Some("write it without this template".to_owned()),
        ),
        Weight::Unreadable => (
            Severity::Error,
            format!("found {message}"),
            Some("make it one that Fluent Bit can read".to_owned()),
        ),
        Weight::Switch => warning("; what it does is not seen"),
        Weight::Sections => warning("; filters in it are not seen"),
        Weight::None => warning(", which is not known"),
    };
    Remark {
        severity,
        file: *file,
        message,
        fix,
    }
}

/// The settings file of each module.
pub(crate) fn settings_files(
    plan: &Plan,
    found: &Found,
    scope: &Scope,
    pipeline: &Pipeline,
) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for entry in &plan.entries {
        let matches: Vec<Match> = scope
            .filters
            .iter()
            .filter(|meant| meant.filter == entry.filter)
            .map(|meant| meant.matching.clone())
            .collect();
        let can_join = entry.format == Format::Json && found.version.keeps_filters();
        let join = match entry.filter {
            FilterName::ContainerLogs => look::join(pipeline, &matches, can_join),
            _ => Join::Mark,
        };
        let name = entry.filter.module().settings_file();
        if files.iter().all(|(old, _)| *old != name) {
            files.push((name, settings::text(plan, entry, join)));
        }
    }
    files
}

/// A remark, as a result about the object.
pub(crate) fn said(remark: &Remark, config: &Config, items: &Items) -> ResultItem {
    let fix = remark.fix.clone();
    let item = match remark.severity {
        Severity::Error => {
            ResultItem::error(remark.message.clone(), fix.clone().unwrap_or_default())
        }
        Severity::Warning => ResultItem::warning(remark.message.clone()),
        Severity::Info => ResultItem::info(remark.message.clone()),
    };
    let item = match (fix, remark.severity) {
        (Some(fix), Severity::Warning) => item.with_fix(fix),
        _ => item,
    };
    let Some(file) = config.files.get(remark.file) else {
        return item;
    };
    let item = match items.find(&file.object) {
        Some(object) => item.on(ResourceRef::from(object)),
        None => item,
    };
    // The value is the whole configuration, which nobody wants to see again.
    item.at(file.path.clone()).found("(the configuration)")
}

fn refused(refusal: &Refusal, entry: &Entry, config: &Config, items: &Items) -> ResultItem {
    match refusal {
        Refusal::NoKubernetes => ResultItem::error(
            "found no filter kubernetes for its tags, expected one",
            Fix::value("last"),
        )
        .at(entry.path("position")),
        Refusal::File(file, found) => {
            let remark = Remark {
                severity: Severity::Error,
                file: *file,
                message: format!("found {found}, expected a list of filters with a line for each"),
                fix: Some(
                    "pipeline:\n  filters:\n    - name: kubernetes\n      match: kube.*".to_owned(),
                ),
            };
            said(&remark, config, items)
        }
    }
}
