//! `cargo xtask build`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::modules::{self, Kind, Module};
use crate::process::{answer, cargo, quietly};
use crate::toolchain::Toolchain;
use crate::workspace::{Workspace, create_folder, read, write_if_changed};
use crate::{Result, progress};

/// Builds the modules and the program; returns the modules.
pub(crate) fn build(workspace: &Workspace) -> Result<Vec<Module>> {
    let toolchain = Toolchain::find(workspace)?;
    let modules = modules::build(workspace, &toolchain)?;
    precompile(workspace, &modules)?;
    let index = index(workspace, &modules)?;
    write_if_changed(&precompiled(workspace).join("index.json"), index.as_bytes())?;
    let program = launcher(workspace)?;
    for module in &modules {
        eprintln!(
            "  {:<45} {:>9} bytes",
            workspace.short(&module.path).to_string(),
            module.size
        );
    }
    let size = std::fs::metadata(&program).map_or(0, |data| data.len());
    eprintln!(
        "  {:<45} {size:>9} bytes",
        workspace.short(&program).to_string()
    );
    Ok(modules)
}

fn precompiled(workspace: &Workspace) -> PathBuf {
    // Not under CARGO_TARGET_DIR: the launcher's build script has to find it.
    workspace.root.join("target/precompiled")
}

/// Where the machine code of a module goes.
fn cwasm(workspace: &Workspace, module: &Module) -> PathBuf {
    precompiled(workspace)
        .join(module.kind.folder())
        .join(format!("{}.cwasm", module.name))
}

/// Compiles the modules for this machine's processor, so that the launcher need not.
fn precompile(workspace: &Workspace, modules: &[Module]) -> Result<()> {
    // The whole workspace's features, so that `cargo test --workspace` need not build Cranelift again.
    progress::step("the ahead-of-time compiler", || {
        let mut cargo = host_cargo(workspace);
        quietly(cargo.args([
            "build",
            "--quiet",
            "--locked",
            "--workspace",
            "--bin",
            "leafpack-precompile",
        ]))
    })?;
    let mut compiler = Command::new(workspace.target.join("debug/leafpack-precompile"));
    for module in modules {
        compiler.arg(&module.path).arg(cwasm(workspace, module));
    }
    progress::step("compiling the modules ahead of time", || {
        quietly(&mut compiler)
    })?;
    Ok(())
}

fn host_cargo(workspace: &Workspace) -> Command {
    let mut cargo = cargo();
    cargo.current_dir(&workspace.root);
    cargo
}

/// The list that the launcher's build script embeds the modules by.
fn index(workspace: &Workspace, modules: &[Module]) -> Result<String> {
    let mut functions = Vec::new();
    let mut filters = Vec::new();
    for module in modules {
        let mut entry = json!({
            "name": module.name,
            "wasm": relative(workspace, &module.path),
            "cwasm": relative(workspace, &cwasm(workspace, module)),
            "sha256": module.sha256,
        });
        match module.kind {
            Kind::Filter => {
                entry["functions"] = json!(module.functions);
                if let Some(schema) = &module.schema {
                    entry["schema"] = relative(workspace, schema).into();
                }
                filters.push(entry);
            }
            Kind::Function => {
                let (api_version, kinds) = kinds(workspace, &module.name)?;
                entry["api_version"] = api_version;
                entry["kinds"] = kinds;
                entry["schemas"] = schemas(workspace, module, &entry["kinds"])?;
                functions.push(entry);
            }
        }
    }
    let index = json!({"format": 1, "functions": functions, "filters": filters});
    serde_json::to_string_pretty(&index)
        .map(|text| text + "\n")
        .map_err(|error| error.to_string())
}

/// The schemas of a function's kinds, by kind.
fn schemas(workspace: &Workspace, module: &Module, kinds: &Value) -> Result<Value> {
    let mut schemas = json!({});
    for (kind, path) in &module.schemas {
        if !kinds
            .as_array()
            .is_some_and(|kinds| kinds.contains(&json!(kind)))
        {
            return Err(format!(
                "krm-functions/{}/schemas/{kind}.schema.json: found a kind that the function has not, expected one of \
                 {kinds}",
                module.name
            ));
        }
        schemas[kind] = relative(workspace, path).into();
    }
    Ok(schemas)
}

fn relative(workspace: &Workspace, path: &Path) -> String {
    workspace.short(path).to_string()
}

