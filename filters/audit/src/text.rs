//! Small things about JSON text that is known to be valid.

use leafpack_fluent_bit::json::{Field, Kind, Value, find, skip_space, unescape, value_end};

/// What [`position`] gives for a text that is not in the list.
pub(crate) const NOWHERE: usize = usize::MAX;

/// Where `text` stands in a list whose entries end in `;`. One text takes far less of a module than a list of slices
/// or a `match` does.
#[inline(never)]
pub(crate) fn position(text: &[u8], list: &[u8]) -> usize {
    let mut rest = list;
    let mut index = 0;
    while let Some((entry, after)) = rest.split_at_checked(find(rest, b';')) {
        if after.is_empty() {
            break;
        }
        if entry == text {
            return index;
        }
        rest = after.get(1..).unwrap_or_default();
        index += 1;
    }
    NOWHERE
}

/// What stands behind `key=` in a list of such entries that end in `;`; empty where it is not there.
#[inline(never)]
pub(crate) fn lookup(key: &[u8], list: &'static [u8]) -> &'static [u8] {
    let mut rest = list;
    while !rest.is_empty() {
        let end = find(rest, b';');
        let entry = rest.get(..end).unwrap_or_default();
        if let Some([b'=', value @ ..]) = entry.strip_prefix(key) {
            return value;
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    b""
}

/// What stands for a field that is not there: no field starts where an object does.
pub(crate) const NO_FIELD: Field<'static> = Field {
    key: b"",
    value: ABSENT,
    start: 0,
    end: 0,
};

/// What stands for a value that is not there.
pub(crate) const ABSENT: Value<'static> = Value {
    text: b"null",
    kind: Kind::Scalar,
};

/// Whether `word`, in lower case, stands at `at`, in whatever case.
#[inline(never)]
pub(crate) fn has_word(text: &[u8], at: usize, word: &[u8]) -> bool {
    text.get(at..at + word.len())
        .is_some_and(|found| found.eq_ignore_ascii_case(word))
}

/// Length of the escape that stands at `at` in a string's escaped content; 1 where there is none.
#[inline(never)]
pub(crate) fn unit(text: &[u8], at: usize) -> usize {
    match (text.get(at), text.get(at + 1)) {
        (Some(b'\\'), Some(b'u')) => 6,
        (Some(b'\\'), _) => 2,
        _ => 1,
    }
}

/// The start of a string's escaped content, at most `most` bytes long: not cut within an escape, a surrogate pair of two
/// of them, or a character in UTF-8.
#[inline(never)]
pub(crate) fn cut(text: &[u8], most: usize) -> &[u8] {
    let (mut last, mut at) = (0, 0);
    loop {
        let next = at + unit(text, at);
        if next > most || at >= text.len() {
            break;
        }
        last = at;
        at = next;
    }
    if let Some([b'\\', b'u', b'd' | b'D', b'c'..=b'f' | b'C'..=b'F', ..]) = text.get(at..) {
        at = last;
    }
    // Back to where a character starts. Bytes that are none are cut anywhere: behind them may stand an escape, and going
    // back into it would leave half of it.
    let is_inner = |byte: &u8| byte & 0xc0 == 0x80;
    let mut start = at;
    while at - start < 4 && start > 0 && text.get(start).is_some_and(is_inner) {
        start -= 1;
    }
    if text.get(start).is_some_and(|byte| *byte >= 0xc0) {
        at = start;
    }
    text.get(..at).unwrap_or_default()
}

/// Whether two escaped texts stand for the same one; with `prefix`, whether the second starts with the first.
#[inline(never)]
pub(crate) fn same(a: &[u8], b: &[u8], prefix: bool) -> bool {
    let (mut a, mut b) = (unescape(a), unescape(b));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (None, Some(_)) => return prefix,
            (a, b) if a != b => return false,
            _ => {}
        }
    }
}

/// The values of a JSON array, one after the other; another value stands for an array of itself.
#[derive(Debug)]
pub(crate) struct Items<'a> {
    text: &'a [u8],
    at: usize,
    /// The one that [`Items::next`] found.
    pub(crate) now: Value<'a>,
}

