//! Field paths: `spec.containers[0].image`.

use serde_json::{Map, Value};
use std::fmt;

/// A path to a field of an object, as it is written in results and in messages.
///
/// - `spec.replicas`: keys, with dots between them.
/// - `containers[0]`: the item of a sequence, from 0.
/// - `containers[name=app]`: the first item of a sequence of mappings whose field `name` is `app`.
/// - `metadata.annotations[config.kubernetes.io/path]`: on a mapping, brackets hold a key, dots and all.
/// - `data["a]b"]`: in quotes any key can be written, `\"` and `\\` included.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Path(Vec<Segment>);

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// A mapping's key: `.name`, or `["name"]`.
    Key(String),
    /// An item of a sequence, from 0: `[0]`. On a mapping, the key of these digits.
    Index(usize),
    /// `[text]`, which is a selection `[key=value]` on a sequence, and a key on a mapping.
    Bracket(String),
}

/// A path that can not be read, or that leads nowhere in the object at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError {
    /// The path, or the part of it that went well.
    pub path: String,
    /// What was found there.
    pub message: String,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}

impl std::error::Error for PathError {}

impl Path {
    /// The path that leads nowhere: the value itself.
    pub fn root() -> Self {
        Path::default()
    }

    /// Reads a path; the empty one is [`Path::root`].
    ///
    /// # Errors
    /// Empty keys, and brackets that do not close.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        parse(text).map(Path).map_err(|message| PathError {
            path: text.to_owned(),
            message: message.to_owned(),
        })
    }

    /// The steps.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// This path and one more key.
    pub fn key(&self, key: &str) -> Self {
        self.with(Segment::Key(key.to_owned()))
    }

    /// This path and one more item of a sequence.
    pub fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    /// This path without its last step.
    pub fn parent(&self) -> Self {
        let mut path = self.clone();
        path.0.pop();
        path
    }

    fn with(&self, segment: Segment) -> Self {
        let mut path = self.clone();
        path.0.push(segment);
        path
    }

    /// The value that it leads to.
    pub fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, segment| match value {
            Value::Object(map) => map.get(&*segment.as_key()),
            Value::Array(items) => items.get(segment.position(items)?),
            _ => None,
        })
    }

    /// The value that it leads to, to change it.
    pub fn get_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        self.0.iter().try_fold(value, |value, segment| match value {
            Value::Object(map) => map.get_mut(&*segment.as_key()),
            Value::Array(items) => {
                let position = segment.position(items)?;
                items.get_mut(position)
            }
            _ => None,
        })
    }

    /// Puts a value there. Mappings and sequences that are missing on the way are made; an index that is the
    /// sequence's length, and a selection that finds nothing, append.
    ///
    /// # Errors
    /// When the way leads through a scalar, through a key of a sequence, or past a sequence's end. Nothing is changed.
    pub fn set(&self, root: &mut Value, new: Value) -> Result<(), PathError> {
        self.check(root)?;
        let mut value = root;
        for segment in &self.0 {
            if value.is_null() {
                *value = match segment {
                    Segment::Key(_) => Value::Object(Map::new()),
                    Segment::Index(_) => Value::Array(Vec::new()),
                    Segment::Bracket(text) if text.contains('=') => Value::Array(Vec::new()),
                    Segment::Bracket(_) => Value::Object(Map::new()),
                };
            }
            value = match value {
                Value::Object(map) => map
                    .entry(segment.as_key().into_owned())
                    .or_insert(Value::Null),
                Value::Array(items) => {
                    let position = segment.position(items).unwrap_or_else(|| {
                        items.push(segment.new_item());
                        items.len() - 1
                    });
                    &mut items[position]
                }
                // `check` has found that this does not happen.
                _ => return Ok(()),
            };
        }
        *value = new;
        Ok(())
    }

    /// Whether [`Path::set`] has a way.
    fn check(&self, root: &Value) -> Result<(), PathError> {
        let mut value = Some(root);
        for (done, segment) in self.0.iter().enumerate() {
            let fail = |message: String| {
                Err(PathError {
                    path: Path(self.0[..done].to_vec()).to_string(),
                    message,
                })
            };
            value = match (value, segment) {
                (Some(Value::Object(map)), _) => map.get(&*segment.as_key()),
                (Some(Value::Array(items)), segment) => match segment.position(items) {
                    Some(position) => items.get(position),
                    None => match segment {
                        Segment::Index(index) if *index == items.len() => None,
                        Segment::Index(index) => {
                            let len = items.len();
                            return fail(format!(
                                "found a list of {len}, expected an index of at most {len} and not {index}"
                            ));
                        }
                        Segment::Bracket(text) if text.contains('=') => None,
                        Segment::Key(key) | Segment::Bracket(key) => {
                            return fail(format!(
                                "found a list, expected an item of it, as [0] or [name=x], and not the field {key}"
                            ));
                        }
                    },
                },
                (None | Some(Value::Null), Segment::Index(index)) if *index > 0 => {
                    return fail(format!("found nothing, expected [0] and not [{index}]"));
                }
                (None | Some(Value::Null), _) => None,
                (Some(other), _) => {
                    return fail(format!(
                        "found {}, expected a mapping or a list",
                        describe(other)
                    ));
                }
            };
        }
        Ok(())
    }

    /// Takes the value out; what surrounds it stays, in order.
    pub fn remove(&self, root: &mut Value) -> Option<Value> {
        let last = self.0.last()?;
        match self.parent().get_mut(root)? {
            Value::Object(map) => map.shift_remove(&*last.as_key()),
            Value::Array(items) => {
                let position = last.position(items)?;
                (position < items.len()).then(|| items.remove(position))
            }
            _ => None,
        }
    }
}

