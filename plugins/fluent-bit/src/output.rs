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
    free: &'a mut [u8],
    /// Length of the buffer less what was given away as scratch.
    total: usize,
    overflow: bool,
}

impl<'a> Output<'a> {
    /// An empty output over `buffer`.
    #[inline]
    pub fn new(buffer: &'a mut [u8]) -> Self {
        let total = buffer.len();
        Self {
            free: buffer,
            total,
            overflow: false,
        }
    }

    /// Appends bytes as they are.
    #[inline(never)]
    pub fn push(&mut self, bytes: &[u8]) {
        match core::mem::take(&mut self.free).split_at_mut_checked(bytes.len()) {
            Some((place, free)) => {
                place.copy_from_slice(bytes);
                self.free = free;
            }
            None => self.overflow = true,
        }
    }

    /// The next `len` bytes, to be written to; `None` (and the filter will be called again) where that many are not
    /// free.
    #[inline]
    pub fn place(&mut self, len: usize) -> Option<&'a mut [u8]> {
        let place = core::mem::take(&mut self.free).split_at_mut_checked(len);
        match place {
            Some((place, free)) => {
                self.free = free;
                Some(place)
            }
            None => {
                self.overflow = true;
                None
            }
        }
    }

    /// Appends one byte.
    #[inline(never)]
    pub fn push_byte(&mut self, byte: u8) {
        match core::mem::take(&mut self.free).split_first_mut() {
            Some((place, free)) => {
                *place = byte;
                self.free = free;
            }
            None => self.overflow = true,
        }
    }

    /// Appends any bytes as the content of a JSON string: quotes, backslashes and control characters are
    /// escaped, everything else stays (invalid UTF-8 too: the host keeps it).
    #[inline(never)]
    pub fn push_escaped(&mut self, bytes: &[u8]) {
        if is_plain(bytes) {
            self.push(bytes);
            return;
        }
        for &byte in bytes {
            let mut escape = 0;
            for [known, letter] in ESCAPES {
                if *known == byte {
                    escape = *letter;
                }
            }
            if escape != 0 {
                self.push(&[b'\\', escape]);
            } else if byte < 0x20 {
                self.push(b"\\u00");
                self.push_hex(byte);
            } else {
                self.push_byte(byte);
            }
        }
    }

    /// Appends a byte's two hexadecimal digits.
    #[inline(never)]
    pub(crate) fn push_hex(&mut self, byte: u8) {
        self.push_byte(hex_digit(byte >> 4));
        self.push_byte(hex_digit(byte & 15));
    }

    /// Appends `value / 10^decimals` (22 at most), with a minus sign where asked for.
    #[inline(never)]
    pub(crate) fn push_decimal(&mut self, negative: bool, mut value: u64, decimals: usize) {
        let mut text = [b'.'; 24];
        // Counted from the end, as `len`; an integer has none.
        let point = if decimals > 0 { decimals + 1 } else { 0 };
        let mut len = 0;
        for place in text.iter_mut().rev() {
            len += 1;
            if len != point {
                *place = b'0' + (value % 10) as u8;
                value /= 10;
                if value == 0 && len > point {
                    break;
                }
            }
        }
        if negative {
            self.push_byte(b'-');
        }
        self.push(text.get(text.len() - len..).unwrap_or_default());
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

    /// Writes the record of [`Verdict::Unreadable`](crate::Verdict::Unreadable).
    #[inline(never)]
    pub(crate) fn unreadable(&mut self, call: &Call<'_>, time_field: &[u8], reason: &[u8]) {
        let mut object = self.object();
        object.string(time_field, &call.time.rfc3339());
        object.string(ERROR_FIELD, reason);
        if let Some(text) = call.record {
            object.text(RECORD_FIELD, text);
        }
        object.end();
    }

    /// Cuts `len` bytes off the end of the free space, as scratch for the filter. `None` (and the filter will
    /// be called again) where that much is not free.
    #[inline(never)]
    pub fn scratch(&mut self, len: usize) -> Option<&'a mut [u8]> {
        let free = core::mem::take(&mut self.free);
        match free
            .len()
            .checked_sub(len)
            .and_then(|at| free.split_at_mut_checked(at))
        {
            Some((front, back)) => {
                self.free = front;
                self.total -= len;
                Some(back)
            }
            None => {
                self.overflow = true;
                None
            }
        }
    }

    /// How many bytes are free.
    #[inline]
    pub fn room(&self) -> usize {
        self.free.len()
    }

    /// Says that something did not fit, so that the filter is called again with a larger buffer.
    #[inline]
    pub fn refuse(&mut self) {
        self.overflow = true;
    }

    /// How many bytes were written so far, from the start of the buffer; `None` where something did not fit.
    #[inline]
    pub fn used(&self) -> Option<usize> {
        (!self.overflow).then_some(self.total - self.free.len())
    }
}

