//! The output's fields before they are written: a list in their order, and a hash table over their names. Both live in
//! scratch memory at the end of the output buffer, as numbers: a field is the place of its first one.

use leafpack_fluent_bit::json::{Field, Fields, string_content};

use crate::name::{Name, same_text};
use crate::settings::{Existing, Settings};

/// Why a record was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The record is not one JSON object.
    Malformed,
    /// The index was made for fewer fields.
    Full,
    /// The names collide more than names do by chance.
    Crowded,
    /// The output buffer is too small for the index.
    NoRoom,
}

/// Where a field comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A field of a JSON message, under its own name with a prefix.
    Body,
    /// A field of the record, under its own name.
    Own,
    /// The record's message, under the message's name.
    Message,
    /// Of the `kubernetes` map.
    Lifted,
    /// The label list, cut to the allowed ones.
    SomeLabels,
    /// A label by itself.
    Label,
    /// `cluster`, `environment` and `tenant`.
    Cluster,
    Environment,
    Tenant,
}

const KINDS: [Kind; 9] = [
    Kind::Body,
    Kind::Own,
    Kind::Message,
    Kind::Lifted,
    Kind::SomeLabels,
    Kind::Label,
    Kind::Cluster,
    Kind::Environment,
    Kind::Tenant,
];

impl Kind {
    /// The order in which kinds replace each other.
    fn rank(self) -> u8 {
        match self {
            Kind::Body => 0,
            Kind::Own | Kind::Message => 1,
            Kind::Lifted | Kind::SomeLabels | Kind::Label => 2,
            Kind::Cluster | Kind::Environment | Kind::Tenant => 3,
        }
    }
}

/// What became of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is written.
    Alive,
    /// It is not, by a rule.
    Gone,
    /// It gave way to what the filter writes.
    Replaced,
    /// It gave way to what the record had.
    Kept,
    /// Of a message's fields: it stands in an object of its own.
    Moved,
}

/// The fields of a message that is a JSON object.
#[derive(Debug, Clone, Copy)]
pub struct Body<'a> {
    /// Where the object starts in the record's text: behind the record itself.
    pub start: usize,
    /// What the fields' names begin with in the record.
    pub prefix: &'a [u8],
    /// The record's field that holds the message's text.
    pub message: &'a [u8],
}

/// What is known of a field: where key and value start and end in the record's text, and the rest.
pub(crate) const KEY: usize = 0;
pub(crate) const VALUE: usize = 2;
const HASH: usize = 4;
const KIND: usize = 5;
const FATE: usize = 6;
/// Numbers that a field takes.
pub(crate) const CELLS: usize = 7;

/// In place of a field where there is none.
pub(crate) const NONE: usize = usize::MAX;

/// The fields, no two of which are written under one name, and what their names and values are read from.
#[derive(Debug)]
pub(crate) struct Index<'s, 'a> {
    /// The record, and behind it the message's fields.
    pub(crate) record: &'a [u8],
    pub(crate) body: Body<'a>,
    pub(crate) settings: &'a Settings,
    /// Empty: none.
    pub(crate) tenant: &'a [u8],
    /// The fields, and then the slots: each is 0, or a field plus 1. A power of two of them, at least twice as many as
    /// fields.
    cells: &'s mut [[u8; 4]],
    /// The first slot.
    slots: usize,
    mask: usize,
    /// The place for the next field.
    len: usize,
    /// Steps past a name's first slot that may still be taken, so that the work stays linear whatever the names are.
    steps: usize,
    /// Why nothing can be written. Looked at in the end; what comes before it does no harm.
    pub(crate) stop: Option<Stop>,
}

/// How many slots an index of `capacity` fields has.
fn slots_of(capacity: usize) -> usize {
    (capacity * 2).checked_next_power_of_two().unwrap_or(2)
}

impl<'s, 'a> Index<'s, 'a> {
    /// Bytes of scratch memory for this many fields.
    pub(crate) fn size(capacity: usize) -> usize {
        (capacity * CELLS + slots_of(capacity)) * 4
    }

