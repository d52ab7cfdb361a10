//! Settings from `<module>.json`.
//!
//! Fluent Bit passes no options to a module (fluent-bit issue 11209), so they come from a file in a folder of
//! `accessible_paths`, read at the first call. A filter works without it, and with a broken one: it then uses
//! its defaults, says so on stderr and marks its records.

use crate::json::{Field, Fields, Malformed, byte};
use crate::output::Output;
use crate::run::Format;

/// A filter's settings. `()` is a filter without any.
pub trait Settings: Sized + 'static {
    /// Makes the settings from what was found; never fails. What a user should know goes into `notes`.
    fn load(source: Source, notes: &mut Notes<'_>) -> Self;

    /// Bytes of memory that the filter wants for as long as the instance lives: none by default.
    fn memory(&self) -> usize {
        0
    }

    /// Takes that memory, zeroed. Not called where the host has none: a filter works without.
    fn keep(&mut self, _memory: &'static mut [u8]) {}

    /// Bytes for the answers of [`Self::quick`]; 0, the default, for a filter without.
    const QUICK: usize = 0;

    /// Answers a record that can be answered without any ado, before the filter is asked: writes the answer and a zero
    /// byte to `room`, and returns its length without that byte; 0 where it is no such record, or does not fit. The
    /// filter must give the same answer. It changes nothing that the filter remembers.
    #[inline(always)]
    fn quick<'t>(
        &self,
        _format: Format,
        _tag: impl Fn() -> &'t [u8],
        _record: &[u8],
        _room: &mut [u8],
    ) -> usize {
        0
    }

    /// The call is over. `stands`: the host gets what the filter answered last; else there was no memory for it, and the
    /// record stays as it came. What a filter remembers from one record to the next must change here alone, since it is
    /// called again for the same one where its output did not fit.
    #[inline]
    fn answered(&self, _stands: bool) {}
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
    /// Length of the lines that are whole.
    len: usize,
    /// Where the line that is being written goes on; beyond the buffer where it does not fit.
    at: usize,
}

impl<'a> Notes<'a> {
    /// Notes of a module into `buffer`.
    pub fn new(module: &'a str, buffer: &'a mut [u8]) -> Self {
        Self {
            module: module.as_bytes(),
            buffer,
            len: 0,
            at: 0,
        }
    }

    /// Adds a line `leafpack: <module>.json: <parts>`.
    pub fn add(&mut self, parts: &[&[u8]]) {
        self.start();
        for part in parts {
            self.push(part);
        }
        self.end(b"");
    }

    #[inline(never)]
    fn push(&mut self, text: &[u8]) {
        Output::new(self.buffer.get_mut(self.at..).unwrap_or_default()).push(text);
        self.at += text.len();
    }

    /// Pushes a text of the file, or only its start.
    #[inline(never)]
    fn push_short(&mut self, text: &[u8]) {
        const MOST: usize = 60;
        match text.get(..MOST) {
            Some(start) if text.len() > MOST => {
                self.push(start);
                self.push("…".as_bytes());
            }
            _ => self.push(text),
        }
    }

    #[inline(never)]
    fn start(&mut self) {
        self.push(b"leafpack: ");
        self.push(self.module);
        self.push(b".json: ");
    }

    #[inline(never)]
    fn end(&mut self, text: &[u8]) {
        self.push(text);
        self.push(b"\n");
        if self.at <= self.buffer.len() {
            self.len = self.at;
        }
        self.at = self.len;
    }

    /// Starts the line that says why defaults are used. It must be said, so that the last lines make room for it.
    #[inline(never)]
    fn start_reason(&mut self) {
        const ROOM: usize = 400;
        let keep = self.buffer.len().saturating_sub(ROOM);
        while self.len > keep || (self.len > 0 && byte(self.buffer, self.len - 1) != b'\n') {
            self.len -= 1;
        }
        self.at = self.len;
        self.start();
    }

    fn end_reason(&mut self) -> Broken {
        self.end(b"; defaults are used");
        Broken
    }

    /// A reason that holds a number.
    #[inline(never)]
    fn number_reason(&mut self, before: &[u8], number: u32, behind: &[u8]) -> Broken {
        self.start_reason();
        self.push(before);
        let mut digits = [0; 10];
        let mut out = Output::new(&mut digits);
        out.push_decimal(false, u64::from(number), 0);
        let len = out.used().unwrap_or_default();
        self.push(digits.get(..len).unwrap_or_default());
        self.push(behind);
        self.end_reason()
    }

    #[inline(never)]
    fn malformed(&mut self, text: &[u8], at: usize) -> Broken {
        let mut line = 1;
        for byte in text.get(..at).unwrap_or(text) {
            line += u32::from(*byte == b'\n');
        }
        self.number_reason(b"line ", line, b": not a JSON object")
    }

    #[inline(never)]
    fn refusal(&mut self, field: &Field<'_>, refusal: Refusal, known: &str) -> Result<(), Broken> {
        let (key, are, known) = match refusal {
            Refusal::UnknownKey => (field.key, "known are ", known),
            Refusal::UnknownBelow { key, known } => (key, "known there are ", known),
            Refusal::Wrong(right) => {
                self.start_reason();
                self.push(b"\"");
                self.push_short(field.key);
                self.push(b"\" is ");
                self.push_short(field.value.text);
                self.push(b", should be ");
                self.push(right.as_bytes());
                return Err(self.end_reason());
            }
        };
        self.start();
        self.push(b"unknown key \"");
        self.push_short(key);
        self.push(b"\" is ignored; ");
        self.push(are.as_bytes());
        self.end(known.as_bytes());
        Ok(())
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
    /// The setting is an object and was taken, save for a key that no setting has: it is ignored, with a note.
    UnknownBelow {
        /// The unknown key.
        key: &'static [u8],
        /// The names that the object may hold.
        known: &'static str,
    },
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
#[inline]
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
            return Err(notes.number_reason(
                b"cannot be read (WASI error ",
                u32::from(errno),
                b")",
            ));
        }
    };
    let mut fields = Fields::new(text);
    while fields.advance() {
        if let Err(refusal) = each(fields.field()) {
            notes.refusal(fields.field(), refusal, known)?;
        }
    }
    match fields.malformed() {
        None => Ok(()),
        Some(Malformed { at }) => Err(notes.malformed(text, at)),
    }
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
}
