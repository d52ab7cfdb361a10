//! Holds a record that came out of Fluent Bit against the one that was expected.

use serde_json::{Map, Value};

use super::filter::{ANY_REASON, ANY_TIME};
use super::{is_time, short};

/// The format in which filter and host exchange records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// Whatever JSON can say arrives as it is.
    Json,
    /// By the rules for msgpack without zero bytes.
    Msgpack,
}

/// Most bytes that a host adds which reads past a string: 15 on the way to the filter, and as many on its own way out.
const ADDED: usize = 30;

/// What differs, if anything does. The order of the fields counts. With `reads_past_strings`, strings beyond ASCII may have
/// some bytes more.
pub fn difference(
    expected: &Map<String, Value>,
    found: &Map<String, Value>,
    carried: Carried,
    reads_past_strings: bool,
) -> Option<String> {
    let check = Check {
        carried,
        reads_past_strings,
    };
    check.map(expected, found).err().map(|path| {
        format!(
            "{path}\n  expected {}\n     found {}",
            short(&Value::Object(expected.clone()).to_string()),
            short(&Value::Object(found.clone()).to_string())
        )
    })
}

/// The text that a value carries which is one string, or one that was cut into pieces.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(pieces) if !pieces.is_empty() => pieces.iter().map(text).collect(),
        _ => None,
    }
}

/// Most members of a map or array, and most bytes of a string, that msgpack carries here.
const MEMBERS: usize = 15;
const BYTES: usize = 65_535;

struct Check {
    carried: Carried,
    reads_past_strings: bool,
}

/// Where something differs.
type Difference = String;

impl Check {
    fn map(
        &self,
        expected: &Map<String, Value>,
        found: &Map<String, Value>,
    ) -> Result<(), Difference> {
        if self.carried == Carried::Msgpack && expected.len() > MEMBERS {
            let first = expected.iter().take(MEMBERS - 1);
            self.fields(first, found.iter().take(MEMBERS - 1))?;
            let rest: Map<_, _> = expected
                .iter()
                .skip(MEMBERS - 1)
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            let Some((name, value)) = found
                .iter()
                .nth(MEMBERS - 1)
                .filter(|_| found.len() == MEMBERS)
            else {
                return Err(format!("{} fields, expected {MEMBERS}", found.len()));
            };
            if name != "leafpack_rest" {
                return Err(format!("the last field is {name}, expected leafpack_rest"));
            }
            return self
                .packed_text(&Value::Object(rest), value)
                .map_err(|text| format!("leafpack_rest: {text}"));
        }
        if expected.len() != found.len() {
            return Err(format!(
                "{} fields, expected {}",
                found.len(),
                expected.len()
            ));
        }
        self.fields(expected.iter(), found.iter())
    }

