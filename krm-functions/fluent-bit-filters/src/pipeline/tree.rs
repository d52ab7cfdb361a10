//! YAML with the lines on which everything stands, so that a text can be changed in place.

use saphyr_parser::{Event, Parser, Span};
use std::ops::Range;

/// How deep a document may be; a pipeline has five levels.
const DEPTH: usize = 64;

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// What it is.
    pub(crate) value: Value,
    /// Its first line, from 0.
    pub(crate) line: usize,
    /// How far in it begins, in characters.
    pub(crate) column: usize,
    /// Its last line, from 0: the last that holds a part of it.
    pub(crate) last: usize,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// A scalar's text.
    Scalar(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in order.
    Map(Vec<(Node, Node)>),
    /// A reference to a value elsewhere.
    Alias,
}

impl Node {
    /// A field of a mapping; the case of names is not looked at.
    pub(crate) fn field(&self, name: &str) -> Option<(&Node, &Node)> {
        let Value::Map(fields) = &self.value else {
            return None;
        };
        let mut fields = fields.iter();
        let found = fields.find(|(key, _)| key.text().eq_ignore_ascii_case(name));
        found.map(|(key, value)| (key, value))
    }

    /// A scalar's text, or empty.
    pub(crate) fn text(&self) -> &str {
        match &self.value {
            Value::Scalar(text) => text,
            _ => "",
        }
    }

    /// The items of a sequence.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// Whether nothing was written.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(&self.value, Value::Scalar(text) if ["", "~", "null"].contains(&text.as_str()))
    }
}

/// Reads one document; `None` where there is none.
///
/// # Errors
/// What the parser says.
pub(crate) fn read(text: &str) -> Result<Option<Node>, String> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        lines: super::text::lines(text).map(|(_, line)| line).collect(),
    };
    loop {
        let Some((event, span)) = reader.next()? else {
            return Ok(None);
        };
        if !matches!(
            event,
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing
        ) {
            if matches!(event, Event::StreamEnd | Event::DocumentEnd) {
                return Ok(None);
            }
            let node = reader.node(event, span, 0)?;
            return match (reader.next()?, reader.next()?) {
                (Some((Event::DocumentEnd, _)), Some((Event::StreamEnd, _))) => Ok(Some(node)),
                _ => Err("more than one document".to_owned()),
            };
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    lines: Vec<&'t str>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, String> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok(found)) => Ok(Some(found)),
            Some(Err(error)) => Err(format!("line {}: {}", error.marker().line(), error.info())),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, String> {
        if depth > DEPTH {
            return Err(format!("more than {DEPTH} levels"));
        }
        let line = span.start.line().saturating_sub(1);
        let mut last = self.last_line(span);
        let value = match event {
            Event::Scalar(text, ..) => Value::Scalar(text.into_owned()),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                last = line;
                loop {
                    let (event, span) = self.inside()?;
                    if matches!(event, Event::SequenceEnd) {
                        last = last.max(self.end_of(span));
                        break;
                    }
                    let item = self.node(event, span, depth + 1)?;
                    last = last.max(item.last);
                    items.push(item);
                }
                Value::List(items)
            }
            Event::MappingStart(..) => {
                let mut fields = Vec::new();
                last = line;
                loop {
                    let (event, span) = self.inside()?;
                    if matches!(event, Event::MappingEnd) {
                        last = last.max(self.end_of(span));
                        break;
                    }
                    let key = self.node(event, span, depth + 1)?;
                    let (event, span) = self.inside()?;
                    let value = self.node(event, span, depth + 1)?;
                    last = last.max(key.last);
                    // Nothing stands nowhere, perhaps beyond comments.
                    if !value.is_nothing() {
                        last = last.max(value.last);
                    }
                    fields.push((key, value));
                }
                Value::Map(fields)
            }
            _ => Value::Alias,
        };
        Ok(Node {
            value,
            line,
            column: span.start.col(),
            last,
        })
    }

    fn inside(&mut self) -> Result<(Event<'t>, Span), String> {
        self.next()?.ok_or_else(|| "it ends too early".to_owned())
    }

    /// The line of a closing bracket; in block style the end is wherever the next thing begins, and counts as nothing.
    fn end_of(&self, span: Span) -> usize {
        if span.is_empty() {
            0
        } else {
            span.end.line().saturating_sub(1)
        }
    }

    /// The last line of a scalar. One in block style ends where the next thing begins, on a line of that.
    fn last_line(&self, span: Span) -> usize {
        let first = span.start.line().saturating_sub(1);
        let mut last = span.end.line().saturating_sub(1);
        let holds_some = |line: usize, until: usize| {
            let line = self.lines.get(line).copied().unwrap_or_default();
            line.chars().take(until).any(|c| !c.is_whitespace())
        };
        if last > first && !holds_some(last, span.end.col()) {
            last -= 1;
        }
        while last > first && !holds_some(last, usize::MAX) {
            last -= 1;
        }
        last
    }
}

/// Where lines begin and end in bytes, line breaks included.
pub(crate) fn line_ranges(text: &str) -> Vec<Range<usize>> {
    super::text::lines(text).map(|(range, _)| range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_last_line_of_everything() {
        let text =
            "a:\n- x: |\n    t\n    u\n\n# c\n- y: {k: 1,\n     l: 2}\n  z: 3 # d\n\n# e\nb:\n";
        let root = read(text).expect("YAML").expect("a document");
        let (_, a) = root.field("A").expect("a");
        let places: Vec<_> = a
            .items()
            .iter()
            .map(|i| (i.line, i.column, i.last))
            .collect();
        assert_eq!(places, [(1, 2, 3), (6, 2, 8)]);
        assert_eq!((a.line, a.last), (1, 8));
        assert!(root.field("b").expect("b").1.is_nothing());
        assert!(read("a: [").is_err() && read("a\n---\nb").is_err());
        assert!(read("# nothing\n").expect("YAML").is_none());
    }
}
