//! Strings without their escapes.

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

    #[inline]
    fn next(&mut self) -> Option<u8> {
        if self.count > 0 {
            return Some(self.next_pending());
        }
        let (&first, rest) = self.rest.split_first()?;
        if first != b'\\' {
            self.rest = rest;
            return Some(first);
        }
        let byte = match rest.first() {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(&plain @ (b'"' | b'\\' | b'/')) => plain,
            Some(b'u') => return self.unicode(),
            _ => {
                self.rest = rest;
                return Some(b'\\');
            }
        };
        self.rest = rest.get(1..).unwrap_or_default();
        Some(byte)
    }
}

impl Unescaped<'_> {
    /// At `\u`: queues the UTF-8 of the character and yields its first byte.
    fn unicode(&mut self) -> Option<u8> {
        let Some(high) = unit(self.rest) else {
            // Not four hex digits: the backslash stands for itself.
            self.rest = self.rest.get(1..).unwrap_or_default();
            return Some(b'\\');
        };
        self.rest = self.rest.get(6..).unwrap_or_default();
        let mut code = high;
        if high & 0xfc00 == 0xd800
            && let Some(low) = unit(self.rest)
            && low & 0xfc00 == 0xdc00
        {
            self.rest = self.rest.get(6..).unwrap_or_default();
            code = 0x1_0000 + ((high & 0x3ff) << 10 | low & 0x3ff);
        }
        let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        let mut bytes = [0; 4];
        self.count = character.encode_utf8(&mut bytes).len() as u32;
        self.pending = u32::from_le_bytes(bytes);
        Some(self.next_pending())
    }

    fn next_pending(&mut self) -> u8 {
        let byte = self.pending as u8;
        self.pending >>= 8;
        self.count -= 1;
        byte
    }
}

/// The value of the `\uXXXX` that `text` starts with.
fn unit(text: &[u8]) -> Option<u32> {
    let [b'\\', b'u', hex @ ..] = text else {
        return None;
    };
    let mut value = 0;
    for digit in hex.first_chunk::<4>()? {
        value = value << 4 | (*digit as char).to_digit(16)?;
    }
    Some(value)
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
