//! Numbers as text.

use crate::output::Output;

/// Appends an integer's digits, with a minus sign where asked for.
#[inline(never)]
pub(super) fn push_decimal(negative: bool, mut value: u64, out: &mut Output<'_>) {
    let mut digits = [b'0'; 20];
    let mut len = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        len += 1;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    if negative {
        out.push_byte(b'-');
    }
    out.push(digits.get(20 - len..).unwrap_or_default());
}

/// Appends the digits of a byte, hexadecimal.
pub(super) fn push_hex(byte: u8, out: &mut Output<'_>) {
    for nibble in [byte >> 4, byte & 15] {
        let letter = if nibble < 10 { b'0' } else { b'a' - 10 };
        out.push_byte(letter + nibble);
    }
}

/// Below this, a double holds every integer.
const EXACT: u64 = 1 << 53;

/// Powers of ten that a double holds exactly go up to this one.
const MOST_DECIMALS: u32 = 22;

/// Appends a double, so that reading it gives the same one: `1.0`, `0.1`, `-12.25`, in 17 digits where it has no
/// shorter form; what is beyond 2^64 or below 10^-6 in more than 15 digits as a string, `"0x1fp-80"`: an integer in
/// hexadecimal digits times a power of two. NaN and infinities are strings too.
#[inline(never)]
pub(super) fn push_float(value: f64, out: &mut Output<'_>) {
    if !value.is_finite() {
        out.push(match value {
            f64::INFINITY => b"\"Infinity\"",
            f64::NEG_INFINITY => b"\"-Infinity\"",
            _ => b"\"NaN\"",
        });
        return;
    }
    let negative = value.is_sign_negative();
    let size = value.abs();
    let mut power = 1.0;
    for decimals in 0..=MOST_DECIMALS {
        // Truncates at the most; whether it is right is tested: both numbers are exact, so that their quotient is the
        // double that is nearest to the decimal number.
        let digits = (size * power + 0.5) as u64;
        if digits >= EXACT {
            break;
        }
        if digits as f64 / power == size {
            return push_fixed(negative, digits, decimals, out);
        }
        power *= 10.0;
    }
    let bits = size.to_bits();
    let fraction = bits & (EXACT / 2 - 1);
    let (mantissa, exponent) = match bits >> 52 {
        0 => (fraction, -1074),
        biased => (fraction | EXACT / 2, biased as i32 - 1075),
    };
    // Seventeen digits: times a power of ten, in 128 bits, and rounded.
    let mut scaled = u128::from(mantissa);
    let mut decimals = 0;
    let shift = exponent.unsigned_abs();
    if exponent < 0 && shift < 127 {
        while scaled >> shift < 10_000_000_000_000_000 && decimals < MOST_DECIMALS {
            scaled *= 10;
            decimals += 1;
        }
        let digits = (scaled + (1 << (shift - 1))) >> shift;
        if digits >= 10_000_000_000_000_000 {
            return push_fixed(negative, digits as u64, decimals, out);
        }
    } else if exponent >= 0 && shift <= 11 {
        return push_fixed(negative, mantissa << shift, 0, out);
    }
    out.push(if negative { b"\"-0x" } else { b"\"0x" });
    for byte in mantissa.to_be_bytes() {
        push_hex(byte, out);
    }
    out.push_byte(b'p');
    push_decimal(exponent < 0, u64::from(shift), out);
    out.push_byte(b'"');
}

/// Appends `digits / 10^decimals`, with one decimal at least.
fn push_fixed(negative: bool, mut digits: u64, decimals: u32, out: &mut Output<'_>) {
    // 22 decimals, the point, 20 digits before it.
    let mut text = [b'0'; 44];
    let point = decimals.max(1) as usize;
    let mut len = 0;
    for place in text.iter_mut().rev() {
        len += 1;
        if len == point + 1 {
            *place = b'.';
        } else if decimals > 0 || len > 1 {
            *place = b'0' + (digits % 10) as u8;
            digits /= 10;
        }
        if digits == 0 && len > point + 1 {
            break;
        }
    }
    if negative {
        out.push_byte(b'-');
    }
    out.push(text.get(44 - len..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::String;

    fn text(value: f64) -> String {
        let mut buffer = [0; 64];
        let mut out = Output::new(&mut buffer);
        push_float(value, &mut out);
        let len = out.used().unwrap();
        String::from_utf8(buffer[..len].to_vec()).unwrap()
    }

    /// What the text stands for.
    fn read(text: &str) -> f64 {
        let Some(hex) = text.strip_prefix('"') else {
            return text.parse().unwrap();
        };
        let hex = hex.strip_suffix('"').unwrap();
        let (sign, hex) = match hex.strip_prefix('-') {
            Some(hex) => (-1.0, hex),
            None => (1.0, hex),
        };
        let (mantissa, exponent) = hex.strip_prefix("0x").unwrap().split_once('p').unwrap();
        let mantissa = u64::from_str_radix(mantissa, 16).unwrap() as f64;
        let exponent: i32 = exponent.parse().unwrap();
        // In two steps: 2^-1074 by itself is subnormal, but exact.
        let half = exponent / 2;
        sign * mantissa * 2f64.powi(half) * 2f64.powi(exponent - half)
    }

    #[test]
    fn writes_doubles_as_people_do() {
        for (value, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-12.25, "-12.25"),
            (0.1, "0.1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1.0 / 3.0, "0.3333333333333333"),
            (1e-7, "0.0000001"),
            (1e15, "1000000000000000.0"),
            (9_007_199_254_740_993_000.0, "9007199254740993024.0"),
            (1e300, "\"0x0017e43c8800759cp944\""),
            (5e-324, "\"0x0000000000000001p-1074\""),
            (f64::NAN, "\"NaN\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    proptest! {
        #[test]
        fn doubles_come_back(bits: u64) {
            let value = f64::from_bits(bits);
            if value.is_finite() {
                prop_assert_eq!(read(&text(value)).to_bits(), bits, "{}", text(value));
            }
        }

        #[test]
        fn everyday_doubles_come_back(value in -1e6..1e6f64, small in -1.0..1.0f64) {
            for value in [value, small, value.round() / 1000.0] {
                let text = text(value);
                prop_assert!(!text.starts_with('"') || value.abs() < 1e-6, "{}", text);
                prop_assert_eq!(read(&text).to_bits(), value.to_bits(), "{}", text);
            }
        }
    }
}
