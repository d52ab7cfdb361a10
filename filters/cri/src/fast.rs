//! The records that nearly every call brings: a full CRI line in `log`, first, and the same fields behind it as in the
//! record before. What the whole filter made of those fields does not depend on the line, so it is remembered, and only
//! the line is read and written anew. For `cri`, and for filters that are made of it.

use leafpack_fluent_bit::json::{is_plain, same, string_end, word};
use leafpack_fluent_bit::msgpack::{MAX_STRING, has_zero, put_str, str_at};
use leafpack_fluent_bit::run::{Answer, Format, run};
use leafpack_fluent_bit::time::{LastMinute, RFC3339_LEN};
use leafpack_fluent_bit::{Call, Memo, Output, Verdict, msgpack};

use crate::line::{Line, Stream};
use crate::settings::{Names, Settings};

/// What the tail input puts before a line.
const HEAD: [u8; 8] = *b"{\"log\":\"";

/// What `multiline.parser cri` makes of a line: a template, with the places of time, stream and tag, and of the message.
const HOST_HEAD: [u8; 75] =
    *br#"{"time":"0000-00-00T00:00:00.000000000Z","stream":"stdout","_p":"F","log":""#;
const HOST_TIME: usize = 9;
const HOST_STREAM: usize = HOST_TIME + RFC3339_LEN + 12;
const HOST_TAG: usize = HOST_STREAM + 14;

/// The same in msgpack, behind the map's header.
const PACKED_HEAD: [u8; 4] = *b"\xa3log";

/// What stands before the message of a full line whose time has nine digits, as containerd nearly always writes it.
const PREFIX: usize = RFC3339_LEN + 10;

/// What stands before the message in the answer to such a line: a template, with the places of time and stream.
const JSON: [u8; 68] = *br#"{"_time":"0000-00-00T00:00:00.000000000Z","stream":"stdout","_msg":""#;
const JSON_TIME: usize = 10;
const JSON_STREAM: usize = JSON_TIME + RFC3339_LEN + 11;

/// The same in msgpack; the map's header is to be set.
const PACKED: [u8; 57] =
    *b"\x80\xa5_time\xbe0000-00-00T00:00:00.000000000Z\xa6stream\xa6stdout\xa4_msg";
const PACKED_TIME: usize = 8;
const PACKED_STREAM: usize = PACKED_TIME + RFC3339_LEN + 7;

/// Kinds of answers: of JSON records, and of msgpack records by their first byte, which counts their fields.
const JSON_KIND: u32 = 0;
const HOST_KIND: u32 = 1;
fn packed_kind(header: u8) -> u32 {
    0x100 | u32::from(header)
}

/// A line at the start of a record.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The line.
    pub line: Line<'a>,
    /// The record behind it: from its closing quote on, or, in msgpack, from the next field on.
    pub rest: &'a [u8],
    kind: u32,
}

impl Found<'_> {
    /// Whether it stands in `log` as the runtime wrote it, not read by the host.
    pub fn is_raw(&self) -> bool {
        self.kind != HOST_KIND
    }
}

/// The start of a record whose line is of the most frequent form.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a>(&'a [u8; PREFIX]);

impl Head<'_> {
    /// Its length: where the message starts.
    pub const LEN: usize = HEAD.len() + PREFIX;

    /// What the answer starts with, up to the message.
    #[inline(always)]
    pub fn with_message(self) -> [u8; 68] {
        let mut head = JSON;
        put_line(&mut head, self.0);
        head
    }

    /// What it starts with where the message stands elsewhere.
    #[inline(always)]
    pub fn without_message(self) -> [u8; 59] {
        const LEN: usize = JSON.len() - br#","_msg":""#.len();
        let mut head = [0; LEN];
        if let Some(start) = JSON.first_chunk() {
            head = *start;
        }
        put_line(&mut head, self.0);
        head
    }
}

/// What is remembered for the next record.
#[derive(Debug, Default)]
pub struct Fast {
    minute: LastMinute,
    memo: Memo,
    /// The answer depends on the tag.
    by_tag: bool,
    /// Messages that look like JSON objects are no part of this.
    bodies: bool,
    /// The line is in the field `log`.
    in_log: bool,
    /// Nothing is remembered otherwise.
    enabled: bool,
}

impl Fast {
    /// Bytes of memory that [`Self::keep`] wants.
    pub const MEMORY: usize = Memo::MEMORY;

    /// Bytes of room for a quick answer. Longer ones are given by the filter.
    pub const QUICK: usize = 65_536;

