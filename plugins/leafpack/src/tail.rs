//! Records as Fluent Bit's tail input makes them and its WASM filter plugin hands them over.
//!
//! The tail input without a parser puts a line, without its `\n` or `\r\n`, under one key. The filter plugin writes the
//! record as JSON; how strings are escaped there is this file's matter, because a filter sees it. It is what 5.1 does
//! on x86-64 with its default of `json.escape_unicode on` (`flb_utils_write_str` in `src/flb_utils.c`); 4.1 and later
//! differ only for DEL characters, 3.x leaves non-ASCII text unescaped.

/// How many bytes Fluent Bit looks at together.
const BLOCK: usize = 16;

/// The record `{"<key>":"<line>"}`.
#[must_use]
pub fn record(key: &str, line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(key.len() + line.len() + line.len() / 8 + 16);
    out.extend_from_slice(b"{\"");
    escape(key.as_bytes(), &mut out);
    out.extend_from_slice(b"\":\"");
    escape(line, &mut out);
    out.extend_from_slice(b"\"}");
    out
}

/// Cuts the line's end as the tail input does: it takes a lone `\r` for the line.
#[must_use]
pub fn trim_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    match line {
        [.., b'\r'] if line.len() > 1 => &line[..line.len() - 1],
        _ => line,
    }
}

/// The tag that `Tag kube.*` makes of a file in `/var/log/containers`.
#[must_use]
pub fn tag(file_name: &str) -> String {
    format!("kube.var.log.containers.{file_name}")
}

pub(crate) fn escape(text: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while at < text.len() {
        while let Some(block) = text.get(at..at + BLOCK).filter(|block| is_plain(block)) {
            out.extend_from_slice(block);
            at += BLOCK;
        }
        // The counter goes by characters, and is overwritten by a bad sequence's length, so that it decides where
        // blocks begin again: that shows in a DEL, which a block passes on and `escape_ascii` does not.
        let mut count = 0;
        while count < BLOCK && at < text.len() {
            if text[at].is_ascii() {
                escape_ascii(text[at], out);
                at += 1;
            } else {
                match sequence(&text[at..]) {
                    Sequence::Character(character, len) => {
                        for unit in character.encode_utf16(&mut [0; 2]) {
                            out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                        }
                        at += len;
                    }
                    Sequence::Overlong(unit, len) => {
                        out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                        at += len;
                    }
                    Sequence::Bad(len) => {
                        for byte in &text[at..at + len] {
                            // U+E000 to U+E0FF, in the private use area, as UTF-8.
                            out.extend_from_slice(&[0xee, 0x80 | byte >> 6, 0x80 | byte & 0x3f]);
                        }
                        at += len;
                        count = len;
                    }
                    Sequence::CutOff => {
                        at += 1;
                        break;
                    }
                }
            }
            count += 1;
        }
    }
}

fn is_plain(block: &[u8]) -> bool {
    let plain = |byte: &u8| matches!(byte, 0x20..0x80 if !matches!(byte, b'"' | b'\\'));
    block.iter().all(plain)
}

fn escape_ascii(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' => b"\\\"",
        b'\\' => b"\\\\",
        b'\n' => b"\\n",
        b'\r' => b"\\r",
        b'\t' => b"\\t",
        0x08 => b"\\b",
        0x0c => b"\\f",
        0x00..0x20 | 0x7f => return out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        _ => return out.push(byte),
    };
    out.extend_from_slice(short);
}

/// What begins with a byte outside of ASCII.
enum Sequence {
    /// A character, and how many bytes it takes.
    Character(char, usize),
    /// A code below U+10000 that was written longer than it need be; surrogates are not among them.
    Overlong(u32, usize),
    /// That many bytes that belong to no character.
    Bad(usize),
    /// A first byte that announces more than there is: it is dropped.
    CutOff,
}

fn sequence(text: &[u8]) -> Sequence {
    let announced = match text[0] {
        0x80..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf8 => 4,
        0xf8..0xfc => 5,
        0xfc.. => 6,
        _ => 1,
    };
    let Some(bytes) = text.get(..announced) else {
        return Sequence::CutOff;
    };
    if !(2..=4).contains(&announced) {
        return Sequence::Bad(1);
    }
    let mut code = u32::from(bytes[0]) & (0x7f >> announced);
    for (index, byte) in bytes.iter().enumerate().skip(1) {
        if byte & 0xc0 != 0x80 {
            return Sequence::Bad(index);
        }
        code = code << 6 | u32::from(byte & 0x3f);
    }
    match char::from_u32(code) {
        Some(character) if character.len_utf8() == announced => {
            Sequence::Character(character, announced)
        }
        Some(_) => Sequence::Overlong(code, announced),
        // A surrogate, or beyond Unicode: found out at the last byte, which is looked at once more.
        None => Sequence::Bad(announced - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(text: &[u8]) -> String {
        let mut out = Vec::new();
        escape(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// What Fluent Bit 5.1.1 was seen to hand to a filter.
    #[test]
    fn escapes_as_fluent_bit() {
        for (text, expected) in [
            (&b"plain /text"[..], "plain /text"),
            (b"\"\\\n\r\t\x08\x0c", r#"\"\\\n\r\t\b\f"#),
            (b"\x00\x01\x1f", r"\u0000\u0001\u001f"),
            ("é€".as_bytes(), r"\u00e9\u20ac"),
            ("😀".as_bytes(), r"\ud83d\ude00"),
            (b"\xc3\x28", "\u{e0c3}("),
            (b"\x80", "\u{e080}"),
            (b"\xc0\xaf", r"\u002f"),
            (b"a\xc3", "a"),
            (b"a\xff", "a"),
            (b"a\xe2\x82", "a\u{e082}"),
            (b"\xffabcdef", "\u{e0ff}abcdef"),
            (b"\xf0\x9f\x98x", "\u{e0f0}\u{e09f}\u{e098}x"),
            (b"\xed\xa0\x80", "\u{e0ed}\u{e0a0}\u{e080}"),
            (b"\xf4\x90\x80\x80", "\u{e0f4}\u{e090}\u{e080}\u{e080}"),
            (
                &[0x7f; 20],
                "\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\\u007f\\u007f\\u007f\\u007f",
            ),
        ] {
            assert_eq!(escaped(text), expected, "{text:x?}");
        }
    }

    #[test]
    fn cuts_line_ends_as_the_tail_input() {
        for (line, expected) in [
            (&b"a\n"[..], &b"a"[..]),
            (b"a\r\n", b"a"),
            (b"a\r", b"a"),
            (b"\r\n", b"\r"),
            (b"\n", b""),
            (b"", b""),
            (b"a", b"a"),
            (b"a\r\r\n", b"a\r"),
        ] {
            assert_eq!(trim_end(line), expected, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn text_comes_back(text in ".{0,60}", key in "[a-z]{1,8}") {
            let json: serde_json::Value = serde_json::from_slice(&record(&key, text.as_bytes())).unwrap();
            prop_assert_eq!(&json[&key], &serde_json::Value::from(text));
        }

        #[test]
        fn bytes_become_valid_json(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let json = record("log", &bytes);
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok(), "{}", String::from_utf8_lossy(&json));
        }
    }
}
