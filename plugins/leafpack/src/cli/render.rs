//! `leafpack render`: functions without kustomize.

use krm_rs::{Items, Object, ResourceList, ResultItem, Results, Value, yaml};

use super::{Done, Failed, World, in_file, name, not_both_stdin, print, read};
use crate::catalog::Catalog;
use crate::cli::args::RenderArgs;
use crate::function::Stopped;
use crate::sandbox::Limits;

pub(super) fn run(args: &RenderArgs, catalog: &Catalog, world: &mut World<'_>) -> Done {
    let limits = args.limits.over(world)?;
    if let Some(input) = &args.input {
        not_both_stdin(("the configuration", &args.config), ("--input", input))?;
    }
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
pub(super) struct Step {
    /// What there is to say about it, as results are written.
    pub(super) said: String,
    /// The items that it leaves, if all went well.
    pub(super) items: Option<Items>,
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
pub(super) fn step(
    document: Value,
    index: usize,
    items: &Items,
    catalog: &Catalog,
    limits: Limits,
) -> Step {
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
    if let Some(item) = missing(&config, index, catalog) {
        return Step::failed(item);
    }
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

/// What the `index`-th document lacks to say which function it is for.
fn missing(config: &Object, index: usize, catalog: &Catalog) -> Option<ResultItem> {
    let kinds = || catalog.kinds();
    let (version, kind) = kinds()
        .find(|(_, kind)| *kind == config.kind())
        .or_else(|| kinds().next())?;
    let lines = [
        ("apiVersion", config.api_version(), version),
        ("kind", config.kind(), kind),
    ];
    let lines: Vec<_> = lines
        .iter()
        .filter(|(_, found, _)| found.is_empty())
        .collect();
    let fields: Vec<_> = lines.iter().map(|(field, ..)| *field).collect();
    let fix: Vec<_> = lines
        .iter()
        .map(|(field, _, right)| format!("{field}: {right}"))
        .collect();
    (!lines.is_empty()).then(|| {
        let message = format!(
            "document {}: found no {}, which says what function it is for",
            index + 1,
            fields.join(" and no ")
        );
        ResultItem::error(message, fix.join("\n"))
    })
}

/// Passes on what a function says, with the file's name before each of its results.
pub(super) fn say(world: &mut World<'_>, file: &str, text: &str) {
    for line in text.lines() {
        let starts = ["error: ", "warning: ", "info: "];
        let _ = match starts.iter().any(|severity| line.starts_with(severity)) {
            true => writeln!(world.stderr, "{file}: {line}"),
            false => writeln!(world.stderr, "{line}"),
        };
    }
}