impl<'a> Items<'a> {
    /// `value` is valid JSON.
    #[inline(never)]
    pub(crate) fn new(value: &Value<'a>) -> Self {
        Self {
            text: value.text,
            at: usize::from(value.kind == Kind::Array),
            now: ABSENT,
        }
    }

    /// Goes to the next one. `false`: there is none.
    #[inline(never)]
    pub(crate) fn next(&mut self) -> bool {
        let mut at = skip_space(self.text, self.at);
        if self.text.get(at) == Some(&b',') {
            at = skip_space(self.text, at + 1);
        }
        // The closing bracket is no value.
        let Some((end, kind)) = value_end(self.text, at) else {
            return false;
        };
        self.at = end;
        let text = self.text.get(at..end).unwrap_or_default();
        self.now = Value { text, kind };
        true
    }

    /// The content of a string, still escaped; the text of another value, but for `null` nothing.
    #[inline(never)]
    pub(crate) fn content(&self) -> &'a [u8] {
        match self.now.string() {
            Some(content) => content,
            None if self.now.text == b"null" => b"",
            None => self.now.text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_characters() {
        for (text, most, expected) in [
            ("abc", 2, "ab"),
            ("abc", 9, "abc"),
            ("", 5, ""),
            ("aé", 2, "a"),
            ("aé", 3, "aé"),
            ("a€b", 3, "a"),
            ("😀", 3, ""),
            (r"a\nb", 2, "a"),
            (r"a\nb", 3, r"a\n"),
            (r"a\u00e9b", 6, "a"),
            (r"a\u00e9b", 7, r"a\u00e9"),
            (r"\ud83d\ude00x", 11, ""),
            (r"\ud83d\ude00x", 12, r"\ud83d\ude00"),
            (r"\\\\", 3, r"\\"),
        ] {
            let got = cut(text.as_bytes(), most);
            assert_eq!(std::str::from_utf8(got).unwrap(), expected, "{text} {most}");
        }
        assert_eq!(cut(b"\xff\xff", 1), b"\xff");
        assert_eq!(cut(b"\x80\x80\x80\x80\x80", 3), b"\x80\x80\x80");
        assert_eq!(cut(b"\\\"\xb4\xb4\xb4", 3), b"\\\"\xb4");
        assert_eq!(cut(b"\xf0\x9f\x98\x80", 3), b"");
    }

    #[test]
    fn goes_through_arrays() {
        for (array, expected) in [
            ("[]", &[][..]),
            ("[ ]", &[]),
            ("[1,\"a]\" , [2,3],{}]", &["1", "a]", "[2,3]", "{}"]),
            ("\"a\"", &["a"]),
            ("null", &[""]),
        ] {
            let kind = value_end(array.as_bytes(), 0).unwrap().1;
            let mut items = Items::new(&Value {
                text: array.as_bytes(),
                kind,
            });
            let mut found = Vec::new();
            while items.next() {
                found.push(std::str::from_utf8(items.content()).unwrap());
            }
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn looks_things_up() {
        const LIST: &[u8] = b"a;bc;;d;";
        for (text, expected) in [
            ("a", 0),
            ("bc", 1),
            ("", 2),
            ("d", 3),
            ("b", NOWHERE),
            ("x", NOWHERE),
        ] {
            assert_eq!(position(text.as_bytes(), LIST), expected, "{text}");
        }
        for (key, expected) in [("a", "x y"), ("ab", "z"), ("b", ""), ("", "")] {
            assert_eq!(
                lookup(key.as_bytes(), b"ab=z;a=x y;"),
                expected.as_bytes(),
                "{key}"
            );
        }
    }

    #[test]
    fn compares_what_texts_stand_for() {
        assert!(same(br"\u0061b", b"ab", false));
        assert!(!same(b"a", b"ab", false));
        assert!(same(b"a", b"ab", true));
        assert!(same(b"", b"", false));
        assert!(!same(b"ab", b"a", true));
    }
}
