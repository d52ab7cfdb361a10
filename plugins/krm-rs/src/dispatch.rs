//! From bytes to bytes: which function is meant, its configuration, its run, and what is said about it.

use crate::items::Items;
use crate::list::ResourceList;
use crate::object::Object;
use crate::path::{Path, describe};
use crate::result::{ResultItem, Results};
use crate::typed::{self, Mode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::io::{Read as _, Write as _};
use std::process::ExitCode;

/// A KRM function: a type that is read from the functionConfig, and what it does to the items.
///
/// The type is read from one field of the functionConfig, `spec` unless [`Function::SECTION`] says otherwise. Give it
/// `#[serde(rename_all = "camelCase", default, deny_unknown_fields)]`: with defaults for its fields all mistakes of a
/// configuration come up at once.
///
/// The order is: read, [`set_defaults`](Function::set_defaults), [`validate`](Function::validate), and, if there was no
/// error so far, [`run`](Function::run).
pub trait Function: DeserializeOwned {
    /// The functionConfig's `apiVersion`.
    const API_VERSION: &'static str;
    /// The functionConfig's `kind`.
    const KIND: &'static str;
    /// The field of the functionConfig that holds this type; `data` for a ConfigMap.
    const SECTION: &'static str = "spec";

    /// Fills in what follows from other fields, or from the functionConfig's metadata.
    fn set_defaults(&mut self, _config: &Object) {}

    /// Reports everything that is wrong with the configuration.
    fn validate(&self, _config: &Object, _results: &mut Results) {}

    /// Does the work. After an error the items are given back as they came, whatever has been done to them.
    fn run(self, config: &Object, items: &mut Items, results: &mut Results);
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The list, always: a caller that can not read it reports that, and not what went wrong.
    pub stdout: Vec<u8>,
    /// The results as a person reads them. kustomize throws the ones in the list away.
    pub stderr: String,
    /// Whether there was no error.
    pub success: bool,
}

impl Outcome {
    /// 0 or 1.
    pub fn exit_code(&self) -> ExitCode {
        if self.success {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Says whether the items may have been changed.
type Handler = fn(&Object, &mut Items, &mut Results) -> bool;

struct Entry {
    api_version: &'static str,
    kind: &'static str,
    handler: Handler,
}

/// Functions, by the `apiVersion` and `kind` of their configuration.
#[derive(Default)]
pub struct Dispatcher {
    entries: Vec<Entry>,
}

impl Dispatcher {
    /// None yet.
    pub fn new() -> Self {
        Dispatcher::default()
    }

    /// And this one.
    #[must_use]
    pub fn with<F: Function>(mut self) -> Self {
        self.entries.push(Entry {
            api_version: F::API_VERSION,
            kind: F::KIND,
            handler: handle::<F>,
        });
        self
    }

    /// Standard input to standard output and standard error; for a `main`.
    pub fn main(&self) -> ExitCode {
        let mut input = Vec::new();
        let outcome = match std::io::stdin().lock().read_to_end(&mut input) {
            Ok(_) => {
                let (outcome, list) = self.run(&input);
                // The process ends here: to take a large list apart would be a fifth of its whole time.
                std::mem::forget(list);
                outcome
            }
            Err(error) => failure(ResultItem::error(
                format!("standard input: {error}"),
                "give it a ResourceList",
            )),
        };
        // Nobody is left to tell when standard error is closed.
        let _ = std::io::stderr().write_all(outcome.stderr.as_bytes());
        let mut stdout = std::io::stdout().lock();
        match stdout
            .write_all(&outcome.stdout)
            .and_then(|()| stdout.flush())
        {
            Ok(()) => outcome.exit_code(),
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "error: standard output: {error}");
                ExitCode::FAILURE
            }
        }
    }

    /// As [`Dispatcher::main`], from bytes to bytes.
    pub fn process(&self, input: &[u8]) -> Outcome {
        self.run(input).0
    }

    fn run(&self, input: &[u8]) -> (Outcome, Option<ResourceList>) {
        let mut list = match ResourceList::read(input) {
            Ok(list) => list,
            Err(error) => {
                let message = format!("standard input: {}", error.message);
                return (failure(ResultItem::error(message, error.fix)), None);
            }
        };
        let mut results = Results::new();
        let mut changed = false;
        if let Some((config, entry)) = self.find(list.function_config.as_ref(), &mut results) {
            changed = (entry.handler)(config, &mut list.items, &mut results);
        }
        results.complete(list.function_config.as_ref(), &list.items);
        let success = !results.has_errors();
        if !success && changed {
            // Reading once more costs less than to keep a copy for a case that is rare.
            list = ResourceList::default();
            if let Ok(again) = ResourceList::read(input) {
                list = again;
            }
        }
        let outcome = Outcome {
            stdout: list.write(&results).into_bytes(),
            stderr: results.to_text(),
            success,
        };
        (outcome, Some(list))
    }

    fn find<'l>(
        &self,
        config: Option<&'l Object>,
        results: &mut Results,
    ) -> Option<(&'l Object, &Entry)> {
        let mut refuse = |item: ResultItem| {
            results.push(item);
            None
        };
        let known = || {
            let names = self
                .entries
                .iter()
                .map(|e| format!("{} {}", e.api_version, e.kind));
            names.collect::<Vec<_>>().join(", ")
        };
        let example = self.entries.first().map_or_else(String::new, |entry| {
            format!("apiVersion: {}\nkind: {}", entry.api_version, entry.kind)
        });
        let Some(config) = config else {
            return refuse(ResultItem::error(
                format!("found no functionConfig, expected one of: {}", known()),
                format!("functionConfig:\n  {}", example.replace('\n', "\n  ")),
            ));
        };
        let (api_version, kind) = (config.api_version(), config.kind());
        let matching = |e: &&Entry| e.api_version == api_version && e.kind == kind;
        if let Some(entry) = self.entries.iter().find(matching) {
            return Some((config, entry));
        }
        let kinds: Vec<&str> = self.entries.iter().map(|e| e.kind).collect();
        let near = typed::nearest(kind, &kinds);
        let fix = match self.entries.iter().find(|e| Some(e.kind) == near) {
            Some(entry) => format!("apiVersion: {}\nkind: {}", entry.api_version, entry.kind),
            None => example,
        };
        refuse(ResultItem::error(
            format!(
                "found the functionConfig {api_version} {kind}, which no function here is for; known are: {}",
                known()
            ),
            fix,
        ))
    }
}

/// An empty list is the only list that can be written when none could be read.
fn failure(item: ResultItem) -> Outcome {
    let mut results = Results::new();
    results.push(item);
    Outcome {
        stdout: ResourceList::default().write(&results).into_bytes(),
        stderr: results.to_text(),
        success: false,
    }
}

fn handle<F: Function>(config: &Object, items: &mut Items, results: &mut Results) -> bool {
    check_top_level(config, F::SECTION, results);
    let empty = Value::Object(Map::new());
    let section = match config.as_value().get(F::SECTION) {
        None | Some(Value::Null) => &empty,
        Some(section) => section,
    };
    let base = Path::root().key(F::SECTION);
    match typed::read::<F>(section, &base, Mode::Strict) {
        Err(error) => results.extend(error.0.into_iter().map(ResultItem::from)),
        Ok(mut function) => {
            function.set_defaults(config);
            function.validate(config, results);
            if !results.has_errors() {
                function.run(config, items, results);
                return true;
            }
        }
    }
    false
}

/// Beside its section a functionConfig has what every object has, and nothing else.
fn check_top_level(config: &Object, section: &str, results: &mut Results) {
    let known = ["apiVersion", "kind", "metadata", section];
    let fields = config.as_value().as_object().into_iter().flatten();
    for (key, value) in fields.filter(|(key, _)| !known.contains(&key.as_str())) {
        let path = Path::root().key(key);
        let (message, fix) = typed::unknown_field(&path, Some(value), &known);
        results.push(
            ResultItem::error(message, fix)
                .at(path.to_string())
                .found(value.clone()),
        );
    }
    if config.name().is_empty() {
        let found = config
            .get("metadata.name")
            .map_or("nothing".to_owned(), describe);
        results.push(
            ResultItem::error(
                format!("found {found}, expected a name"),
                Value::from(config.kind().to_lowercase()),
            )
            .at("metadata.name"),
        );
    }
}
