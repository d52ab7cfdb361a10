//! Messages that are JSON objects, as applications write them: of a few dozen fields at the most, with names that nothing
//! else has. Their fields are copied to the record without a look at the rest of it, whose answer is remembered.
//! Whatever is otherwise is left to the whole filter, which gives the same answer where both can.
//!
//! Everything here is read as the record spells it, inside of a string: a quote is `\"`, a backslash `\\`.

use core::cell::RefCell;

use leafpack_filter_cri::{Found, Head, Memo};
use leafpack_fluent_bit::Call;
use leafpack_fluent_bit::json::{Fields, byte, plain_len, specials, unescape, value_end, word};

use crate::settings::Settings;

/// Fields that a message may have here.
const FIELDS: usize = 48;

/// Numbers that a field takes: where its key and its value start and end.
const CELLS: usize = 4;

/// Added to where a value starts: it is a string; it holds escapes; it is an object or a list.
const STRING: u32 = 1 << 31;
const ESCAPED: u32 = 1 << 30;
const NESTED: u32 = 1 << 29;
const FLAGS: u32 = STRING | ESCAPED | NESTED;

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
}

/// A message that was read.
struct Body {
    /// How many cells it takes.
    cells: usize,
    /// The first cell of the field that becomes the message; [`NONE`] for the message's whole text.
    message: usize,
}

const NONE: usize = usize::MAX;

impl QuickBody {
    /// Bytes of memory that [`Self::keep`] wants.
    pub(crate) const MEMORY: usize = NAMES * 2 + FIELDS * CELLS * 4;

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
        if let Some((names, fields)) = memory.split_at_mut_checked(NAMES * 2) {
            self.work = RefCell::new(Work {
                names: names.as_chunks_mut().0,
                fields: fields.as_chunks_mut().0,
                record: 0,
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
                let body = self.read(&mut work, record, start, end)?;
                let mut room = Room { text: room, len: 0 };
                let (before, answer) = answer.split_first_chunk()?;
                let before = u32::from_le_bytes(*before) as usize;
                let (before, after) = answer.split_at_checked(before)?;
                if body.message == NONE {
                    room.put(&head.with_message())?;
                    room.put(record.get(start..end)?)?;
                    room.put(before)?;
                } else {
                    room.put(&head.without_message())?;
                    room.put(before.get(1..)?)?;
                }
                let mut field = 0;
                while field < body.cells {
                    room.put(b",\"")?;
                    if field == body.message {
                        room.put(b"_msg")?;
                    } else {
                        room.put(record.get(work.cell(field)..work.cell(field + 1))?)?;
                    }
                    room.put(b"\":")?;
                    let start = work.cell(field + 2) as u32;
                    let value = record.get((start & !FLAGS) as usize..work.cell(field + 3))?;
                    let quote: &[u8] = if start & STRING == 0 { b"" } else { b"\"" };
                    room.put(quote)?;
                    let from = room.len;
                    if start & ESCAPED == 0 {
                        room.put(value)?;
                    } else {
                        room.put_unescaped(value)?;
                    }
                    if start & NESTED != 0 && !room.is_value(from) {
                        return None;
                    }
                    room.put(quote)?;
                    field += CELLS;
                }
                room.put(after)?;
                *room.text.get_mut(room.len)? = 0;
                Some(room.len)
            },
        );
        answered.flatten().unwrap_or(0)
    }

