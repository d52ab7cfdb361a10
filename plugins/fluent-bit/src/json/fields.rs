//! The fields of an object, one after the other.

use super::scan::{INVALID, Kind, byte, closing_quote, end_of_value, skip_space};

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
        string_content(self.text)
    }

    /// The fields of an object; `None` for another kind.
    #[inline]
    pub fn fields(&self) -> Option<Fields<'a>> {
        (self.kind == Kind::Object).then(|| Fields::new(self.text))
    }
}

/// The content of a value that is a string, still escaped; `None` for another kind. `value` is valid JSON.
#[inline(never)]
pub fn string_content(value: &[u8]) -> Option<&[u8]> {
    match value {
        [b'"', content @ .., b'"'] => Some(content),
        _ => None,
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
    /// 0 before the first step; [`INVALID`] behind the last one.
    at: usize,
    /// The field of the last step: kept here, for a value of this size is returned through memory anyway.
    field: Field<'a>,
}

/// What a step came to.
enum Step {
    Field,
    End,
    /// The text is malformed.
    Stop,
}

impl<'a> Fields<'a> {
    /// Over the one JSON object that `text` should be, white space around it allowed.
    #[inline(never)]
    pub fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            field: Field {
                key: b"",
                value: Value {
                    text: b"",
                    kind: Kind::Scalar,
                },
                start: 0,
                end: 0,
            },
        }
    }

    /// Goes on behind white space, to the byte that this returns.
    #[inline(never)]
    fn skip(&mut self) -> u8 {
        self.at = skip_space(self.text, self.at);
        byte(self.text, self.at)
    }

    /// As [`Self::skip`], from the byte behind this one.
    #[inline(never)]
    fn next_token(&mut self) -> u8 {
        self.at += 1;
        self.skip()
    }

    /// Reads the next field.
    #[inline(never)]
    fn step(&mut self) -> Step {
        if self.at >= INVALID {
            return Step::End;
        }
        let first = self.at == 0;
        let mut token = self.skip();
        let mut may_end = !first;
        if token == (if first { b'{' } else { b',' }) {
            token = self.next_token();
            may_end = first;
        } else if token != b'}' {
            return Step::Stop;
        }
        if token == b'}' && may_end {
            // Only white space may follow.
            self.next_token();
            if self.at != self.text.len() {
                return Step::Stop;
            }
            self.at = INVALID;
            return Step::End;
        }
        let start = self.at;
        if token != b'"' {
            return Step::Stop;
        }
        let quote = closing_quote(self.text, start + 1);
        let Some(key) = self.text.get(start + 1..quote) else {
            return Step::Stop;
        };
        self.at = quote;
        if self.next_token() != b':' {
            return Step::Stop;
        }
        let kind = Kind::of(self.next_token());
        let end = end_of_value(self.text, self.at);
        let Some(text) = self.text.get(self.at..end) else {
            return Step::Stop;
        };
        self.at = end;
        self.field = Field {
            key,
            value: Value { text, kind },
            start,
            end,
        };
        Step::Field
    }
}

impl<'a> Fields<'a> {
    /// Goes on to the next field, which [`Self::field`] then has; `false` behind the last one, and where the text is
    /// malformed. Takes less of a module than iterating does.
    #[inline]
    pub fn advance(&mut self) -> bool {
        matches!(self.step(), Step::Field)
    }

    /// The field that [`Self::advance`] came to.
    #[inline]
    pub fn field(&self) -> &Field<'a> {
        &self.field
    }

    /// Where the text is malformed, after [`Self::advance`] returned `false`; `None` where it is one object.
    #[inline]
    pub fn malformed(&self) -> Option<Malformed> {
        (self.at != INVALID).then_some(Malformed { at: self.at })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self.step() {
            Step::Field => Some(Ok(self.field)),
            Step::End => None,
            Step::Stop => {
                let at = self.at;
                self.at = INVALID;
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
