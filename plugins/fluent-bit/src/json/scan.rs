//! Finding where strings and values end.

/// What a JSON value is, told by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `"…"`
    String,
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// A number, `true`, `false` or `null`.
    Scalar,
}

/// Nesting that [`value_end`] follows, in levels. Deeper text counts as malformed; Fluent Bit's own msgpack
/// reader stops at 32.
pub const MAX_DEPTH: u32 = 64;

/// Numbers are below 10 to this power; [`value_end`] refuses larger ones.
pub const MAX_MAGNITUDE: usize = 308;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Marks (by its high bit) the lowest byte of `word` that a JSON string cannot hold as it is: a quote, a
/// backslash or a control character. Bytes above the lowest mark may be marked wrongly, and any byte of 0x80
/// and above may be.
#[inline]
fn suspects(word: u64) -> u64 {
    // With bit 1 flipped a quote is 0x20 and the two characters below it lie above, so that one comparison
    // finds quotes and control characters alike. A difference borrows into the high bit of its byte where
    // the byte is below what is taken from it.
    let quote_or_control = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    quote_or_control | backslash
}

/// As [`suspects`], and bytes of 0x80 and above are not marked.
#[inline]
fn specials(word: u64) -> u64 {
    suspects(word) & !word & HIGHS
}

#[inline]
fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

/// Index of the first byte from `from` on that a JSON string cannot hold as it is; the text's length where
/// there is none. (An `Option` would be returned through memory on wasm32, at the price of some ten
/// instructions in the interpreter.)
#[inline(always)]
fn next_special(text: &[u8], from: usize) -> usize {
    let Some((words, tail)) = text.get(from..).map(<[u8]>::as_chunks::<8>) else {
        return text.len();
    };
    let mut at = from;
    let (blocks, words) = words.as_chunks::<4>();
    for block in blocks {
        let [a, b, c, d] = block.map(|word| suspects(u64::from_le_bytes(word)));
        if (a | b | c | d) & HIGHS != 0 {
            let found = in_words(block, at, text.len());
            if found < text.len() {
                return found;
            }
        }
        at += 32;
    }
    let found = in_words(words, at, text.len());
    if found < text.len() {
        return found;
    }
    at += words.len() * 8;
    match text.last_chunk::<8>() {
        Some(word) if !tail.is_empty() => {
            // The last eight bytes, less those that were read already; the zeros that are shifted in are
            // marked as control characters behind the text's end.
            let word = u64::from_le_bytes(*word) >> ((8 * (8 - tail.len())) & 63);
            at + first(specials(word))
        }
        _ => at + tail.iter().take_while(|byte| !is_special(**byte)).count(),
    }
}

/// Index of the first special byte of `words`, which start at `at`, or `none`.
#[inline]
fn in_words(words: &[[u8; 8]], mut at: usize, none: usize) -> usize {
    for word in words {
        let marks = specials(u64::from_le_bytes(*word));
        if marks != 0 {
            return at + first(marks);
        }
        at += 8;
    }
    none
}

/// Index of the lowest marked byte.
#[inline]
fn first(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// Whether `text` can stand in a JSON string as it is, without any escape.
#[inline(never)]
pub fn is_plain(text: &[u8]) -> bool {
    next_special(text, 0) == text.len()
}

/// Index of the quote that closes the string whose content starts at `from`; `None` where there is none, or
/// where the content is not valid (a control character, an unknown escape).
#[inline]
pub fn string_end(text: &[u8], from: usize) -> Option<usize> {
    let end = closing_quote(text, from);
    (end != INVALID).then_some(end)
}

/// What [`closing_quote`] returns where there is none.
const INVALID: usize = usize::MAX;

#[inline(never)]
fn closing_quote(text: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        at = next_special(text, at);
        match text.get(at..) {
            Some([b'"', ..]) => return at,
            Some(escape @ [b'\\', ..]) => match escape_len(escape) {
                0 => return INVALID,
                len => at += len,
            },
            _ => return INVALID,
        }
    }
}

