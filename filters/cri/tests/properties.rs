//! What holds for every record, against an oracle that shares no code with the filter.

use leafpack_filter_cri::{State, cri};
use leafpack_fluent_bit::{Call, Time, native};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn call(record: &[u8], tag: &[u8], settings: Option<&str>) -> Vec<u8> {
    let (state, _) = native::load::<State>("cri", settings);
    let time = Time {
        seconds: 1,
        nanoseconds: 2,
    };
    let record = Some(record);
    native::call(cri, &state, &Call { tag, time, record }).expect("cri drops nothing")
}

/// A line as runtimes write it, and the fields that it stands for.
fn line() -> impl Strategy<Value = (String, Vec<(&'static str, String)>)> {
    let time = (
        1u32..29,
        0u32..24,
        0u32..60,
        0u32..60,
        prop_oneof![Just(String::new()), "\\.[0-9]{1,9}",],
        prop_oneof![
            Just("Z".to_string()),
            "[+-](0[0-9]|1[0-9]|2[0-4]):[0-5][0-9]"
        ],
    )
        .prop_map(|(day, hour, minute, second, fraction, zone)| {
            format!("2024-02-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}")
        });
    let stream = prop_oneof![Just("stdout"), Just("stderr")];
    let tags = prop_oneof![4 => Just("F".to_string()), 2 => Just("P".to_string()), 1 => "[FP](:[A-Z]{1,4}){1,2}", 1 => "[A-Z]{2,5}"];
    (time, stream, tags, any::<String>()).prop_map(|(time, stream, tags, message)| {
        let line = format!("{time} {stream} {tags} {message}");
        let mut fields = vec![
            ("_time", time),
            ("stream", stream.to_string()),
            ("_msg", message),
        ];
        if tags.split(':').next() == Some("P") {
            fields.push(("partial_message", "true".into()));
        }
        if tags != "F" && tags != "P" {
            fields.push(("logtag", tags));
        }
        (line, fields)
    })
}

fn other_fields() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec(("[a-z]{0,3}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    proptest::collection::vec(("[a-z_]{0,6}", value), 0..5)
        .prop_map(|fields| fields.into_iter().collect())
}

/// Names that the filter gives a meaning to.
const KNOWN: [&str; 12] = [
    "log",
    "time",
    "stream",
    "_p",
    "logtag",
    "_time",
    "_msg",
    "partial_message",
    "leafpack_error",
    "k8s_namespace_name",
    "k8s_pod_name",
    "k8s_container_name",
];

/// A name with a meaning, or one without.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => proptest::sample::select(&KNOWN[..]).prop_map(str::to_string), 1 => Just("attrs".to_string()), 1 => "[a-c]"]
}

/// What a field holds; each value gets a text of its own, by its number.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Text,
    Number,
    Object,
    Line,
    DockerLine { end: bool, more: bool },
    Time,
    Stream,
    Tags,
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        1 => Just(Shape::Text),
        1 => Just(Shape::Number),
        1 => Just(Shape::Object),
        2 => Just(Shape::Line),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(end, more)| Shape::DockerLine { end, more }),
        2 => Just(Shape::Time),
        2 => Just(Shape::Stream),
        1 => Just(Shape::Tags),
    ]
}

impl Shape {
    fn value(self, index: usize) -> Value {
        let own = format!("own-{index}-text");
        match self {
            Shape::Text => json!(own),
            Shape::Number => json!(7_000_000 + index),
            Shape::Object => json!({ "inner": own }),
            Shape::Line => json!(format!("2024-01-01T00:00:00Z stderr P:{own} {own}")),
            Shape::DockerLine { end, more } => {
                let log = if end { format!("{own}\n") } else { own.clone() };
                let mut line = json!({"log": log, "stream": "stdout", "time": "2024-01-01T00:00:00Z", "attrs": {"a": own}});
                if more {
                    line["k8s_pod_name"] = json!(own);
                }
                json!(line.to_string())
            }
            Shape::Time => json!(format!("2024-01-01T00:00:00.{:09}Z", 123_000_000 + index)),
            Shape::Stream => json!("stdout"),
            Shape::Tags => json!(format!("F:OWN{index}")),
        }
    }
}