    /// Empty, for `capacity` fields, in [`Self::size`] bytes.
    pub(crate) fn new(
        capacity: usize,
        memory: &'s mut [u8],
        record: &'a [u8],
        body: Body<'a>,
        settings: &'a Settings,
    ) -> Self {
        memory.fill(0);
        Self {
            record,
            body,
            settings,
            tenant: b"",
            cells: memory.as_chunks_mut().0,
            slots: capacity * CELLS,
            mask: slots_of(capacity) - 1,
            len: 0,
            steps: capacity.saturating_mul(16).saturating_add(256),
            stop: None,
        }
    }

    #[inline(never)]
    pub(crate) fn cell(&self, at: usize) -> usize {
        self.cells
            .get(at)
            .map_or(0, |cell| u32::from_le_bytes(*cell) as usize)
    }

    #[inline(never)]
    fn set(&mut self, at: usize, value: usize) {
        if let Some(cell) = self.cells.get_mut(at) {
            *cell = (value as u32).to_le_bytes();
        }
    }

    /// The field behind `field`; the first one behind [`NONE`], and [`NONE`] behind the last.
    #[inline(never)]
    pub(crate) fn next(&self, field: usize) -> usize {
        let next = if field == NONE { 0 } else { field + CELLS };
        if next < self.len { next } else { NONE }
    }

    #[inline(never)]
    pub(crate) fn kind(&self, field: usize) -> Kind {
        let kind = KINDS.get(self.cell(field + KIND));
        kind.copied().unwrap_or(Kind::Own)
    }

    #[inline(never)]
    pub(crate) fn is(&self, field: usize, fate: Fate) -> bool {
        self.cell(field + FATE) == fate as usize
    }

    #[inline(never)]
    pub(crate) fn set_fate(&mut self, field: usize, fate: Fate) {
        self.set(field + FATE, fate as usize);
    }

