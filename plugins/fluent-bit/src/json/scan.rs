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

impl Kind {
    /// By the first byte of a valid value.
    #[inline]
    pub(crate) fn of(first: u8) -> Self {
        match first {
            b'"' => Self::String,
            b'{' => Self::Object,
            b'[' => Self::Array,
            _ => Self::Scalar,
        }
    }
}

/// Nesting that [`value_end`] follows, in levels. Deeper text counts as malformed; Fluent Bit's own msgpack
/// reader stops at 32.
pub const MAX_DEPTH: u32 = 64;

/// Numbers are below 10 to this power; [`value_end`] refuses larger ones.
pub const MAX_MAGNITUDE: usize = 308;

/// What the scanners return in place of an index where the text is not valid: so far beyond any text that nothing is
/// found there, nor a few bytes further on. (An `Option` is returned through memory on wasm32, which costs room and
/// time wherever one is looked at.)
pub(crate) const INVALID: usize = usize::MAX / 2;

#[inline]
fn valid(index: usize) -> Option<usize> {
    (index < INVALID).then_some(index)
}

/// The byte at an index; behind the text a NUL, which nothing in JSON is.
#[inline]
pub fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// The eight bytes at `at`, the first one lowest; 0 where there are not as many.
#[inline(always)]
pub fn word(text: &[u8], at: usize) -> u64 {
    text.get(at..)
        .and_then(<[u8]>::first_chunk)
        .map_or(0, |word| u64::from_le_bytes(*word))
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Marks (by its high bit) the lowest byte of `word` that a JSON string cannot hold as it is: a quote, a
/// backslash or a control character. Bytes above the lowest mark may be marked wrongly, and any byte of 0x80
/// and above may be.
#[inline(always)]
fn suspects(word: u64) -> u64 {
    // With bit 1 flipped a quote is 0x20 and the two characters below it lie above, so that one difference finds quotes
    // and control characters alike: it borrows into the high bit of its byte where the byte is below what is taken
    // from it. What it leaves of a backslash is flipped to 0, of which the same is true.
    let quote_or_control = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let backslash = u64::from(b'\\' ^ 2) - 0x21;
    (quote_or_control ^ (ONES * backslash)).wrapping_sub(ONES)
}

/// Marks (by its high bit) the lowest byte of `word` that a JSON string cannot hold as it is: a quote, a backslash or a
/// control character; 0 where there is none. Bytes above the lowest mark may be marked wrongly.
#[inline(always)]
pub fn specials(word: u64) -> u64 {
    suspects(word) & !word & HIGHS
}

#[inline(always)]
fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

/// Bytes that are looked at together.
pub(crate) const BLOCK: usize = 32;

/// The words of a block. They are read as two numbers of twice the size, for a loop over blocks would else keep a
/// pointer for each word.
#[inline(always)]
pub(crate) fn words(block: &[u8; BLOCK]) -> [u64; 4] {
    let ([low, high], []) = block.as_chunks() else {
        return [0; 4];
    };
    let [low, high] = [u128::from_le_bytes(*low), u128::from_le_bytes(*high)];
    [
        low as u64,
        (low >> 64) as u64,
        high as u64,
        (high >> 64) as u64,
    ]
}

/// Whether a block may hold a special byte. Spelt out, for a module that is compiled for size has no loop unrolled.
#[inline(always)]
fn is_suspect(block: &[u8; BLOCK]) -> bool {
    let [a, b, c, d] = words(block);
    (suspects(a) | suspects(b) | suspects(c) | suspects(d)) & HIGHS != 0
}

/// Index of the first special byte of a block; its length where there is none.
#[inline(never)]
fn special_of(block: &[u8; BLOCK]) -> usize {
    let mut at = 0;
    while at < BLOCK {
        let marks = specials(word(block, at));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at
}

/// How many bytes at the start of `text` can stand in a JSON string as they are, without any escape. Most of a filter's
/// time goes here.
#[inline(never)]
pub fn plain_len(text: &[u8]) -> usize {
    let end = text.len();
    let mut rest = text;
    while let Some((block, after)) = rest.split_first_chunk() {
        if is_suspect(block) {
            let special = special_of(block);
            if special < BLOCK {
                return end - rest.len() + special;
            }
        }
        rest = after;
    }
    if end >= BLOCK {
        // The block that ends with the text: what it shares with the one before is plain.
        if let Some(block) = text.get(end - BLOCK..).and_then(<[u8]>::first_chunk)
            && is_suspect(block)
        {
            return end - BLOCK + special_of(block);
        }
        return end;
    }
    // A text that is shorter than a block.
    let mut at = end - rest.len();
    for byte in rest {
        if is_special(*byte) {
            break;
        }
        at += 1;
    }
    at
}

/// Index of the first byte from `from` on that a JSON string cannot hold as it is; the text's length where
/// there is none.
#[inline]
pub fn next_special(text: &[u8], mut from: usize) -> usize {
    // Word by word first: most strings are short, and in JSON within a string the next escape is near.
    let near = from + BLOCK;
    while from < near
        && let Some(word) = text.get(from..).and_then(<[u8]>::first_chunk)
    {
        let marks = specials(u64::from_le_bytes(*word));
        if marks != 0 {
            return from + (marks.trailing_zeros() / 8) as usize;
        }
        from += 8;
    }
    from + plain_len(text.get(from..).unwrap_or_default())
}

/// Whether `text` can stand in a JSON string as it is, without any escape.
#[inline]
pub fn is_plain(text: &[u8]) -> bool {
    plain_len(text) == text.len()
}

/// Whether two texts are equal. (`memcmp` of the runtime library goes byte by byte.)
#[inline(never)]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let (mut rest_a, mut rest_b) = (a, b);
    while let (Some((block_a, after_a)), Some((block_b, after_b))) =
        (rest_a.split_first_chunk(), rest_b.split_first_chunk())
    {
        if differ(block_a, block_b) {
            return false;
        }
        (rest_a, rest_b) = (after_a, after_b);
    }
    if let Some(at) = a.len().checked_sub(BLOCK) {
        // The block that ends with the text shares bytes with the one before.
        rest_a = a.get(at..).unwrap_or_default();
        rest_b = b.get(at..).unwrap_or_default();
        if let (Some(a), Some(b)) = (rest_a.first_chunk(), rest_b.first_chunk()) {
            return !differ(a, b);
        }
    }
    let mut difference = 0;
    for (a, b) in rest_a.iter().zip(rest_b) {
        difference |= a ^ b;
    }
    difference == 0
}

/// Spelt out, for a module that is compiled for size has no loop unrolled.
#[inline(always)]
fn differ(a: &[u8; BLOCK], b: &[u8; BLOCK]) -> bool {
    let ([a, b, c, d], [e, f, g, h]) = (words(a), words(b));
    a != e || b != f || c != g || d != h
}

/// Index of the quote that closes the string whose content starts at `from`; `None` where there is none, or
/// where the content is not valid (a control character, an unknown escape).
#[inline]
pub fn string_end(text: &[u8], from: usize) -> Option<usize> {
    valid(closing_quote(text, from))
}

/// As [`string_end`], or [`INVALID`] and more.
#[inline(never)]
pub(crate) fn closing_quote(text: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        at = next_special(text, at);
        match byte(text, at) {
            b'"' => return at,
            b'\\' => at += escape_len(text, at + 1),
            _ => return INVALID,
        }
    }
}

