//! Called by a host: a KRM exec function, or a legacy exec plugin.

use std::sync::Arc;

use krm_rs::{Object, ResourceList, ResourceRef, ResultItem, Results, yaml};

use crate::catalog::{Catalog, Unknown};
use crate::function::{Run, Stopped};
use crate::peek::{self, Config};
use crate::sandbox::Limits;

/// Answers a ResourceList: runs the module that its functionConfig is for.
///
/// Whatever goes wrong, the answer is a ResourceList with the items as they came and the error in its results, for the
/// host reads standard output first and would else report that it can't.
pub(crate) fn resource_list(input: Vec<u8>, catalog: &Catalog, limits: Limits) -> Run {
    let input = Arc::new(input);
    let config = peek::config(&input)
        .filter(|config| !config.kind.is_empty())
        .or_else(|| read_config(&input));
    let Some(config) = config else {
        return refused(&input, no_config(&input));
    };
    let function = match catalog.function(&config.api_version, &config.kind) {
        Ok(function) => function,
        Err(Unknown { message, fix }) => {
            // The message names the kind itself, so it isn't said to be "on" it.
            return refused(&input, ResultItem::error(message, fix));
        }
    };
    match function.run(Arc::clone(&input), limits) {
        Ok(run) => run,
        Err(Stopped { failure, stderr }) => {
            let item = ResultItem::error(failure.message(), failure.fix());
            let mut run = refuse(&input, item, &config);
            run.stderr.splice(0..0, stderr);
            run
        }
    }
}

/// The functionConfig by a full read, for what [`peek`] can't read: JSON has escapes that YAML doesn't have.
fn read_config(input: &[u8]) -> Option<Config> {
    let config = ResourceList::read(input).ok()?.function_config?;
    (!config.kind().is_empty()).then(|| Config {
        api_version: config.api_version().to_owned(),
        kind: config.kind().to_owned(),
        name: config.name().to_owned(),
    })
}

/// The answer where no module can be run at all, for a reason that is about none of the objects.
pub(crate) fn refused(input: &[u8], item: ResultItem) -> Run {
    refuse(input, item, &Config::default())
}

/// Why there is no functionConfig to be found.
fn no_config(input: &[u8]) -> ResultItem {
    let fix = "kustomize calls leafpack with a ResourceList on standard input; for people there is leafpack --help";
    if input.trim_ascii().is_empty() {
        return ResultItem::error(
            "standard input: found nothing, expected a ResourceList",
            fix,
        );
    }
    match ResourceList::read(input) {
        Err(why) => ResultItem::error(format!("standard input: {}", why.message), why.fix),
        Ok(list) if list.function_config.is_some() => ResultItem::error(
            "standard input: found a functionConfig without a kind",
            "functionConfig: {apiVersion: …, kind: …, metadata: {name: …}}",
        ),
        Ok(_) => ResultItem::error(
            "standard input: found no ResourceList with a functionConfig",
            fix,
        ),
    }
}

fn refuse(input: &[u8], item: ResultItem, config: &Config) -> Run {
    let item = match config.kind.is_empty() {
        true => item,
        false => item.on(ResourceRef {
            api_version: config.api_version.clone(),
            kind: config.kind.clone(),
            namespace: String::new(),
            name: config.name.clone(),
        }),
    };
    let mut results = Results::new();
    results.push(item);
    let list = match ResourceList::read(input) {
        Ok(list) if list.function_config.is_some() => list,
        _ => ResourceList::default(),
    };
    Run {
        status: 1,
        stdout: list.write(&results).into_bytes(),
        stderr: results.to_text().into_bytes(),
    }
}

/// Answers a legacy exec plugin's call: `config` is the configuration file's content, `resources` what came on
/// standard input (nothing, for a generator). kustomize takes a ResourceList for an answer.
///
/// # Errors
/// A sentence, if either can't be read.
pub(crate) fn legacy(
    config: &[u8],
    resources: &[u8],
    catalog: &Catalog,
    limits: Limits,
) -> Result<Run, String> {
    let config =
        yaml::load_one(config).map_err(|why| format!("the plugin's configuration: {why}"))?;
    let config =
        Object::try_from(config).map_err(|why| format!("the plugin's configuration: {why}"))?;
    let list = ResourceList::read(resources).map_err(|why| format!("standard input: {why}"))?;
    let list = ResourceList::new(list.items.into_iter().collect(), Some(config));
    Ok(resource_list(
        list.write(&Results::new()).into_bytes(),
        catalog,
        limits,
    ))
}
