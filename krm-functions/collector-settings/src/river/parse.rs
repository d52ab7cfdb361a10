//! Tokens to blocks and attributes.

use super::lex::{Fault, Kind, Token, fault, tokens};
use std::ops::Range;

/// How deep blocks may be within one another.
const MAX_DEPTH: usize = 32;

/// What stands between two braces, or in the whole text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Body {
    /// `name = value`, in order.
    pub(crate) attributes: Vec<Attribute>,
    /// `name "label" { … }`, in order.
    pub(crate) blocks: Vec<Block>,
    /// Where the closing brace stands, or the text ends.
    pub(crate) close: usize,
    /// Whether a template stands between statements, here or within a block: what it makes is not seen.
    pub(crate) has_templates: bool,
}

/// An attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// Its name.
    pub(crate) name: String,
    /// Where the name begins.
    pub(crate) start: usize,
    /// Where the expression stands.
    pub(crate) value: Range<usize>,
}

/// A block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// Its name, dots and all.
    pub(crate) name: String,
    /// Its label; empty where it has none.
    pub(crate) label: String,
    /// Where the name begins.
    pub(crate) start: usize,
    /// What it holds.
    pub(crate) body: Body,
}

impl Body {
    /// The attribute of this name.
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }

    /// The block of this name.
    pub(crate) fn block(&self, name: &str) -> Option<&Block> {
        self.blocks.iter().find(|block| block.name == name)
    }

    /// Every block of this name, at any depth, in the order in which they stand.
    pub(crate) fn all(&self, name: &str) -> Vec<&Block> {
        let mut found = Vec::new();
        for block in &self.blocks {
            if block.name == name {
                found.push(block);
            }
            found.extend(block.body.all(name));
        }
        found
    }
}

/// Reads a text. With `templates`, `{{…}}` is a value of Helm's.
///
/// # Errors
/// What is not of the language.
pub(crate) fn parse(text: &str, templates: bool) -> Result<Body, Fault> {
    let tokens = tokens(text, templates)?;
    let mut parser = Parser {
        text,
        tokens: &tokens,
        at: 0,
    };
    parser.body(0)
}

/// Whether the text names this, as `prometheus.remote_write.hub.receiver`, outside of strings and comments.
pub(crate) fn refers_to(text: &str, templates: bool, name: &[&str]) -> bool {
    let Ok(tokens) = tokens(text, templates) else {
        return false;
    };
    let length = 2 * name.len() - 1;
    tokens.windows(length).any(|window| {
        window.iter().enumerate().all(|(index, token)| {
            if index % 2 == 1 {
                token.kind == Kind::Dot
            } else {
                token.kind == Kind::Name && text[token.start..token.end] == *name[index / 2]
            }
        })
    })
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
}