    /// For the filter `cri` with these settings. `bodies`: the whole filter looks at messages that may be JSON objects.
    pub fn new(settings: &Settings, bodies: bool) -> Self {
        Self {
            by_tag: settings.from_tag,
            bodies,
            in_log: settings.input == b"log",
            enabled: settings.names == Names::VictoriaLogs,
            ..Self::default()
        }
    }

    /// For a filter whose answer may depend on the line in other ways: everything is left to it.
    pub fn disable(&mut self) {
        self.enabled = false;
    }

    /// What is remembered, for a filter that has answers of a kind of its own.
    pub fn memo(&self) -> &Memo {
        &self.memo
    }

    /// Takes the memory in which it remembers; without, it remembers nothing.
    pub fn keep(&mut self, memory: &'static mut [u8]) {
        self.memo = Memo::new(memory);
    }

    /// Answers a record whose line is of the most frequent form, if the fields behind the line are the last ones: see
    /// [`leafpack_fluent_bit::Settings::quick`].
    #[inline(always)]
    pub fn quick<'t>(
        &self,
        format: Format,
        tag: impl Fn() -> &'t [u8],
        record: &[u8],
        room: &mut [u8],
    ) -> usize {
        let len = match format {
            Format::Json => self.quick_json(tag, record, room),
            Format::Msgpack => self.quick_packed(tag, record, room),
        };
        len.unwrap_or(0)
    }

    /// The start of a JSON record, if its line is of the most frequent form.
    #[inline(always)]
    pub fn head<'a>(&self, record: &'a [u8]) -> Option<Head<'a>> {
        let (head, _) = record.split_first_chunk::<{ Head::LEN }>()?;
        let prefix = head.last_chunk()?;
        // No part of the prefix holds a quote, so all of it lies inside of the string.
        let found = word(head, 0) == word(&HEAD, 0) && self.is_frequent(prefix);
        found.then_some(Head(prefix))
    }

    /// Whether anything is remembered.
    pub fn is_enabled(&self) -> bool {
        self.enabled && self.in_log
    }

    /// Finds the line of a JSON record.
    #[inline(never)]
    pub fn find<'a>(&self, record: &'a [u8]) -> Option<Found<'a>> {
        if !self.in_log {
            return None;
        }
        if let Some(prefix) = self.host_prefix(record) {
            let text = record.get(HOST_HEAD.len()..)?;
            let (message, rest) = text.split_at_checked(string_end(text, 0)?)?;
            let line = Line {
                time: record.get(HOST_TIME..HOST_TIME + RFC3339_LEN)?,
                stream: Line::parse(&prefix).ok()?.stream,
                tags: b"F",
                message,
            };
            let kind = HOST_KIND;
            return Some(Found { line, rest, kind });
        }
        let text = record.strip_prefix(&HEAD)?;
        // Nothing before the message can hold a quote.
        let mut line = Line::parse(text).ok()?;
        let text = line.message;
        let rest;
        (line.message, rest) = text.split_at_checked(string_end(text, 0)?)?;
        let kind = JSON_KIND;
        Some(Found { line, rest, kind })
    }

    /// The answer of the filter `whole` to a JSON record in which [`Self::find`] found this.
    #[inline]
    pub fn answer<S>(
        &self,
        found: Option<Found<'_>>,
        call: &Call<'_>,
        state: &S,
        out: &mut Output<'_>,
        whole: impl Fn(&Call<'_>, &S, &mut Output<'_>) -> Verdict,
    ) -> Verdict {
        let Some(found) = found.filter(|found| self.is_usual(&found.line)) else {
            return whole(call, state, out);
        };
        if self.write(call, &found, out) {
            return Verdict::Emit;
        }
        apart(call, state, out, whole, |answer, _| {
            self.learn(call, &found, answer);
        })
    }

    /// The answer to a msgpack record, where `json` is the filter for JSON.
    #[inline]
    pub fn answer_packed<S>(
        &self,
        call: &Call<'_>,
        state: &S,
        out: &mut Output<'_>,
        json: impl Fn(&Call<'_>, &S, &mut Output<'_>) -> Verdict,
    ) -> Verdict {
        let through = |call: &Call<'_>, state: &S, out: &mut Output<'_>| {
            msgpack::through_json(&json, call, state, out)
        };
        let record = call.record.unwrap_or_default();
        let found = self.find_packed(record);
        let Some(found) = found.filter(|found| self.is_usual(&found.line)) else {
            return through(call, state, out);
        };
        if self.write_packed(call, &found, out) {
            return Verdict::Emit;
        }
        apart(call, state, out, through, |answer, out| {
            self.learn_packed(call, &found, answer, out);
        })
    }

    #[inline(always)]
    fn quick_json<'t>(
        &self,
        tag: impl Fn() -> &'t [u8],
        record: &[u8],
        room: &mut [u8],
    ) -> Option<usize> {
        match self.head(record) {
            Some(Head(prefix)) => self.quick_line(JSON_KIND, prefix, Head::LEN, tag, record, room),
            None => self.quick_host(tag(), record, room),
        }
    }

    /// The same for a record that `multiline.parser cri` made.
    #[inline(never)]
    fn quick_host(&self, tag: &[u8], record: &[u8], room: &mut [u8]) -> Option<usize> {
        let prefix = self.host_prefix(record)?;
        self.quick_line(HOST_KIND, &prefix, HOST_HEAD.len(), || tag, record, room)
    }

    /// The start of the line that `multiline.parser cri` read, if it was of the most frequent form.
    #[inline(never)]
    fn host_prefix(&self, record: &[u8]) -> Option<[u8; PREFIX]> {
        let head: &[u8; HOST_HEAD.len()] = record.first_chunk()?;
        let mut bare = *head;
        let time: &[u8; RFC3339_LEN] = head.get(HOST_TIME..)?.first_chunk()?;
        let stream: &[u8; 6] = head.get(HOST_STREAM..)?.first_chunk()?;
        // A line that was joined has the tag of its first piece.
        let is_tag = matches!(head.get(HOST_TAG), Some(b'F' | b'P'));
        let mut prefix = *b"0000-00-00T00:00:00.000000000Z stdout F ";
        *prefix.first_chunk_mut()? = *time;
        *prefix.get_mut(RFC3339_LEN + 1..)?.first_chunk_mut()? = *stream;
        for (at, len) in [(HOST_TIME, RFC3339_LEN), (HOST_STREAM, 6), (HOST_TAG, 1)] {
            let place = bare.get_mut(at..at + len)?;
            place.copy_from_slice(HOST_HEAD.get(at..at + len)?);
        }
        (is_tag && same(&bare, &HOST_HEAD) && self.is_frequent(&prefix)).then_some(prefix)
    }

    #[inline(always)]
    fn quick_line<'t>(
        &self,
        kind: u32,
        prefix: &[u8; PREFIX],
        start: usize,
        tag: impl Fn() -> &'t [u8],
        record: &[u8],
        room: &mut [u8],
    ) -> Option<usize> {
        let answered = self.memo.recall(kind, tag, record, |end, answer| {
            let message = record.get(start..end)?;
            if !is_string(record, start, end) || !self.is_plain(message) {
                return None;
            }
            let (head, room) = room.split_first_chunk_mut()?;
            *head = JSON;
            put_line(head, prefix);
            finish(JSON.len(), message, answer, room)
        });
        answered.flatten()
    }

    /// The same for a record of msgpack.
    #[inline(always)]
    fn quick_packed<'t>(
        &self,
        tag: impl Fn() -> &'t [u8],
        record: &[u8],
        room: &mut [u8],
    ) -> Option<usize> {
        let ([header, name @ .., kind, high, low], _) = record.split_first_chunk::<8>()?;
        if u32::from_le_bytes(*name) != u32::from_le_bytes(PACKED_HEAD) {
            return None;
        }
        // Shorter strings are no such lines, and longer ones rare.
        let (start, len) = match *kind {
            0xd9 => (7, usize::from(*high)),
            0xda => (8, usize::from(*high) << 8 | usize::from(*low)),
            _ => return None,
        };
        let (prefix, _) = record.get(start..)?.split_first_chunk()?;
        if !self.is_frequent(prefix) {
            return None;
        }
        let answered = self
            .memo
            .recall(packed_kind(*header), tag, record, |end, answer| {
                let (went, answer) = answer.split_first()?;
                let message = record.get(start + PREFIX..end)?;
                if start + len != end || !self.is_plain(message) || has_zero(message) {
                    return None;
                }
                let (head, room) = room.split_first_chunk_mut()?;
                *head = PACKED;
                head[0] = *went;
                put_time(head, PACKED_TIME, prefix);
                put_stream(head, PACKED_STREAM, prefix, b"\xa6\xa4");
                let size = 1 + usize::from(message.len() > 31) + usize::from(message.len() > 255);
                let (header, room) = room.split_at_mut_checked(size)?;
                let [high, low] = (message.len() as u16).to_be_bytes();
                match header {
                    [a] => *a = 0xa0 | low,
                    [a, b] => (*a, *b) = (0xd9, low),
                    // A length of 512 is spelt otherwise.
                    [a, b, c] if low != 0 => (*a, *b, *c) = (0xda, high, low),
                    _ => return None,
                }
                finish(PACKED.len() + size, message, answer, room)
            });
        answered.flatten()
    }

    /// Whether a line starts like most do: with a time of nine digits, a stream, and the tag of a full line.
    #[inline(always)]
    fn is_frequent(&self, prefix: &[u8; PREFIX]) -> bool {
        // The two words share all but two of their bytes, and compare those of the tag.
        let (first, last) = (word(prefix, RFC3339_LEN), word(prefix, RFC3339_LEN + 2));
        let is_full = (first == word(b" stdout ", 0) && last == word(b"tdout F ", 0))
            || (first == word(b" stderr ", 0) && last == word(b"tderr F ", 0));
        match prefix.first_chunk() {
            Some(time) => is_full && self.minute.is_nine_digit_utc(time),
            None => false,
        }
    }

    /// Whether this message is no different from any other.
    #[inline(always)]
    fn is_plain(&self, message: &[u8]) -> bool {
        !(self.bodies && message.first() == Some(&b'{'))
    }

    /// Finds the line of a msgpack record.
    #[inline(never)]
    fn find_packed<'a>(&self, record: &'a [u8]) -> Option<Found<'a>> {
        let (text, rest) = self.packed_line(record)?;
        let line = Line::parse(text).ok()?;
        let fits = line.message.len() <= MAX_STRING && !has_zero(line.message);
        let kind = packed_kind(*record.first()?);
        fits.then_some(Found { line, rest, kind })
    }

    /// The string in the first field of a msgpack record, which is `log`, and what follows it.
    #[inline(always)]
    fn packed_line<'a>(&self, record: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let (header, fields) = record.split_first()?;
        let is_map = self.in_log && matches!(header, 0x81..=0x8f);
        if !is_map || fields.first_chunk() != Some(&PACKED_HEAD) {
            return None;
        }
        let (start, end) = str_at(record, 1 + PACKED_HEAD.len())?;
        Some((record.get(start..end)?, record.get(end..)?))
    }

    /// Whether the answer to this line is that to any other, but for the line.
    fn is_usual(&self, line: &Line<'_>) -> bool {
        self.enabled && line.tags == b"F" && self.is_plain(line.message)
    }

    /// Writes the answer to any usual line, if the fields behind it are the last ones.
    #[inline(never)]
    fn write(&self, call: &Call<'_>, found: &Found<'_>, out: &mut Output<'_>) -> bool {
        let tag = || call.tag;
        let written = self
            .memo
            .recall(found.kind, tag, found.rest, |start, answer| {
                start == 0 && {
                    for part in json_head(&found.line) {
                        out.push(part);
                    }
                    out.push(answer);
                    true
                }
            });
        written == Some(true)
    }

    /// As [`Self::write`].
    #[inline(never)]
    fn write_packed(&self, call: &Call<'_>, found: &Found<'_>, out: &mut Output<'_>) -> bool {
        let tag = || call.tag;
        let written = self
            .memo
            .recall(found.kind, tag, found.rest, |start, answer| {
                start == 0
                    && answer.split_first().is_some_and(|(went, answer)| {
                        packed_head(*went, &found.line, out);
                        out.push(answer);
                        true
                    })
            });
        written == Some(true)
    }

    /// Remembers what the whole filter made of this record.
    #[inline(never)]
    fn learn(&self, call: &Call<'_>, found: &Found<'_>, answer: &[u8]) {
        let mut rest = answer;
        for part in json_head(&found.line) {
            match rest.strip_prefix(part) {
                Some(more) => rest = more,
                None => return,
            }
        }
        // The message must end here: where the record has another one, its text may begin with this line's.
        if rest.first() != Some(&b'"') {
            return;
        }
        self.memo
            .learn(found.kind, call.tag, self.by_tag, found.rest, &[rest]);
    }

    /// As [`Self::learn`].
    #[inline(never)]
    fn learn_packed(
        &self,
        call: &Call<'_>,
        found: &Found<'_>,
        answer: &[u8],
        out: &mut Output<'_>,
    ) {
        let Some(went) = answer.first() else { return };
        let Some(memory) = out.scratch(found.line.message.len() + 128) else {
            return;
        };
        let mut head = Output::new(memory);
        packed_head(*went, &found.line, &mut head);
        let head = head.used().and_then(|len| memory.get(..len));
        if let Some(rest) = head.and_then(|head| answer.strip_prefix(head)) {
            let answer = [&[*went], rest];
            self.memo
                .learn(found.kind, call.tag, self.by_tag, found.rest, &answer);
        }
    }
}

