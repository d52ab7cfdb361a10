//! What must not be shipped: where it can be told by the place, and where by the look of a string.

use leafpack_fluent_bit::json::{Kind, find, skip_space, string_end};

use crate::text::{NOWHERE, has_word, position, unit};

/// What stands in for a value.
pub(crate) const REDACTED: &[u8] = b"[redacted]";

/// What an event is about, as a set of bits.
pub(crate) type About = u8;

/// Keys of the bodies.
pub(crate) const BODIES: &[u8] = b"requestObject;responseObject;";

/// Secrets.
pub(crate) const SECRETS: About = 1;
/// ConfigMaps.
pub(crate) const CONFIG_MAPS: About = 2;
/// Requests for tokens, and reviews of them.
pub(crate) const TOKENS: About = 4;

/// Values of `kind` and `resource` that tell what an event is about: the first three are Secrets, the next three
/// ConfigMaps.
const SUBJECTS: &[u8] =
    b"Secret;SecretList;secrets;ConfigMap;ConfigMapList;configmaps;TokenReview;TokenRequest;tokenreviews;";

/// What a valid JSON text is about, told by every `kind`, `resource` and `subresource` in it, however deep: too much
/// rather than too little.
#[inline(never)]
pub(crate) fn about(text: &[u8]) -> About {
    let mut found = 0;
    let mut at = 0;
    let mut key: &[u8] = b"";
    while let Some(&byte) = text.get(at) {
        if byte != b'"' {
            at += 1;
            continue;
        }
        let Some(end) = string_end(text, at + 1) else {
            break;
        };
        let content = text.get(at + 1..end).unwrap_or_default();
        at = skip_space(text, end + 1);
        if text.get(at) == Some(&b':') {
            at = skip_space(text, at + 1);
            key = content;
        } else {
            let role = match key {
                // Few keys start so, and nearly none of those of a body.
                [b'k' | b'r' | b's', ..] => position(key, b"kind;resource;subresource;"),
                _ => NOWHERE,
            };
            if role == 2 {
                found |= if content == b"token" { TOKENS } else { 0 };
            } else if role != NOWHERE {
                found |= match position(content, SUBJECTS) {
                    0..=2 => SECRETS,
                    3..=5 => CONFIG_MAPS,
                    6..=8 => TOKENS,
                    _ => 0,
                };
            }
            key = b"";
        }
    }
    found
}

/// Whether a member must not be shown for its key and what the event is about. `first` is the first byte of its value.
#[inline(never)]
pub(crate) fn is_sensitive(key: &[u8], first: u8, about: About) -> bool {
    if first != b'{' && is_header(key) {
        return true;
    }
    if about == 0 {
        return false;
    }
    if position(key, BODIES) != NOWHERE {
        return is_sensitive_body(first, about);
    }
    if key.starts_with(b"patch.webhook.admission.k8s.io/") || key == b"token" {
        return true;
    }
    // `value` is that of a JSON patch. A key with such an escape could be any of these; the API server writes none.
    const DATA: &[u8] =
        b"data;stringData;binaryData;value;kubectl.kubernetes.io/last-applied-configuration;";
    about & (SECRETS | CONFIG_MAPS) != 0
        && (position(key, DATA) != NOWHERE || key.get(find(key, b'\\') + 1) == Some(&b'u'))
}

/// Whether this is the name of a header with credentials: it ends in `authorization`, in whatever case.
#[inline(never)]
pub(crate) fn is_header(name: &[u8]) -> bool {
    let start = name.len().checked_sub(13);
    start.is_some_and(|start| has_word(name, start, b"authorization"))
}

/// Whether a body, by its first byte, must not be shown at all: one whose parts cannot be told.
pub(crate) fn is_sensitive_body(first: u8, about: About) -> bool {
    about & TOKENS != 0 || (about != 0 && first != b'{' && first != b'[')
}

/// The first byte of a value of this kind, as far as [`is_sensitive`] tells them apart.
pub(crate) fn first_of(kind: Kind) -> u8 {
    match kind {
        Kind::Object => b'{',
        Kind::Array => b'[',
        _ => b'"',
    }
}

