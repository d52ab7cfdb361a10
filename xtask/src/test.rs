//! `cargo xtask test` and `lint`.

use std::path::Path;
use std::process::Command;

use crate::process::{answer, cargo, in_front, on_path, quietly, run};
use crate::toolchain::{FILTER_TARGET, Toolchain};
use crate::tools::{self, Requirement};
use crate::workspace::{Workspace, create_folder, read, write_if_changed};
use crate::{Result, build, check, progress};

/// Tests append a line here for each peer that they did not find.
const SKIPS: &str = "LEAFPACK_SKIPS";

/// Builds, runs every test, and lists what was skipped and how to get it.
pub(crate) fn test(workspace: &Workspace, require: &[Requirement], args: &[String]) -> Result<()> {
    build::build(workspace)?;
    readme_example(workspace)?;
    let skips = workspace.root.join("target/skips.txt");
    create_folder(&workspace.root.join("target"))?;
    std::fs::write(&skips, "")
        .map_err(|error| format!("cannot write {}: {error}", skips.display()))?;

    let mut missing = Vec::new();
    let mut tests = cargo();
    tests
        .current_dir(&workspace.root)
        .args(["test", "--locked"]);
    // Behind --workspace, -p would not narrow anything.
    let narrowed = args
        .iter()
        .any(|arg| arg.starts_with("-p") || arg.starts_with("--package"));
    if !narrowed {
        tests.arg("--workspace");
        // One run says all that fails.
        if !args.iter().any(|arg| arg == "--no-fail-fast") {
            tests.arg("--no-fail-fast");
        }
        if !with_wamr(&mut tests) {
            missing.push(skipped("the filters in WAMR", "wamr"));
        }
    }
    tests.args(args);
    environment(workspace, &mut tests);
    tests.env(SKIPS, &skips);
    let names: Vec<String> = require
        .iter()
        .map(|r| {
            if r.versions.is_empty() {
                r.tool.clone()
            } else {
                format!("{}={}", r.tool, r.versions.join(","))
            }
        })
        .collect();
    tests.env("LEAFPACK_REQUIRE", names.join(","));
    let mut result = run(&mut tests);

    if args.is_empty() {
        match tools::go(workspace) {
            Some(go) => {
                result = result.and(run(&mut go_command(&go, workspace, &["test", "./..."])))
            }
            None => missing.push(skipped("the Go programs' own tests", "flux-substitute")),
        }
    }
    missing.extend(read_lines(&skips));
    missing.sort();
    missing.dedup();
    if !missing.is_empty() {
        eprintln!("\n{} skipped:", missing.len());
        for line in &missing {
            eprintln!("  {line}");
        }
    }
    result?;
    // A name that nobody can require would make a skip invisible.
    let unknown = missing.iter().find(|line| {
        let tool = line
            .split(": ")
            .nth(1)
            .and_then(|rest| rest.split(" not found").next());
        !tool.is_some_and(tools::is_known)
    });
    if let Some(line) = unknown {
        return Err(format!(
            "a test names a tool that is not in xtask/src/tools.rs: {line}"
        ));
    }
    let failed: Vec<&str> = require
        .iter()
        .map(|requirement| requirement.tool.as_str())
        .filter(|tool| {
            missing
                .iter()
                .any(|line| line.contains(&format!(": {tool} not found")))
        })
        .collect();
    if !failed.is_empty() {
        return Err(format!(
            "required, and skipped for want of it: {}",
            failed.join(", ")
        ));
    }
    Ok(())
}