    fn fields<'a>(
        &self,
        expected: impl Iterator<Item = (&'a String, &'a Value)>,
        found: impl Iterator<Item = (&'a String, &'a Value)>,
    ) -> Result<(), Difference> {
        for ((name, value), (found_name, found_value)) in expected.zip(found) {
            self.string(name, found_name)
                .map_err(|_| format!("field {found_name:?}, expected {name:?}"))?;
            self.value(value, found_value)
                .map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(())
    }

    fn value(&self, expected: &Value, found: &Value) -> Result<(), Difference> {
        let packed = self.carried == Carried::Msgpack;
        match (expected, found) {
            (Value::String(expected), Value::String(found)) if expected == ANY_TIME => {
                is_time(found)
                    .then_some(())
                    .ok_or_else(|| format!("{found:?} is no time"))
            }
            (Value::String(expected), Value::String(found)) if expected.starts_with(ANY_REASON) => {
                let mark = &expected[ANY_REASON.len()..];
                let good = found.len() > mark.len() && found.ends_with(mark);
                good.then_some(())
                    .ok_or_else(|| format!("{found:?} is no such reason"))
            }
            (Value::String(expected), found) => self.text(expected, found),
            (Value::Object(expected), Value::Object(found)) => self.map(expected, found),
            (Value::Array(elements), found) if packed && elements.len() > MEMBERS => {
                self.packed_text(expected, found)
            }
            (Value::Array(expected), Value::Array(found)) => {
                if expected.len() != found.len() {
                    return Err(format!(
                        "{} elements, expected {}",
                        found.len(),
                        expected.len()
                    ));
                }
                expected
                    .iter()
                    .zip(found)
                    .try_for_each(|(expected, found)| self.value(expected, found))
            }
            (Value::Number(number), found) if packed && !is_carried(number) => {
                let good = found.as_str() == Some(number.to_string().as_str());
                good.then_some(())
                    .ok_or_else(|| format!("{found}, expected {:?}", number.to_string()))
            }
            _ if expected == found => Ok(()),
            _ => Err(format!(
                "{}, expected {}",
                short(&found.to_string()),
                short(&expected.to_string())
            )),
        }
    }

    fn text(&self, expected: &str, found: &Value) -> Result<(), Difference> {
        let differs = |why: &str| {
            format!(
                "{why}: {}, expected {:?}",
                short(&found.to_string()),
                short(expected)
            )
        };
        if self.carried == Carried::Json {
            let found = found.as_str().ok_or_else(|| differs("no string"))?;
            return self.string(expected, found).map_err(differs);
        }
        let expected = expected.replace('\0', "\\u0000");
        let is_long = expected.len() > BYTES;
        let padded = |len: usize| len > 0 && len.is_multiple_of(256);
        let (whole, last) = match found {
            Value::String(found) if !is_long => (found.clone(), expected.len()),
            Value::Array(_) if is_long => {
                let last = last_piece(found)?;
                (
                    text(found).ok_or_else(|| differs("pieces"))?,
                    last.saturating_sub(1),
                )
            }
            _ => return Err(differs("the wrong kind")),
        };
        let expected = if padded(last) {
            expected + " "
        } else {
            expected
        };
        self.string(&expected, &whole).map_err(differs)
    }

    fn string(&self, expected: &str, found: &str) -> Result<(), &'static str> {
        let added = self.reads_past_strings
            && !expected.is_ascii()
            && found
                .strip_prefix(expected.trim_end())
                .is_some_and(|rest| rest.len() <= ADDED);
        if expected == found || added {
            Ok(())
        } else {
            Err("another text")
        }
    }

    /// A value that stands there as JSON text.
    fn packed_text(&self, expected: &Value, found: &Value) -> Result<(), Difference> {
        let text = text(found).ok_or_else(|| format!("{found} is no text"))?;
        let value: Value =
            serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        let as_json = Check {
            carried: Carried::Json,
            ..*self
        };
        as_json.value(expected, &value)
    }
}

/// Length of the last piece of a text in pieces; each of them must be one that can be carried.
fn last_piece(pieces: &Value) -> Result<usize, Difference> {
    match pieces {
        Value::String(text) if text.len() <= BYTES + 1 => Ok(text.len()),
        Value::Array(list) if (1..=MEMBERS).contains(&list.len()) => {
            list.iter().map(last_piece).try_fold(0, |_, last| last)
        }
        _ => Err(format!("{} is no piece", short(&pieces.to_string()))),
    }
}

