//! A record on its way from one filter to the next: Fluent Bit reads the first one's answer, and writes it anew.
//!
//! What is written is what 5.1.1 was seen to write (`flb_msgpack_to_json` in `src/flb_pack.c`): no white space, strings
//! escaped as by the tail input's records, of fields of one name the last, floating point numbers with 16 digits.
//! 3.2.2 and 4.1.1 read exponents otherwise (`1e3` as 1), and 3.2.2 cuts integers above 2⁶³−1 to that and leaves text
//! outside of ASCII unescaped; filters of ours write such numbers only where the record had them.

use serde_json::{Number, Value};

use crate::record::Record;
use crate::tail;

/// The record as the next filter gets it. `None` if `json` is no object; Fluent Bit then loses it, or aborts.
pub(crate) fn passed_on(json: &[u8]) -> Option<Vec<u8>> {
    let Record(fields) = Record::read(json).ok()?;
    let mut out = vec![b'{'];
    for (index, (name, value)) in fields.iter().enumerate() {
        // Of one name within an object further in, the last value counts too, in the first one's place.
        if fields[index + 1..].iter().any(|(later, _)| later == name) {
            continue;
        }
        field(name, value, &mut out);
    }
    out.push(b'}');
    Some(out)
}

fn field(name: &str, value: &Value, out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    string(name, out);
    out.push(b':');
    write(value, out);
}

/// Not deeper than the parser goes: 128 levels.
pub(crate) fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null | Value::Bool(_) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Number(value) => out.extend_from_slice(number(value).as_bytes()),
        Value::String(text) => string(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (name, value) in fields {
                field(name, value, out);
            }
            out.push(b'}');
        }
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    tail::escape(text.as_bytes(), out);
    out.push(b'"');
}

/// C's `%.1f` for a whole number, else its `%.16g`.
fn number(number: &Number) -> String {
    const DIGITS: i32 = 16;
    let value = match number.as_f64() {
        Some(value) if number.is_f64() => value,
        _ => return number.to_string(),
    };
    // Beyond an i64, C's conversion gives another number.
    if value.abs() < i64::MAX as f64 && value.trunc() == value {
        return format!("{value:.1}");
    }
    let scientific = format!("{value:.*e}", DIGITS as usize - 1);
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..DIGITS).contains(&exponent) {
        let decimals = usize::try_from(DIGITS - 1 - exponent).unwrap_or(0);
        return trim(&format!("{value:.decimals$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trim(digits), exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Nothing but the spelling changes, and of numbers what is beyond 16 digits.
        #[test]
        fn values_stay(fields in proptest::collection::btree_map(".{0,8}", (".{0,20}", any::<i64>(), any::<bool>()), 0..6)) {
            let fields: serde_json::Map<String, Value> = fields
                .into_iter()
                .map(|(name, (text, number, truth))| (name, serde_json::json!([text, number, {text: truth}, null])))
                .collect();
            let record = Value::Object(fields);
            let written = passed_on(record.to_string().as_bytes()).unwrap();
            prop_assert_eq!(&serde_json::from_slice::<Value>(&written).unwrap(), &record);
            prop_assert_eq!(passed_on(&written), Some(written));
        }

        #[test]
        fn numbers_keep_15_digits(value in any::<f64>().prop_filter("JSON has no other", |value| value.is_finite())) {
            let text = number(&Number::from_f64(value).unwrap());
            let read: f64 = text.parse().unwrap();
            prop_assert!((read - value).abs() <= value.abs() * 1e-15, "{} {}", value, text);
        }
    }

    /// Seen between two filters of Fluent Bit 5.1.1.
    #[test]
    fn writes_what_fluent_bit_writes() {
        let from = r#"{"a":59.9,"b":1e3,"c":1.0,"d":0.1,"e":1e300,"f":-0.0,"g":1.5e-7,"h":18446744073709551615,"i":9223372036854775807,"j":-1,"k":123456789.123456789,"l":0.30000000000000004,"m":1e16,"n":"grüße","o":"\u00e9/","p":{"x":1,"y":[1,2.50,null,true]},"q":1,"q":"two","r":null,"s":"","t":123456789012345678901234567890,"u":0, "v" : 1E2,"w":"\/","x":12345678901234.5}"#;
        let to = r#"{"a":59.9,"b":1000.0,"c":1.0,"d":0.1,"e":1e+300,"f":-0.0,"g":1.5e-07,"h":18446744073709551615,"i":9223372036854775807,"j":-1,"k":123456789.1234568,"l":0.3,"m":10000000000000000.0,"n":"gr\u00fc\u00dfe","o":"\u00e9/","p":{"x":1,"y":[1,2.5,null,true]},"q":"two","r":null,"s":"","t":1.234567890123457e+29,"u":0,"v":100.0,"w":"/","x":12345678901234.5}"#;
        let written = passed_on(from.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(written.clone()).unwrap(), to);
        assert_eq!(passed_on(&written), Some(written), "again, the same");
        for text in ["", "[]", "null", "{\"a\":nan}"] {
            assert_eq!(passed_on(text.as_bytes()), None);
        }
    }
}
