//! `cargo xtask`: builds, tries and tests leafpack. `cargo xtask help` lists what there is.

mod bench;
mod build;
mod check;
mod demo;
mod fuzz;
mod modules;
mod process;
mod progress;
mod schema;
mod sysroot;
mod test;
mod toolchain;
mod tools;
mod workspace;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask build [--verify]      modules to dist/filters and dist/krm-functions, the program to dist/bin
                                  --verify: builds the modules in two folders and compares the bytes
cargo xtask demo                  builds, then shows the example logs and the example spoke being made
cargo xtask test [--require LIST] [-- ARGS]
                                  every test; LIST (as kustomize,fluent-bit=4.1.1,5.1.1) must not be skipped;
                                  ARGS go to cargo test
cargo xtask tools [NAME …]        installs what tests drive into target/tools (all of it, or by name)
cargo xtask check FILE …          checks any Fluent Bit filter in WebAssembly for what would lose records
cargo xtask bench filters [OPTIONS]
                                  what filters cost in a real Fluent Bit, to docs/performance.md; --help lists OPTIONS
cargo xtask fuzz [--seconds N | --inputs N] [--target NAME …] [--jobs N]
                                  looks for inputs that break what must hold for every export of a filter;
                                  60 seconds over all targets unless told otherwise
cargo xtask lint                  rustfmt, clippy and the Go programs' gofmt and vet
";

/// A failure, as a sentence for the person at the terminal.
type Result<T, E = String> = std::result::Result<T, E>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    use lexopt::prelude::*;
    let mut args = lexopt::Parser::from_env();
    let command = match args.next().map_err(|e| e.to_string())? {
        Some(Value(command)) => command.string().map_err(|e| e.to_string())?,
        None | Some(Short('h') | Long("help")) => "help".into(),
        Some(other) => return Err(format!("{}\n\n{HELP}", other.unexpected())),
    };
    if command == "bench" {
        // What measures reads its own options.
        let rest = args.raw_args().map_err(|e| e.to_string())?;
        let rest: Vec<String> = rest.map(|arg| arg.to_string_lossy().into_owned()).collect();
        return bench::bench(&workspace::Workspace::find()?, &rest);
    }
    let mut verify = false;
    let mut require = Vec::new();
    let mut rest = Vec::new();
    let mut fuzz = fuzz::Options::default();
    while let Some(arg) = args.next().map_err(|e| e.to_string())? {
        match (command.as_str(), arg) {
            ("build", Long("verify")) => verify = true,
            ("test", Long("require")) => {
                require.extend(tools::parse_list(&text(&mut args)?)?);
            }
            ("fuzz", Long("seconds")) => fuzz.amount = fuzz::Amount::Seconds(number(&mut args)?),
            ("fuzz", Long("inputs")) => fuzz.amount = fuzz::Amount::Inputs(number(&mut args)?),
            ("fuzz", Long("jobs")) => fuzz.jobs = number(&mut args)? as usize,
            ("fuzz", Long("target")) => fuzz.targets.push(text(&mut args)?),
            ("test" | "tools" | "check", Value(value)) => {
                rest.push(value.string().map_err(|e| e.to_string())?);
            }
            (_, other) => return Err(format!("{} of {command}\n\n{HELP}", other.unexpected())),
        }
    }
    let workspace = workspace::Workspace::find()?;
    match command.as_str() {
        "build" if verify => build::verify(&workspace),
        "build" => build::build(&workspace).map(|_| ()),
        "demo" => demo::demo(&workspace),
        "test" => test::test(&workspace, &require, &rest),
        "tools" => tools::install(&workspace, &rest),
        "fuzz" => fuzz::fuzz(&workspace, &fuzz),
        "check" => check::files(&rest),
        "lint" => test::lint(&workspace),
        "help" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no `cargo xtask {other}`\n\n{HELP}")),
    }
}

/// The value of an option.
fn text(args: &mut lexopt::Parser) -> Result<String> {
    let value = args.value().map_err(|error| error.to_string())?;
    value
        .into_string()
        .map_err(|other| format!("{} is no UTF-8", other.display()))
}

/// The value of an option that is a number.
fn number(args: &mut lexopt::Parser) -> Result<u64> {
    let value = text(args)?;
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("found {value:?}, expected a whole number from 1")),
    }
}
