//! The real kustomize.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::{Failed, World, in_file};
use crate::cli::args::BuildArgs;

/// What is said where there is none.
const INSTALL: &str = "go install sigs.k8s.io/kustomize/kustomize/v5@latest, or a download from \
                       https://github.com/kubernetes-sigs/kustomize/releases; or give --kustomize PATH";

/// kustomize, and the surroundings in which it finds this very program under the name `leafpack`.
pub(super) struct Kustomize {
    program: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
    /// Holds a link to this program; goes when this goes.
    _folder: tempfile::TempDir,
}

impl Kustomize {
    /// # Errors
    /// Where there is no kustomize.
    pub(super) fn find(args: &BuildArgs, world: &World<'_>) -> Result<Self, Failed> {
        let path = (world.variable)("PATH").unwrap_or_default();
        let program = match &args.kustomize {
            Some(program) if program.is_file() => program.clone(),
            Some(program) => {
                return Err(in_file(
                    program,
                    format!("found no program, expected kustomize; install it: {INSTALL}"),
                ));
            }
            None => on_path(&path)
                .ok_or_else(|| format!("found no kustomize on PATH; install it: {INSTALL}"))?,
        };
        // A relative path is looked up from the folder that kustomize runs in, which is this one too.
        let program = std::path::absolute(&program).unwrap_or(program);
        let folder = tempfile::tempdir().map_err(|why| format!("a temporary folder: {why}"))?;
        let own = env::current_exe().map_err(|why| format!("this program's own file: {why}"))?;
        let link = folder
            .path()
            .join(format!("leafpack{}", env::consts::EXE_SUFFIX));
        place(&own, &link).map_err(|why| in_file(&link, why))?;
        let folders = [folder.path().to_path_buf()]
            .into_iter()
            .chain(env::split_paths(&path));
        let path = env::join_paths(folders).map_err(|why| format!("PATH: {why}"))?;
        let mut variables = vec![("PATH", path)];
        for (name, value) in args.limits.variables() {
            variables.push((name, value.into()));
        }
        Ok(Kustomize {
            program,
            arguments: args.arguments.clone(),
            variables,
            _folder: folder,
        })
    }

    /// What it makes of a folder, functions and all. What it has to say goes to standard error.
    ///
    /// # Errors
    /// Where it fails.
    pub(super) fn build(&self, folder: &Path, world: &mut World<'_>) -> Result<Vec<u8>, Failed> {
        let output = Command::new(&self.program)
            .args(["build", "--enable-alpha-plugins", "--enable-exec"])
            .args(&self.arguments)
            .arg(folder)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .output()
            .map_err(|why| in_file(&self.program, why))?;
        let _ = world.stderr.write_all(&output.stderr);
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(in_file(
                folder,
                format!("kustomize failed: {}", output.status),
            )),
        }
    }
}

fn on_path(path: &OsString) -> Option<PathBuf> {
    let name = format!("kustomize{}", env::consts::EXE_SUFFIX);
    env::split_paths(path)
        .map(|folder| folder.join(&name))
        .find(|file| file.is_file())
}

#[cfg(unix)]
fn place(program: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(program, link)
}

/// Links need a privilege elsewhere.
#[cfg(not(unix))]
fn place(program: &Path, link: &Path) -> std::io::Result<()> {
    std::fs::copy(program, link).map(|_| ())
}
