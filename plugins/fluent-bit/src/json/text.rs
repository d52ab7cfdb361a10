//! Strings without their escapes.

use super::scan::{NO_UNIT, byte, unit};

/// Where the first such byte stands; the text's length where there is none.
#[inline(never)]
pub fn find(text: &[u8], byte: u8) -> usize {
    let mut at = 0;
    while let Some(found) = text.get(at)
        && *found != byte
    {
        at += 1;
    }
    at
}

/// Where `text` stands in a list; the list's length where it does not. One loop takes far less of a module than a
/// `match` over texts does.
#[inline(never)]
pub fn position(text: &[u8], list: &[&[u8]]) -> usize {
    let mut at = 0;
    for known in list {
        if *known == text {
            break;
        }
        at += 1;
    }
    at
}

/// The bytes that an escaped string stands for. Lone surrogates become U+FFFD, as in Go's encoding/json.
#[derive(Debug, Clone)]
pub struct Unescaped<'a> {
    rest: &'a [u8],
    /// UTF-8 bytes of the last `\uXXXX` that are still to come, the next one lowest, and how many.
    pending: u32,
    count: u32,
}

/// Iterates over the bytes that the escaped string content `text` stands for. An escape that JSON does not
/// know yields its bytes as they are.
#[inline]
pub fn unescape(text: &[u8]) -> Unescaped<'_> {
    Unescaped {
        rest: text,
        pending: 0,
        count: 0,
    }
}

impl Iterator for Unescaped<'_> {
    type Item = u8;

    #[inline(never)]
    fn next(&mut self) -> Option<u8> {
        if self.count > 0 {
            return Some(self.next_pending());
        }
        let (&first, rest) = self.rest.split_first()?;
        if first != b'\\' {
            self.rest = rest;
            return Some(first);
        }
        let escape = byte(rest, 0);
        if escape == b'u' {
            return Some(self.unicode());
        }
        self.rest = rest;
        for [known, meant] in ESCAPES {
            if *known == escape {
                self.rest = rest.get(1..).unwrap_or_default();
                return Some(*meant);
            }
        }
        Some(b'\\')
    }
}

/// The character behind the backslash, and what it stands for.
const ESCAPES: &[[u8; 2]] = &[
    *b"n\n", *b"t\t", *b"r\r", *b"\"\"", *b"\\\\", *b"//", *b"b\x08", *b"f\x0c",
];

impl Unescaped<'_> {
    /// At `\u`: queues the UTF-8 of the character and yields its first byte.
    #[inline(never)]
    fn unicode(&mut self) -> u8 {
        let mut code = unit(self.rest, 2);
        if code == NO_UNIT {
            // Not four hex digits: the backslash stands for itself.
            self.skip(1);
            return b'\\';
        }
        self.skip(6);
        if code & 0xf800 == 0xd800 {
            // Half of a pair; by itself it is no character.
            let low = self.second_unit();
            if code & 0x400 == 0 && low & 0xffff_fc00 == 0xdc00 {
                self.skip(6);
                code = 0x1_0000 + ((code & 0x3ff) << 10 | low & 0x3ff);
            } else {
                code = 0xfffd;
            }
        }
        if code < 0x80 {
            return code as u8;
        }
        // From the last byte to the first, which says how many there are.
        self.count = 1 + u32::from(code >= 0x800) + u32::from(code >= 0x1_0000);
        self.pending = 0;
        for _ in 0..self.count {
            self.pending = self.pending << 8 | 0x80 | code & 0x3f;
            code >>= 6;
        }
        (0xf80 >> self.count | code) as u8
    }

    /// The unit of a `\uXXXX` that follows.
    #[inline]
    fn second_unit(&self) -> u32 {
        match self.rest {
            [b'\\', b'u', ..] => unit(self.rest, 2),
            _ => NO_UNIT,
        }
    }

    fn skip(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
    }

    fn next_pending(&mut self) -> u8 {
        let byte = self.pending as u8;
        self.pending >>= 8;
        self.count -= 1;
        byte
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec::Vec;

    fn plain(text: &str) -> String {
        String::from_utf8(unescape(text.as_bytes()).collect()).unwrap()
    }

    #[test]
    fn follows_the_escapes() {
        for (text, expected) in [
            (r#"a\"b\\c\/d"#, "a\"b\\c/d"),
            (r"\b\f\n\r\t", "\u{8}\u{c}\n\r\t"),
            (r"\u0041\u00e9\u20ac\u0000", "Aé€\0"),
            (r"\ud83d\ude00", "😀"),
            (r"\uD83D x \uDE00", "\u{fffd} x \u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\x \u12 \", r"\x \u12 \"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn undoes_serde_json(text: String) {
            let escaped = serde_json::to_string(&text).unwrap();
            let content = &escaped.as_bytes()[1..escaped.len() - 1];
            prop_assert_eq!(unescape(content).collect::<Vec<u8>>(), text.as_bytes());
        }
    }
}
