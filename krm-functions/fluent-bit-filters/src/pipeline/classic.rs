//! The classic syntax, as `flb_cf_fluentbit.c` reads it (3.2.2 to 5.1.1).
//!
//! Headers and commands begin a line, everything else is indented; by as much as the first such line of a file, in all
//! of that file. A name ends at the first space.

use super::section::is_mark;
use super::text::{behind, lines, taken_back};
use super::{Config, Edit, File, Kind, Note, Pipeline, Plugin, Property, Weight};
use std::ops::Range;

/// Sections that Fluent Bit knows and records do not meet.
const OTHERS: [&str; 8] = [
    "PARSER",
    "MULTILINE_PARSER",
    "CUSTOM",
    "PLUGINS",
    "STREAM_TASK",
    "UPSTREAM",
    "NODE",
    "ENV",
];

fn kind(header: &str) -> Option<Kind> {
    let header = header.trim().to_ascii_uppercase();
    match header.as_str() {
        "SERVICE" => Some(Kind::Service),
        "INPUT" => Some(Kind::Input),
        "FILTER" => Some(Kind::Filter),
        "OUTPUT" => Some(Kind::Output),
        header if OTHERS.contains(&header) => Some(Kind::Other),
        _ => None,
    }
}

/// Reads a file and what it includes.
pub(super) fn read(config: &Config, file: usize, seen: &mut Vec<usize>, pipeline: &mut Pipeline) {
    let mut current: Option<usize> = None;
    // How deep the header of the group is in which a line may stand, `[name]` inside of a section.
    let mut group: Option<usize> = None;
    for (range, line) in lines(&config.files[file].text) {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let mut note = |message: String, weight: Weight| {
            pipeline.notes.push(Note {
                file,
                message,
                weight,
            });
        };
        if content.starts_with("{{") {
            note(
                format!("the template {content:?}, which may switch sections on and off"),
                Weight::Switch,
            );
        } else if line.starts_with('@') {
            include(config, file, line, seen, pipeline);
        } else if let Some(header) = line.strip_prefix('[') {
            let Some((header, _)) = header.split_once(']') else {
                note(
                    format!("the header {line:?} without a ]"),
                    Weight::Unreadable,
                );
                continue;
            };
            let kind = kind(header).unwrap_or_else(|| {
                note(format!("the section [{header}]"), Weight::None);
                Kind::Other
            });
            current = Some(pipeline.plugins.len());
            group = None;
            pipeline.plugins.push(Plugin {
                kind,
                file,
                lines: range,
                properties: Vec::new(),
                number: 0,
            });
        } else if let Some(plugin) = current.map(|current| &mut pipeline.plugins[current]) {
            plugin.lines.end = range.end;
            let depth = line.len() - line.trim_start().len();
            if content.starts_with('[') {
                group = Some(depth);
            } else if group.is_none_or(|group| depth <= group) {
                group = None;
                plugin.properties.extend(property(range, line));
            }
        } else {
            note(
                format!("the line {content:?} outside of a section"),
                Weight::None,
            );
        }
    }
}

fn property(range: Range<usize>, line: &str) -> Option<Property> {
    let (key, value) = line.trim().split_once(' ')?;
    let value = value.trim();
    let end = range.start + line.trim_end().len();
    Some(Property {
        key: key.to_owned(),
        values: vec![value.to_owned()],
        value: Some(end - value.len()..end),
        lines: Some(range),
    })
}

/// `@INCLUDE` and `@SET`. A file is included where the command stands.
fn include(
    config: &Config,
    file: usize,
    line: &str,
    seen: &mut Vec<usize>,
    pipeline: &mut Pipeline,
) {
    let Some((command, name)) = line.split_once(' ') else {
        return;
    };
    if !command.eq_ignore_ascii_case("@include") {
        return;
    }
    match config.included(name) {
        Some(included) => config.read_file(included, seen, pipeline),
        None => pipeline.notes.push(Note {
            file,
            message: format!("{:?}, whose file is not in the build", line.trim()),
            weight: Weight::Sections,
        }),
    }
}

/// What the properties of a file are indented with.
pub(super) fn indent(config: &Config, file: usize) -> String {
    let alone = [file];
    let together: &[usize] = if config.roots.contains(&file) {
        &config.roots
    } else {
        &alone
    };
    let texts = together.iter().map(|part| &config.files[*part].text);
    let mut all = texts.flat_map(|text| lines(text)).map(|(_, line)| line);
    let first = all.find(|line| {
        let content = line.trim();
        line.starts_with([' ', '\t']) && !content.is_empty() && !content.starts_with("{{")
    });
    first.map_or_else(
        || "    ".to_owned(),
        |line| line[..line.len() - line.trim_start().len()].to_owned(),
    )
}

/// Puts a section behind another one, with an empty line between them.
pub(super) fn insert_behind(file: usize, text: &str, at: usize, section: &str) -> Edit {
    Edit {
        file,
        range: at..at,
        with: behind(text, at, &format!("\n{section}")),
    }
}

/// Puts a section before everything else of a file.
pub(super) fn insert_at_start(file: usize, text: &str, section: &str) -> Edit {
    let gap = if text.is_empty() { "" } else { "\n" };
    Edit {
        file,
        range: 0..0,
        with: format!("{section}{gap}"),
    }
}

/// Takes out a section of ours, with all that came with it.
pub(super) fn remove_ours(file: &File, index: usize, plugin: &Plugin) -> Edit {
    let text = &file.text;
    let Range { mut start, mut end } = plugin.lines;
    let before: Vec<(Range<usize>, &str)> = lines(&text[..start]).collect();
    let mut before = before.iter().rev().peekable();
    if let Some((range, _)) = before.next_if(|(_, line)| is_mark(line)) {
        start = range.start;
    }
    let range = if let Some((range, _)) = before.next_if(|(_, line)| line.is_empty()) {
        taken_back(text, range.start..end)
    } else {
        let behind = lines(&text[end..]).next();
        if let Some((range, _)) = behind.filter(|(_, line)| start == 0 && line.is_empty()) {
            end += range.end;
        }
        taken_back(text, start..end)
    };
    Edit {
        file: index,
        range,
        with: String::new(),
    }
}

/// Takes out a section of the user's, and the empty line that parted it from the next.
pub(super) fn remove(file: &File, index: usize, plugin: &Plugin) -> Edit {
    let text = &file.text;
    let mut range = plugin.lines.clone();
    let next = lines(&text[range.end..]).next();
    let is_parted = text[..range.start].is_empty() || text[..range.start].ends_with("\n\n");
    if let Some((line, _)) = next.filter(|(_, line)| is_parted && line.trim().is_empty()) {
        range.end += line.end;
    }
    Edit {
        file: index,
        range: taken_back(text, range),
        with: String::new(),
    }
}
