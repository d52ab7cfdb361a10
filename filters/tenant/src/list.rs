//! Short lists of names from the settings.

use leafpack_fluent_bit::json::{Value, find};

/// The most names that a list of the settings may hold.
pub const MAX_NAMES: usize = 32;

/// Names of fields: the JSON array of the settings, read anew each time. No name is empty or holds an escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List {
    array: &'static [u8],
}

impl List {
    /// Without any name.
    pub const EMPTY: Self = Self { array: b"[]" };

    /// Where the message is looked for by default.
    pub(crate) const MESSAGE: Self = Self {
        array: br#"["log","message","msg"]"#,
    };

    /// Takes a JSON array of names; `None` where it is anything else or has more than [`MAX_NAMES`].
    #[inline(never)]
    pub fn read(value: Value<'static>) -> Option<Self> {
        // The array is known to be valid JSON, so that only its parts have to be told apart.
        let mut rest = value.text.strip_prefix(b"[")?;
        let mut count = 0;
        loop {
            match rest {
                [b' ' | b'\t' | b'\n' | b'\r' | b',', later @ ..] => rest = later,
                [b']', ..] => return Some(Self { array: value.text }),
                [b'"', ..] => {
                    let mut names = Names { rest };
                    count += 1;
                    if !is_name(names.next()?) || count > MAX_NAMES {
                        return None;
                    }
                    rest = names.rest;
                }
                _ => return None,
            }
        }
    }

    /// The names, in their order.
    pub fn names(&self) -> Names {
        Names { rest: self.array }
    }

    /// Whether `name` is one of them.
    #[inline(never)]
    pub fn has(&self, name: &[u8]) -> bool {
        self.names().any(|known| known == name)
    }
}

/// The names of a [`List`].
#[derive(Debug, Clone)]
pub struct Names {
    rest: &'static [u8],
}

impl Iterator for Names {
    type Item = &'static [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'static [u8]> {
        // What stands between quotes: names hold none.
        let name = self.rest.get(find(self.rest, b'"') + 1..)?;
        let end = find(name, b'"');
        self.rest = name.get(end + 1..)?;
        name.get(..end)
    }
}

/// Whether this can be the name of a field in the settings: plain ASCII, which every version of the host spells in one
/// way.
pub(crate) fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && is_ascii_text(name)
}

/// Printable ASCII without escapes.
#[inline(never)]
pub fn is_ascii_text(text: &[u8]) -> bool {
    text.iter()
        .all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\' && *byte != b'"')
}
