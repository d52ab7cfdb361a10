//! JSON text to msgpack without a zero byte.

use super::{KEY_FIELD, MAX_STRING, REST_FIELD, REST_FIELD_AGAIN};
use crate::json::{
    MAX_DEPTH, byte, closing_quote, end_of_value, is_plain, key_end, skip_space, unescape,
};
use crate::output::Output;

/// Entries of a map and elements of an array that can be written; headers for more hold zeros.
const MOST: usize = 15;

/// Pieces of a string in an array of arrays.
const GROUP: usize = MOST * MOST;

/// Bytes of a piece of a string that is too long. Pieces differ from it by at most three bytes, so that no piece but the
/// last has a length that cannot be written.
const PIECE: usize = 65_500;

/// Names from this length on, in bytes with their escapes, are not written as such, but with their values as JSON text.
const LONG_NAME: usize = 65_000;

/// Writes the msgpack of the JSON object that `text` is. It must be valid: what cannot be read ends the output, which
/// is then refused.
#[inline(never)]
pub fn from_json(text: &[u8], out: &mut Output<'_>) {
    // Of each container around: twice the number of members that may still be written one by one, and one more if it
    // is a map. A depth beyond this is not reached in what `end_of_value` takes.
    let mut outer = [0u8; MAX_DEPTH as usize + 2];
    let mut depth = 0;
    let mut in_map = false;
    let mut at = skip_space(text, 0);
    loop {
        let mut start = at;
        let mut is_long = false;
        if in_map {
            let quote = closing_quote(text, at + 1);
            at = key_end(text, at);
            is_long = quote - start > LONG_NAME;
            if !is_long {
                put_escaped(slice(text, start + 1, quote), out);
                start = at;
            }
        }
        let first = byte(text, at);
        match first {
            0 => return out.refuse(),
            // The name goes with its value, in another field.
            _ if is_long => {
                at = end_of_value(text, at);
                put_str(KEY_FIELD, out);
                put_object(slice(text, start, at), out);
            }
            b'{' | b'[' => {
                in_map = first == b'{';
                at = skip_space(text, at + 1);
                let mut count = 0;
                let end = members(text, at, in_map, &mut count);
                if count > MOST && !in_map {
                    at = end + 1;
                    put_str(slice(text, start, at), out);
                } else {
                    let header = if in_map { 0x80 } else { 0x90 };
                    out.push_byte(header | count.min(MOST) as u8);
                    let left = if count > MOST { MOST - 1 } else { MOST };
                    depth += 1;
                    let Some(open) = outer.get_mut(depth) else {
                        return out.refuse();
                    };
                    *open = (left as u8) << 1 | u8::from(in_map);
                    if count > 0 {
                        continue;
                    }
                }
            }
            b'"' => {
                at = closing_quote(text, at + 1);
                put_escaped(slice(text, start + 1, at), out);
                at += 1;
            }
            _ => {
                at = end_of_value(text, at);
                put_scalar(slice(text, start, at), out);
            }
        }
        // Behind a value: to the next one, out of all containers that end here.
        loop {
            let Some(open) = outer.get_mut(depth).filter(|_| depth > 0) else {
                return;
            };
            at = skip_space(text, at);
            let next = byte(text, at);
            at += 1;
            if let b'}' | b']' = next {
                depth -= 1;
                continue;
            }
            if next != b',' {
                return out.refuse();
            }
            at = skip_space(text, at);
            *open -= 2;
            in_map = *open & 1 != 0;
            if *open > 1 {
                break;
            }
            let end = members(text, at, true, &mut 0);
            // An earlier filter may have cut the same map.
            let again = text
                .windows(REST_FIELD.len())
                .any(|part| part == REST_FIELD);
            put_str(if again { REST_FIELD_AGAIN } else { REST_FIELD }, out);
            put_object(slice(text, at, end), out);
            at = end;
        }
    }
}

/// A part of the text; nothing where an index is [`INVALID`](crate::json).
#[inline(never)]
fn slice(text: &[u8], start: usize, end: usize) -> &[u8] {
    text.get(start..end).unwrap_or_default()
}

/// Where the closing bracket is of a container that has a member at `at`, if it has any; counts those from there on.
#[inline(never)]
fn members(text: &[u8], mut at: usize, is_map: bool, count: &mut usize) -> usize {
    if let b'}' | b']' = byte(text, at) {
        return at;
    }
    loop {
        if is_map {
            at = key_end(text, at);
        }
        at = skip_space(text, end_of_value(text, at));
        *count += 1;
        if byte(text, at) != b',' {
            return at;
        }
        at = skip_space(text, at + 1);
    }
}

