//! What goes in and what comes out, read by parsers that share no code with a filter.

use std::borrow::Cow;

use rmpv::Value;

/// A field that is there twice is there twice.
pub(crate) type Fields = Vec<(String, Value)>;

/// Bytes as text; each that is no UTF-8 as a character of its own, so that other bytes are another text. Filters pass such
/// bytes on as they are.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.into();
    }
    let mut text = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let strange = chunk
            .invalid()
            .iter()
            .map(|byte| 0x10_ff00 + u32::from(*byte));
        text.extend(strange.filter_map(char::from_u32));
    }
    text.into()
}

/// The fields of the one JSON object that `json` is. Bytes that are no UTF-8 are taken as [`text`] does; halves of a
/// surrogate pair count as U+FFFD, for filters pass them on: Fluent Bit reads them.
///
/// # Errors
/// The parser's sentence, where it is not one object.
pub(crate) fn json(json: &[u8]) -> Result<Fields, String> {
    let text = text(json);
    let value: Value = match serde_json::from_str(&text) {
        Err(_) if text.contains("\\u") => serde_json::from_str(&without_half_pairs(&text)),
        read => read,
    }
    .map_err(|error| error.to_string())?;
    fields(value)
}

/// The fields of the one map that `bytes` are in msgpack.
///
/// # Errors
/// What is wrong.
pub(crate) fn msgpack(bytes: &[u8]) -> Result<Fields, String> {
    let mut rest = bytes;
    let value = rmpv::decode::read_value(&mut rest).map_err(|error| error.to_string())?;
    if !rest.is_empty() {
        return Err(format!("{} bytes follow", rest.len()));
    }
    // The reader takes the one byte that begins no value for nil. Where that is what it is, nil in its place is the same.
    const NONE: u8 = 0xc1;
    const NIL: u8 = 0xc0;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == NONE) {
        let mut changed = bytes.to_vec();
        changed[at] = NIL;
        if rmpv::decode::read_value(&mut &changed[..]).is_ok_and(|other| other == value) {
            return Err(format!("byte {at} begins no value"));
        }
    }
    fields(value)
}

fn fields(value: Value) -> Result<Fields, String> {
    let Value::Map(fields) = value else {
        return Err("not a map".into());
    };
    let named = fields.into_iter().map(|(key, value)| match key {
        Value::String(name) => Ok((text(name.as_bytes()).into_owned(), value)),
        other => Err(format!("the key {other} is no string")),
    });
    named.collect()
}

/// These fields as JSON text; `None`: something in them has no such text, or more than one.
pub(crate) fn to_json(fields: &Fields) -> Option<Vec<u8>> {
    fn plain(value: &Value) -> bool {
        match value {
            Value::Nil | Value::Boolean(_) | Value::Integer(_) => true,
            // Others reach the filter as strings, and one in the input field is another mistake then.
            Value::F64(number) => {
                *number == 0.0 || (f64::exp2(-10.0)..f64::exp2(64.0)).contains(&number.abs())
            }
            Value::String(text) => text.is_str(),
            Value::Array(values) => values.iter().all(plain),
            Value::Map(pairs) => pairs.iter().all(|(key, value)| {
                matches!(key, Value::String(text) if text.is_str()) && plain(value)
            }),
            Value::F32(_) | Value::Binary(_) | Value::Ext(..) => false,
        }
    }
    if !fields.iter().all(|(_, value)| plain(value)) {
        return None;
    }
    serde_json::to_vec(&map(fields)).ok()
}

/// These fields as one value.
pub(crate) fn map(fields: &Fields) -> Value {
    let pairs = fields
        .iter()
        .map(|(name, value)| (name.as_str().into(), value.clone()));
    Value::Map(pairs.collect())
}

/// The value that a JSON text is.
pub(crate) fn json_value(text: &str) -> Option<Value> {
    serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(&without_half_pairs(text)))
        .ok()
}

/// These fields as a map in msgpack.
pub(crate) fn to_msgpack(fields: &Fields) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &map(fields)).expect("memory takes everything");
    bytes
}

/// JSON text with `\ufffd` for each escape of a surrogate that is not half of a pair.
fn without_half_pairs(text: &str) -> String {
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut mended = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(next) = text[at..].find('\\') {
        mended.push_str(&text[at..at + next]);
        at += next;
        let len = match (unit(at), unit(at + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                mended.push_str("\\ufffd");
                at += 6;
                continue;
            }
            // A backslash and what it escapes, which may be another one.
            _ => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(&text[at..at + len]);
        at += len;
    }
    mended.push_str(&text[at..]);
    mended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_filters_pass_on() {
        let string = |json: &[u8]| match &json_of(json)[..] {
            [(name, Value::String(text))] if name == "a" => text.as_str().unwrap().to_string(),
            other => panic!("{other:?}"),
        };
        fn json_of(text: &[u8]) -> Fields {
            json(text).unwrap()
        }
        for (escaped, expected) in [
            (&br#"{"a":"\ud83d\ude00"}"#[..], "😀"),
            (br#"{"a":"\ud83dx"}"#, "\u{fffd}x"),
            (br#"{"a":"\ude00\ud83d"}"#, "\u{fffd}\u{fffd}"),
            (br#"{"a":"\\ud83d\ud83d"}"#, "\\ud83d\u{fffd}"),
            (b"{\"a\":\"\xffx\xfe\"}", "\u{10ffff}x\u{10fffe}"),
        ] {
            assert_eq!(string(escaped), expected);
        }
        assert_eq!(json_of(br#"{"a":1,"a":{"b":1,"b":2}}"#).len(), 2);
        for wrong in [
            &b""[..],
            b"[]",
            b"{}{}",
            b"{\"a\":nan}",
            b"{\"a\":\"\\ud83d\\\"}",
            b"{\"a\":1e400}",
        ] {
            assert!(json(wrong).is_err());
        }
    }

    #[test]
    fn what_has_two_forms_is_no_text() {
        for (number, has) in [
            (0.0, true),
            (-1.5, true),
            (1.8e19, true),
            (1.9e19, false),
            (-1e300, false),
            (1e-7, false),
            (f64::NAN, false),
        ] {
            let fields = vec![("a".to_string(), Value::Array(vec![Value::F64(number)]))];
            assert_eq!(to_json(&fields).is_some(), has, "{number}");
        }
    }

    #[test]
    fn msgpack_is_one_map() {
        let fields = json(br#"{"a":[1,-1,1.5,null,true,"x"],"b":{"c":{}}}"#).unwrap();
        let mut bytes = to_msgpack(&fields);
        assert_eq!(msgpack(&bytes), Ok(fields));
        bytes.push(0xc0);
        assert!(msgpack(&bytes).is_err());
        assert!(msgpack(b"\x81\xa1a\xcc\xc1").is_ok());
        for wrong in [
            &b""[..],
            b"\x90",
            b"\x81\x01\x01",
            b"\x82\xa1a\x01",
            b"\x81\xa0\xc1",
        ] {
            assert!(msgpack(wrong).is_err());
        }
    }
}
