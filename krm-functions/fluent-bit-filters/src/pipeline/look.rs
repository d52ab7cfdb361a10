//! What a pipeline does with the records of a filter: which tags they have, how their lines are joined, and what around
//! the filter would not work with it.

use super::place::kubernetes;
use super::section::Match;
use super::tags::{self, may_meet, may_reach, new_tags, overlap};
use super::{Kind, Pipeline, Plugin, Weight};
use crate::image::Version;
use crate::plan::Entry;
use crate::settings::Join;
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

/// Inputs whose records are no lines of containers, and never were.
const FOREIGN: [&str; 11] = [
    "systemd",
    "kmsg",
    "syslog",
    "docker_events",
    "kubernetes_events",
    "cpu",
    "mem",
    "disk",
    "netif",
    "health",
    "thermal",
];

/// Filters that read the lines of containers.
fn reads_lines(filter: FilterName) -> bool {
    matches!(filter, FilterName::ContainerLogs | FilterName::Cri)
}

/// Whether an input reads container logs. `None` where that cannot be told.
fn is_container(input: &Plugin) -> Option<bool> {
    let name = input.name();
    if FOREIGN.contains(&name.as_str()) {
        return Some(false);
    }
    let path = input.get("Path")?;
    let is_known = name == "tail" && !path.contains("${") && !path.contains("{{");
    is_known.then(|| path.contains("/containers") || path.contains("/pods/"))
}

/// The tags that an entry gets.
///
/// # Errors
/// Where it is told tags that no input has, or none and they cannot be found.
pub(crate) fn matches(entry: &Entry, pipeline: &Pipeline) -> Result<Vec<Match>, String> {
    let known: Vec<String> = pipeline
        .inputs()
        .map(|input| tags::of_input(input).unwrap_or_else(|| "one that is not known".to_owned()))
        .collect();
    let known = known.join(", ");
    if let Some(told) = &entry.matching {
        let matching = Match::Pattern(told.clone());
        let is_reached = pipeline.inputs().any(|input| may_reach(input, &matching))
            || pipeline.rewritten().iter().any(|tag| overlap(tag, told))
            || pipeline.notes.iter().any(|note| note.weight != Weight::None);
        return match is_reached {
            true => Ok(vec![matching]),
            false => Err(format!("found {told:?}, which no input's tag matches: {known}")),
        };
    }
    let mut found: Vec<Match> = Vec::new();
    if entry.filter == FilterName::Audit {
        let mentions = |input: &&Plugin| {
            let values = [input.get("Path"), input.get("Tag")];
            values.iter().flatten().any(|text| text.contains("audit"))
        };
        found.extend(input_tags(pipeline.inputs().filter(mentions)));
        found.sort();
        found.dedup();
    } else {
        let plugins = pipeline.plugins.iter();
        let kubernetes = plugins.filter(|plugin| plugin.is_filter("kubernetes"));
        let is_fed = |matching: &Match| {
            let mut inputs = pipeline.inputs();
            inputs.any(|input| is_container(input) != Some(false) && may_reach(input, matching))
        };
        found.extend(kubernetes.filter_map(tags::of_section).filter(is_fed));
        if found.is_empty() {
            let containers = pipeline
                .inputs()
                .filter(|input| is_container(input) == Some(true));
            found.extend(input_tags(containers));
        }
    }
    if entry.filter != FilterName::Audit {
        found = disjoint(found, pipeline)?;
    }
    match found.is_empty() {
        true => Err(unknown(&known)),
        false => Ok(found),
    }
}

fn unknown(known: &str) -> String {
    match known {
        "" => "found nothing, and no input whose tags could be taken".to_owned(),
        _ => format!("found nothing, and cannot tell which of the inputs' tags are meant: {known}"),
    }
}

/// Patterns of which no two match one record, which would go through the filter twice.
fn disjoint(mut found: Vec<Match>, pipeline: &Pipeline) -> Result<Vec<Match>, String> {
    let reached = |matching: &Match| -> Vec<usize> {
        let inputs = pipeline.inputs().enumerate();
        let inputs = inputs.filter(|(_, input)| is_container(input) != Some(false));
        let inputs = inputs.filter(|(_, input)| may_reach(input, matching));
        inputs.map(|(index, _)| index).collect()
    };
    // The narrow ones first: what a wide one matches beside them is the records of others, most of the time.
    found.sort_by_key(|matching| reached(matching).len());
    let mut kept: Vec<Match> = Vec::new();
    for matching in found {
        let taken: Vec<usize> = kept.iter().flat_map(&reached).collect();
        let (twice, new): (Vec<usize>, Vec<usize>) =
            reached(&matching).into_iter().partition(|input| taken.contains(input));
        match (twice.is_empty(), new.is_empty()) {
            (true, _) => kept.push(matching),
            (false, true) => {}
            (false, false) => {
                return Err(format!(
                    "found nothing, and cannot tell which tags are meant: those of {:?} are in part those of others",
                    matching.property().1
                ));
            }
        }
    }
    Ok(kept)
}

