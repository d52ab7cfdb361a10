//! msgpack to JSON text.

use super::number::push_float;
use crate::json::{BLOCK, MAX_DEPTH, byte, words};
use crate::output::Output;

/// The bytes are not one msgpack map, or nest too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// What an element is, its header read. Those from [`TEXT`] on are written between quotes, and bytes follow.
const BAD: u8 = 0;
const MAP: u8 = 1;
const ARRAY: u8 = 2;
const FLOAT: u8 = 3;
const WORD: u8 = 4;
const UNSIGNED: u8 = 5;
const SIGNED: u8 = 6;
const TEXT: u8 = 7;
const EXTENSION: u8 = 8;
/// An extension whose size the header says.
const FIXED: u8 = 9;

/// What a byte starts, by its three highest bits, and which of its bits are the number or the length. (Whether it is a
/// map or an array, the next bit says.)
const SMALL: &[(u8, u8); 8] = &[
    (UNSIGNED << 4, 0x7f),
    (UNSIGNED << 4, 0x7f),
    (UNSIGNED << 4, 0x7f),
    (UNSIGNED << 4, 0x7f),
    (MAP << 4, 15),
    (TEXT << 4, 31),
    (BAD << 4, 0),
    (SIGNED << 4 | 1, 0xff),
];

/// What starts with the bytes 0xc0 to 0xdf: above, what it is; below, how many bytes its number or its length takes (of
/// [`FIXED`], the power of two that its length is).
#[rustfmt::skip]
const FORMATS: &[u8; 32] = &[
    WORD << 4, BAD << 4, WORD << 4, WORD << 4,
    TEXT << 4 | 1, TEXT << 4 | 2, TEXT << 4 | 4,
    EXTENSION << 4 | 1, EXTENSION << 4 | 2, EXTENSION << 4 | 4,
    FLOAT << 4 | 4, FLOAT << 4 | 8,
    UNSIGNED << 4 | 1, UNSIGNED << 4 | 2, UNSIGNED << 4 | 4, UNSIGNED << 4 | 8,
    SIGNED << 4 | 1, SIGNED << 4 | 2, SIGNED << 4 | 4, SIGNED << 4 | 8,
    FIXED << 4, FIXED << 4 | 1, FIXED << 4 | 2, FIXED << 4 | 3, FIXED << 4 | 4,
    TEXT << 4 | 1, TEXT << 4 | 2, TEXT << 4 | 4,
    ARRAY << 4 | 2, ARRAY << 4 | 4,
    MAP << 4 | 2, MAP << 4 | 4,
];

/// What is left to read.
struct Bytes<'a> {
    body: &'a [u8],
    at: usize,
}

impl Bytes<'_> {
    /// A big-endian number of so many bytes. Behind the body there are zeros.
    #[inline(never)]
    fn number(&mut self, len: u8) -> u64 {
        let mut value = 0;
        for _ in 0..len {
            value = value << 8 | u64::from(byte(self.body, self.at));
            self.at += 1;
        }
        value
    }
}

