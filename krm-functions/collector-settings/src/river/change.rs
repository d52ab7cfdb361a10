//! Changes of the text.

use super::parse::{Block, Body};
use std::ops::Range;

/// A line that is added: how many steps it is indented, and its text.
pub(crate) type Line = (usize, String);

/// The text with another expression in this place.
pub(crate) fn replace(text: &str, at: &Range<usize>, with: &str) -> String {
    format!("{}{with}{}", &text[..at.start], &text[at.end..])
}

/// The text with lines added at the end of a block's body, indented as the rest of it; `None` is the whole text.
pub(crate) fn insert(text: &str, block: Option<&Block>, lines: &[Line]) -> String {
    let step = if text.contains("\n\t") { "\t" } else { "  " };
    let Some(block) = block else {
        let mut out = text.to_owned();
        // An empty line before what is added.
        while !out.is_empty() && !out.ends_with("\n\n") {
            out.push('\n');
        }
        for (depth, line) in lines {
            out.push_str(&step.repeat(*depth));
            out.push_str(line);
            out.push('\n');
        }
        return out;
    };
    let outer = indent(text, block.start);
    let inner = match first(&block.body).filter(|at| line_start(text, *at) > block.start) {
        Some(at) => indent(text, at).to_owned(),
        None => format!("{outer}{step}"),
    };
    let (before, between) = before_close(text, block.body.close);
    let mut out = before.to_owned();
    for (depth, line) in lines {
        out.push('\n');
        out.push_str(&inner);
        out.push_str(&step.repeat(*depth));
        out.push_str(line);
    }
    close(&mut out, between, outer);
    out.push_str(&text[block.body.close..]);
    out
}

/// Splits the space before a closing brace from the text before it.
pub(super) fn before_close(text: &str, close: usize) -> (&str, &str) {
    let before = text[..close].trim_end();
    (before, &text[before.len()..close])
}

/// Puts the space before a closing brace back; a brace that stood in its line gets one of its own.
pub(super) fn close(out: &mut String, between: &str, indent: &str) {
    if between.contains('\n') {
        out.push_str(between);
    } else {
        out.push('\n');
        out.push_str(indent);
    }
}

