//! The filters of a test.

use krm_rs::{Fix, Path};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Reader;
use crate::chain::Section;
use crate::log_test::settings::SettingsFrom;

/// A filter, as the file has it.
#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct FilterText {
    name: String,
    function: Option<String>,
    settings: Option<Map<String, Value>>,
    settings_from: Option<SettingsFrom>,
}

impl Reader<'_> {
    /// The filters of a list, as far as they are right.
    pub(super) fn sections(&mut self, filters: &[FilterText], path: &Path) -> Vec<Section> {
        filters
            .iter()
            .enumerate()
            .filter_map(|(index, filter)| self.section(filter, &path.index(index)))
            .collect()
    }

    fn section(&mut self, text: &FilterText, path: &Path) -> Option<Section> {
        let filter = match self.catalog.filter(&text.name) {
            Ok(filter) => filter,
            Err(unknown) => {
                self.wrong(&path.key("name"), unknown.message, unknown.fix);
                return None;
            }
        };
        let function = match &text.function {
            None => filter.functions.first().copied().unwrap_or_default(),
            Some(name)
                if filter.functions.contains(&name.as_str()) && !name.ends_with("_msgpack") =>
            {
                name
            }
            Some(name) => {
                let known: Vec<&str> = filter
                    .functions
                    .iter()
                    .copied()
                    .filter(|name| !name.ends_with("_msgpack"))
                    .collect();
                let message = match name.ends_with("_msgpack") {
                    true => format!(
                        "found {name:?}, which is for Event_Format msgpack: tests hand over JSON; expected one of: {}",
                        known.join(", ")
                    ),
                    false => format!("found {name:?}, expected one of: {}", known.join(", ")),
                };
                self.wrong(
                    &path.key("function"),
                    message,
                    Fix::value(known.first().copied().unwrap_or_default()),
                );
                return None;
            }
        };
        let (settings, place) = match (&text.settings, &text.settings_from) {
            (Some(_), Some(_)) => {
                self.wrong(
                    &path.key("settingsFrom"),
                    "found settings too, expected one of the two",
                    "remove one of them",
                );
                return None;
            }
            (Some(settings), None) => {
                let settings = Value::Object(settings.clone()).to_string();
                (Some(settings.into_bytes()), path.key("settings"))
            }
            (None, Some(from)) => {
                let place = path.key("settingsFrom");
                match from.read(self.path, &format!("{}.json", filter.name)) {
                    Ok(settings) => (Some(settings), place),
                    Err(wrong) => {
                        self.wrong(&place.key(wrong.field), wrong.message, wrong.fix);
                        return None;
                    }
                }
            }
            (None, None) => (None, path.clone()),
        };
        let section = Section {
            filter,
            function: function.to_owned(),
            settings,
        };
        match section.complaints(self.limits) {
            Ok(complaints) => {
                for complaint in complaints {
                    // At the key that is complained of, where it can be told.
                    let key = complaint.split('"').nth(1).unwrap_or_default();
                    let at = match text
                        .settings
                        .as_ref()
                        .is_some_and(|settings| settings.contains_key(key))
                    {
                        true => place.key(key),
                        false => place.clone(),
                    };
                    let fix = format!(
                        "leafpack schema {} prints what the settings may hold",
                        filter.name
                    );
                    self.wrong(&at, format!("{}.json: {complaint}", filter.name), fix);
                }
            }
            Err(why) => self.wrong(
                path,
                why.to_string(),
                "this is a mistake in the module: please report it",
            ),
        }
        Some(section)
    }
}
