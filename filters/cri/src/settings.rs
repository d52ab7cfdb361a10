//! `cri.json`.

use leafpack_fluent_bit::json::{Field, position};
use leafpack_fluent_bit::settings::{Broken, Refusal, read};
use leafpack_fluent_bit::{Notes, Source};

use crate::record;

/// Which names the output has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    /// `_time`, `stream`, `_msg`: what VictoriaLogs takes without a word of configuration.
    #[default]
    VictoriaLogs,
    /// `time`, `stream`, `logtag`, `log`: what Fluent Bit's own `cri` parser calls them.
    Native,
}

impl Names {
    /// The field of the time.
    #[inline]
    pub fn time(self) -> &'static [u8] {
        match self {
            Names::VictoriaLogs => b"_time",
            Names::Native => b"time",
        }
    }

    /// The field of the message.
    #[inline]
    pub fn message(self) -> &'static [u8] {
        match self {
            Names::VictoriaLogs => b"_msg",
            Names::Native => b"log",
        }
    }
}

/// The filter's settings. Each has a default, and so has the whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `input`: the field that holds the line; `log` by default, where the tail input puts it.
    pub input: &'static [u8],
    /// `names`: `victorialogs` (default) or `native`.
    pub names: Names,
    /// `from_tag`: whether pod, namespace and container are taken from the tag; not by default.
    pub from_tag: bool,
    /// The file was there and could not be used: every record says so.
    pub broken: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            input: b"log",
            names: Names::default(),
            from_tag: false,
            broken: false,
        }
    }
}

/// Whether a field of this name can hold the line. Names beyond ASCII are spelt in two ways, by version of the host;
/// those of the output would be there twice.
fn is_input(name: &[u8]) -> bool {
    let plain = name
        .iter()
        .all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\');
    plain && !name.is_empty() && record::can_be_input(name)
}

/// The settings' names, for the note on an unknown one.
pub const KNOWN: &str = "input, names, from_tag";

impl Settings {
    /// From what was found of `cri.json`.
    pub fn load(source: Source, notes: &mut Notes<'_>) -> Self {
        let mut settings = Self::default();
        let result = read(source, KNOWN, notes, |field| settings.take(field));
        if result == Err(Broken) {
            settings = Self::default();
            settings.broken = true;
        }
        settings
    }

    /// Takes one field of the file.
    ///
    /// # Errors
    /// Where no setting has its name, or its value is wrong: the setting then is as it was.
    #[inline(never)]
    pub fn take(&mut self, field: &Field<'static>) -> Result<(), Refusal> {
        let value = field.value;
        let word = |known: &[&[u8]]| position(value.text, known);
        match position(field.key, &[b"input", b"names", b"from_tag"]) {
            0 => match value.string() {
                Some(name) if is_input(name) => self.input = name,
                _ => {
                    return Err(Refusal::Wrong(
                        "the name of a field, in plain ASCII, that the output does not use",
                    ));
                }
            },
            1 => match word(&[b"\"victorialogs\"", b"\"native\""]) {
                0 => self.names = Names::VictoriaLogs,
                1 => self.names = Names::Native,
                _ => return Err(Refusal::Wrong("\"victorialogs\" or \"native\"")),
            },
            2 => match word(&[b"false", b"true"]) {
                0 => self.from_tag = false,
                1 => self.from_tag = true,
                _ => return Err(Refusal::Wrong("true or false")),
            },
            _ => return Err(Refusal::UnknownKey),
        }
        Ok(())
    }
}
