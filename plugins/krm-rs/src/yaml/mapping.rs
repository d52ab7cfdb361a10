//! A mapping while it is read: keys given twice, and merge keys.

use super::{Error, scalar_text};
use saphyr_parser::Marker;
use serde_json::{Map, Value};

#[derive(Default)]
pub(super) struct Mapping {
    entries: Map<String, Value>,
    /// The line of each entry, to name it when its key comes again.
    lines: Vec<usize>,
    key: Option<Key>,
    /// What `<<` brought, and how many entries stood before it.
    merge: Option<(usize, Vec<Map<String, Value>>)>,
}

pub(super) enum Key {
    Name(String),
    Merge,
}

impl Mapping {
    /// Whether the next value is a key.
    pub(super) fn expects_key(&self) -> bool {
        self.key.is_none()
    }

    pub(super) fn key(&mut self, text: &str, at: Marker) -> Result<(), Error> {
        if self.entries.contains_key(text) {
            let first = self.entries.keys().position(|key| key == text);
            let line = first.and_then(|index| self.lines.get(index));
            return Err(Error::at(
                at,
                format!(
                    "found key {} again, first given on line {}",
                    scalar_text(&Value::from(text)),
                    line.copied().unwrap_or_default()
                ),
                "remove one of the two",
            ));
        }
        self.lines.push(at.line());
        self.key = Some(Key::Name(text.to_owned()));
        Ok(())
    }

    /// A plain `<<`.
    pub(super) fn merge_key(&mut self, at: Marker) -> Result<(), Error> {
        if self.merge.is_some() {
            return Err(Error::at(
                at,
                "found a second `<<` in one mapping",
                "merge several with one: `<<: [*a, *b]`",
            ));
        }
        self.key = Some(Key::Merge);
        Ok(())
    }

    /// The value of the last key.
    pub(super) fn value(&mut self, value: Value, at: Marker) -> Result<(), Error> {
        match self.key.take() {
            Some(Key::Name(name)) => {
                self.entries.insert(name, value);
            }
            Some(Key::Merge) => {
                let sources = merge_sources(value).ok_or_else(|| {
                    Error::at(
                        at,
                        "found a `<<` whose value is not a mapping",
                        "write `<<: *name`, where &name is on a mapping; a key of that name is `\"<<\"`",
                    )
                })?;
                self.merge = Some((self.entries.len(), sources));
            }
            None => {}
        }
        Ok(())
    }

    /// Merged keys stand where their `<<` stood; the mapping's own win, then those merged first.
    pub(super) fn finish(self) -> Map<String, Value> {
        let Some((position, sources)) = self.merge else {
            return self.entries;
        };
        let mut entries = self.entries;
        let mut merged = Map::new();
        for (key, value) in sources.into_iter().flatten() {
            if !entries.contains_key(&key) && !merged.contains_key(&key) {
                merged.insert(key, value);
            }
        }
        let after: Vec<_> = std::mem::take(&mut entries).into_iter().collect();
        let mut after = after.into_iter();
        entries.extend(after.by_ref().take(position));
        entries.extend(merged);
        entries.extend(after);
        entries
    }
}

fn merge_sources(value: Value) -> Option<Vec<Map<String, Value>>> {
    match value {
        Value::Object(map) => Some(vec![map]),
        Value::Array(items) => items
            .into_iter()
            .map(|item| match item {
                Value::Object(map) => Some(map),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}
