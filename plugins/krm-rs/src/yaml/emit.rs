//! Value trees to YAML that every reader takes the same way.

use super::scalar;
use serde_json::{Map, Number, Value};
use std::fmt::Write as _;

/// YAML 1.1 readers give up on an implicit key after 1024 characters; longer ones are written as `? key`.
const LONGEST_IMPLICIT_KEY: usize = 1000;

/// One document, without `---`, ended by a newline.
pub fn emit(value: &Value) -> String {
    let mut emitter = Emitter::default();
    emitter.document(value);
    emitter.out
}

/// Documents with `---` between them.
pub fn emit_all<'a>(documents: impl IntoIterator<Item = &'a Value>) -> String {
    let mut emitter = Emitter::default();
    for (index, document) in documents.into_iter().enumerate() {
        if index > 0 {
            emitter.out.push_str("---\n");
        }
        emitter.document(document);
    }
    emitter.out
}

/// A scalar, or an empty collection, on one line as YAML would have it; other collections as JSON, which is YAML too.
pub(crate) fn scalar_text(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::String(text) => flow_string(&mut out, text),
        Value::Number(number) => push_number(&mut out, number),
        other => out.push_str(&other.to_string()),
    }
    out
}

/// Writes block style YAML piece by piece, so that a long list need not be one value.
#[derive(Default)]
pub(crate) struct Emitter {
    pub(crate) out: String,
}

impl Emitter {
    pub(crate) fn document(&mut self, value: &Value) {
        match value {
            Value::Object(map) if !map.is_empty() => self.mapping(map, 0, true),
            Value::Array(items) if !items.is_empty() => self.sequence(items, 0, true),
            Value::String(text) => self.string(text, 2),
            other => self.leaf(other),
        }
    }

    /// `key: value` at the start of a line.
    pub(crate) fn entry(&mut self, key: &str, value: &Value, indent: usize) {
        self.pad(indent);
        self.entry_after_pad(key, value, indent);
    }