/// Builds the filter that the README of leafpack-fluent-bit prints, as a project of its own, and checks the module
/// as our own are checked.
fn readme_example(workspace: &Workspace) -> Result<()> {
    let bindings = workspace.root.join("plugins/fluent-bit");
    let project = Workspace::at(workspace.root.join("target/readme-example"));
    let manifest = format!(
        "[package]\nname = \"seen_by\"\nedition = \"2024\"\n\n[dependencies]\nleafpack-fluent-bit = {{ path = {bindings:?} \
         }}\n\n[profile.release]\nlto = \"fat\"\ncodegen-units = 1\npanic = \"abort\"\n\n[workspace]\n"
    );
    write_if_changed(&project.root.join("Cargo.toml"), manifest.as_bytes())?;
    let example = read(&bindings.join("examples/seen_by.rs"))?;
    write_if_changed(&project.root.join("src/main.rs"), &example)?;
    progress::step("the filter of the README, as a project of its own", || {
        let toolchain = Toolchain::find(workspace)?;
        quietly(
            toolchain
                .cargo_build(&project, FILTER_TARGET)
                .arg("--release"),
        )?;
        let module = project
            .target
            .join(FILTER_TARGET)
            .join("release/seen_by.wasm");
        let module = read(&module)?;
        let facts = check::filter("seen_by.wasm", &module)?;
        // For the tests that run it.
        let stripped = check::strip(&module)?;
        write_if_changed(&workspace.dist().join("examples/seen_by.wasm"), &stripped)?;
        if facts.functions == ["seen_by"] {
            Ok(())
        } else {
            Err(format!("it exports {:?}", facts.functions))
        }
    })
}

/// Adds the tests that drive WAMR, where it can be built.
fn with_wamr(tests: &mut Command) -> bool {
    let Some(libclang) = tools::libclang().filter(|_| on_path("cmake").is_some()) else {
        return false;
    };
    tests
        .args(["--features", "leafpack-tests/wamr,leafpack-fuzz/wamr"])
        .env("LIBCLANG_PATH", libclang);
    if let Some(include) = answer(Command::new("cc").arg("-print-file-name=include")) {
        // Debian's libclang comes without the compiler's own headers.
        tests.env("BINDGEN_EXTRA_CLANG_ARGS", format!("-I{include}"));
    }
    true
}

/// A line as tests write it.
fn skipped(what: &str, tool: &str) -> String {
    format!(
        "SKIPPED {what}: {tool} not found; {}",
        tools::how_to_get(tool)
    )
}

fn read_lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .map(str::to_string)
        .collect()
}

/// What tests find their peers by.
fn environment(workspace: &Workspace, command: &mut Command) {
    command.env("PATH", in_front("PATH", workspace.tools().join("bin")));
    let packages = tools::python_packages(workspace);
    command.env("PYTHONPATH", in_front("PYTHONPATH", packages));
}

fn go_command(go: &Path, workspace: &Workspace, args: &[&str]) -> Command {
    let mut go = Command::new(go);
    go.current_dir(workspace.root.join("tests/go"))
        .env("CGO_ENABLED", "0")
        .args(args);
    go
}

/// Formatting and lints, warnings as errors.
pub(crate) fn lint(workspace: &Workspace) -> Result<()> {
    let mut fmt = cargo();
    run(fmt
        .current_dir(&workspace.root)
        .args(["fmt", "--all", "--check"]))?;
    let mut clippy = cargo();
    clippy.current_dir(&workspace.root).args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--quiet",
    ]);
    if !with_wamr(&mut clippy) {
        let how = tools::how_to_get("wamr");
        eprintln!("SKIPPED the tests that drive WAMR: libclang not found; {how}");
    }
    run(clippy.args(["--", "-D", "warnings"]))?;
    let Some(go) = tools::go(workspace) else {
        eprintln!("SKIPPED the Go programs: go not found; cargo xtask tools");
        return Ok(());
    };
    run(&mut go_command(&go, workspace, &["vet", "./..."]))?;
    let unformatted = answer(
        Command::new(go.with_file_name("gofmt"))
            .current_dir(&workspace.root)
            .args(["-l", "tests/go"]),
    );
    match unformatted.as_deref() {
        Some("") => Ok(()),
        None => {
            eprintln!(
                "SKIPPED the Go programs' formatting: gofmt not found beside {}",
                go.display()
            );
            Ok(())
        }
        Some(files) => Err(format!(
            "not formatted by gofmt: {}",
            files.replace('\n', ", ")
        )),
    }
}
