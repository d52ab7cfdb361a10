use crate::call::Call;
use crate::json::is_plain;

/// Name of the field that says why a record was left as it came, or what was changed in it against its will:
/// a code (the module or `host`), a colon and a reason.
pub const ERROR_FIELD: &[u8] = b"leafpack_error";

/// Name of the field that holds, as one string, a record that was no JSON object.
pub const RECORD_FIELD: &[u8] = b"leafpack_record";

/// Where a filter writes the new record: a buffer of fixed size that only counts what does not fit. The
/// filter is then called again with a larger one, so nothing has to be checked on the way.
#[derive(Debug)]
pub struct Output<'a> {
    buffer: &'a mut [u8],
    len: usize,
    overflow: bool,
}

impl<'a> Output<'a> {
    /// An empty output over `buffer`.
    #[inline]
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self {
            buffer,
            len: 0,
            overflow: false,
        }
    }

    /// Appends bytes as they are.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        match self
            .buffer
            .get_mut(self.len..)
            .and_then(|free| free.get_mut(..bytes.len()))
        {
            Some(free) => {
                free.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            None => self.overflow = true,
        }
    }

    /// Appends one byte.
    #[inline]
    pub fn push_byte(&mut self, byte: u8) {
        match self.buffer.get_mut(self.len) {
            Some(free) => {
                *free = byte;
                self.len += 1;
            }
            None => self.overflow = true,
        }
    }

    /// Appends any bytes as the content of a JSON string: quotes, backslashes and control characters are
    /// escaped, everything else stays (invalid UTF-8 too: the host keeps it).
    pub fn push_escaped(&mut self, bytes: &[u8]) {
        if is_plain(bytes) {
            self.push(bytes);
            return;
        }
        for &byte in bytes {
            match byte {
                b'"' => self.push(b"\\\""),
                b'\\' => self.push(b"\\\\"),
                b'\n' => self.push(b"\\n"),
                b'\r' => self.push(b"\\r"),
                b'\t' => self.push(b"\\t"),
                0..0x20 => {
                    self.push(b"\\u00");
                    self.push_byte(hex_digit(byte >> 4));
                    self.push_byte(hex_digit(byte & 15));
                }
                _ => self.push_byte(byte),
            }
        }
    }

    /// Starts a JSON object here.
    #[inline]
    pub fn object(&mut self) -> Object<'_, 'a> {
        self.push_byte(b'{');
        Object {
            output: self,
            empty: true,
        }
    }

    /// Writes the record for a text that is no JSON object (or is missing): the event's time as `time_key`,
    /// the reason, and the text as one string. `time_key` is plain, as in [`Object::string`].
    pub fn unreadable(&mut self, call: &Call<'_>, time_key: &[u8], reason: &[u8]) {
        let mut object = self.object();
        object.string(time_key, &call.time.rfc3339());
        object.string(ERROR_FIELD, reason);
        if let Some(text) = call.record {
            object.text(RECORD_FIELD, text);
        }
        object.end();
    }

    /// Cuts `len` bytes off the end of the free space, as scratch for the filter. `None` (and the filter will
    /// be called again) where that much is not free.
    #[inline]
    pub fn scratch(&mut self, len: usize) -> Option<&'a mut [u8]> {
        let buffer = core::mem::take(&mut self.buffer);
        match buffer.len().checked_sub(len) {
            Some(at) if at >= self.len => {
                let (front, back) = buffer.split_at_mut_checked(at)?;
                self.buffer = front;
                Some(back)
            }
            _ => {
                self.buffer = buffer;
                self.overflow = true;
                None
            }
        }
    }

    /// What was written so far.
    #[inline]
    pub fn written(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// Whether anything did not fit.
    #[inline]
    pub fn overflowed(&self) -> bool {
        self.overflow
    }
}

#[inline]
fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0' + nibble
    } else {
        b'a' + (nibble - 10)
    }
}

/// A JSON object being written. Keys are written once each by whoever writes; [`Object::end`] closes it.
#[derive(Debug)]
pub struct Object<'o, 'a> {
    output: &'o mut Output<'a>,
    empty: bool,
}

