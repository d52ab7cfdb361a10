//! What JSON becomes in msgpack that may hold no zero byte: the rules of `leafpack_fluent_bit::msgpack`, read the
//! other way round.

use rmpv::Value;

use crate::read::{self, Fields};

/// Entries of a map and elements of an array, at most; with more, their number would be spelt with a zero byte.
const MOST: usize = 15;

/// From so many bytes on a field with such a name is JSON text.
const LONGEST_NAME: usize = 65_000;

/// Says where `packed` is not what the rules make of `plain`.
///
/// # Errors
/// The path, and the two values.
pub(crate) fn compare(plain: &Fields, packed: &Fields) -> Result<(), String> {
    value("", &read::map(plain), &read::map(packed))
}

fn value(path: &str, plain: &Value, packed: &Value) -> Result<(), String> {
    let same = match (plain, packed) {
        (Value::Map(plain), Value::Map(packed)) => return map(path, plain, packed),
        (Value::Array(all), Value::Array(packed))
            if all.len() <= MOST && all.len() == packed.len() =>
        {
            let mut pairs = all.iter().zip(packed).enumerate();
            return pairs.try_for_each(|(n, (plain, packed))| {
                value(&format!("{path}[{n}]"), plain, packed)
            });
        }
        (Value::Array(all), Value::String(_)) if all.len() > MOST => in_text(plain, packed),
        (Value::String(_), Value::String(_) | Value::Array(_)) => is_text(plain, packed),
        // Which numbers become strings is known by their bytes; that there is no zero is seen elsewhere.
        _ => number(plain, packed),
    };
    if same {
        Ok(())
    } else {
        Err(format!("{path} is {packed}, should be {plain}"))
    }
}

fn map(path: &str, plain: &[(Value, Value)], packed: &[(Value, Value)]) -> Result<(), String> {
    let kept = if plain.len() > MOST {
        MOST - 1
    } else {
        plain.len()
    };
    if packed.len() != plain.len().min(MOST) {
        let (found, right) = (packed.len(), plain.len().min(MOST));
        return Err(format!("{path} has {found} entries, should have {right}"));
    }
    for ((name, one), (packed_name, other)) in plain.iter().zip(packed).take(kept) {
        if bytes(name).len() >= LONGEST_NAME && packed_name.as_str() == Some("leafpack_key") {
            let field = Value::Map(vec![(name.clone(), one.clone())]);
            if in_text(&field, other) {
                continue;
            }
        }
        if !is_text(name, packed_name) {
            return Err(format!("{path} has {packed_name}, should have {name}"));
        }
        value(&format!("{path}.{name}"), one, other)?;
    }
    let rest = Value::Map(plain[kept..].to_vec());
    match packed.get(kept) {
        None => Ok(()),
        Some((name, text)) if name.as_str() == Some("leafpack_rest") && in_text(&rest, text) => {
            Ok(())
        }
        Some((name, text)) => Err(format!(
            "{path}.{name} is {text}, should be the JSON text of {rest}"
        )),
    }
}

/// Whether the JSON text `packed` is of `plain`.
fn in_text(plain: &Value, packed: &Value) -> bool {
    read::json_value(&joined(packed)).is_some_and(|read| equal(plain, &read))
}

/// Inside of JSON text nothing is cut and nothing padded; numbers may be strings.
fn equal(plain: &Value, other: &Value) -> bool {
    match (plain, other) {
        (Value::Map(plain), Value::Map(other)) => {
            let mut pairs = plain.iter().zip(other);
            plain.len() == other.len() && pairs.all(|(a, b)| a.0 == b.0 && equal(&a.1, &b.1))
        }
        (Value::Array(plain), Value::Array(other)) => {
            plain.len() == other.len() && plain.iter().zip(other).all(|(a, b)| equal(a, b))
        }
        _ => number(plain, other),
    }
}