/// The part of a value that no other value of the record has.
fn own_text(value: &Value) -> String {
    let text = value.to_string();
    match (text.find("own-"), value) {
        (Some(at), _) => {
            text[at..]
                .split("text")
                .next()
                .unwrap_or_default()
                .to_string()
                + "text"
        }
        (None, Value::String(text)) => text.clone(),
        _ => text,
    }
}

/// What is said in other words: the tag of a joined line, which says nothing of the whole.
fn is_constant(name: &str, value: &Value) -> bool {
    name == "_p" && value.is_string()
}

proptest! {
    /// A line comes out in its parts, with the other fields behind them, wherever the line stood.
    #[test]
    fn lines_come_out_in_parts((line, fields) in line(), mut others in other_fields(), at in 0usize..6) {
        others.retain(|name, _| !KNOWN.contains(&name.as_str()));
        let mut record = Map::new();
        for (index, (name, value)) in others.iter().enumerate() {
            if index == at {
                record.insert("log".into(), json!(line));
            }
            record.insert(name.clone(), value.clone());
        }
        record.insert("log".into(), json!(line));
        let expected: Map<String, Value> =
            fields.into_iter().map(|(name, value)| (name.to_string(), json!(value))).chain(others).collect();
        let output = call(Value::Object(record).to_string().as_bytes(), b"kube.x", None);
        prop_assert_eq!(String::from_utf8(output).unwrap(), Value::Object(expected).to_string());
    }

    /// Whatever the record holds: one object, no key twice, and every value still there or its loss marked.
    #[test]
    fn nothing_is_lost(
        fields in proptest::collection::vec((name(), shape()), 0..7),
        names in prop_oneof![Just("victorialogs"), Just("native")],
        from_tag: bool,
    ) {
        let mut record = Map::new();
        for (index, (name, shape)) in fields.into_iter().enumerate() {
            record.insert(name, shape.value(index));
        }
        let settings = json!({"names": names, "from_tag": from_tag}).to_string();
        let tag = format!("kube.var.log.containers.p_n_c-{}.log", "0".repeat(64));
        let output = call(Value::Object(record.clone()).to_string().as_bytes(), tag.as_bytes(), Some(&settings));
        object(&output)?;
        let text = String::from_utf8(output).unwrap();
        let fields: Value = serde_json::from_str(&text).unwrap();
        let mark = fields["leafpack_error"].as_str().unwrap_or_default();
        for (name, value) in &record {
            // Each value holds a text of its own, which must be somewhere in the output.
            let own = own_text(value);
            prop_assert!(
                text.contains(&own) || mark.contains(&format!(" {name}")) || is_constant(name, value),
                "{name} of {record:?} is gone from {text}"
            );
        }
    }

    /// Any bytes at all: one object, and the same one again.
    #[test]
    fn any_bytes_give_one_object(bytes: Vec<u8>, tag: Vec<u8>) {
        let output = call(&bytes, &tag, None);
        object(&output)?;
        prop_assert_eq!(call(&bytes, &tag, None), output);
    }

    /// Bytes that are nearly a record: a valid one cut, or with one byte changed.
    #[test]
    fn damaged_records_give_one_object((line, _) in line(), others in other_fields(), at: usize, byte: u8, cut: bool) {
        let mut record = Map::new();
        record.insert("log".into(), json!(line));
        record.extend(others);
        let mut bytes = Value::Object(record).to_string().into_bytes();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        object(&call(&bytes, b"kube.x", None))?;
    }

    /// Settings of any bytes: the filter works.
    #[test]
    fn any_settings_leave_it_working(settings: String, (line, _) in line()) {
        let record = json!({"log": line}).to_string();
        object(&call(record.as_bytes(), b"t", Some(&settings)))?;
    }
}

/// The fields of the one object that `text` is, of which no name with a meaning may be there twice.
fn object(text: &[u8]) -> Result<Vec<(String, Value)>, TestCaseError> {
    let fields = leafpack_peer::json::fields(text).map_err(TestCaseError::fail)?;
    let mut twice = leafpack_peer::json::twice(&fields);
    twice.retain(|name| KNOWN.contains(name));
    prop_assert!(twice.is_empty(), "{twice:?} twice in {fields:?}");
    Ok(fields)
}
