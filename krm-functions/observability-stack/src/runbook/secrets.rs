//! The Secrets that a stack reads, found in its objects: nobody has to remember to list one.

use krm_rs::{Object, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Fields whose value is the name of a Secret and one of its keys, in Kubernetes and in the operator's resources.
const REFERENCES: [&str; 4] = ["secretKeyRef", "passwordRef", "username", "password"];
/// Where the operator mounts the Secrets of a VMAlertmanager, below which a file is a key.
const MOUNTED: &str = "/etc/vm/secrets/";

/// A Secret that somebody reads.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// Its keys; none are known where it is mounted as a whole.
    pub(super) keys: BTreeSet<String>,
    /// Who reads it, as kind and name.
    pub(super) readers: BTreeSet<String>,
    /// The ExternalSecret's store and path, where the stack has it made.
    pub(super) made_from: Option<String>,
}

/// All of them, by name.
pub(super) fn read_by(objects: &[Object]) -> BTreeMap<String, Read> {
    let mut found = BTreeMap::<String, Read>::new();
    for object in objects {
        let reader = format!("{} `{}`", object.kind(), object.name());
        let mut note = |name: &str, key: Option<&str>| {
            let read = found.entry(name.to_owned()).or_default();
            read.keys.extend(key.map(str::to_owned));
            read.readers.insert(reader.clone());
        };
        if object.kind() != "ExternalSecret" {
            walk("", object.as_value(), &mut note);
        }
        if let Some(name) = object.get_str("spec.configSecret") {
            note(name, Some("alertmanager.yaml"));
        }
        let config = object.get_str("spec.configRawYaml").unwrap_or_default();
        for file in config.split(MOUNTED).skip(1) {
            let end = file.find(|c: char| c.is_whitespace() || c == '"');
            if let Some((name, key)) = file[..end.unwrap_or(file.len())].split_once('/') {
                note(name, Some(key));
            }
        }
    }
    for object in objects.iter().filter(|one| one.kind() == "ExternalSecret") {
        let text = |path: &str| object.get_str(path).unwrap_or_default();
        if let Some(read) = found.get_mut(text("spec.target.name")) {
            read.made_from = Some(format!(
                "{} `{}`, `{}`",
                text("spec.secretStoreRef.kind"),
                text("spec.secretStoreRef.name"),
                text("spec.data[0].remoteRef.key")
            ));
        }
    }
    found
}

fn walk(field: &str, value: &Value, note: &mut impl FnMut(&str, Option<&str>)) {
    match value {
        Value::Object(fields) => {
            if let (true, Some(name), Some(key)) = (
                REFERENCES.contains(&field),
                value["name"].as_str(),
                value["key"].as_str(),
            ) {
                note(name, Some(key));
            }
            if let Some(name) = fields.get("secretName").and_then(Value::as_str) {
                note(name, None);
            }
            for (field, value) in fields {
                walk(field, value, note);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| walk(field, value, note)),
        _ => {}
    }
}
