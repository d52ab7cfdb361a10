//! `tenant.json`.

use leafpack_fluent_bit::json::{Field, Value, position};
use leafpack_fluent_bit::settings::{Broken, Refusal, read};
use leafpack_fluent_bit::{Notes, Source};

use crate::list::{List, is_ascii_text, is_name};
use crate::namespaces::Namespaces;

/// What becomes of a field that is already there where the filter writes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// The filter's own value takes its place.
    #[default]
    Replace,
    /// It stays, and the filter writes none.
    Keep,
}

/// Names of the lifted fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KubernetesNames {
    /// The prefix and the name in the map: `k8s_pod_name`.
    #[default]
    Long,
    /// `namespace`, `pod`, `container`, `node`, `labels`; the others as with long names.
    Short,
}

/// What becomes of the pod's labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Labels {
    /// One field that holds them all.
    #[default]
    Object,
    /// A field for each.
    Flat,
    /// They are dropped.
    Drop,
    /// One field that holds these.
    Only(List),
}

/// What becomes of the `kubernetes` map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kubernetes {
    /// Prefix of the lifted fields; `None`: the map stays as it is.
    pub lift: Option<&'static [u8]>,
    /// Long or short names.
    pub names: KubernetesNames,
    /// The pod's labels.
    pub labels: Labels,
    /// Keys of the map that are dropped.
    pub drop: List,
}

/// The filter's settings. Each has a default, and so has the whole file. Texts are as the file spells them, so that they
/// can be written as they are.
#[derive(Debug)]
pub struct Settings {
    /// `cluster`: value of the field of that name; `None` adds none.
    pub cluster: Option<&'static [u8]>,
    /// `environment`, likewise.
    pub environment: Option<&'static [u8]>,
    /// `tenant.default`: the tenant where nothing else says one.
    pub default_tenant: Option<&'static [u8]>,
    /// `tenant.label`: the label that names the tenant.
    pub label: Option<&'static [u8]>,
    /// `tenant.namespaces`: the tenant by namespace.
    pub namespaces: Namespaces,
    /// `message`: the fields that may hold the message, best first.
    pub message: List,
    /// `message_field`: where the message goes.
    pub message_field: &'static [u8],
    /// `kubernetes`.
    pub kubernetes: Kubernetes,
    /// `drop`: fields that the output does not have.
    pub drop: List,
    /// `existing`: replace (default) or keep.
    pub existing: Existing,
    /// What every record says because the file was there and could not be used; empty where it could.
    pub broken: &'static [u8],
}

impl Default for Kubernetes {
    #[inline(never)]
    fn default() -> Self {
        Self {
            lift: Some(b"k8s_"),
            names: KubernetesNames::Long,
            labels: Labels::Object,
            drop: List::EMPTY,
        }
    }
}

impl Default for Settings {
    #[inline(never)]
    fn default() -> Self {
        Self {
            cluster: None,
            environment: None,
            default_tenant: None,
            label: None,
            namespaces: Namespaces::default(),
            message: List::MESSAGE,
            message_field: b"_msg",
            kubernetes: Kubernetes::default(),
            drop: List::EMPTY,
            existing: Existing::Replace,
            broken: b"",
        }
    }
}

/// The settings' names, for the note on an unknown one.
pub const KNOWN: &str =
    "cluster, environment, tenant, message, message_field, kubernetes, drop, existing";

/// Whether a value was taken: if not, what would be right. (A reference to the text, for one word is returned in place
/// and two through memory.)
type Taken = Result<(), &'static &'static str>;

const LIST: &&str = &"a list of at most 32 names such as [\"log\"]";
const TEXT: &&str = &"a string";

impl leafpack_fluent_bit::Settings for Settings {
    fn load(source: Source, notes: &mut Notes<'_>) -> Self {
        let mut settings = Self::default();
        let result = read(source, KNOWN, notes, |field| settings.take(field));
        if result == Err(Broken) {
            settings = Self::default();
            settings.broken = b"tenant.settings: tenant.json cannot be used, defaults are";
        }
        settings
    }
}

