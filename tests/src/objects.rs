//! Objects of a YAML stream, and what differs between two of them.

use std::collections::BTreeMap;

use krm_rs::{Object, Value};

/// Objects by kind, namespace and name.
pub type Objects = BTreeMap<String, Value>;

/// Reads a stream.
///
/// # Panics
/// Where it is no YAML, holds something else than objects, or an object twice.
pub fn read(stream: &[u8]) -> Objects {
    let mut objects = Objects::new();
    for document in krm_rs::yaml::load(stream).expect("YAML") {
        let object = Object::try_from(document).expect("an object");
        let id = format!("{} {}/{}", object.kind(), object.namespace(), object.name());
        let before = objects.insert(id.clone(), object.into());
        assert!(before.is_none(), "{id} is there twice");
    }
    objects
}

/// Compares, and says only what differs: the first differing field of each object.
///
/// # Panics
/// Where anything differs.
pub fn assert_same(left: &Objects, right: &Objects, what: &str) {
    let mut differences = Vec::new();
    for id in left.keys().chain(right.keys()) {
        match (left.get(id), right.get(id)) {
            (Some(left), Some(right)) => differences.extend(difference(id, left, right)),
            (Some(_), None) => differences.push(format!("{id}: only on the left")),
            _ => differences.push(format!("{id}: only on the right")),
        }
    }
    differences.sort();
    differences.dedup();
    assert!(differences.is_empty(), "{what}\n{}", differences.join("\n"));
}

fn difference(path: &str, left: &Value, right: &Value) -> Option<String> {
    match (left, right) {
        (Value::Object(a), Value::Object(b))
            if a.keys().all(|key| b.contains_key(key)) && a.len() == b.len() =>
        {
            a.iter()
                .find_map(|(key, value)| difference(&format!("{path}.{key}"), value, &b[key]))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => (0..a.len())
            .find_map(|index| difference(&format!("{path}[{index}]"), &a[index], &b[index])),
        _ if left == right => None,
        _ => Some(format!("{path}: {} and {}", short(left), short(right))),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(300) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_differs() {
        let one = read(
            b"kind: A\nmetadata: {name: a}\nspec: {x: [1, 2]}\n---\nkind: B\nmetadata: {name: b}\n",
        );
        let other = read(b"kind: A\nmetadata: {name: a}\nspec: {x: [1, 3]}\n");
        assert_same(&one, &one, "itself");
        let panic =
            std::panic::catch_unwind(|| assert_same(&one, &other, "two")).expect_err("they differ");
        let text = panic.downcast_ref::<String>().expect("a text");
        assert_eq!(text, "two\nA /a.spec.x[1]: 2 and 3\nB /b: only on the left");
    }
}