/// Length in bytes of the escape that `text` starts with: 2, or 6 for `\uXXXX`; 0 where it is none. A
/// surrogate counts by itself, whether or not its other half follows (RFC 8259 leaves that to the reader).
#[inline]
fn escape_len(text: &[u8]) -> usize {
    match text {
        [
            b'\\',
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
            ..,
        ] => 2,
        [b'\\', b'u', a, b, c, d, ..]
            if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
        {
            6
        }
        _ => 0,
    }
}

/// Index of the first byte from `from` on that is no JSON white space.
#[inline]
pub(super) fn skip_space(text: &[u8], mut from: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(from) {
        from += 1;
    }
    from
}

/// Index just behind the value that starts at `from` (no white space before it), and its kind; `None` where
/// it is not valid JSON or nests deeper than [`MAX_DEPTH`].
#[inline]
pub fn value_end(text: &[u8], from: usize) -> Option<(usize, Kind)> {
    match text.get(from)? {
        b'"' => Some((string_end(text, from + 1)? + 1, Kind::String)),
        b'{' => Some((nested_end(text, from)?, Kind::Object)),
        b'[' => Some((nested_end(text, from)?, Kind::Array)),
        _ => Some((scalar_end(text, from)?, Kind::Scalar)),
    }
}

/// Index just behind a scalar.
fn scalar_end(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    for word in [&b"true"[..], b"false", b"null"] {
        if rest.starts_with(word) {
            return Some(from + word.len());
        }
    }
    number_end(text, from)
}

/// Index just behind a number: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, of less than
/// [`MAX_MAGNITUDE`]: Fluent Bit 5 reads what is beyond a double as a syntax error, and then may abort.
fn number_end(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    if text.get(at) == Some(&b'-') {
        at += 1;
    }
    let start = at;
    match text.get(at)? {
        b'0' => at += 1,
        b'1'..=b'9' => at = digits_end(text, at)?,
        _ => return None,
    }
    let mut magnitude = at - start;
    if text.get(at) == Some(&b'.') {
        at = digits_end(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        let sign = text.get(at).copied();
        if let Some(b'+' | b'-') = sign {
            at += 1;
        }
        let digits = text.get(at..digits_end(text, at)?)?;
        at += digits.len();
        if sign != Some(b'-') {
            let exponent = digits.iter().fold(0usize, |value, digit| {
                value
                    .saturating_mul(10)
                    .saturating_add(usize::from(digit - b'0'))
            });
            magnitude = magnitude.saturating_add(exponent);
        }
    }
    (magnitude <= MAX_MAGNITUDE).then_some(at)
}

/// Index behind one or more digits.
fn digits_end(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(b'0'..=b'9') = text.get(at) {
        at += 1;
    }
    (at > from).then_some(at)
}

/// What may come next inside an object or an array.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// The first element of a container that was just opened, or its end.
    FirstOrEnd,
    /// An element (behind a comma).
    Element,
    /// A comma, or the end of the container.
    CommaOrEnd,
}

/// Index just behind the object or array that opens at `from`. The stack is one bit a level: set for an
/// object.
fn nested_end(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    let mut objects: u64 = 0;
    let mut depth: u32 = 0;
    let mut expect = Expect::Element;
    loop {
        at = skip_space(text, at);
        let byte = *text.get(at)?;
        let in_object = depth > 0 && objects & 1 == 1;
        match expect {
            Expect::CommaOrEnd if byte == b',' => {
                at += 1;
                expect = Expect::Element;
                continue;
            }
            Expect::FirstOrEnd | Expect::CommaOrEnd
                if (byte == b'}' && in_object) || (byte == b']' && !in_object) =>
            {
                at += 1;
                depth -= 1;
                objects >>= 1;
                if depth == 0 {
                    return Some(at);
                }
                expect = Expect::CommaOrEnd;
                continue;
            }
            Expect::CommaOrEnd => return None,
            Expect::FirstOrEnd | Expect::Element => {}
        }
        if in_object {
            at = key_end(text, at)?;
        }
        match *text.get(at)? {
            open @ (b'{' | b'[') => {
                if depth == MAX_DEPTH {
                    return None;
                }
                at += 1;
                depth += 1;
                objects = objects << 1 | u64::from(open == b'{');
                expect = Expect::FirstOrEnd;
            }
            b'"' => {
                at = string_end(text, at + 1)? + 1;
                expect = Expect::CommaOrEnd;
            }
            _ => {
                at = scalar_end(text, at)?;
                expect = Expect::CommaOrEnd;
            }
        }
    }
}

