//! Functions that misbehave, and what becomes of them.

mod common;

use std::time::Duration;

use common::function;
use leafpack::{Cause, Limit, Limits, Run, Stopped};

fn run(name: &'static str, input: &[u8], limits: Limits) -> Result<Run, Stopped> {
    function(name).run(input.to_vec(), limits)
}

fn stopped(name: &'static str, limits: Limits) -> Stopped {
    run(name, b"", limits).expect_err(name)
}

#[test]
fn input_comes_back() {
    // More than a pipe or the module's buffer holds at a time.
    let input: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let run = run("echo", &input, Limits::default()).unwrap();
    assert_eq!(run.status, 0);
    assert_eq!(run.stderr, b"info: Echo/x: nothing to do\n");
    assert!(run.stdout == input);
}

#[test]
fn time_is_bounded() {
    let limits = Limits {
        time: Duration::from_millis(100),
        ..Limits::default()
    };
    let stopped = stopped("spin", limits);
    assert_eq!(stopped.failure.cause, Cause::Limit(Limit::Time));
    insta::assert_snapshot!(stopped.failure, @"the module spin ran for more than 100ms, and was stopped; to allow more, set LEAFPACK_TIMEOUT=200ms, or give --timeout 200ms on the command line");
}

#[test]
fn memory_is_bounded() {
    let limits = Limits {
        memory: 1 << 20,
        ..Limits::default()
    };
    for name in ["hog", "large"] {
        assert_eq!(
            stopped(name, limits).failure.cause,
            Cause::Limit(Limit::Memory),
            "{name}"
        );
    }
    insta::assert_snapshot!(stopped("hog", limits).failure, @"the module hog needed more than 1MiB of memory, and was stopped; to allow more, set LEAFPACK_MAX_MEMORY=2MiB, or give --max-memory 2MiB on the command line");
    let enough = Limits {
        memory: 64 << 20,
        ..Limits::default()
    };
    assert_eq!(run("large", b"", enough).unwrap().status, 0);
}

#[test]
fn output_is_bounded() {
    let limits = Limits {
        output: 100_000,
        ..Limits::default()
    };
    insta::assert_snapshot!(stopped("chatter", limits).failure, @"the module chatter wrote more than 100000B of output, and was stopped; to allow more, set LEAFPACK_MAX_OUTPUT=200000B, or give --max-output 200000B on the command line");
}

#[test]
fn a_crash_is_told_with_the_modules_last_words() {
    let stopped = stopped("crash", Limits::default());
    insta::assert_snapshot!(stopped.failure, @"the module crash crashed: wasm trap: wasm `unreachable` instruction executed; this is a mistake in the module: please report it, with the input");
    assert_eq!(stopped.stderr, b"thread 'main' panicked at src/lib.rs:1\n");
}

#[test]
fn endless_recursion_is_a_crash() {
    let Cause::Trap(why) = stopped("recurse", Limits::default()).failure.cause else {
        panic!("not a trap");
    };
    assert_eq!(why, "wasm trap: call stack exhausted");
}

#[test]
fn its_status_is_passed_on() {
    let run = run("exit", b"", Limits::default()).unwrap();
    assert_eq!(run.status, 3);
    assert!(
        run.stdout
            .starts_with(b"apiVersion: config.kubernetes.io/v1\n")
    );
    assert!(run.stderr.starts_with(b"error: Exit/x: "));
}

#[test]
fn there_are_no_files() {
    assert_eq!(run("folder", b"", Limits::default()).unwrap().status, 8 + 8);
}

#[test]
fn what_is_made_for_another_host_is_not_run() {
    insta::assert_snapshot!(stopped("foreign", Limits::default()).failure, @"the module foreign can't be run: it imports wasi_snapshot_preview1.sock_accept, which the sandbox doesn't have (no files, network, environment or clock); build launcher and modules together: cargo xtask build");
    insta::assert_snapshot!(stopped("library", Limits::default()).failure, @"the module library can't be run: it exports no _start, so it isn't a wasm32-wasip1 command; build launcher and modules together: cargo xtask build");
}