/// What starts something secret in a string, in lower case; words of one first letter have one second letter.
pub(crate) const WORDS: [&[u8]; 10] = [
    b"bearer",
    b"authorization",
    b"eyj",
    b"token",
    b"secret",
    b"password",
    // Only in a text that is no JSON: annotations with what a webhook changed; bodies, and data of a part of one, which
    // must be keys.
    b"patch.webhook.",
    b"requestobject",
    b"responseobject",
    b"data",
];
const BEARER: usize = 0;
const AUTHORIZATION: usize = 1;
const JWT: usize = 2;
/// The first of those that only a broken line has.
const FIRST_OF_LINE: usize = 6;
const PATCH: usize = 6;

/// A look for secrets in the escaped content of one string.
pub(crate) struct Search<'a> {
    text: &'a [u8],
    /// It is a line that is no JSON: it may be a part of an event.
    line: bool,
    /// No JWT starts before this.
    barren: usize,
}

impl<'a> Search<'a> {
    pub(crate) fn new(text: &'a [u8], line: bool) -> Self {
        Self {
            text,
            line,
            barren: 0,
        }
    }

    /// Where a secret that starts with a word at `at` begins and ends, and where to look on if there is none (both are
    /// the same then). `at` is not inside of an escape.
    #[inline(never)]
    pub(crate) fn at(&mut self, at: usize) -> (usize, usize) {
        let text = self.text;
        let first = text.get(at).unwrap_or(&0) | 0x20;
        let mut which = 0;
        let mut word: &[u8] = b"";
        for known in &WORDS {
            if known.first() == Some(&first) && has_word(text, at, known) {
                word = known;
                break;
            }
            which += 1;
        }
        let behind = at + word.len();
        let nothing = (at + 1, at + 1);
        if word.is_empty() {
            return nothing;
        }
        if which == JWT {
            return self.jwt(at).map_or(nothing, |end| (at, end));
        }
        let (start, seen) = separators(text, behind);
        if which >= FIRST_OF_LINE {
            let is = which == PATCH || (seen & COLON != 0 && is_key(text, at, behind));
            return match self.line && is {
                true => (at, text.len()),
                false => nothing,
            };
        }
        let fits = match which {
            BEARER => start > behind,
            AUTHORIZATION => seen & (COLON | EQUALS) != 0,
            // `token=…` and `…_token=…` of a query.
            _ => seen & EQUALS != 0,
        };
        // A header goes on to the end of its line, or of its quoted text.
        let stops: &[u8] = match which {
            _ if !fits => return (start, start),
            AUTHORIZATION if seen & QUOTED == 0 => b"",
            AUTHORIZATION => b"'\\",
            BEARER => b" &'\\,;",
            _ => b" &'\\",
        };
        let end = value_end(text, start, stops);
        // "invalid bearer token" is a sentence of the API server.
        let is_word = which == BEARER && has_word(text, start, b"token") && end - start <= 6;
        if end == start || is_word {
            (start, start)
        } else {
            (start, end)
        }
    }

    /// Where the JSON web token that starts at `at` ends: three parts of base64url, two of which are not empty. It
    /// starts as `{"` is spelt.
    fn jwt(&mut self, at: usize) -> Option<usize> {
        // These three letters alone do as their case is.
        if at < self.barren || self.text.get(at..at + 3) != Some(b"eyJ") {
            return None;
        }
        let first = self.base64url_end(at);
        let second = self.base64url_end(first + 1);
        // What was read without finding a token need not be read again.
        self.barren = first;
        // A broken line may end within one.
        let cut = self.line && second >= self.text.len();
        let dot = Some(&b'.');
        if !cut && (self.text.get(first) != dot || second == first + 1) {
            return None;
        }
        self.barren = second;
        if !cut && self.text.get(second) != dot {
            return None;
        }
        let mut end = second;
        while self.text.get(end) == dot {
            end = self.base64url_end(end + 1);
        }
        Some(end.min(self.text.len()))
    }

