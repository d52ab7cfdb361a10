//! Fluent Bit's configuration, in sections, and written in either of its two forms.

use super::settings::Syntax;
use std::fmt::{self, Write as _};

/// How wide the column of names is in the classic form.
const WIDTH: usize = 36;

/// The longest line of the classic form, in bytes: Fluent Bit reads it into a buffer of 4,096
/// (`FLB_DEFAULT_CF_BUF_SIZE`, 3.2.2 to 5.1.1). What a line holds beside its value takes less than the difference.
pub(super) const LINE_LIMIT: usize = 4_000;

/// What a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Fluent Bit itself.
    Service,
    /// Where records come from.
    Input,
    /// What is done to them.
    Filter,
    /// Where they go.
    Output,
}

/// A configuration in the making.
#[derive(Debug, Default)]
pub(super) struct Config(Vec<Section>);

/// A section in the making.
#[derive(Debug)]
pub(super) struct Section {
    kind: Kind,
    comment: String,
    properties: Vec<(&'static str, String)>,
    /// What an output does to its records, chunk by chunk, before it sends them. Only YAML can say it.
    filters: Vec<Section>,
}

impl Config {
    /// Begins a section, under lines that say what it is for.
    pub(super) fn section(&mut self, kind: Kind, comment: &str) -> &mut Section {
        self.push(Section::new(kind, comment));
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    /// Adds a section.
    pub(super) fn push(&mut self, section: Section) {
        self.0.push(section);
    }

    /// The file. It holds no tab and no space at the end of a line: YAML could then not show it as lines.
    pub(super) fn finish(&self, syntax: Syntax) -> String {
        match syntax {
            Syntax::Classic => self.classic(),
            Syntax::Yaml => self.yaml(),
        }
    }

    fn classic(&self) -> String {
        let mut text = String::new();
        for section in &self.0 {
            debug_assert!(
                section.filters.is_empty(),
                "the classic form has no processors"
            );
            if !text.is_empty() {
                text.push('\n');
            }
            comment(&mut text, "", &section.comment);
            let _ = writeln!(text, "[{}]", section.kind.classic());
            for (name, value) in &section.properties {
                let _ = writeln!(text, "    {name:WIDTH$} {value}");
            }
        }
        text
    }

    fn yaml(&self) -> String {
        let mut text = String::new();
        let of = |kind: Kind| self.0.iter().filter(move |section| section.kind == kind);
        for section in of(Kind::Service) {
            comment(&mut text, "", &section.comment);
            text.push_str("service:\n");
            section.yaml(&mut text, "  ", "  ");
        }
        text.push_str("\npipeline:\n");
        for (kind, list) in [
            (Kind::Input, "inputs"),
            (Kind::Filter, "filters"),
            (Kind::Output, "outputs"),
        ] {
            let mut sections = of(kind).peekable();
            if sections.peek().is_none() {
                continue;
            }
            let _ = writeln!(text, "  {list}:");
            for section in sections {
                comment(&mut text, "    ", &section.comment);
                section.yaml(&mut text, "    - ", "      ");
                if !section.filters.is_empty() {
                    text.push_str("      processors:\n        logs:\n");
                }
                for filter in &section.filters {
                    comment(&mut text, "          ", &filter.comment);
                    filter.yaml(&mut text, "          - ", "            ");
                }
            }
        }
        text
    }
}

impl Kind {
    /// Its name in the classic form.
    fn classic(self) -> &'static str {
        match self {
            Kind::Service => "SERVICE",
            Kind::Input => "INPUT",
            Kind::Filter => "FILTER",
            Kind::Output => "OUTPUT",
        }
    }
}

fn comment(text: &mut String, indent: &str, comment: &str) {
    for line in comment.lines() {
        let _ = writeln!(text, "{indent}# {line}");
    }
}

impl Section {
    /// A section without properties, under lines that say what it is for.
    pub(super) fn new(kind: Kind, comment: &str) -> Self {
        Section {
            kind,
            comment: comment.to_owned(),
            properties: Vec::new(),
            filters: Vec::new(),
        }
    }

    /// Has an output call a filter for what it sends.
    pub(super) fn filter(&mut self, filter: Section) {
        self.filters.push(filter);
    }

    /// Sets a property; one of the same name is added to. Values have been checked to hold neither line breaks nor
    /// quotes. In YAML the values of one name become a list, so those of one name stand together.
    pub(super) fn set(&mut self, name: &'static str, value: impl fmt::Display) -> &mut Self {
        debug_assert!(
            self.properties
                .last()
                .is_some_and(|(last, _)| *last == name)
                || self.properties.iter().all(|(other, _)| *other != name),
            "{name} is in two places"
        );
        self.properties.push((name, value.to_string()));
        self
    }

    fn yaml(&self, text: &mut String, first: &str, other: &str) {
        let mut indent = first;
        let groups = self.properties.chunk_by(|(a, _), (b, _)| a == b);
        for group in groups {
            let Some((name, value)) = group.first() else {
                continue;
            };
            // Fluent Bit's own YAML is in small letters; it takes names in any case.
            let name = name.to_ascii_lowercase();
            if group.len() == 1 {
                let _ = writeln!(text, "{indent}{name}: {}", scalar(value));
            } else {
                let _ = writeln!(text, "{indent}{name}:");
                for (_, value) in group {
                    let _ = writeln!(text, "{other}  - {}", scalar(value));
                }
            }
            indent = other;
        }
    }
}

/// A value in YAML: as it is where nothing in it could be taken for anything else. Fluent Bit takes every scalar for text.
fn scalar(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.,?=&$ ".contains(c);
    let plain = value.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && !value.ends_with(' ')
        && value.chars().all(is_plain);
    if plain {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let mut config = Config::default();
        config
            .section(Kind::Service, "One line.\nTwo.")
            .set("HTTP_Listen", "::");
        config
            .section(Kind::Input, "")
            .set("Name", "tail")
            .set("Path", "/a/*.log,/b");
        config
            .section(Kind::Output, "")
            .set("Name", "http")
            .set("Header", "A 1")
            .set("Header", "B it's")
            .set("Port", 80);
        config
    }

    #[test]
    fn both_forms_say_the_same() {
        assert_eq!(
            config().finish(Syntax::Yaml),
            "# One line.\n# Two.\nservice:\n  http_listen: '::'\n\npipeline:\n  inputs:\n    - name: tail\n      \
             path: '/a/*.log,/b'\n  outputs:\n    - name: http\n      header:\n        - A 1\n        - 'B it''s'\n      \
             port: 80\n"
        );
        let mut at_output = config();
        let mut filter = Section::new(Kind::Filter, "What it does.");
        filter.set("Name", "wasm").set("WASM_Path", "/a.wasm");
        at_output
            .section(Kind::Output, "")
            .set("Name", "null")
            .filter(filter);
        assert_eq!(
            at_output
                .finish(Syntax::Yaml)
                .split_once("    - name: null\n")
                .map(|(_, rest)| rest),
            Some(
                "      processors:\n        logs:\n          # What it does.\n          - name: wasm\n            \
                 wasm_path: /a.wasm\n"
            )
        );
        let classic = config().finish(Syntax::Classic);
        let words: Vec<Vec<&str>> = classic
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(words[2..4], [vec!["[SERVICE]"], vec!["HTTP_Listen", "::"]]);
        assert_eq!(words[words.len() - 2], ["Header", "B", "it's"]);
    }
}
