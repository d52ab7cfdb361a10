//! The output's fields before they are written: a list in their order, and a hash table over their names. Both live in
//! scratch memory at the end of the output buffer.

use leafpack_fluent_bit::json::Malformed;

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

impl From<Malformed> for Stop {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Where a field comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
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

const KINDS: [Kind; 8] = [
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
            Kind::Own | Kind::Message => 0,
            Kind::Lifted | Kind::SomeLabels | Kind::Label => 1,
            Kind::Cluster | Kind::Environment | Kind::Tenant => 2,
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
}

const FATES: [Fate; 4] = [Fate::Alive, Fate::Gone, Fate::Replaced, Fate::Kept];

/// One field; places are in the record's text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) key: (u32, u32),
    /// From the value's first byte to the one behind it.
    pub(crate) value: (u32, u32),
    pub(crate) hash: u32,
    pub(crate) kind: Kind,
    pub(crate) fate: Fate,
}

/// Bytes of an [`Entry`] in the scratch memory.
pub(crate) const ENTRY: usize = 24;
type Packed = [u8; ENTRY];

impl Entry {
    fn pack(&self) -> Packed {
        let words = [
            self.key.0,
            self.key.1,
            self.value.0,
            self.value.1,
            self.hash,
            self.kind as u32 | (self.fate as u32) << 8,
        ];
        let mut packed = [0; ENTRY];
        for (place, word) in packed.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *place = word.to_le_bytes();
        }
        packed
    }

    fn unpack(packed: &Packed) -> Option<Self> {
        let [a, b, c, d, hash, state] = packed.as_chunks::<4>().0 else {
            return None;
        };
        let [a, b, c, d, hash, state] =
            [a, b, c, d, hash, state].map(|word| u32::from_le_bytes(*word));
        Some(Self {
            key: (a, b),
            value: (c, d),
            hash,
            kind: *KINDS.get(state as usize & 7)?,
            fate: *FATES.get(state as usize >> 8)?,
        })
    }
}

/// What names and values are read from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Texts<'a> {
    pub(crate) record: &'a [u8],
    pub(crate) settings: &'a Settings,
    pub(crate) tenant: Option<&'a [u8]>,
}

impl<'a> Texts<'a> {
    #[inline(never)]
    pub(crate) fn slice(&self, (start, end): (u32, u32)) -> &'a [u8] {
        self.record
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    #[inline(never)]
    pub(crate) fn name(&self, entry: &Entry) -> Name<'a> {
        let key = self.slice(entry.key);
        match entry.kind {
            Kind::Own => Name::of(key),
            Kind::Message => Name::of(self.settings.message_field),
            Kind::Lifted | Kind::SomeLabels => Name::lifted(key, &self.settings.kubernetes),
            Kind::Label => Name::label(key, &self.settings.kubernetes),
            Kind::Cluster => Name::of(b"cluster"),
            Kind::Environment => Name::of(b"environment"),
            Kind::Tenant => Name::of(b"tenant"),
        }
    }

    /// The content of a string that the filter adds, still escaped; `None` for a field of the record.
    #[inline(never)]
    pub(crate) fn added(&self, kind: Kind) -> Option<&'a [u8]> {
        match kind {
            Kind::Cluster => self.settings.cluster,
            Kind::Environment => self.settings.environment,
            Kind::Tenant => self.tenant,
            _ => None,
        }
    }

    /// The content of a string value, still escaped.
    #[inline(never)]
    pub(crate) fn string(&self, entry: &Entry) -> Option<&'a [u8]> {
        match (self.added(entry.kind), self.slice(entry.value)) {
            (Some(content), _) | (None, [b'"', content @ .., b'"']) => Some(content),
            _ => None,
        }
    }

    fn same_value(&self, a: &Entry, b: &Entry) -> bool {
        match (self.string(a), self.string(b)) {
            (Some(a), Some(b)) => same_text(a, b),
            (None, None) => self.slice(a.value) == self.slice(b.value),
            _ => false,
        }
    }
}

/// The fields, no two of which are written under one name.
#[derive(Debug)]
pub(crate) struct Index<'s> {
    entries: &'s mut [Packed],
    /// Number of an entry, from 1; 0 is free. A power of two of them, at least twice as many as entries.
    slots: &'s mut [[u8; 4]],
    len: usize,
    /// Steps past a name's first slot that may still be taken, so that the work stays linear whatever the names are.
    steps: usize,
}

/// How many slots an index of `capacity` entries has.
fn slots_of(capacity: usize) -> usize {
    (capacity * 2).checked_next_power_of_two().unwrap_or(2)
}

