//! JSON text to msgpack without a zero byte.

use super::{KEY_FIELD, MAX_STRING, REST_FIELD};
use crate::json::{MAX_DEPTH, is_plain, string_end, unescape, value_end};
use crate::output::Output;

/// Entries of a map and elements of an array that can be written; headers for more hold zeros.
const MOST: usize = 15;

/// Pieces of a string in an array of arrays.
const GROUP: usize = MOST * MOST;

/// Bytes of a piece of a string that is too long. Pieces differ from it by at most three bytes, so that no piece but the
/// last has a length that cannot be written.
const PIECE: usize = 65_500;

/// Names from this length on, in bytes with their escapes, are not written as such.
const LONG_NAME: usize = 65_000;

/// Writes the msgpack of the JSON object that `text` is. It must be valid: what cannot be read ends the output, which
/// is then refused.
#[inline(never)]
pub fn from_json(text: &[u8], out: &mut Output<'_>) {
    if values(text, out).is_none() {
        out.refuse();
    }
}

/// A map or an array that is being written.
#[derive(Clone, Copy)]
struct Open {
    is_map: bool,
    /// Members that may still be written one by one.
    left: usize,
}

/// `None` where the text is no JSON.
fn values(text: &[u8], out: &mut Output<'_>) -> Option<()> {
    let mut at = skip_space(text, 0);
    let mut outer = [Open {
        is_map: false,
        left: 0,
    }; MAX_DEPTH as usize + 2];
    let mut depth = 0;
    let mut in_map = false;
    loop {
        let mut written = false;
        if in_map {
            (at, written) = name(text, at, out)?;
        }
        match *text.get(at)? {
            _ if written => {}
            first @ (b'{' | b'[') => {
                in_map = first == b'{';
                let start = at;
                at = skip_space(text, at + 1);
                let (count, end) = members(text, at, in_map)?;
                if count > MOST && !in_map {
                    put_text(&[text.get(start..=end)?], out);
                    at = end + 1;
                } else {
                    let header = if in_map { 0x80 } else { 0x90 };
                    out.push_byte(header | count.min(MOST) as u8);
                    let left = if count > MOST { MOST - 1 } else { MOST };
                    depth += 1;
                    *outer.get_mut(depth)? = Open {
                        is_map: in_map,
                        left,
                    };
                    if count > 0 {
                        continue;
                    }
                }
            }
            b'"' => {
                let end = string_end(text, at + 1)?;
                put_escaped(text.get(at + 1..end)?, out);
                at = end + 1;
            }
            _ => {
                let (end, _) = value_end(text, at)?;
                put_scalar(text.get(at..end)?, out);
                at = end;
            }
        }
        // Behind a value: to the next one, out of all containers that end here.
        loop {
            if depth == 0 {
                return Some(());
            }
            at = skip_space(text, at);
            let open = outer.get_mut(depth)?;
            if *text.get(at)? != b',' {
                at += 1;
                depth -= 1;
                continue;
            }
            at = skip_space(text, at + 1);
            open.left -= 1;
            if open.left > 0 {
                in_map = open.is_map;
                break;
            }
            let (_, end) = members(text, at, true)?;
            put_str(REST_FIELD, out);
            put_text(&[b"{", text.get(at..end)?, b"}"], out);
            at = end;
        }
    }
}

/// How many members there are from the one at `at` on, and where the container's closing bracket is.
#[inline(never)]
fn members(text: &[u8], mut at: usize, is_map: bool) -> Option<(usize, usize)> {
    let mut count = 0;
    if let b'}' | b']' = *text.get(at)? {
        return Some((0, at));
    }
    loop {
        if is_map {
            at = value_of(text, at)?;
        }
        at = skip_space(text, value_end(text, at)?.0);
        count += 1;
        if *text.get(at)? != b',' {
            return Some((count, at));
        }
        at = skip_space(text, at + 1);
    }
}

/// Where the value of the field starts whose name is at `at`.
fn value_of(text: &[u8], at: usize) -> Option<usize> {
    let colon = skip_space(text, string_end(text, at + 1)? + 1);
    Some(skip_space(text, colon + 1))
}

/// Writes the name at `at`; returns where its value starts, and `false`. A name that is too long is written with its
/// value, in another field: then it returns where the value ends, and `true`.
#[inline(never)]
fn name(text: &[u8], at: usize, out: &mut Output<'_>) -> Option<(usize, bool)> {
    let name = text.get(at + 1..string_end(text, at + 1)?)?;
    let value = value_of(text, at)?;
    if name.len() < LONG_NAME {
        put_escaped(name, out);
        return Some((value, false));
    }
    let (end, _) = value_end(text, value)?;
    put_str(KEY_FIELD, out);
    put_text(&[b"{", text.get(at..end)?, b"}"], out);
    Some((end, true))
}

/// Writes a number or a word.
#[inline(never)]
fn put_scalar(text: &[u8], out: &mut Output<'_>) {
    match text {
        b"null" => return out.push_byte(0xc0),
        b"false" => return out.push_byte(0xc2),
        b"true" => return out.push_byte(0xc3),
        _ => {}
    }
    if put_integer(text, out).is_none() {
        put_str(text, out);
    }
}

/// Writes an integer in its shortest form. `None`: it is none of 64 bits, or that form has a zero byte.
fn put_integer(text: &[u8], out: &mut Output<'_>) -> Option<()> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        _ => (false, text),
    };
    let mut size: u64 = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        size = size.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    // What the form has to hold: a negative number has one bit for its sign.
    let (limit, first) = match negative {
        false => (size, 0xcc),
        true if size > 1 << 63 => return None,
        true => (size.checked_sub(1)? << 1, 0xd0),
    };
    let power = match limit {
        0..=0xff => 0,
        0x100..=0xffff => 1,
        0x1_0000..=0xffff_ffff => 2,
        _ => 3,
    };
    let value = if negative { size.wrapping_neg() } else { size };
    let bytes = value.to_be_bytes();
    let bytes = bytes.get(8 - (1 << power)..)?;
    if bytes.contains(&0) {
        return None;
    }
    let is_small = if negative { size <= 32 } else { size <= 0x7f };
    if !is_small {
        out.push_byte(first + power);
    }
    out.push(bytes);
    Some(())
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
    match text.used() {
        Some(len) => put_str(memory.get(..len).unwrap_or_default(), out),
        None => out.refuse(),
    }
}

/// Writes a string that comes in pieces.
#[inline(never)]
fn put_text(pieces: &[&[u8]], out: &mut Output<'_>) {
    let mut len = 0;
    for piece in pieces {
        len += piece.len();
    }
    let Some(memory) = out.scratch(len) else {
        return;
    };
    let mut text = Output::new(memory);
    for piece in pieces {
        text.push(piece);
    }
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
fn put_piece(text: &[u8], out: &mut Output<'_>) {
    let len = text.len();
    // A length of 256, 512, … has a byte that is zero.
    let padding: &[u8] = if len > 0 && len % 256 == 0 { b" " } else { b"" };
    let [high, low] = ((len + padding.len()) as u16).to_be_bytes();
    match len {
        0..=31 => out.push_byte(0xa0 | low),
        32..=255 => out.push(&[0xd9, low]),
        _ => out.push(&[0xda, high, low]),
    }
    out.push(text);
    out.push(padding);
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}
