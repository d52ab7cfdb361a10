//! `spec.patches`: what a user wants otherwise of an object that is generated.

use crate::spec;
use krm_rs::{Object, Path, Value, json, leaves};
use leafpack_fn_common::check::Check;
use leafpack_fn_common::flux;

/// Checks the patches by themselves; whether their objects are there is seen in [`apply`].
pub(crate) fn read(patches: &[spec::Patch], check: &mut Check<'_>) {
    for (index, patch) in patches.iter().enumerate() {
        let path = format!("spec.patches[{index}]");
        for (field, value, example) in [
            ("kind", &patch.kind, "DaemonSet"),
            ("name", &patch.name, "fluent-bit"),
        ] {
            check.literal(
                &format!("{path}.{field}"),
                value,
                &format!("the {field} of a generated object"),
                |text| !text.is_empty(),
                example,
            );
        }
        let merge = &patch.merge;
        let identity = merge
            .get("apiVersion")
            .or_else(|| merge.get("kind"))
            .or_else(|| merge.get("metadata")?.get("name"))
            .or_else(|| merge.get("metadata")?.get("namespace"));
        if !merge.is_object() || identity.is_some() {
            check.error(
                &format!("{path}.merge"),
                "expected a mapping of fields, without apiVersion, kind, metadata.name and metadata.namespace, by which objects are told apart",
                json!({"spec": {"template": {"spec": {"priorityClassName": "high"}}}}),
            );
            continue;
        }
        for (at, value) in leaves(merge) {
            let Some(text) = value.as_str() else { continue };
            match flux::split(text) {
                Ok(_) => check.note(text),
                Err(fault) => check.error(
                    &format!("{path}.merge.{at}"),
                    &format!("found {text:?}: {fault}"),
                    json!("value"),
                ),
            }
        }
    }
}

/// A patch without an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoObject {
    /// The field that names it.
    pub(crate) path: String,
    /// What is said of it.
    pub(crate) message: String,
    /// A name that would be right.
    pub(crate) fix: String,
}

/// Merges each patch into its object: mappings by their keys, lists of named mappings by their names, as containers and
/// volumes are; other lists and values are replaced, and `null` takes a field out.
///
/// # Errors
/// A patch whose object is not generated.
pub(crate) fn apply(objects: &mut [Object], patches: &[spec::Patch]) -> Result<(), NoObject> {
    for (index, patch) in patches.iter().enumerate() {
        let is_it = |object: &Object| object.kind() == patch.kind && object.name() == patch.name;
        let Some(at) = objects.iter().position(is_it) else {
            return Err(missing(objects, index, patch));
        };
        let mut value: Value = objects[at].clone().into();
        merge(&mut value, &patch.merge);
        if let Ok(object) = Object::try_from(value) {
            objects[at] = object;
        }
    }
    Ok(())
}

fn missing(objects: &[Object], index: usize, patch: &spec::Patch) -> NoObject {
    let mut names: Vec<&str> = objects
        .iter()
        .filter(|object| object.kind() == patch.kind)
        .map(Object::name)
        .collect();
    let field = if names.is_empty() { "kind" } else { "name" };
    if names.is_empty() {
        names = objects.iter().map(Object::kind).collect();
        names.sort_unstable();
        names.dedup();
    }
    let path = Path::root()
        .key("spec")
        .key("patches")
        .index(index)
        .key(field);
    let given = if field == "kind" {
        &patch.kind
    } else {
        &patch.name
    };
    let distance = |name: &&&str| strsim::damerau_levenshtein(name, given);
    let nearest = names.iter().min_by_key(distance).copied();
    NoObject {
        path: path.to_string(),
        message: format!(
            "found {} {}, which is not generated; there {}",
            patch.kind,
            patch.name,
            match names[..] {
                [one] => format!("is {one}"),
                _ => format!("are {}", names.join(", ")),
            }
        ),
        fix: nearest.unwrap_or_default().to_owned(),
    }
}

fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(fields), Value::Object(changes)) => {
            for (key, change) in changes {
                if change.is_null() {
                    fields.shift_remove(key);
                } else if let Some(field) = fields.get_mut(key) {
                    merge(field, change);
                } else {
                    fields.insert(key.clone(), change.clone());
                }
            }
        }
        (Value::Array(items), Value::Array(changes)) if has_names(items) && has_names(changes) => {
            for change in changes {
                match items.iter_mut().find(|item| item["name"] == change["name"]) {
                    Some(item) => merge(item, change),
                    None => items.push(change.clone()),
                }
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

/// Whether a list has something in it, and all of it has names.
fn has_names(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(|item| item["name"].is_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_as_people_expect() {
        for (mut target, patch, expected) in [
            (
                json!({"a": 1, "b": {"c": 2}}),
                json!({"b": {"d": 3}}),
                json!({"a": 1, "b": {"c": 2, "d": 3}}),
            ),
            (json!({"a": 1, "b": 2}), json!({"a": null}), json!({"b": 2})),
            (json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]})),
            (
                json!({"c": [{"name": "x", "image": "i"}, {"name": "y"}]}),
                json!({"c": [{"name": "y", "env": []}, {"name": "z"}]}),
                json!({"c": [{"name": "x", "image": "i"}, {"name": "y", "env": []}, {"name": "z"}]}),
            ),
            (json!({"a": {"b": 1}}), json!({"a": 2}), json!({"a": 2})),
        ] {
            merge(&mut target, &patch);
            assert_eq!(target, expected);
        }
    }
}
