//! What can not be read, where, and what would be right.

use saphyr_parser::{Marker, ScanError};
use std::fmt;

/// Why a text is not the YAML that was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    line: usize,
    column: usize,
    message: String,
    hint: String,
}

impl Error {
    pub(super) fn new(
        line: usize,
        column: usize,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Error {
            line,
            column,
            message: message.into(),
            hint: hint.into(),
        }
    }

    pub(super) fn at(at: Marker, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Error::new(at.line(), at.col() + 1, message, hint)
    }

    /// What the parser says, with the line it says it about.
    pub(super) fn syntax(error: &ScanError, text: &str) -> Error {
        let mark = error.marker();
        let line = text
            .lines()
            .nth(mark.line().saturating_sub(1))
            .unwrap_or_default();
        let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let shown: String = line.trim().chars().take(60).map(printable).collect();
        let info = error.info();
        let hint = if line.trim_start_matches(' ').starts_with('\t') {
            "indent with spaces, not with tabs"
        } else if info.contains("escape") {
            "use \\n \\t \\\" \\\\ \\xNN \\uNNNN or \\UNNNNNNNN, no pairs of \\uD8NN; in '' nothing is escaped"
        } else if info.contains("anchor") {
            "define it before its use, in the same document, or quote the text that begins with `*`"
        } else if info.contains("handle") {
            "remove the tag, or quote the text that begins with `!`"
        } else if info.contains("unexpected character") {
            "quote the text that begins with it"
        } else if shown.matches(": ").count() > 1 {
            "quote the value that contains `: `"
        } else {
            "check the indentation, the quotes and the brackets here and on the line before"
        };
        let message = if shown.is_empty() {
            format!("{info}, at the end of a line or of the input")
        } else {
            format!("{info}, in `{shown}`")
        };
        Error::new(mark.line(), mark.col() + 1, message, hint)
    }

    pub(super) fn not_utf8(text: &[u8], valid: usize) -> Error {
        let before = String::from_utf8_lossy(&text[..valid]);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        Error::new(
            line,
            column,
            format!("found byte 0x{:02x}, which is not UTF-8", text[valid]),
            "save the file as UTF-8; bytes that are not text belong base64 encoded in binaryData",
        )
    }

    /// The line where it happened, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column where it happened, in characters from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What was found, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What would be right.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error {
            line,
            column,
            message,
            hint,
        } = self;
        write!(f, "line {line}, column {column}: {message}; {hint}")
    }
}

impl std::error::Error for Error {}
