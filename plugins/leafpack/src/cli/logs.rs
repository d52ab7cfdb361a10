//! `leafpack logs`: what filters make of a log.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Done, Failed, World, colours, in_file, is_stdin, name, not_both_stdin, print, read};
use crate::catalog::{Catalog, Filter};
use crate::chain::{Answer, Chain, Section, Step, is_object, settings_mark};
use crate::cli::args::LogsArgs;
use crate::explain::{Call, Explainer, Style};
use crate::filter::{Lost, RecordTime};
use crate::sandbox::{Cause, Limits};
use crate::tail;

/// Below this many bytes a file is done before a bar could be read.
const LONG: u64 = 4 << 20;

/// The longest line that the tail input takes with its default Buffer_Max_Size of 32k, in bytes.
const TAIL_LINE_MAX: usize = 32_766;

pub(super) fn run(args: &LogsArgs, catalog: &Catalog, world: &mut World<'_>) -> Done {
    let limits = args.limits.over(world)?;
    let file = args.file.as_deref().filter(|path| !is_stdin(path));
    let (sections, files) = sections(args, catalog, world)?;
    let chain = Chain::load(&sections, limits)?;
    let style = Style::new(colours(world));
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
        chain,
        complaints: vec![Vec::new(); sections.len()],
        tag: args
            .tag
            .clone()
            .unwrap_or_else(|| tail::tag(base.as_deref().unwrap_or("stdin"))),
        file: name(file.unwrap_or(Path::new("-"))),
        explainer: args
            .explain
            .then(|| Explainer::new(&sections, &args.key, style)),
        sections,
        files,
        bar,
        failed: false,
        long_lines: None,
    };
    session.check_settings(limits, world.stderr)?;
    session.all(args, reader, world.stdout, world.stderr)
}

/// The filters as the options ask for them, and the settings file of each.
fn sections(
    args: &LogsArgs,
    catalog: &Catalog,
    world: &mut World<'_>,
) -> Result<(Vec<Section>, Vec<Option<PathBuf>>), Failed> {
    let names: Vec<&str> = args.filters.iter().map(String::as_str).collect();
    let filters: Vec<&'static Filter> = names
        .iter()
        .map(|name| catalog.filter(name))
        .collect::<Result<_, _>>()?;
    let settings = options("--settings", "FILE", &args.settings, &names)?;
    let functions: Vec<OsString> = args.functions.iter().map(OsString::from).collect();
    let functions = options("--function", "NAME", &functions, &names)?;
    let from_stdin = settings.values().find(|file| is_stdin(Path::new(*file)));
    if let Some(file) = from_stdin {
        let log = args.file.as_deref().unwrap_or(Path::new("-"));
        not_both_stdin(("--settings", Path::new(file)), ("the log", log))?;
    }
    let mut texts = HashMap::new();
    for (name, file) in &settings {
        texts.insert(*name, read(Path::new(file), world)?);
    }
    let mut sections = Vec::new();
    let mut files = Vec::new();
    for filter in filters {
        let given = functions
            .get(filter.name)
            .map(|name| name.to_string_lossy());
        sections.push(Section {
            filter,
            function: function(given.as_deref(), filter)?,
            settings: texts.get(filter.name).cloned(),
        });
        files.push(settings.get(filter.name).map(PathBuf::from));
    }
    Ok((sections, files))
}

/// Sorts `[FILTER=]VALUE` by filter. Without a name it is for the only one that there is.
fn options<'a>(
    option: &str,
    value: &str,
    given: &'a [OsString],
    filters: &[&'a str],
) -> Result<BTreeMap<&'a str, OsString>, Failed> {
    let mut found = BTreeMap::new();
    for text in given {
        let named = filters.iter().find_map(|filter| {
            let text = text.to_str()?;
            let rest = text.strip_prefix(filter)?.strip_prefix('=')?;
            Some((*filter, OsString::from(rest)))
        });
        let one = filters.iter().all(|filter| *filter == filters[0]);
        let (filter, text) = match named {
            Some(named) => named,
            None if one => (filters[0], text.clone()),
            None => {
                let shown = text.to_string_lossy();
                return Err(format!(
                    "{option} {shown} does not say which filter it is for; write {option} {}={shown}, or another of: {}",
                    filters[0],
                    filters.join(", ")
                )
                .into());
            }
        };
        if found.insert(filter, text).is_some() {
            return Err(format!(
                "{option} is given twice for the filter {filter}; give one {value}"
            )
            .into());
        }
    }
    Ok(found)
}

