//! Filters that Fluent Bit calls with `Event_Format msgpack`: the record's body comes as one msgpack map, and goes back
//! as one.
//!
//! The host takes the length of the answer with `strlen`, so that no byte of it may be 0. A filter's logic is there
//! once, over JSON text; [`through_json`] puts it between two conversions, and what a filter wants to be fast it
//! copies by itself with the helpers here. What msgpack cannot spell without a 0 follows these rules:
//!
//! - **Integers** are integers where their shortest form holds no zero byte (1, 200, -5); others, 0 and 256 too, become
//!   strings of decimal digits. **Other numbers** become strings always: a double's bytes nearly always hold zeros, and
//!   a field should not change its type from record to record.
//! - **Strings** of 256, 512, … bytes get one space behind them. From 65,536 bytes on a string becomes an array of strings
//!   of about 65,500 bytes each, cut between characters (more than 15 of them: arrays of such arrays). A zero byte in a
//!   string becomes the six characters `\u0000`.
//! - **Maps** of more than 15 entries keep the first 14; the rest is one JSON text, in a field [`REST_FIELD`]. **Arrays** of
//!   more than 15 elements become one JSON text.
//! - A field whose name takes 65,000 bytes or more becomes one JSON text, in a field [`KEY_FIELD`].
//!
//! Before that, on the way in: binary values become strings, extensions a string `ext:` with their type and bytes in
//! hexadecimal digits, NaN and infinities strings, doubles that have no short decimal form (beyond 2^64, most below 2^-10)
//! strings such as `0x1fp-80`, and keys that are scalars their text.

mod number;
mod read;
mod write;

pub use read::{Malformed, has_zero, str_at, to_json};
pub use write::{from_json, put_str};

use crate::call::{Call, Verdict};
use crate::output::Output;
use crate::run::{Answer, run};

/// Name of the field that holds, as JSON text, the entries of a map beyond the fourteenth.
pub const REST_FIELD: &[u8] = b"leafpack_rest";

/// Its name where the record has such a field already: two filters of a chain may both have to cut it.
pub const REST_FIELD_AGAIN: &[u8] = b"leafpack_rest_2";

/// Name of the field that holds, as JSON text, one with a name that is too long.
pub const KEY_FIELD: &[u8] = b"leafpack_key";

/// Strings of up to this many bytes are strings.
pub const MAX_STRING: usize = 65_535;

/// Runs a filter of JSON text on a record of msgpack, and writes its answer as msgpack.
///
/// A body that is no map, or nests too deep, reaches the filter as text that is no JSON object. No record can be dropped: the
/// host takes an empty answer for a record without a body, and loses what is delivered with it (tried on 3.2.2, 4.1.1 and
/// 5.1.1); the record stays as it came.
#[inline(never)]
pub fn through_json<S>(
    filter: impl Fn(&Call<'_>, &S, &mut Output<'_>) -> Verdict,
    call: &Call<'_>,
    settings: &S,
    out: &mut Output<'_>,
) -> Verdict {
    let room = out.room();
    let (Some(record), Some(answer)) = (out.scratch(room / 4), out.scratch(room / 2)) else {
        return Verdict::Emit;
    };
    let body = call.record.unwrap_or_default();
    let mut json = Output::new(record);
    if to_json(body, &mut json).is_err() {
        json = Output::new(record);
        json.push(b"msgpack: ");
        json.push_escaped(body);
    }
    let Some(record) = json.used().and_then(|len| record.get(..len)) else {
        out.refuse();
        return Verdict::Emit;
    };
    let call = Call {
        record: call.record.map(|_| record),
        ..*call
    };
    match run(filter, &call, settings, answer) {
        Answer::Record { len } => from_json(answer.get(..len).unwrap_or_default(), out),
        Answer::Same | Answer::Dropped => from_json(record, out),
        Answer::TooSmall => out.refuse(),
    }
    Verdict::Emit
}
