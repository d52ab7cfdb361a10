//! Other programs.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::place::workspace;

/// Says which test was skipped, one line each.
const SKIPS: &str = "LEAFPACK_SKIPS";
/// Names the tools, and the versions of Fluent Bit, whose absence is a failure.
const REQUIRE: &str = "LEAFPACK_REQUIRE";
/// Names Fluent Bit's binaries, separated as in `PATH`.
const FLUENT_BIT: &str = "FLUENT_BIT";
/// Names the folder of custom resources' schemas.
const SCHEMAS: &str = "LEAFPACK_SCHEMAS";

/// Whether `cargo xtask test` runs this.
pub(crate) fn under_xtask() -> bool {
    std::env::var_os(SKIPS).is_some()
}

/// The program of this name: the one that the variable names which is called like the tool (`KUSTOMIZE`,
/// `FLUX_SUBSTITUTE`), else the one that `cargo xtask tools` installed, else the one on `PATH`.
///
/// # Panics
/// Where the variable is set and names no file.
pub fn find(tool: &str) -> Option<PathBuf> {
    let variable = tool.to_uppercase().replace('-', "_");
    if let Some(path) = std::env::var_os(&variable).filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        assert!(
            path.is_file(),
            "{variable}: found {}, expected the path of {tool}",
            path.display()
        );
        return Some(path);
    }
    let installed = workspace().join("target/tools/bin").join(tool);
    if installed.is_file() {
        return Some(installed);
    }
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(tool))
        .find(|file| file.is_file())
}

/// As [`find`]; where the tool is not there, says that `test` is skipped and how to get the tool, and the test
/// returns.
///
/// # Panics
/// Where `LEAFPACK_REQUIRE` names the tool and it is not there.
pub fn or_skip(test: &str, tool: &str) -> Option<PathBuf> {
    let found = find(tool);
    if found.is_none() {
        skip(test, tool);
    }
    found
}

/// The folder with the strict schemas of custom resources, `<group>/<kind>_<version>.json` as in
/// [datreeio/CRDs-catalog](https://github.com/datreeio/CRDs-catalog): the one that `LEAFPACK_SCHEMAS` names, else
/// `shared/schemas` beside the checkout. Where there is none, says that `test` is skipped, and the test goes on
/// without.
///
/// # Panics
/// Where the variable is set and names no folder, and where `LEAFPACK_REQUIRE` names `schemas` and there is none.
pub fn schemas_or_skip(test: &str) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(SCHEMAS).filter(|folder| !folder.is_empty()) {
        let folder = PathBuf::from(named);
        assert!(
            folder.is_dir(),
            "{SCHEMAS}: found {}, expected a folder",
            folder.display()
        );
        return Some(folder);
    }
    let beside = workspace().parent()?.join("shared/schemas");
    if !beside.is_dir() {
        skip(test, "schemas");
        return None;
    }
    Some(beside)
}

/// One Fluent Bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FluentBit {
    /// As its `--version` says: major, minor, patch.
    pub version: (u32, u32, u32),
    /// The binary.
    pub path: PathBuf,
}

impl FluentBit {
    /// Whether this version, where it is built with SIMD as the official images are, can add bytes behind a string
    /// with characters beyond ASCII, before any filter sees it: from 4.0.4 to 5.1.0 its JSON writer reads 16
    /// bytes at a time past the end (`src/flb_utils.c`). Only a run tells which it is.
    pub fn may_read_past_strings(&self) -> bool {
        ((4, 0, 4)..=(5, 1, 0)).contains(&self.version)
    }

    /// Whether a filter's instance, and so its state, lives for one chunk only: before 4.1.
    pub fn instance_per_chunk(&self) -> bool {
        self.version < (4, 1, 0)
    }
}

impl std::fmt::Display for FluentBit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (major, minor, patch) = self.version;
        write!(
            f,
            "Fluent Bit {major}.{minor}.{patch} ({})",
            self.path.display()
        )
    }
}

/// Every Fluent Bit that `FLUENT_BIT` names, or the one on `PATH`.
///
/// # Panics
/// Where `FLUENT_BIT` names something that does not answer `--version` as Fluent Bit does, and where
/// `LEAFPACK_REQUIRE` lists a version that none of them has.
pub fn fluent_bits() -> Vec<FluentBit> {
    let paths: Vec<PathBuf> = match std::env::var_os(FLUENT_BIT).filter(|list| !list.is_empty()) {
        Some(list) => std::env::split_paths(&list)
            .filter(|path| !path.as_os_str().is_empty())
            .collect(),
        None => std::env::var_os("PATH")
            .iter()
            .flat_map(std::env::split_paths)
            .map(|folder| folder.join("fluent-bit"))
            .find(|file| file.is_file())
            .into_iter()
            .collect(),
    };
    let found: Vec<FluentBit> = paths
        .into_iter()
        .map(|path| FluentBit {
            version: version_of(&path).unwrap_or_else(|error| panic!("{FLUENT_BIT}: {error}")),
            path,
        })
        .collect();
    let list = std::env::var(REQUIRE).unwrap_or_default();
    for wanted in required(&list, "fluent-bit").unwrap_or_default() {
        let there = found
            .iter()
            .any(|one| version_in(&wanted) == Some(one.version));
        assert!(
            there,
            "{REQUIRE} asks for Fluent Bit {wanted}; {FLUENT_BIT} and PATH have {}",
            if found.is_empty() {
                "none".to_string()
            } else {
                found
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            }
        );
    }
    found
}