/// Length in bytes of the escape whose backslash is before `at`: 2, or 6 for `\uXXXX`; [`INVALID`] where it is none.
/// A surrogate counts by itself, whether or not its other half follows (RFC 8259 leaves that to the reader).
#[inline]
fn escape_len(text: &[u8], at: usize) -> usize {
    match byte(text, at) {
        b'u' if unit(text, at + 1) != NO_UNIT => 6,
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
        _ => INVALID,
    }
}

/// What [`unit`] returns where there is none.
pub(crate) const NO_UNIT: u32 = u32::MAX;

/// The value of the four hexadecimal digits at `from`.
#[inline(never)]
pub(crate) fn unit(text: &[u8], from: usize) -> u32 {
    let mut value = 0;
    for at in from..from + 4 {
        let digit = byte(text, at);
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            // One bit tells upper case from lower.
            _ => match digit | 0x20 {
                letter @ b'a'..=b'f' => letter - b'a' + 10,
                _ => return NO_UNIT,
            },
        };
        value = value << 4 | u32::from(digit);
    }
    value
}

/// Index of the first byte from `from` on that is no JSON white space.
#[inline(never)]
pub fn skip_space(text: &[u8], mut from: usize) -> usize {
    while let b' ' | b'\t' | b'\n' | b'\r' = byte(text, from) {
        from += 1;
    }
    from
}

