//! What an untyped scalar means, and whether readers agree on it.

use serde_json::{Number, Value};

/// What kustomize's reader (go-yaml v3, `resolve.go`) makes of a plain scalar without a tag.
pub(super) enum Plain {
    Value(Value),
    /// `.inf`, `.nan` and their like: a number that JSON has no form for.
    NotANumber,
    Text,
}

pub(super) fn resolve(text: &str) -> Plain {
    let Some(first) = text.bytes().next() else {
        return Plain::Value(Value::Null);
    };
    match first {
        b'~' | b'n' | b'N' if matches!(text, "~" | "null" | "Null" | "NULL") => {
            Plain::Value(Value::Null)
        }
        b't' | b'T' if matches!(text, "true" | "True" | "TRUE") => Plain::Value(Value::Bool(true)),
        b'f' | b'F' if matches!(text, "false" | "False" | "FALSE") => {
            Plain::Value(Value::Bool(false))
        }
        b'0'..=b'9' | b'+' | b'-' | b'.' => match number(text) {
            Some(value) => Plain::Value(value),
            None if is_not_finite(text) => Plain::NotANumber,
            None => Plain::Text,
        },
        _ => Plain::Text,
    }
}

pub(super) fn is_not_finite(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

fn number(text: &str) -> Option<Value> {
    if text.starts_with('.') {
        return float(text);
    }
    let digits: std::borrow::Cow<'_, str> = if text.contains('_') {
        text.replace('_', "").into()
    } else {
        text.into()
    };
    integer(&digits).or_else(|| float(&digits))
}

/// Decimal, `0x`, `0o`, `0b`, and a leading zero for octal, with a sign; up to 64 bits.
pub(super) fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // from_str_radix takes a sign of its own, which here would be a second one.
    if !digits.bytes().next()?.is_ascii_alphanumeric() {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        let value = 0i64.checked_sub_unsigned(magnitude)?;
        Some(Value::from(value))
    } else {
        Some(Value::from(magnitude))
    }
}

/// `[-+]? (\.[0-9]+ | [0-9]+(\.[0-9]*)?) ([eE][-+]?[0-9]+)?`, within the range of a double.
pub(super) fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && all_digits(fraction),
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let exponent_ok = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    if !mantissa_ok || !exponent_ok {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    Number::from_f64(value).map(Value::Number)
}

/// Whether some reader, of YAML 1.1 or 1.2, would take this plain text for something other than a string.
///
/// Errs on the side of yes: quotes never hurt.
pub(super) fn is_ambiguous(text: &str) -> bool {
    let Some(&first) = text.as_bytes().first() else {
        return true;
    };
    match first {
        // Integers, floats, dates and times, and base 60 of YAML 1.1, have a digit and are made of these.
        b'0'..=b'9' | b'+' | b'-' | b'.' => {
            let is_number_like = text.bytes().any(|b| b.is_ascii_digit())
                && text.bytes().all(|b| {
                    b.is_ascii_hexdigit()
                        || matches!(b, b'x' | b'X' | b'o' | b'O' | b't' | b'T' | b'z' | b'Z')
                        || matches!(b, b'_' | b'.' | b':' | b'+' | b'-' | b' ')
                });
            let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
            let word = unsigned.strip_prefix('.').unwrap_or_default();
            is_number_like || word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("nan")
        }
        b'~' | b'=' => text.len() == 1,
        b'<' => text == "<<",
        _ => ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Option<Value> {
        match resolve(text) {
            Plain::Value(value) => Some(value),
            Plain::Text => Some(Value::from(text)),
            Plain::NotANumber => None,
        }
    }

    #[test]
    fn plain_scalars_mean_what_they_mean_to_kustomize() {
        let table = [
            ("", json!(null)),
            ("~", json!(null)),
            ("NULL", json!(null)),
            ("nULL", json!("nULL")),
            ("True", json!(true)),
            ("on", json!("on")),
            ("y", json!("y")),
            ("0", json!(0)),
            ("-0", json!(0)),
            ("012", json!(10)),
            ("-012", json!(-10)),
            ("08", json!(8.0)),
            ("0o17", json!(15)),
            ("-0o17", json!(-15)),
            ("0o8", json!("0o8")),
            ("0x1F", json!(31)),
            ("0x1_F", json!(31)),
            ("0x", json!("0x")),
            ("0x-1", json!("0x-1")),
            ("0b11", json!(3)),
            ("1_000", json!(1000)),
            ("_1", json!("_1")),
            ("+1", json!(1)),
            ("+-1", json!("+-1")),
            ("--1", json!("--1")),
            ("-", json!("-")),
            (".5", json!(0.5)),
            ("-.5", json!(-0.5)),
            ("5.", json!(5.0)),
            (".", json!(".")),
            ("1e3", json!(1000.0)),
            ("1E+3", json!(1000.0)),
            ("1e", json!("1e")),
            ("1e400", json!("1e400")),
            ("18446744073709551615", json!(u64::MAX)),
            ("18446744073709551616", json!(18_446_744_073_709_551_616.0)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("12:30:45", json!("12:30:45")),
            ("1:2", json!("1:2")),
            ("2024-01-02", json!("2024-01-02")),
            ("infinity", json!("infinity")),
            ("1.2.3", json!("1.2.3")),
            ("=", json!("=")),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), Some(expected), "{text:?}");
        }
        for text in [".inf", "-.INF", "+.Inf", ".nan", ".NaN"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn whatever_is_not_text_is_ambiguous() {
        for text in [
            "",
            "~",
            "null",
            "True",
            "on",
            "Y",
            "0",
            "-0",
            "012",
            "0x1F",
            "1_000",
            "-_1",
            ".5",
            "5.",
            "1e3",
            ".inf",
            "-.INF",
            ".NaN",
            "12:30:45",
            "190:20:30.15",
            "2024-01-02",
            "2024-01-02T10:00:00.5+01:00",
            "=",
            "<<",
            "2001-12-14 21:59:43.10 -5",
        ] {
            assert!(is_ambiguous(text), "{text:?}");
        }
        for text in [
            "100m",
            "1Gi",
            "10s",
            "a",
            "nan",
            "-config",
            "<<<",
            "~x",
            "10.0.0.0/8",
            "yes!",
        ] {
            assert!(!is_ambiguous(text), "{text:?}");
        }
    }
}
