//! From Rust to checked `.wasm` files in `dist/`.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::process::quietly;
use crate::toolchain::{FILTER_TARGET, FUNCTION_TARGET, Toolchain};
use crate::workspace::{Workspace, crates_in, read, write_if_changed};
use crate::{Result, check, progress, schema};

/// What all filters together may weigh, in bytes.
const MAX_FILTERS: usize = 160 * 1024;

/// The two kinds of module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Filter,
    Function,
}

impl Kind {
    /// The folder of its crates, and of its modules in `dist/`.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Kind::Filter => "filters",
            Kind::Function => "krm-functions",
        }
    }

    fn target(self) -> &'static str {
        match self {
            Kind::Filter => FILTER_TARGET,
            Kind::Function => FUNCTION_TARGET,
        }
    }

    /// Cargo's profile, which is also the name of its folder.
    fn profile(self) -> &'static str {
        match self {
            Kind::Filter => "filter",
            Kind::Function => "function",
        }
    }

    fn package(self, name: &str) -> String {
        match self {
            Kind::Filter => format!("leafpack-filter-{name}"),
            Kind::Function => format!("leafpack-fn-{name}"),
        }
    }
}

/// A module in `dist/`.
pub(crate) struct Module {
    pub(crate) kind: Kind,
    /// Name of its folder, and of its file without `.wasm`.
    pub(crate) name: String,
    /// The file.
    pub(crate) path: PathBuf,
    /// Size in bytes.
    pub(crate) size: usize,
    /// SHA-256 of the file, in hexadecimal.
    pub(crate) sha256: String,
    /// A filter's exported functions.
    pub(crate) functions: Vec<String>,
    /// The JSON Schema of a filter's settings file, in `dist/` too.
    pub(crate) schema: Option<PathBuf>,
    /// The JSON Schemas of a function's resources by kind, in `dist/` too.
    pub(crate) schemas: Vec<(String, PathBuf)>,
}

/// Builds every module: the filters first, for functions carry them inside.
pub(crate) fn build(workspace: &Workspace, toolchain: &Toolchain) -> Result<Vec<Module>> {
    let mut modules = Vec::new();
    for kind in [Kind::Filter, Kind::Function] {
        let names = crates_in(&workspace.root.join(kind.folder()))?;
        let mut cargo = toolchain.cargo_build(workspace, kind.target());
        cargo.args(["--locked", "--profile", kind.profile()]);
        for name in &names {
            cargo.args(["--package", &kind.package(name), "--bin", name]);
        }
        progress::step(&format!("{}: {}", kind.folder(), names.join(", ")), || {
            quietly(&mut cargo)
        })?;
        for name in names {
            modules.push(finish(workspace, kind, name)?);
        }
    }
    let total: usize = modules
        .iter()
        .filter(|module| module.kind == Kind::Filter)
        .map(|module| module.size)
        .sum();
    if total > MAX_FILTERS {
        return Err(format!(
            "the filters together have {total} bytes, and may have {MAX_FILTERS}"
        ));
    }
    Ok(modules)
}

/// Checks one built module and puts it into `dist/`.
fn finish(workspace: &Workspace, kind: Kind, name: String) -> Result<Module> {
    let built = workspace
        .target
        .join(kind.target())
        .join(kind.profile())
        .join(format!("{name}.wasm"));
    let bytes = read(&built)?;
    let file = format!("{name}.wasm");
    let functions = match kind {
        Kind::Filter => check::filter(&file, &bytes)?.functions,
        Kind::Function => {
            check::function(&file, &bytes)?;
            Vec::new()
        }
    };
    let bytes = check::strip(&bytes)?;
    if kind == Kind::Filter {
        check::size(&file, &bytes)?;
    }
    let path = workspace.dist().join(kind.folder()).join(&file);
    write_if_changed(&path, &bytes)?;
    let schema = match kind {
        Kind::Filter => schema::settings(workspace, &name)?,
        Kind::Function => None,
    };
    let schemas = match kind {
        Kind::Filter => Vec::new(),
        Kind::Function => schema::kinds(workspace, &name)?,
    };
    let sha256 = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(Module {
        kind,
        name,
        path,
        size: bytes.len(),
        sha256,
        functions,
        schema,
        schemas,
    })
}