/// Runs a filter apart from the output, so that its answer can be looked at.
#[inline(never)]
fn apart<S>(
    call: &Call<'_>,
    state: &S,
    out: &mut Output<'_>,
    filter: impl Fn(&Call<'_>, &S, &mut Output<'_>) -> Verdict,
    learn: impl FnOnce(&[u8], &mut Output<'_>),
) -> Verdict {
    let Some(memory) = out.scratch(out.room() / 4 * 3) else {
        return Verdict::Emit;
    };
    match run(filter, call, state, memory) {
        Answer::Record { len } => {
            let answer = memory.get(..len).unwrap_or_default();
            out.push(answer);
            learn(answer, out);
        }
        Answer::Same => return Verdict::Keep,
        Answer::Dropped => return Verdict::Drop,
        Answer::TooSmall => out.refuse(),
    }
    Verdict::Emit
}

/// Whether the part of a record from `from` on is the content of a string that ends at `end`. The 32 bytes before it
/// can stand in a string.
#[inline(always)]
fn is_string(record: &[u8], from: usize, end: usize) -> bool {
    let content = record.get(from.min(end.wrapping_sub(32))..end);
    content.is_some_and(is_plain) || string_end(record, from) == Some(end)
}

/// Writes what follows the head of an answer, and returns its length.
#[inline(always)]
fn finish(head: usize, message: &[u8], answer: &[u8], room: &mut [u8]) -> Option<usize> {
    let (place, room) = room.split_at_mut_checked(message.len())?;
    copy(place, message);
    let (place, room) = room.split_at_mut_checked(answer.len())?;
    copy(place, answer);
    *room.first_mut()? = 0;
    Some(head + message.len() + answer.len())
}

/// What the answer starts with for this line.
#[inline]
fn json_head<'a>(line: &Line<'a>) -> [&'a [u8]; 5] {
    [
        b"{\"_time\":\"",
        line.time,
        b"\",\"stream\":\"",
        match line.stream {
            Stream::Stdout => b"stdout\",\"_msg\":\"",
            Stream::Stderr => b"stderr\",\"_msg\":\"",
        },
        line.message,
    ]
}

