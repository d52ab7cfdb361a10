//! Reading a tree into a type, with errors that a person can act on.
//!
//! Any `serde::Deserialize` type will do. Compared with `serde_json::from_value`:
//! - **every** field that does not fit is reported, not only the first, each with its path, what was found, what would
//!   be right and, where it can be told, the value that would be right;
//! - a null field counts as absent, as the Kubernetes API has it;
//! - a number such as `3.0` is read as an integer, for YAML writers differ on that.
//!
//! Two of serde's features buffer what they read and so lose the place of an error within it: `untagged` and `tag = …`
//! enums, and `flatten`.

mod access;
mod de;
mod error;
mod read;

pub use error::{FieldError, TypedError};
pub(crate) use error::{nearest, unknown_field};
pub(crate) use read::{Mode, read};

use crate::path::Path;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a type from a tree.
///
/// # Errors
/// Every field that does not fit.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, TypedError> {
    read(value, &Path::root(), Mode::AsDeclared)
}

/// As [`from_value`], for a value that stands at `path` of something larger.
///
/// # Errors
/// As [`from_value`], with paths that begin with `path`.
pub fn from_value_at<T: DeserializeOwned>(value: &Value, path: &Path) -> Result<T, TypedError> {
    read(value, path, Mode::AsDeclared)
}