/// Where the first statement of a body begins.
fn first(body: &Body) -> Option<usize> {
    let attributes = body.attributes.iter().map(|attribute| attribute.start);
    let blocks = body.blocks.iter().map(|block| block.start);
    attributes.chain(blocks).min()
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The white space that the line at an offset begins with.
pub(super) fn indent(text: &str, at: usize) -> &str {
    let line = &text[line_start(text, at)..];
    let end = line
        .find(|c| !matches!(c, ' ' | '\t'))
        .unwrap_or(line.len());
    &line[..end]
}

impl super::object::Literal {
    /// The text with one more field in this object, which is the value of an attribute that begins at `attribute`.
    pub(crate) fn insert(&self, text: &str, attribute: usize, key: &str, value: &str) -> String {
        let (before, between) = before_close(text, self.close);
        let mut out = before.to_owned();
        let last = self.fields.last().map(|(_, at)| at.clone());
        let spans_lines = text[attribute..self.close].contains('\n');
        if let Some(at) = &last {
            if !self.has_last_comma {
                out.insert(at.end, ',');
            }
            if !spans_lines {
                out.push_str(&format!(" {key} = {value}"));
                // Where there was one, there is one.
                if self.has_last_comma {
                    out.push(',');
                }
                out.push_str(between);
                out.push_str(&text[self.close..]);
                return out;
            }
        }
        let outer = indent(text, attribute);
        let step = if text.contains("\n\t") { "\t" } else { "  " };
        let inner = match &last {
            Some(at) if line_start(text, at.start) > attribute => indent(text, at.start).to_owned(),
            _ => format!("{outer}{step}"),
        };
        out.push_str(&format!("\n{inner}{key} = {value},"));
        close(&mut out, between, outer);
        out.push_str(&text[self.close..]);
        out
    }
}

/// Every component that can send to a `prometheus.remote_write`: its name, of those with an attribute `forward_to`.
pub(crate) fn forwarders(body: &Body) -> Vec<String> {
    let with = |block: &&Block| block.body.attribute("forward_to").is_some();
    let names = body.blocks.iter().filter(with).map(|block| {
        if block.label.is_empty() {
            block.name.clone()
        } else {
            format!("{}.{}", block.name, block.label)
        }
    });
    let sends = |name: &String| {
        name.starts_with("prometheus.") || name.starts_with("otelcol.exporter.prometheus")
    };
    names.filter(sends).collect()
}

/// The text without what stands in this place, and without its line where that would be empty.
pub(crate) fn remove(text: &str, at: &Range<usize>) -> String {
    let start = line_start(text, at.start);
    let rest = &text[at.end..];
    let to_end = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
    let is_alone = text[start..at.start].trim().is_empty() && rest[..to_end].trim().is_empty();
    if is_alone {
        format!("{}{}", &text[..start], &rest[to_end..])
    } else {
        format!("{}{rest}", text[..at.start].trim_end_matches([' ', '\t']))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{object, parse};
    use super::*;

    fn added(text: &str) -> String {
        let body = parse(text, false).expect("right");
        let lines = [(0, "x {".to_owned()), (1, "y = 1".into()), (0, "}".into())];
        let out = insert(text, body.blocks.first(), &lines);
        parse(&out, false).unwrap_or_else(|fault| panic!("{out}: {fault}"));
        out
    }

    #[test]
    fn lines_are_indented_as_their_neighbours() {
        for (text, expected) in [
            ("a {\n}\n", "a {\n  x {\n    y = 1\n  }\n}\n"),
            ("a { }", "a {\n  x {\n    y = 1\n  }\n}"),
            ("a {}\nb {}\n", "a {\n  x {\n    y = 1\n  }\n}\nb {}\n"),
            (
                "a {\n\tb = 1 // c\n}\n",
                "a {\n\tb = 1 // c\n\tx {\n\t\ty = 1\n\t}\n}\n",
            ),
            ("a { b = 1 }\n", "a { b = 1\n  x {\n    y = 1\n  }\n}\n"),
            (
                "a {\n    b = 1\n\n}\n",
                "a {\n    b = 1\n    x {\n      y = 1\n    }\n\n}\n",
            ),
        ] {
            assert_eq!(added(text), expected);
        }
    }

    #[test]
    fn the_end_of_the_text_is_kept_tidy() {
        let lines = [(0, "x {".to_owned()), (1, "y = 1".into()), (0, "}".into())];
        for (text, expected) in [
            ("", "x {\n  y = 1\n}\n"),
            ("a {}", "a {}\n\nx {\n  y = 1\n}\n"),
            ("a {}\n// c\n\n", "a {}\n// c\n\nx {\n  y = 1\n}\n"),
        ] {
            assert_eq!(insert(text, None, &lines), expected);
        }
    }

    #[test]
    fn a_line_goes_with_its_statement() {
        for (text, expected) in [
            ("a {\n  x = 1\n  y = 2\n}\n", "a {\n  y = 2\n}\n"),
            ("a {\n  x = 1 // c\n}\n", "a {\n // c\n}\n"),
            ("a { x = 1 }\n", "a { }\n"),
            ("a { x = 1 }", "a { }"),
        ] {
            let at = text.find("x = 1").expect("is there");
            let out = remove(text, &(at..at + 5));
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn fields_are_added_as_the_others_are_written() {
        for (text, expected) in [
            ("a = {}\n", "a = {\n  k = \"v\",\n}\n"),
            ("a = { b = 1 }\n", "a = { b = 1, k = \"v\" }\n"),
            ("a = {b = 1,}\n", "a = {b = 1, k = \"v\",}\n"),
            ("a = {\n  b = 1,\n}\n", "a = {\n  b = 1,\n  k = \"v\",\n}\n"),
            (
                "a = {\n  b = 1, // c\n}\n",
                "a = {\n  b = 1, // c\n  k = \"v\",\n}\n",
            ),
            ("a = {\n\tb = 1}\n", "a = {\n\tb = 1,\n\tk = \"v\",\n}\n"),
            ("a = {\n  // c\n}\n", "a = {\n  // c\n  k = \"v\",\n}\n"),
        ] {
            let body = parse(text, false).expect("right");
            let attribute = body.attribute("a").expect("is there");
            let literal = object(text, &attribute.value, false).expect("an object");
            let out = literal.insert(text, attribute.start, "k", "\"v\"");
            assert_eq!(out, expected);
            parse(&out, false).expect("still right");
        }
    }
}
