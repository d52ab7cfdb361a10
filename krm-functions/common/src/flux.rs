//! Dollars: what Flux's post-build substitution may replace in the output, and what it must leave alone.
//!
//! Flux puts every object through `envsubst` as text (fluxcd/pkg, `kustomize_varsub.go`): `${NAME}` becomes a value and
//! `$$` becomes `$`; a bare `$` stays. So an object either holds expressions that the user wrote, or dollars that mean
//! something to someone else, and then it carries [`DISABLED`].

use krm_rs::{Object, Value};
use std::collections::BTreeSet;
use std::fmt;

/// The annotation that keeps Flux's substitution away from an object, and its value.
pub const DISABLED: (&str, &str) = ("kustomize.toolkit.fluxcd.io/substitute", "disabled");

/// The forms that [`split`] takes, for a message.
pub const FORMS: &str = "${NAME}, ${NAME:=default} or ${NAME/pattern/replacement}";

/// A part of a value that is carried through unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Text that stays as it is.
    Literal(&'a str),
    /// `${…}`, whole.
    Expression(&'a str),
}

/// Why a value with dollars is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `$$`, which Flux turns into `$`, and nobody else does.
    DoubleDollar,
    /// A `${` without its `}`.
    Open,
    /// `${…}` of a form that Flux fails on, or reads differently than it looks.
    Form(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::DoubleDollar => {
                f.write_str("$$ is a literal dollar to Flux and two to everyone else")
            }
            Fault::Open => f.write_str("${ has no closing }"),
            Fault::Form(text) => write!(
                f,
                "{text} is none of the forms that mean one thing: {FORMS}"
            ),
        }
    }
}

/// Whether Flux would change this text.
pub fn has_dollars(text: &str) -> bool {
    text.contains("${") || text.contains("$$")
}

/// Splits a value that is carried through unchanged into literal text and Flux expressions.
///
/// # Errors
/// Dollars that are no expression of the [`FORMS`]. Flux knows more forms, but fails on some (`${a-b}`, `${a.b}`) and
/// reads others differently than a shell does (`:+`, `:?`, offsets in bytes), so the ones that are safe are listed, not
/// the others.
pub fn split(value: &str) -> Result<Vec<Part<'_>>, Fault> {
    let mut parts = Vec::new();
    let mut rest = value;
    loop {
        let start = match (rest.find("${"), rest.find("$$")) {
            (None, None) => break,
            (Some(open), double) if double.is_none_or(|double| open < double) => open,
            _ => return Err(Fault::DoubleDollar),
        };
        let (literal, expression) = rest.split_at(start);
        let end = expression.find('}').ok_or(Fault::Open)? + 1;
        let (expression, after) = expression.split_at(end);
        if !is_expression(expression) {
            return Err(Fault::Form(expression.to_owned()));
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        parts.push(Part::Expression(expression));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest));
    }
    Ok(parts)
}

/// Whether a text is one expression of the [`FORMS`].
fn is_expression(text: &str) -> bool {
    let Some(inner) = text.strip_prefix("${").and_then(|t| t.strip_suffix('}')) else {
        return false;
    };
    let end = inner
        .find(|c: char| c != '_' && !c.is_ascii_alphanumeric())
        .unwrap_or(inner.len());
    let (name, operation) = inner.split_at(end);
    // What a name may be: kustomize-controller refuses any other variable.
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    if operation.is_empty() {
        return true;
    }
    if let Some(default) = operation
        .strip_prefix(":=")
        .or_else(|| operation.strip_prefix(":-"))
    {
        return is_plain(default);
    }
    let replacement = operation
        .strip_prefix("//")
        .or_else(|| operation.strip_prefix('/'))
        .and_then(|operation| operation.split_once('/'));
    replacement.is_some_and(|(pattern, by)| {
        !pattern.is_empty() && is_plain(pattern) && (by.is_empty() || is_plain(by))
    })
}

/// What a default, a pattern or a replacement may hold, so that the result fits wherever a name fits.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// The user's expressions; every other `${` and `$$` in an object is somebody else's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expressions(BTreeSet<String>);

impl Expressions {
    /// Takes note of a value's expressions. The value has been [`split`] before.
    pub fn note(&mut self, value: &str) {
        for part in split(value).unwrap_or_default() {
            if let Part::Expression(text) = part {
                self.0.insert(text.to_owned());
            }
        }
    }

    /// Makes sure that an object means the same with Flux and without: where it holds dollars that are not the user's
    /// it gets [`DISABLED`].
    ///
    /// # Errors
    /// An object with both kinds cannot be right.
    pub fn seal(&self, object: &mut Object) -> Result<(), Mixed> {
        let mut found = Found::default();
        self.scan(object.as_value(), &mut found);
        match (found.expression, found.literal) {
            (Some(expression), Some(literal)) => Err(Mixed {
                expression,
                literal,
            }),
            (None, Some(_)) => {
                object.set_annotation(DISABLED.0, DISABLED.1);
                Ok(())
            }
            (_, None) => Ok(()),
        }
    }