/// As [`fluent_bits`]; where there is none, says that `test` is skipped.
///
/// # Panics
/// As [`fluent_bits`], and where `LEAFPACK_REQUIRE` names Fluent Bit and there is none.
pub fn fluent_bits_or_skip(test: &str) -> Vec<FluentBit> {
    let found = fluent_bits();
    if found.is_empty() {
        skip(test, "fluent-bit");
    }
    found
}

fn version_of(path: &Path) -> Result<(u32, u32, u32), String> {
    let output = Command::new(path)
        .arg("--version")
        .output()
        .map_err(|error| format!("cannot run {}: {error}", path.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    version_in(&text)
        .filter(|_| text.contains("Fluent Bit"))
        .ok_or_else(|| {
            format!(
                "{} --version answers {:?}, expected `Fluent Bit v…`",
                path.display(),
                text.trim()
            )
        })
}

/// The first three numbers with dots between them.
fn version_in(text: &str) -> Option<(u32, u32, u32)> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .find_map(|word| {
            let mut numbers = word.split('.').map(str::parse::<u32>);
            match (numbers.next(), numbers.next(), numbers.next()) {
                (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch))) => Some((major, minor, patch)),
                _ => None,
            }
        })
}

/// The versions that a list asks for of a tool; `None` where it does not name the tool.
fn required(list: &str, tool: &str) -> Option<Vec<String>> {
    let mut versions: Option<Vec<String>> = None;
    let mut inside = false;
    for word in list.split(',').filter(|word| !word.is_empty()) {
        let (name, version) = word
            .split_once('=')
            .map_or((word, None), |(name, version)| (name, Some(version)));
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            // A further version of the tool before it.
            if inside {
                versions.get_or_insert_default().push(name.into());
            }
            continue;
        }
        inside = name == tool;
        if inside {
            versions
                .get_or_insert_default()
                .extend(version.map(str::to_string));
        }
    }
    versions
}

/// Says that `test` is skipped for want of a tool, one of those that `cargo xtask tools` knows.
///
/// # Panics
/// Where `LEAFPACK_REQUIRE` names the tool.
pub fn skip(test: &str, tool: &str) {
    let how = match tool {
        "fluent-bit" => {
            "install Fluent Bit, or set FLUENT_BIT to its path (several: separated by a colon)"
                .to_string()
        }
        "schemas" => {
            format!("clone datreeio/CRDs-catalog, and set {SCHEMAS} to its path")
        }
        _ => format!("cargo xtask tools {tool}"),
    };
    let line = format!("SKIPPED {test}: {tool} not found; {how}");
    let list = std::env::var(REQUIRE).unwrap_or_default();
    assert!(
        required(&list, tool).is_none(),
        "{REQUIRE} asks for {tool}. {line}"
    );
    eprintln!("{line}");
    let Some(file) = std::env::var_os(SKIPS) else {
        return;
    };
    // One write, so that lines of tests that run at the same time do not mix.
    let written = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&file)
        .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = written {
        panic!("{SKIPS}: cannot append to {}: {error}", file.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_list_of_what_is_required() {
        let list = "kustomize,fluent-bit=3.2.2,4.1.1,kubectl,wamr";
        assert_eq!(
            required(list, "fluent-bit"),
            Some(vec!["3.2.2".into(), "4.1.1".into()])
        );
        assert_eq!(required(list, "kustomize"), Some(vec![]));
        assert_eq!(required(list, "python"), None);
        assert_eq!(required("", "kustomize"), None);
    }

    #[test]
    fn reads_versions() {
        assert_eq!(
            version_in("Fluent Bit v3.2.2\nGit commit: \n"),
            Some((3, 2, 2))
        );
        assert_eq!(version_in("5.1.12"), Some((5, 1, 12)));
        assert_eq!(version_in("Fluent Bit v4"), None);
    }

    #[test]
    fn finds_what_is_on_path_and_nothing_else() {
        assert!(find("cargo").is_some());
        assert_eq!(find("no-such-tool-of-leafpack"), None);
    }
}