fn function(given: Option<&str>, filter: &Filter) -> Result<String, Failed> {
    let function = given
        .or(filter.functions.first().copied())
        .unwrap_or_default();
    match function.ends_with("_msgpack") {
        true => Err(format!(
            "--function {function} is for Event_Format msgpack, and this command hands over JSON; \
             its JSON twin makes the same records: --function {}",
            function.trim_end_matches("_msgpack")
        )
        .into()),
        false => Ok(function.to_owned()),
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

/// Filters over one log.
struct Session {
    chain: Chain,
    sections: Vec<Section>,
    /// The settings file of each filter, if it was given one.
    files: Vec<Option<PathBuf>>,
    /// What each filter had to say about its settings, which is not said again.
    complaints: Vec<Vec<String>>,
    explainer: Option<Explainer>,
    tag: String,
    file: String,
    bar: ProgressBar,
    /// Something was said that makes the status 1.
    failed: bool,
    /// How many lines the tail input would not take by default, and the number of the first.
    long_lines: Option<(u64, u64)>,
}

impl Session {
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
            self.record(number, record, time(args.time), stdout, stderr)?;
            if number % 1024 == 0 {
                self.bar.set_position(position);
            }
        }
        self.bar.finish_and_clear();
        if let Some(explainer) = &self.explainer {
            print(stdout, explainer.summary().as_bytes())?;
        }
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

    fn record(
        &mut self,
        number: u64,
        record: Vec<u8>,
        time: RecordTime,
        stdout: &mut dyn io::Write,
        stderr: &mut dyn io::Write,
    ) -> Done {
        let input = self.explainer.is_some().then(|| record.clone());
        let mut steps = self.chain.call(&self.tag, time, record);
        for step in &steps {
            self.notes(step, stderr);
            if let Answer::Record(json) = &step.answer {
                self.mark(step.filter, json, stderr);
            }
        }
        if let (Some(explainer), Some(input)) = (&mut self.explainer, &input) {
            let call = Call {
                tag: &self.tag,
                time,
            };
            let text = explainer.line(number, input, call, &steps);
            print(stdout, text.as_bytes())?;
        }
        let Some(Step { answer, filter, .. }) = steps.pop() else {
            return Ok(());
        };
        // Which of several it was.
        let which = || match self.sections.len() {
            1 => "the filter".to_owned(),
            _ => format!("the filter {}", self.sections[filter].filter.name),
        };
        match answer {
            Answer::Record(json) if self.explainer.is_none() => write(json, stdout)?,
            Answer::Record(_) | Answer::Dropped => {}
            Answer::NotJson(text) => self.say(stderr, number, &format!(
                "{}'s answer is not one JSON object, which makes Fluent Bit lose other records too, or abort: {}",
                which(), excerpt(&text)
            )),
            Answer::Lost(Lost::Failed(failure)) if matches!(failure.cause, Cause::Limit(_)) => {
                self.say(stderr, number, &failure.to_string());
                return Err(Failed::Said);
            }
            Answer::Lost(lost) => self.say(stderr, number, &format!("the record is lost: {lost}")),
        }
        Ok(())
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

    /// Says what the filters say about their settings. The records are shown all the same, as Fluent Bit would ship
    /// them.
    fn check_settings(&mut self, limits: Limits, stderr: &mut dyn io::Write) -> Done {
        for (index, section) in self.sections.iter().enumerate() {
            let Some(file) = &self.files[index] else {
                continue;
            };
            let complaints = section.complaints(limits)?;
            for complaint in &complaints {
                self.failed = true;
                let _ = writeln!(stderr, "{}: error: {complaint}", file.display());
            }
            self.complaints[index] = complaints;
        }
        Ok(())
    }

    /// A record that tells of settings which can't be used is an error here, whether or not the filter has said so.
    fn mark(&mut self, filter: usize, json: &[u8], stderr: &mut dyn io::Write) {
        let Some(file) = self.files[filter].as_deref().filter(|_| !self.failed) else {
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
                file.display()
            );
        });
    }

    /// Passes on what a filter says, save what was said of its settings.
    fn notes(&mut self, step: &Step, stderr: &mut dyn io::Write) {
        let section = &self.sections[step.filter];
        for note in &step.notes {
            let complaint = self.files[step.filter]
                .as_ref()
                .and_then(|file| Some((file, section.complaint(note)?)));
            let text = match complaint {
                Some((_, complaint)) if self.complaints[step.filter].contains(&complaint) => {
                    continue;
                }
                Some((file, complaint)) => {
                    self.failed = true;
                    format!("{}: error: {complaint}\n", file.display())
                }
                None => format!("{note}\n"),
            };
            self.bar.suspend(|| {
                let _ = stderr.write_all(text.as_bytes());
            });
        }
    }
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
