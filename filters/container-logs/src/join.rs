//! Joining the fragments of a line, in `join: filter`.
//!
//! The host calls a filter once a record, and never otherwise: there is no timer and no call at the end. So what is
//! held back here is as good as lost when the process dies, and the rules see to it that this is little:
//!
//! - Only a fragment that a runtime cut for its length is held: [`HOLD_FROM`] bytes or more. (A process that ends without
//!   a line feed leaves a `P` that no `F` follows; it is short as a rule, and goes on at once, marked.)
//! - Lines of up to [`PENDING`] containers and streams are held at a time. One more, and the oldest goes on, marked.
//! - A line that outgrows its place goes on as it is by then, marked, and its rest begins anew.

use core::cell::{Cell, RefCell};

use leafpack_filter_cri::Stream;
use leafpack_fluent_bit::Output;

/// Length of the shortest fragment that starts a held line, in bytes as escaped in JSON.
pub const HOLD_FROM: usize = 4096;

/// How many lines are held at the same time.
pub const PENDING: usize = 8;

/// Bytes for one held line, its tag and the other fields of its record.
pub const PLACE: usize = 160 * 1024;

/// One more than lines are held, so that the oldest can still be read while the newest is written.
const PLACES: usize = PENDING + 1;

/// A fragment, as slices of its record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fragment<'a> {
    pub(crate) tag: &'a [u8],
    pub(crate) time: &'a [u8],
    pub(crate) stream: Stream,
    /// `P` and `F` say no more than that; others go into the record.
    pub(crate) tags: &'a [u8],
    /// Escaped, as in the record.
    pub(crate) message: &'a [u8],
    /// The record from the quote behind the line on.
    pub(crate) rest: &'a [u8],
}

/// A held line; what it holds stands in its place in this order: tag, rest, time, message.
#[derive(Debug, Clone, Copy)]
struct Held {
    /// 0: the place is free. Else the higher the later it was begun.
    order: u32,
    stream: Stream,
    /// Where the rest, the time and the message start, and where that ends.
    ends: [usize; 4],
}

const FREE: Held = Held {
    order: 0,
    stream: Stream::Stdout,
    ends: [0; 4],
};

/// The lines that are held.
#[derive(Debug)]
pub(crate) struct Join {
    memory: RefCell<&'static mut [u8]>,
    held: [Cell<Held>; PLACES],
    orders: Cell<u32>,
    pending: Cell<u32>,
    /// What is to happen when the answer stands. Until then the filter may be called again for the same record.
    change: Cell<Option<Change>>,
}

impl Default for Join {
    fn default() -> Self {
        Self {
            memory: RefCell::default(),
            held: [const { Cell::new(FREE) }; PLACES],
            orders: Cell::new(0),
            pending: Cell::new(0),
            change: Cell::new(None),
        }
    }
}

/// What changes about the held lines by an answer.
#[derive(Debug, Clone, Copy, Default)]
struct Change {
    /// The place that is free now.
    spent: Option<usize>,
    /// The place of a new line.
    begun: Option<(usize, Held)>,
}

/// What becomes of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Joined<'a> {
    /// Nothing is held for it, and it is not held: it goes on as it came.
    Alone,
    /// It is held.
    Held,
    /// The record to go on with instead, and its tag.
    Record { record: &'a [u8], tag: &'a [u8] },
}

impl Join {
    /// Bytes that [`Self::new`] wants.
    pub(crate) const MEMORY: usize = PLACES * PLACE;

    pub(crate) fn new(memory: &'static mut [u8]) -> Self {
        Self {
            memory: RefCell::new(memory),
            ..Self::default()
        }
    }

