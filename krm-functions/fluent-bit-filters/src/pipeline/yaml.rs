//! The YAML syntax, as `flb_cf_yaml.c` reads it (3.2.2 to 5.1.1).

use super::section::is_mark;
use super::text::{behind, lines, taken_back};
use super::tree::{self, Node, Value, line_ranges};
use super::{Config, Edit, File, Kind, Note, Pipeline, Plugin, Property, Weight};
use std::ops::Range;

/// Lists of the field `pipeline`, in the order in which records meet them.
const LISTS: [(&str, Kind); 3] = [
    ("inputs", Kind::Input),
    ("filters", Kind::Filter),
    ("outputs", Kind::Output),
];

/// Fields beside `pipeline` that bring no filter.
const HARMLESS: [&str; 9] = [
    "service",
    "env",
    "parsers",
    "multiline_parsers",
    "stream_processor",
    "plugins",
    "customs",
    "upstream_servers",
    "pipeline",
];

/// Reads a file.
pub(super) fn read(config: &Config, file: usize, pipeline: &mut Pipeline) {
    let text = &config.files[file].text;
    let mut note = |message: String, weight: Weight| {
        pipeline.notes.push(Note {
            file,
            message,
            weight,
        });
    };
    let root = match tree::read(text) {
        Ok(Some(root)) => root,
        Ok(None) => return,
        Err(error) => {
            note(
                format!("a text that is no YAML: {error}"),
                Weight::Unreadable,
            );
            return;
        }
    };
    let Value::Map(fields) = &root.value else {
        note("YAML that is no mapping".to_owned(), Weight::Unreadable);
        return;
    };
    for (key, _) in fields {
        let name = key.text();
        if !HARMLESS.contains(&name) {
            // `includes` may bring filters, and in which place is Fluent Bit's affair.
            let weight = match name {
                "includes" => Weight::Sections,
                _ => Weight::None,
            };
            note(format!("the field {name:?}"), weight);
        }
    }
    let Some((_, sections)) = root.field("pipeline") else {
        return;
    };
    let ranges = line_ranges(text);
    for (name, kind) in LISTS {
        let Some((key, list)) = sections.field(name) else {
            continue;
        };
        let dashes = dashes(key, list, text, &ranges);
        for item in list.items() {
            pipeline
                .plugins
                .push(plugin(file, kind, dashes, item, text, &ranges));
        }
    }
}

fn plugin(
    file: usize,
    kind: Kind,
    dashes: Option<usize>,
    item: &Node,
    text: &str,
    ranges: &[Range<usize>],
) -> Plugin {
    let first = dashes.map_or(item.line, |column| dash_line(column, item, text, ranges));
    let mut properties = Vec::new();
    if let Value::Map(fields) = &item.value {
        for (key, value) in fields {
            let values = match &value.value {
                Value::Scalar(text) => vec![text.clone()],
                Value::List(items) => items.iter().map(|item| item.text().to_owned()).collect(),
                _ => continue,
            };
            let last = value.last.max(key.line);
            // The first property shares its line with the dash.
            let is_alone = key.line > first && dashes.is_some();
            properties.push(Property {
                key: key.text().to_owned(),
                lines: is_alone.then(|| ranges[key.line].start..ranges[last].end),
                value: scalar_range(value, text, ranges),
                values,
            });
        }
    }
    Plugin {
        kind,
        file,
        lines: ranges[first].start..ranges[item.last].end,
        properties,
        number: 0,
    }
}

/// The column of the dashes of a list that is written with them, one line or more for each item. Where the list is no
/// deeper than its key, the parser says that it begins behind the first dash.
fn dashes(key: &Node, list: &Node, text: &str, ranges: &[Range<usize>]) -> Option<usize> {
    let last = list.items().first()?.line;
    (key.line + 1..=last).find_map(|line| {
        let line = &text[ranges.get(line)?.clone()];
        let content = line.trim_start_matches(' ');
        let is_dash = content.starts_with("- ") || content.trim_end() == "-";
        is_dash.then_some(line.len() - content.len())
    })
}

/// The line of an item's dash, which may stand above it.
fn dash_line(column: usize, item: &Node, text: &str, ranges: &[Range<usize>]) -> usize {
    let has_dash = |line: &usize| text[ranges[*line].clone()].chars().nth(column) == Some('-');
    (0..=item.line).rev().find(has_dash).unwrap_or(item.line)
}