    /// The text between two places that follow each other: a key or a value.
    #[inline(never)]
    pub(crate) fn text(&self, at: usize) -> &'a [u8] {
        self.record
            .get(self.cell(at)..self.cell(at + 1))
            .unwrap_or_default()
    }

    /// The name of a field as it is written.
    #[inline(never)]
    pub(crate) fn name(&self, field: usize) -> Name<'a> {
        let key = self.text(field + KEY);
        Name::of(match self.kind(field) {
            Kind::Body => return Name([self.body.prefix, b"", key]),
            Kind::Own => key,
            Kind::Message => self.settings.message_field,
            Kind::Lifted | Kind::SomeLabels => return Name::lifted(key, &self.settings.kubernetes),
            Kind::Label => return Name::label(key, &self.settings.kubernetes),
            Kind::Cluster => b"cluster",
            Kind::Environment => b"environment",
            Kind::Tenant => b"tenant",
        })
    }

    /// The content of a string that the filter adds, still escaped; empty for a field of the record.
    #[inline(never)]
    pub(crate) fn added(&self, kind: Kind) -> &'a [u8] {
        match kind {
            Kind::Cluster => self.settings.cluster.unwrap_or_default(),
            Kind::Environment => self.settings.environment.unwrap_or_default(),
            Kind::Tenant => self.tenant,
            _ => b"",
        }
    }

    /// The content of a string value, still escaped.
    #[inline(never)]
    pub(crate) fn string(&self, field: usize) -> Option<&'a [u8]> {
        match self.added(self.kind(field)) {
            b"" => string_content(self.text(field + VALUE)),
            content => Some(content),
        }
    }

    #[inline]
    fn same_value(&self, a: usize, b: usize) -> bool {
        match (self.string(a), self.string(b)) {
            (Some(a), Some(b)) => same_text(a, b),
            (None, None) => self.text(a + VALUE) == self.text(b + VALUE),
            _ => false,
        }
    }

    /// The slot of a name: it holds the field of this name, or none.
    #[inline(never)]
    fn slot(&mut self, name: &Name<'_>, hash: u32) -> usize {
        let mut at = hash as usize;
        loop {
            let slot = self.slots + (at & self.mask);
            let field = self.cell(slot).wrapping_sub(1);
            if field == NONE
                || (self.cell(field + HASH) == hash as usize && self.name(field).is(name))
            {
                return slot;
            }
            if self.steps == 0 {
                self.stop = self.stop.or(Some(Stop::Crowded));
                return slot;
            }
            self.steps -= 1;
            at += 1;
        }
    }

    /// The field that is written under this name, or [`NONE`].
    #[inline(never)]
    pub(crate) fn alive(&mut self, name: &Name<'_>) -> usize {
        let slot = self.slot(name, name.hash());
        let field = self.cell(slot).wrapping_sub(1);
        if field != NONE && self.is(field, Fate::Alive) {
            field
        } else {
            NONE
        }
    }

    /// Adds the fields of an object that starts at `base` in the record.
    #[inline(never)]
    pub(crate) fn add_all(&mut self, kind: Kind, object: &[u8], base: usize) {
        let mut fields = Fields::new(object);
        while fields.advance() {
            self.add(kind, fields.field(), base);
        }
        if fields.malformed().is_some() {
            self.stop = Some(Stop::Malformed);
        }
    }

    /// Adds a field; of two with one name the rules say which is written.
    #[inline(never)]
    pub(crate) fn add(&mut self, kind: Kind, field: &Field<'_>, base: usize) {
        let new = self.len;
        if new >= self.slots {
            self.stop = self.stop.or(Some(Stop::Full));
            return;
        }
        self.len += CELLS;
        let (start, end) = (base + field.start + 1, base + field.end);
        self.set(new + KEY, start);
        self.set(new + KEY + 1, start + field.key.len());
        self.set(new + VALUE, end - field.value.text.len());
        self.set(new + VALUE + 1, end);
        self.set(new + KIND, kind as usize);
        if kind == Kind::Body && self.is_reserved(field.key) {
            return self.set_fate(new, Fate::Moved);
        }
        let slot = self.name_slot(new);
        let old = self.cell(slot).wrapping_sub(1);
        if old != NONE && self.is(old, Fate::Alive) {
            let (new_rank, old_rank) = (kind.rank(), self.kind(old).rank());
            // What a message says never takes the place of what is known.
            let higher_wins = self.settings.existing == Existing::Replace
                || kind == Kind::Body
                || old_rank == Kind::Body.rank();
            let new_wins = new_rank == old_rank || (new_rank > old_rank) == higher_wins;
            let (loser, loser_rank, winner_rank) = if new_wins {
                (old, old_rank, new_rank)
            } else {
                (new, new_rank, old_rank)
            };
            let fate = match (loser_rank, winner_rank) {
                _ if self.same_value(new, old) => Fate::Gone,
                // What the settings say is not lost, and of the record's own fields the last one is meant.
                (3, _) | (1, 1) | (0, 0) => Fate::Gone,
                (2, 1) => Fate::Kept,
                (0, _) => Fate::Moved,
                _ => Fate::Replaced,
            };
            self.set_fate(loser, fate);
            if !new_wins {
                return;
            }
        }
        self.set(slot, new + 1);
    }

    /// Whether a field of a message would get a name that says where the record is from, or what became of it; or one
    /// that is spelt with escapes.
    #[inline(never)]
    fn is_reserved(&self, key: &[u8]) -> bool {
        let kubernetes = &self.settings.kubernetes;
        let prefix = self.body.prefix;
        let mut reserved = key.contains(&b'\\');
        for names in kubernetes.reserved_names() {
            for name in names {
                reserved |= name.strip_prefix(prefix) == Some(key);
            }
        }
        for begin in kubernetes.reserved_prefixes() {
            let rest = begin.strip_prefix(prefix);
            reserved |= !begin.is_empty()
                && (prefix.starts_with(begin) || rest.is_some_and(|rest| key.starts_with(rest)));
        }
        reserved
    }

    /// Notes the hash of a field's name, and finds its slot.
    #[inline(never)]
    fn name_slot(&mut self, field: usize) -> usize {
        let name = self.name(field);
        let hash = name.hash();
        self.set(field + HASH, hash as usize);
        self.slot(&name, hash)
    }

    /// Gives a field the name of the message, which no field has yet.
    pub(crate) fn make_message(&mut self, field: usize) {
        self.set(field + KIND, Kind::Message as usize);
        let slot = self.name_slot(field);
        self.set(slot, field + 1);
    }
}
