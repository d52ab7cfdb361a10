//! One record: its fields are put into the index, and written from there.

use leafpack_fluent_bit::Output;
use leafpack_fluent_bit::json::{Field, Fields, Kind as ValueKind, Value, position};

use crate::index::{Body, Fate, Index, Kind, NONE, Stop, VALUE};
use crate::name::Name;
use crate::settings::{Labels, Settings};
use crate::write;

/// Fields that an index has room for at first, at most; larger ones are made where a record has more.
const FIRST_CAPACITY: usize = 64;

/// Keys of the map that mean something here.
const KEYS: [&[u8]; 3] = [b"namespace_name", b"namespace_labels", b"labels"];

/// Fields that the filter adds.
const ADDED: usize = 3;

/// Writes what becomes of the record `text`, which ends where `body` starts.
///
/// # Errors
/// Where it is no JSON object, has names that collide beyond all chance, or does not fit.
#[inline]
pub(crate) fn process<'o>(
    text: &[u8],
    body: Body<'_>,
    settings: &Settings,
    out: &mut Output<'o>,
) -> Result<(), Stop> {
    // A field takes five bytes or more.
    let most = text.len() / 5 + ADDED + 1;
    let mut capacity = (text.len() / 16 + 8).min(FIRST_CAPACITY);
    loop {
        let memory = out.scratch(Index::size(capacity)).ok_or(Stop::NoRoom)?;
        let mut index = Index::new(capacity, memory, text, body, settings);
        index.fill();
        match index.stop {
            Some(Stop::Full) if capacity < most => capacity = (capacity * 8).min(most),
            Some(stop) => return Err(stop),
            None => {
                write::write(&mut index, out);
                return match index.stop {
                    Some(stop) => Err(stop),
                    None => Ok(()),
                };
            }
        }
    }
}

/// What the tenant is found by.
#[derive(Default)]
struct Pod<'a> {
    namespace: Option<&'a [u8]>,
    /// Of the pod, of its namespace (as some put them into the map, and as the kubernetes filter writes them); empty
    /// where there are none.
    labels: [&'a [u8]; 3],
}

