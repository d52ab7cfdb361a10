//! Fluent Bit's pipeline as it is written, in any of the ways in which it can be written.
//!
//! Texts are changed in place: a change is a range of bytes and what stands there instead, so that everything else stays
//! as its author wrote it, comments and all.

pub(crate) mod classic;
pub(crate) mod look;
pub(crate) mod place;
pub(crate) mod remark;
pub(crate) mod replace;
pub(crate) mod section;
pub(crate) mod tags;
pub(crate) mod text;
pub(crate) mod tree;
pub(crate) mod yaml;

use krm_rs::ObjectId;
use std::ops::Range;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// `[SECTION]` and lines of a name and a value.
    Classic,
    /// YAML.
    Yaml,
}

/// A file of Fluent Bit's, or a part of one.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// The object that holds it.
    pub(crate) object: ObjectId,
    /// The field of the object.
    pub(crate) path: String,
    /// What the file is called where Fluent Bit reads it.
    pub(crate) name: String,
    /// What it says.
    pub(crate) text: String,
    /// How.
    pub(crate) syntax: Syntax,
    /// Whether it stands for what the build does not have, and so cannot be changed.
    pub(crate) fixed: bool,
}

/// A configuration in files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    /// All of its files; those that the first ones do not include are not read.
    pub(crate) files: Vec<File>,
    /// What Fluent Bit reads first: these, one behind the other, as if they were one file.
    pub(crate) roots: Vec<usize>,
    /// Where filters belong where there is none yet, if that is a place of its own.
    pub(crate) home: Option<usize>,
}

/// What a section is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[SERVICE]`.
    Service,
    /// `[INPUT]`.
    Input,
    /// `[FILTER]`.
    Filter,
    /// `[OUTPUT]`.
    Output,
    /// Parsers and such, of which records know nothing.
    Other,
}

/// A line of a section.
#[derive(Debug, Clone)]
pub(crate) struct Property {
    /// Its name; Fluent Bit does not look at the case.
    pub(crate) key: String,
    /// Its values; several only where YAML has a list.
    pub(crate) values: Vec<String>,
    /// The lines that hold it and nothing else.
    pub(crate) lines: Option<Range<usize>>,
    /// Its only value.
    pub(crate) value: Option<Range<usize>>,
}

/// A section.
#[derive(Debug, Clone)]
pub(crate) struct Plugin {
    /// What it is for.
    pub(crate) kind: Kind,
    /// The file that it stands in; for an object of fluent-operator's, that object.
    pub(crate) file: usize,
    /// Its lines, from the header to the last property.
    pub(crate) lines: Range<usize>,
    /// What it says.
    pub(crate) properties: Vec<Property>,
    /// How many inputs of its name stand before it.
    pub(crate) number: usize,
}

/// What was found that is not understood.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    /// The file.
    pub(crate) file: usize,
    /// What it is.
    pub(crate) message: String,
    /// What may come of it.
    pub(crate) weight: Weight,
}

/// What may come of something that is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Nothing, for records.
    None,
    /// It may bring sections.
    Sections,
    /// It may switch the sections around it on and off.
    Switch,
    /// Fluent Bit cannot read the file.
    Unreadable,
}

/// A configuration that has been read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pipeline {
    /// The sections, in the order in which Fluent Bit reads them.
    pub(crate) plugins: Vec<Plugin>,
    /// What is not understood.
    pub(crate) notes: Vec<Note>,
}

impl Property {
    /// Whether this is its name.
    pub(crate) fn is(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
    }
}

impl Plugin {
    /// The first value of a property.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let property = self.properties.iter().find(|property| property.is(key))?;
        property.values.first().map(String::as_str)
    }

    /// What plugin it is, in lower case.
    pub(crate) fn name(&self) -> String {
        self.get("Name").unwrap_or_default().to_ascii_lowercase()
    }

    /// Whether it is a filter of this name.
    pub(crate) fn is_filter(&self, name: &str) -> bool {
        self.kind == Kind::Filter && self.name() == name
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, key: &str, default: bool) -> bool {
        self.get(key).map_or(default, |value| {
            ["on", "true", "yes", "1"].contains(&value.to_ascii_lowercase().as_str())
        })
    }

    /// Whether a run of this function put it there.
    pub(crate) fn is_ours(&self) -> bool {
        let path = self.get("WASM_Path").unwrap_or_default();
        self.is_filter("wasm") && path.starts_with(&format!("{}/", section::MODULES))
    }

    /// What it is called in messages: `[INPUT] tail`.
    pub(crate) fn title(&self) -> String {
        let kind = match self.kind {
            Kind::Service => "SERVICE",
            Kind::Input => "INPUT",
            Kind::Filter => "FILTER",
            Kind::Output => "OUTPUT",
            Kind::Other => "section",
        };
        let name = self.name();
        match self.get("Alias") {
            Some(alias) => format!("[{kind}] {name} ({alias})"),
            None => format!("[{kind}] {name}"),
        }
    }
}

impl Config {
    /// Reads all of it.
    pub(crate) fn read(&self) -> Pipeline {
        let mut pipeline = Pipeline::default();
        let mut seen = Vec::new();
        for root in &self.roots {
            self.read_file(*root, &mut seen, &mut pipeline);
        }
        let mut names: Vec<String> = Vec::new();
        for plugin in &mut pipeline.plugins {
            if plugin.kind == Kind::Input {
                let name = plugin.name();
                plugin.number = names.iter().filter(|other| **other == name).count();
                names.push(name);
            }
        }
        pipeline
    }

    fn read_file(&self, file: usize, seen: &mut Vec<usize>, pipeline: &mut Pipeline) {
        if seen.contains(&file) {
            return;
        }
        seen.push(file);
        match self.files[file].syntax {
            Syntax::Classic => classic::read(self, file, seen, pipeline),
            Syntax::Yaml => yaml::read(self, file, pipeline),
        }
    }

    /// The file that another one includes by this name, if it is one of ours.
    fn included(&self, name: &str) -> Option<usize> {
        let base = name.trim().rsplit('/').next().unwrap_or_default();
        let mut files = self.files.iter();
        files.position(|file| !base.is_empty() && file.name == base)
    }

    /// Puts texts in the place of others. Ranges of one file do not overlap.
    pub(crate) fn apply(&mut self, mut edits: Vec<Edit>) {
        edits.sort_by_key(|edit| (edit.file, edit.range.start));
        for edit in edits.into_iter().rev() {
            self.files[edit.file]
                .text
                .replace_range(edit.range, &edit.with);
        }
    }
}

/// A change of a file's text.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    /// Which file.
    pub(crate) file: usize,
    /// The bytes that go.
    pub(crate) range: Range<usize>,
    /// What comes in their place.
    pub(crate) with: String,
}