/// An input whose records two patterns match.
pub(crate) fn shared_input<'p>(pipeline: &'p Pipeline, a: &Match, b: &Match) -> Option<&'p Plugin> {
    pipeline
        .inputs()
        .find(|input| may_reach(input, a) && may_reach(input, b))
}

fn input_tags<'p>(inputs: impl Iterator<Item = &'p Plugin>) -> impl Iterator<Item = Match> {
    inputs.filter_map(tags::of_input).map(Match::Pattern)
}

/// Where the lines that a filter gets are joined. An input that joins decides, for the filter marks what that leaves;
/// else the filter does, where its instance lives on.
pub(crate) fn join(
    pipeline: &Pipeline,
    matches: &[Match],
    can_join: bool,
) -> Join {
    let is_ours = |input: &&Plugin| matches.iter().any(|matching| may_reach(input, matching));
    let joins = |input: &Plugin| {
        input.get("multiline.parser").is_some_and(|parsers| {
            let mut names = parsers.split(',').map(str::trim);
            names.any(|name| ["cri", "docker"].contains(&name))
        })
    };
    if pipeline.inputs().filter(is_ours).any(joins) {
        Join::Host
    } else if can_join {
        Join::Filter
    } else {
        Join::Mark
    }
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
                Remark::new(Severity::Error, input, message.to_owned())
                    .with_fix("threaded on"),
            );
        }
        if !reads_lines(entry.filter) {
            continue;
        }
        if is_container(input) == Some(false) {
            let tag = tags::of_input(input);
            let shares = |other: &Plugin| is_container(other) == Some(true) && tags::of_input(other) == tag;
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
    let is_read = |input: &Plugin| {
        input.get("multiline.parser").is_some() || input.get("Parser").is_some()
    };
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
fn around(
    entry: &Entry,
    matching: &Match,
    pipeline: &Pipeline,
    at: usize,
    out: &mut Vec<Remark>,
) {
    let reads_map = entry.filter != FilterName::Audit && entry.filter != FilterName::Cri;
    for (index, plugin) in pipeline.plugins.iter().enumerate() {
        if plugin.kind != Kind::Filter || plugin.is_ours() || !may_meet(plugin, matching) {
            continue;
        }
        let is_behind = index > at;
        let name = plugin.name();
        let again = match (name.as_str(), matching) {
            ("multiline", _) => is_behind,
            ("rewrite_tag", Match::Pattern(pattern)) => {
                is_behind && new_tags(plugin).iter().any(|tag| overlap(tag, pattern))
            }
            _ => false,
        };
        if again {
            let message = format!(
                "is behind the filter {} and sends records through all filters again, which marks them with leafpack_error",
                entry.filter.module().name()
            );
            out.push(
                Remark::new(Severity::Warning, plugin, message)
                    .with_fix("position: last, or another tag for the records that it sends"),
            );
            continue;
        }
        if name == "rewrite_tag" && !is_behind {
            if let Match::Pattern(pattern) = matching {
                let past: Vec<String> = new_tags(plugin)
                    .into_iter()
                    .filter(|tag| !overlap(tag, pattern))
                    .collect();
                if !past.is_empty() {
                    let message = format!(
                        "gives records the tag {}, with which they pass the filter {} by",
                        past.join(", "),
                        entry.filter.module().name()
                    );
                    out.push(
                        Remark::new(Severity::Warning, plugin, message)
                            .with_fix(format!("a further entry of spec.filters with match: {}", past[0])),
                    );
                }
            }
        }
        if is_behind && entry.filter != FilterName::Cri {
            if let Some(label) = set_again(plugin) {
                let message = format!(
                    "is behind the filter {} and sets {label} again",
                    entry.filter.module().name()
                );
                out.push(
                    Remark::new(Severity::Warning, plugin, message)
                        .with_fix("spec:\n  replace: true"),
                );
            }
        }
        if is_behind && reads_map && wants_map(plugin) {
            let message = format!(
                "is behind the filter {}, which lifts the kubernetes map that it reads",
                entry.filter.module().name()
            );
            out.push(
                Remark::new(Severity::Warning, plugin, message).with_fix("position: last"),
            );
        }
    }
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
