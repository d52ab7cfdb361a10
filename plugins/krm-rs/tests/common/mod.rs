//! What the tests share: other programs, looked up in one way, and the corpus.
#![allow(dead_code, reason = "each test program uses a part of it")]

use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A program that the running test compares with; the test says so and passes where there is none.
pub(crate) fn find(tool: &str) -> Option<PathBuf> {
    leafpack_peer::or_skip(&this_test(), tool)
}

fn this_test() -> String {
    std::thread::current().name().unwrap_or("a test").to_owned()
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
    let python = leafpack_peer::find("python3").filter(|python| {
        let output = run(Command::new(python).args(["-c", "import yaml"]), b"");
        output.status.success()
    });
    if python.is_none() {
        leafpack_peer::skip(&this_test(), "python");
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
