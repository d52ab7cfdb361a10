//! `leafpack render`: functions without kustomize.

use krm_rs::{Items, Object, ResourceList, ResultItem, Results, Value, yaml};

use super::{Done, Failed, World, in_file, name, print, read};
use crate::catalog::Catalog;
use crate::cli::args::RenderArgs;
use crate::function::Stopped;
use crate::sandbox::Limits;

pub(super) fn run(args: &RenderArgs, catalog: &Catalog, world: &mut World<'_>) -> Done {
    let limits = args.limits.over(world)?;
    let text = read(&args.config, world)?;
    let mut items = match &args.input {
        None => Items::default(),
        Some(path) => {
            let resources = read(path, world)?;
            let list = ResourceList::read(&resources).map_err(|why| in_file(path, why))?;
            list.items
        }
    };
    let mut documents = yaml::load(&text).map_err(|why| in_file(&args.config, why))?;
    documents.retain(|document| !document.is_null());
    if documents.is_empty() {
        return Err(in_file(
            &args.config,
            "found no document, expected a configuration",
        ));
    }
    let file = name(&args.config);
    let mut failed = false;
    for (index, document) in documents.into_iter().enumerate() {
        let step = step(document, index, &items, catalog, limits);
        say(world, &file, &step.said);
        match step.items {
            Some(made) => items = made,
            None => failed = true,
        }
    }
    if failed {
        return Err(Failed::Said);
    }
    let text = yaml::emit_all(items.iter().map(Object::as_value));
    print(world.stdout, text.as_bytes())
}

/// What became of one configuration.
struct Step {
    /// What there is to say about it, as results are written.
    said: String,
    /// The items that it leaves, if all went well.
    items: Option<Items>,
}

impl Step {
    fn failed(item: ResultItem) -> Self {
        Step {
            said: item.to_text(),
            items: None,
        }
    }
}

/// Runs the function for the `index`-th document (from 0) on the items.
fn step(document: Value, index: usize, items: &Items, catalog: &Catalog, limits: Limits) -> Step {
    let config = match Object::try_from(document) {
        Ok(config) => config,
        Err(why) => {
            let message = format!("document {}: {why}", index + 1);
            return Step::failed(ResultItem::error(
                message,
                "apiVersion: …, kind: …, metadata: {name: …}",
            ));
        }
    };
    let function = match catalog.function(config.api_version(), config.kind()) {
        Ok(function) => function,
        Err(unknown) => return Step::failed(ResultItem::error(unknown.message, unknown.fix)),
    };
    let list = ResourceList::new(items.iter().cloned().collect(), Some(config.clone()));
    let run = match function.run(list.write(&Results::new()).into_bytes(), limits) {
        Ok(run) => run,
        Err(Stopped { failure, stderr }) => {
            let item = ResultItem::error(failure.message(), failure.fix()).on(&config);
            let said = format!("{}{}", String::from_utf8_lossy(&stderr), item.to_text());
            return Step { said, items: None };
        }
    };
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    let report = "this is a mistake in the module: please report it, with the input";
    match (run.status, ResourceList::read(&run.stdout)) {
        (0, Ok(list)) => Step {
            said,
            items: Some(list.items),
        },
        (0, Err(why)) => {
            let message = format!(
                "the module {} wrote what is no ResourceList: {}",
                function.name, why.message
            );
            Step::failed(ResultItem::error(message, report).on(&config))
        }
        (status, _) if said.is_empty() => {
            let message = format!(
                "the module {} failed with status {status}, and without a word",
                function.name
            );
            Step::failed(ResultItem::error(message, report).on(&config))
        }
        _ => Step { said, items: None },
    }
}

/// Passes on what a function says, with the file's name before each of its results.
fn say(world: &mut World<'_>, file: &str, text: &str) {
    for line in text.lines() {
        let starts = ["error: ", "warning: ", "info: "];
        let _ = match starts.iter().any(|severity| line.starts_with(severity)) {
            true => writeln!(world.stderr, "{file}: {line}"),
            false => writeln!(world.stderr, "{line}"),
        };
    }
}
