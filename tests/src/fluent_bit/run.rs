//! A Fluent Bit that runs, and what came of it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::Host;

/// A run that takes longer hangs: Fluent Bit never ends at the end of a file of which it gave up a line.
const PATIENCE: Duration = Duration::from_secs(300);

/// What Fluent Bit and WAMR print where a filter went wrong. None of it may be in the log of a good run.
const WARNINGS: [&str; 13] = [
    "Got exception",
    "returned value is invalid",
    "invalid JSON format",
    "wasm function is not found",
    "nstantiate wasm",
    "Load wasm module",
    "failed to link",
    "failed to call",
    "warning: allocate",
    "a module with WASI apis",
    "instance is not available",
    "encode as JSON from msgpack",
    "double free",
];

/// A Fluent Bit that was started.
#[derive(Debug)]
pub struct Running<'h> {
    host: &'h Host<'h>,
    child: Child,
    start: Instant,
}

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    host: String,
    may_read_past_strings: bool,
    output: PathBuf,
    /// Everything that it printed.
    pub log: String,
    /// How it ended.
    pub status: ExitStatus,
}

impl<'h> Running<'h> {
    pub(super) fn new(host: &'h Host<'h>, child: Child) -> Self {
        Self {
            host,
            child,
            start: Instant::now(),
        }
    }

    /// Everything that it printed so far.
    pub fn log(&self) -> String {
        let read = |name: &str| {
            let bytes = std::fs::read(self.host.path(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        read("stderr") + &read("stdout")
    }

    /// Bytes that came out so far, with those of earlier runs in the folder.
    pub fn shipped(&self) -> u64 {
        std::fs::metadata(self.host.output()).map_or(0, |found| found.len())
    }

    /// Memory that the process has in RAM, in KiB, where the system says so and the process is still there.
    pub fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Whether it still runs, after a short while.
    pub fn goes_on(&mut self) -> bool {
        std::thread::sleep(Duration::from_millis(5));
        assert!(
            self.start.elapsed() < PATIENCE,
            "{} did not get on; its last words:\n{}",
            self.host.bit,
            tail_of(&self.log())
        );
        self.child.try_wait().expect("the child is ours").is_none()
    }

    /// Sends a signal, by its name without `SIG`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(status.is_ok_and(|status| status.success()), "kill -{name}");
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// Where the run does not end.
    pub fn wait(mut self) -> Run {
        let status = loop {
            match self.child.try_wait().expect("the child is ours") {
                Some(status) => break status,
                None if self.start.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20))
                }
                None => {
                    let _ = self.child.kill();
                    let _ = self.child.wait();
                    panic!(
                        "{} did not end; its last words:\n{}",
                        self.host.bit,
                        tail_of(&self.log())
                    );
                }
            }
        };
        Run {
            host: self.host.bit.to_string(),
            may_read_past_strings: self.host.bit.may_read_past_strings(),
            output: self.host.output(),
            log: self.log(),
            status,
        }
    }
}

impl Drop for Running<'_> {
    /// A test that fails leaves no process behind.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Run {
    /// What says that the run, or a filter in it, went wrong: how it ended, and the first such lines of its log.
    pub fn faults(&self) -> Vec<String> {
        let ended = (!self.status.success()).then(|| format!("ended with {}", self.status));
        let warnings = self
            .log
            .lines()
            .filter(|line| WARNINGS.iter().any(|warning| line.contains(warning)))
            .map(str::to_string);
        ended.into_iter().chain(warnings.take(5)).collect()
    }

    /// Asserts that nothing went wrong.
    ///
    /// # Panics
    /// Where something did; the text has the end of the log.
    pub fn assert_clean(&self) {
        let faults = self.faults();
        assert!(
            faults.is_empty(),
            "{}: {faults:#?}\nits last words:\n{}",
            self.host,
            tail_of(&self.log)
        );
    }

    /// Whether this Fluent Bit can add bytes behind a string with characters beyond ASCII: its version has that
    /// fault ([`FluentBit::may_read_past_strings`]) and its log says that it is built with SIMD.
    pub fn reads_past_strings(&self) -> bool {
        let simd = |line: &str| line.contains("[simd ") && !line.ends_with("disabled");
        self.may_read_past_strings && self.log.lines().any(simd)
    }

    /// The records that were shipped, in order, each as the bytes of its line.
    pub fn lines(&self) -> impl Iterator<Item = Vec<u8>> {
        File::open(&self.output)
            .into_iter()
            .flat_map(|file| BufReader::with_capacity(1 << 20, file).split(b'\n'))
            .map(|line| line.expect("the output can be read"))
    }

    /// The records that were shipped, in order. Bytes that are no UTF-8 become U+FFFD.
    ///
    /// # Panics
    /// Where a line is not one JSON object.
    pub fn records(&self) -> impl Iterator<Item = Map<String, Value>> {
        self.lines().map(|line| {
            let text = String::from_utf8_lossy(&line);
            serde_json::from_str(&text).unwrap_or_else(|error| {
                panic!(
                    "{} shipped what is no JSON object ({error}): {text}",
                    self.host
                )
            })
        })
    }
}

/// The last lines of a log.
fn tail_of(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
