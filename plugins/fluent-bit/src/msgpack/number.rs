//! Numbers as text.

use crate::output::Output;

/// Below this, a double holds every integer.
const EXACT: u64 = 1 << 53;

/// Powers of ten that a double holds exactly go up to this one.
const MOST_DECIMALS: usize = 22;

/// Appends a double, so that reading it gives the same one: `1.0`, `0.1`, `-12.25`, in as few digits as that takes.
/// What is beyond 2^64, or below 2^-10 and not a number of at most 15 digits and 22 decimals, becomes a string,
/// `"0x1fp-80"`: an integer in hexadecimal digits times a power of two. NaN and infinities are strings too.
#[inline(never)]
pub(super) fn push_float(value: f64, out: &mut Output<'_>) {
    let negative = value.is_sign_negative();
    let size = value.abs();
    let fraction = size.to_bits() & (EXACT / 2 - 1);
    let (mantissa, exponent) = match size.to_bits() >> 52 {
        0 => (fraction, -1074),
        biased => (fraction | (EXACT / 2), biased as i32 - 1075),
    };
    match exponent {
        972 => {
            return out.push(match (fraction, negative) {
                (0, false) => b"\"Infinity\"",
                (0, true) => b"\"-Infinity\"",
                _ => b"\"NaN\"",
            });
        }
        0..=11 => {
            out.push_decimal(negative, mantissa << exponent, 0);
            return out.push(b".0");
        }
        -62..0 => {
            // Digit by digit, until what is left out is less than half the distance to the next double (`margin`), so
            // that the text is read as this one. Times ten is times five, one bit more before the point.
            let mut point = 1 - exponent;
            let mut rest = mantissa << 1;
            let mut margin = 1;
            let (mut digits, mut decimals) = (0, 0);
            loop {
                digits = digits * 10 + (rest >> point);
                rest &= (1 << point) - 1;
                if decimals > 0 {
                    let missing = (1 << point) - rest;
                    if rest < margin || missing < margin {
                        digits += u64::from(rest >= margin);
                        return out.push_decimal(negative, digits, decimals);
                    }
                }
                point -= 1;
                rest *= 5;
                margin *= 5;
                decimals += 1;
            }
        }
        _ => {}
    }
    let (mut power, mut decimals) = (1.0, 0);
    while decimals < MOST_DECIMALS {
        power *= 10.0;
        decimals += 1;
        // Truncates at the most; whether it is right is tested: both numbers are exact, so that their quotient is the
        // double that is nearest to the decimal number.
        let digits = (size * power + 0.5) as u64;
        if digits >= EXACT {
            break;
        }
        if digits as f64 / power == size {
            return out.push_decimal(negative, digits, decimals);
        }
    }
    out.push(if negative { b"\"-0x" } else { b"\"0x" });
    let mut shift = 64;
    while shift > 0 {
        shift -= 8;
        out.push_hex((mantissa >> shift) as u8);
    }
    out.push_byte(b'p');
    out.push_decimal(exponent < 0, u64::from(exponent.unsigned_abs()), 0);
    out.push_byte(b'"');
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
                prop_assert!(!text.starts_with('"') || value.abs() < 1e-3, "{}", text);
                prop_assert_eq!(read(&text).to_bits(), value.to_bits(), "{}", text);
            }
        }
    }
}
