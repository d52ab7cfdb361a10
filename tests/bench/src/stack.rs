//! What `leafpack` generates for the example spoke: its own filters and settings, not a copy of them.

use std::path::Path;
use std::process::Command;

use krm_rs::{Value, json};
use leafpack_tests::objects;

/// Where the generated configuration has its modules and settings in the pod.
const MODULES: &str = "/leafpack/modules";
const SETTINGS: &str = "/leafpack/settings";

/// The generated filters.
pub(crate) struct Stack {
    /// Sections of all filters but `kubernetes`, which needs an API server.
    filters: String,
    /// Settings files, by name.
    pub(crate) settings: Vec<(String, String)>,
    /// Module file and function of each wasm filter.
    pub(crate) functions: Vec<(String, String)>,
    /// The line of the tail input that says how much is read at a time.
    pub(crate) read: String,
}

impl Stack {
    /// Renders `resource` for a Fluent Bit of this version. `folder` takes what is written on the way.
    pub(crate) fn render(
        leafpack: &Path,
        resource: &Path,
        version: (u32, u32, u32),
        folder: &Path,
    ) -> Result<Self, String> {
        let (major, minor, patch) = version;
        let text = std::fs::read(resource)
            .map_err(|error| format!("cannot read {}: {error}", resource.display()))?;
        let mut objects = objects::read(&text).into_values();
        let mut config = objects.next().ok_or("the example holds no object")?;
        config["spec"]["logs"]["image"] = json!({"tag": format!("{major}.{minor}.{patch}")});
        let file = folder.join("stack.yaml");
        std::fs::write(&file, krm_rs::yaml::emit(&config))
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        let output = Command::new(leafpack)
            .arg("render")
            .arg(&file)
            .output()
            .map_err(|error| format!("cannot run {}: {error}", leafpack.display()))?;
        if !output.status.success() {
            return Err(format!(
                "leafpack render: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            ));
        }
        let mut config = None;
        let mut settings = Vec::new();
        for object in objects::read(&output.stdout).values() {
            let data = object.get("data").and_then(Value::as_object);
            for (name, text) in data.into_iter().flatten() {
                let Some(text) = text.as_str() else { continue };
                if name == "fluent-bit.conf" {
                    config = Some(text.to_string());
                } else if name.ends_with(".json") {
                    settings.push((name.clone(), text.to_string()));
                }
            }
        }
        let config = config.ok_or("leafpack render: found no fluent-bit.conf in any ConfigMap")?;
        let read = config
            .lines()
            .find(|line| line.trim_start().starts_with("Buffer_Chunk_Size"))
            .ok_or("leafpack render: found no Buffer_Chunk_Size in fluent-bit.conf")?;
        let read = format!("{read}\n");
        let (filters, functions) = filters(&config);
        if functions.is_empty() {
            return Err("leafpack render: found no wasm filter in fluent-bit.conf".into());
        }
        Ok(Self {
            filters,
            settings,
            functions,
            read,
        })
    }

    /// The sections, with the folders of this machine.
    pub(crate) fn sections(&self, modules: &Path, settings: &Path) -> String {
        self.filters
            .replace(MODULES, &modules.display().to_string())
            .replace(SETTINGS, &settings.display().to_string())
    }
}

/// The filter sections that need no API server, and module and function of those in wasm.
fn filters(config: &str) -> (String, Vec<(String, String)>) {
    let mut sections: Vec<String> = Vec::new();
    for line in config
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        match sections.last_mut() {
            Some(section) if !line.starts_with('[') => *section += &format!("{line}\n"),
            _ => sections.push(format!("{line}\n")),
        }
    }
    let value = |section: &str, key: &str| {
        let words = section
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        words.into_iter().find_map(|words| match words[..] {
            [name, value] if name.eq_ignore_ascii_case(key) => Some(value.to_string()),
            _ => None,
        })
    };
    sections.retain(|section| {
        section.starts_with("[FILTER]") && value(section, "Name").as_deref() != Some("kubernetes")
    });
    let functions = sections
        .iter()
        .filter_map(|section| {
            let path = value(section, "WASM_Path")?;
            let module = Path::new(&path).file_stem()?.to_str()?.to_string();
            Some((module, value(section, "Function_Name")?))
        })
        .collect();
    (sections.concat(), functions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_filters_and_leaves_the_rest() {
        let config = "# A comment.\n[SERVICE]\n    Flush 1\n\n[FILTER]\n    Name kubernetes\n    Match *\n\n# Two.\n[FILTER]\n    \
             Name wasm\n    WASM_Path /leafpack/modules/cri.wasm\n    Function_Name cri\n    accessible_paths /leafpack/settings\n\
             [FILTER]\n    Name modify\n    Set cluster a\n[OUTPUT]\n    Name null\n";
        let (filters, functions) = filters(config);
        assert_eq!(functions, [("cri".to_string(), "cri".to_string())]);
        let stack = Stack {
            filters,
            settings: vec![],
            functions,
            read: String::new(),
        };
        assert_eq!(
            stack.sections(Path::new("/m"), Path::new("/s")),
            "[FILTER]\n    Name wasm\n    WASM_Path /m/cri.wasm\n    Function_Name cri\n    accessible_paths /s\n\
             [FILTER]\n    Name modify\n    Set cluster a\n"
        );
    }
}