impl Settings {
    /// Takes one field of the file.
    ///
    /// # Errors
    /// Where no setting has its name or that of a key in it, which is otherwise taken; or where its value is wrong, and
    /// the settings are of no use.
    #[inline(never)]
    pub fn take(&mut self, field: &Field<'static>) -> Result<(), Refusal> {
        const KEYS: [&[u8]; 8] = [
            b"tenant",
            b"kubernetes",
            b"cluster",
            b"environment",
            b"message",
            b"message_field",
            b"drop",
            b"existing",
        ];
        let value = field.value;
        let key = position(field.key, &KEYS);
        let (object, known, right) = match key {
            0 => (
                true,
                "default, namespaces, label",
                "an object such as {\"default\": \"apps\"}",
            ),
            1 => (
                true,
                "lift, names, labels, drop",
                "an object such as {\"names\": \"long\"}",
            ),
            8.. => return Err(Refusal::UnknownKey),
            _ => (false, "", ""),
        };
        if !object {
            return self
                .take_value(key, value)
                .map_err(|right| Refusal::Wrong(right));
        }
        let mut unknown = Ok(());
        let mut fields = value.fields().ok_or(Refusal::Wrong(right))?;
        while fields.advance() {
            let field = fields.field();
            let taken = if key == 0 {
                self.take_tenant(field)
            } else {
                self.kubernetes.take(field)
            };
            match taken {
                Ok(()) => {}
                Err(&"") => {
                    // The first one is named.
                    let key = field.key;
                    unknown = unknown.and(Err(Refusal::UnknownBelow { key, known }));
                }
                Err(right) => return Err(Refusal::Wrong(right)),
            }
        }
        unknown
    }

    #[inline]
    fn take_value(&mut self, key: usize, value: Value<'static>) -> Taken {
        match key {
            2 => self.cluster = Some(text(value)?),
            3 => self.environment = Some(text(value)?),
            4 => self.message = List::read(value).ok_or(LIST)?,
            5 => {
                self.message_field = value
                    .string()
                    .filter(|name| is_name(name) && can_be_message(name))
                    .ok_or(&"the name of a field, in plain ASCII, that nothing else has here")?;
            }
            6 => self.drop = List::read(value).ok_or(LIST)?,
            _ => {
                self.existing = match position(value.text, &[b"\"replace\"", b"\"keep\""]) {
                    0 => Existing::Replace,
                    1 => Existing::Keep,
                    _ => return Err(&"\"replace\" or \"keep\""),
                };
            }
        }
        Ok(())
    }

    /// Takes a field of `tenant`; an empty refusal is for a key that is not known.
    #[inline]
    fn take_tenant(&mut self, field: &Field<'static>) -> Taken {
        match position(field.key, &[b"default", b"label", b"namespaces"]) {
            0 => {
                self.default_tenant = Some(
                    text(field.value)
                        .map_err(|_| &"an object whose \"default\" is a string")?,
                );
            }
            1 => {
                let label = field.value.string().filter(|name| is_name(name));
                self.label =
                    Some(label.ok_or(&"an object whose \"label\" is the name of a label")?);
            }
            2 => self.namespaces.fill(field.value).ok_or(
                &"an object whose \"namespaces\" has at most 1000 entries such as \"shop\": \"a\" or \"team-a-*\": \"a\"",
            )?,
            _ => return Err(&""),
        }
        Ok(())
    }
}

impl Kubernetes {
    /// Takes a field of `kubernetes`; an empty refusal is for a key that is not known.
    #[inline]
    fn take(&mut self, field: &Field<'static>) -> Taken {
        let text = field.value.text;
        match position(field.key, &[b"lift", b"names", b"labels", b"drop"]) {
            0 if text == b"false" => self.lift = None,
            0 => {
                let prefix = field.value.string().filter(|text| is_ascii_text(text));
                self.lift = Some(
                    prefix
                        .ok_or(&"an object whose \"lift\" is a prefix in plain ASCII, or false")?,
                );
            }
            1 => {
                self.names = match position(text, &[b"\"long\"", b"\"short\""]) {
                    0 => KubernetesNames::Long,
                    1 => KubernetesNames::Short,
                    _ => return Err(&"an object whose \"names\" is \"long\" or \"short\""),
                };
            }
            2 => {
                const WORDS: [&[u8]; 3] = [b"\"object\"", b"\"flat\"", b"\"drop\""];
                self.labels = match position(text, &WORDS) {
                    0 => Labels::Object,
                    1 => Labels::Flat,
                    2 => Labels::Drop,
                    _ => Labels::Only(List::read(field.value).ok_or(
                        &"an object whose \"labels\" is \"object\", \"flat\", \"drop\" or a list of at most 32 labels",
                    )?),
                };
            }
            3 => {
                self.drop = List::read(field.value)
                    .ok_or(&"an object whose \"drop\" is a list of at most 32 names")?;
            }
            _ => return Err(&""),
        }
        Ok(())
    }
}

/// Whether the message may have this name: those of other fields that the filters write are not for it.
fn can_be_message(name: &[u8]) -> bool {
    const OTHERS: [&[u8]; 8] = [
        b"_time",
        b"stream",
        b"cluster",
        b"environment",
        b"tenant",
        b"kubernetes",
        b"json_body",
        b"partial_message",
    ];
    position(name, &OTHERS) == OTHERS.len() && !name.starts_with(b"leafpack_")
}

/// The content of a string.
#[inline(never)]
fn text(value: Value<'static>) -> Result<&'static [u8], &'static &'static str> {
    value.string().ok_or(TEXT)
}
