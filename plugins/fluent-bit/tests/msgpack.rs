//! The two conversions of `msgpack` against independent readers: `rmpv` and `serde_json`, and the rules written down a
//! second time.

use leafpack_fluent_bit::msgpack::{from_json, to_json};
use leafpack_fluent_bit::{Call, Output, Settings, Source, Time, Verdict, msgpack, native};
use proptest::prelude::*;
use rmpv::Value as Pack;
use serde_json::{Map, Value as Json, json};

/// What `body` writes, in as large a buffer as it takes.
fn written(body: impl Fn(&mut Output<'_>)) -> Vec<u8> {
    let mut size = 64;
    loop {
        let mut buffer = vec![0xee; size];
        let mut out = Output::new(&mut buffer);
        body(&mut out);
        if let Some(len) = out.used() {
            buffer.truncate(len);
            return buffer;
        }
        size *= 2;
        assert!(size < 1 << 32, "it asks for more and more");
    }
}

fn packed(json: &str) -> Vec<u8> {
    let bytes = written(|out| from_json(json.as_bytes(), out));
    assert!(!bytes.contains(&0), "a zero byte: {json:.200}");
    bytes
}

fn unpack(mut bytes: &[u8]) -> Pack {
    let value = rmpv::decode::read_value(&mut bytes).expect("one value");
    assert!(bytes.is_empty(), "{} bytes are left", bytes.len());
    value
}

/// A string by the rules.
fn string_rule(text: &str) -> Pack {
    let text = text.replace('\0', "\\u0000");
    if text.len() <= 65_535 {
        let padding = if !text.is_empty() && text.len().is_multiple_of(256) {
            " "
        } else {
            ""
        };
        return Pack::from(text + padding);
    }
    let count = text.len().div_ceil(65_500);
    let cut = |index: usize| {
        let nominal = (index * 65_500).min(text.len());
        if index == count {
            return text.len();
        }
        (0..=nominal)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap()
    };
    let pieces: Vec<Pack> = (0..count)
        .map(|index| {
            let piece = &text[cut(index)..cut(index + 1)];
            Pack::from(if piece.len().is_multiple_of(256) {
                format!("{piece} ")
            } else {
                piece.to_owned()
            })
        })
        .collect();
    if count <= 15 {
        return Pack::Array(pieces);
    }
    assert!(count <= 225);
    Pack::Array(
        pieces
            .chunks(15)
            .map(|pieces| Pack::Array(pieces.to_vec()))
            .collect(),
    )
}

/// An integer, where its shortest form has no zero byte.
fn number_rule(number: &serde_json::Number) -> Pack {
    let text = number.to_string();
    let shortest = number
        .as_u64()
        .map(Pack::from)
        .or_else(|| number.as_i64().map(Pack::from));
    if let Some(value) = shortest {
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, &value).unwrap();
        if !bytes.contains(&0) {
            return value;
        }
    }
    Pack::from(text)
}

/// What a JSON value becomes by the rules.
fn rule(value: &Json) -> Pack {
    match value {
        Json::Null => Pack::Nil,
        Json::Bool(value) => Pack::from(*value),
        Json::Number(number) => number_rule(number),
        Json::String(text) => string_rule(text),
        Json::Array(values) if values.len() > 15 => string_rule(&value.to_string()),
        Json::Array(values) => Pack::Array(values.iter().map(rule).collect()),
        Json::Object(fields) => {
            let natural = if fields.len() > 15 { 14 } else { 15 };
            let mut entries: Vec<(Pack, Pack)> = fields
                .iter()
                .take(natural)
                .map(|(key, value)| (string_rule(key), rule(value)))
                .collect();
            if fields.len() > natural {
                let rest: Map<String, Json> = fields
                    .iter()
                    .skip(natural)
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                entries.push((
                    Pack::from("leafpack_rest"),
                    string_rule(&Json::Object(rest).to_string()),
                ));
            }
            Pack::Map(entries)
        }
    }
}

fn check(value: &Json) {
    assert_eq!(
        unpack(&packed(&value.to_string())),
        rule(value),
        "{value:.300}"
    );
}

