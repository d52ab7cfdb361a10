//! What must hold for every export of a filter, whatever bytes come in.
//!
//! [`check`] is all of it: libFuzzer (`src/main.rs`), mutations of the corpus (`tests/mutations.rs`), the corpus
//! itself (`tests/corpus.rs`) and WAMR (`tests/wamr.rs`) call it with inputs of their own. A new export is one line
//! of [`TARGETS`].

mod case;
mod check;
mod corpus;
mod leaves;
mod read;
mod rules;
mod target;

pub use case::Case;
pub use check::check;
pub use corpus::corpus;
pub use target::{Format, Instance, Loses, NOW, TARGETS, Target, target};
