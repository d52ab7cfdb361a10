//! The event: which of its fields are known, and what they become.

use leafpack_fluent_bit::json::{Field, Fields, Kind, Value};

use crate::text::{ABSENT, NO_FIELD};

/// A field of the event that is known: the object that it is in (an index of [`GROUPS`]), its key, and its name in the
/// output; without a name it is not written.
pub(crate) struct Known {
    pub(crate) group: usize,
    pub(crate) key: &'static [u8],
    pub(crate) name: &'static [u8],
}

const TOP: usize = 0;
const USER: usize = 1;
const IMPERSONATED: usize = 2;
const OBJECT: usize = 3;
const STATUS: usize = 4;
pub(crate) const ANNOTATIONS: usize = 5;

/// Objects of the event whose members are fields of their own; the first stands for the event.
pub(crate) static GROUPS: [&[u8]; 6] = [
    b"",
    b"user",
    b"impersonatedUser",
    b"objectRef",
    b"responseStatus",
    b"annotations",
];

/// Every known field, in the order of the output.
#[rustfmt::skip]
const FIELDS: [Known; COUNT] = [
    known(TOP, b"level", b"level"),
    known(TOP, b"stage", b"stage"),
    known(TOP, b"auditID", b"audit_id"),
    known(TOP, b"verb", b"verb"),
    known(USER, b"username", b"user"),
    known(USER, b"groups", b"groups"),
    known(USER, b"uid", b"user_uid"),
    known(IMPERSONATED, b"username", b"impersonated_user"),
    known(IMPERSONATED, b"groups", b"impersonated_groups"),
    known(IMPERSONATED, b"uid", b"impersonated_uid"),
    known(TOP, b"sourceIPs", b"source_ips"),
    known(TOP, b"userAgent", b"user_agent"),
    known(OBJECT, b"resource", b"resource"),
    known(OBJECT, b"subresource", b"subresource"),
    known(OBJECT, b"namespace", b"namespace"),
    known(OBJECT, b"name", b"name"),
    known(OBJECT, b"apiGroup", b"api_group"),
    known(OBJECT, b"apiVersion", b"api_version"),
    known(OBJECT, b"uid", b"object_uid"),
    known(OBJECT, b"resourceVersion", b"resource_version"),
    known(TOP, b"requestURI", b"uri"),
    known(STATUS, b"code", b"code"),
    known(STATUS, b"status", b"status"),
    known(STATUS, b"reason", b"reason"),
    known(STATUS, b"message", b"message"),
    known(ANNOTATIONS, b"authorization.k8s.io/decision", b"decision"),
    known(ANNOTATIONS, b"authorization.k8s.io/reason", b"decision_reason"),
    known(TOP, b"requestReceivedTimestamp", b"request_received_timestamp"),
    known(TOP, b"stageTimestamp", b"stage_timestamp"),
    known(USER, b"extra", b"user_extra"),
    known(IMPERSONATED, b"extra", b"impersonated_extra"),
    known(STATUS, b"details", b"status_details"),
    known(TOP, b"requestObject", b"request_object"),
    known(TOP, b"responseObject", b"response_object"),
    // Constant, or of the list and not of the event, or looked at elsewhere.
    known(TOP, b"kind", b""),
    known(TOP, b"apiVersion", b""),
    known(STATUS, b"kind", b""),
    known(STATUS, b"apiVersion", b""),
    known(STATUS, b"metadata", b""),
    known(TOP, b"annotations", b""),
    known(TOP, b"leafpack_error", b""),
];

const fn known(group: usize, key: &'static [u8], name: &'static [u8]) -> Known {
    Known { group, key, name }
}

/// A field of [`FIELDS`] as it lies in the module: places in [`TEXT`], for slices take three times as much.
struct Packed {
    /// Where its key starts.
    start: u16,
    /// Length of its key.
    key: u8,
    /// Where its name starts, from its key on: a name that is the key is there once.
    name_at: u8,
    /// Length of its name.
    name: u8,
    group: u8,
}

impl Packed {
    #[inline(always)]
    fn slice(&self, at: u8, len: u8) -> &'static [u8] {
        let start = usize::from(self.start) + usize::from(at);
        TEXT.get(start..start + usize::from(len))
            .unwrap_or_default()
    }

    #[inline(always)]
    fn key(&self) -> &'static [u8] {
        self.slice(0, self.key)
    }

    #[inline(always)]
    fn name(&self) -> &'static [u8] {
        self.slice(self.name_at, self.name)
    }
}