#[test]
fn numbers_without_zero_bytes_are_numbers() {
    for number in [
        json!(0),
        json!(1),
        json!(127),
        json!(128),
        json!(200),
        json!(255),
        json!(256),
        json!(257),
        json!(65_535),
        json!(65_536),
        json!(16_843_009),
        json!(u32::MAX),
        json!(1u64 << 32),
        json!(u64::MAX),
        json!(-1),
        json!(-32),
        json!(-33),
        json!(-128),
        json!(-129),
        json!(-256),
        json!(-257),
        json!(-32_768),
        json!(-32_767),
        json!(-32_769),
        json!(i64::MIN),
        json!(i64::MIN + 1),
        json!(i64::from(i32::MIN)),
        json!(-2_147_483_649i64),
    ] {
        check(&json!({ "n": number }));
    }
    for (text, expected) in [
        ("200", Pack::from(200)),
        ("0", Pack::from("0")),
        ("256", Pack::from("256")),
        ("-0", Pack::from("-0")),
        ("1.50", Pack::from("1.50")),
        ("1e3", Pack::from("1e3")),
        ("18446744073709551616", Pack::from("18446744073709551616")),
        ("-9223372036854775809", Pack::from("-9223372036854775809")),
    ] {
        let found = unpack(&packed(&format!("{{\"n\":{text}}}")));
        assert_eq!(found["n"], expected, "{text}");
    }
}

#[test]
fn strings_of_every_length_come_back() {
    for len in (0..=600).chain([
        65_279,
        65_280,
        65_281,
        65_535,
        65_536,
        65_537,
        131_000,
        131_001,
        15 * 65_500,
        1 << 20,
    ]) {
        check(&json!({ "s": "x".repeat(len), "end": true }));
    }
    // Characters of two, three and four bytes at the cuts.
    for (character, shift) in [
        ("é", 0),
        ("é", 1),
        ("€", 1),
        ("€", 2),
        ("😀", 1),
        ("😀", 2),
        ("😀", 3),
    ] {
        check(&json!({ "s": "a".repeat(shift) + &character.repeat(70_000) }));
    }
}

#[test]
fn what_is_too_wide_becomes_text() {
    for count in [0, 1, 14, 15, 16, 17, 255, 256, 300] {
        let fields: Map<String, Json> = (0..count).map(|n| (format!("k{n}"), json!(n))).collect();
        let values: Vec<u32> = (0..count).collect();
        check(&json!({ "map": fields, "array": values, "end": 1 }));
        check(&Json::Object(fields));
    }
}

#[test]
fn a_name_that_is_too_long_goes_with_its_value() {
    let name = "n".repeat(70_000);
    let found = unpack(&packed(&format!("{{\"a\":1,\"{name}\":[1],\"b\":2}}")));
    let expected = Pack::Map(vec![
        (Pack::from("a"), Pack::from(1)),
        (
            Pack::from("leafpack_key"),
            string_rule(&format!("{{\"{name}\":[1]}}")),
        ),
        (Pack::from("b"), Pack::from(2)),
    ]);
    assert_eq!(found, expected);
}

#[test]
fn nesting_has_an_end() {
    for depth in [63, 64, 65, 66] {
        let mut value = Pack::Map(vec![]);
        for _ in 1..depth {
            value = Pack::Map(vec![(Pack::from("a"), value)]);
        }
        let mut body = Vec::new();
        rmpv::encode::write_value(&mut body, &value).unwrap();
        let mut buffer = vec![0; 4096];
        let mut out = Output::new(&mut buffer);
        assert_eq!(to_json(&body, &mut out).is_ok(), depth <= 64, "{depth}");
    }
    check(&serde_json::from_str(&("{\"a\":".repeat(64) + "[1]" + &"}".repeat(64))).unwrap());
}

fn json_value() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        "[a-z \"\\\\\u{0}\n€😀]{0,40}",
        (250usize..260).prop_map(|len| "x".repeat(len)),
    ];
    let scalar = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        (-70_000i64..70_000).prop_map(Json::from),
        (-1e9..1e9f64).prop_map(Json::from),
        text.clone().prop_map(Json::from),
    ];
    scalar.prop_recursive(5, 60, 20, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Json::from),
            prop::collection::vec((text.clone(), inner), 0..20)
                .prop_map(|fields| Json::Object(fields.into_iter().collect())),
        ]
    })
}

