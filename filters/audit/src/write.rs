//! Writing JSON, also inside of JSON strings, with secrets taken out and long texts cut.

mod walk;

use leafpack_fluent_bit::json::{Kind, Value, plain_len, unescape};
use leafpack_fluent_bit::{Call, Output};

use crate::redact::{About, CONFIG_MAPS, REDACTED, Search, WORDS};
use crate::settings::Settings;
use crate::text::{Items, cut, unit};

/// What a text ends in that was cut.
const CUT: &[u8] = b"...[cut]";

/// Keys of a path of the settings, at most. The host leaves a module little stack: of what it says that it needs, WAMR
/// gives it a fifth where it is built with threads, as in Fluent Bit (`cluster->stack_size` of its thread manager).
const STACK: usize = 16;

/// How a string is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    /// It is a line that is no JSON.
    Line,
    /// It goes into the message: without line breaks.
    Message,
}

/// The output with all that decides how values are written.
pub(crate) struct Writer<'w, 'a, 't> {
    out: &'w mut Output<'a>,
    pub(crate) settings: &'w Settings,
    /// What is written is about this.
    pub(crate) about: About,
    /// What is written is an audit event.
    pub(crate) event: bool,
    /// Something was redacted.
    pub(crate) redacted: bool,
    /// How many JSON strings this is inside of.
    level: u32,
    /// Bytes that may still be written, before they are escaped for the level.
    left: usize,
    cut: bool,
    /// A comma goes before the next member or element.
    comma: bool,
    /// Keys that lead to the value being written.
    stack: [&'t [u8]; STACK],
}

impl<'w, 'a, 't> Writer<'w, 'a, 't> {
    pub(crate) fn new(out: &'w mut Output<'a>, settings: &'w Settings) -> Self {
        Self {
            out,
            settings,
            about: 0,
            event: false,
            redacted: false,
            level: 0,
            left: usize::MAX,
            cut: false,
            comma: false,
            stack: [b""; STACK],
        }
    }

    /// Says what is to be written, so that it is known what must not be.
    #[inline(never)]
    pub(crate) fn set_about(&mut self, about: About) {
        if self.settings.redaction() {
            self.about = about;
            if !self.settings.redact_configmaps() {
                self.about &= !CONFIG_MAPS;
            }
        }
    }

    /// Appends text: JSON, or a string's escaped content.
    #[inline(never)]
    pub(crate) fn put(&mut self, text: &[u8]) {
        let mut text = text;
        if text.len() > self.left {
            text = cut(text, self.left);
            self.left = 0;
            self.cut = true;
        } else if self.left != usize::MAX {
            self.left -= text.len();
        }
        let slashes = b"\\\\\\\\\\\\\\"
            .get(..(1 << (self.level & 3)) - 1)
            .unwrap_or_default();
        if slashes.is_empty() {
            self.out.push(text);
            return;
        }
        let mut from = 0;
        for (at, byte) in text.iter().enumerate() {
            if matches!(byte, b'"' | b'\\') {
                self.out.push(text.get(from..at).unwrap_or_default());
                self.out.push(slashes);
                from = at;
            }
        }
        self.out.push(text.get(from..).unwrap_or_default());
    }

    #[inline(never)]
    fn put_comma(&mut self) {
        if self.comma {
            self.put(b",");
        }
        self.comma = true;
    }

    /// Opens an object.
    pub(crate) fn open_object(&mut self) {
        self.put(b"{");
        self.comma = false;
    }

    /// Closes an object.
    pub(crate) fn close_object(&mut self) {
        self.put(b"}");
        self.comma = true;
    }

    /// Starts a member. `key` is escaped already.
    pub(crate) fn key(&mut self, key: &[u8]) {
        self.long_key(b"", key);
    }

    /// Starts a member whose key is in two parts, with a dot between them where there is a first one.
    #[inline(never)]
    fn long_key(&mut self, prefix: &[u8], key: &[u8]) {
        self.put_comma();
        self.put(b"\"");
        if !prefix.is_empty() {
            self.put(prefix);
            self.put(b".");
        }
        self.put(key);
        self.put(b"\":");
    }

    /// A member whose value is a string that is escaped already, and is no secret.
    #[inline(never)]
    pub(crate) fn string(&mut self, key: &[u8], content: &[u8]) {
        self.key(key);
        self.put(b"\"");
        self.put(content);
        self.put(b"\"");
    }

    /// A member that must not be shown.
    #[inline(never)]
    pub(crate) fn redact(&mut self, key: &[u8]) {
        self.key(key);
        self.put_redacted();
    }

    fn put_redacted(&mut self) {
        self.put(b"\"[redacted]\"");
        self.redacted = true;
    }

    /// Starts JSON text in a string, of at most so many bytes.
    #[inline(never)]
    pub(crate) fn open_text(&mut self, most: usize) {
        self.put(b"\"");
        self.level += 1;
        self.left = most;
        self.cut = false;
    }

    /// Ends it, and says so where it was cut.
    #[inline(never)]
    pub(crate) fn close_text(&mut self) {
        self.end_piece();
        self.level = self.level.wrapping_sub(1);
        self.put(b"\"");
        self.comma = true;
    }

    /// A piece of a string, of at most so many bytes; what is secret in it is not written.
    #[inline(never)]
    pub(crate) fn piece(&mut self, content: &[u8], most: usize) {
        self.left = most;
        self.cut = false;
        self.scrub(content, Style::Message);
        self.end_piece();
    }

    fn end_piece(&mut self) {
        self.left = usize::MAX;
        if core::mem::take(&mut self.cut) {
            self.put(CUT);
        }
    }

