//! The fields of an object, one after the other.

use super::scan::{Kind, skip_space, string_end, value_end};

/// One field of an object, as slices of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The key between its quotes, still escaped.
    pub key: &'a [u8],
    /// The value.
    pub value: Value<'a>,
    /// Where the key's quote stands in the text.
    pub start: usize,
    /// Where the text goes on behind the value.
    pub end: usize,
}

/// A value as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    /// The value's whole text, quotes and brackets included: valid JSON by itself.
    pub text: &'a [u8],
    /// What it is.
    pub kind: Kind,
}

impl<'a> Value<'a> {
    /// The content of a string, still escaped; `None` for another kind.
    #[inline]
    pub fn string(&self) -> Option<&'a [u8]> {
        match (self.kind, self.text) {
            (Kind::String, [b'"', content @ .., b'"']) => Some(content),
            _ => None,
        }
    }

    /// The fields of an object; `None` for another kind.
    #[inline]
    pub fn fields(&self) -> Option<Fields<'a>> {
        (self.kind == Kind::Object).then(|| Fields::new(self.text))
    }
}

/// The text is not one JSON object; nothing that came behind this point was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// Where the text stops being JSON, in bytes from its start.
    pub at: usize,
}

/// Iterates over the top-level fields of an object. Ends after the first [`Malformed`].
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    text: &'a [u8],
    at: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Within,
    Ended,
}

impl<'a> Fields<'a> {
    /// Over the one JSON object that `text` should be, white space around it allowed.
    #[inline]
    pub fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            state: State::Start,
        }
    }

    /// The next field, or `None` inside at the object's end; `None` outside where the text is malformed.
    #[inline(never)]
    fn step(&mut self) -> Option<Option<Field<'a>>> {
        let text = self.text;
        self.at = skip_space(text, self.at);
        let byte = text.get(self.at).copied();
        match self.state {
            State::Start => {
                if byte != Some(b'{') {
                    return None;
                }
                self.at = skip_space(text, self.at + 1);
                if text.get(self.at) == Some(&b'}') {
                    return self.end();
                }
            }
            State::Within => match byte {
                Some(b',') => self.at = skip_space(text, self.at + 1),
                Some(b'}') => return self.end(),
                _ => return None,
            },
            State::Ended => return Some(None),
        }
        self.state = State::Within;
        let from = self.at;
        if text.get(from) != Some(&b'"') {
            return None;
        }
        let quote = string_end(text, from + 1)?;
        let colon = skip_space(text, quote + 1);
        self.at = colon;
        if text.get(colon) != Some(&b':') {
            return None;
        }
        let start = skip_space(text, colon + 1);
        let (end, kind) = value_end(text, start)?;
        self.at = end;
        let value = Value {
            text: text.get(start..end)?,
            kind,
        };
        Some(Some(Field {
            key: text.get(from + 1..quote)?,
            value,
            start: from,
            end,
        }))
    }

    /// At the closing brace: only white space may follow.
    fn end(&mut self) -> Option<Option<Field<'a>>> {
        self.at = skip_space(self.text, self.at + 1);
        if self.at != self.text.len() {
            return None;
        }
        self.state = State::Ended;
        Some(None)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self.step() {
            Some(field) => field.map(Ok),
            None => {
                self.state = State::Ended;
                let at = self.at;
                // Ends the iteration: the state above answers from now on.
                self.text = &[];
                Some(Err(Malformed { at }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn keys(text: &str) -> Result<Vec<&str>, usize> {
        Fields::new(text.as_bytes())
            .map(|field| {
                field
                    .map(|f| std::str::from_utf8(f.key).unwrap())
                    .map_err(|m| m.at)
            })
            .collect()
    }

    #[test]
    fn yields_every_field() {
        assert_eq!(keys("{}"), Ok(std::vec![]));
        assert_eq!(keys(" { } "), Ok(std::vec![]));
        assert_eq!(
            keys(r#"{"a":1,"b":"x","c":{"d":[1]},"":null}"#),
            Ok(std::vec!["a", "b", "c", ""])
        );
        assert_eq!(
            keys("{ \"a\" : 1 ,\n \"b\" : 2 }\n"),
            Ok(std::vec!["a", "b"])
        );
    }

    #[test]
    fn says_where_it_stops() {
        for (text, at) in [
            ("", 0),
            ("[]", 0),
            ("{", 1),
            ("{\"a\":1", 6),
            ("{\"a\":1}x", 7),
            ("{\"a\":1}{}", 7),
            ("{\"a\"1}", 4),
            ("{\"a\":1,}", 7),
            ("{a:1}", 1),
            ("{\"a\":1 \"b\":2}", 7),
            ("null", 0),
        ] {
            assert_eq!(keys(text), Err(at), "{text}");
            let mut fields = Fields::new(text.as_bytes());
            while let Some(Ok(_)) = fields.next() {}
            assert_eq!(fields.next(), None, "{text}: ends after the error");
        }
    }

    #[test]
    fn values_keep_their_text() {
        let mut fields = Fields::new(br#"{"s":"a\"b","o":{"x":1},"n":-1.5e3}"#);
        let string = fields.next().unwrap().unwrap().value;
        assert_eq!(string.string(), Some(&br#"a\"b"#[..]));
        let object = fields.next().unwrap().unwrap().value;
        assert_eq!(object.string(), None);
        assert_eq!(object.fields().unwrap().count(), 1);
        let number = fields.next().unwrap().unwrap().value;
        assert_eq!((number.kind, number.text), (Kind::Scalar, &b"-1.5e3"[..]));
        assert!(number.fields().is_none());
    }
}
