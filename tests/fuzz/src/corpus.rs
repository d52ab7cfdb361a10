//! The checked-in inputs.

use std::path::{Path, PathBuf};

use crate::target::Target;

/// Name and bytes of each file of the corpus of an export, sorted by name. One that takes msgpack has that of its
/// sibling in JSON too.
///
/// # Panics
/// Where there is none.
pub fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<PathBuf> = [target.export, target.export.trim_end_matches("_msgpack")]
        .iter()
        .filter_map(|name| std::fs::read_dir(folder().join(name)).ok())
        .flat_map(|entries| entries.map(|entry| entry.expect("the folder can be read").path()))
        .collect();
    files.sort();
    files.dedup();
    assert!(
        !files.is_empty(),
        "tests/fuzz/corpus/{} is empty",
        target.export
    );
    let read = |path: PathBuf| {
        let name = path
            .strip_prefix(folder())
            .unwrap_or(&path)
            .display()
            .to_string();
        (name, std::fs::read(&path).expect("the file can be read"))
    };
    files.into_iter().map(read).collect()
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))
}