/// Equal values, or a number and its text, for which doubles that are very large or small have a form of their own:
/// `0x1fp-80`.
fn number(plain: &Value, packed: &Value) -> bool {
    let (Value::Integer(_) | Value::F64(_), Some(text)) = (plain, packed.as_str()) else {
        return plain == packed;
    };
    let binary = || {
        let (sign, digits) = text
            .strip_prefix('-')
            .map_or((1.0, text), |rest| (-1.0, rest));
        let (digits, power) = digits.strip_prefix("0x")?.split_once('p')?;
        let digits = u64::from_str_radix(digits, 16).ok()? as f64;
        Some(sign * digits * f64::exp2(power.parse().ok()?))
    };
    read::json_value(text).as_ref() == Some(plain)
        || binary().is_some_and(|value| plain.as_f64() == Some(value))
}

/// A string, which may be an array of its parts.
fn joined(packed: &Value) -> String {
    read::text(&bytes(packed)).into_owned()
}

fn bytes(packed: &Value) -> Vec<u8> {
    match packed {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Array(parts) => parts.iter().flat_map(bytes).collect(),
        _ => Vec::new(),
    }
}

/// A string of 256, 512, … bytes gets a space, and so does such a part of one. Without it there would be a zero byte, which
/// is seen elsewhere.
fn is_text(plain: &Value, packed: &Value) -> bool {
    let plain = joined(plain).replace('\0', "\\u0000");
    let mut parts = Vec::new();
    add_parts(packed, &mut parts);
    are_parts(&plain, &parts)
}

fn add_parts<'v>(packed: &'v Value, parts: &mut Vec<&'v [u8]>) {
    match packed {
        Value::String(text) => parts.push(text.as_bytes()),
        Value::Array(values) => values.iter().for_each(|value| add_parts(value, parts)),
        _ => {}
    }
}

fn are_parts(plain: &str, parts: &[&[u8]]) -> bool {
    let Some((part, others)) = parts.split_first() else {
        return plain.is_empty();
    };
    let padded = part
        .strip_suffix(b" ")
        .filter(|part| part.len().is_multiple_of(256));
    let goes_on = |part: &[u8]| {
        plain
            .strip_prefix(&*read::text(part))
            .is_some_and(|rest| are_parts(rest, others))
    };
    goes_on(part) || padded.is_some_and(goes_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(plain: &str, packed: &str) -> Result<(), String> {
        compare(
            &read::json(plain.as_bytes()).unwrap(),
            &read::json(packed.as_bytes()).unwrap(),
        )
    }

    #[test]
    fn each_rule_is_known() {
        let long = "x".repeat(512);
        let object = |count: usize| {
            let fields: Vec<String> = (1..=count).map(|n| format!("\"f{n}\":{n}")).collect();
            fields.join(",")
        };
        for (plain, packed) in [
            (
                r#"{"a":[1,null,true,{"b":"c"}]}"#.to_string(),
                r#"{"a":[1,null,true,{"b":"c"}]}"#.to_string(),
            ),
            (
                r#"{"a":256,"b":1.5}"#.into(),
                r#"{"a":"256","b":"1.5"}"#.into(),
            ),
            (
                r#"{"a":1.5e300}"#.into(),
                r#"{"a":"0x11eb2d66005835p945"}"#.into(),
            ),
            (r#"{"a":"\u0000"}"#.into(), r#"{"a":"\\u0000"}"#.into()),
            (
                format!(r#"{{"a":"{long}"}}"#),
                format!(r#"{{"a":"{long} "}}"#),
            ),
            (r#"{"a":"xyz"}"#.into(), r#"{"a":["x","yz"]}"#.into()),
            (
                format!(r#"{{"a":"{long}yz"}}"#),
                format!(r#"{{"a":["{long} ","yz"]}}"#),
            ),
            (
                format!("{{{},\"y\":16,\"z\":17}}", object(14)),
                format!(
                    r#"{{{},"leafpack_rest":"{{\"y\":16,\"z\":17}}"}}"#,
                    object(14)
                ),
            ),
            (
                format!(r#"{{"a":[{}1]}}"#, "1,".repeat(16)),
                format!(r#"{{"a":"[{}1]"}}"#, "1,".repeat(16)),
            ),
        ] {
            assert_eq!(compared(&plain, &packed), Ok(()));
            let other = packed
                .replacen('1', "2", 1)
                .replacen("xx", "xy", 1)
                .replacen("yz", "zz", 1)
                .replacen("u0000", "u0001", 1);
            assert!(compared(&plain, &other).is_err(), "{other}");
        }
    }
}
