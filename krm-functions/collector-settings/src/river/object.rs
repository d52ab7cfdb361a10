//! Objects and strings within expressions.

use super::lex::{Kind, tokens};
use std::ops::Range;

/// An object that is written out: `{ a = "b", }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal {
    /// Its fields in order: the name, and where the value stands in the text.
    pub(crate) fields: Vec<(String, Range<usize>)>,
    /// Where its brace closes.
    pub(crate) close: usize,
    /// Whether a comma follows the last field.
    pub(crate) has_last_comma: bool,
}

/// The object that an expression is; `None` where it is something else, or is made by more than braces.
pub(crate) fn object(text: &str, at: &Range<usize>, templates: bool) -> Option<Literal> {
    let tokens = tokens(text.get(at.clone())?, templates).ok()?;
    let tokens: Vec<_> = tokens
        .into_iter()
        .filter(|token| token.kind != Kind::Newline)
        .collect();
    let (first, last) = (tokens.first()?, tokens.last()?);
    if first.kind != Kind::Open(b'{') || last.kind != Kind::Close(b'}') {
        return None;
    }
    let part = |start: usize, end: usize| at.start + start..at.start + end;
    let mut fields = Vec::new();
    let mut rest = &tokens[1..tokens.len() - 1];
    let mut has_last_comma = false;
    while let [name, assign, value, ..] = rest {
        if assign.kind != Kind::Assign {
            return None;
        }
        let key = match name.kind {
            Kind::Name => text[part(name.start, name.end)].to_owned(),
            Kind::Text => self::literal(&text[part(name.start, name.end)])?,
            _ => return None,
        };
        let mut depth = 0_usize;
        let mut length = 0_usize;
        for token in &rest[2..] {
            match token.kind {
                Kind::Comma if depth == 0 => break,
                Kind::Open(_) => depth += 1,
                // The object closes before its end: it is only a part of the expression.
                Kind::Close(_) if depth == 0 => return None,
                Kind::Close(_) => depth -= 1,
                _ => {}
            }
            length += 1;
        }
        let last = rest[2..].get(length.checked_sub(1)?)?;
        fields.push((key, part(value.start, last.end)));
        has_last_comma = rest.len() > 2 + length;
        rest = &rest[(2 + length + usize::from(has_last_comma))..];
    }
    rest.is_empty().then_some(Literal {
        fields,
        close: at.start + last.start,
        has_last_comma,
    })
}

/// The text of a string that is written out; `None` for any other expression, and for escapes that are rare.
pub(crate) fn literal(expression: &str) -> Option<String> {
    if let Some(raw) = expression.strip_prefix('`') {
        let raw = raw.strip_suffix('`')?;
        return (!raw.contains('`')).then(|| raw.to_owned());
    }
    let inner = expression.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => out.push(match chars.next()? {
                c @ ('"' | '\\') => c,
                'n' => '\n',
                't' => '\t',
                _ => return None,
            }),
            c => out.push(c),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Option<Vec<(String, &str)>> {
        let literal = object(text, &(0..text.len()), false)?;
        assert_eq!(&text[literal.close..], "}");
        let fields = literal.fields.into_iter();
        Some(fields.map(|(key, at)| (key, &text[at])).collect())
    }

    #[test]
    fn reads_objects_that_are_written_out() {
        let of = |fields: &[(&str, &'static str)]| {
            let fields = fields
                .iter()
                .map(|(key, value)| ((*key).to_owned(), *value));
            Some(fields.collect::<Vec<_>>())
        };
        assert_eq!(fields("{}"), of(&[]));
        assert_eq!(fields("{a = \"b\"}"), of(&[("a", "\"b\"")]));
        assert_eq!(
            fields("{\n a = \"b\", // c\n \"d\" = e(\"f\", 1),\n}"),
            of(&[("a", "\"b\""), ("d", "e(\"f\", 1)")])
        );
        for text in [
            "a",
            "f({})",
            "{}.a + {}",
            "{a}",
            "{a = }",
            "{1 = 2}",
            "{a = 1}.b + {c = 2}",
        ] {
            assert_eq!(fields(text), None, "{text}");
        }
    }

    #[test]
    fn reads_strings() {
        for (expression, expected) in [
            ("\"\"", Some("")),
            ("\"a \\\"b\\\" \\\\\"", Some("a \"b\" \\")),
            ("`a\\b`", Some("a\\b")),
            ("\"a\" + \"b\"", None),
            ("\"\\u0041\"", None),
            ("a", None),
            ("\"", None),
        ] {
            assert_eq!(literal(expression).as_deref(), expected, "{expression}");
        }
    }
}
