//! Fluent Bit's classic configuration, written.

use std::fmt::Write as _;

/// How wide the column of names is.
const WIDTH: usize = 36;

/// A configuration in the making.
#[derive(Debug, Default)]
pub(super) struct Config(String);

impl Config {
    /// Begins a section: `[INPUT]` and its like, under lines that say what it is for.
    pub(super) fn section(&mut self, name: &str, comment: &str) -> Section<'_> {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        for line in comment.lines() {
            let _ = writeln!(self.0, "# {line}");
        }
        let _ = writeln!(self.0, "[{name}]");
        Section(self)
    }

    /// The file. It holds no tab and no space at the end of a line: YAML could then not show it as lines.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// A section in the making.
pub(super) struct Section<'c>(&'c mut Config);

impl Section<'_> {
    /// Sets a property. Values have been checked to hold neither line breaks nor quotes.
    pub(super) fn set(&mut self, name: &str, value: impl std::fmt::Display) -> &mut Self {
        let _ = writeln!(self.0.0, "    {name:WIDTH$} {value}");
        self
    }
}
