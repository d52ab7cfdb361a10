//! Where a filter goes.

use super::section::{self, Match};
use super::tags::may_meet;
use super::yaml::{self, Where};
use super::{Config, Edit, Kind, Pipeline, Syntax, classic};
use crate::plan::Entry;
use crate::spec::{FilterName, Position};

/// Why a filter cannot be put where it should go.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// There is no filter `kubernetes` for its tags.
    NoKubernetes,
    /// The file has no lines for filters; what it has instead.
    File(usize, String),
}

/// A place, by a section that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Before it.
    Before(usize),
    /// Behind it.
    Behind(usize),
    /// There is no filter.
    Alone,
}

/// The filters `kubernetes` that see these records, by their places among the sections.
pub(crate) fn kubernetes(pipeline: &Pipeline, matching: &Match) -> Vec<usize> {
    let plugins = pipeline.plugins.iter().enumerate();
    plugins
        .filter(|(_, plugin)| plugin.is_filter("kubernetes") && may_meet(plugin, matching))
        .map(|(index, _)| index)
        .collect()
}

/// Finds it.
///
/// # Errors
/// Where the filter `kubernetes` is asked for by name and is not there.
pub(crate) fn find(pipeline: &Pipeline, entry: &Entry, matching: &Match) -> Result<Place, Refusal> {
    let plugins = &pipeline.plugins;
    let is_filter = |index: &usize| plugins[*index].kind == Kind::Filter;
    let kubernetes = kubernetes(pipeline, matching);
    let behind_all = (0..plugins.len()).rev().find(is_filter);
    let behind_all = behind_all.map_or(Place::Alone, Place::Behind);
    // What is ours already stands before what comes later in the list.
    let before_all =
        (0..plugins.len()).find(|index| is_filter(index) && !plugins[*index].is_ours());
    let before_all = before_all.map_or(behind_all, Place::Before);
    let position = match (entry.position, entry.filter) {
        (Position::Auto, FilterName::ContainerLogs | FilterName::Tenant) => {
            match kubernetes.is_empty() {
                true => Position::Last,
                false => Position::AfterKubernetes,
            }
        }
        (Position::Auto, FilterName::Cri) => match kubernetes.is_empty() {
            true => Position::First,
            false => Position::BeforeKubernetes,
        },
        (Position::Auto, FilterName::Audit) => Position::Last,
        (position, _) => position,
    };
    let asked = |index: Option<&usize>| index.copied().ok_or(Refusal::NoKubernetes);
    Ok(match position {
        Position::First => before_all,
        Position::BeforeKubernetes => Place::Before(asked(kubernetes.first())?),
        Position::AfterKubernetes => {
            let mut last = asked(kubernetes.last())?;
            while plugins
                .get(last + 1)
                .is_some_and(|next| next.is_ours() && next.file == plugins[last].file)
            {
                last += 1;
            }
            Place::Behind(last)
        }
        Position::Last | Position::Auto => behind_all,
    })
}

/// Puts a filter into a configuration.
///
/// # Errors
/// Where it cannot be put.
pub(crate) fn insert(
    config: &mut Config,
    entry: &Entry,
    matching: &Match,
) -> Result<usize, Refusal> {
    let pipeline = config.read();
    let place = find(&pipeline, entry, matching)?;
    let edit = match place {
        Place::Before(index) | Place::Behind(index) => {
            let file = pipeline.plugins[index].file;
            match config.files[file].syntax {
                Syntax::Classic => classic_edit(config, &pipeline, place, file, entry, matching),
                Syntax::Yaml => yaml_edit(config, &pipeline, place, file, entry, matching)?,
            }
        }
        Place::Alone => alone(config, &pipeline, entry, matching)?,
    };
    let file = edit.file;
    config.apply(vec![edit]);
    Ok(file)
}

fn classic_edit(
    config: &Config,
    pipeline: &Pipeline,
    place: Place,
    file: usize,
    entry: &Entry,
    matching: &Match,
) -> Edit {
    let text = &config.files[file].text;
    let indent = classic::indent(config, file);
    let section = section::text(entry, matching, Syntax::Classic, &indent);
    // Comments above a section are its own: so it is put behind the one before rather than directly before it.
    let previous = match place {
        Place::Behind(index) => Some(index),
        Place::Before(index) => (0..index)
            .rev()
            .find(|before| pipeline.plugins[*before].file == file),
        Place::Alone => None,
    };
    match previous {
        Some(index) => {
            classic::insert_behind(file, text, pipeline.plugins[index].lines.end, &section)
        }
        None => classic::insert_at_start(file, text, &section),
    }
}

fn yaml_edit(
    config: &Config,
    pipeline: &Pipeline,
    place: Place,
    file: usize,
    entry: &Entry,
    matching: &Match,
) -> Result<Edit, Refusal> {
    let number = |index: usize| {
        let before = pipeline.plugins[..index].iter();
        before
            .filter(|plugin| plugin.file == file && plugin.kind == Kind::Filter)
            .count()
    };
    let place = match place {
        Place::Behind(index) => Where::Behind(number(index)),
        Place::Before(index) => number(index)
            .checked_sub(1)
            .map_or(Where::First, Where::Behind),
        Place::Alone => Where::First,
    };
    let section = |indent: &str| section::text(entry, matching, Syntax::Yaml, indent);
    yaml::insert(&config.files[file], file, place, section)
        .map_err(|found| Refusal::File(file, found))
}

/// The first filter of a configuration.
fn alone(
    config: &Config,
    pipeline: &Pipeline,
    entry: &Entry,
    matching: &Match,
) -> Result<Edit, Refusal> {
    let plugins = &pipeline.plugins;
    let output = plugins
        .iter()
        .position(|plugin| plugin.kind == Kind::Output);
    let file = config
        .home
        .or_else(|| output.map(|index| plugins[index].file))
        .or_else(|| plugins.last().map(|plugin| plugin.file))
        .or_else(|| config.roots.first().copied())
        .unwrap_or_default();
    if config.files[file].syntax == Syntax::Yaml {
        return yaml_edit(config, pipeline, Place::Alone, file, entry, matching);
    }
    if config.home.is_some() {
        let text = &config.files[file].text;
        let indent = classic::indent(config, file);
        let section = section::text(entry, matching, Syntax::Classic, &indent);
        return Ok(match text.trim().is_empty() {
            true => classic::insert_at_start(file, text, &section),
            false => classic::insert_behind(file, text, text.len(), &section),
        });
    }
    let place = match (output, plugins.len().checked_sub(1)) {
        (Some(index), _) => Place::Before(index),
        (None, Some(last)) => Place::Behind(last),
        (None, None) => Place::Alone,
    };
    Ok(classic_edit(config, pipeline, place, file, entry, matching))
}

/// Takes out what an earlier run put there.
pub(crate) fn take_back(config: &mut Config) {
    loop {
        let pipeline = config.read();
        // One at a time and the last first: each takes the line break before it, where it ends the text.
        let Some(plugin) = pipeline
            .plugins
            .iter()
            .rev()
            .find(|plugin| plugin.is_ours())
        else {
            return;
        };
        let file = &config.files[plugin.file];
        let edit = match file.syntax {
            Syntax::Classic => classic::remove_ours(file, plugin.file, plugin),
            Syntax::Yaml => yaml::remove_ours(file, plugin.file, plugin),
        };
        config.apply(vec![edit]);
    }
}
