//! All errors of a type, from a library that stops at the first.

use super::de::{Node, State, Trail};
use super::error::{FieldError, TypedError};
use crate::path::Path;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

/// Errors beyond this number are not looked for.
const MOST_ERRORS: usize = 100;

/// What to do with fields that a struct does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Whether they are refused is up to `deny_unknown_fields`.
    AsDeclared,
    /// They are refused: in a configuration they can only be mistakes.
    Strict,
}

/// Reads a type; `base` is where the value stands.
///
/// serde stops at the first error. So each error's value is hidden, as if it were not there, and the type is read again
/// until nothing new comes up. The types that are read this way have defaults for their fields, and all errors come up;
/// where one has not, the enclosing value is hidden next.
pub(crate) fn read<T: DeserializeOwned>(
    value: &Value,
    base: &Path,
    mode: Mode,
) -> Result<T, TypedError> {
    let mut hidden = HashSet::new();
    let mut errors: Vec<FieldError> = Vec::new();
    loop {
        let state = State {
            base,
            mode,
            hidden,
            unknown: RefCell::new(Vec::new()),
        };
        let read = T::deserialize(Node {
            value,
            trail: Trail::Root,
            state: &state,
        });
        for error in state.unknown.into_inner() {
            if !errors.iter().any(|known| known.path == error.path) {
                errors.push(error);
            }
        }
        hidden = state.hidden;
        let error = match read {
            Ok(read) if errors.is_empty() => return Ok(read),
            Ok(_) => break,
            Err(error) => error,
        };
        let place = error.path().cloned().unwrap_or_default();
        let error = error.describe();
        // A field that is missing because it was hidden is no news.
        if !hidden.contains(&error.path) {
            errors.push(error);
        }
        if place == *base || errors.len() >= MOST_ERRORS || !hidden.insert(place) {
            break;
        }
    }
    sort(&mut errors, value, base);
    Err(TypedError(errors))
}

/// In the order of the text; what is missing comes where it would stand in.
fn sort(errors: &mut [FieldError], value: &Value, base: &Path) {
    fn number(path: Path, value: &Value, order: &mut HashMap<Path, usize>) {
        let next = order.len();
        order.insert(path.clone(), next);
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    number(path.key(key), value, order);
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    number(path.index(index), value, order);
                }
            }
            _ => {}
        }
    }
    let mut order = HashMap::new();
    number(base.clone(), value, &mut order);
    errors.sort_by_key(|error| {
        let mut path = error.path.clone();
        loop {
            match order.get(&path) {
                Some(place) => break *place,
                None if path.segments().is_empty() => break usize::MAX,
                None => path = path.parent(),
            }
        }
    });
}