impl<'s> Index<'s> {
    /// Bytes of scratch memory for this many fields.
    pub(crate) fn size(capacity: usize) -> usize {
        capacity * ENTRY + slots_of(capacity) * 4
    }

    /// Empty, for `capacity` fields, in [`Self::size`] bytes.
    pub(crate) fn new(capacity: usize, memory: &'s mut [u8]) -> Option<Self> {
        let (entries, slots) = memory.split_at_mut_checked(capacity * ENTRY)?;
        slots.fill(0);
        Some(Self {
            entries: entries.as_chunks_mut().0,
            slots: slots.as_chunks_mut().0,
            len: 0,
            steps: capacity.saturating_mul(16).saturating_add(256),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline(never)]
    pub(crate) fn get(&self, index: usize) -> Option<Entry> {
        self.entries
            .get(..self.len)?
            .get(index)
            .and_then(Entry::unpack)
    }

    #[inline(never)]
    pub(crate) fn set(&mut self, index: usize, entry: &Entry) {
        if let Some(place) = self.entries.get_mut(index) {
            *place = entry.pack();
        }
    }

    /// The slot of a name, and the entry that is there.
    fn find(
        &mut self,
        hash: u32,
        name: &Name<'_>,
        texts: &Texts<'_>,
    ) -> Result<(usize, Option<(usize, Entry)>), Stop> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        loop {
            let slot = u32::from_le_bytes(*self.slots.get(at).ok_or(Stop::NoRoom)?) as usize;
            let Some(index) = slot.checked_sub(1) else {
                return Ok((at, None));
            };
            let entry = self.get(index).ok_or(Stop::NoRoom)?;
            if entry.hash == hash && texts.name(&entry).is(name) {
                return Ok((at, Some((index, entry))));
            }
            self.steps = self.steps.checked_sub(1).ok_or(Stop::Crowded)?;
            at = (at + 1) & mask;
        }
    }

    /// The entry that is written under this name.
    #[inline(never)]
    pub(crate) fn alive(
        &mut self,
        name: &Name<'_>,
        texts: &Texts<'_>,
    ) -> Result<Option<(usize, Entry)>, Stop> {
        let (_, found) = self.find(name.hash(), name, texts)?;
        Ok(found.filter(|(_, entry)| entry.fate == Fate::Alive))
    }

    /// Adds a field; of two with one name the rules say which is written.
    #[inline(never)]
    pub(crate) fn add(
        &mut self,
        kind: Kind,
        key: (u32, u32),
        value: (u32, u32),
        texts: &Texts<'_>,
    ) -> Result<(), Stop> {
        let mut entry = Entry {
            key,
            value,
            hash: 0,
            kind,
            fate: Fate::Alive,
        };
        let name = texts.name(&entry);
        entry.hash = name.hash();
        if self.len >= self.entries.len() {
            return Err(Stop::Full);
        }
        let (slot, found) = self.find(entry.hash, &name, texts)?;
        let mut takes_slot = true;
        if let Some((index, mut old)) = found
            && old.fate == Fate::Alive
        {
            let same = texts.same_value(&entry, &old);
            let (new_rank, old_rank) = (entry.kind.rank(), old.kind.rank());
            let replace = texts.settings.existing == Existing::Replace;
            takes_slot = new_rank == old_rank || (new_rank > old_rank) == replace;
            let (loser, winner_rank) = if takes_slot {
                (&mut old, new_rank)
            } else {
                (&mut entry, old_rank)
            };
            loser.fate = match loser.kind.rank() {
                _ if same => Fate::Gone,
                // What the settings say is not lost, and of the record's own fields the last one is meant.
                2 => Fate::Gone,
                0 if winner_rank == 0 => Fate::Gone,
                1 if winner_rank == 0 => Fate::Kept,
                _ => Fate::Replaced,
            };
            self.set(index, &old);
        }
        let index = self.len;
        self.len += 1;
        self.set(index, &entry);
        if takes_slot {
            self.point(slot, index);
        }
        Ok(())
    }

    /// Gives an entry the name of the message, which no entry has yet.
    pub(crate) fn make_message(
        &mut self,
        index: usize,
        mut entry: Entry,
        texts: &Texts<'_>,
    ) -> Result<(), Stop> {
        entry.kind = Kind::Message;
        let name = texts.name(&entry);
        entry.hash = name.hash();
        let (slot, _) = self.find(entry.hash, &name, texts)?;
        self.set(index, &entry);
        self.point(slot, index);
        Ok(())
    }

    fn point(&mut self, slot: usize, index: usize) {
        if let Some(place) = self.slots.get_mut(slot) {
            *place = (index as u32 + 1).to_le_bytes();
        }
    }
}
