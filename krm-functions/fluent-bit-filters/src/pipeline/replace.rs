//! Hand-written sections that do what the filters do.

use super::section::Match;
use super::tags::{may_meet, may_reach};
use super::{Config, Edit, Kind, Pipeline, Plugin, Syntax, classic, yaml};
use crate::spec::FilterName;

/// What the filters, with these settings, take over.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// The filters, once for each pattern of tags.
    pub(crate) filters: Vec<Meant>,
    /// Fields that they set.
    pub(crate) labels: Vec<&'static str>,
}

/// A filter and the tags that it gets.
#[derive(Debug, Clone)]
pub(crate) struct Meant {
    /// The entry of `spec.filters`, by its place among them.
    pub(crate) entry: usize,
    /// Which filter.
    pub(crate) filter: FilterName,
    /// Its tags.
    pub(crate) matching: Match,
}

/// What is done to a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It goes.
    Remove,
    /// These of its properties go.
    Without(Vec<usize>),
    /// A property gets another value.
    Set(usize, &'static str),
    /// It stays, though it looks like one that could go.
    Leave,
}

/// A section that is replaced, and why.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// Which.
    pub(crate) plugin: usize,
    /// What is done.
    pub(crate) deed: Deed,
    /// What is said of it, behind the section's title.
    pub(crate) said: String,
}

