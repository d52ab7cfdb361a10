//! Text to tokens.

use std::fmt;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name, `true`, `false` or `null`.
    Name,
    /// A string, in quotes or backticks.
    Text,
    /// A number, or what is not of the language: `${…}` of Flux, `{{…}}` of Helm.
    Value,
    /// `{`, `[` or `(`.
    Open(u8),
    /// `}`, `]` or `)`.
    Close(u8),
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// `=`
    Assign,
    /// Any other operator.
    Operator,
    /// The end of a line that may end a statement.
    Newline,
}

/// A token, and where it stands in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Why a text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What was found, and what was expected.
    pub(crate) message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// A fault at an offset.
pub(crate) fn fault(text: &str, at: usize, message: impl Into<String>) -> Fault {
    let before = text.get(..at).unwrap_or(text);
    Fault {
        line: before.matches('\n').count() + 1,
        message: message.into(),
    }
}

/// The tokens of a text, without comments. With `templates`, `{{…}}` is a value of Helm's.
///
/// # Errors
/// What does not close, and characters that are not of the language.
pub(crate) fn tokens(text: &str, templates: bool) -> Result<Vec<Token>, Fault> {
    let bytes = text.as_bytes();
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &text[at..];
        let may_end = tokens.last().is_some_and(|token| {
            matches!(
                token.kind,
                Kind::Name | Kind::Text | Kind::Value | Kind::Close(_)
            )
        });
        let (kind, len) = match byte {
            b' ' | b'\t' | b'\r' => (None, 1),
            b'\n' => (may_end.then_some(Kind::Newline), 1),
            b'/' if rest.starts_with("//") => (None, rest.find('\n').unwrap_or(rest.len())),
            b'/' if rest.starts_with("/*") => {
                let end = rest.find("*/");
                let end = end.ok_or_else(|| fault(text, at, "found /* without */"))?;
                (None, end + 2)
            }
            b'"' => (Some(Kind::Text), quoted(text, at, templates)?),
            b'`' => {
                let end = rest[1..].find('`');
                let end = end.ok_or_else(|| fault(text, at, "found ` without another"))?;
                (Some(Kind::Text), end + 2)
            }
            b'{' if templates && rest.starts_with("{{") => {
                let end = rest.find("}}");
                let end = end.ok_or_else(|| fault(text, at, "found {{ without }}"))?;
                (Some(Kind::Value), end + 2)
            }
            b'$' if rest.starts_with("${") => {
                let end = rest.find('}');
                let end = end.ok_or_else(|| fault(text, at, "found ${ without }"))?;
                (Some(Kind::Value), end + 1)
            }
            b'{' | b'[' | b'(' => (Some(Kind::Open(byte)), 1),
            b'}' | b']' | b')' => (Some(Kind::Close(byte)), 1),
            b',' => (Some(Kind::Comma), 1),
            b'.' => (Some(Kind::Dot), 1),
            b'=' if !rest.starts_with("==") => (Some(Kind::Assign), 1),
            b'=' | b'!' | b'<' | b'>' if rest[1..].starts_with('=') => (Some(Kind::Operator), 2),
            b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'|' | b'&' => {
                (Some(Kind::Operator), 1)
            }
            b'0'..=b'9' => (Some(Kind::Value), word(rest, |c| c == '.')),
            _ => match word(rest, |_| false) {
                0 => {
                    let found = rest.chars().next().unwrap_or_default();
                    return Err(fault(
                        text,
                        at,
                        format!("found {found:?}, which is not of Alloy's language"),
                    ));
                }
                len => (Some(Kind::Name), len),
            },
        };
        if let Some(kind) = kind {
            let end = at + len;
            tokens.push(Token {
                kind,
                start: at,
                end,
            });
        }
        at += len;
    }
    Ok(tokens)
}

fn word(rest: &str, also: impl Fn(char) -> bool) -> usize {
    let inner = |c: char| c.is_alphanumeric() || c == '_' || also(c);
    rest.find(|c| !inner(c)).unwrap_or(rest.len())
}

/// The length of a string in quotes. A template within it may have quotes of its own.
fn quoted(text: &str, start: usize, templates: bool) -> Result<usize, Fault> {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return Ok(at + 1 - start),
            b'\n' => break,
            b'{' if templates && bytes[at..].starts_with(b"{{") => match text[at..].find("}}") {
                Some(end) => at += end + 2,
                None => break,
            },
            _ => at += 1,
        }
    }
    Err(fault(text, start, "found \" without another in its line"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        let tokens = tokens(text, false).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        tokens.iter().map(|token| token.kind).collect()
    }

    #[test]
    fn newlines_count_where_a_statement_may_end() {
        use Kind::{Assign, Name, Newline, Operator, Text, Value};
        assert_eq!(kinds("a =\n1\n\n"), [Name, Assign, Value, Newline]);
        assert_eq!(
            kinds("a = \"x\" + // why\n `y\n`\n"),
            [Name, Assign, Text, Operator, Text, Newline]
        );
        assert_eq!(kinds("/* a\n b */ a // c"), [Name]);
        assert_eq!(
            kinds("a = 1.5e3 >= 2"),
            [Name, Assign, Value, Operator, Value]
        );
    }

    #[test]
    fn what_is_not_of_the_language_is_named() {
        for (text, line) in [
            ("a\n'b'", 2),
            ("\n\n/* a", 3),
            ("\"a\nb\"", 1),
            ("`a", 1),
            ("a = ${A", 1),
            ("a ; b", 1),
        ] {
            assert_eq!(tokens(text, false).expect_err(text).line, line, "{text}");
        }
        assert!(tokens("a = {{ .Values.x }}\n", true).is_ok());
        assert!(tokens("a = {{ .Values.x\n", true).is_err());
        let text = "a = \"{{ .Values.x | default \"y\" }}\"\n";
        assert_eq!(tokens(text, true).expect("right").len(), 4);
        assert!(tokens("a = \"{{ .Values.x\"\n", true).is_err());
        for text in ["\"\\", "\"\\\"", "\"é\\"] {
            assert!(tokens(text, false).is_err(), "{text}");
        }
    }
}