/// Index just behind the value that starts at `from` (no white space before it), and its kind; `None` where
/// it is not valid JSON or nests deeper than [`MAX_DEPTH`].
#[inline]
pub fn value_end(text: &[u8], from: usize) -> Option<(usize, Kind)> {
    let end = valid(end_of_value(text, from))?;
    Some((end, Kind::of(byte(text, from))))
}

/// As [`value_end`], or [`INVALID`] and more.
#[inline(never)]
pub(crate) fn end_of_value(text: &[u8], from: usize) -> usize {
    match byte(text, from) {
        b'{' | b'[' => nested_end(text, from),
        _ => simple_end(text, from),
    }
}

/// Index just behind a string or a scalar.
#[inline(never)]
fn simple_end(text: &[u8], from: usize) -> usize {
    if byte(text, from) == b'"' {
        return closing_quote(text, from + 1) + 1;
    }
    const WORDS: &[&[u8]] = &[b"true", b"false", b"null"];
    let rest = text.get(from..).unwrap_or_default();
    for word in WORDS {
        if rest.starts_with(word) {
            return from + word.len();
        }
    }
    number_end(text, from)
}

/// Index just behind a number: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, of less than
/// [`MAX_MAGNITUDE`]: Fluent Bit 5 reads what is beyond a double as a syntax error, and then may abort.
#[inline]
fn number_end(text: &[u8], from: usize) -> usize {
    let start = from + usize::from(byte(text, from) == b'-');
    let mut at = start + 1;
    if byte(text, start) != b'0' {
        at = digits_end(text, start);
    }
    let mut magnitude = at - start;
    if byte(text, at) == b'.' {
        at = digits_end(text, at + 1);
    }
    if byte(text, at) | 0x20 == b'e' {
        at += 1;
        let sign = byte(text, at);
        if let b'+' | b'-' = sign {
            at += 1;
        }
        let digits = at;
        at = digits_end(text, at);
        let mut exponent = 0;
        for digit in text.get(digits..at).unwrap_or_default() {
            exponent = (exponent * 10 + usize::from(digit & 15)).min(MAX_MAGNITUDE + 1);
        }
        if sign != b'-' {
            magnitude += exponent;
        }
    }
    if magnitude <= MAX_MAGNITUDE {
        at
    } else {
        INVALID
    }
}

/// Index behind one or more digits.
#[inline(never)]
pub(crate) fn digits_end(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while byte(text, at).is_ascii_digit() {
        at += 1;
    }
    if at > from { at } else { INVALID }
}

/// Index just behind the object or array that opens at `from`. The stack is one bit a level: set for an
/// object.
#[inline(never)]
fn nested_end(text: &[u8], from: usize) -> usize {
    let mut at = from;
    let mut objects: u64 = 0;
    let mut depth: u32 = 0;
    // The container was just opened: its end may follow, or a first element without a comma before it.
    let mut fresh = false;
    loop {
        if depth > 0 {
            at = skip_space(text, at);
            let found = byte(text, at);
            let in_object = objects & 1 == 1;
            if found == (if in_object { b'}' } else { b']' }) {
                at += 1;
                depth -= 1;
                objects >>= 1;
                if depth == 0 {
                    return at;
                }
                fresh = false;
                continue;
            }
            if !fresh {
                if found != b',' {
                    return INVALID;
                }
                at = skip_space(text, at + 1);
            }
            if in_object {
                at = key_end(text, at);
            }
        }
        let open = byte(text, at);
        fresh = matches!(open, b'{' | b'[');
        if !fresh {
            at = simple_end(text, at);
            continue;
        }
        if depth == MAX_DEPTH {
            return INVALID;
        }
        at += 1;
        depth += 1;
        objects = objects << 1 | u64::from(open == b'{');
    }
}

/// Index of the value behind the `"key":` that starts at `from`.
#[inline(never)]
pub(crate) fn key_end(text: &[u8], from: usize) -> usize {
    if byte(text, from) != b'"' {
        return INVALID;
    }
    let colon = skip_space(text, closing_quote(text, from + 1) + 1);
    if byte(text, colon) != b':' {
        return INVALID;
    }
    skip_space(text, colon + 1)
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
        fn tells_texts_apart(text in proptest::collection::vec(0u8..3, 0..100), at: usize) {
            prop_assert!(same(&text, &text.clone()));
            if !text.is_empty() {
                let mut other = text.clone();
                other[at % text.len()] ^= 0x80;
                prop_assert!(!same(&text, &other));
            }
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
