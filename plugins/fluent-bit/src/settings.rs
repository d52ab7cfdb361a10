//! Settings from `<module>.json`.
//!
//! Fluent Bit passes no options to a module (fluent-bit issue 11209), so they come from a file in a folder of
//! `accessible_paths`, read at the first call. A filter works without it, and with a broken one: it then uses
//! its defaults, says so on stderr and marks its records.

use crate::json::{Field, Fields, Malformed};
use crate::output::Output;

/// A filter's settings. `()` is a filter without any.
pub trait Settings: Sized + 'static {
    /// Makes the settings from what was found; never fails. What a user should know goes into `notes`.
    fn load(source: Source, notes: &mut Notes<'_>) -> Self;
}

impl Settings for () {
    fn load(_: Source, _: &mut Notes<'_>) {}
}

/// What was found of the settings file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// No folder has it: defaults are right.
    Missing,
    /// Its content, kept as long as the instance lives.
    Text(&'static [u8]),
    /// It is there and cannot be read: WASI's error number.
    Unreadable(u16),
}

/// Sentences for stderr, a line each; what does not fit the buffer is left out.
#[derive(Debug)]
pub struct Notes<'a> {
    module: &'a [u8],
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> Notes<'a> {
    /// Notes of a module into `buffer`.
    pub fn new(module: &'a str, buffer: &'a mut [u8]) -> Self {
        Self {
            module: module.as_bytes(),
            buffer,
            len: 0,
        }
    }

    /// Adds a line `leafpack: <module>.json: <parts>`.
    #[inline(never)]
    pub fn add(&mut self, parts: &[&[u8]]) {
        let mut line = Output::new(self.buffer.get_mut(self.len..).unwrap_or_default());
        line.push(b"leafpack: ");
        line.push(self.module);
        line.push(b".json: ");
        for part in parts {
            line.push(part);
        }
        line.push(b"\n");
        self.len += line.used().unwrap_or(0);
    }

