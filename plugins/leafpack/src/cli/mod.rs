//! The command line, and the choice between it and a host's call.

mod args;
mod build;
mod export;
mod init;
mod list;
mod logs;
mod plugin;
mod render;
mod runbook;
mod schema;
mod size;
mod test;

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::path::Path;
use std::{fmt, fs};

use clap::Parser as _;
use krm_rs::ResultItem;

use crate::catalog::Catalog;
use crate::exec;
use crate::function::Run;
use crate::sandbox::Limits;
use args::{Cli, Command, PluginCommand};

/// What a process sees of its surroundings; a test brings its own.
pub struct World<'a> {
    /// Standard input.
    pub stdin: &'a mut dyn Read,
    /// Standard output; buffered, for it is written to in small pieces.
    pub stdout: &'a mut dyn Write,
    /// Standard error.
    pub stderr: &'a mut dyn Write,
    /// Whether standard input is a terminal, so that no host is calling.
    pub stdin_is_terminal: bool,
    /// Whether standard output is a terminal, which shows colours.
    pub stdout_is_terminal: bool,
    /// Whether a progress bar may be drawn on the process's standard error.
    pub show_progress: bool,
    /// Looks up an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
}

impl fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("stdin_is_terminal", &self.stdin_is_terminal)
            .field("show_progress", &self.show_progress)
            .finish_non_exhaustive()
    }
}

/// Set by kustomize and kubectl when they call a legacy plugin.
const PLUGIN_CONFIG: &str = "KUSTOMIZE_PLUGIN_CONFIG_STRING";

/// Why a command ends with status 1.
enum Failed {
    /// For this reason, not yet said.
    Because(String),
    /// For this reason, which lies in this file.
    In(String, String),
    /// For reasons that have been said.
    Said,
    /// Whoever read standard output has seen enough: no failure.
    Closed,
}

impl<T: ToString> From<T> for Failed {
    fn from(why: T) -> Self {
        Failed::Because(why.to_string())
    }
}

type Done = Result<(), Failed>;

/// Does what the arguments say (the first is the program's name), with the modules of `catalog`. Returns the exit
/// status: 0, 1 after an error, 2 for a command line that can't be read, or the status of the module that ran.
pub fn run(arguments: &[OsString], catalog: &Catalog, world: &mut World<'_>) -> u8 {
    let status = match caller(arguments, catalog, world) {
        Caller::Function => as_function(catalog, world),
        Caller::LegacyPlugin => as_legacy_plugin(arguments, catalog, world),
        Caller::Person => as_command(arguments, catalog, world),
    };
    match world.stdout.flush() {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => {
            report(world, &format!("standard output: {why}"))
        }
        _ => status,
    }
}

enum Caller {
    Function,
    LegacyPlugin,
    Person,
}

/// Who is calling. A KRM function gets no arguments; a legacy plugin is run as `…/<kind>/<Kind> <file>`.
fn caller(arguments: &[OsString], catalog: &Catalog, world: &World<'_>) -> Caller {
    let name = arguments.first().map(Path::new).and_then(Path::file_name);
    let named_as_kind = catalog
        .kinds()
        .any(|(_, kind)| name == Some(OsStr::new(kind)));
    let given_config = || {
        let file = arguments.get(1).map(Path::new);
        (world.variable)(PLUGIN_CONFIG).is_some() && file.is_some_and(Path::is_file)
    };
    if named_as_kind || given_config() {
        Caller::LegacyPlugin
    } else if arguments.len() <= 1 && !world.stdin_is_terminal {
        Caller::Function
    } else {
        Caller::Person
    }
}

fn report(world: &mut World<'_>, why: &str) -> u8 {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(world.stderr, "error: {why}");
    1
}

fn status(world: &mut World<'_>, failed: Failed) -> u8 {
    match failed {
        Failed::Because(why) => report(world, &why),
        Failed::In(file, why) => {
            let _ = writeln!(world.stderr, "{file}: error: {why}");
            1
        }
        Failed::Said => 1,
        Failed::Closed => 0,
    }
}

fn limits(world: &World<'_>) -> Result<Limits, Failed> {
    Ok(Limits::from_environment(world.variable)?)
}

fn as_function(catalog: &Catalog, world: &mut World<'_>) -> u8 {
    let mut input = Vec::new();
    let read = world.stdin.read_to_end(&mut input);
    // Whatever it is, the host is answered.
    let run = match (read, Limits::from_environment(world.variable)) {
        (Err(why), _) => exec::refused(
            &[],
            ResultItem::error(
                format!("standard input: {why}"),
                "call leafpack with a ResourceList on standard input",
            ),
        ),
        (Ok(_), Err(bad)) => exec::refused(
            &input,
            ResultItem::error(
                bad.to_string(),
                format!("unset {}, or set it to what is expected", bad.name),
            ),
        ),
        (Ok(_), Ok(limits)) => exec::resource_list(input, catalog, limits),
    };
    pass_on(Ok(run), world)
}

