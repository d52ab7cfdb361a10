//! `leafpack logs`: what a filter makes of a log.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Done, Failed, World, in_file, is_stdin, name, not_both_stdin, print, read};
use crate::catalog::{Catalog, Filter};
use crate::cli::args::LogsArgs;
use crate::filter::{FilterInstance, Lost, RecordTime};
use crate::sandbox::Cause;
use crate::tail;

/// Below this many bytes a file is done before a bar could be read.
const LONG: u64 = 4 << 20;

/// The longest line that the tail input takes with its default Buffer_Max_Size of 32k, in bytes.
const TAIL_LINE_MAX: usize = 32_766;

pub(super) fn run(args: &LogsArgs, catalog: &Catalog, world: &mut World<'_>) -> Done {
    let limits = args.limits.over(world)?;
    if let Some(settings) = &args.settings {
        let file = args.file.as_deref().unwrap_or(Path::new("-"));
        not_both_stdin(("--settings", settings), ("the log", file))?;
    }
    let filter = catalog.filter(&args.filter)?;
    let function = function(args, filter)?;
    let settings = match &args.settings {
        Some(path) => Some(read(path, world)?),
        None => None,
    };
    let instance = FilterInstance::load(filter, function, settings.as_deref(), limits)?;
    let file = args.file.as_deref().filter(|path| !is_stdin(path));
    let (reader, size): (Box<dyn Read>, _) = match file {
        None => (Box::new(&mut *world.stdin), None),
        Some(path) => {
            let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
            let (metadata, file) = opened.map_err(|why| in_file(path, why))?;
            (Box::new(file), metadata.is_file().then_some(metadata.len()))
        }
    };
    let bar = match size {
        Some(size) if size >= LONG && world.show_progress => bar(size),
        _ => ProgressBar::hidden(),
    };
    let base = file
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy());
    let mut session = Session {
        instance,
        filter,
        settings: args.settings.as_deref(),
        tag: args
            .tag
            .clone()
            .unwrap_or_else(|| tail::tag(base.as_deref().unwrap_or("stdin"))),
        file: name(file.unwrap_or(Path::new("-"))),
        bar,
        failed: false,
        long_lines: None,
    };
    session.all(args, reader, world.stdout, world.stderr)
}

fn function<'a>(args: &'a LogsArgs, filter: &'a Filter) -> Result<&'a str, Failed> {
    let function = args
        .function
        .as_deref()
        .or(filter.functions.first().copied())
        .unwrap_or_default();
    match function.ends_with("_msgpack") {
        true => Err(format!(
            "--function {function} is for Event_Format msgpack, and this command hands over JSON; \
             its JSON twin makes the same records: --function {}",
            function.trim_end_matches("_msgpack")
        )
        .into()),
        false => Ok(function),
    }
}

fn bar(size: u64) -> ProgressBar {
    let bar = ProgressBar::new(size);
    let template = "{wide_bar} {bytes}/{total_bytes} {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// One filter over one log.
struct Session<'a> {
    instance: FilterInstance,
    filter: &'a Filter,
    settings: Option<&'a Path>,
    tag: String,
    file: String,
    bar: ProgressBar,
    /// Something was said that makes the status 1.
    failed: bool,
    /// How many lines the tail input would not take by default, and the number of the first.
    long_lines: Option<(u64, u64)>,
}