impl<'a> Object<'_, 'a> {
    #[inline]
    fn comma(&mut self) {
        if !self.empty {
            self.output.push_byte(b',');
        }
        self.empty = false;
    }

    #[inline]
    fn key(&mut self, key: &[u8]) {
        self.comma();
        self.output.push_byte(b'"');
        self.output.push(key);
        self.output.push(b"\":");
    }

    /// A field whose value is JSON text already. `key` is escaped already, as [`crate::json::Field::key`] is.
    #[inline]
    pub fn raw(&mut self, key: &[u8], value: &[u8]) {
        self.key(key);
        self.output.push(value);
    }

    /// A field whose value is a string that is escaped already.
    #[inline]
    pub fn string(&mut self, key: &[u8], content: &[u8]) {
        self.key(key);
        self.output.push_byte(b'"');
        self.output.push(content);
        self.output.push_byte(b'"');
    }

    /// A field whose value is a string of any bytes, which are escaped here.
    pub fn text(&mut self, key: &[u8], bytes: &[u8]) {
        self.key(key);
        self.output.push_byte(b'"');
        self.output.push_escaped(bytes);
        self.output.push_byte(b'"');
    }

    /// Fields that stand in another object's text, commas between them; one before or behind them is left out.
    #[inline]
    pub fn fields(&mut self, text: &[u8]) {
        let text = trim(text);
        if !text.is_empty() {
            self.comma();
            self.output.push(text);
        }
    }

    /// A string field that is written piece by piece. [`OpenString::close`] ends it.
    pub fn open_string(&mut self, key: &[u8]) -> OpenString<'_, 'a> {
        self.key(key);
        self.output.push_byte(b'"');
        OpenString {
            output: self.output,
        }
    }

    /// Closes the object.
    #[inline]
    pub fn end(self) {
        self.output.push_byte(b'}');
    }
}

/// Without white space and one comma at either end.
#[inline]
fn trim(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b",").unwrap_or(text);
    text.strip_suffix(b",").unwrap_or(text).trim_ascii()
}

/// A string value being written.
#[derive(Debug)]
pub struct OpenString<'o, 'a> {
    output: &'o mut Output<'a>,
}

impl OpenString<'_, '_> {
    /// Appends text that is escaped already.
    #[inline]
    pub fn push(&mut self, content: &[u8]) {
        self.output.push(content);
    }

    /// Ends the string.
    #[inline]
    pub fn close(self) {
        self.output.push_byte(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec::Vec;

    #[test]
    fn writes_an_object() {
        let mut buffer = [0; 100];
        let mut out = Output::new(&mut buffer);
        let mut object = out.object();
        object.raw(b"n", b"[1,2]");
        object.string(b"s", br"a\n");
        object.text(b"t", b"\"\x01\x1f\\");
        object.fields(br#" , "x":1 , "y":2,"#);
        object.fields(b" , ");
        let mut string = object.open_string(b"p");
        string.push(b"x");
        string.push(b"y");
        string.close();
        object.end();
        assert_eq!(
            out.written(),
            br#"{"n":[1,2],"s":"a\n","t":"\"\u0001\u001f\\","x":1 , "y":2,"p":"xy"}"#
        );
        assert!(!out.overflowed());
    }

    #[test]
    fn an_empty_object_is_one() {
        let mut buffer = [0; 2];
        let mut out = Output::new(&mut buffer);
        out.object().end();
        assert_eq!(out.written(), b"{}");
    }

    #[test]
    fn counts_what_does_not_fit() {
        let mut buffer = [0; 3];
        let mut out = Output::new(&mut buffer);
        out.push(b"abc");
        assert!(!out.overflowed());
        out.push_byte(b'd');
        assert!(out.overflowed());
        assert_eq!(out.written(), b"abc");
    }

    #[test]
    fn scratch_comes_off_the_end() {
        let mut buffer = [0; 8];
        let mut out = Output::new(&mut buffer);
        out.push(b"abc");
        let scratch = out.scratch(4).unwrap();
        assert_eq!(scratch.len(), 4);
        scratch.fill(9);
        out.push(b"d");
        assert!(!out.overflowed());
        assert!(out.scratch(1).is_none());
        assert!(out.overflowed());
        assert_eq!(out.written(), b"abcd");
    }

    proptest! {
        #[test]
        fn any_bytes_become_a_string(bytes: Vec<u8>) {
            let mut buffer = std::vec![0; bytes.len() * 6];
            let mut out = Output::new(&mut buffer);
            out.push_escaped(&bytes);
            prop_assert!(!out.overflowed());
            let back: Vec<u8> = crate::json::unescape(out.written()).collect();
            prop_assert_eq!(&back, &bytes);
            if let Ok(text) = std::str::from_utf8(&bytes) {
                let quoted = std::format!("\"{}\"", std::str::from_utf8(out.written()).unwrap());
                prop_assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
            }
        }

        #[test]
        fn an_unreadable_record_is_one_object(text: String) {
            let mut buffer = std::vec![0; text.len() * 6 + 200];
            let mut out = Output::new(&mut buffer);
            let call = Call { tag: b"", time: Time::default(), record: Some(text.as_bytes()) };
            out.unreadable(&call, b"_time", b"test: reason");
            let value: serde_json::Value = serde_json::from_slice(out.written()).unwrap();
            prop_assert_eq!(value["leafpack_record"].as_str(), Some(text.as_str()));
        }
    }
}
