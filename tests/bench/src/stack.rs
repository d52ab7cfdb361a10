//! What `leafpack` generates for the example spoke: its own filters and settings, not a copy of them.

use std::path::Path;
use std::process::Command;

use krm_rs::{Value, json, yaml};
use leafpack_tests::objects;

use crate::config::Section;

/// Where the generated configuration has its modules and settings in the pod.
const MODULES: &str = "/leafpack/modules";
const SETTINGS: &str = "/leafpack/settings";

/// The file of a ConfigMap that holds the pipeline.
const PIPELINE: &str = "fluent-bit.yaml";
/// The tail input that reads the containers' logs, and the output that sends them.
const INPUT: &str = "containers";
const OUTPUT: &str = "hub";

/// The generated filters.
pub(crate) struct Stack {
    generated: Generated,
    /// Settings files, by name.
    pub(crate) settings: Vec<(String, String)>,
}

/// What is taken of a generated pipeline.
#[derive(Debug, PartialEq)]
struct Generated {
    /// All filters but `kubernetes`, which needs an API server.
    filters: Vec<Section>,
    /// Those of the output.
    processors: Vec<Section>,
    /// How much the input reads at a time.
    read: String,
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
        let logs = &mut config["spec"]["logs"];
        logs["image"] = json!({"tag": format!("{major}.{minor}.{patch}")});
        logs["syntax"] = json!("yaml");
        let file = folder.join("stack.yaml");
        std::fs::write(&file, yaml::emit(&config))
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
        let mut pipeline = None;
        let mut settings = Vec::new();
        for object in objects::read(&output.stdout).values() {
            let data = object.get("data").and_then(Value::as_object);
            for (name, text) in data.into_iter().flatten() {
                let Some(text) = text.as_str() else { continue };
                if name == PIPELINE {
                    pipeline = Some(text.to_string());
                } else if name.ends_with(".json") {
                    settings.push((name.clone(), text.to_string()));
                }
            }
        }
        let pipeline = pipeline
            .ok_or_else(|| format!("leafpack render: found no {PIPELINE} in any ConfigMap"))?;
        let generated = Generated::read(&pipeline)
            .map_err(|error| format!("leafpack render: {PIPELINE}: {error}"))?;
        Ok(Self {
            generated,
            settings,
        })
    }

    /// Filters and processors of the output, with the folders of this machine.
    pub(crate) fn sections(&self, modules: &Path, settings: &Path) -> (Vec<Section>, Vec<Section>) {
        let (modules, settings) = (
            modules.display().to_string(),
            settings.display().to_string(),
        );
        let here = |sections: &[Section]| {
            let texts = [(MODULES, modules.as_str()), (SETTINGS, settings.as_str())];
            let sections = sections.iter();
            sections.map(|section| section.replace(&texts)).collect()
        };
        (
            here(&self.generated.filters),
            here(&self.generated.processors),
        )
    }

    /// Module file and function of each wasm filter.
    pub(crate) fn functions(&self) -> Vec<(String, String)> {
        self.generated.functions()
    }

    /// How much the tail input reads at a time.
    pub(crate) fn read(&self) -> &str {
        &self.generated.read
    }
}

impl Generated {
    /// Reads a pipeline in YAML.
    fn read(text: &str) -> Result<Self, String> {
        let config = yaml::load_one(text.as_bytes()).map_err(|error| error.to_string())?;
        let pipeline = &config["pipeline"];
        let plugin = |list: &str, alias: &str| {
            let plugins = pipeline[list].as_array().into_iter().flatten();
            let mut plugins = plugins.filter(|plugin| plugin["alias"] == alias);
            plugins
                .next()
                .ok_or_else(|| format!("found no {alias:?} among the {list}"))
        };
        let input = plugin("inputs", INPUT)?;
        let output = plugin("outputs", OUTPUT)?;
        let read = input
            .get("buffer_chunk_size")
            .ok_or_else(|| format!("found no buffer_chunk_size in the input {INPUT:?}"))?;
        let filters = sections(&pipeline["filters"])?
            .into_iter()
            .filter(|filter| filter.value("name") != Some("kubernetes"))
            .collect();
        let generated = Self {
            filters,
            processors: sections(&output["processors"]["logs"])?,
            read: match read {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            },
        };
        if generated.functions().is_empty() {
            return Err(format!(
                "found no wasm filter, neither among the filters nor among the processors of the output {OUTPUT:?}"
            ));
        }
        Ok(generated)
    }

