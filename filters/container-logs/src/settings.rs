//! `container-logs.json`: the settings of `cri` and of `tenant` in one file, and two more.

use leafpack_filter_tenant::is_ascii_text;
use leafpack_fluent_bit::json::{Field, Value, position};
use leafpack_fluent_bit::settings::{Broken, Refusal, read};
use leafpack_fluent_bit::{Notes, Source};

/// What becomes of the fragments of a line that the runtime cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JoinMode {
    /// Each goes on by itself, marked with `partial_message`.
    #[default]
    Mark,
    /// `multiline.parser cri` in the input joins them; what it leaves cut goes on as with `mark`.
    Host,
    /// The filter joins them.
    Filter,
}

/// What becomes of a message that is a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonBody {
    /// `json_body.merge`: whether its fields become the record's.
    pub merge: bool,
    /// `json_body.prefix`: what their names then begin with.
    pub prefix: &'static [u8],
}

impl Default for JsonBody {
    fn default() -> Self {
        Self {
            merge: true,
            prefix: b"",
        }
    }
}

/// The filter's settings. Each has a default, and so has the whole file.
#[derive(Debug, Default)]
pub struct Settings {
    /// `input`, `names`, `from_tag`.
    pub cri: leafpack_filter_cri::Settings,
    /// `cluster`, `environment`, `tenant`, `message`, `message_field`, `kubernetes`, `drop`, `existing`.
    pub tenant: leafpack_filter_tenant::Settings,
    /// `join`.
    pub join: JoinMode,
    /// `json_body`.
    pub json_body: JsonBody,
}

/// The settings' names, for the note on an unknown one.
const KNOWN: &str = "cluster, environment, tenant, input, names, from_tag, join, json_body, message, message_field, kubernetes, drop, existing";

impl Settings {
    /// From what was found of `container-logs.json`.
    pub fn load(source: Source, notes: &mut Notes<'_>) -> Self {
        let mut settings = Self::default();
        let result = read(source, KNOWN, notes, |field| settings.take(field));
        if result == Err(Broken) {
            settings = Self::default();
            settings.tenant.broken =
                b"container-logs.settings: container-logs.json cannot be used, defaults are";
        }
        settings
    }

    /// Takes one field of the file.
    #[inline(never)]
    fn take(&mut self, field: &Field<'static>) -> Result<(), Refusal> {
        let value = field.value;
        match field.key {
            b"join" => {
                self.join = match position(value.text, &[b"\"mark\"", b"\"host\"", b"\"filter\""]) {
                    0 => JoinMode::Mark,
                    1 => JoinMode::Host,
                    2 => JoinMode::Filter,
                    _ => return Err(Refusal::Wrong("\"mark\", \"host\" or \"filter\"")),
                };
                Ok(())
            }
            b"json_body" => self.json_body.take(value),
            _ => match self.cri.take(field) {
                Err(Refusal::UnknownKey) => self.tenant.take(field),
                result => result,
            },
        }
    }
}

impl JsonBody {
    fn take(&mut self, value: Value<'static>) -> Result<(), Refusal> {
        const WRONG: Refusal = Refusal::Wrong(
            "an object such as {\"merge\": true, \"prefix\": \"\"}, the prefix in plain ASCII",
        );
        let mut fields = value.fields().ok_or(WRONG)?;
        let mut unknown = Ok(());
        while fields.advance() {
            let field = fields.field();
            match position(field.key, &[b"merge", b"prefix"]) {
                0 => match position(field.value.text, &[b"false", b"true"]) {
                    merge @ 0..=1 => self.merge = merge == 1,
                    _ => return Err(WRONG),
                },
                1 => {
                    let prefix = field.value.string().filter(|text| is_ascii_text(text));
                    self.prefix = prefix.ok_or(WRONG)?;
                }
                _ => {
                    unknown = unknown.and(Err(Refusal::UnknownBelow {
                        key: field.key,
                        known: "merge, prefix",
                    }));
                }
            }
        }
        unknown
    }
}