/// Which functionConfigs a function answers to, from its `[package.metadata.leafpack]`.
fn kinds(workspace: &Workspace, name: &str) -> Result<(Value, Value)> {
    let manifest = format!("krm-functions/{name}/Cargo.toml");
    let mut metadata = host_cargo(workspace);
    metadata.args([
        "metadata",
        "--format-version=1",
        "--no-deps",
        "--manifest-path",
        &manifest,
    ]);
    let metadata: Value =
        serde_json::from_slice(&quietly(&mut metadata)?).map_err(|error| error.to_string())?;
    let package = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == format!("leafpack-fn-{name}"))
        .ok_or_else(|| {
            format!("{manifest}: found another package name, expected leafpack-fn-{name}")
        })?;
    let leafpack = &package["metadata"]["leafpack"];
    if !leafpack["api-version"].is_string()
        || leafpack["kinds"].as_array().is_none_or(Vec::is_empty)
    {
        return Err(format!(
            "{manifest}: found no kinds, expected\n  [package.metadata.leafpack]\n  \
             api-version = \"leafpack.dev/v1alpha1\"\n  kinds = [\"…\"]"
        ));
    }
    Ok((leafpack["api-version"].clone(), leafpack["kinds"].clone()))
}

/// Builds the program with all modules inside.
fn launcher(workspace: &Workspace) -> Result<PathBuf> {
    progress::step("the program leafpack", || {
        let mut cargo = host_cargo(workspace);
        cargo.args(["rustc", "--quiet", "--locked", "--release"]);
        cargo.args(["--package", "leafpack", "--bin", "leafpack"]);
        if static_libc() {
            cargo.args(["--", "-Ctarget-feature=+crt-static"]);
        }
        quietly(&mut cargo)
    })?;
    let program = workspace.dist().join("bin/leafpack");
    let built = workspace.target.join("release/leafpack");
    let bytes = read(&built)?;
    if std::fs::read(&program).is_ok_and(|old| old == bytes) {
        return Ok(program);
    }
    create_folder(&workspace.dist().join("bin"))?;
    // Beside it and then renamed: a copy that runs just now cannot be written to.
    let fresh = program.with_extension("new");
    std::fs::copy(&built, &fresh)
        .and_then(|_| std::fs::rename(&fresh, &program))
        .map_err(|error| format!("cannot write {}: {error}", program.display()))?;
    Ok(program)
}

/// Whether glibc can be linked in: kustomize starts the program for every function, and a static one starts a third of
/// a millisecond sooner; it also runs in any image.
fn static_libc() -> bool {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return false;
    }
    // Where there is none, the compiler answers with the bare name.
    let found = answer(Command::new("cc").arg("-print-file-name=libc.a"));
    found.is_some_and(|path| Path::new(&path).is_absolute())
}

/// Builds the modules in two folders of different names and compares the bytes.
pub(crate) fn verify(workspace: &Workspace) -> Result<()> {
    let toolchain = Toolchain::find(workspace)?;
    let base = workspace.root.join("target/verify");
    let mut builds = Vec::new();
    for folder in ["one", "another-place"] {
        let copy = Workspace::at(base.join(folder));
        progress::step(
            &format!("copying the sources to {}", workspace.short(&copy.root)),
            || copy_sources(workspace, &copy.root),
        )?;
        builds.push(modules::build(&copy, &toolchain)?);
    }
    let [one, other] = builds.as_slice() else {
        return Err("two builds were made".into());
    };
    let mut differing = Vec::new();
    for (one, other) in one.iter().zip(other) {
        let same = one.sha256 == other.sha256;
        eprintln!(
            "  {} {} {}",
            if same { "same " } else { "OTHER" },
            one.sha256,
            one.name
        );
        if !same {
            differing.push(one.name.as_str());
        }
    }
    if differing.is_empty() {
        Ok(())
    } else {
        Err(format!("these modules differ: {}", differing.join(", ")))
    }
}

/// Copies what git knows or would take, so that no build result comes along.
fn copy_sources(workspace: &Workspace, to: &Path) -> Result<()> {
    let mut git = Command::new("git");
    git.current_dir(&workspace.root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let list = quietly(&mut git)?;
    // What is no longer there must go, and what was built may stay.
    for entry in std::fs::read_dir(to).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "target" {
            std::fs::remove_dir_all(&path)
                .map_err(|error| format!("cannot remove {}: {error}", path.display()))?;
        }
    }
    for name in list
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let name =
            std::str::from_utf8(name).map_err(|_| "a file's name is not UTF-8".to_string())?;
        let from = workspace.root.join(name);
        if from.is_file() {
            write_if_changed(&to.join(name), &read(&from)?)?;
        }
    }
    Ok(())
}