/// The character with which a node begins.
fn char_at(node: &Node, text: &str, ranges: &[Range<usize>]) -> Option<char> {
    text[ranges.get(node.line)?.clone()]
        .chars()
        .nth(node.column)
}

/// Where a plain scalar of one line stands.
fn scalar_range(node: &Node, text: &str, ranges: &[Range<usize>]) -> Option<Range<usize>> {
    let value = node.text();
    let range = &ranges[node.line];
    let line = &text[range.clone()];
    let (at, _) = line.char_indices().nth(node.column)?;
    (!value.is_empty() && line[at..].starts_with(value))
        .then(|| range.start + at..range.start + at + value.len())
}

/// Where a filter goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Where {
    /// Behind the filter of this place in the list.
    Behind(usize),
    /// Before all.
    First,
}

/// Puts a filter into the list; `section` writes it with an indentation.
///
/// # Errors
/// Where the text has no lines of its own for filters; what it has instead.
pub(super) fn insert(
    file: &File,
    index: usize,
    place: Where,
    section: impl Fn(&str) -> String,
) -> Result<Edit, String> {
    let text = &file.text;
    let root = tree::read(text)?.ok_or("nothing")?;
    let (_, pipeline) = root.field("pipeline").ok_or("no field pipeline")?;
    let Value::Map(fields) = &pipeline.value else {
        return Err("a pipeline that is no mapping".to_owned());
    };
    let ranges = line_ranges(text);
    let mut steps = fields.iter().filter_map(|(key, value)| {
        let column = dashes(key, value, text, &ranges)?;
        Some(column.saturating_sub(key.column))
    });
    let step = steps.next().unwrap_or(2);
    let edit = |behind_line: Option<usize>, block: &str| {
        let at = behind_line.map_or(0, |line| ranges[line].end);
        Edit {
            file: index,
            range: at..at,
            with: behind(text, at, block),
        }
    };
    if let Some((key, list)) = pipeline.field("filters") {
        if list.is_nothing() {
            let block = section(&" ".repeat(key.column + step));
            return Ok(edit(Some(key.line), &block));
        }
        let Some(column) = dashes(key, list, text, &ranges) else {
            return Err("filters in brackets".to_owned());
        };
        let line = match place {
            Where::Behind(item) => list.items().get(item).map_or(list.last, |item| item.last),
            Where::First => key.line,
        };
        return Ok(edit(Some(line), &section(&" ".repeat(column))));
    }
    let first = fields.first().ok_or("an empty pipeline")?;
    if char_at(pipeline, text, &ranges) == Some('{') {
        return Err("a pipeline in braces".to_owned());
    }
    let column = first.0.column;
    let block = format!(
        "{}filters:\n{}",
        " ".repeat(column),
        section(&" ".repeat(column + step))
    );
    let outputs = fields
        .iter()
        .position(|(key, _)| key.text().eq_ignore_ascii_case("outputs"));
    let line = match outputs {
        Some(0) => first.0.line.checked_sub(1),
        Some(at) => Some(last_of(&fields[at - 1])),
        None => fields.last().map(last_of),
    };
    Ok(edit(line, &block))
}

/// The last line of a field.
fn last_of((key, value): &(Node, Node)) -> usize {
    if value.is_nothing() {
        key.line
    } else {
        value.last
    }
}

/// Takes out a filter of ours, with the line above it.
pub(super) fn remove_ours(file: &File, index: usize, plugin: &Plugin) -> Edit {
    let mut start = plugin.lines.start;
    let above = lines(&file.text[..start]).last();
    if let Some((range, _)) = above.filter(|(_, line)| is_mark(line)) {
        start = range.start;
    }
    Edit {
        file: index,
        range: taken_back(&file.text, start..plugin.lines.end),
        with: String::new(),
    }
}

/// Takes out a section of the user's; `None` where its lines hold something else too.
pub(super) fn remove(file: &File, index: usize, plugin: &Plugin) -> Option<Edit> {
    let text = &file.text[plugin.lines.clone()];
    text.trim_start().starts_with('-').then(|| Edit {
        file: index,
        range: taken_back(&file.text, plugin.lines.clone()),
        with: String::new(),
    })
}
