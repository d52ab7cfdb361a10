//! What a pipeline does with the records of a filter: which tags they have, and how their lines are joined.

use super::section::Match;
use super::tags::{self, may_reach, overlap};
use super::{Pipeline, Plugin, Weight};
use crate::plan::Entry;
use crate::settings::Join;
use crate::spec::FilterName;

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

/// Whether an input reads container logs. `None` where that cannot be told.
pub(super) fn is_container(input: &Plugin) -> Option<bool> {
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
            || pipeline
                .notes
                .iter()
                .any(|note| note.weight != Weight::None);
        return match is_reached {
            true => Ok(vec![matching]),
            false => Err(format!(
                "found {told:?}, which no input's tag matches: {known}"
            )),
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
        let (twice, new): (Vec<usize>, Vec<usize>) = reached(&matching)
            .into_iter()
            .partition(|input| taken.contains(input));
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
pub(crate) fn join(pipeline: &Pipeline, matches: &[Match], can_join: bool) -> Join {
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