/// The same in msgpack.
#[inline(never)]
fn packed_head(header: u8, line: &Line<'_>, out: &mut Output<'_>) {
    out.push(&[header]);
    for text in [
        &b"_time"[..],
        line.time,
        b"stream",
        line.stream.name(),
        b"_msg",
        line.message,
    ] {
        put_str(text, out);
    }
}

/// Copies time and stream of a line into the template of a JSON answer, or the start of it.
#[inline(always)]
fn put_line(head: &mut [u8], prefix: &[u8; PREFIX]) {
    put_time(head, JSON_TIME, prefix);
    put_stream(head, JSON_STREAM, prefix, b"\"\"");
}

/// Copies the time of a line into a template.
#[inline(always)]
fn put_time(head: &mut [u8], at: usize, prefix: &[u8; PREFIX]) {
    // The last two words share two digits.
    put(head, at, word(prefix, 0));
    put(head, at + 8, word(prefix, 8));
    put(head, at + 16, word(prefix, 16));
    put(head, at + 22, word(prefix, 22));
}

/// Copies the stream of a line into a template, between two bytes.
#[inline(always)]
fn put_stream(head: &mut [u8], at: usize, prefix: &[u8; PREFIX], around: &[u8; 2]) {
    let [before, behind] = *around;
    let spaces = u64::from(before ^ b' ') | u64::from(behind ^ b' ') << 56;
    put(head, at, word(prefix, RFC3339_LEN) ^ spaces);
}

/// Writes eight bytes at `at`.
#[inline(always)]
fn put(head: &mut [u8], at: usize, word: u64) {
    if let Some(place) = head.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *place = word.to_le_bytes();
    }
}

/// Copies a text to a place of its length.
#[inline(always)]
fn copy(place: &mut [u8], text: &[u8]) {
    if place.len() == text.len() {
        place.copy_from_slice(text);
    }
}
