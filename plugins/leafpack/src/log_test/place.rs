//! On which line of a YAML file a field stands: trees do not say.

use std::collections::HashMap;

use krm_rs::Path;
use saphyr_parser::{Event, Parser, Span};

/// The lines, from 1, on which the fields of a document begin.
#[derive(Debug, Default)]
pub(super) struct Places(HashMap<Path, usize>);

impl Places {
    /// Of the first document of a text that has been read as YAML.
    pub(super) fn of(text: &str) -> Self {
        let mut places = HashMap::new();
        let mut open: Vec<Level> = Vec::new();
        for event in Parser::new_from_str(text) {
            let Ok((event, span)) = event else { break };
            match event {
                Event::DocumentEnd => break,
                Event::MappingEnd | Event::SequenceEnd => {
                    open.pop();
                }
                Event::MappingStart(..) | Event::SequenceStart(..) => {
                    let path = step(&mut open, None, span, &mut places);
                    let is_mapping = matches!(event, Event::MappingStart(..));
                    open.push(Level {
                        path,
                        next: if is_mapping { Next::Key } else { Next::Item(0) },
                    });
                }
                Event::Scalar(text, ..) => {
                    step(&mut open, Some(&text), span, &mut places);
                }
                Event::Alias(_) => {
                    step(&mut open, Some(""), span, &mut places);
                }
                _ => {}
            }
        }
        Places(places)
    }

    /// The line of a field, or of what it would stand in.
    pub(super) fn line(&self, path: &Path) -> usize {
        let mut path = path.clone();
        loop {
            match self.0.get(&path) {
                Some(line) => return *line,
                None if path.segments().is_empty() => return 1,
                None => path = path.parent(),
            }
        }
    }
}

/// A collection that has begun and not ended.
struct Level {
    path: Path,
    next: Next,
}

enum Next {
    Key,
    Value(Path),
    Item(usize),
}

/// Takes the start of a key, a value or an item; returns the path of what comes.
fn step(
    open: &mut [Level],
    scalar: Option<&str>,
    span: Span,
    places: &mut HashMap<Path, usize>,
) -> Path {
    let Some(level) = open.last_mut() else {
        return Path::root();
    };
    match &mut level.next {
        Next::Key => {
            let path = level.path.key(scalar.unwrap_or_default());
            places.insert(path.clone(), span.start.line());
            level.next = Next::Value(path.clone());
            path
        }
        Next::Value(path) => {
            let path = path.clone();
            level.next = Next::Key;
            path
        }
        Next::Item(index) => {
            let path = level.path.index(*index);
            places.insert(path.clone(), span.start.line());
            *index += 1;
            path
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_lines() {
        let places = Places::of(
            "# a comment\na: 1\nb:\n  - c: {d: 1,\n      e: [x, y]}\n  -\n    f: |\n      text\n    g: &x [1]\nh: *x\n",
        );
        for (path, line) in [
            ("a", 2),
            ("b", 3),
            ("b[0]", 4),
            ("b[0].c.d", 4),
            ("b[0].c.e", 5),
            ("b[0].c.e[1]", 5),
            ("b[1].f", 7),
            ("b[1].g", 9),
            ("b[1].g[0]", 9),
            ("h", 10),
            // What is not there is looked for around it.
            ("b[1].nothing.at.all", 7),
            ("nothing", 1),
        ] {
            assert_eq!(places.line(&Path::parse(path).unwrap()), line, "{path}");
        }
    }
}