    fn scan(&self, value: &Value, found: &mut Found) {
        match value {
            Value::String(text) => self.scan_text(text, found),
            Value::Array(values) => values.iter().for_each(|value| self.scan(value, found)),
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.scan_text(key, found);
                    self.scan(value, found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn scan_text(&self, text: &str, found: &mut Found) {
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            rest = &rest[at..];
            let ours = self.0.iter().find(|ours| rest.starts_with(ours.as_str()));
            let step = match ours {
                Some(ours) => {
                    found.expression.get_or_insert_with(|| ours.clone());
                    ours.len()
                }
                None if rest.starts_with("${") || rest.starts_with("$$") => {
                    found
                        .literal
                        .get_or_insert_with(|| rest.chars().take(20).collect());
                    2
                }
                None => 1,
            };
            rest = &rest[step..];
        }
    }
}

#[derive(Default)]
struct Found {
    expression: Option<String>,
    literal: Option<String>,
}

/// An object in which Flux would have to replace one thing and leave another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mixed {
    /// A user's expression.
    pub expression: String,
    /// The start of a text that Flux must leave alone.
    pub literal: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use krm_rs::json;

    #[test]
    fn takes_the_forms_that_mean_one_thing() {
        for (value, expected) in [
            ("apps", "apps"),
            ("", ""),
            ("a$b $1 $", "a$b $1 $"),
            ("${A}", "<${A}>"),
            ("apps-${REGION}.x", "apps-<${REGION}>.x"),
            ("${A}${_b1}", "<${A}><${_b1}>"),
            ("${A:=eu-1}", "<${A:=eu-1}>"),
            ("${A:-eu_1.x}", "<${A:-eu_1.x}>"),
            ("${A/./-}", "<${A/./-}>"),
            ("${A//./}", "<${A//./}>"),
        ] {
            let parts = split(value).unwrap_or_else(|fault| panic!("{value}: {fault}"));
            let shown: String = parts
                .iter()
                .map(|part| match part {
                    Part::Literal(text) => (*text).to_owned(),
                    Part::Expression(text) => format!("<{text}>"),
                })
                .collect();
            assert_eq!(shown, expected, "{value}");
        }
    }

    #[test]
    fn refuses_the_others() {
        for (value, expected) in [
            ("a$$b", Fault::DoubleDollar),
            ("$${A}", Fault::DoubleDollar),
            ("${A", Fault::Open),
            ("${A} ${", Fault::Open),
            ("${}", Fault::Form("${}".into())),
            ("${1}", Fault::Form("${1}".into())),
            ("${a.b}", Fault::Form("${a.b}".into())),
            ("${A-x}", Fault::Form("${A-x}".into())),
            ("${A:+x}", Fault::Form("${A:+x}".into())),
            ("${A:?x}", Fault::Form("${A:?x}".into())),
            ("${A:=}", Fault::Form("${A:=}".into())),
            ("${A:=a b}", Fault::Form("${A:=a b}".into())),
            ("${A:=${B}}", Fault::Form("${A:=${B}".into())),
            ("${A:1:2}", Fault::Form("${A:1:2}".into())),
            ("${A/x}", Fault::Form("${A/x}".into())),
            ("${A//x}", Fault::Form("${A//x}".into())),
            ("${#A}", Fault::Form("${#A}".into())),
            ("${ A }", Fault::Form("${ A }".into())),
        ] {
            assert_eq!(split(value), Err(expected), "{value}");
        }
    }

    fn sealed(expressions: &[&str], value: Value) -> Result<bool, Mixed> {
        let mut ours = Expressions::default();
        expressions.iter().for_each(|text| ours.note(text));
        let mut object = Object::new("v1", "ConfigMap", "x").with("data", json!({ "a": value }));
        ours.seal(&mut object)?;
        Ok(object.annotation(DISABLED.0) == Some(DISABLED.1))
    }

    #[test]
    fn an_object_is_the_users_or_somebody_elses() {
        assert_eq!(sealed(&[], json!("a $1 $b $")), Ok(false));
        assert_eq!(sealed(&["x-${A}"], json!(["${A} ${A}"])), Ok(false));
        assert_eq!(sealed(&[], json!({"x": ["${A}"]})), Ok(true));
        assert_eq!(sealed(&[], json!({"a$$b": 1})), Ok(true));
        assert_eq!(sealed(&["${A}"], json!("${B}")), Ok(true));
        assert_eq!(
            sealed(&["${A}"], json!("${A} and ${B:=a long text that goes on}")),
            Err(Mixed {
                expression: "${A}".into(),
                literal: "${B:=a long text tha".into()
            })
        );
    }
}