    #[inline(never)]
    fn base64url_end(&self, mut at: usize) -> usize {
        while let Some(b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-') = self.text.get(at) {
            at += 1;
        }
        at
    }
}

/// Whether the word between `at` and `end` is a key of a line that is no JSON, or ends `stringData` or `binaryData`: a quote
/// stands behind it, and before it one, or the start of the line, which may have been cut within the key. Neither
/// `"level":"Metadata"` nor `"metadata":` hides anything.
#[inline(never)]
fn is_key(text: &[u8], at: usize, end: usize) -> bool {
    let mut start = at;
    while start > 0 && text.get(start - 1).is_some_and(u8::is_ascii_alphabetic) {
        start -= 1;
    }
    // In escaped content every quote has a backslash before it.
    let before = text.get(start..at).unwrap_or_default();
    text.get(end) == Some(&b'\\')
        && (start == 0
            || (text.get(start - 1) == Some(&b'"')
                && position(before, b";string;binary;") != NOWHERE))
}

/// Among the separators was a colon, an equals sign; the last one was a quote.
const COLON: u8 = 1;
const EQUALS: u8 = 2;
const QUOTED: u8 = 4;

/// Where a run of what stands between a name and its value ends, also where that is escaped or percent-encoded, and what
/// was in it.
#[inline(never)]
fn separators(text: &[u8], mut at: usize) -> (usize, u8) {
    let mut seen = 0;
    loop {
        let mut len = unit(text, at);
        let mut byte = text.get(at).copied().unwrap_or(0);
        if len > 1 {
            // An escaped quote, but no line's end; `\u…` is a character of the value.
            byte = match text.get(at + 1) {
                Some(b'n' | b'r' | b'u') => 0,
                _ => b'"',
            };
        } else if let Some([b'%', high @ (b'2' | b'3'), low, ..]) = text.get(at..) {
            len = 3;
            byte = (high << 4) | ((low & 15) + if *low > b'9' { 9 } else { 0 });
        }
        let is = match byte {
            b' ' | b'+' | b'[' => 0,
            b':' => COLON,
            b'=' => EQUALS,
            b'\'' | b'"' => QUOTED,
            _ => return (at, seen),
        };
        at += len;
        seen = seen & !QUOTED | is;
    }
}

/// Where a value ends: at one of these bytes (a backslash stands for any escape of two bytes), or with the line.
#[inline(never)]
fn value_end(text: &[u8], mut at: usize, stops: &[u8]) -> usize {
    while let Some(&byte) = text.get(at) {
        let len = unit(text, at);
        let next = text.get(at + 1);
        let mut is = byte;
        if len == 6 {
            // Go's JSON writer spells `&` so.
            let ampersand = has_word(text, at, b"\\u0026");
            is = if ampersand { b'&' } else { b'u' };
        }
        if find(stops, is) < stops.len() || (len == 2 && matches!(next, Some(b'n' | b'r'))) {
            break;
        }
        at += len;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_a_text_is_about() {
        for (text, expected) in [
            (r#"{"objectRef":{"resource":"secrets"}}"#, SECRETS),
            (r#"{"a":[{"kind" : "SecretList"}]}"#, SECRETS),
            (
                r#"{"a":[{"kind":"ConfigMap"},{"kind":"Secret"}]}"#,
                SECRETS | CONFIG_MAPS,
            ),
            (
                r#"{"resource":"serviceaccounts","subresource":"token"}"#,
                TOKENS,
            ),
            (r#"{"resource":"tokenreviews"}"#, TOKENS),
            (r#"{"kind":"Pod","name":"secrets"}"#, 0),
            (r#"{"kind":["Secret"]}"#, SECRETS),
            (r#"{"kind":1,"x":"Secret"}"#, 0),
            (r#"{"subresource":"secrets"}"#, 0),
            (r#"{"x":"\"kind\":\"Secret\""}"#, 0),
            ("{}", 0),
        ] {
            assert_eq!(about(text.as_bytes()), expected, "{text}");
        }
    }
}
