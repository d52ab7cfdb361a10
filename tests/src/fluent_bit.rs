//! Runs a real Fluent Bit over lines and reads what it ships.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::peer::FluentBit;

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

/// A folder to run one Fluent Bit in; gone with the value.
#[derive(Debug)]
pub struct Host<'a> {
    bit: &'a FluentBit,
    folder: TempDir,
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

impl<'a> Host<'a> {
    /// A new folder for runs of this Fluent Bit. They start in a folder `cwd` inside of it, which is empty.
    pub fn new(bit: &'a FluentBit) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        std::fs::create_dir(folder.path().join("cwd")).expect("the folder is ours");
        Self { bit, folder }
    }

    /// A path inside of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of these lines, each with its line feed.
    pub fn write_lines<L: AsRef<[u8]>>(
        &self,
        name: &str,
        lines: impl IntoIterator<Item = L>,
    ) -> PathBuf {
        let path = self.path(name);
        let mut file = BufWriter::new(File::create(&path).expect("the folder is ours"));
        for line in lines {
            file.write_all(line.as_ref())
                .and_then(|()| file.write_all(b"\n"))
                .expect("the lines can be written");
        }
        file.flush().expect("the lines can be written");
        path
    }

    /// Runs a configuration (inputs and filters) to its end. Whatever comes out goes to a file, one JSON object a
    /// line; [`tail`] ends the run at the end of its file.
    ///
    /// # Panics
    /// Where the run does not end.
    pub fn run(&self, config: &str) -> Run {
        let output = self.path("out.jsonl");
        let _ = std::fs::remove_file(&output);
        let text = format!(
            "[SERVICE]\n    Flush 0.2\n    Grace 60\n    Log_Level info\n    Parsers_File {}\n{config}\
             [OUTPUT]\n    Name file\n    Match *\n    Path {}\n    File out.jsonl\n    Format plain\n",
            self.path("parsers.conf").display(),
            self.folder.path().display(),
        );
        std::fs::write(self.path("fluent-bit.conf"), text).expect("the folder is ours");
        std::fs::write(self.path("parsers.conf"), PARSERS).expect("the folder is ours");
        let (stdout, stderr) = (self.path("stdout"), self.path("stderr"));
        let file = |path: &Path| File::create(path).expect("the folder is ours");
        let mut child = Command::new(&self.bit.path)
            .arg("-c")
            .arg(self.path("fluent-bit.conf"))
            .current_dir(self.path("cwd"))
            .stdin(Stdio::null())
            .stdout(file(&stdout))
            .stderr(file(&stderr))
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", self.bit));
        let log = || {
            let read = |path: &Path| {
                String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
            };
            read(&stderr) + &read(&stdout)
        };
        let start = Instant::now();
        let status = loop {
            match child.try_wait().expect("the child is ours") {
                Some(status) => break status,
                None if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(20)),
                None => {
                    let _ = child.kill();
                    let _ = child.wait();
                    panic!(
                        "{} did not end; its last words:\n{}",
                        self.bit,
                        tail_of(&log())
                    );
                }
            }
        };
        Run {
            host: self.bit.to_string(),
            may_read_past_strings: self.bit.may_read_past_strings(),
            output,
            log: log(),
            status,
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

/// What `parsers.conf` of Fluent Bit has for Docker.
const PARSERS: &str = "[PARSER]\n    Name docker\n    Format json\n    Time_Key time\n    \
     Time_Format %Y-%m-%dT%H:%M:%S.%L\n    Time_Keep On\n";

/// An input section that reads a file from its start to its end. `more` are further lines of the section.
pub fn tail(path: &Path, tag: &str, more: &str) -> String {
    format!(
        "[INPUT]\n    Name tail\n    Path {}\n    Tag {tag}\n    Read_from_Head on\n    Exit_On_Eof on\n    \
         Buffer_Max_Size 8M\n{more}",
        path.display()
    )
}

/// A filter section for a module, with Fluent Bit's default heap and stack. `more` are further lines of the
/// section.
pub fn wasm(module: &Path, function: &str, more: &str) -> String {
    format!(
        "[FILTER]\n    Name wasm\n    Match *\n    WASM_Path {}\n    Function_Name {function}\n{more}",
        module.display()
    )
}

/// The last lines of a log.
fn tail_of(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