/// Writes the JSON text of the map that `body` is.
///
/// # Errors
/// Where `body` is not one map, a key is a map, an array or a float, or containers nest deeper than [`MAX_DEPTH`]. What was
/// written by then means nothing.
#[inline(never)]
pub fn to_json(body: &[u8], out: &mut Output<'_>) -> Result<(), Malformed> {
    let mut bytes = Bytes { body, at: 0 };
    // Of a container: twice the number of values to come, keys too, and one more if it is a map.
    let mut outer = [0usize; MAX_DEPTH as usize];
    let mut open = 0;
    let mut depth = 0;
    loop {
        let first = bytes.number(1) as u8;
        let (mut format, mask) = SMALL[usize::from(first >> 5)];
        let mut value = u64::from(first & mask);
        if format == MAP << 4 {
            format = (MAP + (first >> 4 & 1)) << 4;
        } else if format == BAD << 4 {
            format = FORMATS[usize::from(first & 31)];
            value = match format >> 4 {
                FIXED => 1 << (format & 15),
                _ => bytes.number(format & 15),
            };
        }
        let (kind, size) = (format >> 4, format & 15);
        let extension = if kind > TEXT { bytes.number(1) } else { 0 };
        let Some(mut data) = body.get(bytes.at..) else {
            return Err(Malformed);
        };
        if kind >= TEXT {
            // A length has 32 bits at most.
            let Some(taken) = data.get(..value as usize) else {
                return Err(Malformed);
            };
            data = taken;
            bytes.at += data.len();
        }
        // Before a key of a map an even number of values is left.
        let is_key = open & 3 == 1;
        // Only a map makes a record; and no double is exact enough to be a name.
        if kind == BAD || (is_key && kind <= FLOAT) || (depth == 0 && kind != MAP) {
            return Err(Malformed);
        }
        if kind <= ARRAY {
            let is_map = kind == MAP;
            let (Some(place), true) = (outer.get_mut(depth), value as usize <= data.len()) else {
                // Too deep, or more values than there are bytes.
                return Err(Malformed);
            };
            *place = open;
            depth += 1;
            out.push_byte(if is_map { b'{' } else { b'[' });
            open = (value as usize) << 1;
            if is_map {
                open = open << 1 | 1;
            }
            if open > 1 {
                continue;
            }
        } else {
            let quote: &[u8] = if is_key || kind >= TEXT { b"\"" } else { b"" };
            out.push(quote);
            match kind {
                FLOAT => push_float(
                    match size {
                        4 => f64::from(f32::from_bits(value as u32)),
                        _ => f64::from_bits(value),
                    },
                    out,
                ),
                WORD => out.push(match first {
                    0xc0 => b"null",
                    0xc2 => b"false",
                    _ => b"true",
                }),
                UNSIGNED | SIGNED => {
                    let mut negative = false;
                    if kind == SIGNED {
                        // The sign is that of the highest of the bits that are there.
                        let unused = 64 - 8 * u32::from(size);
                        let signed = ((value << unused) as i64) >> unused;
                        negative = signed < 0;
                        value = signed.unsigned_abs();
                    }
                    out.push_decimal(negative, value, 0);
                }
                TEXT => out.push_escaped(data),
                _ => {
                    out.push(b"ext:");
                    out.push_hex(extension as u8);
                    out.push_byte(b':');
                    for byte in data {
                        out.push_hex(*byte);
                    }
                }
            }
            out.push(quote);
            open -= 2;
        }
        while open < 2 {
            out.push_byte(if open == 1 { b'}' } else { b']' });
            depth -= 1;
            open = outer.get(depth).copied().unwrap_or(0);
            if depth == 0 {
                return if bytes.at == body.len() {
                    Ok(())
                } else {
                    Err(Malformed)
                };
            }
            open -= 2;
        }
        out.push_byte(if open & 3 == 3 { b':' } else { b',' });
    }
}

/// The string that starts at `at`: where its content starts, and where it ends. `None` where there is no string.
#[inline]
pub fn str_at(body: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = body.get(at..)?;
    let (header, len) = match *rest {
        [byte @ 0xa0..=0xbf, ..] => (1, usize::from(byte & 31)),
        [0xd9, a, ..] => (2, usize::from(a)),
        [0xda, a, b, ..] => (3, usize::from(a) << 8 | usize::from(b)),
        [0xdb, a, b, c, d, ..] => (5, u32::from_be_bytes([a, b, c, d]) as usize),
        _ => return None,
    };
    let start = at + header;
    let end = start.checked_add(len)?;
    (end <= body.len()).then_some((start, end))
}

/// Whether a text has a zero byte.
#[inline(never)]
pub fn has_zero(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some((block, after)) = rest.split_first_chunk() {
        if is_suspect(block) && is_zero_in(block) {
            return true;
        }
        rest = after;
    }
    if text.len() < BLOCK {
        return is_zero_in(rest);
    }
    // The block that ends with the text shares bytes with the one before.
    match text.get(text.len() - BLOCK..).and_then(<[u8]>::first_chunk) {
        Some(block) => is_suspect(block) && is_zero_in(block),
        None => false,
    }
}

#[inline(never)]
fn is_zero_in(text: &[u8]) -> bool {
    for byte in text {
        if *byte == 0 {
            return true;
        }
    }
    false
}

/// Whether a block may hold a zero byte; one of 0x81 and above may be taken for it. Spelt out, for a module that is
/// compiled for size has no loop unrolled.
#[inline(always)]
fn is_suspect(block: &[u8; BLOCK]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let [a, b, c, d] = words(block);
    let borrows =
        a.wrapping_sub(ONES) | b.wrapping_sub(ONES) | c.wrapping_sub(ONES) | d.wrapping_sub(ONES);
    borrows & (ONES << 7) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_zero_byte_anywhere() {
        for len in 0..100 {
            for filler in [1, b'a', 0x7f, 0x80, 0x81, 0xff] {
                let mut text = std::vec![filler; len];
                assert!(!has_zero(&text), "{len} of {filler}");
                for at in 0..len {
                    text[at] = 0;
                    assert!(has_zero(&text), "{at} in {len} of {filler}");
                    text[at] = filler;
                }
            }
        }
    }
}