    /// Reads the fields of the object between two places of the record. `None`: it is left to the whole filter.
    #[inline(never)]
    fn read(&self, work: &mut Work, record: &[u8], start: usize, end: usize) -> Option<Body> {
        work.begin();
        let mut body = Body {
            cells: 0,
            message: NONE,
        };
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
            let mut value = at as u32;
            let stop;
            if pair(record, at) == QUOTE {
                let (string_end, escaped) = string_end(record, at + 2)?;
                if rank < best && string_end > at + 2 {
                    best = rank;
                    body.message = body.cells;
                }
                value = (at as u32 + 2) | STRING | escaped;
                stop = string_end;
                at = stop + 2;
            } else if let b'{' | b'[' = byte(record, at) {
                stop = nested_end(record, at)?;
                value |= NESTED | ESCAPED;
                at = stop;
            } else if byte(record, at) == b'"' {
                // It ends the record's string, and with it what was taken for the message.
                return None;
            } else {
                (stop, _) = value_end(record, at)?;
                at = stop;
            }
            work.note(
                &mut body,
                [key as u32, (key + name.len()) as u32, value, stop as u32],
            )?;
            at = skip_space(record, at);
            match byte(record, at) {
                b',' => {}
                b'}' if at + 1 == end => return Some(body),
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

    #[inline(always)]
    fn cell(&self, at: usize) -> usize {
        self.fields
            .get(at)
            .map_or(0, |cell| u32::from_le_bytes(*cell) as usize)
    }

    /// Notes a field. `None`: there is no room.
    #[inline(always)]
    fn note(&mut self, body: &mut Body, cells: [u32; CELLS]) -> Option<()> {
        let places = self.fields.get_mut(body.cells..body.cells + CELLS)?;
        for (place, cell) in places.iter_mut().zip(cells) {
            *place = cell.to_le_bytes();
        }
        body.cells += CELLS;
        Some(())
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
        {
            *place = mark.to_le_bytes();
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

/// A quote inside of the message, as the record spells it.
const QUOTE: u16 = u16::from_le_bytes(*b"\\\"");
/// The start of an escape of the host's.
const UNICODE: u16 = u16::from_le_bytes(*b"\\u");
/// A backslash.
const BACKSLASH: u16 = u16::from_le_bytes(*b"\\\\");

/// Two bytes of the record; 0 behind its end.
#[inline(always)]
fn pair(record: &[u8], at: usize) -> u16 {
    record
        .get(at..)
        .and_then(<[u8]>::first_chunk)
        .map_or(0, |pair| u16::from_le_bytes(*pair))
}

/// Where the next byte stands that is no space. (Line feeds and tabs are escapes here: a bare one is not to be passed on.)
#[inline(always)]
fn skip_space(record: &[u8], mut at: usize) -> usize {
    while byte(record, at) == b' ' {
        at += 1;
    }
    at
}

/// Where the next byte stands that a string does not hold as it is, or the record's end.
#[inline(always)]
fn next_special(record: &[u8], mut at: usize) -> usize {
    loop {
        // Word by word, for most strings here are short. Behind the record's end there are zeros, which are found too.
        let marks = specials(word(record, at));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
}

/// Where the string ends whose content starts at `at`, and [`ESCAPED`] or 0. `None`: it is left to the whole filter.
#[inline(never)]
fn string_end(record: &[u8], mut at: usize) -> Option<(usize, u32)> {
    let mut escaped = 0;
    loop {
        at = next_special(record, at);
        let next = byte(record, at + 2);
        at += match pair(record, at) {
            QUOTE => return Some((at, escaped)),
            // An escape of the message's own.
            BACKSLASH => match next {
                b'n' | b't' | b'r' | b'b' | b'f' | b'/' => 3,
                b'\\' if matches!(pair(record, at + 2), QUOTE | BACKSLASH) => 4,
                _ => return None,
            },
            // A character beyond ASCII, as the host writes it from 4.1 on; not half of a pair.
            UNICODE if !matches!(next, b'd' | b'D') => {
                let digits = record.get(at + 2..at + 6)?;
                let is_ascii = digits.starts_with(b"00") && digits.get(2) < Some(&b'8');
                if is_ascii || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                6
            }
            // What else the host escapes.
            _ => return None,
        };
        escaped = ESCAPED;
    }
}

/// Where the object or list ends that starts at `at`, if it is one. `None`: it is left to the whole filter.
#[inline(never)]
fn nested_end(record: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    loop {
        match byte(record, at) {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'\\' if pair(record, at) == QUOTE => at = string_end(record, at + 2)?.0 + 1,
            b'\\' | b'"' | 0..0x20 => return None,
            _ => {}
        }
        at += 1;
    }
}

/// Where the answer is written.
struct Room<'a> {
    text: &'a mut [u8],
    len: usize,
}

impl Room<'_> {
    /// `None`: it does not fit.
    #[inline(always)]
    fn put(&mut self, text: &[u8]) -> Option<()> {
        let (place, _) = self
            .text
            .get_mut(self.len..)?
            .split_at_mut_checked(text.len())?;
        place.copy_from_slice(text);
        self.len += text.len();
        Some(())
    }

    /// Writes a text without one level of its escapes.
    #[inline(never)]
    fn put_unescaped(&mut self, mut text: &[u8]) -> Option<()> {
        loop {
            let at = plain_len(text);
            self.put(text.get(..at)?)?;
            match byte(text, at + 1) {
                _ if at == text.len() => return Some(()),
                b'u' => {
                    for byte in unescape(text.get(at..at + 6)?) {
                        self.put(&[byte])?;
                    }
                    text = text.get(at + 6..)?;
                }
                _ => {
                    self.put(text.get(at + 1..at + 2)?)?;
                    text = text.get(at + 2..)?;
                }
            }
        }
    }

    /// Whether what was written from here on is a JSON value.
    #[inline(never)]
    fn is_value(&self, from: usize) -> bool {
        let text = self.text.get(from..self.len).unwrap_or_default();
        value_end(text, 0).is_some_and(|(end, _)| end == text.len())
    }
}
