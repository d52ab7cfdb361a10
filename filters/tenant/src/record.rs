//! One record: its fields are put into the index, and written from there.

use leafpack_fluent_bit::json::{Field, Fields, Kind as ValueKind, Value};
use leafpack_fluent_bit::{ERROR_FIELD, Output};

use crate::index::{Entry, Fate, Index, Kind, Stop, Texts};
use crate::name::{Name, position};
use crate::settings::{Labels, Settings};
use crate::write;

/// Fields that an index has room for at first, at most; larger ones are made where a record has more.
const FIRST_CAPACITY: usize = 64;

/// Keys of the map that mean something here.
const KEYS: [&[u8]; 3] = [b"namespace_name", b"namespace_labels", b"labels"];

/// Fields that the filter adds.
const ADDED: usize = 3;

/// Writes what becomes of the record `text`.
///
/// # Errors
/// Where it is no JSON object, has names that collide beyond all chance, or does not fit.
pub(crate) fn process<'o>(
    text: &[u8],
    settings: &Settings,
    out: &mut Output<'o>,
) -> Result<(), Stop> {
    // A field takes five bytes or more.
    let most = text.len() / 5 + ADDED + 1;
    let mut capacity = (text.len() / 16 + 8).min(FIRST_CAPACITY);
    loop {
        let memory = out.scratch(Index::size(capacity)).ok_or(Stop::NoRoom)?;
        let mut record = Record {
            texts: Texts {
                record: text,
                settings,
                tenant: None,
            },
            index: Index::new(capacity, memory).ok_or(Stop::NoRoom)?,
        };
        match record.fill() {
            Err(Stop::Full) if capacity < most => capacity = (capacity * 8).min(most),
            Err(stop) => return Err(stop),
            Ok(()) => {
                let error = record.alive(ERROR_FIELD)?;
                write::write(&mut record.index, &record.texts, error, out);
                return Ok(());
            }
        }
    }
}

struct Record<'s, 'a> {
    texts: Texts<'a>,
    index: Index<'s>,
}

/// What the tenant is found by.
#[derive(Default)]
struct Pod<'a> {
    namespace: Option<&'a [u8]>,
    /// Of the pod, of its namespace (as some put them into the map, and as the kubernetes filter writes them).
    labels: [Option<Value<'a>>; 3],
}

