//! Runs one Fluent Bit to the end of its file, and says what it used.

use std::collections::BTreeMap;
use std::path::Path;

use leafpack_peer::FluentBit;
use serde_json::{Map, Value};

use crate::config::{Config, Section};
use crate::pipeline::{Pipeline, Place};
use crate::process::{self, PARSERS_FILE, Used};
use crate::records::{Line, TAG};

/// Where the records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Null,
    /// `out.jsonl` in the folder of the run.
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
    // buffer_max_size: as the stack has it.
    let input = Section::new(&[("name", "tail")])
        .set("path", file.display())
        .set("tag", TAG)
        .and(&[
            ("read_from_head", "on"),
            ("exit_on_eof", "on"),
            ("buffer_max_size", "1048578"),
        ]);
    let config = config(pipeline, place, "0.2", input, output)?;
    process::start(bit, folder, &config)?.wait()
}

/// A pipeline with this `flush` from an input to an output. Writes the files that its filters read.
pub(crate) fn config(
    pipeline: &Pipeline,
    place: &Place,
    flush: &str,
    input: Section,
    output: Output,
) -> Result<Config, String> {
    let parts = pipeline.parts(place);
    for (name, text) in &parts.files {
        process::write(&place.settings.join(name), text)?;
    }
    Ok(Config {
        service: Section::new(&[("grace", "60"), ("log_level", "warn")])
            .set("flush", flush)
            .set("parsers_file", PARSERS_FILE),
        input: pipeline.input(place, input),
        filters: parts.filters,
        output: Section::new(match output {
            Output::Null => &[("name", "null"), ("match", "*")],
            Output::File => &[
                ("name", "file"),
                ("match", "*"),
                ("path", "."),
                ("file", "out.jsonl"),
                ("format", "plain"),
            ],
        }),
        processors: parts.processors,
    })
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
