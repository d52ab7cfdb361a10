//! `cargo xtask bench`.

use crate::process::{cargo, quietly, run};
use crate::toolchain::{FILTER_TARGET, Toolchain};
use crate::workspace::{Workspace, read, write_if_changed};
use crate::{Result, build, check, progress};

/// Builds the modules and the filter that they are compared with, and measures. `args` are the program's own.
pub(crate) fn bench(workspace: &Workspace, args: &[String]) -> Result<()> {
    let [what, options @ ..] = args else {
        return Err("found nothing to measure, expected: cargo xtask bench filters".into());
    };
    if what != "filters" {
        return Err(format!(
            "found {what:?}, expected: cargo xtask bench filters"
        ));
    }
    if !options.iter().any(|option| option == "--help") {
        identity(workspace)?;
        build::build(workspace)?;
    }
    let mut program = cargo();
    program
        .current_dir(&workspace.root)
        .args([
            "run",
            "--quiet",
            "--locked",
            "--package",
            "leafpack-bench",
            "--",
        ])
        .args(options);
    run(&mut program)
}

/// Builds the filter that changes nothing, as our own are built.
fn identity(workspace: &Workspace) -> Result<()> {
    let toolchain = Toolchain::find(workspace)?;
    progress::step("the filter that changes nothing", || {
        quietly(toolchain.cargo_build(workspace, FILTER_TARGET).args([
            "--locked",
            "--profile",
            "filter",
            "--package",
            "leafpack-identity",
        ]))?;
        let built = workspace
            .target
            .join(FILTER_TARGET)
            .join("filter/identity.wasm");
        let module = check::strip(&read(&built)?)?;
        write_if_changed(&workspace.dist().join("bench/identity.wasm"), &module)
    })
}