impl Scope {
    /// Whether a section does something for records of which all go through one of these filters.
    fn covers(&self, pipeline: &Pipeline, plugin: &Plugin, filters: &[FilterName]) -> Cover {
        let of_kind = || {
            let all = self.filters.iter();
            all.filter(|meant| filters.contains(&meant.filter))
                .map(|meant| &meant.matching)
        };
        let meets = |matching: &Match| match plugin.kind {
            Kind::Input => may_reach(plugin, matching),
            _ => may_meet(plugin, matching),
        };
        if !of_kind().any(meets) {
            return Cover::None;
        }
        let section = super::tags::of_section(plugin);
        let is_whole = plugin.kind == Kind::Input
            || section.is_some_and(|section| {
                let mut inputs = pipeline.inputs().filter(|input| may_reach(input, &section));
                inputs.all(|input| of_kind().any(|matching| may_reach(input, matching)))
            });
        match is_whole {
            true => Cover::Whole,
            false => Cover::Part,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cover {
    None,
    Part,
    Whole,
}

/// Filters that read the CRI line.
const READ_LINES: [FilterName; 2] = [FilterName::ContainerLogs, FilterName::Cri];

/// Filters that say where a record is from.
const SET_LABELS: [FilterName; 3] = [
    FilterName::ContainerLogs,
    FilterName::Tenant,
    FilterName::Audit,
];

/// Filters that lift the `kubernetes` map.
const LIFT: [FilterName; 2] = [FilterName::ContainerLogs, FilterName::Tenant];

/// Everything that can be replaced, and what only looks so.
pub(crate) fn changes(pipeline: &Pipeline, scope: &Scope) -> Vec<Change> {
    let mut changes = Vec::new();
    for (index, plugin) in pipeline.plugins.iter().enumerate() {
        let (filters, found): (&[FilterName], _) = match (plugin.kind, plugin.name().as_str()) {
            (Kind::Input, "tail") => (&READ_LINES, input(plugin)),
            (Kind::Filter, "parser") => (&READ_LINES, parser(plugin)),
            (Kind::Filter, "kubernetes") => (&READ_LINES, merge_log(plugin)),
            (Kind::Filter, "modify") => (&SET_LABELS, labels(plugin, scope, &["Add", "Set"])),
            (Kind::Filter, "record_modifier") => (&SET_LABELS, labels(plugin, scope, &["Record"])),
            (Kind::Filter, "nest") => (&LIFT, lift(pipeline, index)),
            _ => continue,
        };
        let Some((deed, said)) = found else {
            continue;
        };
        let (deed, said) = match scope.covers(pipeline, plugin, filters) {
            Cover::None => continue,
            Cover::Whole => (deed, said),
            Cover::Part => (
                Deed::Leave,
                format!("{said}, but for other records too, which do not go through the filter"),
            ),
        };
        changes.push(Change {
            plugin: index,
            deed,
            said,
        });
    }
    changes
}

/// The parsers of container lines that the `tail` input uses.
fn input(plugin: &Plugin) -> Option<(Deed, String)> {
    let mut going = Vec::new();
    let mut said = Vec::new();
    for (index, property) in plugin.properties.iter().enumerate() {
        let value = property.values.join(",");
        let names: Vec<&str> = value.split(',').map(str::trim).collect();
        let is_cri = names.iter().any(|name| name.eq_ignore_ascii_case("cri"));
        if property.is("Parser") && is_cri {
            going.push(index);
            said.push(format!("{} {value}", property.key));
        } else if property.is("multiline.parser") && is_cri {
            if names.iter().any(|name| !["cri", "docker"].contains(name)) {
                let said = format!("{} {value} joins other lines too", property.key);
                return Some((Deed::Leave, said));
            }
            going.push(index);
            said.push(format!("{} {value}", property.key));
        }
    }
    (!going.is_empty()).then(|| (Deed::Without(going), said.join(" and ")))
}

/// `[FILTER] parser` of CRI lines.
fn parser(plugin: &Plugin) -> Option<(Deed, String)> {
    let parser = plugin.get("Parser")?;
    let is_line = plugin.get("Key_Name").is_some_and(|key| key == "log");
    (parser.eq_ignore_ascii_case("cri") && is_line).then(|| {
        (
            Deed::Remove,
            format!("it reads log with the parser {parser}"),
        )
    })
}

/// `Merge_Log On`, which takes JSON apart before the filter does.
fn merge_log(plugin: &Plugin) -> Option<(Deed, String)> {
    let index = plugin.properties.iter().position(|p| p.is("Merge_Log"))?;
    plugin.is_on("Merge_Log", false).then(|| {
        (
            Deed::Set(index, "Off"),
            "Merge_Log On became Off".to_owned(),
        )
    })
}

/// Properties of which every section may have some.
fn is_common(key: &str) -> bool {
    let common = ["Name", "Match", "Match_Regex", "Alias", "Log_Level"];
    common.iter().any(|name| name.eq_ignore_ascii_case(key))
}

/// Sections that add fields which the filters set: `Add cluster apps`.
fn labels(plugin: &Plugin, scope: &Scope, keys: &[&str]) -> Option<(Deed, String)> {
    let mut going = Vec::new();
    let mut said: Vec<String> = Vec::new();
    let mut has_others = false;
    for (index, property) in plugin.properties.iter().enumerate() {
        if is_common(&property.key) {
            continue;
        }
        let is_label = |value: &&String| {
            let mut words = value.split_whitespace();
            words
                .next()
                .is_some_and(|field| scope.labels.contains(&field))
        };
        let sets = keys.iter().any(|key| property.is(key));
        let labels = property
            .values
            .iter()
            .filter(|value| sets && is_label(value));
        let count = labels.clone().count();
        said.extend(labels.cloned());
        if count > 0 && count == property.values.len() {
            going.push(index);
        } else {
            has_others = true;
        }
    }
    if said.is_empty() {
        return None;
    }
    let said = format!("it sets {}", said.join(", "));
    if going.is_empty() {
        return Some((Deed::Leave, format!("{said} among others, in one list")));
    }
    let has_condition = plugin.properties.iter().any(|p| p.is("Condition"));
    Some(match (has_condition, has_others) {
        (true, _) => (Deed::Leave, format!("{said} under a condition")),
        (_, true) => (Deed::Without(going), said),
        (_, false) => (Deed::Remove, said),
    })
}

/// `nest` with `Operation lift` of the `kubernetes` map, unless a later one puts it back.
fn lift(pipeline: &Pipeline, index: usize) -> Option<(Deed, String)> {
    let plugin = &pipeline.plugins[index];
    let is = |plugin: &Plugin, operation: &str, key: &str| {
        plugin.is_filter("nest")
            && plugin
                .get("Operation")
                .is_some_and(|o| o.eq_ignore_ascii_case(operation))
            && plugin.get(key) == Some("kubernetes")
    };
    if !is(plugin, "lift", "Nested_under") {
        return None;
    }
    let prefix = match plugin.get("Add_prefix") {
        Some(prefix) => format!("its fields began with {prefix:?}"),
        None => "its fields had no prefix".to_owned(),
    };
    let said = format!("it lifts kubernetes; {prefix}, see the setting kubernetes.lift");
    let mut later = pipeline.plugins[index..].iter();
    Some(match later.any(|other| is(other, "nest", "Nest_under")) {
        true => (
            Deed::Leave,
            "it lifts kubernetes, and a later nest puts it back".to_owned(),
        ),
        false => (Deed::Remove, said),
    })
}

/// The edit that makes a change; `None` where the lines cannot be taken apart.
pub(crate) fn edits(config: &Config, pipeline: &Pipeline, change: &Change) -> Option<Vec<Edit>> {
    let plugin = &pipeline.plugins[change.plugin];
    let (index, file) = (plugin.file, &config.files[plugin.file]);
    let edit = |range, with: &str| Edit {
        file: index,
        range,
        with: with.to_owned(),
    };
    if file.fixed {
        return None;
    }
    match &change.deed {
        Deed::Leave => Some(Vec::new()),
        Deed::Remove => match file.syntax {
            Syntax::Classic => Some(vec![classic::remove(file, index, plugin)]),
            Syntax::Yaml => yaml::remove(file, index, plugin).map(|edit| vec![edit]),
        },
        Deed::Without(properties) => {
            let lines = properties
                .iter()
                .map(|p| plugin.properties[*p].lines.clone());
            lines.map(|range| Some(edit(range?, ""))).collect()
        }
        Deed::Set(property, value) => {
            let range = plugin.properties[*property].value.clone()?;
            Some(vec![edit(range, value)])
        }
    }
}
