//! Colours, and texts cut to what a person reads.

use anstyle::{AnsiColor, Style as Ansi};

use super::change::Change;

/// How many characters of a value are shown.
const SHOWN: usize = 160;

/// Colours, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    colours: bool,
}

impl Style {
    pub(crate) fn new(colours: bool) -> Self {
        Style { colours }
    }

    fn paint(self, style: Ansi, text: &str) -> String {
        match self.colours {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint(Ansi::new().bold(), text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint(Ansi::new().dimmed(), text)
    }

    pub(crate) fn added(self, text: &str) -> String {
        self.paint(AnsiColor::Green.on_default(), text)
    }

    pub(crate) fn removed(self, text: &str) -> String {
        self.paint(AnsiColor::Red.on_default(), text)
    }

    pub(crate) fn changed(self, text: &str) -> String {
        self.paint(AnsiColor::Yellow.on_default(), text)
    }

    pub(crate) fn mark(self, text: &str) -> String {
        self.paint(AnsiColor::Red.on_default().bold(), text)
    }
}

/// The field, or the way from one name to another.
pub(super) fn label(change: &Change) -> String {
    let printable = |text: &str| visible(text);
    match change {
        Change::Added { name, .. }
        | Change::Removed { name, .. }
        | Change::Replaced { name, .. } => printable(name),
        Change::Renamed { from, to, .. } => format!("{} → {}", printable(from), printable(to)),
    }
}

/// Without anything that a terminal takes for a command: a log may hold what an attacker wrote.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out
}

/// The start of a long text, and how much there is of it.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => visible(text),
        Some((at, _)) => format!("{}… ({} bytes)", visible(&text[..at]), text.len()),
    }
}

/// Two texts that differ: of long ones what stands around the first difference.
pub(crate) fn difference(one: &str, other: &str) -> [String; 2] {
    const LONG: usize = 300;
    let same = one
        .char_indices()
        .zip(other.chars())
        .find(|((_, a), b)| a != b)
        .map_or(one.len().min(other.len()), |((at, _), _)| at);
    [one, other].map(|text| match text.len() > LONG {
        true => around(text, same),
        false => text.to_owned(),
    })
}

/// What stands around the byte at `at`.
fn around(text: &str, at: usize) -> String {
    const BEFORE: usize = 40;
    const BEHIND: usize = 120;
    let start = text.floor_char_boundary(at.saturating_sub(BEFORE));
    let end = text.floor_char_boundary((at + BEHIND).min(text.len()));
    let open = if start > 0 { "…" } else { "" };
    let close = if end < text.len() { "…" } else { "" };
    format!(
        "{open}{}{close} (byte {at} of {})",
        text.get(start..end).unwrap_or_default(),
        text.len()
    )
}
