//! The program: what it writes, and what it says.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// `(module (func (export "f")))`
const MODULE: &[u8] =
    b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a\x04\x01\x02\0\x0b";

fn precompile(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_leafpack-precompile"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn compiles_pairs_and_makes_folders() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.wasm"), MODULE).unwrap();
    fs::write(folder.path().join("b.wasm"), MODULE).unwrap();
    let output = precompile(
        folder.path(),
        &["a.wasm", "new/a.cwasm", "b.wasm", "b.cwasm"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let code = fs::read(folder.path().join("new/a.cwasm")).unwrap();
    assert!(code.starts_with(b"\x7fELF"));
    assert!(code == fs::read(folder.path().join("b.cwasm")).unwrap());
}

#[test]
fn leaves_what_is_newer_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (wasm, code) = (folder.path().join("a.wasm"), folder.path().join("a.cwasm"));
    fs::write(&wasm, MODULE).unwrap();
    fs::write(&code, "newer").unwrap();
    let time = |path: &Path, year: u64| {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(year * 31_557_600);
        fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    };
    // 2100, when this program is older too.
    time(&code, 130);
    assert!(
        precompile(folder.path(), &["a.wasm", "a.cwasm"])
            .status
            .success()
    );
    assert_eq!(fs::read(&code).unwrap(), b"newer");
    time(&wasm, 131);
    assert!(
        precompile(folder.path(), &["a.wasm", "a.cwasm"])
            .status
            .success()
    );
    assert!(fs::read(&code).unwrap().starts_with(b"\x7fELF"));
}

#[test]
fn says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("text.wasm"), "text").unwrap();
    let output = precompile(folder.path(), &["text.wasm", "a.cwasm"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).starts_with("error: text.wasm: "),
        "{}",
        stderr(&output)
    );
    let output = precompile(folder.path(), &["gone.wasm", "a.cwasm"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).starts_with("error: gone.wasm: "),
        "{}",
        stderr(&output)
    );
    for arguments in [&[][..], &["a.wasm"]] {
        let output = precompile(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).starts_with("usage: "));
    }
}
