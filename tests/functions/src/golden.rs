//! Fixtures, and golden files: what comes out is what a file says that a person can read.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders below `<crate>/fixtures` that have this file, sorted.
///
/// # Panics
/// If there are fewer than `least`.
pub fn fixtures(root: impl AsRef<Path>, file: &str, least: usize) -> Vec<PathBuf> {
    let mut paths = entries(&root.as_ref().join("fixtures"));
    paths.retain(|path| path.join(file).exists());
    assert!(paths.len() >= least, "{paths:?}");
    paths
}

/// As [`fixtures`], each by its name, with the text of the file.
///
/// # Panics
/// As [`fixtures`], and where a file cannot be read.
pub fn texts(root: impl AsRef<Path>, file: &str, least: usize) -> Vec<(String, String)> {
    let folders = fixtures(root, file, least).into_iter();
    folders
        .map(|folder| (name(folder.file_name()), read(&folder, file)))
        .collect()
}

/// The files of `<crate>/fixtures/errors`, each by its name without `.yaml`, with its text; sorted.
///
/// # Panics
/// If there are fewer than `least`.
pub fn mistakes(root: impl AsRef<Path>, least: usize) -> Vec<(String, String)> {
    let paths = entries(&root.as_ref().join("fixtures/errors"));
    assert!(paths.len() >= least, "{paths:?}");
    let cases = paths.iter();
    cases
        .map(|path| (name(path.file_stem()), text(path)))
        .collect()
}

fn name(name: Option<&OsStr>) -> String {
    let name = name.expect("an entry of a folder has a name");
    name.to_string_lossy().into_owned()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut paths: Vec<PathBuf> = paths.collect();
    paths.sort();
    paths
}

/// The text of a file in a folder.
///
/// # Panics
/// If it cannot be read.
pub fn read(folder: impl AsRef<Path>, file: impl AsRef<Path>) -> String {
    text(&folder.as_ref().join(file))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Holds `text` to a golden file. With `UPDATE_GOLDEN` in the environment, the file is written first: read the
/// difference.
///
/// # Panics
/// With the file and the first line that differs.
pub fn same(golden: &Path, text: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(golden, text).expect("the golden file can be written");
    }
    // One that is not there yet differs.
    let expected = fs::read_to_string(golden).unwrap_or_default();
    if let Some(line) = difference(text, &expected) {
        panic!(
            "{} differs, first in line {line}; UPDATE_GOLDEN=1 cargo test writes it anew",
            golden.display(),
        );
    }
}

/// The first line in which two texts differ, from 1; where one goes on after the other's end, the one after that.
fn difference(text: &str, expected: &str) -> Option<usize> {
    if text == expected {
        return None;
    }
    let mut pairs = text.lines().zip(expected.lines());
    let line = pairs.position(|(a, b)| a != b);
    let shorter = || text.lines().count().min(expected.lines().count());
    Some(line.unwrap_or_else(shorter) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_found() {
        for (text, expected, line) in [
            ("a\nb\n", "a\nb\n", None),
            ("", "", None),
            ("a\nb\n", "a\nc\n", Some(2)),
            ("a\nb\n", "a\n", Some(2)),
            ("", "a\n", Some(1)),
            ("a\n", "a", Some(2)),
        ] {
            assert_eq!(difference(text, expected), line, "{text:?} {expected:?}");
        }
    }

    /// Nor can it be written anew: its folder is not there.
    #[test]
    #[should_panic(expected = "golden file")]
    fn a_file_that_is_not_there_differs() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("missing");
        same(&folder.join("golden file"), "a\n");
    }
}
