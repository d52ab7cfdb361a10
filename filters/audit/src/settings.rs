//! `audit.json`.

use leafpack_fluent_bit::json::{Field, Kind, Value, find};
use leafpack_fluent_bit::settings::{Broken, Refusal, read};
use leafpack_fluent_bit::{Notes, Source};

use crate::rules;
use crate::text::{Items, NOWHERE};

/// What an event becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A field for each thing that it says.
    Flat,
    /// The event as one object under `audit_event`.
    Object,
    /// The event as JSON text under `audit_event`.
    Text,
}

/// The most paths that `redact` may hold.
pub const MAX_PATHS: usize = 16;

/// The largest `body_size`, in bytes.
pub const MAX_BODY: usize = 1 << 20;

/// The filter's settings. Each has a default, and so has the whole file. Texts are as the file spells them, so that they
/// can be written as they are.
#[derive(Debug)]
pub struct Settings {
    /// `cluster`, `environment` and `tenant`: values of the fields of these names; an empty one adds none.
    pub labels: [&'static [u8]; 3],
    /// `input`: the field that holds the line, where the record is no event itself.
    pub input: &'static [u8],
    /// `redact`: paths of what is taken out besides; a JSON array of strings.
    pub redact: Value<'static>,
    /// `drop`: the rules by which events are dropped; a JSON array of objects.
    pub drop: Value<'static>,
    /// `body_size`: what is kept of a body, in bytes of its JSON text.
    pub body_size: usize,
    /// The file was there and could not be used: every record says so.
    pub broken: bool,
    /// Settings with few values, each by its place among these; the first is the default.
    choices: [u8; CHOICES.len()],
}

/// Values of the keys that have few, in the words of the note on a wrong one.
static CHOICES: [&str; 6] = [
    "\"stageTimestamp\" or \"requestReceivedTimestamp\"",
    "\"flat\", \"object\" or \"string\"",
    "\"drop\" or \"string\"",
    "true or false",
    "false or true",
    "false or true",
];

/// Every key: those of the labels, those with few values, and the others.
const KNOWN: &str = "cluster, environment, tenant, time, shape, bodies, redaction, redact_configmaps, noise, input, body_size, redact, drop";
const FIRST_CHOICE: usize = 3;
const INPUT: usize = FIRST_CHOICE + CHOICES.len();
const BODY_SIZE: usize = INPUT + 1;
const REDACT: usize = INPUT + 2;
const DROP: usize = INPUT + 3;

const NONE: Value<'static> = Value {
    text: b"[]",
    kind: Kind::Array,
};

impl Default for Settings {
    #[inline(never)]
    fn default() -> Self {
        Self {
            labels: [b""; 3],
            input: b"log",
            redact: NONE,
            drop: NONE,
            body_size: 8192,
            broken: false,
            choices: [0; CHOICES.len()],
        }
    }
}

impl leafpack_fluent_bit::Settings for Settings {
    fn load(source: Source, notes: &mut Notes<'_>) -> Self {
        let mut settings = Self::default();
        let result = read(source, KNOWN, notes, |field| settings.take(field));
        if result == Err(Broken) {
            // Redaction is on by default: a file that cannot be used switches nothing off.
            settings = Self::default();
            settings.broken = true;
        }
        settings
    }
}

impl Settings {
    /// `time`: whether `_time` is when the request arrived, and not when the stage was reached.
    pub fn received(&self) -> bool {
        self.choice(0) != 0
    }

    /// `shape`: flat, object or string.
    pub fn shape(&self) -> Shape {
        match self.choice(1) {
            0 => Shape::Flat,
            1 => Shape::Object,
            _ => Shape::Text,
        }
    }

    /// `bodies`: whether request and response bodies are kept.
    pub fn bodies(&self) -> bool {
        self.choice(2) != 0
    }

    /// `redaction`: whether secrets are taken out.
    pub fn redaction(&self) -> bool {
        self.choice(3) == 0
    }