fn pack_value() -> impl Strategy<Value = Pack> {
    let scalar = prop_oneof![
        Just(Pack::Nil),
        any::<bool>().prop_map(Pack::from),
        any::<i64>().prop_map(Pack::from),
        any::<u64>().prop_map(Pack::from),
        any::<f32>().prop_map(Pack::from),
        any::<f64>().prop_map(Pack::from),
        "[a-z\"\u{0}é]{0,300}".prop_map(Pack::from),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Pack::from),
        (any::<i8>(), prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(kind, data)| Pack::Ext(kind, data)),
    ];
    scalar.prop_recursive(4, 40, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Pack::Array),
            prop::collection::vec(("[a-z]{0,40}", inner), 0..20).prop_map(|fields| Pack::Map(
                fields
                    .into_iter()
                    .map(|(key, value)| (Pack::from(key), value))
                    .collect()
            )),
        ]
    })
}

/// serde_json reads doubles to within a bit or so. (That they come back exactly is tested where they are written.)
fn is_near(a: &serde_json::Number, b: f64) -> bool {
    a.as_f64().is_some_and(|a| (a - b).abs() <= b.abs() * 1e-15)
}

/// Whether the JSON value says what the msgpack value does.
fn says(json: &Json, pack: &Pack) -> bool {
    match (json, pack) {
        (Json::Null, Pack::Nil) => true,
        (Json::Bool(a), Pack::Boolean(b)) => a == b,
        (Json::Number(a), Pack::Integer(b)) => a.to_string() == b.to_string(),
        (Json::Number(a), Pack::F32(b)) => is_near(a, f64::from(*b)),
        (Json::Number(a), Pack::F64(b)) => is_near(a, *b),
        (Json::String(a), Pack::F32(b)) => {
            !b.is_normal() || a.starts_with("0x") || a.starts_with("-0x")
        }
        (Json::String(a), Pack::F64(b)) => {
            !b.is_normal() || a.starts_with("0x") || a.starts_with("-0x")
        }
        (Json::String(a), Pack::String(b)) => Some(&**a) == b.as_str(),
        (Json::String(a), Pack::Binary(b)) => *a == String::from_utf8_lossy(b),
        (Json::String(a), Pack::Ext(kind, data)) => {
            let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
            *a == format!("ext:{kind:02x}:{hex}")
        }
        (Json::Array(a), Pack::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| says(a, b))
        }
        (Json::Object(a), Pack::Map(b)) => b.iter().all(|(key, _)| {
            // Of several entries of one name serde_json keeps the last.
            let last = b.iter().rev().find(|(other, _)| other == key).unwrap();
            a.get(key.as_str().unwrap())
                .is_some_and(|value| says(value, &last.1))
        }),
        _ => false,
    }
}

struct None;

impl Settings for None {
    fn load(_: Source, _: &mut leafpack_fluent_bit::Notes<'_>) -> Self {
        Self
    }
}

fn keep(call: &Call<'_>, _: &None, _: &mut Output<'_>) -> Verdict {
    if call.fields().any(|field| field.is_err()) {
        return Verdict::Unreadable {
            time_field: b"_time",
            reason: b"test.record: no object",
        };
    }
    Verdict::Keep
}

fn keep_packed(call: &Call<'_>, settings: &None, out: &mut Output<'_>) -> Verdict {
    msgpack::through_json(keep, call, settings, out)
}

proptest! {
    #[test]
    fn json_becomes_msgpack_by_the_rules(fields in prop::collection::vec(("[a-z\"€]{0,300}", json_value()), 0..20)) {
        check(&Json::Object(fields.into_iter().collect()));
    }

    #[test]
    fn msgpack_becomes_json(fields in prop::collection::vec(("[a-z]{0,10}", pack_value()), 0..20)) {
        let map = Pack::Map(fields.into_iter().map(|(key, value)| (Pack::from(key), value)).collect());
        let mut body = Vec::new();
        rmpv::encode::write_value(&mut body, &map).unwrap();
        let text = written(|out| to_json(&body, out).unwrap());
        let json: Json = serde_json::from_str(&String::from_utf8_lossy(&text)).unwrap();
        prop_assert!(says(&json, &map), "{json}\n{map}");
    }

    #[test]
    fn any_bytes_become_one_map(body: Vec<u8>, in_map: bool) {
        let mut body = body;
        if in_map {
            body.insert(0, 0x81);
            body.insert(1, 0xa0);
        }
        let call = Call { tag: b"t", time: Time::default(), record: Some(&body) };
        let answer = native::call(keep_packed, &None, &call).unwrap();
        prop_assert!(!answer.contains(&0));
        prop_assert!(unpack(&answer).is_map());
    }
}