impl<'a> Record<'_, 'a> {
    /// Decides which fields are written.
    fn fill(&mut self) -> Result<(), Stop> {
        for field in Fields::new(self.texts.record) {
            self.add(Kind::Own, &field?, 0)?;
        }
        self.pick_message()?;
        let pod = self.lift()?;
        let settings = self.texts.settings;
        self.texts.tenant = tenant(&pod, settings);
        for kind in [Kind::Cluster, Kind::Environment, Kind::Tenant] {
            if self.texts.added(kind).is_some() {
                self.index.add(kind, (0, 0), (0, 0), &self.texts)?;
            }
        }
        for name in settings.drop.names() {
            if let Some((index, entry)) = self.alive(name)? {
                self.bury(index, entry);
            }
        }
        Ok(())
    }

    /// Adds a field of an object that starts at `base` in the record.
    #[inline(never)]
    fn add(&mut self, kind: Kind, field: &Field<'_>, base: u32) -> Result<(), Stop> {
        let start = base + field.start as u32 + 1;
        let end = base + field.end as u32;
        let key = (start, start + field.key.len() as u32);
        let value = (end - field.value.text.len() as u32, end);
        self.index.add(kind, key, value, &self.texts)
    }

    #[inline(never)]
    fn alive(&mut self, name: &[u8]) -> Result<Option<(usize, Entry)>, Stop> {
        self.index.alive(&Name::of(name), &self.texts)
    }

    /// Where the message's field is missing, the first of the list becomes it.
    fn pick_message(&mut self) -> Result<(), Stop> {
        let settings = self.texts.settings;
        if self.alive(settings.message_field)?.is_some() {
            return Ok(());
        }
        for name in settings.message.names() {
            if let Some((index, entry)) = self.alive(name)? {
                return self.index.make_message(index, entry, &self.texts);
            }
        }
        Ok(())
    }

    /// An object of the record, with its place.
    #[inline(never)]
    fn object(&mut self, name: &[u8]) -> Result<Option<(usize, Entry)>, Stop> {
        let found = self.alive(name)?;
        Ok(found.filter(|(_, entry)| self.texts.slice(entry.value).first() == Some(&b'{')))
    }

    /// Keeps a field from being written.
    #[inline(never)]
    fn bury(&mut self, index: usize, mut entry: Entry) {
        entry.fate = Fate::Gone;
        self.index.set(index, &entry);
    }

    /// Puts the fields of the `kubernetes` map behind the record's own.
    fn lift(&mut self) -> Result<Pod<'a>, Stop> {
        let settings = self.texts.settings;
        let kubernetes = &settings.kubernetes;
        let mut pod = Pod::default();
        if settings.label.is_some()
            && let Some((_, entry)) = self.object(b"kubernetes_namespace")?
        {
            pod.labels[2] = member(self.texts.slice(entry.value), b"labels");
        }
        if let Some((index, entry)) = self.object(b"kubernetes")? {
            let base = entry.value.0;
            if kubernetes.lift.is_some() {
                self.bury(index, entry);
            }
            for field in Fields::new(self.texts.slice(entry.value)) {
                let field = field?;
                let mut kind = Kind::Lifted;
                match position(field.key, &KEYS) {
                    0 => pod.namespace = field.value.string().or(pod.namespace),
                    1 => pod.labels[1] = Some(field.value),
                    2 => {
                        pod.labels[0] = Some(field.value);
                        kind = match (field.value.kind == ValueKind::Object, kubernetes.labels) {
                            (true, Labels::Flat) => Kind::Label,
                            (true, Labels::Only(_)) => Kind::SomeLabels,
                            (_, Labels::Drop) => continue,
                            _ => Kind::Lifted,
                        };
                    }
                    _ => {}
                }
                if kubernetes.lift.is_none() || kubernetes.drop.has(field.key) {
                    continue;
                }
                match kind {
                    Kind::Label => {
                        let base = base + (field.end - field.value.text.len()) as u32;
                        for label in Fields::new(field.value.text) {
                            self.add(Kind::Label, &label?, base)?;
                        }
                    }
                    Kind::SomeLabels
                        if next_label(&mut Fields::new(field.value.text), settings).is_none() => {}
                    kind => self.add(kind, &field, base)?,
                }
            }
        }
        if pod.namespace.is_none() {
            // Lifted already, or from the tag by another filter.
            let name = Name::lifted(b"namespace_name", kubernetes);
            if let Some((_, entry)) = self.index.alive(&name, &self.texts)? {
                pod.namespace = self.texts.string(&entry);
            }
        }
        Ok(pod)
    }
}

/// The next of the labels that the settings allow.
#[inline(never)]
pub(crate) fn next_label<'a>(labels: &mut Fields<'a>, settings: &Settings) -> Option<Field<'a>> {
    let Labels::Only(allowed) = settings.kubernetes.labels else {
        return None;
    };
    while let Some(Ok(label)) = labels.next() {
        if allowed.has(label.key) {
            return Some(label);
        }
    }
    None
}

/// The last value of this name in an object.
#[inline(never)]
fn member<'a>(object: &'a [u8], name: &[u8]) -> Option<Value<'a>> {
    let mut found = None;
    for field in Fields::new(object) {
        let field = field.ok()?;
        if field.key == name {
            found = Some(field.value);
        }
    }
    found
}

/// The tenant: by a label of the pod, by one of the namespace, by the namespace, or the default.
fn tenant<'a>(pod: &Pod<'a>, settings: &Settings) -> Option<&'a [u8]> {
    if let Some(name) = settings.label {
        for labels in pod.labels.iter().flatten() {
            if let Some(value) = member(labels.text, name)
                && let Some(tenant) = value.string()
                && !tenant.is_empty()
            {
                return Some(tenant);
            }
        }
    }
    pod.namespace
        .and_then(|namespace| settings.namespaces.tenant(namespace))
        .or(settings.default_tenant)
}