impl<'a> Index<'_, 'a> {
    /// Decides which fields are written.
    #[inline]
    fn fill(&mut self) {
        let (record, body) = self
            .record
            .split_at_checked(self.body.start)
            .unwrap_or((self.record, b""));
        self.add_all(Kind::Own, record, 0);
        if !body.is_empty() {
            self.add_all(Kind::Body, body, record.len());
        }
        self.pick_message();
        let mut pod = Pod::default();
        self.lift(&mut pod);
        self.tenant = tenant(&pod, self.settings);
        for kind in [Kind::Cluster, Kind::Environment, Kind::Tenant] {
            if !self.added(kind).is_empty() {
                self.add(kind, &NOWHERE, 0);
            }
        }
        for name in self.settings.drop.names() {
            let field = self.named(name);
            if field != NONE {
                self.set_fate(field, Fate::Gone);
            }
        }
    }

    /// The field that is written under this name, or [`NONE`].
    #[inline(never)]
    pub(crate) fn named(&mut self, name: &[u8]) -> usize {
        self.alive(&Name::of(name))
    }

    /// The first of the list that a message's fields have takes the place of its text. Else, where the message's field
    /// is missing, the first of the list becomes it.
    #[inline]
    fn pick_message(&mut self) {
        for name in self.settings.message.names() {
            let field = self.alive(&Name([self.body.prefix, b"", name]));
            if field != NONE
                && self.kind(field) == Kind::Body
                && self.string(field).is_some_and(|text| !text.is_empty())
            {
                let text = self.named(self.body.message);
                self.set_fate(text, Fate::Gone);
                if self.named(self.settings.message_field) == NONE {
                    self.make_message(field);
                }
                return;
            }
        }
        if self.named(self.settings.message_field) != NONE {
            return;
        }
        for name in self.settings.message.names() {
            let field = self.named(name);
            if field != NONE {
                return self.make_message(field);
            }
        }
    }

    /// An object of the record, or [`NONE`].
    #[inline(never)]
    fn object(&mut self, name: &[u8]) -> usize {
        let field = self.named(name);
        let is_object = field != NONE && self.text(field + VALUE).first() == Some(&b'{');
        if is_object && self.kind(field) == Kind::Own {
            field
        } else {
            NONE
        }
    }

    /// Puts the fields of the `kubernetes` map behind the record's own.
    #[inline]
    fn lift(&mut self, pod: &mut Pod<'a>) {
        let kubernetes = &self.settings.kubernetes;
        if self.settings.label.is_some() {
            let namespace = self.object(b"kubernetes_namespace");
            if namespace != NONE {
                let [.., labels] = &mut pod.labels;
                *labels = member(self.text(namespace + VALUE), b"labels");
            }
        }
        let map = self.object(b"kubernetes");
        if map != NONE {
            if kubernetes.lift.is_some() {
                self.set_fate(map, Fate::Gone);
            }
            let base = self.cell(map + VALUE);
            // Valid, for it was read with the record.
            let mut fields = Fields::new(self.text(map + VALUE));
            while fields.advance() {
                self.lift_field(fields.field(), base, pod);
            }
        }
        if pod.namespace.is_none() {
            // Lifted already, or from the tag by another filter.
            let field = self.alive(&Name::lifted(b"namespace_name", kubernetes));
            if field != NONE && self.kind(field) != Kind::Body {
                pod.namespace = self.string(field);
            }
        }
    }

    /// Puts a field of the map there, which starts at `base`.
    #[inline]
    fn lift_field(&mut self, field: &Field<'a>, base: usize, pod: &mut Pod<'a>) {
        let kubernetes = &self.settings.kubernetes;
        let Value { text, kind } = field.value;
        let is_object = kind == ValueKind::Object;
        let mut labels = Labels::Object;
        match position(field.key, &KEYS) {
            0 => pod.namespace = field.value.string().or(pod.namespace),
            1 => pod.labels[1] = text,
            2 => {
                pod.labels[0] = text;
                labels = kubernetes.labels;
            }
            _ => {}
        }
        if kubernetes.lift.is_none() || kubernetes.drop.has(field.key) {
            return;
        }
        let kind = match labels {
            Labels::Drop => return,
            Labels::Flat if is_object => {
                return self.add_all(Kind::Label, text, base + field.end - text.len());
            }
            Labels::Only(_) if is_object => {
                if !next_label(&mut Fields::new(text), self.settings) {
                    return;
                }
                Kind::SomeLabels
            }
            _ => Kind::Lifted,
        };
        self.add(kind, field, base);
    }
}

/// The field of what is not in the record.
const NOWHERE: Field<'static> = Field {
    key: b"",
    value: Value {
        text: b"",
        kind: ValueKind::Scalar,
    },
    start: 0,
    end: 0,
};

/// Goes on to the next of the labels that the settings allow.
#[inline(never)]
pub(crate) fn next_label(labels: &mut Fields<'_>, settings: &Settings) -> bool {
    let Labels::Only(allowed) = settings.kubernetes.labels else {
        return false;
    };
    while labels.advance() {
        if allowed.has(labels.field().key) {
            return true;
        }
    }
    false
}

/// The last value of this name in an object; empty where there is none.
#[inline(never)]
fn member<'a>(object: &'a [u8], name: &[u8]) -> &'a [u8] {
    let mut found: &[u8] = b"";
    let mut fields = Fields::new(object);
    while fields.advance() {
        if fields.field().key == name {
            found = fields.field().value.text;
        }
    }
    found
}

/// The tenant: by a label of the pod, by one of the namespace, by the namespace, or the default. Empty: none.
#[inline]
fn tenant<'a>(pod: &Pod<'a>, settings: &Settings) -> &'a [u8] {
    if let Some(name) = settings.label {
        for labels in &pod.labels {
            if let [b'"', tenant @ .., b'"'] = member(labels, name)
                && !tenant.is_empty()
            {
                return tenant;
            }
        }
    }
    let found = pod
        .namespace
        .and_then(|namespace| settings.namespaces.tenant(namespace));
    found.or(settings.default_tenant).unwrap_or_default()
}
