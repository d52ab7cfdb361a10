//! Markdown, written.

use std::fmt::Write as _;

/// A text in the making.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// A heading, with what stands around it.
    pub(super) fn heading(&mut self, level: usize, text: &str) {
        if !self.0.is_empty() && !self.0.ends_with("\n\n") {
            self.0.push('\n');
        }
        let _ = writeln!(self.0, "{} {text}\n", "#".repeat(level));
    }

    /// A line, or several.
    pub(super) fn line(&mut self, text: &str) {
        let _ = writeln!(self.0, "{text}");
    }

    /// A table; the first row is its head.
    pub(super) fn table<const N: usize>(&mut self, head: [&str; N], rows: &[[String; N]]) {
        let _ = writeln!(self.0, "| {} |", head.join(" | "));
        let _ = writeln!(self.0, "|{}", "---|".repeat(N));
        for row in rows {
            let _ = writeln!(self.0, "| {} |", row.join(" | "));
        }
    }

    /// Commands, as a block.
    pub(super) fn shell(&mut self, lines: &[String]) {
        let _ = writeln!(self.0, "```sh\n{}\n```", lines.join("\n"));
    }

    /// A blank line.
    pub(super) fn gap(&mut self) {
        self.0.push('\n');
    }

    /// All of it.
    pub(super) fn finish(self) -> String {
        self.0
    }
}
