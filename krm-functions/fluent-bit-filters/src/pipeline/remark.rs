//! What around a filter would not work with it.

use super::look::is_container;
use super::place::kubernetes;
use super::section::Match;
use super::tags::{self, may_meet, may_reach, new_tags, overlap};
use super::{Kind, Pipeline, Plugin};
use crate::image::Version;
use crate::plan::Entry;
use crate::spec::FilterName;
use krm_rs::Severity;

/// Something to say about a section.
#[derive(Debug, Clone)]
pub(crate) struct Remark {
    /// How bad it is.
    pub(crate) severity: Severity,
    /// The file that it is about.
    pub(crate) file: usize,
    /// What.
    pub(crate) message: String,
    /// What would be right.
    pub(crate) fix: Option<String>,
}

impl Remark {
    fn new(severity: Severity, plugin: &Plugin, message: String) -> Self {
        Remark {
            severity,
            file: plugin.file,
            message: format!("{} {message}", plugin.title()),
            fix: None,
        }
    }

    fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// Whether a filter reads the lines of containers.
fn reads_lines(filter: FilterName) -> bool {
    matches!(filter, FilterName::ContainerLogs | FilterName::Cri)
}

/// Everything to say about a filter that stands in the pipeline, at `at`.
pub(crate) fn remarks(
    entry: &Entry,
    matching: &Match,
    pipeline: &Pipeline,
    at: usize,
    version: Version,
) -> Vec<Remark> {
    let mut out = Vec::new();
    inputs(entry, matching, pipeline, version, &mut out);
    if entry.filter == FilterName::ContainerLogs {
        merged(matching, pipeline, at, &mut out);
    }
    around(entry, matching, pipeline, at, &mut out);
    out
}

fn inputs(
    entry: &Entry,
    matching: &Match,
    pipeline: &Pipeline,
    version: Version,
    out: &mut Vec<Remark>,
) {
    let reached = || pipeline.inputs().filter(|input| may_reach(input, matching));
    for input in reached() {
        if input.name() == "forward" && !input.is_on("threaded", false) && version.loses_forwarded()
        {
            let message = "loses every record that a wasm filter gets, from Fluent Bit 5.1 on, unless it has a thread of its own";
            out.push(
                Remark::new(Severity::Error, input, message.to_owned()).with_fix("threaded on"),
            );
        }
        if !reads_lines(entry.filter) {
            continue;
        }
        if is_container(input) == Some(false) {
            let tag = tags::of_input(input);
            let shares =
                |other: &Plugin| is_container(other) == Some(true) && tags::of_input(other) == tag;
            let tag = tag.clone().unwrap_or_default();
            let message = format!(
                "has the tag {tag}, so its records, which are no lines of containers, go through the filter too and are marked with leafpack_error"
            );
            out.push(match reached().any(shares) {
                true => Remark::new(
                    Severity::Error,
                    input,
                    format!("has the same tag, {tag}, as an input of container logs; nothing can tell their records apart"),
                )
                .with_fix("Tag host.*"),
                false => Remark::new(Severity::Warning, input, message),
            });
        } else if let Some(parser) = input.get("Parser") {
            // What the parser `docker` leaves is read as it is.
            if !parser.eq_ignore_ascii_case("docker") {
                let message = format!(
                    "reads lines with Parser {parser}, so the filter finds no line in log, unless the parser leaves time, stream, logtag and log"
                );
                out.push(
                    Remark::new(Severity::Warning, input, message)
                        .with_fix("spec:\n  replace: true"),
                );
            }
        }
    }
}

/// `Merge_Log` of lines that the input has read already.
fn merged(matching: &Match, pipeline: &Pipeline, at: usize, out: &mut Vec<Remark>) {
    let is_read =
        |input: &Plugin| input.get("multiline.parser").is_some() || input.get("Parser").is_some();
    let mut reached = pipeline.inputs().filter(|input| may_reach(input, matching));
    if !reached.any(is_read) {
        return;
    }
    for index in kubernetes(pipeline, matching) {
        let plugin = &pipeline.plugins[index];
        if index < at && plugin.is_on("Merge_Log", false) && !plugin.is_on("Keep_Log", true) {
            let message = "has Merge_Log On and Keep_Log Off, which take JSON messages apart before the filter sees them; such records are marked with leafpack_error";
            out.push(
                Remark::new(Severity::Warning, plugin, message.to_owned())
                    .with_fix("Merge_Log Off, or spec.replace: true"),
            );
        }
    }
}

/// Filters before and behind.
fn around(entry: &Entry, matching: &Match, pipeline: &Pipeline, at: usize, out: &mut Vec<Remark>) {
    for (index, plugin) in pipeline.plugins.iter().enumerate() {
        if plugin.kind != Kind::Filter || plugin.is_ours() || !may_meet(plugin, matching) {
            continue;
        }
        let found = match index > at {
            true => behind(entry, matching, plugin),
            false => before(matching, plugin),
        };
        let name = entry.filter.module().name();
        out.extend(found.map(|(message, fix)| {
            let message = message.replace("FILTER", name);
            Remark::new(Severity::Warning, plugin, message).with_fix(fix)
        }));
    }
}

/// What a filter does to records before they come, and what would be right; `FILTER` stands for our name.
fn before(matching: &Match, plugin: &Plugin) -> Option<(String, String)> {
    let Match::Pattern(pattern) = matching else {
        return None;
    };
    let mut past = new_tags(plugin);
    past.retain(|tag| !overlap(tag, pattern));
    let first = past.first()?;
    Some((
        format!(
            "gives records the tag {}, with which they pass the filter FILTER by",
            past.join(", ")
        ),
        format!("a further entry of spec.filters with match: {first}"),
    ))
}

/// What a filter does to records that have been there, in the same form.
fn behind(entry: &Entry, matching: &Match, plugin: &Plugin) -> Option<(String, String)> {
    let sends_again = match (plugin.name().as_str(), matching) {
        ("multiline", _) => true,
        ("rewrite_tag", Match::Pattern(pattern)) => {
            new_tags(plugin).iter().any(|tag| overlap(tag, pattern))
        }
        _ => false,
    };
    let (message, fix) = if sends_again {
        (
            "is behind the filter FILTER and sends records through all filters again, which marks them with leafpack_error".to_owned(),
            "position: last, or another tag for the records that it sends",
        )
    } else if reads_lines(entry.filter) && renames_log(entry) && wants_log(plugin) {
        (
            "is behind the filter FILTER and reads log, which is called _msg there".to_owned(),
            "position: last, or settings: {names: native}",
        )
    } else if entry.filter == FilterName::Cri {
        return None;
    } else if let Some(label) = set_again(plugin) {
        (
            format!("is behind the filter FILTER and sets {label} again"),
            "spec:\n  replace: true",
        )
    } else if entry.filter != FilterName::Audit && wants_map(plugin) {
        (
            "is behind the filter FILTER, which lifts the kubernetes map that it reads".to_owned(),
            "position: last",
        )
    } else {
        return None;
    };
    Some((message, fix.to_owned()))
}

/// Whether the message has another name behind a filter.
fn renames_log(entry: &Entry) -> bool {
    let names = entry.settings.get("names");
    names.is_none_or(|names| names != "native")
}

/// Whether a filter reads or changes the field `log`: `Exclude log …`, `Rename log message`, `Key_Name log`.
fn wants_log(plugin: &Plugin) -> bool {
    let mut values = plugin
        .properties
        .iter()
        .filter(|property| {
            !["Match", "Alias", "Call", "code"]
                .iter()
                .any(|key| property.is(key))
        })
        .flat_map(|property| &property.values);
    values.any(|value| {
        // A condition has its kind before the field.
        let mut words = value.split_whitespace().take(2);
        words.any(|word| ["log", "$log"].contains(&word))
    })
}

/// Whether a filter reads or changes the `kubernetes` map.
fn wants_map(plugin: &Plugin) -> bool {
    let mut properties = plugin.properties.iter();
    properties.any(|property| {
        let mut values = property.values.iter();
        values.any(|value| {
            value.contains("$kubernetes")
                || (property.is("Nested_under") && value == "kubernetes")
                || (property.is("Nest_under") && value == "kubernetes")
        })
    })
}

/// The field of ours to which a filter gives another value: `modify` with `Set`, and `record_modifier`. `Add` leaves a
/// field that is there as it is.
fn set_again(plugin: &Plugin) -> Option<String> {
    let key = match plugin.name().as_str() {
        "modify" => "Set",
        "record_modifier" => "Record",
        _ => return None,
    };
    let properties = plugin.properties.iter().filter(|property| property.is(key));
    let mut values = properties.flat_map(|property| &property.values);
    let is_ours = |value: &&String| {
        let field = value.split_whitespace().next();
        field.is_some_and(|field| ["cluster", "environment", "tenant"].contains(&field))
    };
    values.find(is_ours).cloned()
}
