//! Writes `embedded.rs`: the modules that `cargo xtask build` made, as an expression of type `Catalog`.
//!
//! `target/precompiled/index.json` lists them; its paths are relative to the workspace's root. Without it, as in a
//! fresh clone, the crate is built without modules, and says so when one is needed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

const FORMAT: u64 = 1;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let modules = match manifest.ancestors().nth(2) {
        Some(root) if root.join("xtask").is_dir() => modules(root),
        _ => Modules::default(),
    };
    let text = format!(
        "Catalog {{\n  functions: &[\n{}  ],\n  filters: &[\n{}  ],\n}}\n",
        modules.functions, modules.filters
    );
    let out = PathBuf::from(variable("OUT_DIR")).join("embedded.rs");
    fs::write(out, text).expect("OUT_DIR can be written");
}

fn variable(name: &str) -> String {
    env::var(name).expect("cargo sets it")
}

/// Struct literals in Rust.
#[derive(Default)]
struct Modules {
    functions: String,
    filters: String,
}

fn modules(root: &Path) -> Modules {
    let folder = root.join("target/precompiled");
    // Cargo takes a path that isn't there for changed, every time. An empty folder is there.
    if fs::create_dir_all(&folder).is_ok() {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    let Ok(text) = fs::read(folder.join("index.json")) else {
        return Modules::default();
    };
    match read_index(root, &text) {
        Ok(modules) => modules,
        Err(why) => {
            println!(
                "cargo::warning=built without modules: target/precompiled/index.json: {why}; run cargo xtask build"
            );
            Modules::default()
        }
    }
}

fn read_index(root: &Path, text: &[u8]) -> Result<Modules, String> {
    let index: Value = serde_json::from_slice(text).map_err(|why| why.to_string())?;
    if index["format"] != FORMAT {
        return Err(format!(
            "format: found {}, expected {FORMAT}",
            index["format"]
        ));
    }
    let mut modules = Modules::default();
    for function in list(&index, "functions")? {
        let wasm = file(root, function, "wasm")?;
        let size = fs::metadata(&wasm)
            .map_err(|why| format!("{}: {why}", wasm.display()))?
            .len();
        let _ = writeln!(
            modules.functions,
            "    crate::catalog::Function {{ name: {:?}, api_version: {:?}, kinds: &{:?}, schemas: &[{}], size: {size}, sha256: {:?}, code: {} }},",
            string(function, "name")?,
            string(function, "api_version")?,
            strings(function, "kinds")?,
            schemas(root, function)?,
            string(function, "sha256")?,
            code(root, function)?,
        );
    }
    for filter in list(&index, "filters")? {
        let schema = match filter.get("schema") {
            None => "None".to_owned(),
            Some(_) => format!("Some(include_str!({:?}))", file(root, filter, "schema")?),
        };
        let _ = writeln!(
            modules.filters,
            "    crate::catalog::Filter {{ name: {:?}, functions: &{:?}, wasm: include_bytes!({:?}), schema: {schema}, sha256: {:?}, code: {} }},",
            string(filter, "name")?,
            strings(filter, "functions")?,
            file(root, filter, "wasm")?,
            string(filter, "sha256")?,
            code(root, filter)?,
        );
    }
    Ok(modules)
}

/// The schemas of a function's kinds, as pairs.
fn schemas(root: &Path, function: &Value) -> Result<String, String> {
    let mut pairs = String::new();
    let schemas = &function["schemas"];
    for (kind, _) in schemas.as_object().into_iter().flatten() {
        let path = file(root, schemas, kind)?;
        let _ = write!(pairs, "({kind:?}, include_str!({path:?})), ");
    }
    Ok(pairs)
}

/// The machine code, vouched for: see `sandbox/code.rs`.
fn code(root: &Path, module: &Value) -> Result<String, String> {
    let path = file(root, module, "cwasm")?;
    Ok(format!("unsafe {{ Code::new(include_bytes!({path:?})) }}"))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>, String> {
    value[key]
        .as_array()
        .ok_or_else(|| format!("{key}: found {}, expected a list", value[key]))
}

fn string<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    value[key]
        .as_str()
        .ok_or_else(|| format!("{key}: found {}, expected a string", value[key]))
}

fn strings<'a>(value: &'a Value, key: &str) -> Result<Vec<&'a str>, String> {
    let strings = list(value, key)?
        .iter()
        .map(Value::as_str)
        .collect::<Option<Vec<_>>>();
    match strings {
        Some(strings) if !strings.is_empty() => Ok(strings),
        _ => Err(format!("{key}: found {}, expected strings", value[key])),
    }
}

/// A file that the index names, to be watched for changes.
fn file(root: &Path, value: &Value, key: &str) -> Result<PathBuf, String> {
    let path = root.join(string(value, key)?);
    println!("cargo::rerun-if-changed={}", path.display());
    match path.is_file() {
        true => Ok(path),
        false => Err(format!("{} isn't there", path.display())),
    }
}
