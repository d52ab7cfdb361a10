//! The JSON Schemas of filters' settings files and of functions' resources: written beside the code, and carried by the
//! launcher.

use std::path::PathBuf;

use serde_json::Value;

use crate::Result;
use crate::workspace::{Workspace, read, write_if_changed};

/// Where all schemas are known to be.
const BASE: &str = "https://leafpack.dev/schemas";

/// Copies `filters/<name>/settings.schema.json` to `dist/filters/<name>.schema.json`.
pub(crate) fn settings(workspace: &Workspace, name: &str) -> Result<Option<PathBuf>> {
    let file = format!("filters/{name}/settings.schema.json");
    let from = workspace.root.join(&file);
    if !from.is_file() {
        return Err(format!(
            "{file} is not there: every filter has a JSON Schema of its settings, which `leafpack schema {name}` \
             prints; see filters/cri/settings.schema.json, and filters/cri/tests/schema.rs, which holds it to the code"
        ));
    }
    let bytes = read(&from)?;
    check(&file, &format!("filters/{name}"), &bytes)?;
    let to = workspace
        .dist()
        .join("filters")
        .join(format!("{name}.schema.json"));
    write_if_changed(&to, &bytes)?;
    Ok(Some(to))
}

/// Copies `krm-functions/<name>/schemas/<Kind>.schema.json` to `dist/krm-functions/<Kind>.schema.json`, for each kind
/// that has one.
pub(crate) fn kinds(workspace: &Workspace, name: &str) -> Result<Vec<(String, PathBuf)>> {
    let folder = format!("krm-functions/{name}/schemas");
    let mut schemas = Vec::new();
    for entry in std::fs::read_dir(workspace.root.join(&folder))
        .into_iter()
        .flatten()
        .flatten()
    {
        let file_name = entry.file_name().to_string_lossy().into_owned();
        let Some(kind) = file_name.strip_suffix(".schema.json") else {
            return Err(format!(
                "{folder}/{file_name}: expected schemas only, called <Kind>.schema.json"
            ));
        };
        let bytes = read(&entry.path())?;
        check(
            &format!("{folder}/{file_name}"),
            &format!("krm-functions/{kind}"),
            &bytes,
        )?;
        let to = workspace.dist().join("krm-functions").join(&file_name);
        write_if_changed(&to, &bytes)?;
        schemas.push((kind.to_owned(), to));
    }
    schemas.sort();
    Ok(schemas)
}

/// What an editor needs to take the file for a schema, and for this one. Its rules are the filter's own tests' matter.
fn check(file: &str, id: &str, bytes: &[u8]) -> Result<()> {
    let schema: Value = serde_json::from_slice(bytes).map_err(|why| format!("{file}: {why}"))?;
    for (key, right) in [
        (
            "$schema",
            "https://json-schema.org/draft/2020-12/schema".to_owned(),
        ),
        ("$id", format!("{BASE}/{id}.schema.json")),
        ("type", "object".to_owned()),
    ] {
        if schema[key] != *right {
            return Err(format!(
                "{file}: {key}: found {}, expected {right:?}",
                schema[key]
            ));
        }
    }
    if !schema["title"].is_string() {
        return Err(format!(
            "{file}: title: found {}, expected a string",
            schema["title"]
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_says_what_it_is() {
        let schema = |id: &str, title: &str| {
            format!(
                r#"{{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "{BASE}/{id}", {title} "type": "object"}}"#
            )
        };
        let check = |text: String| check("f.json", "filters/cri", text.as_bytes());
        assert_eq!(
            check(schema("filters/cri.schema.json", r#""title": "x","#)),
            Ok(())
        );
        assert_eq!(
            check(schema("filters/tenant.schema.json", r#""title": "x","#)),
            Err(format!(
                "f.json: $id: found \"{BASE}/filters/tenant.schema.json\", expected \"{BASE}/filters/cri.schema.json\""
            ))
        );
        assert_eq!(
            check(schema("filters/cri.schema.json", "")),
            Err("f.json: title: found null, expected a string".into())
        );
        assert!(check("{".into()).is_err());
    }
}