    /// Whether `redact` names a place.
    pub fn hides(&self) -> bool {
        self.redact.text.len() > NONE.text.len()
    }

    /// `redact_configmaps`: whether the data of ConfigMaps is one.
    pub fn redact_configmaps(&self) -> bool {
        self.choice(4) != 0
    }

    /// `noise`: whether the built-in rules drop events.
    pub fn noise(&self) -> bool {
        self.choice(5) != 0
    }

    fn choice(&self, index: usize) -> u8 {
        self.choices.get(index).copied().unwrap_or(0)
    }

    /// Takes one field of the file.
    #[inline(never)]
    fn take(&mut self, field: &Field<'static>) -> Result<(), Refusal> {
        let value = field.value;
        let index = word_of(field.key, KNOWN);
        let few = index.wrapping_sub(FIRST_CHOICE);
        if let (Some(right), Some(place)) = (CHOICES.get(few), self.choices.get_mut(few)) {
            *place = word_of(value.text, right) as u8;
            return match *place {
                u8::MAX => Err(Refusal::Wrong(right)),
                _ => Ok(()),
            };
        }
        let right = match index {
            0..FIRST_CHOICE => {
                let text = value.string().unwrap_or_default();
                if let Some(place) = self.labels.get_mut(index) {
                    *place = text;
                }
                if !text.is_empty() {
                    return Ok(());
                }
                "a string that is not empty"
            }
            INPUT => {
                if is_plain(&value) {
                    self.input = value.string().unwrap_or_default();
                    return Ok(());
                }
                "the name of a field, in plain ASCII, other than leafpack_error"
            }
            BODY_SIZE => {
                if let Some(size) = number(value.text) {
                    self.body_size = size;
                    return Ok(());
                }
                "a whole number of bytes, at most 1048576"
            }
            REDACT => {
                self.redact = value;
                if are_paths(&value) {
                    return Ok(());
                }
                "a list of at most 16 paths, in plain ASCII, such as [\"requestObject.spec.password\"]"
            }
            DROP => {
                self.drop = value;
                if rules::are_rules(&value) {
                    return Ok(());
                }
                "a list of at most 32 rules such as {\"verb\": \"get\", \"user\": [\"system:*\"]}, by names of fields from level to decision_reason"
            }
            _ => return Err(Refusal::UnknownKey),
        };
        Err(Refusal::Wrong(right))
    }
}

/// Which of the words of a list this is, with commas or `or` between them; [`NOWHERE`] for none.
#[inline(never)]
fn word_of(word: &[u8], list: &str) -> usize {
    let mut place = 0;
    let mut rest = list.as_bytes();
    while !rest.is_empty() {
        let end = find(rest, b' ');
        let known = rest.get(..end).unwrap_or_default();
        if known.strip_suffix(b",").unwrap_or(known) == word {
            return place;
        }
        place += usize::from(known != b"or");
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    NOWHERE
}

/// Whether this is a string of printable ASCII without escapes, which every version of the host spells in one way.
#[inline(never)]
fn is_plain(value: &Value<'_>) -> bool {
    let text = value.string().unwrap_or_default();
    for byte in text {
        if !matches!(byte, b' '..=b'~') || *byte == b'\\' {
            return false;
        }
    }
    !text.is_empty() && text != leafpack_fluent_bit::ERROR_FIELD
}

fn are_paths(value: &Value<'_>) -> bool {
    let mut paths = Items::new(value);
    let mut count = 0;
    while paths.next() {
        count += 1;
        if count > MAX_PATHS || !is_plain(&paths.now) {
            return false;
        }
    }
    value.kind == Kind::Array
}

/// A number in digits alone, at most [`MAX_BODY`].
fn number(text: &[u8]) -> Option<usize> {
    let mut number = 0usize;
    for digit in text {
        number = number
            .checked_mul(10)?
            .checked_add(usize::from(digit.checked_sub(b'0').filter(|d| *d < 10)?))?;
        if number > MAX_BODY {
            return None;
        }
    }
    Some(number)
}
