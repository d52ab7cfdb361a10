//! One call of a filter, the same for Fluent Bit and for a native run.

use crate::call::{Call, Verdict};
use crate::output::Output;

/// A filter as [`crate::export!`] takes it.
pub type Filter<S> = fn(&Call<'_>, &S, &mut Output<'_>) -> Verdict;

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The new record is the first `len` bytes of the buffer, and a NUL follows.
    Record {
        /// Without the NUL.
        len: usize,
    },
    /// The record stays as it came.
    Same,
    /// The record is dropped.
    Dropped,
    /// The buffer is too small; nothing in it means anything.
    TooSmall,
}

/// What the host's `Event_Format` says: how a record comes and goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `json`, the default: text with a NUL behind it.
    Json,
    /// `msgpack`: nothing behind it on the way in, and a zero byte on the way out.
    Msgpack,
}

/// The answer where there is no memory to answer from, with the zero byte that ends it.
pub const fn no_memory(format: Format) -> &'static [u8] {
    match format {
        Format::Json => b"{\"leafpack_error\":\"host: no memory for the record\"}\0",
        Format::Msgpack => b"\x81\xaeleafpack_error\xbehost: no memory for the record\0",
    }
}

/// Calls a filter once, with `buffer` to write to.
#[inline]
pub fn run<S>(
    filter: impl FnOnce(&Call<'_>, &S, &mut Output<'_>) -> Verdict,
    call: &Call<'_>,
    settings: &S,
    buffer: &mut [u8],
) -> Answer {
    let mut output = Output::new(buffer);
    let len = match filter(call, settings, &mut output) {
        Verdict::Emit => finish(&mut output),
        Verdict::Keep => return Answer::Same,
        Verdict::Drop => return Answer::Dropped,
        Verdict::Unreadable { time_field, reason } => unreadable(call, time_field, reason, buffer),
    };
    if len == TOO_SMALL {
        return Answer::TooSmall;
    }
    Answer::Record { len }
}

/// What [`finish`] returns in place of a length.
const TOO_SMALL: usize = usize::MAX;

/// Ends an answer, and returns its length.
#[inline(never)]
fn finish(output: &mut Output<'_>) -> usize {
    output.push_byte(0);
    output.used().map_or(TOO_SMALL, |len| len - 1)
}

/// Writes the answer to a record that is no JSON object.
#[inline(never)]
fn unreadable(call: &Call<'_>, time_field: &[u8], reason: &[u8], buffer: &mut [u8]) -> usize {
    let mut output = Output::new(buffer);
    output.unreadable(call, time_field, reason);
    finish(&mut output)
}

/// The first size to try for the buffer, in bytes: the record and its forms on the way to the answer, with room for
/// the fields that come from the tag and the settings.
#[inline]
pub fn first_size(call: &Call<'_>) -> usize {
    // Neither sum can wrap on 32 bits: both lengths lie inside of one memory of at most 4 GiB, and a record
    // of 2 GiB would not have got here. A wrapped size would only be too small.
    let record = call.record.map_or(0, <[u8]>::len);
    record
        .wrapping_mul(4)
        .wrapping_add(call.tag.len() * 4 + 4096)
}

/// What a filter may need that does not come from the record: lines that it joins.
const HELD: usize = 4 << 20;

/// The size to try after `size` was too small; `None` where no sensible filter would need more (a filter
/// that overflows whatever it is given must not take the host's memory with it).
#[inline]
pub fn next_size(size: usize, call: &Call<'_>) -> Option<usize> {
    let most = first_size(call).saturating_mul(16).max(HELD);
    (size < most).then(|| size.saturating_mul(2).min(most))
}