impl Parser<'_> {
    fn kind(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    fn text_of(&self, token: &Token) -> &str {
        &self.text[token.start..token.end]
    }

    fn offset(&self) -> usize {
        self.tokens
            .get(self.at)
            .map_or(self.text.len(), |token| token.start)
    }

    fn fail<T>(&self, expected: &str) -> Result<T, Fault> {
        let found = match self.tokens.get(self.at) {
            None => "the end".to_owned(),
            Some(token) if token.kind == Kind::Newline => "the end of the line".to_owned(),
            Some(token) => {
                let shown: String = self.text_of(token).chars().take(20).collect();
                // Strings may be passwords.
                match token.kind {
                    Kind::Text => "a string".to_owned(),
                    _ => format!("{shown:?}"),
                }
            }
        };
        let message = format!("found {found}, expected {expected}");
        Err(fault(self.text, self.offset(), message))
    }

    /// Up to the closing brace, or to the end of the text at depth 0.
    fn body(&mut self, depth: usize) -> Result<Body, Fault> {
        if depth > MAX_DEPTH {
            return self.fail(&format!("at most {MAX_DEPTH} blocks within one another"));
        }
        let mut body = Body::default();
        loop {
            match self.kind() {
                Some(Kind::Newline) => self.at += 1,
                None if depth == 0 => break,
                Some(Kind::Close(b'}')) if depth > 0 => break,
                Some(Kind::Name) => self.statement(&mut body, depth)?,
                Some(Kind::Value) if self.text[self.offset()..].starts_with("{{") => {
                    body.has_templates = true;
                    self.at += 1;
                }
                _ if depth > 0 => return self.fail("a name or }"),
                _ => return self.fail("a name"),
            }
        }
        body.close = self.offset();
        Ok(body)
    }

    fn statement(&mut self, body: &mut Body, depth: usize) -> Result<(), Fault> {
        let start = self.offset();
        let mut name = String::new();
        while let Some(token) = self.tokens.get(self.at) {
            match token.kind {
                Kind::Name | Kind::Dot => name.push_str(self.text_of(token)),
                _ => break,
            }
            self.at += 1;
        }
        match self.kind() {
            Some(Kind::Assign) => {
                self.at += 1;
                let value = self.expression()?;
                body.attributes.push(Attribute { name, start, value });
            }
            Some(Kind::Text | Kind::Open(b'{')) => {
                let mut label = String::new();
                if let Some(token) = self.tokens.get(self.at)
                    && token.kind == Kind::Text
                {
                    label = self.text_of(token).trim_matches(['"', '`']).to_owned();
                    self.at += 1;
                }
                if self.kind() != Some(Kind::Open(b'{')) {
                    return self.fail("{");
                }
                self.at += 1;
                let inner = self.body(depth + 1)?;
                if self.kind() != Some(Kind::Close(b'}')) {
                    return self.fail("}");
                }
                self.at += 1;
                body.has_templates |= inner.has_templates;
                body.blocks.push(Block {
                    name,
                    label,
                    start,
                    body: inner,
                });
            }
            _ => return self.fail("= or {"),
        }
        match self.kind() {
            None | Some(Kind::Newline | Kind::Close(b'}')) => Ok(()),
            _ => self.fail("the end of the line"),
        }
    }

    /// Up to the end of the line, brackets closed.
    fn expression(&mut self) -> Result<Range<usize>, Fault> {
        let start = self.offset();
        let mut end = start;
        let mut open = Vec::new();
        let mut after_operand = false;
        while let Some(token) = self.tokens.get(self.at) {
            match token.kind {
                Kind::Newline if open.is_empty() => break,
                Kind::Name | Kind::Text | Kind::Open(b'{') if open.is_empty() && after_operand => {
                    return self.fail("the end of the line");
                }
                Kind::Close(_) if open.is_empty() => break,
                Kind::Open(bracket) => open.push(match bracket {
                    b'{' => b'}',
                    b'[' => b']',
                    _ => b')',
                }),
                Kind::Close(bracket) if open.pop() != Some(bracket) => {
                    return self.fail("the bracket that was opened last to be closed");
                }
                _ => {}
            }
            after_operand = matches!(
                token.kind,
                Kind::Name | Kind::Text | Kind::Value | Kind::Close(_)
            );
            if token.kind != Kind::Newline {
                end = token.end;
            }
            self.at += 1;
        }
        if !open.is_empty() {
            return self.fail("a closing bracket");
        }
        if start == end {
            return self.fail("a value");
        }
        Ok(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "// why\nlogging { level = \"info\" }\n\nprometheus.remote_write \"hub\" {\n  external_labels = {\n    a = \"b\", // c\n  }\n  endpoint {\n    url = \"http://x\" +\n      env(\"y\")\n  }\n}\n\ndeclare \"m\" {\n\tprometheus.remote_write \"in\" { }\n}\n";

    #[test]
    fn finds_blocks_and_attributes() {
        let body = parse(TEXT, false).expect("right");
        let names: Vec<_> = body.blocks.iter().map(|b| (&*b.name, &*b.label)).collect();
        assert_eq!(
            names,
            [
                ("logging", ""),
                ("prometheus.remote_write", "hub"),
                ("declare", "m")
            ]
        );
        let all = body.all("prometheus.remote_write");
        assert_eq!(all.len(), 2);
        let endpoint = all[0].body.block("endpoint").expect("is there");
        let url = endpoint.body.attribute("url").expect("is there");
        assert_eq!(&TEXT[url.value.clone()], "\"http://x\" +\n      env(\"y\")");
        assert_eq!(&TEXT[endpoint.body.close..=endpoint.body.close], "}");
    }

    #[test]
    fn refuses_what_is_not_of_the_language() {
        for (text, line) in [
            ("a", 1),
            ("a = ", 1),
            ("a \"b\"\n{\n}", 1),
            ("a {\n b = 1", 2),
            ("a {\n}}", 2),
            ("a = [1\n", 2),
            ("a = (1]\n", 1),
            ("a = 1 b {}\n", 1),
            ("\"a\" = 1", 1),
            ("a {} b {}", 1),
        ] {
            let fault = parse(text, false).expect_err(text);
            assert_eq!(fault.line, line, "{text}: {fault}");
        }
        let deep = "a {".repeat(100) + &"}".repeat(100);
        assert!(parse(&deep, false).is_err());
        let template = "{{ if .Values.x }}\na {}\n{{ end }}\n";
        assert!(parse(template, true).is_ok_and(|body| body.has_templates));
        assert!(parse(template, false).is_err());
        let open = "{{ if .Values.x }}\na {\n{{ else }}\nb {\n{{ end }}\n}\n";
        assert!(parse(open, true).is_err());
        assert!(parse("a = {{ .Values.x }}\n", true).is_ok());
    }

    #[test]
    fn knows_what_is_referred_to() {
        let refers = |text: &str| refers_to(text, false, &["a", "b", "c"]);
        assert!(refers("x = [a.b.c.d]"));
        assert!(refers("x = a.b.c"));
        assert!(!refers("x = \"a.b.c\" // a.b.c"));
        assert!(!refers("x = a.b"));
        assert!(!refers("x = [a, b, c]"));
    }
}
