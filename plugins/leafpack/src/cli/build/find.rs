//! The ObservabilityStack of a build, in the kustomizations that it is made of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use krm_rs::{Object, Value, yaml};

use super::super::{Failed, in_file};
use super::STACK;

/// What kustomize takes for a kustomization, in its order (`konfig.RecognizedKustomizationFileNames`).
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A configuration, and where it was found.
pub(super) struct Stack {
    pub(super) config: Object,
    pub(super) file: String,
}

/// Builds a folder.
type Build<'b> = &'b mut dyn FnMut(&Path) -> Result<Vec<u8>, Failed>;

/// The one ObservabilityStack that is listed under `generators` or `transformers` of a folder's kustomization, or of one
/// that it takes in by `resources`, `components` or `bases`. What is not on this machine is not looked at.
///
/// # Errors
/// Where there is none, or more than one.
pub(super) fn stack(folder: &Path, build: Build<'_>) -> Result<Stack, Failed> {
    let mut search = Search {
        build,
        seen: BTreeSet::new(),
        found: Vec::new(),
    };
    search.folder(folder)?;
    let mut found = search.found;
    match (found.pop(), found.is_empty()) {
        (Some(stack), true) => Ok(stack),
        (None, _) => Err(in_file(
            folder,
            format!(
                "found no {STACK} under generators or transformers, expected one; leafpack init writes the first\n  fix: generators: [stack.yaml]"
            ),
        )),
        (Some(last), false) => {
            found.push(last);
            let places: Vec<String> = found
                .iter()
                .map(|stack| format!("{} in {}", stack.config.name(), stack.file))
                .collect();
            Err(in_file(
                folder,
                format!(
                    "found {} of kind {STACK}, expected one: {}; give each a kustomization and a build of its own",
                    places.len(),
                    places.join(", ")
                ),
            ))
        }
    }
}

struct Search<'b> {
    build: Build<'b>,
    seen: BTreeSet<PathBuf>,
    found: Vec<Stack>,
}

impl Search<'_> {
    fn folder(&mut self, folder: &Path) -> Result<(), Failed> {
        let real = folder.canonicalize().map_err(|why| in_file(folder, why))?;
        if !self.seen.insert(real) {
            return Ok(());
        }
        let mut files = NAMES.iter().map(|name| folder.join(name));
        let Some(file) = files.find(|file| file.is_file()) else {
            return Ok(());
        };
        let text = fs::read(&file).map_err(|why| in_file(&file, why))?;
        for kustomization in yaml::load(&text).map_err(|why| in_file(&file, why))? {
            for field in ["generators", "transformers"] {
                for entry in strings(&kustomization, field) {
                    self.entry(folder, &file, entry)?;
                }
            }
            for field in ["resources", "components", "bases"] {
                for entry in strings(&kustomization, field) {
                    let inner = folder.join(entry);
                    if inner.is_dir() {
                        self.folder(&inner)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A generator or transformer: written out in the kustomization, in a file, or what a folder builds.
    fn entry(&mut self, folder: &Path, kustomization: &Path, entry: &str) -> Result<(), Failed> {
        let path = folder.join(entry);
        let (text, file) = if path.is_file() {
            (fs::read(&path).map_err(|why| in_file(&path, why))?, path)
        } else if path.is_dir() {
            ((self.build)(&path)?, path)
        } else {
            (entry.as_bytes().to_vec(), kustomization.to_path_buf())
        };
        // kustomize has read it before; what is no YAML is the address of something elsewhere.
        for document in yaml::load(&text).unwrap_or_default() {
            let Ok(config) = Object::try_from(document) else {
                continue;
            };
            if config.kind() == STACK && config.group() == "leafpack.dev" {
                let file = file.display().to_string();
                self.found.push(Stack { config, file });
            }
        }
        Ok(())
    }
}

fn strings<'v>(kustomization: &'v Value, field: &str) -> impl Iterator<Item = &'v str> {
    let list = kustomization.get(field).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}