/// What has a short escape, and its letter.
const ESCAPES: &[[u8; 2]] = &[*b"\"\"", *b"\\\\", *b"\nn", *b"\rr", *b"\tt"];

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
    fn comma(&mut self) {
        if !self.empty {
            self.output.push_byte(b',');
        }
        self.empty = false;
    }

    #[inline(never)]
    fn key(&mut self, key: &[u8]) {
        self.comma();
        self.output.push_byte(b'"');
        self.output.push(key);
        self.output.push(b"\":");
    }

    /// A field whose value is JSON text already. `key` is escaped already, as [`crate::json::Field::key`] is.
    #[inline(never)]
    pub fn raw(&mut self, key: &[u8], value: &[u8]) {
        self.key(key);
        self.output.push(value);
    }

    /// A field whose value is a string that is escaped already.
    #[inline(never)]
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

    /// Fields that stand in another object's text, commas between them; those before or behind them are left out.
    #[inline(never)]
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
    pub fn end(self) {
        self.output.push_byte(b'}');
    }
}

/// Without white space and commas at either end.
#[inline(never)]
fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r' | b',', rest @ ..]
    | [rest @ .., b' ' | b'\t' | b'\n' | b'\r' | b','] = text
    {
        text = rest;
    }
    text
}

/// A string value being written.
#[derive(Debug)]
pub struct OpenString<'o, 'a> {
    output: &'o mut Output<'a>,
}

impl OpenString<'_, '_> {
    /// Appends text that is escaped already.
    #[inline(never)]
    pub fn push(&mut self, content: &[u8]) {
        self.output.push(content);
    }

    /// Ends the string.
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

    /// What `body` writes to a buffer of `size` bytes, or `None` where it does not fit.
    fn written(size: usize, body: impl FnOnce(&mut Output<'_>)) -> Option<Vec<u8>> {
        let mut buffer = std::vec![0; size];
        let mut out = Output::new(&mut buffer);
        body(&mut out);
        let len = out.used()?;
        buffer.truncate(len);
        Some(buffer)
    }

    #[test]
    fn writes_an_object() {
        let text = written(100, |out| {
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
        });
        let expected = br#"{"n":[1,2],"s":"a\n","t":"\"\u0001\u001f\\","x":1 , "y":2,"p":"xy"}"#;
        assert_eq!(text.unwrap(), expected);
    }

    #[test]
    fn an_empty_object_is_one() {
        assert_eq!(written(2, |out| out.object().end()).unwrap(), b"{}");
    }

    #[test]
    fn says_where_something_does_not_fit() {
        assert_eq!(written(3, |out| out.push(b"abc")).unwrap(), b"abc");
        assert_eq!(written(3, |out| out.push(b"abcd")), None);
        let later = written(3, |out| {
            out.push(b"abcd");
            out.push(b"a");
        });
        assert_eq!(later, None, "what follows must not fill the gap");
    }

    #[test]
    fn scratch_comes_off_the_end() {
        let text = written(8, |out| {
            out.push(b"abc");
            out.scratch(4).unwrap().fill(9);
            out.push(b"d");
            assert_eq!(out.used(), Some(4));
        });
        assert_eq!(text.unwrap(), b"abcd");
        assert_eq!(written(8, |out| assert!(out.scratch(9).is_none())), None);
    }

    proptest! {
        #[test]
        fn any_bytes_become_a_string(bytes: Vec<u8>) {
            let text = written(bytes.len() * 6, |out| out.push_escaped(&bytes)).unwrap();
            let back: Vec<u8> = crate::json::unescape(&text).collect();
            prop_assert_eq!(&back, &bytes);
            if let Ok(plain) = std::str::from_utf8(&bytes) {
                let quoted = std::format!("\"{}\"", std::str::from_utf8(&text).unwrap());
                prop_assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), plain);
            }
        }

        #[test]
        fn an_unreadable_record_is_one_object(text: String) {
            let call = Call { tag: b"", time: Time::default(), record: Some(text.as_bytes()) };
            let record = written(text.len() * 6 + 200, |out| out.unreadable(&call, b"_time", b"test: reason"));
            let value: serde_json::Value = serde_json::from_slice(&record.unwrap()).unwrap();
            prop_assert_eq!(value["leafpack_record"].as_str(), Some(text.as_str()));
        }
    }
}
