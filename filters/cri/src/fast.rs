//! The record that nearly every call brings, under default settings: `{"log":"<line>"}` with a full line of
//! containerd, its time with nine digits. It is copied around in a few pieces, and the message is looked at only
//! to see that nothing follows it.

use leafpack_fluent_bit::json::string_end;
use leafpack_fluent_bit::time::{LastMinute, RFC3339_LEN};
use leafpack_fluent_bit::{Call, Output};

/// What the tail input puts before a line.
const HEAD: [u8; 8] = *b"{\"log\":\"";

/// Writes the new record if the record is of this shape. `false`: nothing was written.
#[inline]
pub(crate) fn write(call: &Call<'_>, minute: &LastMinute, out: &mut Output<'_>) -> bool {
    let Some((head, text)) = call.record.and_then(|text| text.split_first_chunk::<8>()) else {
        return false;
    };
    let Some((time, text)) = text.split_first_chunk::<RFC3339_LEN>() else {
        return false;
    };
    let Some((stream, [b'F', b' ', message @ ..])) = text.split_first_chunk::<8>() else {
        return false;
    };
    let head_fits = u64::from_le_bytes(*head) == u64::from_le_bytes(HEAD);
    // None of these parts holds a quote or a backslash, so all of them lie inside of the string.
    if !head_fits || !minute.is_nine_digit_utc(time) {
        return false;
    }
    let stream: &[u8] = match stream {
        b" stdout " => b"\",\"stream\":\"stdout\",\"_msg\":\"",
        b" stderr " => b"\",\"stream\":\"stderr\",\"_msg\":\"",
        _ => return false,
    };
    // The message and the two bytes that close the record.
    if string_end(message, 0).and_then(|end| message.get(end + 1..)) != Some(b"}") {
        return false;
    }
    out.push(b"{\"_time\":\"");
    out.push(time);
    out.push(stream);
    out.push(message);
    true
}
