//! YAML as Kubernetes' tools read it: text to [`Value`] trees and back.
//!
//! # Reading
//! [`load`] takes a stream of documents, or JSON. Untyped scalars mean what they mean to kustomize (its YAML reader is
//! go-yaml v3), so that a function sees the same values whoever calls it:
//!
//! | written | read as |
//! |---|---|
//! | nothing, `~`, `null`, `Null`, `NULL` | null |
//! | `true`, `True`, `TRUE`, `false`, … | boolean |
//! | `on`, `yes`, `n`, … | string |
//! | `12`, `+12`, `1_000`, `0x1F`, `0b11`, `0o17`, `017` | integer |
//! | `1.5`, `.5`, `1e3`, `09`, an integer of more than 64 bits | floating point number |
//! | `12:30:45` | string |
//! | `2024-01-02`, `2024-01-02T10:00:00Z` | string, as written (kustomize rewrites it to a full timestamp) |
//! | `.inf`, `.nan` | refused: JSON, and so the Kubernetes API, has no such number |
//!
//! A mapping's key is always its text. Aliases and merge keys (`<<`) are expanded. Refused, each with a line, a column
//! and what would be right: a key given twice, a key that is not a scalar, tags other than YAML's own, and whatever
//! goes beyond [`Limits`].
//!
//! # Writing
//! [`emit`] writes block style with keys in order, sequences at their key's column as kustomize has them, and no line
//! folded. What it writes means the same to readers of YAML 1.1 (PyYAML, go-yaml v2 and with it kubectl and Flux) and
//! of YAML 1.2: a string that any of them would take for something else is quoted, key or value.

mod emit;
mod error;
mod json;
mod limits;
mod load;
mod mapping;
mod scalar;
mod tag;

pub(crate) use emit::{Emitter, scalar_text};
pub use emit::{emit, emit_all};
pub use error::Error;
pub use limits::Limits;
pub use load::{load, load_with};

use serde_json::Value;

/// Reads a text that holds one document.
///
/// # Errors
/// As [`load`], and when there is no document or more than one.
pub fn load_one(text: &[u8]) -> Result<Value, Error> {
    let mut documents = load(text)?;
    match (documents.pop(), documents.len()) {
        (Some(document), 0) => Ok(document),
        (None, _) => Err(Error::new(1, 1, "found no document", "write one")),
        (Some(_), more) => Err(Error::new(
            1,
            1,
            format!("found {} documents, expected one", more + 1),
            "remove the others, or the `---` between them",
        )),
    }
}