    fn functions(&self) -> Vec<(String, String)> {
        let function = |section: &Section| {
            let path = Path::new(section.value("wasm_path")?);
            let module = path.file_stem()?.to_str()?.to_string();
            Some((module, section.value("function_name")?.to_string()))
        };
        let all = self.filters.iter().chain(&self.processors);
        all.filter_map(function).collect()
    }
}

/// The plugins of a list, which need not be there.
fn sections(list: &Value) -> Result<Vec<Section>, String> {
    let list = list.as_array().into_iter().flatten();
    list.map(Section::read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WASM: &str = "{name: wasm, wasm_path: /leafpack/modules/cri.wasm, function_name: cri, \
         accessible_paths: /leafpack/settings}";

    /// A pipeline with these filters, and this at the end of its output.
    fn pipeline(filters: &str, output: &str) -> String {
        format!(
            "# A comment.\nservice: {{flush: 5}}\npipeline:\n  inputs:\n    - {{name: tail, alias: audit}}\n    \
             - {{name: tail, alias: containers, buffer_chunk_size: 32768}}\n  filters:\n    \
             - {{name: kubernetes, match: 'kube.*'}}\n{filters}  outputs:\n    \
             - {{name: http, alias: hub, workers: 0{output}}}\n    - {{name: 'null', alias: counted}}\n"
        )
    }

    fn wasm() -> Section {
        Section::new(&[
            ("name", "wasm"),
            ("wasm_path", "/m/cri.wasm"),
            ("function_name", "cri"),
            ("accessible_paths", "/s"),
        ])
    }

    fn stack(text: &str) -> Stack {
        Stack {
            generated: Generated::read(text).expect("a pipeline"),
            settings: vec![],
        }
    }

    #[test]
    fn takes_the_filters_and_leaves_the_rest() {
        let modify = "    - {name: modify, set: [cluster a, tenant b]}\n";
        let stack = stack(&pipeline(&format!("    - {WASM}\n{modify}"), ""));
        assert_eq!(stack.functions(), [("cri".to_string(), "cri".to_string())]);
        assert_eq!(stack.read(), "32768");
        let modify = Section::new(&[
            ("name", "modify"),
            ("set", "cluster a"),
            ("set", "tenant b"),
        ]);
        assert_eq!(
            stack.sections(Path::new("/m"), Path::new("/s")),
            (vec![wasm(), modify], vec![])
        );
    }

    #[test]
    fn takes_the_filters_of_the_output() {
        let stack = stack(&pipeline("", &format!(", processors: {{logs: [{WASM}]}}")));
        assert_eq!(stack.functions(), [("cri".to_string(), "cri".to_string())]);
        assert_eq!(
            stack.sections(Path::new("/m"), Path::new("/s")),
            (vec![], vec![wasm()])
        );
    }

    #[test]
    fn says_what_is_not_there() {
        for (text, expected) in [
            (
                pipeline("", ""),
                "found no wasm filter, neither among the filters nor among the processors of the output \"hub\"",
            ),
            (
                pipeline("", "").replace("alias: hub", "alias: other"),
                "found no \"hub\" among the outputs",
            ),
            (
                pipeline("", "").replace("buffer_chunk_size: 32768", "key: log"),
                "found no buffer_chunk_size in the input \"containers\"",
            ),
        ] {
            assert_eq!(Generated::read(&text), Err(expected.to_string()));
        }
    }
}
