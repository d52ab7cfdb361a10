//! Messages that are JSON objects, as applications write them: of a few dozen fields at the most, with names that nothing
//! else has. Their fields are copied to the record without a look at the rest of it, whose answer is remembered.
//! Whatever is otherwise is left to the whole filter, which gives the same answer where both can.
//!
//! Everything here is read as the record spells it, inside of a string: a quote is `\"`, a backslash `\\`.

use core::cell::RefCell;

use leafpack_filter_cri::{Found, Head};
use leafpack_fluent_bit::json::{Fields, byte, next_special, value_end, word};
use leafpack_fluent_bit::{Call, Memo};

use crate::escaped::{QUOTE, Room, nested_end, pair, skip_space, string_end};
use crate::settings::Settings;
use crate::shapes::{self, Field, Shapes, WITH_MESSAGE, WITHOUT_MESSAGE};

/// Fields that a message may have here.
const FIELDS: usize = 48;

/// Numbers that a field takes: where its key and its value start and end.
const CELLS: usize = 4;

/// Added to where a key ends, its place in `message`, and to where a value starts, its kind; so records are shorter.
const SHIFT: u32 = 24;

/// Places in the table of names: many, for names that share a place are left to the whole filter.
const NAMES: usize = 8192;

/// In the table: the name is taken. Above it: a name of `message`, by its place in the list.
const TAKEN: u16 = 0xffe0;

/// Names that `message` may have here.
const MESSAGES: usize = 16;

/// The kind of what is remembered: four bytes with the length of what stands before the message's fields, from the closing
/// quote of the message on; this; and what stands behind them.
const KIND: u32 = 0x200;