/// Keys and names of all fields, one behind the other.
static TEXT: [u8; PACKED.1] = {
    let mut text = [0; PACKED.1];
    let mut index = 0;
    while index < COUNT {
        let packed = &PACKED.0[index];
        let (start, name) = (packed.start as usize, packed.name_at as usize);
        let known = &FIELDS[index];
        text.split_at_mut(start)
            .1
            .split_at_mut(known.key.len())
            .0
            .copy_from_slice(known.key);
        text.split_at_mut(start + name)
            .1
            .split_at_mut(known.name.len())
            .0
            .copy_from_slice(known.name);
        index += 1;
    }
    text
};
static TABLE: [Packed; COUNT] = PACKED.0;

/// [`TABLE`], and the length of [`TEXT`].
const PACKED: ([Packed; COUNT], usize) = {
    let mut table = [const {
        Packed {
            start: 0,
            key: 0,
            name_at: 0,
            name: 0,
            group: 0,
        }
    }; COUNT];
    let mut end = 0;
    let mut index = 0;
    while index < COUNT {
        let Known { group, key, name } = FIELDS[index];
        let name_at = if is_same(key, name) { 0 } else { key.len() };
        table[index] = Packed {
            start: end as u16,
            key: key.len() as u8,
            name_at: name_at as u8,
            name: name.len() as u8,
            group: group as u8,
        };
        end += if name_at == 0 {
            key.len()
        } else {
            key.len() + name.len()
        };
        index += 1;
    }
    (table, end)
};

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// A known field.
#[inline(never)]
pub(crate) fn field(index: usize) -> Known {
    let packed = TABLE.get(index);
    let empty: &[u8] = b"";
    Known {
        group: packed.map_or(TOP, |packed| usize::from(packed.group)),
        key: packed.map_or(empty, Packed::key),
        name: packed.map_or(empty, Packed::name),
    }
}

pub(crate) const COUNT: usize = 41;
pub(crate) const STAGE: usize = 1;
pub(crate) const VERB: usize = 3;
pub(crate) const USERNAME: usize = 4;
pub(crate) const IMPERSONATED_USERNAME: usize = 7;
pub(crate) const RESOURCE: usize = 12;
pub(crate) const SUBRESOURCE: usize = 13;
pub(crate) const NAMESPACE: usize = 14;
pub(crate) const NAME: usize = 15;
pub(crate) const URI: usize = 20;
pub(crate) const CODE: usize = 21;
pub(crate) const REASON: usize = 23;
pub(crate) const MESSAGE: usize = 24;
pub(crate) const DECISION: usize = 25;
pub(crate) const DECISION_REASON: usize = 26;
pub(crate) const RECEIVED: usize = 27;
pub(crate) const STAGE_TIME: usize = 28;
pub(crate) const REQUEST_OBJECT: usize = 32;
/// From here on nothing has a name.
pub(crate) const NAMELESS: usize = 34;
pub(crate) const EVENT_KIND: usize = 34;
pub(crate) const EVENT_VERSION: usize = 35;
pub(crate) const ALL_ANNOTATIONS: usize = 39;
pub(crate) const ERROR: usize = 40;

/// Which known field this is; [`COUNT`] for none.
#[inline(never)]
pub(crate) fn find(group: usize, key: &[u8]) -> usize {
    let same = |known: &Packed| usize::from(known.group) == group && known.key() == key;
    TABLE.iter().position(same).unwrap_or(COUNT)
}

/// Which field has this name in the output; [`COUNT`] for none.
#[inline(never)]
pub(crate) fn by_name(name: &[u8]) -> usize {
    let same = |known: &Packed| known.name() == name;
    match name {
        b"" => COUNT,
        _ => TABLE.iter().position(same).unwrap_or(COUNT),
    }
}

/// The group that a top-level field is, if it is an object; 0 for none.
#[inline(never)]
pub(crate) fn group_of(field: &Field<'_>) -> usize {
    let group = GROUPS.iter().position(|name| *name == field.key);
    if field.value.kind == Kind::Object {
        group.unwrap_or(TOP)
    } else {
        TOP
    }
}

/// An object in which the known fields were looked for. Of two of one name the last one counts.
pub(crate) struct Event<'t> {
    pub(crate) text: &'t [u8],
    /// There may be fields beside the known ones, or two of one name.
    pub(crate) has_others: bool,
    /// The last field of the name that was asked for, and how many fields there are.
    pub(crate) named: Field<'t>,
    pub(crate) len: usize,
    values: [Value<'t>; COUNT],
}

