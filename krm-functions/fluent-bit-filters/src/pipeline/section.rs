//! The section of a filter, written.

use super::Syntax;
use crate::plan::Entry;
use std::fmt::Write as _;

/// Where the modules are mounted.
pub(crate) const MODULES: &str = "/leafpack/filters";

/// Where the settings are mounted: the only folder that the filters can open.
pub(crate) const SETTINGS: &str = "/leafpack/filter-settings";

/// What the line above a section begins with, behind `# `.
const MARK: &str = "Added by leafpack";

/// How wide the column of names is.
const WIDTH: usize = 17;

/// The tags that a filter gets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Match {
    /// `Match`.
    Pattern(String),
    /// `Match_Regex`, as another section has it.
    Regex(String),
}

impl Match {
    /// Name and value of the property.
    pub(crate) fn property(&self) -> (&'static str, &str) {
        match self {
            Match::Pattern(text) => ("Match", text),
            Match::Regex(text) => ("Match_Regex", text),
        }
    }
}

/// What goes into a section, by Fluent Bit's names.
pub(crate) fn properties(entry: &Entry, matching: &Match) -> [(&'static str, String); 6] {
    let (key, value) = matching.property();
    [
        ("Name", "wasm".to_owned()),
        (key, value.to_owned()),
        (
            "WASM_Path",
            format!("{MODULES}/{}", entry.filter.module().module_file()),
        ),
        ("Function_Name", entry.function()),
        ("Event_Format", entry.format.name().to_owned()),
        ("accessible_paths", SETTINGS.to_owned()),
    ]
}

/// The lines of a section, each with this before it; the last one ends in a line break too.
pub(crate) fn text(entry: &Entry, matching: &Match, syntax: Syntax, indent: &str) -> String {
    let mark = format!(
        "# {MARK}; settings are in {}.",
        entry.filter.module().settings_file()
    );
    let properties = properties(entry, matching);
    let mut text = String::new();
    match syntax {
        Syntax::Classic => {
            let _ = writeln!(text, "{mark}\n[FILTER]");
            for (key, value) in properties {
                let _ = writeln!(text, "{indent}{key:WIDTH$} {value}");
            }
        }
        Syntax::Yaml => {
            let _ = writeln!(text, "{indent}{mark}");
            for (index, (key, value)) in properties.iter().enumerate() {
                let dash = if index == 0 { "- " } else { "  " };
                let value = if index == 1 {
                    // A star at the start would be an alias.
                    format!("'{}'", value.replace('\'', "''"))
                } else {
                    value.clone()
                };
                let key = key.to_ascii_lowercase();
                let _ = writeln!(text, "{indent}{dash}{key}: {value}");
            }
        }
    }
    text
}

/// Whether a line is the one above a section of ours.
pub(crate) fn is_mark(line: &str) -> bool {
    let comment = line.trim().strip_prefix("# ");
    comment.is_some_and(|comment| comment.starts_with(MARK))
}
