//! Programs that a test drives and does not bring.

use std::io::Write as _;
use std::path::PathBuf;

/// The program of this name on the path.
pub(crate) fn on_path(tool: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut files = std::env::split_paths(&path).map(|folder| folder.join(tool));
    files.find(|file| file.is_file())
}

/// Says that a test is skipped, on standard error and in the file that `LEAFPACK_SKIPS` names.
///
/// # Panics
/// Where `LEAFPACK_REQUIRE`, a list such as `schemas,fluent-bit=3.2.2`, names the tool.
pub(crate) fn skip(test: &str, tool: &str, how: &str) {
    let line = format!("SKIPPED {test}: {tool} not found; {how}");
    let required = std::env::var("LEAFPACK_REQUIRE").unwrap_or_default();
    let names = required
        .split(',')
        .filter_map(|word| word.split('=').next());
    assert!(
        !names.clone().any(|name| name == tool),
        "LEAFPACK_REQUIRE asks for {tool}. {line}"
    );
    eprintln!("{line}");
    if let Some(file) = std::env::var_os("LEAFPACK_SKIPS") {
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
            .expect("LEAFPACK_SKIPS can be appended to");
    }
}