impl<'t> Event<'t> {
    /// Without any field.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self {
            text: b"{}",
            has_others: false,
            named: NO_FIELD,
            len: 0,
            values: [ABSENT; COUNT],
        }
    }

    /// Forgets every field.
    #[inline(never)]
    pub(crate) fn clear(&mut self) {
        self.text = b"{}";
        self.has_others = false;
        self.named = NO_FIELD;
        self.len = 0;
        for value in &mut self.values {
            *value = ABSENT;
        }
    }

    /// Reads an object, in which a field of this name may be. `false`: `text` is not one; nothing that was found then means
    /// anything.
    #[inline(never)]
    pub(crate) fn read(&mut self, text: &'t [u8], name: &[u8]) -> bool {
        self.clear();
        self.text = text;
        let mut fields = Fields::new(text);
        while fields.advance() {
            self.len += 1;
            if fields.field().key == name {
                self.named = *fields.field();
            }
            self.take(TOP, fields.field());
            let group = group_of(fields.field());
            if group != TOP {
                let mut members = Fields::new(fields.field().value.text);
                while members.advance() {
                    self.take(group, members.field());
                }
            }
        }
        fields.malformed().is_none()
    }

    #[inline(never)]
    fn take(&mut self, group: usize, field: &Field<'t>) {
        let index = find(group, field.key);
        match self.values.get_mut(index) {
            Some(place) => {
                self.has_others |= (index >= ALL_ANNOTATIONS && group_of(field) == TOP)
                    || place.text != ABSENT.text;
                *place = field.value;
            }
            None => self.has_others |= group != ANNOTATIONS && group_of(field) == TOP,
        }
    }

    /// Whether this is what the filter is for.
    pub(crate) fn is_event(&self) -> bool {
        self.is(EVENT_KIND, b"Event") && self.is(EVENT_VERSION, b"audit.k8s.io/v1")
    }

    /// A known field; `null` where it is not there.
    #[inline(never)]
    pub(crate) fn get(&self, index: usize) -> Value<'t> {
        *self.values.get(index).unwrap_or(&ABSENT)
    }

    /// The content of a string, still escaped; empty for anything else.
    #[inline(never)]
    pub(crate) fn string(&self, index: usize) -> &'t [u8] {
        self.get(index).string().unwrap_or_default()
    }

    /// Whether a known field is this string, which needs no escapes.
    #[inline(never)]
    pub(crate) fn is(&self, index: usize, text: &[u8]) -> bool {
        self.string(index) == text
    }

    /// Whether this very field is the known one of its name.
    #[inline(never)]
    pub(crate) fn has(&self, group: usize, field: &Field<'_>) -> bool {
        let index = find(group, field.key);
        index < COUNT && core::ptr::eq(self.get(index).text, field.value.text)
            // What another filter said is taken over if it is a sentence; annotations are looked into.
            && (index != ERROR || field.value.kind == Kind::String)
            && (index != ALL_ANNOTATIONS || field.value.kind == Kind::Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_agree() {
        for (index, name) in [
            (STAGE, "stage"),
            (VERB, "verb"),
            (USERNAME, "user"),
            (IMPERSONATED_USERNAME, "impersonated_user"),
            (RESOURCE, "resource"),
            (SUBRESOURCE, "subresource"),
            (NAMESPACE, "namespace"),
            (NAME, "name"),
            (URI, "uri"),
            (CODE, "code"),
            (REASON, "reason"),
            (MESSAGE, "message"),
            (DECISION, "decision"),
            (DECISION_REASON, "decision_reason"),
            (RECEIVED, "request_received_timestamp"),
            (STAGE_TIME, "stage_timestamp"),
            (REQUEST_OBJECT, "request_object"),
        ] {
            assert_eq!(FIELDS[index].name, name.as_bytes());
        }
        for (index, key) in [
            (EVENT_KIND, "kind"),
            (EVENT_VERSION, "apiVersion"),
            (ALL_ANNOTATIONS, "annotations"),
            (ERROR, "leafpack_error"),
        ] {
            assert_eq!(
                (FIELDS[index].group, FIELDS[index].key),
                (TOP, key.as_bytes())
            );
        }
        for (index, known) in FIELDS.iter().enumerate() {
            assert_eq!(known.name.is_empty(), index >= NAMELESS);
            assert_eq!(
                find(known.group, known.key),
                index,
                "the same field is there twice"
            );
            let found = field(index);
            assert_eq!(
                (found.group, found.key, found.name),
                (known.group, known.key, known.name)
            );
        }
    }
}
