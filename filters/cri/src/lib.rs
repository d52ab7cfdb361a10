#![cfg_attr(target_arch = "wasm32", no_std)]
#![doc = include_str!("../README.md")]

mod docker;
mod line;
mod record;
mod settings;
mod tag;

pub use line::{Fault, Line, Stream};
pub use settings::{Names, Settings};
pub use tag::Pod;

use leafpack_fluent_bit::{Call, Output, Verdict};
use record::Record;

/// The filter `cri`: the line in the record's input field becomes time, stream and message.
///
/// Takes a raw CRI line, what `multiline.parser cri` leaves (`time`, `stream`, `_p`, `log`), a Docker
/// json-file line, and that line parsed (`time`, `stream`, `log`). A record with anything else goes on as it
/// came, with `leafpack_error` and the host's time.
pub fn cri(call: &Call<'_>, settings: &Settings, out: &mut Output<'_>) -> Verdict {
    match Record::read(call.record.unwrap_or_default(), settings.input) {
        Ok(record) => record.write(call, settings, out),
        Err(_) => {
            let reason: &[u8] = match call.record {
                None => b"cri.record: the host had no memory for the record",
                Some(_) => b"cri.record: the record is no JSON object",
            };
            out.unreadable(call, settings.names.time(), reason);
        }
    }
    Verdict::Emit
}
