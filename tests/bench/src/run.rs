//! Runs one Fluent Bit to the end of its file, and says what it used.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use leafpack_peer::FluentBit;
use serde_json::{Map, Value};
use wait4::Wait4;

use crate::pipeline::{Pipeline, Place};
use crate::records::{Line, TAG};

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// `parsers.conf` of Fluent Bit has these two.
const PARSERS: &str = "[PARSER]\n    Name json\n    Format json\n[PARSER]\n    Name cri\n    Format regex\n    \
     Regex ^(?<time>[^ ]+) (?<stream>stdout|stderr) (?<logtag>[^ ]*) (?<message>.*)$\n    Time_Key time\n    \
     Time_Format %Y-%m-%dT%H:%M:%S.%L%z\n    Time_Keep On\n";

/// What one process used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Used {
    /// Seconds of CPU in user mode, of the whole process.
    pub(crate) user: f64,
    /// The most memory that it held, in bytes.
    pub(crate) memory: u64,
}

/// Where the records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    Null,
    File,
}

/// Runs a pipeline over a file, to an output that throws away what comes.
pub(crate) fn measure(
    bit: &FluentBit,
    folder: &Path,
    pipeline: &Pipeline,
    place: &Place,
    file: &Path,
) -> Result<Used, String> {
    run(bit, folder, pipeline, place, file, Output::Null)
}

/// Runs a pipeline over a file of `count` records and holds each that comes out against what it should be.
pub(crate) fn verify(
    bit: &FluentBit,
    folder: &Path,
    pipeline: &Pipeline,
    place: &Place,
    (file, count): (&Path, usize),
) -> Result<(), String> {
    let output = folder.join("out.jsonl");
    let _ = std::fs::remove_file(&output);
    run(bit, folder, pipeline, place, file, Output::File)?;
    let text = std::fs::read_to_string(&output)
        .map_err(|error| format!("cannot read what came out: {error}"))?;
    let came = text.lines().count();
    if came != count {
        return Err(format!("{came} records of {count} came out"));
    }
    for (n, text) in text.lines().enumerate() {
        let found: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))?;
        compare(pipeline.expected(&Line::new(n, None)), &found)
            .map_err(|error| format!("record {n}: {error} in {text}"))?;
    }
    Ok(())
}

fn compare(
    (expected, more): (Map<String, Value>, bool),
    found: &Map<String, Value>,
) -> Result<(), String> {
    for (name, value) in &expected {
        if found.get(name) != Some(value) {
            return Err(format!("{name} should be {value}"));
        }
    }
    match found
        .keys()
        .find(|name| !more && !expected.contains_key(*name))
    {
        Some(name) => Err(format!("{name} should not be there")),
        None => Ok(()),
    }
}

fn run(
    bit: &FluentBit,
    folder: &Path,
    pipeline: &Pipeline,
    place: &Place,
    file: &Path,
    output: Output,
) -> Result<Used, String> {
    let write = |path: PathBuf, text: &str| {
        std::fs::write(&path, text)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))
    };
    let (sections, files) = pipeline.sections(place);
    for (name, text) in files {
        write(place.settings.join(name), &text)?;
    }
    write(folder.join("parsers.conf"), PARSERS)?;
    let output = match output {
        Output::Null => "    Name null\n    Match *\n".to_string(),
        Output::File => format!(
            "    Name file\n    Match *\n    Path {}\n    File out.jsonl\n    Format plain\n",
            folder.display()
        ),
    };
    // Buffer_Max_Size: as the stack has it.
    let config = format!(
        "[SERVICE]\n    Flush 0.2\n    Grace 60\n    Log_Level warn\n    Parsers_File {}\n\
         [INPUT]\n    Name tail\n    Path {}\n    Tag {TAG}\n    Read_from_Head on\n    Exit_On_Eof on\n    \
         Buffer_Max_Size 1048578\n{}{}{}{sections}[OUTPUT]\n{output}",
        folder.join("parsers.conf").display(),
        file.display(),
        pipeline.shape.input(),
        pipeline.input,
        pipeline.read(place),
    );
    write(folder.join("fluent-bit.conf"), &config)?;
    let log = folder.join("log");
    let stderr =
        File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let stdout = stderr.try_clone().map_err(|error| error.to_string())?;
    let mut child = Command::new(&bit.path)
        .arg("-c")
        .arg(folder.join("fluent-bit.conf"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .map_err(|error| format!("cannot run {bit}: {error}"))?;
    // Waiting with wait4 cannot be given up, so that another thread ends what hangs.
    let id = child.id().to_string();
    let (done, ended) = channel::<()>();
    let watch = std::thread::spawn(move || {
        if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
        }
    });
    let usage = child.wait4();
    drop(done);
    let _ = watch.join();
    let usage = usage.map_err(|error| format!("cannot wait for {bit}: {error}"))?;
    let text = std::fs::read(&log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let fault = text.lines().find(|line| {
        line.contains("[error]") || line.contains("Exception") || line.contains("warning:")
    });
    match fault {
        None if usage.status.success() => Ok(Used {
            user: usage.rusage.utime.as_secs_f64(),
            memory: usage.rusage.maxrss,
        }),
        None => Err(format!("ended with {}", usage.status)),
        Some(line) => Err(format!("ended with {}: {line}", usage.status)),
    }
}

/// Each filter of the built modules with its functions, as `cargo xtask build` lists them.
pub(crate) fn functions(index: &Path) -> Result<BTreeMap<String, Vec<String>>, String> {
    let text = std::fs::read(index).map_err(|error| {
        format!(
            "cannot read {} ({error}): run cargo xtask build",
            index.display()
        )
    })?;
    let index: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let filters = index["filters"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    Ok(filters
        .map(|filter| {
            let functions = filter["functions"]
                .as_array()
                .into_iter()
                .flatten()
                .map(text)
                .collect();
            (text(&filter["name"]), functions)
        })
        .collect())
}
