//! Lines of a text.

use std::ops::Range;

/// Every line: its bytes with the line break, and its text without.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let range = start..start + line.len();
        start = range.end;
        let line = line.strip_suffix('\n').unwrap_or(line);
        (range, line.strip_suffix('\r').unwrap_or(line))
    })
}

/// A new line or several, put behind the lines that end at `at`: with what keeps the last line of the text, if it has no
/// line break, without one.
pub(crate) fn behind(text: &str, at: usize, block: &str) -> String {
    let before = &text[..at];
    if before.is_empty() || before.ends_with('\n') {
        block.to_owned()
    } else {
        format!("\n{}", block.strip_suffix('\n').unwrap_or(block))
    }
}

/// The bytes of lines that were put there by [`behind`].
pub(crate) fn taken_back(text: &str, lines: Range<usize>) -> Range<usize> {
    let is_unbroken = lines.end == text.len() && !text.ends_with('\n');
    if is_unbroken && text[..lines.start].ends_with('\n') {
        lines.start - 1..lines.end
    } else {
        lines
    }
}