/// Writes a number or a word.
#[inline(never)]
fn put_scalar(text: &[u8], out: &mut Output<'_>) {
    let first = byte(text, 0);
    let word = match first {
        b'n' => 0xc0,
        b'f' => 0xc2,
        b't' => 0xc3,
        _ => 0,
    };
    if word != 0 {
        out.push_byte(word);
    } else if !put_integer(text, first == b'-', out) {
        put_str(text, out);
    }
}

/// Writes an integer in its shortest form. `false`: it is none of 64 bits, or that form has a zero byte.
#[inline]
fn put_integer(text: &[u8], negative: bool, out: &mut Output<'_>) -> bool {
    let mut size: u64 = 0;
    for at in usize::from(negative)..text.len() {
        let digit = byte(text, at).wrapping_sub(b'0');
        if digit > 9 || size > u64::MAX / 10 {
            return false;
        }
        size = (size * 10).wrapping_add(u64::from(digit));
        // It has wrapped.
        if size < u64::from(digit) {
            return false;
        }
    }
    // What the form has to hold: a negative number has one bit for its sign.
    let (mut value, mut limit, mut header, mut most) = (size, size, 0xcc, 0x7f);
    if negative {
        if size.wrapping_sub(1) >= 1 << 63 {
            return false;
        }
        value = size.wrapping_neg();
        limit = (size - 1) << 1;
        header = 0xd0;
        most = 32;
    }
    let mut bits = 8;
    while bits < 64 && limit >> bits != 0 {
        bits *= 2;
        header += 1;
    }
    let mut shift = bits;
    while shift > 0 {
        shift -= 8;
        if (value >> shift) as u8 == 0 {
            return false;
        }
    }
    if size > most {
        out.push_byte(header);
    }
    while bits > 0 {
        bits -= 8;
        out.push_byte((value >> bits) as u8);
    }
    true
}

/// Writes the string whose escaped content this is.
#[inline(never)]
fn put_escaped(content: &[u8], out: &mut Output<'_>) {
    if is_plain(content) {
        return put_str(content, out);
    }
    // The longest that one byte of the string takes here is the six of a zero byte, which is escaped so too.
    let Some(memory) = out.scratch(content.len()) else {
        return;
    };
    let mut text = Output::new(memory);
    for byte in unescape(content) {
        if byte == 0 {
            text.push(b"\\u0000");
        } else {
            text.push_byte(byte);
        }
    }
    let len = text.used().unwrap_or_default();
    put_str(slice(memory, 0, len), out);
}

/// Writes the JSON object that has these members, as a string.
#[inline(never)]
fn put_object(members: &[u8], out: &mut Output<'_>) {
    let Some(memory) = out.scratch(members.len() + 2) else {
        return;
    };
    let mut text = Output::new(memory);
    text.push_byte(b'{');
    text.push(members);
    text.push_byte(b'}');
    put_str(memory, out);
}

/// Writes a string, which must hold no zero byte, with its header.
#[inline(never)]
pub fn put_str(text: &[u8], out: &mut Output<'_>) {
    let len = text.len();
    if len <= MAX_STRING {
        return put_piece(text, out);
    }
    let count = len.div_ceil(PIECE);
    if count > MOST * GROUP {
        return out.refuse();
    }
    let mut start = 0;
    for index in 0..count {
        // Each piece is in an array of at most 15, and where there are more, those arrays are in others.
        let left = count - index;
        if index == 0 && count > GROUP {
            put_array(left.div_ceil(GROUP), out);
        }
        if index % GROUP == 0 && count > MOST {
            put_array(left.min(GROUP).div_ceil(MOST), out);
        }
        if index % MOST == 0 {
            put_array(left.min(MOST), out);
        }
        let mut end = len;
        if index + 1 < count {
            end = (index + 1) * PIECE;
            // Not within a character, whose bytes but the first are 10xxxxxx.
            for _ in 0..3 {
                if text.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    end -= 1;
                }
            }
        }
        put_piece(text.get(start..end).unwrap_or_default(), out);
        start = end;
    }
}

/// Writes the header of an array.
fn put_array(count: usize, out: &mut Output<'_>) {
    out.push_byte(0x90 | count as u8);
}

/// Writes a string of at most [`MAX_STRING`] bytes.
#[inline(never)]
fn put_piece(text: &[u8], out: &mut Output<'_>) {
    let len = text.len();
    // A length of 256, 512, … has a byte that is zero.
    let padded = len + usize::from(len > 0 && len.is_multiple_of(256));
    if len < 32 {
        out.push_byte(0xa0 | len as u8);
    } else {
        out.push_byte(0xd9 + u8::from(len > 255));
        if len > 255 {
            out.push_byte((padded >> 8) as u8);
        }
        out.push_byte(padded as u8);
    }
    out.push(text);
    if padded > len {
        out.push_byte(b' ');
    }
}