impl Session<'_> {
    fn all(
        &mut self,
        args: &LogsArgs,
        reader: impl Read,
        stdout: &mut dyn io::Write,
        stderr: &mut dyn io::Write,
    ) -> Done {
        let mut reader = BufReader::with_capacity(1 << 16, reader);
        let mut line = Vec::new();
        let (mut number, mut position) = (0_u64, 0_u64);
        loop {
            line.clear();
            let len = reader
                .read_until(b'\n', &mut line)
                .map_err(|why| Failed::In(self.file.clone(), why.to_string()))?;
            if len == 0 {
                break;
            }
            number += 1;
            position += len as u64;
            let line = tail::trim_end(&line);
            self.count_long(line, number);
            let record = match args.json_lines && is_object(line) {
                true => line.to_vec(),
                false => tail::record(&args.key, line),
            };
            let answer = self
                .instance
                .call(self.tag.as_bytes(), time(args.time), &record);
            self.notes(stderr);
            match answer {
                Ok(None) => {}
                Ok(Some(json)) if is_object(&json) => {
                    self.mark(&json, stderr);
                    write(json, stdout)?;
                }
                Ok(Some(json)) => self.say(stderr, number, &format!(
                    "the filter's answer is not one JSON object, which makes Fluent Bit lose other records too, or abort: {}",
                    excerpt(&json)
                )),
                Err(Lost::Failed(failure)) if matches!(failure.cause, Cause::Limit(_)) => {
                    self.say(stderr, number, &failure.to_string());
                    return Err(Failed::Said);
                }
                Err(lost) => self.say(stderr, number, &format!("the record is lost: {lost}")),
            }
            if number % 1024 == 0 {
                self.bar.set_position(position);
            }
        }
        self.bar.finish_and_clear();
        if let Some((count, first)) = self.long_lines {
            let lines = if count == 1 {
                "1 line is".to_owned()
            } else {
                format!("{count} lines are")
            };
            let _ = writeln!(
                stderr,
                "{}:{first}: warning: {lines} longer than {TAIL_LINE_MAX} bytes; Fluent Bit's tail input gives the file \
                 up there unless Buffer_Max_Size is raised or Skip_Long_Lines is on",
                self.file
            );
        }
        if self.failed {
            Err(Failed::Said)
        } else {
            Ok(())
        }
    }

    fn count_long(&mut self, line: &[u8], number: u64) {
        if line.len() > TAIL_LINE_MAX {
            let (count, first) = self.long_lines.unwrap_or((0, number));
            self.long_lines = Some((count + 1, first));
        }
    }

    fn say(&mut self, stderr: &mut dyn io::Write, number: u64, what: &str) {
        self.failed = true;
        let file = &self.file;
        self.bar.suspend(|| {
            let _ = writeln!(stderr, "{file}:{number}: error: {what}");
        });
    }

    /// A record that tells of settings which can't be used is an error here, whether or not the filter has said so.
    fn mark(&mut self, json: &[u8], stderr: &mut dyn io::Write) {
        let Some(settings) = self.settings.filter(|_| !self.failed) else {
            return;
        };
        let Some(mark) = settings_mark(json) else {
            return;
        };
        self.failed = true;
        self.bar.suspend(|| {
            let _ = writeln!(
                stderr,
                "{}: error: records are marked with {mark:?}",
                settings.display()
            );
        });
    }

    /// Passes on what the filter says. It goes on with bad settings, for a pipeline must; here they are an error.
    fn notes(&mut self, stderr: &mut dyn io::Write) {
        let notes = self.instance.take_notes();
        if notes.is_empty() {
            return;
        }
        let prefix = format!("leafpack: {}.json: ", self.filter.name);
        let mut text = String::new();
        for note in String::from_utf8_lossy(&notes).lines() {
            match (note.strip_prefix(&prefix), self.settings) {
                (Some(rest), Some(settings)) => {
                    self.failed = true;
                    text.push_str(&format!("{}: error: {rest}\n", settings.display()));
                }
                (None, Some(_)) if note.starts_with("leafpack: ") => {
                    self.failed = true;
                    text.push_str(note);
                    text.push('\n');
                }
                _ => {
                    text.push_str(note);
                    text.push('\n');
                }
            }
        }
        self.bar.suspend(|| {
            let _ = stderr.write_all(text.as_bytes());
        });
    }
}

/// The field in which our filters say what is wrong with a record: `<code>: <reason>`, several with `; ` between them.
#[derive(Deserialize)]
struct Marked {
    leafpack_error: Option<String>,
}

/// The part of a record's mark that is about settings: its code ends in `.settings`.
fn settings_mark(json: &[u8]) -> Option<String> {
    const CODE: &[u8] = b".settings:";
    // Most records have none, and needn't be parsed for it.
    if !json.windows(CODE.len()).any(|text| text == CODE) {
        return None;
    }
    let marked: Marked = serde_json::from_slice(json).ok()?;
    let mark = marked.leafpack_error?;
    let about_settings = |part: &&str| {
        part.split_once(':')
            .is_some_and(|(code, _)| code.ends_with(".settings") && !code.contains(' '))
    };
    mark.split("; ").find(about_settings).map(str::to_owned)
}

/// One line for one record: a newline in valid JSON stands between tokens, where a space says the same.
fn write(mut json: Vec<u8>, stdout: &mut dyn io::Write) -> Done {
    for byte in &mut json {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    json.push(b'\n');
    print(stdout, &json)
}

fn is_object(text: &[u8]) -> bool {
    text.trim_ascii_start().first() == Some(&b'{')
        && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

fn excerpt(text: &[u8]) -> String {
    const LEN: usize = 120;
    let shown = String::from_utf8_lossy(&text[..text.len().min(LEN)]);
    format!("{shown}{}", if text.len() > LEN { "…" } else { "" })
}

fn time(given: Option<SystemTime>) -> RecordTime {
    let since = given
        .unwrap_or_else(SystemTime::now)
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    RecordTime {
        // Fluent Bit cuts it so too.
        seconds: since.as_secs() as u32,
        nanoseconds: since.subsec_nanos(),
    }
}
