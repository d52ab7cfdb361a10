//! Where things are in the checkout.

use std::path::{Path, PathBuf};

use crate::tools;

/// The checkout that this was compiled from.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("tests/peer lies in the workspace")
}

/// A file that `cargo xtask build` makes, as `dist("filters/cri.wasm")`.
///
/// # Panics
/// Where it is not there; the text says to run `cargo xtask build`.
pub fn dist(file: &str) -> PathBuf {
    let path = workspace().join("dist").join(file);
    assert!(
        path.is_file(),
        "dist/{file} is not built: run cargo xtask build"
    );
    path
}

/// As [`dist`], for a plain `cargo test` on a clean clone: where the file is not there, says so and returns
/// `None`, and the test returns. Under `cargo xtask test`, which builds first, it panics.
///
/// # Panics
/// Under `cargo xtask test`, as [`dist`].
pub fn dist_or_skip(test: &str, file: &str) -> Option<PathBuf> {
    let built = workspace().join("dist").join(file).is_file();
    if !built && !tools::under_xtask() {
        eprintln!("SKIPPED {test}: dist/{file} is not built; cargo xtask build");
        return None;
    }
    Some(dist(file))
}