    /// `key:` and a sequence whose items come one by one.
    pub(crate) fn list<'a>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = &'a Value>,
        indent: usize,
    ) {
        self.pad(indent);
        flow_string(&mut self.out, key);
        self.out.push(':');
        let mut empty = true;
        for item in items {
            if empty {
                self.out.push('\n');
                empty = false;
            }
            self.item(item, indent);
        }
        if empty {
            self.out.push_str(" []\n");
        }
    }

    fn pad(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn entry_after_pad(&mut self, key: &str, value: &Value, indent: usize) {
        let start = self.out.len();
        flow_string(&mut self.out, key);
        if self.out.len() - start > LONGEST_IMPLICIT_KEY {
            self.out.insert_str(start, "? ");
            self.out.push('\n');
            self.pad(indent);
        }
        self.out.push(':');
        match value {
            Value::Object(map) if !map.is_empty() => {
                self.out.push('\n');
                self.mapping(map, indent + 2, true);
            }
            Value::Array(items) if !items.is_empty() => {
                self.out.push('\n');
                self.sequence(items, indent, true);
            }
            Value::String(text) => {
                self.out.push(' ');
                self.string(text, indent + 2);
            }
            other => {
                self.out.push(' ');
                self.leaf(other);
            }
        }
    }

    /// `pad_first`: whether the first entry is at the start of a line.
    fn mapping(&mut self, map: &Map<String, Value>, indent: usize, mut pad: bool) {
        for (key, value) in map {
            if pad {
                self.pad(indent);
            }
            pad = true;
            self.entry_after_pad(key, value, indent);
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize, mut pad: bool) {
        for item in items {
            if pad {
                self.pad(indent);
            }
            pad = true;
            self.item_after_pad(item, indent);
        }
    }

    fn item(&mut self, value: &Value, indent: usize) {
        self.pad(indent);
        self.item_after_pad(value, indent);
    }

    fn item_after_pad(&mut self, value: &Value, indent: usize) {
        self.out.push_str("- ");
        match value {
            Value::Object(map) if !map.is_empty() => self.mapping(map, indent + 2, false),
            Value::Array(items) if !items.is_empty() => self.sequence(items, indent + 2, false),
            Value::String(text) => self.string(text, indent + 2),
            other => self.leaf(other),
        }
    }

    fn leaf(&mut self, value: &Value) {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(true) => self.out.push_str("true"),
            Value::Bool(false) => self.out.push_str("false"),
            Value::Number(number) => push_number(&mut self.out, number),
            Value::String(text) => flow_string(&mut self.out, text),
            Value::Array(_) => self.out.push_str("[]"),
            Value::Object(_) => self.out.push_str("{}"),
        }
        self.out.push('\n');
    }

    /// A string and the end of its line; `indent` is where the lines of a block go.
    fn string(&mut self, text: &str, indent: usize) {
        if !fits_block(text) {
            flow_string(&mut self.out, text);
            self.out.push('\n');
            return;
        }
        self.out.push_str(match text.strip_suffix('\n') {
            None => "|-\n",
            Some(rest) if rest.ends_with('\n') => "|+\n",
            Some(_) => "|\n",
        });
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if !line.is_empty() {
                self.pad(indent);
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
    }
}

/// Whether a text of several lines can be a literal block without an indentation indicator, and be seen for what it is:
/// space at a line's end can not, and tempts editors to take it away.
fn fits_block(text: &str) -> bool {
    if !text.contains('\n') {
        return false;
    }
    let mut first = true;
    for line in text.split('\n') {
        let Some(&start) = line.as_bytes().first() else {
            continue;
        };
        // The indentation is found from the first line that is not empty.
        if first && matches!(start, b' ' | b'\t') {
            return false;
        }
        first = false;
        if line.ends_with([' ', '\t']) || !line.chars().all(|c| c == '\t' || is_printable(c)) {
            return false;
        }
    }
    // Nothing but newlines.
    !first
}

/// Characters that readers of both versions pass on as they are, wherever they stand.
///
/// Not in it: control characters, DEL, NEL, NBSP, the line and paragraph separators, the byte order mark, and what is
/// not a character. PyYAML or go-yaml refuse these or break lines at them.
fn is_printable(c: char) -> bool {
    let separators = matches!(c, '\u{2028}' | '\u{2029}');
    let byte_order_mark = c == '\u{feff}';
    matches!(c, ' '..='~' | '\u{a1}'..='\u{fffd}' | '\u{10000}'..)
        && !separators
        && !byte_order_mark
}

fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    let starts_well = match first {
        // An indicator, though not when it begins a word as in `-name`.
        b'-' => bytes.get(1).is_some_and(|&b| b != b' ') && !text.starts_with("---"),
        b'.' => !text.starts_with("..."),
        b' ' | b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!'
        | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@' | b'`' => false,
        _ => true,
    };
    starts_well
        && !matches!(last, b' ' | b':')
        && text.chars().all(is_printable)
        && !bytes.windows(2).any(|pair| matches!(pair, b": " | b" #"))
        && !scalar::is_ambiguous(text)
}

/// A string on one line: plain where nobody can mistake it, else quoted.
fn flow_string(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
    } else if text.contains(['"', '\\']) && text.chars().all(is_printable) {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
    } else {
        double_quoted(out, text);
    }
}

/// Only escapes that every reader knows: no `\/`, no surrogates.
fn double_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                // A String takes whatever is written to it.
                let _ = if code <= 0xff {
                    write!(out, "\\x{code:02x}")
                } else {
                    write!(out, "\\u{code:04x}")
                };
            }
        }
    }
    out.push('"');
}

/// Integers as they are. A float keeps a point and, in its exponent, a sign: YAML 1.1 readers want both.
fn push_number(out: &mut String, number: &Number) {
    let start = out.len();
    // The shortest digits that read back as the same number: `1.5`, `2.0`, `1e-7`, `1.5e+300`.
    let _ = write!(out, "{number}");
    let Some(exponent) = out[start..].find(['e', 'E']).map(|at| start + at) else {
        return;
    };
    if !out[exponent + 1..].starts_with(['+', '-']) {
        out.insert(exponent + 1, '+');
    }
    if !out[start..exponent].contains('.') {
        out.insert_str(exponent, ".0");
    }
}