/// The only field of a message that shows where such fields go, and the field itself.
const PROBE: &[u8] = br#"{\"x-leafpack-probe\":0}"#;
const PROBED: &[u8] = br#","x-leafpack-probe":0"#;

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct QuickBody {
    work: RefCell<Work>,
    /// The answer depends on the tag.
    by_tag: bool,
    enabled: bool,
    /// Names that begin so are taken.
    prefixes: [&'static [u8]; 4],
    /// Where the message may be, best first.
    messages: [&'static [u8]; MESSAGES],
}

#[derive(Debug, Default)]
struct Work {
    /// What is known of each name, by its hash: [`TAKEN`] or more, or the number of the last record that had it.
    names: &'static mut [[u8; 2]],
    fields: &'static mut [[u8; 4]],
    record: u16,
    shapes: Shapes,
    /// The tree of the last record.
    root: u8,
}

impl QuickBody {
    /// Bytes of memory that [`Self::keep`] wants.
    pub(crate) const MEMORY: usize = NAMES * 2 + FIELDS * CELLS * 4 + Shapes::MEMORY;

    /// `plain`: nothing else keeps the filter from remembering.
    pub(crate) fn new(settings: &Settings, plain: bool) -> Self {
        let tenant = &settings.tenant;
        let mut messages = [&b""[..]; MESSAGES];
        let mut names = tenant.message.names();
        for (place, name) in messages.iter_mut().zip(&mut names) {
            *place = name;
        }
        Self {
            by_tag: settings.cri.from_tag,
            enabled: plain
                && settings.json_body.merge
                && settings.json_body.prefix.is_empty()
                && tenant.message_field == b"_msg"
                && names.next().is_none(),
            prefixes: tenant.kubernetes.reserved_prefixes(),
            messages,
            ..Self::default()
        }
    }

    pub(crate) fn keep(&mut self, memory: &'static mut [u8]) {
        if let Some((shapes, memory)) = memory.split_at_mut_checked(Shapes::MEMORY)
            && let Some((names, fields)) = memory.split_at_mut_checked(NAMES * 2)
        {
            self.work = RefCell::new(Work {
                names: names.as_chunks_mut().0,
                fields: fields.as_chunks_mut().0,
                record: 0,
                shapes: Shapes::new(shapes),
                root: WITH_MESSAGE,
            });
        }
    }

    /// Answers a record whose message, from `start` on, is such an object, if the fields behind the line are the last
    /// ones: see [`leafpack_fluent_bit::Settings::quick`].
    #[inline(never)]
    pub(crate) fn answer(
        &self,
        memo: &Memo,
        tag: &[u8],
        record: &[u8],
        head: Head<'_>,
        room: &mut [u8],
    ) -> usize {
        let start = Head::LEN;
        let answered = memo.recall(
            KIND,
            || tag,
            record,
            |end, answer| {
                let mut work = self.work.try_borrow_mut().ok()?;
                let mut room = Room { text: room, len: 0 };
                let (before, answer) = answer.split_first_chunk()?;
                let before = u32::from_le_bytes(*before) as usize;
                let (before, after) = answer.split_at_checked(before)?;
                let message = record.get(start..end)?;
                let mut root = work.root;
                // As the last record, else as others, else as it is read and learnt now.
                for try_read in [false, false, true] {
                    if try_read {
                        root = self.read(&mut work, record, start, end)?;
                    }
                    room.len = 0;
                    if root == WITH_MESSAGE {
                        room.put(&head.without_message())?;
                        room.put(before.get(1..)?)?;
                    } else {
                        room.put(&head.with_message())?;
                        room.put(message)?;
                        room.put(before)?;
                    }
                    if work
                        .shapes
                        .write(root, record, start, end, &mut room)
                        .is_some()
                    {
                        work.root = root;
                        room.put(after)?;
                        *room.text.get_mut(room.len)? = 0;
                        return Some(room.len);
                    }
                    root = WITH_MESSAGE + WITHOUT_MESSAGE - root;
                }
                None
            },
        );
        answered.flatten().unwrap_or(0)
    }

    /// Reads the fields of the object between two places of the record, and has the tree that it returns learn them.
    /// `None`: it is left to the whole filter.
    #[inline(never)]
    fn read(&self, work: &mut Work, record: &[u8], start: usize, end: usize) -> Option<u8> {
        if end >> SHIFT != 0 {
            return None;
        }
        work.begin();
        let mut cells = 0;
        let mut best = MESSAGES;
        let mut seen = 0u32;
        let mut at = start;
        loop {
            at = skip_space(record, at + 1);
            let key = at + 2;
            at = next_special(record, key);
            let name = record.get(key..at)?;
            if pair(record, key - 2) != QUOTE || pair(record, at) != QUOTE || name.is_empty() {
                return None;
            }
            let known = work.meet(record, key, name)?;
            let begins = |prefix: &&[u8]| {
                !prefix.is_empty() && name.first() == prefix.first() && name.starts_with(prefix)
            };
            if known == TAKEN || self.prefixes.iter().any(begins) {
                return None;
            }
            let mut rank = MESSAGES;
            if known > TAKEN {
                rank = usize::from(known - TAKEN - 1);
                // Another name may have the same place, and each may be there once.
                if *self.messages.get(rank)? != name || seen >> rank & 1 == 1 {
                    return None;
                }
                seen |= 1 << rank;
            }
            at = skip_space(record, at + 2);
            if byte(record, at) != b':' {
                return None;
            }
            at = skip_space(record, at + 1);
            let mut kind = 0;
            let value;
            let stop;
            if pair(record, at) == QUOTE {
                kind = shapes::STRING;
                value = at + 2;
                stop = string_end(record, value)?;
                if rank < best && stop > value {
                    best = rank;
                }
                at = stop + 2;
            } else {
                value = at;
                at = match byte(record, at) {
                    b'{' | b'[' => {
                        kind = shapes::NESTED;
                        nested_end(record, at)?
                    }
                    // It ends the record's string, and with it what was taken for the message.
                    b'"' => return None,
                    _ => value_end(record, at)?.0,
                };
                stop = at;
            }
            work.note(
                cells,
                [
                    key,
                    (key + name.len()) | (rank << SHIFT),
                    value | (usize::from(kind) << SHIFT),
                    stop,
                ],
            )?;
            cells += CELLS;
            at = skip_space(record, at);
            match byte(record, at) {
                b',' => {}
                b'}' if at + 1 == end => return work.learn(record, start, end, cells, best),
                _ => return None,
            }
        }
    }

    /// Whether it would be of use to [`Self::learn`] what surrounds the fields of this line's message.
    pub(crate) fn wants(&self, memo: &Memo, call: &Call<'_>, found: &Found<'_>) -> bool {
        // What is cheap to know comes first: most lines that come here have no such message.
        self.enabled
            && found.line.tags == b"F"
            && found.is_raw()
            && found.line.message.first() == Some(&b'{')
            && found.rest.len() <= Memo::REST
            // In the memo an empty tag stands for any.
            && !(self.by_tag && call.tag.is_empty())
            && memo.recall(KIND, || call.tag, found.rest, |start, _| start == 0) != Some(true)
    }

    /// The parts of a record like that of the line, with a message of one field.
    pub(crate) fn probe<'a>(found: &Found<'a>) -> [&'a [u8]; 3] {
        [
            b"{\"log\":\"1970-01-01T00:00:00Z stdout F ",
            PROBE,
            found.rest,
        ]
    }

    /// Remembers that such records are left to the whole filter.
    pub(crate) fn give_up(&self, memo: &Memo, call: &Call<'_>, found: &Found<'_>) {
        let nowhere = u32::MAX.to_le_bytes();
        memo.learn(KIND, call.tag, self.by_tag, found.rest, &[&nowhere]);
    }

    /// Learns from the answer to that record.
    #[inline(never)]
    pub(crate) fn learn(
        &self,
        memo: &Memo,
        call: &Call<'_>,
        found: &Found<'_>,
        answer: &[u8],
        settings: &Settings,
    ) -> Option<()> {
        // A record with such a field of its own would show something else.
        let name = b"x-leafpack-probe";
        if found.rest.windows(name.len()).any(|text| text == name) {
            return None;
        }
        let mut work = self.work.try_borrow_mut().ok()?;
        let head = b"{\"_time\":\"1970-01-01T00:00:00Z\",\"stream\":\"stdout\",\"_msg\":\"";
        let rest = answer.strip_prefix(head)?.strip_prefix(PROBE)?;
        let mut places = rest
            .windows(PROBED.len())
            .enumerate()
            .filter(|(_, text)| *text == PROBED);
        let (before, _) = places.next()?;
        if places.next().is_some() {
            return None;
        }
        // Names that other records have stay taken: what they cost is speed.
        let mut fields = Fields::new(answer);
        while fields.advance() {
            let name = fields.field().key;
            // Other spellings of a name are not told.
            if name.iter().any(|byte| *byte == b'\\' || *byte >= 0x80) {
                return None;
            }
            work.mark(name, TAKEN);
        }
        let tenant = &settings.tenant;
        for names in tenant.kubernetes.reserved_names() {
            for name in names {
                work.mark(name, TAKEN);
            }
        }
        for name in tenant.drop.names() {
            work.mark(name, TAKEN);
        }
        for (rank, name) in self.messages.iter().enumerate() {
            if !name.is_empty() {
                work.mark(name, TAKEN + 1 + rank as u16);
            }
        }
        let behind = rest.get(before + PROBED.len()..)?;
        let len = (before as u32).to_le_bytes();
        let answer = [&len[..], rest.get(..before)?, behind];
        memo.learn(KIND, call.tag, self.by_tag, found.rest, &answer);
        Some(())
    }
}

impl Work {
    /// Starts a new record.
    fn begin(&mut self) {
        self.record += 1;
        if self.record == TAKEN {
            for name in self.names.iter_mut() {
                if u16::from_le_bytes(*name) < TAKEN {
                    *name = [0; 2];
                }
            }
            self.record = 1;
        }
    }

    /// Notes a field. `None`: there is no room.
    #[inline(always)]
    fn note(&mut self, at: usize, cells: [usize; CELLS]) -> Option<()> {
        let places = self.fields.get_mut(at..at + CELLS)?;
        for (place, cell) in places.iter_mut().zip(cells) {
            *place = (cell as u32).to_le_bytes();
        }
        Some(())
    }

    /// Remembers the shape of a message whose fields are noted, of which that with the place `best` in `message` becomes
    /// the record's. Returns its tree.
    #[inline(never)]
    fn learn(
        &mut self,
        record: &[u8],
        start: usize,
        end: usize,
        cells: usize,
        best: usize,
    ) -> Option<u8> {
        let root = if best == MESSAGES {
            WITHOUT_MESSAGE
        } else {
            WITH_MESSAGE
        };
        let Work { fields, shapes, .. } = self;
        let fields = fields.get(..cells)?;
        let fields = fields.as_chunks::<CELLS>().0.iter().map(|cells| {
            let [key, key_end, value, stop] = cells.map(u32::from_le_bytes);
            let place = |cell: u32| (cell & !(u32::MAX << SHIFT)) as usize;
            let rank = (key_end >> SHIFT) as usize;
            let mut kind = (value >> SHIFT) as u8;
            let mut name = record.get(place(key)..place(key_end)).unwrap_or_default();
            // Which field is the message depends on which of them are empty.
            if kind == shapes::STRING && rank < MESSAGES {
                if rank == best {
                    kind |= shapes::FILLED;
                    name = b"_msg";
                } else if rank < best {
                    kind |= shapes::EMPTY;
                }
            }
            Field {
                name,
                kind,
                value: place(value),
                stop: place(stop),
            }
        });
        shapes.learn(root, record, start, end, fields)?;
        Some(root)
    }

    /// What is known of a name, which is from now on known to be in this record. `None`: it was already, or another is
    /// at its place.
    #[inline(always)]
    fn meet(&mut self, record: &[u8], start: usize, name: &[u8]) -> Option<u16> {
        let first = word(record, start);
        let place = self.names.get_mut(hash(first, name))?;
        let known = u16::from_le_bytes(*place);
        if known < TAKEN {
            *place = self.record.to_le_bytes();
        }
        (known != self.record).then_some(known)
    }

    /// Marks the place of a name; that it is taken says more than that it may be the message.
    #[inline(never)]
    fn mark(&mut self, name: &[u8], mark: u16) {
        let mut first = [0; 8];
        for (place, byte) in first.iter_mut().zip(name) {
            *place = *byte;
        }
        if let Some(place) = self.names.get_mut(hash(u64::from_le_bytes(first), name))
            && (mark == TAKEN || u16::from_le_bytes(*place) < TAKEN)
            && *place != mark.to_le_bytes()
        {
            *place = mark.to_le_bytes();
            // What was learnt may not hold any more.
            self.shapes.clear();
        }
    }
}

/// A place in the table; `first` holds the first eight bytes of the name, or what follows a shorter one in the record.
#[inline(always)]
fn hash(first: u64, name: &[u8]) -> usize {
    let len = name.len();
    let (first, last) = match name.last_chunk() {
        Some(last) => (first, u64::from_le_bytes(*last)),
        None => (first & !(u64::MAX << ((len * 8) & 63)), 0),
    };
    let mixed = (first ^ last.rotate_left(29) ^ len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 51) as usize
}