fn as_legacy_plugin(arguments: &[OsString], catalog: &Catalog, world: &mut World<'_>) -> u8 {
    let run = limits(world).and_then(|limits| {
        let config = match (arguments.get(1), (world.variable)(PLUGIN_CONFIG)) {
            // The file first: the variable holds no more than 128 KiB.
            (Some(file), _) => fs::read(file).map_err(|why| in_file(Path::new(file), why))?,
            (None, Some(config)) => config.into_encoded_bytes(),
            (None, None) => {
                return Err(format!(
                    "found no configuration: kustomize calls a plugin with its file, and with {PLUGIN_CONFIG} set"
                )
                .into());
            }
        };
        let mut resources = Vec::new();
        if !world.stdin_is_terminal {
            let read = world.stdin.read_to_end(&mut resources);
            read.map_err(|why| format!("standard input: {why}"))?;
        }
        Ok(exec::legacy(&config, &resources, catalog, limits)?)
    });
    pass_on(run, world)
}

/// Hands a run's output and status to the host.
fn pass_on(run: Result<Run, Failed>, world: &mut World<'_>) -> u8 {
    match run {
        Ok(run) => {
            let _ = world.stderr.write_all(&run.stderr);
            match print(world.stdout, &run.stdout) {
                Ok(()) => run.status,
                Err(failed) => status(world, failed),
            }
        }
        Err(failed) => status(world, failed),
    }
}

fn as_command(arguments: &[OsString], catalog: &Catalog, world: &mut World<'_>) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(answer) => {
            let text = answer.render().to_string();
            let _ = match answer.use_stderr() {
                true => world.stderr.write_all(text.as_bytes()),
                false => world.stdout.write_all(text.as_bytes()),
            };
            return u8::try_from(answer.exit_code()).unwrap_or(1);
        }
    };
    let done = match cli.command {
        Command::Render(args) => render::run(&args, catalog, world),
        Command::Init(args) => init::run(&args, catalog, world),
        Command::Build(args) => build::run(&args, catalog, world),
        Command::Runbook(args) => runbook::run(&args, catalog, world),
        Command::Logs(args) => logs::run(&args, catalog, world),
        Command::Test(args) => test::run_command(&args, catalog, world),
        Command::Schema(args) => schema::run(&args, catalog, world),
        Command::Size(args) => size::run(&args, world),
        Command::List => list::run(catalog, world),
        Command::Export(args) => export::run(&args, catalog, world),
        Command::Plugin(PluginCommand::Install(args)) => plugin::install(&args, catalog, world),
    };
    match done {
        Ok(()) => 0,
        Err(failed) => status(world, failed),
    }
}

/// Whether standard output shows colours: on a terminal, unless NO_COLOR has a value (no-color.org).
fn colours(world: &World<'_>) -> bool {
    let refused = (world.variable)("NO_COLOR").is_some_and(|value| !value.is_empty());
    world.stdout_is_terminal && !refused
}

/// Reads a file, or standard input for `-`.
fn read(path: &Path, world: &mut World<'_>) -> Result<Vec<u8>, Failed> {
    let mut bytes = Vec::new();
    let read = match is_stdin(path) {
        true => world.stdin.read_to_end(&mut bytes).map(|_| ()),
        false => fs::read(path).map(|read| bytes = read),
    };
    match read {
        Ok(()) => Ok(bytes),
        Err(why) => Err(in_file(path, why)),
    }
}

/// Standard input can be read once.
///
/// # Errors
/// Where both of these are to come from there.
fn not_both_stdin(one: (&str, &Path), other: (&str, &Path)) -> Done {
    match is_stdin(one.1) && is_stdin(other.1) {
        true => Err(format!(
            "{} and {} can't both come from standard input; give one of them as a file",
            one.0, other.0
        )
        .into()),
        false => Ok(()),
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// What a file is called in messages.
fn name(path: &Path) -> String {
    match is_stdin(path) {
        true => "<standard input>".to_owned(),
        false => path.display().to_string(),
    }
}

fn in_file(path: &Path, why: impl ToString) -> Failed {
    Failed::In(name(path), why.to_string())
}

/// Writes to standard output.
fn print(stdout: &mut dyn Write, bytes: &[u8]) -> Done {
    stdout.write_all(bytes).map_err(|why| match why.kind() {
        io::ErrorKind::BrokenPipe => Failed::Closed,
        _ => Failed::Because(format!("standard output: {why}")),
    })
}