/// Whether msgpack's shortest form of a number has no zero byte; doubles always count as having some.
fn is_carried(number: &serde_json::Number) -> bool {
    let form: Vec<u8> = match (number.as_u64(), number.as_i64()) {
        (Some(value), _) => match value {
            0..=0x7f => vec![value as u8],
            0x80..=0xff => vec![value as u8],
            0x100..=0xffff => (value as u16).to_be_bytes().to_vec(),
            0x1_0000..=0xffff_ffff => (value as u32).to_be_bytes().to_vec(),
            _ => value.to_be_bytes().to_vec(),
        },
        (None, Some(value)) => match value {
            -128..=-1 => (value as i8).to_be_bytes().to_vec(),
            -32_768..=-129 => (value as i16).to_be_bytes().to_vec(),
            -2_147_483_648..=-32_769 => (value as i32).to_be_bytes().to_vec(),
            _ => value.to_be_bytes().to_vec(),
        },
        (None, None) => return false,
    };
    !form.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differ(expected: Value, found: Value, carried: Carried) -> bool {
        let map = |value: Value| match value {
            Value::Object(map) => map,
            value => Map::from_iter([("x".to_string(), value)]),
        };
        difference(&map(expected), &map(found), carried, false).is_some()
    }

    #[test]
    fn json_is_taken_at_its_word() {
        for (expected, found, differs) in [
            (json!({"a": 1, "b": "x"}), json!({"a": 1, "b": "x"}), false),
            (json!({"a": 1, "b": "x"}), json!({"b": "x", "a": 1}), true),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), true),
            (json!({"a": 1}), json!({"a": "1"}), true),
            (json!([1, "2"]), json!([1, "3"]), true),
            (json!("x".repeat(256)), json!("x".repeat(256) + " "), true),
            (json!(ANY_TIME), json!("2024-05-01T10:11:12Z"), false),
            (json!(ANY_TIME), json!("yesterday"), true),
            (json!(ANY_REASON), json!("why"), false),
            (json!(ANY_REASON), json!(""), true),
        ] {
            let said = format!("{expected} {found}");
            assert_eq!(differ(expected, found, Carried::Json), differs, "{said}");
        }
    }

    #[test]
    fn knows_the_rules_of_msgpack() {
        let many = |range: std::ops::Range<usize>| -> Map<String, Value> {
            range.map(|n| (format!("f{n}"), Value::from("v"))).collect()
        };
        let mut cut = many(0..14);
        cut.insert(
            "leafpack_rest".into(),
            Value::Object(many(14..16)).to_string().into(),
        );
        let mut wrong = many(0..14);
        wrong.insert(
            "leafpack_rest".into(),
            Value::Object(many(14..17)).to_string().into(),
        );
        let long = "y".repeat(70_000);
        for (expected, found, differs) in [
            (json!(1), json!(1), false),
            (json!(0), json!("0"), false),
            (json!(0), json!(0), true),
            (json!(256), json!("256"), false),
            (json!(257), json!(257), false),
            (json!(257), json!("257"), true),
            (json!(-256), json!("-256"), false),
            (json!(-5), json!(-5), false),
            (json!(2.5), json!("2.5"), false),
            (json!("x".repeat(256)), json!("x".repeat(256) + " "), false),
            (json!("x".repeat(256)), json!("x".repeat(256)), true),
            (json!("a\0b"), json!("a\\u0000b"), false),
            (
                json!(long),
                json!([&long[..65_500], &long[65_500..]]),
                false,
            ),
            (json!(long), json!([&long[..65_500], &long[65_501..]]), true),
            (json!(long), json!(long), true),
            (
                Value::Object(many(0..15)),
                Value::Object(many(0..15)),
                false,
            ),
            (
                Value::Object(many(0..16)),
                Value::Object(cut.clone()),
                false,
            ),
            (Value::Object(many(0..16)), Value::Object(wrong), true),
            (
                json!(vec![1; 16]),
                json!(json!(vec![1; 16]).to_string()),
                false,
            ),
            (json!(vec![1; 15]), json!(vec![1; 15]), false),
        ] {
            let said = format!("{expected:.100} {found:.100}");
            assert_eq!(differ(expected, found, Carried::Msgpack), differs, "{said}");
        }
    }

    #[test]
    fn a_host_may_add_bytes_to_what_is_not_ascii() {
        let map = |text: &str| Map::from_iter([("x".to_string(), Value::from(text))]);
        let differ =
            |a: &str, b: &str, reads| difference(&map(a), &map(b), Carried::Json, reads).is_some();
        assert!(!differ("é", "é rest", true));
        assert!(differ("é", "é rest", false));
        assert!(differ("e", "e rest", true));
        assert!(differ("é", "è rest", true));
    }
}
