//! `cargo xtask`: builds, tries and tests leafpack. `cargo xtask help` lists what there is.

mod build;
mod check;
mod demo;
mod modules;
mod process;
mod progress;
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
    let mut verify = false;
    let mut require = Vec::new();
    let mut rest = Vec::new();
    while let Some(arg) = args.next().map_err(|e| e.to_string())? {
        match (command.as_str(), arg) {
            ("build", Long("verify")) => verify = true,
            ("test", Long("require")) => {
                let list = args.value().and_then(|list| list.string());
                require.extend(tools::parse_list(&list.map_err(|e| e.to_string())?)?);
            }
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
        "check" => check::files(&rest),
        "lint" => test::lint(&workspace),
        "help" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no `cargo xtask {other}`\n\n{HELP}")),
    }
}
