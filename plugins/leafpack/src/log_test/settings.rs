//! Settings of a filter that lie in another file.

use std::fs;
use std::path::Path as FilePath;

use krm_rs::{Object, ResourceList};
use serde::Deserialize;

/// Where settings lie.
#[derive(Deserialize, Debug, Clone, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct SettingsFrom {
    /// Relative to the test file.
    pub(super) file: String,
    /// The name of a ConfigMap in it; without one the file is the settings file itself.
    pub(super) config_map: Option<String>,
    pub(super) namespace: Option<String>,
    /// The key in the ConfigMap.
    pub(super) key: Option<String>,
}

/// A field of [`SettingsFrom`] that is wrong, what was found, and what would be right.
pub(super) struct Wrong {
    pub(super) field: &'static str,
    pub(super) message: String,
    pub(super) fix: String,
}

impl SettingsFrom {
    /// The settings' text; `default_key` is the key in a ConfigMap where none is given.
    pub(super) fn read(&self, beside: &FilePath, default_key: &str) -> Result<Vec<u8>, Wrong> {
        let wrong = |field, message: String, fix: String| Wrong {
            field,
            message,
            fix,
        };
        if self.file.is_empty() {
            return Err(wrong(
                "file",
                "missing, and there is no default".into(),
                "file: rendered.yaml".into(),
            ));
        }
        let folder = beside.parent().unwrap_or(FilePath::new(""));
        let path = folder.join(&self.file);
        let bytes = fs::read(&path).map_err(|why| {
            let message = format!("{}: {why}", path.display());
            wrong(
                "file",
                message,
                "give a path relative to the test file's folder".into(),
            )
        })?;
        let Some(name) = &self.config_map else {
            return match (&self.key, &self.namespace) {
                (None, None) => Ok(bytes),
                _ => Err(wrong(
                    "configMap",
                    "missing: a key or a namespace is of a ConfigMap".into(),
                    "configMap: fluent-bit-settings".into(),
                )),
            };
        };
        let list = ResourceList::read(&bytes).map_err(|why| {
            let message = format!("{}: {}", path.display(), why.message);
            wrong(
                "file",
                message,
                "write the build's output to this file again".into(),
            )
        })?;
        let maps: Vec<&Object> = list
            .items
            .iter()
            .filter(|item| item.kind() == "ConfigMap")
            .collect();
        let namespace = |item: &&&Object| {
            self.namespace
                .as_ref()
                .is_none_or(|namespace| item.namespace() == namespace)
        };
        let found: Vec<&&Object> = maps
            .iter()
            .filter(|item| item.name() == name)
            .filter(namespace)
            .collect();
        let names = |maps: &mut dyn Iterator<Item = &Object>| {
            maps.map(|map| match map.namespace() {
                "" => map.name().to_owned(),
                namespace => format!("{} in {namespace}", map.name()),
            })
            .collect::<Vec<_>>()
            .join(", ")
        };
        let map = match found.as_slice() {
            [map] => map,
            [] => {
                let known = names(&mut maps.iter().copied());
                let known = if known.is_empty() {
                    "none".to_owned()
                } else {
                    known
                };
                return Err(wrong(
                    "configMap",
                    format!(
                        "found no ConfigMap {name:?} in {}; there are: {known}",
                        path.display()
                    ),
                    maps.first()
                        .map_or("give a file that holds it".into(), |map| {
                            format!("configMap: {}", map.name())
                        }),
                ));
            }
            [first, ..] => {
                return Err(wrong(
                    "configMap",
                    format!(
                        "found {} ConfigMaps of this name in {}: {}",
                        found.len(),
                        path.display(),
                        names(&mut found.iter().map(|map| **map))
                    ),
                    format!("namespace: {}", first.namespace()),
                ));
            }
        };
        let key = self.key.as_deref().unwrap_or(default_key);
        let data = map.get("data").and_then(|data| data.as_object());
        match data
            .and_then(|data| data.get(key))
            .and_then(|text| text.as_str())
        {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => {
                let keys: Vec<&str> = data
                    .into_iter()
                    .flat_map(|data| data.keys())
                    .map(String::as_str)
                    .collect();
                Err(wrong(
                    "key",
                    format!(
                        "found no text under {key:?} in the ConfigMap {name} of {}; there are: {}",
                        path.display(),
                        keys.join(", ")
                    ),
                    keys.first()
                        .map_or("give a ConfigMap that has it".into(), |key| {
                            format!("key: {key}")
                        }),
                ))
            }
        }
    }
}
