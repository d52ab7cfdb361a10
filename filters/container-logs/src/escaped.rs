//! JSON inside of a message, as the record spells it: a quote is `\"`, a backslash `\\`.

use leafpack_fluent_bit::json::{byte, next_special, plain_len, unescape, value_end};

/// A quote inside of the message, as the record spells it.
pub(crate) const QUOTE: u16 = u16::from_le_bytes(*b"\\\"");
/// The start of an escape of the host's.
const UNICODE: u16 = u16::from_le_bytes(*b"\\u");
/// A backslash.
const BACKSLASH: u16 = u16::from_le_bytes(*b"\\\\");

/// Two bytes of the record; 0 behind its end.
#[inline(always)]
pub(crate) fn pair(record: &[u8], at: usize) -> u16 {
    record
        .get(at..)
        .and_then(<[u8]>::first_chunk)
        .map_or(0, |pair| u16::from_le_bytes(*pair))
}

/// Where the next byte stands that is no space. (Line feeds and tabs are escapes here: a bare one is not to be passed on.)
#[inline(always)]
pub(crate) fn skip_space(record: &[u8], mut at: usize) -> usize {
    while byte(record, at) == b' ' {
        at += 1;
    }
    at
}

/// Where the string ends whose content starts at `at`. `None`: it is left to the whole filter.
#[inline(never)]
pub(crate) fn string_end(record: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = next_special(record, at);
        let next = byte(record, at + 2);
        at += match pair(record, at) {
            QUOTE => return Some(at),
            // An escape of the message's own.
            BACKSLASH => match next {
                b'n' | b't' | b'r' | b'b' | b'f' | b'/' => 3,
                b'\\' if matches!(pair(record, at + 2), QUOTE | BACKSLASH) => 4,
                _ => return None,
            },
            // A character beyond ASCII, as the host writes it from 4.1 on; not half of a pair.
            UNICODE if !matches!(next, b'd' | b'D') => {
                let digits = record.get(at + 2..at + 6)?;
                let is_ascii = digits.starts_with(b"00") && digits.get(2) < Some(&b'8');
                if is_ascii || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                6
            }
            // What else the host escapes.
            _ => return None,
        };
    }
}

/// Where the object or list ends that starts at `at`, if it is one. `None`: it is left to the whole filter.
#[inline(never)]
pub(crate) fn nested_end(record: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    loop {
        match byte(record, at) {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'\\' if pair(record, at) == QUOTE => at = string_end(record, at + 2)? + 1,
            b'\\' | b'"' | 0..0x20 => return None,
            _ => {}
        }
        at += 1;
    }
}

/// Where the answer is written.
pub(crate) struct Room<'a> {
    pub(crate) text: &'a mut [u8],
    pub(crate) len: usize,
}

impl Room<'_> {
    /// `None`: it does not fit.
    #[inline(always)]
    pub(crate) fn put(&mut self, text: &[u8]) -> Option<()> {
        let (place, _) = self
            .text
            .get_mut(self.len..)?
            .split_at_mut_checked(text.len())?;
        place.copy_from_slice(text);
        self.len += text.len();
        Some(())
    }

    /// Writes a text without one level of its escapes.
    #[inline(never)]
    pub(crate) fn put_unescaped(&mut self, mut text: &[u8]) -> Option<()> {
        loop {
            let at = plain_len(text);
            self.put(text.get(..at)?)?;
            match byte(text, at + 1) {
                _ if at == text.len() => return Some(()),
                b'u' => {
                    for byte in unescape(text.get(at..at + 6)?) {
                        self.put(&[byte])?;
                    }
                    text = text.get(at + 6..)?;
                }
                _ => {
                    self.put(text.get(at + 1..at + 2)?)?;
                    text = text.get(at + 2..)?;
                }
            }
        }
    }

    /// Whether what was written from here on is a JSON value.
    #[inline(never)]
    pub(crate) fn is_value(&self, from: usize) -> bool {
        let text = self.text.get(from..self.len).unwrap_or_default();
        value_end(text, 0).is_some_and(|(end, _)| end == text.len())
    }
}
