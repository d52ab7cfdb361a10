//! The modules that the launcher carries, and what it knows about them.

use std::fmt;

use crate::sandbox::Code;

/// A KRM function: a `wasm32-wasip1` command from a ResourceList to a ResourceList.
#[derive(Debug)]
pub struct Function {
    /// The module's name, as in `krm-functions/<name>`.
    pub name: &'static str,
    /// The `apiVersion` of the functionConfigs that it answers to.
    pub api_version: &'static str,
    /// Their `kind`s.
    pub kinds: &'static [&'static str],
    /// JSON Schemas of these kinds, by kind; some have none.
    pub schemas: &'static [(&'static str, &'static str)],
    /// The size of the `.wasm` file, in bytes.
    pub size: usize,
    /// The SHA-256 of the `.wasm` file, in hexadecimal digits.
    pub sha256: &'static str,
    /// The machine code made from it.
    pub code: Code,
}

/// A Fluent Bit filter.
#[derive(Debug)]
pub struct Filter {
    /// The module's name, as in `filters/<name>`; its settings file is `<name>.json`.
    pub name: &'static str,
    /// The functions that it exports for `Function_Name`, the usual one first.
    pub functions: &'static [&'static str],
    /// The `.wasm` file.
    pub wasm: &'static [u8],
    /// The JSON Schema of its settings file; `None` in a build of before it was written.
    pub schema: Option<&'static str>,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: &'static str,
    /// The machine code made from it.
    pub code: Code,
}

/// All modules of a build.
#[derive(Debug, Clone, Copy)]
pub struct Catalog {
    /// KRM functions, by name.
    pub functions: &'static [Function],
    /// Filters, by name.
    pub filters: &'static [Filter],
}

/// A module that was asked for and isn't there: a sentence with what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What was found and what was expected.
    pub message: String,
    /// What would be right.
    pub fix: String,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.fix)
    }
}

impl std::error::Error for Unknown {}

impl Catalog {
    /// The modules in this binary. None, when it was built by plain `cargo build` before `cargo xtask build`.
    #[must_use]
    pub fn embedded() -> Self {
        crate::sandbox::EMBEDDED
    }

    /// The function for this `apiVersion` and `kind`.
    ///
    /// # Errors
    /// [`Unknown`], with the kinds that there are.
    pub fn function(&self, api_version: &str, kind: &str) -> Result<&'static Function, Unknown> {
        let serves = |f: &&Function| f.api_version == api_version && f.kinds.contains(&kind);
        if let Some(function) = self.functions.iter().find(serves) {
            return Ok(function);
        }
        if self.functions.is_empty() {
            return Err(without_modules());
        }
        let distance =
            |known: &str| strsim::damerau_levenshtein(&known.to_lowercase(), &kind.to_lowercase());
        let near = self.kinds().min_by_key(|(_, known)| distance(known));
        let fix = near.map_or(String::new(), |(version, kind)| {
            format!("apiVersion: {version}\nkind: {kind}")
        });
        let known: Vec<_> = self
            .kinds()
            .map(|(version, kind)| format!("{kind} ({version})"))
            .collect();
        Err(Unknown {
            message: format!(
                "found the functionConfig {api_version} {kind}, which no module here is for; known are: {}",
                known.join(", ")
            ),
            fix,
        })
    }

    /// The filter of this name.
    ///
    /// # Errors
    /// [`Unknown`], with the filters that there are.
    pub fn filter(&self, name: &str) -> Result<&'static Filter, Unknown> {
        if let Some(filter) = self.filters.iter().find(|f| f.name == name) {
            return Ok(filter);
        }
        if self.filters.is_empty() {
            return Err(without_modules());
        }
        let known: Vec<&str> = self.filters.iter().map(|f| f.name).collect();
        let distance = |known: &str| strsim::damerau_levenshtein(known, name);
        let near = known.iter().find(|known| distance(known) <= 2);
        let near = near.unwrap_or(&known[0]);
        Err(Unknown {
            message: format!("found no filter {name:?}; known are: {}", known.join(", ")),
            fix: format!("try {near}"),
        })
    }

    /// Every `apiVersion` and `kind` that a function answers to.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.functions
            .iter()
            .flat_map(|f| f.kinds.iter().map(|kind| (f.api_version, *kind)))
    }
}

pub(crate) fn without_modules() -> Unknown {
    Unknown {
        message: "this leafpack was built without modules".to_owned(),
        fix: "run cargo xtask build, and use dist/bin/leafpack".to_owned(),
    }
}