    /// Writes a string's escaped content without what looks like a secret.
    #[inline(never)]
    pub(crate) fn scrub(&mut self, text: &[u8], style: Style) {
        let mut search = Search::new(text, style == Style::Line);
        let mut from = 0;
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            // By the letters that the words start with: all but one byte of many are passed over here.
            let second = STARTS[usize::from(byte & 31)];
            let next = text.get(at + 1).map_or(0, |next| next | 0x20);
            if byte < b'@' || (second != next && byte != b'\\') {
                at += 1;
                continue;
            }
            let (start, end, instead) = if byte == b'\\' {
                let end = at + unit(text, at);
                if style == Style::Message && matches!(next, b'n' | b'r' | b't') {
                    (at, end, &b" "[..])
                } else {
                    (end, end, &b""[..])
                }
            } else if self.settings.redaction() {
                let (start, end) = search.at(at);
                (start, end, REDACTED)
            } else {
                (at + 1, at + 1, &b""[..])
            };
            if end > start {
                self.put(text.get(from..start).unwrap_or_default());
                self.put(instead);
                self.redacted |= instead == REDACTED;
                from = end;
                if self.cut {
                    return;
                }
            }
            at = end;
        }
        self.put(text.get(from..).unwrap_or_default());
    }

    /// A string value, without what looks like a secret.
    #[inline(never)]
    pub(crate) fn quoted(&mut self, content: &[u8], style: Style) {
        self.put(b"\"");
        self.scrub(content, style);
        self.put(b"\"");
    }

    /// Writes a known field, which the first `len` keys of the stack lead to: strings and numbers as they are, arrays of
    /// strings as one string with commas, all else as JSON text in a string.
    #[inline(never)]
    pub(crate) fn known(&mut self, name: &[u8], value: Value<'t>, len: usize) {
        self.key(name);
        if value.kind == Kind::Scalar {
            return self.put(value.text);
        }
        if let Some(content) = value.string() {
            return self.quoted(content, Style::Plain);
        }
        let mut items = Items::new(&value);
        let mut joined = value.kind == Kind::Array;
        while joined && items.next() {
            joined = items.now.kind == Kind::String;
        }
        if joined {
            self.put(b"\"");
            let mut items = Items::new(&value);
            let mut separator: &[u8] = b"";
            while items.next() {
                self.put(separator);
                self.scrub(items.content(), Style::Plain);
                separator = b",";
            }
            self.put(b"\"");
        } else {
            self.text(value.text, len, usize::MAX, false);
        }
    }

    /// A JSON value as text in a string.
    #[inline(never)]
    pub(crate) fn text(&mut self, value: &'t [u8], len: usize, most: usize, whole: bool) {
        self.open_text(most);
        self.walk(value, len, whole);
        self.close_text();
    }

    /// A string's content without its escapes, in scratch memory of the output; empty where there is too little of it,
    /// which the output then says.
    #[inline(never)]
    pub(crate) fn unescaped(&mut self, content: &[u8]) -> &'a [u8] {
        // Unescaping never makes a text longer.
        let Some(scratch) = self.out.scratch(content.len()) else {
            return b"";
        };
        let mut len = 0;
        let mut at = 0;
        while at < content.len() {
            // Up to the next escape all is copied at once.
            let rest = content.get(at..).unwrap_or_default();
            let plain = rest.get(..plain_len(rest)).unwrap_or_default();
            if let Some(place) = scratch.get_mut(len..len + plain.len()) {
                place.copy_from_slice(plain);
            }
            len += plain.len();
            at += plain.len();
            // Nearly all escapes are these.
            if let Some([b'\\', byte @ (b'"' | b'\\' | b'/')]) = content.get(at..at + 2) {
                if let Some(place) = scratch.get_mut(len) {
                    *place = *byte;
                }
                len += 1;
                at += 2;
                continue;
            }
            // Halves of a surrogate pair belong together.
            let mut escape = unit(content, at);
            while escape > 2 && unit(content, at + escape) > 2 {
                escape += 6;
            }
            for byte in unescape(content.get(at..at + escape).unwrap_or_default()) {
                if let Some(place) = scratch.get_mut(len) {
                    *place = byte;
                }
                len += 1;
            }
            at += escape;
        }
        scratch.get(..len).unwrap_or_default()
    }

    /// The record of a text that is no JSON object, with the host's time.
    pub(crate) fn unreadable(&mut self, call: &Call<'_>) {
        let reason: &[u8] = match call.record {
            None => b"audit.record: the host had no memory for the record",
            Some(_) => b"audit.record: the record is no JSON object",
        };
        self.open_object();
        self.string(b"_time", &call.time.rfc3339());
        self.string(leafpack_fluent_bit::ERROR_FIELD, reason);
        if let Some(record) = call.record {
            // Half of what is free: the buffer grows until that is enough.
            let Some(scratch) = self.out.scratch(self.out.room() >> 1) else {
                return;
            };
            let mut copy = Output::new(scratch);
            copy.push_escaped(record);
            let Some(len) = copy.used() else {
                return self.out.refuse();
            };
            self.key(leafpack_fluent_bit::RECORD_FIELD);
            self.quoted(scratch.get(..len).unwrap_or_default(), Style::Line);
        }
        self.close_object();
    }
}

/// The second letters of the words that start a secret, by the lowest five bits of the first ones.
static STARTS: [u8; 32] = starts();

const fn starts() -> [u8; 32] {
    let mut table = [0; 32];
    let mut index = 0;
    while index < WORDS.len() {
        let word = WORDS[index];
        table[(word[0] & 31) as usize] = word[1];
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_looked_for() {
        for word in WORDS {
            assert_eq!(STARTS[usize::from(word[0] & 31)], word[1]);
            assert!(word.iter().all(|byte| !byte.is_ascii_uppercase()));
        }
    }
}