impl Segment {
    /// What it means on a mapping.
    fn as_key(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Segment::Key(key) | Segment::Bracket(key) => key.as_str().into(),
            Segment::Index(index) => index.to_string().into(),
        }
    }

    /// What it means on a sequence: a place that is there.
    fn position(&self, items: &[Value]) -> Option<usize> {
        match self {
            Segment::Index(index) => (*index < items.len()).then_some(*index),
            Segment::Key(_) => None,
            Segment::Bracket(text) => {
                let (key, wanted) = text.split_once('=')?;
                items.iter().position(|item| match item.get(key) {
                    Some(Value::String(text)) => text == wanted,
                    Some(Value::Number(number)) => number.to_string() == wanted,
                    Some(Value::Bool(value)) => value.to_string() == wanted,
                    _ => false,
                })
            }
        }
    }

    fn new_item(&self) -> Value {
        match self {
            Segment::Bracket(text) => match text.split_once('=') {
                Some((key, value)) => {
                    Value::Object(Map::from_iter([(key.to_owned(), Value::from(value))]))
                }
                None => Value::Null,
            },
            _ => Value::Null,
        }
    }
}

fn parse(text: &str) -> Result<Vec<Segment>, &'static str> {
    let mut segments = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (segment, after) = match inside.strip_prefix('"') {
                Some(quoted) => parse_quoted(quoted)?,
                None => {
                    let (inside, after) =
                        inside.split_once(']').ok_or("found `[` without its `]`")?;
                    let segment = match inside.parse() {
                        Ok(index) if !inside.starts_with('+') => Segment::Index(index),
                        _ if inside.is_empty() => {
                            return Err("found `[]`, expected a key or a number in it");
                        }
                        _ => Segment::Bracket(inside.to_owned()),
                    };
                    (segment, after)
                }
            };
            segments.push(segment);
            rest = after;
            if !rest.is_empty() && !rest.starts_with(['.', '[']) {
                return Err("found text after a `]`, expected `.` or `[`");
            }
            continue;
        }
        if !segments.is_empty() {
            rest = rest.strip_prefix('.').unwrap_or(rest);
        }
        let end = rest.find(['.', '[', ']']).unwrap_or(rest.len());
        if end == 0 {
            return Err("found an empty key, expected a name");
        }
        if rest[end..].starts_with(']') {
            return Err("found `]` without its `[`");
        }
        segments.push(Segment::Key(rest[..end].to_owned()));
        rest = &rest[end..];
        if rest == "." {
            return Err("found an empty key, expected a name");
        }
    }
    Ok(segments)
}

fn parse_quoted(text: &str) -> Result<(Segment, &str), &'static str> {
    let mut key = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let after = text[at + 1..]
                    .strip_prefix(']')
                    .ok_or("found text after the `\"`, expected `]`")?;
                return Ok((Segment::Key(key), after));
            }
            '\\' => key.push(chars.next().ok_or("found `\\` at the end")?.1),
            c => key.push(c),
        }
    }
    Err("found `[\"` without its `\"]`")
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key)
                    if !key.is_empty() && !key.contains(['.', '[', ']', '"', '\\']) =>
                {
                    if index > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(key)?;
                }
                // As an index or a selection it would mean something else.
                Segment::Key(key)
                    if key.is_empty()
                        || key.contains([']', '"', '\\', '='])
                        || key.parse::<usize>().is_ok() =>
                {
                    write!(
                        f,
                        "[\"{}\"]",
                        key.replace('\\', "\\\\").replace('"', "\\\"")
                    )?;
                }
                Segment::Key(key) | Segment::Bracket(key) => write!(f, "[{key}]")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Every scalar and every empty collection below a value, with its path, in order.
pub fn leaves(value: &Value) -> Vec<(Path, &Value)> {
    fn walk<'v>(path: &Path, value: &'v Value, out: &mut Vec<(Path, &'v Value)>) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (key, value) in map {
                    walk(&path.key(key), value, out);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (index, value) in items.iter().enumerate() {
                    walk(&path.index(index), value, out);
                }
            }
            leaf => out.push((path.clone(), leaf)),
        }
    }
    let mut out = Vec::new();
    walk(&Path::root(), value, &mut out);
    out
}

/// Whether a text is a URL whose user or password may not be repeated in a message.
pub(crate) fn has_credentials(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(_, rest)| rest.contains('@'))
}

/// A value in a sentence: what kind of thing it is, and which one if it is short.
pub(crate) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing (null)".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if has_credentials(text) => "a URL with credentials".to_owned(),
        Value::String(text) => {
            let mut shown: String = text.chars().take(60).collect();
            if shown.len() < text.len() {
                shown.push('…');
            }
            Value::String(shown).to_string()
        }
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}