    /// Keeps only the first lines where less than a long one's room is left.
    fn make_room(&mut self) {
        const ROOM: usize = 400;
        let keep = self.buffer.len().saturating_sub(ROOM);
        if self.len > keep {
            let lines = self.buffer.get(..keep).unwrap_or_default();
            self.len = lines
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1);
        }
    }

    /// The lines so far.
    pub fn text(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

/// Why a field of the settings is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No setting has this name: it is ignored, with a note.
    UnknownKey,
    /// The value is wrong; what would be right, as "a string" or "one of …".
    Wrong(&'static str),
}

/// The settings file is broken, or cannot be read: use defaults and mark records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// Hands each field of the settings to `each`. `known` lists the names for the note on an unknown one.
///
/// # Errors
/// [`Broken`] where the file cannot be read, is not one JSON object, or `each` refused a value; what was taken
/// before must then be thrown away. The notes say what is wrong and what would be right.
pub fn read(
    source: Source,
    known: &str,
    notes: &mut Notes<'_>,
    mut each: impl FnMut(&Field<'static>) -> Result<(), Refusal>,
) -> Result<(), Broken> {
    let text = match source {
        Source::Missing => return Ok(()),
        Source::Text(text) => text,
        Source::Unreadable(errno) => {
            notes.make_room();
            let mut digits = [0; 5];
            notes.add(&[
                b"cannot be read (WASI error ",
                decimal(u32::from(errno), &mut digits),
                b"); defaults are used",
            ]);
            return Err(Broken);
        }
    };
    for field in Fields::new(text) {
        let field = match field {
            Ok(field) => field,
            Err(Malformed { at }) => {
                notes.make_room();
                let mut digits = [0; 5];
                let line = decimal(line_of(text, at), &mut digits);
                notes.add(&[b"line ", line, b": not a JSON object; defaults are used"]);
                return Err(Broken);
            }
        };
        match each(&field) {
            Ok(()) => {}
            Err(Refusal::UnknownKey) => {
                let (key, more) = shorten(field.key);
                notes.add(&[
                    b"unknown key \"",
                    key,
                    more,
                    b"\" is ignored; known are ",
                    known.as_bytes(),
                ]);
            }
            Err(Refusal::Wrong(right)) => {
                let (key, more_key) = shorten(field.key);
                let (value, more) = shorten(field.value.text);
                // This one must be said, whatever was said before.
                notes.make_room();
                notes.add(&[
                    b"\"",
                    key,
                    more_key,
                    b"\" is ",
                    value,
                    more,
                    b", should be ",
                    right.as_bytes(),
                    b"; defaults are used",
                ]);
                return Err(Broken);
            }
        }
    }
    Ok(())
}

/// The start of a text for a note, and what stands for the rest.
fn shorten(text: &[u8]) -> (&[u8], &'static [u8]) {
    const MOST: usize = 60;
    match text.get(..MOST) {
        Some(start) if text.len() > MOST => (start, "…".as_bytes()),
        _ => (text, b""),
    }
}

/// The line (from 1) that the byte at `at` is on.
fn line_of(text: &[u8], at: usize) -> u32 {
    let before = text.get(..at).unwrap_or(text);
    before
        .iter()
        .fold(1, |line, byte| if *byte == b'\n' { line + 1 } else { line })
}

/// `value` in decimal digits, at most 99,999.
fn decimal(value: u32, digits: &mut [u8; 5]) -> &[u8] {
    let mut rest = value.min(99_999);
    let mut leading = 5;
    for (index, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (rest % 10) as u8;
        if rest > 0 || index == 4 {
            leading = index;
        }
        rest /= 10;
    }
    digits.get(leading..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};

    fn load(source: Source) -> (Result<(), Broken>, String, u32) {
        let mut buffer = [0; 300];
        let mut notes = Notes::new("demo", &mut buffer);
        let mut taken = 0;
        let result = read(source, "limit, name", &mut notes, |field| match field.key {
            b"limit" if field.value.text.iter().all(u8::is_ascii_digit) => {
                taken += 1;
                Ok(())
            }
            b"limit" => Err(Refusal::Wrong("a whole number")),
            b"name" => Ok(()),
            _ => Err(Refusal::UnknownKey),
        });
        let text = std::str::from_utf8(notes.text()).unwrap().to_string();
        (result, text, taken)
    }

    #[test]
    fn says_what_is_wrong() {
        for (source, result, note) in [
            (Source::Missing, Ok(()), ""),
            (Source::Text(br#"{"limit":5,"name":"x"}"#), Ok(()), ""),
            (
                Source::Text(br#"{"limt":5}"#),
                Ok(()),
                "leafpack: demo.json: unknown key \"limt\" is ignored; known are limit, name\n",
            ),
            (
                Source::Text(br#"{"limit":"5"}"#),
                Err(Broken),
                "leafpack: demo.json: \"limit\" is \"5\", should be a whole number; defaults are used\n",
            ),
            (
                Source::Text(b"{\n\"limit\":5,\n}"),
                Err(Broken),
                "leafpack: demo.json: line 3: not a JSON object; defaults are used\n",
            ),
            (
                Source::Text(b""),
                Err(Broken),
                "leafpack: demo.json: line 1: not a JSON object; defaults are used\n",
            ),
            (
                Source::Unreadable(2),
                Err(Broken),
                "leafpack: demo.json: cannot be read (WASI error 2); defaults are used\n",
            ),
        ] {
            let (got, text, _) = load(source);
            assert_eq!((got, text.as_str()), (result, note), "{source:?}");
        }
        assert_eq!(load(Source::Text(br#"{"limit":5}"#)).2, 1);
    }

    #[test]
    fn counts_in_decimal() {
        for value in [0, 1, 9, 10, 12_345, 99_999] {
            assert_eq!(decimal(value, &mut [0; 5]), value.to_string().as_bytes());
        }
        assert_eq!(decimal(100_000, &mut [0; 5]), b"99999");
    }
}
