#![cfg_attr(target_arch = "wasm32", no_std)]
#![doc = include_str!("../README.md")]

mod docker;
mod fast;
mod line;
mod record;
mod settings;
mod tag;

pub use line::{Fault, Line, Stream};
pub use settings::{Names, Settings};
pub use tag::Pod;

use leafpack_fluent_bit::time::LastMinute;
use leafpack_fluent_bit::{Call, Notes, Output, Source, Verdict};
use record::Record;

/// What an instance of the filter holds.
#[derive(Debug)]
pub struct State {
    settings: Settings,
    /// Nothing in the settings differs from its default, so that the fast path may be tried.
    fast: bool,
    minute: LastMinute,
}

impl From<Settings> for State {
    fn from(settings: Settings) -> Self {
        Self {
            fast: settings == Settings::default(),
            settings,
            minute: LastMinute::default(),
        }
    }
}

impl leafpack_fluent_bit::Settings for State {
    fn load(source: Source, notes: &mut Notes<'_>) -> Self {
        Settings::load(source, notes).into()
    }
}

/// The filter `cri`: the line in the record's input field becomes time, stream and message.
///
/// Takes a raw CRI line, what `multiline.parser cri` leaves (`time`, `stream`, `_p`, `log`), a Docker
/// json-file line, and that line parsed (`time`, `stream`, `log`). A record with anything else goes on as it
/// came, with `leafpack_error` and the host's time.
pub fn cri(call: &Call<'_>, state: &State, out: &mut Output<'_>) -> Verdict {
    if state.fast && fast::write(call, &state.minute, out) {
        return Verdict::Emit;
    }
    slow(call, &state.settings, out)
}

/// Every record that [`fast`] leaves.
#[inline(never)]
fn slow(call: &Call<'_>, settings: &Settings, out: &mut Output<'_>) -> Verdict {
    match Record::read(call.record.unwrap_or_default(), settings.input) {
        Ok(record) => {
            record.write(call, settings, out);
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
