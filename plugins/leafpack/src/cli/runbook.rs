//! `leafpack runbook`: the runbook of a cluster, as Markdown.

use krm_rs::{Items, Object, Value, yaml};

use super::render::{say, step};
use super::{Done, Failed, World, in_file, name, print, read};
use crate::catalog::Catalog;
use crate::cli::args::RunbookArgs;

/// The resource that is given, and what makes a runbook of the same `spec`.
const STACK: &str = "ObservabilityStack";
const RUNBOOK: &str = "ObservabilityRunbook";

/// The runbook's place in the ConfigMap that comes out.
const FILE: &str = "data[runbook.md]";

pub(super) fn run(args: &RunbookArgs, catalog: &Catalog, world: &mut World<'_>) -> Done {
    let limits = args.limits.over(world)?;
    let text = read(&args.config, world)?;
    let documents = yaml::load(&text).map_err(|why| in_file(&args.config, why))?;
    let mut configs = documents
        .into_iter()
        .enumerate()
        .filter(|(_, document)| document["kind"] == STACK);
    let (Some((index, mut config)), None) = (configs.next(), configs.next()) else {
        return Err(in_file(
            &args.config,
            format!("expected one {STACK}, which the runbook is made of"),
        ));
    };
    config["kind"] = Value::from(RUNBOOK);
    let step = step(config, index, &Items::default(), catalog, limits);
    // It is the stack that the reader knows.
    say(
        world,
        &name(&args.config),
        &step.said.replace(RUNBOOK, STACK),
    );
    let items = step.items.ok_or(Failed::Said)?;
    let mut texts = items
        .iter()
        .filter_map(|object: &Object| object.get_str(FILE));
    match texts.next() {
        Some(text) => print(world.stdout, text.as_bytes()),
        None => Err(in_file(&args.config, "the function made no runbook of it")),
    }
}
