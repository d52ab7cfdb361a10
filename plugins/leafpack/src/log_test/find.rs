//! Which files are tests.

use std::fs;
use std::path::{Path, PathBuf};

/// Names of test files end so; other YAML may lie beside them.
const ENDINGS: [&str; 2] = [".test.yaml", ".test.yml"];

/// The files among `paths`, and of the folders those with a test file's name, sorted, each once.
///
/// # Errors
/// A path and why it can't be read; a folder without any.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, (PathBuf, String)> {
    let mut found = Vec::new();
    for path in paths {
        let about = |why: std::io::Error| (path.clone(), why.to_string());
        if !fs::metadata(path).map_err(about)?.is_dir() {
            found.push(path.clone());
            continue;
        }
        let mut files = Vec::new();
        let mut others = Vec::new();
        walk(path, &mut files, &mut others)?;
        if files.is_empty() {
            return Err((path.clone(), nothing(path, &mut others)));
        }
        files.sort();
        found.extend(files);
    }
    let mut once: Vec<PathBuf> = Vec::new();
    for path in found {
        if !once.contains(&path) {
            once.push(path);
        }
    }
    Ok(once)
}

fn nothing(folder: &Path, others: &mut [PathBuf]) -> String {
    others.sort();
    let hint = others.first().map_or(String::new(), |other| {
        let name = other.strip_prefix(folder).unwrap_or(other);
        let right = name.with_extension("test.yaml");
        format!(
            "; if {} is one, call it {}, or name the file itself",
            name.display(),
            right.display()
        )
    });
    format!("found no *.test.yaml in this folder or below{hint}")
}

/// Folders that begin with a dot are not looked into, nor are links to folders followed, which could lead in circles.
fn walk(
    folder: &Path,
    files: &mut Vec<PathBuf>,
    others: &mut Vec<PathBuf>,
) -> Result<(), (PathBuf, String)> {
    let about = |why: std::io::Error| (folder.to_owned(), why.to_string());
    for entry in fs::read_dir(folder).map_err(about)? {
        let entry = entry.map_err(about)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if name.starts_with('.') {
            continue;
        }
        if entry.file_type().map_err(about)?.is_dir() {
            walk(&path, files, others)?;
        } else if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            files.push(path);
        } else if name.ends_with(".yaml") || name.ends_with(".yml") {
            others.push(path);
        }
    }
    Ok(())
}
