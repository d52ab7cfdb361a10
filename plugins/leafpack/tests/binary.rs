//! The binary itself, whose streams and modes the other tests stand in for.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

fn leafpack(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_leafpack"))
        .args(arguments)
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn without_arguments_it_is_a_krm_function() {
    let input = b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n\
        functionConfig: {apiVersion: example.com/v1, kind: Unknown, metadata: {name: x}}\n\
        items:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: kept}}\n";
    let output = leafpack(&[], input);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("error: "), "{stderr}");
    let list = krm_rs::ResourceList::read(&output.stdout).unwrap();
    assert_eq!(list.items[0].name(), "kept");
}

#[test]
fn with_arguments_it_is_a_command() {
    let output = leafpack(&["--version"], b"");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.starts_with(b"leafpack "));
    assert_eq!(leafpack(&["rendr"], b"").status.code(), Some(2));
}
