//! A function under the real kustomize, as a native program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use krm_rs::Object;
use leafpack_peer as peer;

use crate::modules::has_filters;
use crate::run::parse;

/// kustomize.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kustomize(PathBuf);

/// What came of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The objects, as kustomize writes them.
    pub stream: Vec<u8>,
    /// What was said on the way.
    pub said: String,
}

impl Kustomize {
    /// kustomize; where it is not there, says that `test` is skipped.
    ///
    /// # Panics
    /// Where `LEAFPACK_REQUIRE` names kustomize and it is not there.
    pub fn or_skip(test: &str) -> Option<Self> {
        peer::or_skip(test, "kustomize").map(Kustomize)
    }

    /// As [`Kustomize::or_skip`], for functions that have to carry the real [filters](has_filters).
    ///
    /// # Panics
    /// As [`Kustomize::or_skip`] and [`has_filters`].
    pub fn with_filters_or_skip(test: &str) -> Option<Self> {
        has_filters(test).then(|| Self::or_skip(test)).flatten()
    }

    /// Builds a folder, with the functions that it names.
    ///
    /// # Errors
    /// What is said where the build fails.
    ///
    /// # Panics
    /// Where kustomize cannot be run.
    pub fn try_build(&self, folder: &Path) -> Result<Built, String> {
        let output = Command::new(&self.0)
            .args(["build", "--enable-alpha-plugins", "--enable-exec"])
            .arg(folder)
            .output()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", self.0.display()));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(said);
        }
        let stream = output.stdout;
        Ok(Built { stream, said })
    }

    /// Builds a folder that is right.
    ///
    /// # Panics
    /// With what is said where the build fails.
    pub fn build(&self, folder: &Path) -> Built {
        self.try_build(folder)
            .unwrap_or_else(|said| panic!("{said}"))
    }
}

impl Built {
    /// The objects, in the order of their ids: kustomize's own depends on its options.
    ///
    /// # Panics
    /// If they are none.
    pub fn objects(&self) -> Vec<Object> {
        let mut objects = parse(&self.stream);
        objects.sort_by_key(Object::id);
        objects
    }
}

/// A kustomization with these fields.
pub fn kustomization(fields: &str) -> String {
    format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{fields}")
}

/// Where a crate's tests put what they build, and the function as it was compiled for them.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// `env!("CARGO_TARGET_TMPDIR")`.
    pub folder: &'static str,
    /// `env!("CARGO_BIN_EXE_<name>")`, which stands for `leafpack` in files: `exec: {path: leafpack}`.
    pub program: &'static str,
}

impl Place {
    /// Writes files to the folder of this name, which may be there, and gives its path.
    ///
    /// # Panics
    /// Where they cannot be written.
    pub fn write<T: AsRef<str>>(&self, name: &str, files: &[(&str, T)]) -> PathBuf {
        let folder = Path::new(self.folder).join(name);
        fs::create_dir_all(&folder).expect("the folder can be made");
        for (file, text) in files {
            self.write_file(&folder.join(file), text.as_ref());
        }
        folder
    }

    /// Copies a folder of texts with all that is in it to the folder of this name, which is emptied before, and gives
    /// its path.
    ///
    /// # Panics
    /// Where it cannot be read or written.
    pub fn copy(&self, name: &str, from: &Path) -> PathBuf {
        let to = Path::new(self.folder).join(name);
        if to.exists() {
            fs::remove_dir_all(&to).expect("the folder can be emptied");
        }
        self.copy_folder(from, &to);
        to
    }

    fn copy_folder(&self, from: &Path, to: &Path) {
        fs::create_dir_all(to).expect("the folder can be made");
        let entries = fs::read_dir(from);
        for entry in entries.unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
            let from = entry.expect("the folder can be read").path();
            let to = to.join(from.file_name().expect("a name"));
            if from.is_dir() {
                self.copy_folder(&from, &to);
            } else {
                self.write_file(&to, &fs::read_to_string(&from).expect("it is text"));
            }
        }
    }

    fn write_file(&self, path: &Path, text: &str) {
        let program = format!("{{path: {}}}", self.program);
        let text = text.replace("{path: leafpack}", &program);
        fs::write(path, text).expect("the file can be written");
    }
}
