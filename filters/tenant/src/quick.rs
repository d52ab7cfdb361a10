//! The records that nearly every call brings: texts of names that mean nothing here first (`log`, `time`, `stream`), and
//! behind them what the record before had, the pod's metadata above all. What the filter makes of them does not depend on
//! the texts, so it is found out once, with others in their place, and from then on only the texts are read and copied.

use core::cell::Cell;
use core::fmt;

use leafpack_fluent_bit::json::{Fields, Kind, find, position, same, string_end};
use leafpack_fluent_bit::run::{Answer, run};
use leafpack_fluent_bit::{Call, Memo, Output, Verdict};

use crate::settings::Settings;

/// Texts that a record may begin with.
const TEXTS: usize = 6;

/// What stands in place of the texts while that is found out; a letter follows that says which.
const PROBE: &[u8] = b"leafpack-probe-";

/// Names whose values decide something.
const MEANT: [&[u8]; 5] = [
    b"cluster",
    b"environment",
    b"tenant",
    b"kubernetes",
    b"kubernetes_namespace",
];

/// Answers in a row that may be found out for nothing.
const CREDIT: u8 = 32;

/// The only kind of what is remembered: each text's start, from the end of the one before on, behind their number; then in
/// the order of the answer what stands before each, and which it is; then how the answer ends. Every piece has its length in
/// two bytes before it.
const KIND: u32 = 0;

/// What is remembered.
#[derive(Default)]
pub(crate) struct Quick {
    memo: Memo,
    enabled: bool,
    credit: Cell<u8>,
}

impl fmt::Debug for Quick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quick").finish_non_exhaustive()
    }
}

/// Where a text stands in the record.
type Place = (usize, usize);

impl Quick {
    /// Bytes of memory that [`Self::keep`] wants.
    pub(crate) const MEMORY: usize = Memo::MEMORY;

    /// Bytes of room for a quick answer. Longer ones are given by the filter.
    pub(crate) const ROOM: usize = 65_536;

    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            // Without a prefix any key of the map may become any name.
            enabled: settings.kubernetes.lift != Some(b""),
            credit: Cell::new(CREDIT),
            ..Self::default()
        }
    }

    pub(crate) fn keep(&mut self, memory: &'static mut [u8]) {
        self.memo = Memo::new(memory);
    }

    /// See [`leafpack_fluent_bit::Settings::quick`].
    #[inline(never)]
    pub(crate) fn answer(&self, tag: &[u8], record: &[u8], room: &mut [u8]) -> usize {
        let answered = self.memo.recall(
            KIND,
            || tag,
            record,
            |end, known| {
                let mut known = Pieces(known);
                let mut texts = [(0, 0); TEXTS];
                let mut at = 0;
                for text in texts.iter_mut().take(known.number()?) {
                    let start = known.next()?;
                    if !same(record.get(at..at + start.len())?, start) {
                        return None;
                    }
                    let from = at + start.len();
                    at = string_end(record, from)?;
                    *text = (from, at);
                }
                if at != end {
                    return None;
                }
                let mut out = Output::new(room);
                for _ in 0..known.number()? {
                    out.push(known.next()?);
                    let (from, to) = *texts.get(known.number()?)?;
                    out.push(record.get(from..to)?);
                }
                out.push(known.next()?);
                let len = out.used()?;
                out.push(b"\0");
                out.used().map(|_| len)
            },
        );
        match answered.flatten() {
            Some(len) => {
                self.credit.set(CREDIT);
                len
            }
            None => 0,
        }
    }

    /// Finds out what `filter` makes of records like this one, if that may be of use.
    #[inline(never)]
    pub(crate) fn learn(
        &self,
        call: &Call<'_>,
        settings: &Settings,
        out: &mut Output<'_>,
        filter: impl Fn(&Call<'_>, &Settings, &mut Output<'_>) -> Verdict,
    ) -> Option<()> {
        let record = call.record?;
        let credit = self.credit.get();
        if !self.enabled || credit == 0 {
            return None;
        }
        let (texts, count) = texts(record, settings)?;
        let texts = texts.get(..count)?;
        let (_, end) = *texts.last()?;
        let rest = record.get(end..)?;
        let [first, others @ ..] = PROBE else {
            return None;
        };
        if rest.len() > Memo::REST || holds(rest, *first, |text| text.starts_with(others)) {
            return None;
        }
        // What is left need not be enough: the filter is called again then, with more.
        let probe = out.scratch(end + rest.len() + TEXTS * (PROBE.len() + 1))?;
        let answer = out.scratch(out.room() / 2)?;
        let memory = out.scratch(out.room() / 2)?;
        self.credit.set(credit - 1);

        let mut text = Output::new(&mut *probe);
        let mut known = Output::new(&mut *memory);
        known.push(&[count as u8]);
        let mut from = 0;
        for (index, (start, end)) in texts.iter().enumerate() {
            let before = record.get(from..*start)?;
            text.push(before);
            text.push(PROBE);
            text.push(&[b'A' + index as u8]);
            push(before, &mut known)?;
            from = *end;
        }
        text.push(rest);
        let len = text.used()?;
        let probed = Call {
            record: probe.get(..len),
            ..*call
        };
        // What stands in a record that cannot be read is escaped.
        let is_read = Cell::new(false);
        let watched = |call: &Call<'_>, settings: &Settings, out: &mut Output<'_>| {
            let verdict = filter(call, settings, out);
            is_read.set(verdict == Verdict::Emit);
            verdict
        };
        let answer = match run(watched, &probed, settings, &mut *answer) {
            Answer::Record { len } if is_read.get() => answer.get(..len)?,
            _ => return None,
        };

        let is_probe = |at: &usize| answer.get(*at..*at + PROBE.len()) == Some(PROBE);
        let places = || (0..answer.len()).filter(is_probe);
        known.push(&[places().count() as u8]);
        let mut from = 0;
        let mut seen = 0u32;
        for at in places() {
            push(answer.get(from..at)?, &mut known)?;
            from = at + PROBE.len() + 1;
            let index = answer.get(from - 1)?.wrapping_sub(b'A');
            let bit = 1u32.checked_shl(u32::from(index))?;
            if seen & bit != 0 {
                return None;
            }
            seen |= bit;
            known.push(&[index]);
        }
        // One that is not there may be dropped, or stand in a value of the settings that looks like it.
        if seen != (1 << count) - 1 {
            return None;
        }
        push(answer.get(from..)?, &mut known)?;
        let len = known.used()?;
        self.memo
            .learn(KIND, call.tag, false, rest, &[memory.get(..len)?]);
        Some(())
    }
}

