//! Running other programs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

/// The command line, for messages.
pub(crate) fn line(command: &Command) -> String {
    let mut line = Path::new(command.get_program()).file_name().map_or_else(
        || command.get_program().to_string_lossy().into_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}

/// Runs a command whose output the person should see.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|error| format!("cannot run `{}`: {error}", line(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{}` failed ({status})", line(command)))
    }
}

/// Runs a command in silence; where it fails, its output is in the error.
pub(crate) fn quietly(command: &mut Command) -> Result<Vec<u8>> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run `{}`: {error}", line(command)))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let mut text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stdout));
    Err(format!(
        "`{}` failed ({}):\n{}",
        line(command),
        output.status,
        text.trim_end()
    ))
}

/// The trimmed text that a command prints, or `None` where it is missing or fails.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    Some(String::from_utf8(output.stdout).ok()?.trim().to_string())
}

/// The program of this name in the folders of `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// The value of a variable like `PATH` with `folder` in front.
pub(crate) fn in_front(variable: &str, folder: PathBuf) -> OsString {
    let old = std::env::var_os(variable);
    let folders = std::iter::once(folder).chain(old.iter().flat_map(std::env::split_paths));
    // A folder whose name holds the separator cannot be in such a list.
    std::env::join_paths(folders).unwrap_or_else(|_| old.clone().unwrap_or_default())
}

/// The cargo that runs this program, or the one on `PATH`.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The compiler flag that keeps the place of cargo's folder out of panic messages.
pub(crate) fn remap_crates() -> Option<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?;
    Some(format!(
        "--remap-path-prefix={}/registry/src=crates",
        home.display()
    ))
}
