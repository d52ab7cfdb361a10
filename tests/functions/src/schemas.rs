//! Objects against strict schemas, by a program that shares no code with a function: an unknown field is as wrong as a
//! wrong value.
//!
//! Kubernetes' own schemas come from the Python package `kubernetes-validate`. Those of custom resources come from the
//! folder that [`leafpack_peer::schemas_or_skip`] finds; where there is none, custom resources are not looked at.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use krm_rs::Object;
use leafpack_peer as peer;

/// The script, below the workspace; its own text says how it is called.
const SCRIPT: &str = "krm-functions/observability-stack/tests/schemas.py";

/// Python with the packages that it takes, and schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schemas {
    python: PathBuf,
    /// Those of custom resources, as `<group>/<kind>_<version>.json`.
    folder: Option<PathBuf>,
}

impl Schemas {
    /// The schemas; where Python or its packages are not there, says that `test` is skipped. Where only the schemas of
    /// custom resources are not there, says so and goes on without them.
    ///
    /// # Panics
    /// Where `LEAFPACK_REQUIRE` names `python` or `schemas` and it is not there.
    pub fn or_skip(test: &str) -> Option<Self> {
        let python = peer::find("python3");
        let mut schemas = python.map(|python| Schemas {
            python,
            folder: None,
        });
        // Without files it only says whether it can run.
        schemas = schemas.filter(|schemas| {
            let output = schemas.run(&[]);
            !output.stderr.starts_with(b"missing: ")
        });
        let Some(mut schemas) = schemas else {
            peer::skip(test, "python");
            return None;
        };
        schemas.folder = peer::schemas_or_skip(test);
        Some(schemas)
    }

    /// Whether custom resources are looked at.
    pub fn has_custom_resources(&self) -> bool {
        self.folder.is_some()
    }

    /// Whether there is a schema for an object: of a custom resource the file, of others always.
    pub fn know(&self, object: &Object) -> bool {
        let file = format!("{}_{}.json", object.kind().to_lowercase(), object.version());
        let folder = self.folder.as_ref();
        object.group().is_empty()
            || folder.is_some_and(|folder| folder.join(object.group()).join(file).is_file())
    }

    /// Looks at every object of these files, and says how many there were.
    ///
    /// # Errors
    /// The problems, as the script says them.
    ///
    /// # Panics
    /// Where the script does not get to its end, and where there is no object in the files: then it has found nothing out.
    pub fn validate(&self, files: &[PathBuf]) -> Result<(), String> {
        let output = self.run(files);
        let found = String::from_utf8_lossy(&output.stdout);
        let last = found.lines().last().unwrap_or_default();
        let is_whole = last.ends_with(" problems") && !last.starts_with("0 objects");
        let said = format!("{found}{}", String::from_utf8_lossy(&output.stderr));
        match output.status.code() {
            Some(0) if is_whole => {
                eprintln!("{}", said.trim());
                Ok(())
            }
            Some(1) if is_whole => Err(said),
            _ => panic!("{SCRIPT}: {}: {said}", output.status),
        }
    }

    /// As [`Schemas::validate`], of a text that is written to this file.
    ///
    /// # Errors
    /// As [`Schemas::validate`].
    ///
    /// # Panics
    /// As [`Schemas::validate`], and where the file cannot be written.
    pub fn validate_text(&self, file: &Path, text: &str) -> Result<(), String> {
        fs::write(file, text).expect("the file can be written");
        self.validate(&[file.to_owned()])
    }

    /// Writes the strict schemas of Kubernetes' own kinds in these files below a folder, a folder a version, as
    /// kubeconform takes them.
    ///
    /// # Panics
    /// Where the script does not get to its end.
    pub fn write(&self, folder: &Path, files: &[PathBuf]) -> Vec<PathBuf> {
        let mut command = self.command();
        let output = command.arg("--write").arg(folder).args(files).output();
        let output = output.expect("the script runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let failed = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{SCRIPT}: {failed}");
        said.lines().map(|version| folder.join(version)).collect()
    }

    /// The folder with the schemas of custom resources, where there is one.
    pub fn custom_resources(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    fn run(&self, files: &[PathBuf]) -> Output {
        self.command()
            .arg(self.folder.as_deref().unwrap_or(Path::new("none")))
            .args(files)
            .output()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", self.python.display()))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(peer::workspace().join(SCRIPT));
        command
    }
}