/// Index of the value behind the `"key":` that starts at `from`.
fn key_end(text: &[u8], from: usize) -> Option<usize> {
    if text.get(from) != Some(&b'"') {
        return None;
    }
    let colon = skip_space(text, string_end(text, from + 1)? + 1);
    if text.get(colon) != Some(&b':') {
        return None;
    }
    Some(skip_space(text, colon + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    #[test]
    fn finds_specials_at_every_offset() {
        for special in [b'"', b'\\', 0, 0x1f] {
            for len in 0..20 {
                for at in 0..len {
                    let mut text = std::vec![0xffu8; len];
                    text[at] = special;
                    assert_eq!(next_special(&text, 0), at, "{special} at {at} of {len}");
                    assert_eq!(next_special(&text, at + 1), len);
                }
            }
        }
        assert_eq!(
            next_special(&[0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xff, b'a'], 0),
            9
        );
    }

    #[test]
    fn nests_as_deep_as_said() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let text = nested(MAX_DEPTH as usize);
        assert_eq!(
            value_end(text.as_bytes(), 0),
            Some((text.len(), Kind::Array))
        );
        assert_eq!(
            value_end(nested(MAX_DEPTH as usize + 1).as_bytes(), 0),
            None
        );
        let mixed = format!("{}1{}", r#"{"a":["#.repeat(32), "]}".repeat(32));
        assert_eq!(
            value_end(mixed.as_bytes(), 0),
            Some((mixed.len(), Kind::Object))
        );
    }

    #[test]
    fn refuses_what_is_not_json() {
        for text in [
            "",
            "}",
            "]",
            "{",
            "[",
            "[1",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{]",
            "[}",
            "{\"a\":1]",
            "{a:1}",
            "nan",
            "inf",
            "-",
            "01",
            "1.",
            ".5",
            "1e",
            "+1",
            "tru",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\u12",
            "\"a\nb\"",
            "-nan",
            "{\"a\":nan}",
            "{1:2}",
            "1e308",
            "-1E+400",
            "10e307",
            "1e99999999999999999999",
            "[[]",
        ] {
            let valid = value_end(text.as_bytes(), 0).is_some_and(|(end, _)| end == text.len());
            assert!(!valid, "{text}");
        }
    }

    proptest! {
        /// An independent parser and ours agree on every text that is nearly JSON.
        #[test]
        fn agrees_with_serde_json(tokens in proptest::collection::vec(prop_oneof![
            Just("{"), Just("}"), Just("["), Just("]"), Just(","), Just(":"), Just("\"a\""), Just("\"\\u00e9\\n\""),
            Just("1"), Just("-0.5e+3"), Just("true"), Just("null"), Just(" "), Just("\"k\":"), Just("{}"), Just("[]"),
            Just("\"\\"), Just("0"), Just("\t"), Just("\"é\""),
        ], 0..12)) {
            let text: String = tokens.concat();
            let text = text.trim();
            let ours = value_end(text.as_bytes(), 0).is_some_and(|(end, _)| end == text.len());
            prop_assert_eq!(ours, serde_json::from_str::<serde_json::Value>(text).is_ok(), "{}", text);
        }

        #[test]
        fn agrees_with_serde_json_on_strings(content: Vec<char>) {
            let text: String = content.into_iter().filter(|c| *c != '"').collect();
            let text = format!("\"{text}\"");
            let ours = string_end(text.as_bytes(), 1) == Some(text.len() - 1);
            let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            prop_assert_eq!(ours, theirs, "{}", text);
        }

        #[test]
        fn finds_the_end_of_any_value(value in any_value()) {
            let text = serde_json::to_string(&value).unwrap();
            for tail in ["", ",", "}", " x"] {
                let longer = format!("{text}{tail}");
                prop_assert_eq!(value_end(longer.as_bytes(), 0).map(|(end, _)| end), Some(text.len()));
            }
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(value_end(pretty.as_bytes(), 0).map(|(end, _)| end), Some(pretty.len()));
        }
    }

    fn any_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>()
                .prop_filter("in range", |f| f.abs() < 1e307)
                .prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(6, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                proptest::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
