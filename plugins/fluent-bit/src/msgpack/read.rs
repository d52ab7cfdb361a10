//! msgpack to JSON text.

use super::number::{push_decimal, push_float, push_hex};
use crate::json::{MAX_DEPTH, word};
use crate::output::Output;

/// The bytes are not one msgpack map, or nest too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// What is left to read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    #[inline(never)]
    fn take(&mut self, len: u64) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = usize::try_from(len)
            .ok()
            .and_then(|len| self.0.split_at_checked(len))
            .ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A big-endian number of `1 << width` bytes.
    #[inline(never)]
    fn number(&mut self, width: u8) -> Result<u64, Malformed> {
        let bytes = self.take(1 << (width & 3))?;
        Ok(bytes
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }
}

/// What an element is, its header read.
enum Element<'a> {
    /// A map (true) or an array, and how many values follow.
    Container(bool, u64),
    Text(&'a [u8]),
    Extension(u8, &'a [u8]),
    /// Whether it is negative, and without its sign.
    Integer(bool, u64),
    Float(f64),
    Word(&'static [u8]),
}

impl<'a> Bytes<'a> {
    fn element(&mut self) -> Result<Element<'a>, Malformed> {
        let byte = self.number(0)? as u8;
        let low = u64::from(byte & 15);
        let width = byte & 3;
        Ok(match byte {
            0..=0x7f => Element::Integer(false, u64::from(byte)),
            0x80..=0x8f => Element::Container(true, low * 2),
            0x90..=0x9f => Element::Container(false, low),
            0xa0..=0xbf => Element::Text(self.take(u64::from(byte & 31))?),
            0xc0 => Element::Word(b"null"),
            0xc1 => return Err(Malformed),
            0xc2 => Element::Word(b"false"),
            0xc3 => Element::Word(b"true"),
            // bin 8, 16, 32 and str 8, 16, 32
            0xc4..=0xc6 => self.text(byte - 0xc4)?,
            0xd9..=0xdb => self.text(byte - 0xd9)?,
            0xc7..=0xc9 => {
                let len = self.number(byte - 0xc7)?;
                self.extension(len)?
            }
            0xd4..=0xd8 => self.extension(1 << (byte - 0xd4))?,
            0xca => Element::Float(f64::from(f32::from_bits(self.number(2)? as u32))),
            0xcb => Element::Float(f64::from_bits(self.number(3)?)),
            0xcc..=0xcf => Element::Integer(false, self.number(width)?),
            0xd0..=0xd3 => {
                // The sign is that of the highest of the bits that are there.
                let unused = 64 - (8u32 << width);
                let value = ((self.number(width)? << unused) as i64) >> unused;
                Element::Integer(value < 0, value.unsigned_abs())
            }
            0xdc | 0xdd => Element::Container(false, self.number(byte - 0xdb)?),
            0xde | 0xdf => Element::Container(true, self.number(byte - 0xdd)? * 2),
            0xe0.. => Element::Integer(true, u64::from(byte.wrapping_neg())),
        })
    }

    fn text(&mut self, width: u8) -> Result<Element<'a>, Malformed> {
        let len = self.number(width)?;
        Ok(Element::Text(self.take(len)?))
    }

    fn extension(&mut self, len: u64) -> Result<Element<'a>, Malformed> {
        let kind = self.number(0)? as u8;
        Ok(Element::Extension(kind, self.take(len)?))
    }
}

/// A map or an array that is being read.
#[derive(Clone, Copy)]
struct Open {
    is_map: bool,
    /// Values to come; of a map keys count as well, so that it is even before each key.
    left: u64,
}

const NONE: Open = Open {
    is_map: false,
    left: 0,
};

/// Writes the JSON text of the map that `body` is.
///
/// # Errors
/// Where `body` is not one map, a key is a map, an array or a float, or containers nest deeper than [`MAX_DEPTH`]. What was
/// written by then means nothing.
#[inline(never)]
pub fn to_json(body: &[u8], out: &mut Output<'_>) -> Result<(), Malformed> {
    let mut bytes = Bytes(body);
    let mut outer = [NONE; MAX_DEPTH as usize];
    let mut depth = 0;
    let mut open = NONE;
    loop {
        let is_key = open.is_map && open.left % 2 == 0;
        match bytes.element()? {
            Element::Container(is_map, left) => {
                if is_key || (depth == 0 && !is_map) {
                    return Err(Malformed);
                }
                *outer.get_mut(depth).ok_or(Malformed)? = open;
                depth += 1;
                out.push_byte(if is_map { b'{' } else { b'[' });
                open = Open { is_map, left };
            }
            // Only a map makes a record; and no double is exact enough to be a name.
            Element::Float(_) if is_key => return Err(Malformed),
            _ if depth == 0 => return Err(Malformed),
            element => {
                write_scalar(&element, is_key, out);
                open.left -= 1;
                separate(&open, out);
            }
        }
        while open.left == 0 {
            out.push_byte(if open.is_map { b'}' } else { b']' });
            depth -= 1;
            open = *outer.get(depth).ok_or(Malformed)?;
            if depth == 0 {
                return if bytes.0.is_empty() {
                    Ok(())
                } else {
                    Err(Malformed)
                };
            }
            open.left -= 1;
            separate(&open, out);
        }
    }
}

/// What stands between this value and the next.
fn separate(open: &Open, out: &mut Output<'_>) {
    if open.left > 0 {
        let behind_key = open.is_map && open.left % 2 == 1;
        out.push_byte(if behind_key { b':' } else { b',' });
    }
}

fn write_scalar(element: &Element<'_>, is_key: bool, out: &mut Output<'_>) {
    let quoted = is_key || matches!(element, Element::Text(_) | Element::Extension(..));
    let quote: &[u8] = if quoted { b"\"" } else { b"" };
    out.push(quote);
    match *element {
        Element::Text(text) => out.push_escaped(text),
        Element::Extension(kind, data) => {
            out.push(b"ext:");
            push_hex(kind, out);
            out.push_byte(b':');
            for byte in data {
                push_hex(*byte, out);
            }
        }
        Element::Integer(negative, value) => push_decimal(negative, value, out),
        Element::Float(value) => push_float(value, out),
        Element::Word(word) => out.push(word),
        Element::Container(..) => {}
    }
    out.push(quote);
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
        if is_suspect(block) && block.contains(&0) {
            return true;
        }
        rest = after;
    }
    match text.last_chunk() {
        // It shares bytes with the one before.
        Some(block) => is_suspect(block) && block.contains(&0),
        None => rest.contains(&0),
    }
}

/// Whether a block may hold a zero byte; one of 0x81 and above may be taken for it. Spelt out, for a module that is
/// compiled for size has no loop unrolled.
#[inline(always)]
fn is_suspect(block: &[u8; 32]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (a, b) = (word(block, 0), word(block, 8));
    let (c, d) = (word(block, 16), word(block, 24));
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
