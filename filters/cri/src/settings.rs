//! `cri.json`.

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

impl Settings {
    /// From what was found of `cri.json`.
    pub fn load(source: Source, notes: &mut Notes<'_>) -> Self {
        let mut settings = Self::default();
        let result = read(source, "input, names, from_tag", notes, |field| {
            match (field.key, field.value.text) {
                (b"input", _) => {
                    settings.input = field.value.string().filter(|name| is_input(name)).ok_or(
                        Refusal::Wrong(
                            "the name of a field, in plain ASCII, that the output does not use",
                        ),
                    )?;
                }
                (b"names", b"\"victorialogs\"") => settings.names = Names::VictoriaLogs,
                (b"names", b"\"native\"") => settings.names = Names::Native,
                (b"names", _) => return Err(Refusal::Wrong("\"victorialogs\" or \"native\"")),
                (b"from_tag", b"true") => settings.from_tag = true,
                (b"from_tag", b"false") => settings.from_tag = false,
                (b"from_tag", _) => return Err(Refusal::Wrong("true or false")),
                _ => return Err(Refusal::UnknownKey),
            }
            Ok(())
        });
        match result {
            Ok(()) => settings,
            Err(Broken) => Self {
                broken: true,
                ..Self::default()
            },
        }
    }
}
