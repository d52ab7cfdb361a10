#![cfg_attr(target_arch = "wasm32", no_std)]
#![doc = include_str!("../README.md")]

mod docker;
mod fast;
mod line;
mod record;
mod settings;
mod tag;

pub use fast::{Fast, Found, Head};
pub use line::{Fault, Line, Stream};
pub use settings::{KNOWN, Names, Settings};
pub use tag::Pod;

use core::cell::Cell;

use leafpack_fluent_bit::run::Format;
use leafpack_fluent_bit::{Call, Notes, Output, Source, Verdict};
use record::Record;

/// What an instance of the filter holds.
#[derive(Debug)]
pub struct State {
    settings: Settings,
    fast: Fast,
}

impl From<Settings> for State {
    fn from(settings: Settings) -> Self {
        Self {
            fast: Fast::new(&settings, false),
            settings,
        }
    }
}

impl leafpack_fluent_bit::Settings for State {
    fn load(source: Source, notes: &mut Notes<'_>) -> Self {
        Settings::load(source, notes).into()
    }

    fn memory(&self) -> usize {
        Fast::MEMORY
    }

    fn keep(&mut self, memory: &'static mut [u8]) {
        self.fast.keep(memory);
    }

    const QUICK: usize = Fast::QUICK;

    #[inline(always)]
    fn quick<'t>(
        &self,
        format: Format,
        tag: impl Fn() -> &'t [u8],
        record: &[u8],
        room: &mut [u8],
    ) -> usize {
        self.fast.quick(format, tag, record, room)
    }
}

/// The filter `cri`: the line in the record's input field becomes time, stream and message.
///
/// Takes a raw CRI line, what `multiline.parser cri` leaves (`time`, `stream`, `_p`, `log`), a Docker
/// json-file line, and that line parsed (`time`, `stream`, `log`). A record with anything else goes on as it
/// came, with `leafpack_error` and the host's time.
pub fn cri(call: &Call<'_>, state: &State, out: &mut Output<'_>) -> Verdict {
    let found = state.fast.find(call.record.unwrap_or_default());
    state
        .fast
        .answer(found, call, state, out, |call, state, out| {
            parse(call, &state.settings, out)
        })
}

/// [`cri`] for `Event_Format msgpack`.
pub fn cri_msgpack(call: &Call<'_>, state: &State, out: &mut Output<'_>) -> Verdict {
    state.fast.answer_packed(call, state, out, cri)
}

/// The filter without its fast path: for every record, and for filters that are made of this one and others. The
/// output then holds one JSON object, or the verdict is [`Verdict::Unreadable`].
pub fn parse(call: &Call<'_>, settings: &Settings, out: &mut Output<'_>) -> Verdict {
    parse_line(call, settings, out, &Cell::new(false))
}

/// As [`parse`], and sets `is_line` where the record held a line.
#[inline(never)]
pub fn parse_line(
    call: &Call<'_>,
    settings: &Settings,
    out: &mut Output<'_>,
    is_line: &Cell<bool>,
) -> Verdict {
    match Record::read(call.record.unwrap_or_default(), settings.input) {
        Ok(record) => {
            is_line.set(record.write(call, settings, out));
            Verdict::Emit
        }
        Err(_) => Verdict::Unreadable {
            time_field: settings.names.time(),
            reason: match call.record {
                None => b"cri.record: the host had no memory for the record",
                Some(_) => b"cri.record: the record is no JSON object",
            },
        },
    }
}