    /// Whether no line is held, so that a full line can go on without a look.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.get() == 0
    }

    /// The call is over, and the answer stands or was of no use.
    #[inline]
    pub(crate) fn answered(&self, stands: bool) {
        if let Some(change) = self.change.take()
            && stands
        {
            self.apply(change);
        }
    }

    #[inline(never)]
    fn apply(&self, change: Change) {
        if let Some(cell) = change.spent.and_then(|place| self.held.get(place)) {
            cell.set(FREE);
            self.pending.set(self.pending.get().wrapping_sub(1));
        }
        if let Some((place, mut held)) = change.begun
            && let Some(cell) = self.held.get(place)
        {
            self.orders.set(self.orders.get().wrapping_add(1).max(1));
            held.order = self.orders.get();
            cell.set(held);
            self.pending.set(self.pending.get().wrapping_add(1));
        }
    }

    /// Takes a fragment, or the end of a line.
    #[inline(never)]
    pub(crate) fn take<'o>(&self, fragment: &Fragment<'_>, out: &mut Output<'o>) -> Joined<'o> {
        self.change.set(None);
        let partial = fragment.tags == b"P";
        let Ok(mut memory) = self.memory.try_borrow_mut() else {
            return Joined::Alone;
        };
        let places = memory.as_chunks_mut::<PLACE>().0;
        let mut own = PLACES;
        let mut free = PLACES;
        let mut oldest = PLACES;
        let mut lowest = u32::MAX;
        for (index, (held, place)) in self.held.iter().zip(places.iter()).enumerate() {
            let held = held.get();
            if held.order == 0 {
                free = index;
            } else if held.stream == fragment.stream && held.part(place, 0) == fragment.tag {
                own = index;
            } else if held.order < lowest {
                lowest = held.order;
                oldest = index;
            }
        }
        if let (Some(cell), Some(place)) = (self.held.get(own), places.get_mut(own)) {
            let mut held = cell.get();
            if partial && held.append(place, fragment.message) {
                cell.set(held);
                return Joined::Held;
            }
            // The end of the line, or more than fits: it goes on with the fields of this record.
            let whole = Fragment {
                time: held.part(place, 2),
                ..*fragment
            };
            self.change.set(Some(Change {
                spent: Some(own),
                begun: None,
            }));
            return record(&whole, held.part(place, 3), out);
        }
        if !partial || fragment.message.len() < HOLD_FROM {
            return Joined::Alone;
        }
        let Some(place) = places.get_mut(free) else {
            return Joined::Alone;
        };
        let mut held = Held {
            stream: fragment.stream,
            ..FREE
        };
        if !held.fill(place, fragment) {
            return Joined::Alone;
        }
        let mut change = Change {
            spent: None,
            begun: Some((free, held)),
        };
        let full = self.pending.get() as usize >= PENDING;
        let answer = match (self.held.get(oldest), places.get(oldest)) {
            (Some(cell), Some(place)) if full => {
                let old = cell.get();
                let fragment = Fragment {
                    tag: old.part(place, 0),
                    rest: old.part(place, 1),
                    time: old.part(place, 2),
                    stream: old.stream,
                    tags: b"P",
                    message: b"",
                };
                change.spent = Some(oldest);
                record(&fragment, old.part(place, 3), out)
            }
            _ => Joined::Held,
        };
        self.change.set(Some(change));
        answer
    }
}

impl Held {
    /// The tag, the rest, the time or the message.
    fn part<'p>(&self, place: &'p [u8; PLACE], index: usize) -> &'p [u8] {
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or_default(),
            None => 0,
        };
        let end = self.ends.get(index).copied().unwrap_or_default();
        place.get(start..end).unwrap_or_default()
    }

    fn fill(&mut self, place: &mut [u8; PLACE], fragment: &Fragment<'_>) -> bool {
        let parts = [fragment.tag, fragment.rest, fragment.time, fragment.message];
        let mut end = 0;
        for (part, ended) in parts.iter().zip(&mut self.ends) {
            let Some(free) = place.get_mut(end..end + part.len()) else {
                return false;
            };
            free.copy_from_slice(part);
            end += part.len();
            *ended = end;
        }
        true
    }

    fn append(&mut self, place: &mut [u8; PLACE], message: &[u8]) -> bool {
        let [.., end] = &mut self.ends;
        let Some(free) = place.get_mut(*end..*end + message.len()) else {
            return false;
        };
        free.copy_from_slice(message);
        *end += message.len();
        true
    }
}

/// The record of a line with `before` in front of its message. [`Joined::Alone`]: there is no room, and the output says so.
fn record<'o>(fragment: &Fragment<'_>, before: &[u8], out: &mut Output<'o>) -> Joined<'o> {
    let parts: [&[u8]; 10] = [
        b"{\"log\":\"",
        fragment.time,
        b" ",
        fragment.stream.name(),
        b" ",
        fragment.tags,
        b" ",
        before,
        fragment.message,
        fragment.rest,
    ];
    let mut len = fragment.tag.len();
    for part in parts {
        len += part.len();
    }
    let Some(memory) = out.scratch(len) else {
        return Joined::Alone;
    };
    let Some((record, tag)) = memory.split_at_mut_checked(len - fragment.tag.len()) else {
        return Joined::Alone;
    };
    let mut text = Output::new(&mut *record);
    for part in parts {
        text.push(part);
    }
    Output::new(&mut *tag).push(fragment.tag);
    Joined::Record { record, tag }
}
