//! What the tests share: other programs, looked up in one way, and the corpus.
#![allow(dead_code, reason = "each test program uses a part of it")]

use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A program that a test compares with: from the environment variable of its name, `target/tools/bin`, or `PATH`.
///
/// When there is none the test says so, on standard error and in the file that `LEAFPACK_SKIPS` names, and passes; when
/// `LEAFPACK_REQUIRE` lists the program, it fails.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let found = look_up(name);
    if found.is_none() {
        skip(name);
    }
    found
}

fn look_up(name: &str) -> Option<PathBuf> {
    let variable = name.to_uppercase().replace('-', "_");
    let named = std::env::var_os(variable).map(PathBuf::from);
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = named
        .into_iter()
        .chain([tools.join(name)])
        .chain(std::env::split_paths(&path).map(|folder| folder.join(name)));
    candidates.find(|candidate| candidate.is_file())
}

/// Says that the running test needs something that is not there.
pub(crate) fn skip(name: &str) {
    let required = std::env::var("LEAFPACK_REQUIRE").unwrap_or_default();
    let is_required = required
        .split(',')
        .any(|item| item.trim().split('=').next() == Some(name));
    assert!(
        !is_required,
        "{name} not found, and LEAFPACK_REQUIRE asks for it"
    );
    let test = std::thread::current();
    let test = test.name().unwrap_or("a test");
    let line = format!("SKIPPED {test}: {name} not found; run cargo xtask tools");
    eprintln!("{line}");
    if let Some(file) = std::env::var_os("LEAFPACK_SKIPS") {
        let mut file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(file)
            .expect("LEAFPACK_SKIPS can be written");
        writeln!(file, "{line}").expect("LEAFPACK_SKIPS can be written");
    }
}

/// Runs a program on an input.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("it has a standard input");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A program that fails early does not read to the end.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    output
}

/// A Python that has PyYAML.
pub(crate) fn python_with_yaml() -> Option<PathBuf> {
    let python = look_up("python3").filter(|python| {
        let output = run(Command::new(python).args(["-c", "import yaml"]), b"");
        output.status.success()
    });
    if python.is_none() {
        skip("python");
    }
    python
}

/// A folder for one test, emptied.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

/// `tests/data/yaml-strings.json`.
pub(crate) fn corpus() -> Value {
    serde_json::from_str(include_str!("../data/yaml-strings.json")).expect("the corpus is JSON")
}

/// Its strings.
pub(crate) fn strings(corpus: &Value) -> Vec<String> {
    let strings = corpus["strings"].as_array().expect("strings");
    let texts = strings.iter().map(|text| text.as_str().expect("a string"));
    texts.map(str::to_owned).collect()
}