/// The texts that a record begins with, and how many: those whose names mean nothing, and that no other field has.
fn texts(record: &[u8], settings: &Settings) -> Option<([Place; TEXTS], usize)> {
    let mut texts = [(0, 0); TEXTS];
    let mut count = 0;
    let mut fields = Fields::new(record);
    let mut names = [&b""[..]; TEXTS];
    while fields.advance() {
        let field = fields.field();
        let Some(text) = texts.get_mut(count) else {
            break;
        };
        if field.value.kind != Kind::String || !is_free(field.key, settings) {
            break;
        }
        // An empty one may be no message.
        if field.value.text.len() <= 2 || position(field.key, &names) < count {
            return None;
        }
        *text = (field.end - field.value.text.len() + 1, field.end - 1);
        *names.get_mut(count)? = field.key;
        count += 1;
    }
    let (_, end) = *texts.get(count.checked_sub(1)?)?;
    let rest = record.get(end..)?;
    // What stands in the map may become a field; other spellings of a name are not told.
    let names = names.get(..count)?;
    let is_known = |text: &[u8]| {
        let is_name = |name: &&[u8]| text.starts_with(name) && text.get(name.len()) == Some(&b'"');
        names.iter().any(is_name)
    };
    let is_free =
        !holds(rest, b'"', is_known) && !holds(rest, b'\\', |text| text.starts_with(b"u"));
    is_free.then_some((texts, count))
}

/// Whether what a text holds behind some byte of this value is `found`.
#[inline]
fn holds(mut text: &[u8], first: u8, found: impl Fn(&[u8]) -> bool) -> bool {
    while let Some(behind) = text.get(find(text, first) + 1..) {
        if found(behind) {
            return true;
        }
        text = behind;
    }
    false
}

/// Whether a field of this name is nothing but a field, or the message.
fn is_free(name: &[u8], settings: &Settings) -> bool {
    let kubernetes = &settings.kubernetes;
    let [_, bare, short] = kubernetes.reserved_names();
    let mut prefixes = kubernetes.reserved_prefixes().into_iter();
    name.iter()
        .all(|byte| byte.is_ascii_graphic() && *byte != b'\\')
        && [&MEANT, bare, short]
            .iter()
            .all(|names| position(name, names) == names.len())
        && !prefixes.any(|prefix| !prefix.is_empty() && name.starts_with(prefix))
}

/// Appends a piece. `None`: it is too long.
fn push(piece: &[u8], known: &mut Output<'_>) -> Option<()> {
    let len = u16::try_from(piece.len()).ok()?;
    known.push(&len.to_le_bytes());
    known.push(piece);
    Some(())
}

/// What is remembered, piece by piece.
struct Pieces<'a>(&'a [u8]);

impl<'a> Pieces<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let (len, rest) = self.0.split_first_chunk()?;
        let (piece, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*len)))?;
        self.0 = rest;
        Some(piece)
    }

    fn number(&mut self) -> Option<usize> {
        let (number, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(usize::from(*number))
    }
}
