//! Files that functions put into ConfigMaps.

use fnv::FnvHasher;
use krm_rs::{Value, json};
use std::hash::Hasher as _;

/// The annotation of a pod template that holds the [`hash`] of everything that its pods read at their start, so that a
/// change of it rolls them.
pub const HASH_ANNOTATION: &str = "leafpack.dev/config-hash";

/// The annotation of a pod template that holds the values that Flux puts in later, for which the hash cannot speak.
pub const VALUES_ANNOTATION: &str = "leafpack.dev/config-values";

/// The hash of these files: 16 hexadecimal digits (FNV-1a).
pub fn hash<'f>(files: impl IntoIterator<Item = &'f [u8]>) -> String {
    let mut hasher = FnvHasher::default();
    for file in files {
        // With the length before it, no byte can move from one file to the next unnoticed.
        hasher.write(&(file.len() as u64).to_le_bytes());
        hasher.write(file);
    }
    format!("{:016x}", hasher.finish())
}

/// A JSON object as a person would write it: one setting a line.
///
/// Values may hold Flux expressions, which stand inside of JSON strings then. Both the text around them and the
/// expressions hold nothing that JSON would escape ([`crate::check`]); that the variables do not is up to the user.
#[must_use]
pub fn json_file(lines: &[(&str, Value)]) -> String {
    let lines: Vec<String> = lines
        .iter()
        .map(|(key, value)| format!("  {}: {}", json!(key), spaced(value)))
        .collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// JSON in one line, with a space where a person would put one.
fn spaced(value: &Value) -> String {
    let list =
        |open: &str, items: Vec<String>, close: &str| open.to_owned() + &items.join(", ") + close;
    match value {
        Value::Array(values) => list("[", values.iter().map(spaced).collect(), "]"),
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(key, value)| format!("{}: {}", json!(key), spaced(value)));
            list("{", fields.collect(), "}")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_moves_unnoticed() {
        let hash = |files: &[&str]| hash(files.iter().map(|file| file.as_bytes()));
        assert_eq!(hash(&["a", "bc"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["a", "bc"]), hash(&["ab", "c"]));
        assert_ne!(hash(&["a"]), hash(&["a", ""]));
        assert_eq!(hash(&["a"]).len(), 16);
    }

    #[test]
    fn files_are_as_people_write_them() {
        let text = json_file(&[("a", json!({"b": [1, "x"]})), ("c", json!("${D}"))]);
        assert_eq!(
            text,
            "{\n  \"a\": {\"b\": [1, \"x\"]},\n  \"c\": \"${D}\"\n}\n"
        );
    }
}
