//! Parser events to value trees, within bounds.

use super::limits::{Anchor, Budget, Limits, cost};
use super::mapping::Mapping;
use super::tag::{CORE, read_scalar, tag_name, unknown_tag};
use super::{Error, json};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// Reads every document of a YAML stream, or one JSON document. A document that holds nothing is null.
///
/// # Errors
/// See the [module](super): the first thing that can not be read, with its place.
pub fn load(text: &[u8]) -> Result<Vec<Value>, Error> {
    load_with(text, Limits::default())
}

/// As [`load`], within other limits.
///
/// # Errors
/// As [`load`].
pub fn load_with(text: &[u8], limits: Limits) -> Result<Vec<Value>, Error> {
    if text.len() > limits.bytes {
        return Err(Error::new(
            1,
            1,
            format!(
                "found {} bytes, expected at most {}",
                text.len(),
                limits.bytes
            ),
            "split the input",
        ));
    }
    let text =
        std::str::from_utf8(text).map_err(|error| Error::not_utf8(text, error.valid_up_to()))?;
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with(['{', '[']) {
        // What is JSON is read as JSON, whose escapes are not all YAML's (surrogate pairs).
        // What only begins like it may be YAML in flow style.
        if let Some(read) = json::load(start, text.len() - start.len(), text, limits) {
            return read.map(|value| vec![value]);
        }
    }
    Loader::new(text, limits).run()
}

/// A collection that has begun and not ended.
struct Frame {
    anchor: usize,
    tag: Option<(String, Marker)>,
    kind: Kind,
}

enum Kind {
    Sequence(Vec<Value>),
    Mapping(Mapping),
}

struct Loader<'a> {
    text: &'a str,
    budget: Budget,
    parser: Parser<'a, StrInput<'a>>,
    documents: Vec<Value>,
    root: Option<Value>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Anchor>,
}

impl<'a> Loader<'a> {
    fn new(text: &'a str, limits: Limits) -> Self {
        Loader {
            text,
            budget: Budget::new(limits),
            parser: Parser::new_from_str(text),
            documents: Vec::new(),
            root: None,
            stack: Vec::new(),
            anchors: HashMap::new(),
        }
    }

    fn run(mut self) -> Result<Vec<Value>, Error> {
        while let Some(event) = self.parser.next_event() {
            let (event, span) = event.map_err(|error| Error::syntax(&error, self.text))?;
            self.event(event, span)?;
        }
        Ok(self.documents)
    }

    fn event(&mut self, event: Event<'a>, span: Span) -> Result<(), Error> {
        let at = span.start;
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
            // The parser lets an alias reach into the document before, which YAML does not.
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::DocumentEnd => {
                let root = self.root.take().unwrap_or(Value::Null);
                self.documents.push(root);
            }
            Event::Scalar(text, style, anchor, tag) => {
                if self.keyless().is_some() {
                    self.key(&text, style, anchor, tag.as_deref(), at)?;
                } else {
                    let value = read_scalar(text, style, tag.as_deref(), at)?;
                    self.budget.nodes(1, at)?;
                    self.complete(value, anchor, at)?;
                }
            }
            Event::Alias(id) => self.alias(id, at)?,
            Event::SequenceStart(anchor, tag) => {
                self.begin(Kind::Sequence(Vec::new()), anchor, tag, at)?;
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(Kind::Mapping(Mapping::default()), anchor, tag, at)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(at)?,
        }
        Ok(())
    }

    /// The mapping that a key is to come for.
    fn keyless(&mut self) -> Option<&mut Mapping> {
        match self.stack.last_mut().map(|frame| &mut frame.kind) {
            Some(Kind::Mapping(mapping)) if mapping.expects_key() => Some(mapping),
            _ => None,
        }
    }

    fn begin(
        &mut self,
        kind: Kind,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        at: Marker,
    ) -> Result<(), Error> {
        if self.keyless().is_some() {
            return Err(Error::at(
                at,
                "found a collection as a mapping's key, expected a string",
                "quote the key, or quote the `{{ }}` of a template",
            ));
        }
        self.budget.nodes(1, at)?;
        self.budget.depth(self.stack.len() + 1, at)?;
        let tag = tag.map(|tag| (tag_name(&tag), at));
        self.stack.push(Frame { anchor, tag, kind });
        Ok(())
    }

    fn end(&mut self, at: Marker) -> Result<(), Error> {
        let Some(frame) = self.stack.pop() else {
            return Err(Error::at(
                at,
                "found the end of a collection that did not begin",
                "remove it",
            ));
        };
        let (value, expected) = match frame.kind {
            Kind::Sequence(items) => (Value::Array(items), "seq"),
            Kind::Mapping(mapping) => (Value::Object(mapping.finish()), "map"),
        };
        if let Some((tag, at)) = frame.tag {
            let fits = tag == "!" || tag.strip_prefix(CORE) == Some(expected);
            if !fits {
                return Err(unknown_tag(&tag, at));
            }
        }
        self.complete(value, frame.anchor, at)
    }

    fn key(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        at: Marker,
    ) -> Result<(), Error> {
        let plain = style == ScalarStyle::Plain;
        if let Some(tag) = tag {
            let name = tag_name(tag);
            if name != "!" && name.strip_prefix(CORE) != Some("str") {
                return Err(unknown_tag(&name, at));
            }
        } else if plain && text.is_empty() {
            return Err(Error::at(
                at,
                "found no key before the `:`",
                "write the key; an empty one is `\"\"`",
            ));
        }
        if anchor != 0 {
            let value = Value::from(text);
            let cost = cost(&value);
            self.budget.copy(cost, at)?;
            self.anchors.insert(anchor, Anchor { value, cost });
        }
        match self.keyless() {
            Some(mapping) if plain && tag.is_none() && text == "<<" => mapping.merge_key(at),
            Some(mapping) => mapping.key(text, at),
            None => Ok(()),
        }
    }

    fn alias(&mut self, id: usize, at: Marker) -> Result<(), Error> {
        let Some(cost) = self.anchors.get(&id).map(|anchor| anchor.cost) else {
            return Err(Error::at(
                at,
                "found an alias whose anchor is not complete here, or is in another document",
                "write the value out",
            ));
        };
        self.budget.copy(cost, at)?;
        self.budget.depth(self.stack.len() + cost.depth, at)?;
        let value = self.anchors[&id].value.clone();
        let Some(mapping) = self.keyless() else {
            return self.complete(value, 0, at);
        };
        match value {
            Value::String(text) => mapping.key(&text, at),
            _ => Err(Error::at(
                at,
                "found an alias of something other than a string as a mapping's key",
                "write the key out, quoted",
            )),
        }
    }

    /// Puts a finished value where it belongs.
    fn complete(&mut self, value: Value, anchor: usize, at: Marker) -> Result<(), Error> {
        if anchor != 0 {
            let cost = cost(&value);
            self.budget.copy(cost, at)?;
            let value = value.clone();
            self.anchors.insert(anchor, Anchor { value, cost });
        }
        match self.stack.last_mut().map(|frame| &mut frame.kind) {
            None => self.root = Some(value),
            Some(Kind::Sequence(items)) => items.push(value),
            Some(Kind::Mapping(mapping)) => mapping.value(value, at)?,
        }
        Ok(())
    }
}
