//! A configuration of Fluent Bit, and written as YAML: only there can an output have processors.

use std::fmt::Display;

use krm_rs::{Map, Value, json, yaml};

/// Properties as the code has them: names in small letters, and values.
pub(crate) type Properties = &'static [(&'static str, &'static str)];

/// The properties of a plugin, or of the service, in order. A name may be there several times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Section(Vec<(String, String)>);

/// A pipeline of one input and one output.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    pub(crate) service: Section,
    pub(crate) input: Section,
    pub(crate) filters: Vec<Section>,
    pub(crate) output: Section,
    /// Filters that the output calls for each chunk that it sends.
    pub(crate) processors: Vec<Section>,
}

impl Section {
    pub(crate) fn new(properties: Properties) -> Self {
        Self::default().and(properties)
    }

    /// With further properties.
    pub(crate) fn and(self, properties: Properties) -> Self {
        properties
            .iter()
            .fold(self, |section, (name, value)| section.set(name, value))
    }

    /// With one more property.
    pub(crate) fn set(mut self, name: &str, value: impl Display) -> Self {
        self.0.push((name.to_string(), value.to_string()));
        self
    }

    /// The first value of this name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other == name)?;
        Some(&found.1)
    }

    /// With another text for each of these, wherever a value has it.
    pub(crate) fn replace(&self, texts: &[(&str, &str)]) -> Self {
        let value = |value: &String| {
            texts
                .iter()
                .fold(value.clone(), |value, (from, to)| value.replace(from, to))
        };
        let properties = self.0.iter();
        Self(
            properties
                .map(|(name, text)| (name.clone(), value(text)))
                .collect(),
        )
    }

    /// Reads one of a YAML file.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let map = value
            .as_object()
            .ok_or_else(|| format!("found {value}, expected the properties of a plugin"))?;
        let mut section = Self::default();
        for (name, value) in map {
            let values = value
                .as_array()
                .map_or(std::slice::from_ref(value), Vec::as_slice);
            for value in values {
                section = match value {
                    Value::String(text) => section.set(name, text),
                    Value::Bool(_) | Value::Number(_) => section.set(name, value),
                    _ => return Err(format!("{name}: found {value}, expected a text")),
                };
            }
        }
        Ok(section)
    }

    /// The values of one name become a list.
    fn yaml(&self) -> Value {
        let mut map = Map::new();
        for (name, text) in &self.0 {
            let text = Value::from(text.as_str());
            match map.get_mut(name) {
                None => {
                    map.insert(name.clone(), text);
                }
                Some(Value::Array(list)) => list.push(text),
                Some(one) => *one = Value::Array(vec![one.take(), text]),
            }
        }
        map.into()
    }
}

impl Config {
    /// The file. All values are text in it, for which Fluent Bit takes every scalar.
    pub(crate) fn yaml(&self) -> String {
        let list =
            |sections: &[Section]| -> Vec<Value> { sections.iter().map(Section::yaml).collect() };
        let mut output = self.output.clone();
        if !self.processors.is_empty() {
            // Each call sets up and tears down a runtime that all threads share.
            output = output.set("workers", 0);
        }
        let mut output = output.yaml();
        if !self.processors.is_empty() {
            output["processors"] = json!({"logs": list(&self.processors)});
        }
        let mut pipeline = Map::from_iter([("inputs".to_string(), json!([self.input.yaml()]))]);
        if !self.filters.is_empty() {
            pipeline.insert("filters".into(), list(&self.filters).into());
        }
        pipeline.insert("outputs".into(), json!([output]));
        yaml::emit(&json!({"service": self.service.yaml(), "pipeline": pipeline}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_yaml() {
        let mut config = Config {
            service: Section::default().set("flush", 0.2),
            input: Section::new(&[
                ("name", "tail"),
                ("path", "/a b/*.log"),
                ("exit_on_eof", "on"),
            ]),
            filters: vec![Section::new(&[
                ("name", "modify"),
                ("match", "*"),
                ("add", "cluster it's"),
                ("add", "tenant apps"),
                ("add", "a: b"),
            ])],
            output: Section::new(&[("name", "null"), ("match", "*")]),
            processors: vec![],
        };
        let start = "service:\n  flush: \"0.2\"\npipeline:\n  inputs:\n  - name: tail\n    path: /a b/*.log\n    \
             exit_on_eof: \"on\"\n";
        let filters = "  filters:\n  - name: modify\n    match: \"*\"\n    add:\n    - cluster it's\n    - tenant apps\n    \
             - \"a: b\"\n";
        let output = "  outputs:\n  - name: \"null\"\n    match: \"*\"\n";
        assert_eq!(config.yaml(), format!("{start}{filters}{output}"));
        config.filters.clear();
        config.processors = vec![Section::new(&[("name", "wasm"), ("wasm_path", "/m.wasm")])];
        assert_eq!(
            config.yaml(),
            format!(
                "{start}{output}    workers: \"0\"\n    processors:\n      logs:\n      - name: wasm\n        \
                 wasm_path: /m.wasm\n"
            )
        );
    }

    #[test]
    fn reads_what_it_writes() {
        let section = Section::new(&[("name", "a"), ("add", "b c"), ("add", "d e"), ("n", "0")]);
        assert_eq!(Section::read(&section.yaml()), Ok(section));
        assert_eq!(
            Section::read(&json!({"port": 80, "tls": true})),
            Ok(Section::new(&[("port", "80"), ("tls", "true")]))
        );
        assert_eq!(
            Section::read(&json!({"name": "a", "b": {}})),
            Err("b: found {}, expected a text".to_string())
        );
        assert!(Section::read(&json!("a")).is_err());
    }
}
