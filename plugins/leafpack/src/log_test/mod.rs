//! Log tests: lines or records, the filters that they go through, and what is expected of the records that come out.
//!
//! `docs/log-tests.md` describes the format.

mod expect;
mod find;
mod format;
mod junit;
mod place;
mod run;
mod settings;
mod text;

pub(crate) use find::find;
pub(crate) use junit::junit;
pub(crate) use run::{Outcome, run};
pub(crate) use text::text;

/// A mistake in a test file: nothing can be tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// From 1; 0 for the file as a whole.
    pub(crate) line: usize,
    /// `error: <field>: <what was found>`, and the fix on lines of its own.
    pub(crate) text: String,
}

impl Problem {
    /// As a person reads it.
    pub(crate) fn in_file(&self, file: &str) -> String {
        match self.line {
            0 => format!("{file}: {}", self.text),
            line => format!("{file}:{line}: {}", self.text),
        }
    }
}
