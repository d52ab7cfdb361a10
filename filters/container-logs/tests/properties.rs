//! What holds for every record: the same as `cri` and then `tenant` give, and whatever came before, no difference.

use leafpack_filter_container_logs::{PENDING, State, container_logs, container_logs_msgpack};
use leafpack_filter_cri::{State as Cri, cri};
use leafpack_filter_tenant::{State as Tenant, tenant};
use leafpack_fluent_bit::run::Format;
use leafpack_fluent_bit::{Call, Output, Settings, Time, msgpack, native};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const TIME: Time = Time {
    seconds: 1,
    nanoseconds: 2,
};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn state(settings: &Value) -> State {
    let (state, notes) = native::load::<State>("container-logs", Some(&settings.to_string()));
    assert_eq!(notes, "", "{settings}");
    state
}

/// What Fluent Bit would get: the quick answer, or else the filter's.
fn answer(state: &State, format: Format, tag: &[u8], record: &[u8]) -> Option<Vec<u8>> {
    let mut room = vec![0xee; State::QUICK];
    let len = state.quick(format, || tag, record, &mut room);
    if len > 0 {
        assert_eq!(room[len], 0);
        room.truncate(len);
        return Some(room);
    }
    slow_answer(state, format, tag, record)
}

fn slow_answer(state: &State, format: Format, tag: &[u8], record: &[u8]) -> Option<Vec<u8>> {
    let filter = match format {
        Format::Json => container_logs,
        Format::Msgpack => container_logs_msgpack,
    };
    let call = Call {
        tag,
        time: TIME,
        record: Some(record),
    };
    native::call(filter, state, &call)
}

fn text_of(bytes: Option<Vec<u8>>) -> String {
    String::from_utf8(bytes.expect("nothing is dropped")).unwrap()
}

/// `cri` and then `tenant`, with the settings that they share.
fn one_after_the_other(settings: &Value, tag: &[u8], record: &[u8]) -> String {
    let settings = settings.to_string();
    let (first, _) = native::load::<Cri>("cri", Some(&settings));
    let (second, _) = native::load::<Tenant>("tenant", Some(&settings));
    let call = Call {
        tag,
        time: TIME,
        record: Some(record),
    };
    let between = native::call(cri, &first, &call);
    let call = Call {
        record: between.as_deref(),
        ..call
    };
    text_of(native::call(tenant, &second, &call))
}

/// A record of msgpack with the same fields in the same order.
fn packed(record: &str) -> Vec<u8> {
    let value: Value = serde_json::from_str(record).unwrap();
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &as_msgpack(&value)).unwrap();
    bytes
}

fn as_msgpack(value: &Value) -> rmpv::Value {
    match value {
        Value::Null => rmpv::Value::Nil,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => number.as_i64().expect("integers only").into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(values) => rmpv::Value::Array(values.iter().map(as_msgpack).collect()),
        Value::Object(fields) => rmpv::Value::Map(
            fields
                .iter()
                .map(|(key, value)| (key.as_str().into(), as_msgpack(value)))
                .collect(),
        ),
    }
}

/// The msgpack of a JSON record by the stated rules.
fn by_the_rules(json: &str) -> Vec<u8> {
    let mut buffer = vec![0; json.len() * 4 + 1024];
    let mut out = Output::new(&mut buffer);
    msgpack::from_json(json.as_bytes(), &mut out);
    let len = out.used().unwrap();
    buffer.truncate(len);
    buffer
}

fn message() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z =:]{0,80}",
        1 => any::<String>(),
        1 => "[a-z\"\\\\{}€😀]{0,60}",
        4 => (body(), any::<bool>()).prop_map(|(body, spaced)| {
            let text = Value::Object(body).to_string();
            if spaced { text.replace(',', ", ").replace("\":", "\": ") } else { text }
        }),
        1 => "\\{\"[a-c]\":[\\[{]((\"[a-cé€😀]{1,3}\"|[0-9]|true)[:,]){0,5}[a0]?[\\]}]{1,2}\\}",
        1 => "\\{\"a\":\"[a-cé€😀\\\\nu0-9\"]{0,6}\",\"b\":\\[\"[é\\\\n\"]{0,3}\"\\]\\}",
        1 => "\\{(\"[a-c]\":(1|\"[a-z]\"|\"\\\\\\\\[nt\"u0-9]{1,5}\")[, ]{0,2}){1,4}\\}?",
        1 => (240usize..270).prop_map(|len| "m".repeat(len)),
        1 => Just("n".repeat(512)),
    ]
}

fn line() -> impl Strategy<Value = String> {
    let time = prop_oneof![
        4 => "2024-0[1-9]-2[0-8]T1[0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{9}Z",
        2 => "2024-05-01T10:11:12(\\.[0-9]{1,9})?(Z|[+-]0[0-9]:30)",
        1 => "2024-05-01T10:11:6[0-9]\\.[0-9]{9}Z",
    ];
    let tags = prop_oneof![6 => Just("F"), 2 => Just("P"), 1 => Just("F:X"), 1 => Just("P:Y"), 1 => Just("Q")];
    prop_oneof![
        12 => (time, prop_oneof!["stdout", "stderr"], tags, message())
            .prop_map(|(time, stream, tags, message)| format!("{time} {stream} {tags} {message}")),
        1 => message(),
        1 => Just("2024-05-01T10:11:12.123456789Z stdout F".to_string()),
        1 => Just(json!({"log": "docker\n", "stream": "stderr", "time": "2024-05-01T10:11:12Z"}).to_string()),
    ]
}

/// What stands beside the line.
fn others() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,8}".prop_map(Value::from),
        Just(json!({"x": [1, "y"]})),
    ];
    let name = prop_oneof![
        3 => "[a-c]{1,2}",
        1 => proptest::sample::select(vec![
            "time", "stream", "_p", "logtag", "_time", "_msg", "partial_message", "leafpack_error", "cluster",
            "tenant", "k8s_pod_name", "k8s_namespace_name", "message", "msg",
        ]).prop_map(str::to_string),
    ];
    let pod = (
        proptest::sample::select(vec!["shop", "team-a-1", "x"]),
        "[a-z]{1,5}",
        proptest::collection::btree_map("[a-z./]{1,12}", "[a-z]{0,5}", 0..4),
        proptest::collection::btree_map(
            proptest::sample::select(vec!["_msg", "stream", "_time", "a", "host", "docker_id"]),
            "[a-z]{0,3}",
            0..3,
        ),
    )
        .prop_map(|(namespace, pod, labels, more)| {
            let mut map = json!({"pod_name": pod, "namespace_name": namespace, "labels": labels});
            for (key, value) in more {
                map[key] = json!(value);
            }
            map
        });
    (
        proptest::collection::vec((name, leaf), 0..3),
        proptest::option::weighted(0.7, pod),
    )
        .prop_map(|(fields, pod)| {
            let mut fields: Map<String, Value> = fields.into_iter().collect();
            if let Some(pod) = pod {
                fields.insert("kubernetes".into(), pod);
            }
            fields
        })
}

fn settings() -> impl Strategy<Value = Value> {
    (
        proptest::sample::select(vec!["victorialogs", "victorialogs", "native"]),
        any::<bool>(),
        proptest::sample::select(vec!["k8s_", "k8s_", "", "_", "s"]),
        proptest::sample::select(vec![json!("object"), json!("flat"), json!("drop")]),
        proptest::sample::select(vec!["replace", "keep"]),
        proptest::sample::subsequence(vec!["stream", "a", "k8s_pod_name", "_time"], 0..2),
        proptest::sample::select(vec!["log", "log", "log", "line"]),
    )
        .prop_map(|(names, from_tag, lift, labels, existing, drop, input)| {
            json!({
                "cluster": "apps", "environment": "production", "names": names, "from_tag": from_tag, "input": input,
                "tenant": {"default": "d", "namespaces": {"shop": "finance", "team-a-*": "a"}},
                "kubernetes": {"lift": lift, "labels": labels, "drop": ["docker_id"]},
                "existing": existing, "drop": drop,
            })
        })
}

/// A record's text as hosts from 4.1 on write it: all that is not ASCII with escapes.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out += &format!("\\u{unit:04x}");
            }
        }
    }
    out
}

/// Lines of a few files, with what stands beside each, in the order of their arrival.
fn records() -> impl Strategy<Value = Vec<(String, String)>> {
    // Files may have the same fields beside their lines, so that only the tag tells them apart.
    let file = ("[a-z]{0,3}", any::<bool>(), any::<prop::sample::Index>());
    (
        proptest::collection::vec(others(), 1..3),
        proptest::collection::vec(file, 1..4),
        proptest::collection::vec(
            (
                line(),
                any::<prop::sample::Index>(),
                proptest::bool::weighted(0.1),
                proptest::bool::weighted(0.2),
            ),
            1..12,
        ),
        any::<bool>(),
    )
        .prop_map(|(others, files, lines, escapes)| {
            lines
                .into_iter()
                .map(|(mut line, file, at_the_end, host)| {
                    let (tag, pod, other) = &files[file.index(files.len())];
                    let others = &others[other.index(others.len())];
                    let mut record = Map::new();
                    if !at_the_end {
                        record.insert("log".into(), json!(line));
                    }
                    if host && !at_the_end {
                        // As `multiline.parser cri` leaves it.
                        let parts: Vec<&str> = line.splitn(4, ' ').collect();
                        if let [time, stream, tags, message] = parts[..] {
                            record = Map::new();
                            record.insert("time".into(), json!(time));
                            record.insert("stream".into(), json!(stream));
                            record.insert("_p".into(), json!(tags));
                            record.insert("log".into(), json!(message));
                            line = message.to_string();
                        }
                    }
                    for (name, value) in others {
                        record.entry(name.clone()).or_insert_with(|| value.clone());
                    }
                    record.insert("log".into(), json!(line));
                    let tag = if *pod {
                        format!("kube.var.log.containers.{tag}p_shop_c-{ID}.log")
                    } else {
                        tag.clone()
                    };
                    let text = Value::Object(record).to_string();
                    (tag, if escapes { escaped(&text) } else { text })
                })
                .collect()
        })
}

/// Names that a message's fields do not get, beside those that the record has.
const RESERVED: [&str; 12] = [
    "_time",
    "_msg",
    "_stream",
    "_stream_id",
    "stream",
    "logtag",
    "partial_message",
    "cluster",
    "environment",
    "tenant",
    "kubernetes",
    "kubernetes_namespace",
];

/// An application's JSON line.
fn body() -> impl Strategy<Value = Map<String, Value>> {
    let name = prop_oneof![
        3 => proptest::sample::select(vec![
            "msg", "message", "log", "level", "a", "ab", "stream", "_msg", "cluster", "tenant", "environment", "kubernetes",
            "k8s_pod_name", "k8s_x", "_time", "json_body", "pod", "time", "leafpack_error", "größe", "q\"uote",
        ]).prop_map(str::to_string),
        1 => "[a-z]{1,6}",
    ];
    let leaf = prop_oneof![
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        "[a-z\"\\\\é]{0,12}".prop_map(Value::from),
        Just(json!({"x": [1, {"y": null}]})),
        Just(json!("apps")),
    ];
    proptest::collection::vec((name, leaf), 0..9).prop_map(|fields| fields.into_iter().collect())
}

/// A field of an application's messages: its name, how it is spelt, and which values it has.
fn usual_field() -> impl Strategy<Value = (String, String, usize)> {
    let name = prop_oneof![
        3 => proptest::sample::select(vec!["msg", "message", "log", "level", "a", "cluster", "k8s_x", "aé", "q\\\"uote"])
            .prop_map(str::to_string),
        3 => "[a-z]{1,6}",
        1 => "[a-z]{80,90}",
    ];
    let colon = proptest::sample::select(vec!["\":", "\":", "\": ", "\" : "]);
    (name, colon.prop_map(str::to_string), 0usize..4)
}

/// Lines of a few applications, each of which writes the same fields every time, or nearly.
fn usual_messages() -> impl Strategy<Value = Vec<String>> {
    let value = proptest::sample::select(vec![
        "\"x\"",
        "\"\"",
        "\"two words\"",
        "\"a \\\"quote\\\"\"",
        "\"line\\n\"",
        "\"\\u00e9\"",
        "\"é\"",
        "\"\\\\\"",
        "0",
        "-1.5e3",
        "01",
        "1.",
        "true",
        "null",
        "nul",
        "{}",
        "[]",
        "{\"x\":[1,\"]\"]}",
        "[1",
        "{\"x\":1}}",
        "\"",
        "",
        "\"x\" ",
        "\"x\"y",
    ]);
    (
        proptest::collection::vec(proptest::collection::vec(usual_field(), 1..6), 1..4),
        proptest::collection::vec(
            (
                any::<prop::sample::Index>(),
                proptest::collection::vec((value, proptest::bool::weighted(0.2)), 6),
                proptest::option::weighted(0.1, any::<prop::sample::Index>()),
            ),
            1..40,
        ),
        proptest::sample::select(vec![",", ", "]),
    )
        .prop_map(|(applications, messages, comma)| {
            messages
                .into_iter()
                .map(|(application, values, left_out)| {
                    let fields = &applications[application.index(applications.len())];
                    let left_out = left_out.map(|index| index.index(fields.len()));
                    let usual = ["\"some text\"", "\"other\"", "12", "{\"x\":\"y\"}"];
                    let fields = fields.iter().zip(values).enumerate();
                    let fields: Vec<String> = fields
                        .filter(|(index, _)| Some(*index) != left_out)
                        .map(|(_, ((name, colon, kind), (value, odd)))| {
                            let value = if odd { value } else { usual[*kind] };
                            format!("\"{name}{colon}{value}")
                        })
                        .collect();
                    format!("{{{}}}", fields.join(comma))
                })
                .collect()
        })
}

/// What the record of a line with this body is, where `base` is that of any other line.
fn with_body(
    mut base: Map<String, Value>,
    text: &str,
    body: &Map<String, Value>,
    prefix: &str,
) -> Map<String, Value> {
    let text_of = |name: &&str| {
        body.get(*name)
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
    };
    let reserved = |name: &str| {
        RESERVED.iter().any(|reserved| reserved.strip_prefix(prefix) == Some(name))
            || ["k8s_", "leafpack_"].iter().any(|begin| format!("{prefix}{name}").starts_with(begin))
            // A name that is spelt with an escape.
            || name.contains('"')
    };
    let taken = |name: &str| reserved(name) || base.contains_key(&format!("{prefix}{name}"));
    let message = ["log", "message", "msg"]
        .into_iter()
        .filter(|name| !taken(name))
        .find(text_of);
    let mut moved = Map::new();
    let mut added = Map::new();
    for (name, value) in body {
        let full = format!("{prefix}{name}");
        if Some(name.as_str()) == message || (!reserved(name) && base.get(&full) == Some(value)) {
            continue;
        }
        if taken(name) {
            moved.insert(name.clone(), value.clone());
        } else {
            added.insert(full, value.clone());
        }
    }
    if !moved.is_empty()
        && let Some(value) = added.remove("json_body")
    {
        moved.insert("json_body".strip_prefix(prefix).unwrap().to_string(), value);
    }
    base.insert(
        "_msg".into(),
        message.map_or(json!(text), |name| body[name].clone()),
    );
    base.extend(added);
    if !moved.is_empty() {
        base.insert("json_body".into(), Value::Object(moved));
    }
    base
}

/// A fragment or the end of a line, of one of a few files.
#[derive(Debug, Clone)]
struct Piece {
    file: usize,
    stderr: bool,
    partial: bool,
    len: usize,
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let len = prop_oneof![3 => Just(16_384usize), 1 => 4090usize..4100, 1 => 0usize..50, 1 => Just(70_000usize)];
    let piece =
        (0usize..12, any::<bool>(), any::<bool>(), len).prop_map(|(file, stderr, partial, len)| {
            Piece {
                file,
                stderr,
                partial,
                len,
            }
        });
    proptest::collection::vec(piece, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// With the settings that they share: byte for byte the same, and in msgpack the same by its rules.
    #[test]
    fn it_is_cri_and_then_tenant(mut settings in settings(), records in records()) {
        let shared = settings.clone();
        settings["json_body"] = json!({"merge": false});
        settings["join"] = json!("mark");
        let json = state(&settings);
        let pack = state(&settings);
        for (tag, record) in &records {
            let expected = one_after_the_other(&shared, tag.as_bytes(), record.as_bytes());
            let found = text_of(answer(&json, Format::Json, tag.as_bytes(), record.as_bytes()));
            prop_assert_eq!(&found, &expected, "of {}", record);
            let found = answer(&pack, Format::Msgpack, tag.as_bytes(), &packed(record)).unwrap();
            prop_assert!(!found.contains(&0));
            prop_assert_eq!(found, by_the_rules(&expected), "of {}", record);
        }
    }

    /// Nor does what is remembered of the names in JSON messages.
    #[test]
    fn the_shape_of_a_message_makes_no_difference(settings in settings(), messages in usual_messages()) {
        let old = state(&settings);
        for message in &messages {
            let line = json!({"log": format!("2024-05-01T10:11:12.123456789Z stdout F {message}"), "n": 1});
            let record = line.to_string();
            let expected = slow_answer(&state(&settings), Format::Json, b"t", record.as_bytes());
            let found = answer(&old, Format::Json, b"t", record.as_bytes());
            prop_assert_eq!(
                found.map(String::from_utf8), expected.map(String::from_utf8),
                "of {}", record
            );
        }
    }

    /// What is remembered from record to record changes no answer, with JSON bodies too.
    #[test]
    fn what_came_before_makes_no_difference(settings in settings(), records in records()) {
        let old = state(&settings);
        for (tag, record) in &records {
            let (tag, packed) = (tag.as_bytes(), packed(record));
            let new = state(&settings);
            for (format, record) in [(Format::Json, record.as_bytes()), (Format::Msgpack, &packed)] {
                let expected = slow_answer(&new, format, tag, record);
                prop_assert_eq!(answer(&old, format, tag, record), expected);
            }
        }
    }

    /// Any bytes: one object or map, and the same one again.
    #[test]
    fn any_bytes_give_one_record(bytes: Vec<u8>, head in 0..4usize, tag: Vec<u8>) {
        let state = state(&json!({}));
        let head: &[u8] = [&b""[..], b"{\"log\":\"2024-05-01T10:11:12.123456789Z stdout F ", b"\x81\xa3log", b"{\"log\":\"{\\\""][head];
        let record = [head, &bytes].concat();
        for _ in 0..2 {
            let found = answer(&state, Format::Json, &tag, &record).unwrap();
            leafpack_peer::json::fields(&found).map_err(TestCaseError::fail)?;
            prop_assert_eq!(answer(&state, Format::Json, &tag, &record).unwrap(), found);
            let found = answer(&state, Format::Msgpack, &tag, &record).unwrap();
            prop_assert!(!found.contains(&0));
            let mut rest = &found[..];
            prop_assert!(rmpv::decode::read_value(&mut rest).unwrap().is_map());
            prop_assert!(rest.is_empty());
        }
    }

    /// The fields of a JSON message become the record's, and none takes the place of another.
    #[test]
    fn the_fields_of_a_message_are_added(body in body(), others in others(), prefix in proptest::sample::select(vec!["", "app_", "k8", "json_"]), keep: bool) {
        let settings = json!({
            "cluster": "apps", "json_body": {"merge": true, "prefix": prefix}, "existing": if keep { "keep" } else { "replace" },
            "tenant": {"default": "d", "namespaces": {"shop": "finance"}},
        });
        let state = state(&settings);
        let text_of_body = Value::Object(body.clone()).to_string();
        let record = |message: &str| {
            let mut record = json!({"log": format!("2024-05-01T10:11:12.5Z stdout F {message}")});
            record.as_object_mut().unwrap().extend(others.clone());
            record.to_string()
        };
        // A record that has what counts as a line already is another matter.
        prop_assume!(!others.contains_key("time") && !others.contains_key("json_body"));
        let base = text_of(answer(&state, Format::Json, b"", record("-").as_bytes()));
        let base: Map<String, Value> = serde_json::from_str(&base).unwrap();
        prop_assume!(base["_msg"] == "-");
        let found = text_of(answer(&state, Format::Json, b"", record(&text_of_body).as_bytes()));
        leafpack_peer::json::fields(found.as_bytes()).map_err(TestCaseError::fail)?;
        let found: Map<String, Value> = serde_json::from_str(&found).unwrap();
        prop_assert_eq!(found, with_body(base, &text_of_body, &body, prefix));
    }

    /// Joined or not: of each file and stream, every byte in its order, but for what is still held.
    #[test]
    fn joining_loses_nothing(pieces in pieces(), packed_format: bool) {
        let state = state(&json!({"join": "filter", "from_tag": true}));
        let mut sent: BTreeMap<(String, &str), String> = BTreeMap::new();
        let mut got: BTreeMap<(String, String), String> = BTreeMap::new();
        let mut held = 0;
        for (index, piece) in pieces.iter().enumerate() {
            let stream = if piece.stderr { "stderr" } else { "stdout" };
            let name = format!("pod{}", piece.file);
            let tag = format!("kube.var.log.containers.{name}_shop_c-{ID}.log");
            // Each piece starts with a number of its own, so that order and place can be told.
            let message = format!("<{index}>{}", "x".repeat(piece.len));
            let tags = if piece.partial { "P" } else { "F" };
            let record = json!({"log": format!("2024-05-01T10:11:12.{index:09}Z {stream} {tags} {message}")}).to_string();
            let before = sent.entry((name.clone(), stream)).or_default();
            *before += &message;
            let answer = if packed_format {
                answer(&state, Format::Msgpack, tag.as_bytes(), &packed(&record)).map(|answer| unpacked(&answer))
            } else {
                answer(&state, Format::Json, tag.as_bytes(), record.as_bytes()).map(|answer| serde_json::from_slice(&answer).unwrap())
            };
            let Some(answer): Option<Value> = answer else {
                held += 1;
                prop_assert!(piece.partial, "only fragments are held");
                continue;
            };
            let key = (answer["k8s_pod_name"].as_str().unwrap().to_string(), answer["stream"].as_str().unwrap().to_string());
            let message = joined_text(&answer["_msg"]);
            // The time is that of the first piece in it.
            let first: usize = message[1..].split('>').next().unwrap().parse().unwrap();
            prop_assert_eq!(answer["_time"].as_str().unwrap(), format!("2024-05-01T10:11:12.{first:09}Z"));
            prop_assert!(answer.get("leafpack_error").is_none());
            if !piece.partial && key == (name, stream.to_string()) {
                prop_assert!(answer.get("partial_message").is_none(), "the end of a line is marked");
            } else {
                prop_assert_eq!(&answer["partial_message"], "true");
            }
            *got.entry(key).or_default() += &message;
        }
        let mut pending = 0;
        for ((name, stream), sent) in &sent {
            let got = got.get(&(name.clone(), stream.to_string())).map_or("", String::as_str);
            prop_assert!(sent.starts_with(got), "{name} {stream}: not in order");
            pending += usize::from(sent != got);
        }
        prop_assert!(pending <= PENDING && held >= pending, "{pending} lines are held");
    }
}

/// The text of a message, which is cut to pieces where msgpack cannot hold it.
fn joined_text(message: &Value) -> String {
    match message {
        Value::Array(pieces) => pieces.iter().map(joined_text).collect(),
        // The one space of padding.
        text => text.as_str().unwrap().trim_end_matches(' ').to_string(),
    }
}

/// A msgpack record as JSON.
fn unpacked(bytes: &[u8]) -> Value {
    fn value(pack: &rmpv::Value) -> Value {
        match pack {
            rmpv::Value::String(text) => json!(text.as_str().unwrap()),
            rmpv::Value::Array(values) => values.iter().map(value).collect(),
            rmpv::Value::Map(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(key, field)| (key.as_str().unwrap().to_string(), value(field)))
                    .collect(),
            ),
            other => json!(other.to_string()),
        }
    }
    assert!(!bytes.contains(&0));
    value(&rmpv::decode::read_value(&mut &bytes[..]).unwrap())
}

/// Messages with so many fields that the index over them is as large as it gets.
#[test]
fn a_joined_message_of_many_fields_leaves_nothing_behind() {
    for count in [500, 1500, 3000, 5500, 8000, 14_000] {
        let state = state(&json!({"join": "filter", "cluster": "a"}));
        let body: Map<String, Value> = (0..count).map(|n| (n.to_string(), json!(1))).collect();
        let text = Value::Object(body).to_string();
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(16_384).collect();
        let mut answers = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            let tags = if index + 1 < pieces.len() { "P" } else { "F" };
            let piece = std::str::from_utf8(piece).unwrap();
            let record = json!({"log": format!("2024-05-01T10:11:12Z stdout {tags} {piece}")});
            let answer = answer(&state, Format::Json, b"t", record.to_string().as_bytes());
            answers.extend(answer);
        }
        let [answer_of_all] = &answers[..] else {
            panic!("{count}: {} answers", answers.len());
        };
        let record: Map<String, Value> = serde_json::from_slice(answer_of_all).unwrap();
        assert_eq!(record.len(), count + 4, "{count}");
        let next = json!({"log": "2024-05-01T10:11:13Z stdout F next"}).to_string();
        let next = text_of(answer(&state, Format::Json, b"t", next.as_bytes()));
        assert_eq!(
            next,
            r#"{"_time":"2024-05-01T10:11:13Z","stream":"stdout","_msg":"next","cluster":"a"}"#
        );
    }
}

/// Records that once taught the filter something wrong.
#[test]
fn what_is_remembered_is_what_is_meant() {
    let time = "2024-05-01T10:11:12.123456789Z";
    let parsed = json!({"time": time, "stream": "stdout"});
    let probed = json!({"x-leafpack-probe": 0, "q": 1});
    let nested = json!({"x": {"y": 1, "x-leafpack-probe": 0}});
    for (settings, rest) in [
        (json!({}), parsed),
        (json!({}), probed.clone()),
        (json!({"kubernetes": {"lift": "x-"}}), nested.clone()),
        (json!({"drop": ["x-leafpack-probe"]}), nested),
    ] {
        let old = state(&settings);
        for message in ["", "2", r#"{"a":1}"#, "hello", r#"{"b":2}"#, r#"{"b":3}"#] {
            let mut record = json!({"log": format!("{time} stdout F {message}")});
            record
                .as_object_mut()
                .unwrap()
                .extend(rest.as_object().unwrap().clone());
            let record = record.to_string();
            let expected = slow_answer(&state(&settings), Format::Json, b"t", record.as_bytes());
            let found = answer(&old, Format::Json, b"t", record.as_bytes());
            assert_eq!(text_of(found), text_of(expected), "{record}");
        }
    }
}

/// What nearly every call brings is answered quickly from the second record on.
#[test]
fn usual_records_are_answered_quickly() {
    let time = "2024-05-01T10:11:12.123456789Z";
    let pod = json!({"pod_name": "p", "namespace_name": "shop", "labels": {"app": "web"}});
    let line =
        |message: &str| json!({"log": format!("{time} stdout F {message}"), "kubernetes": pod});
    let joined_by_host = |message: &str| json!({"time": time, "stream": "stderr", "_p": "P", "log": message, "kubernetes": pod});
    for [first, second] in [
        [line("one"), line("another \"one\"")],
        [joined_by_host("one"), joined_by_host("another")],
        [
            line(r#"{"level":"info","msg":"one"}"#),
            line(r#"{"level":"warn","msg":"größe \"x\"\n","n":1.5,"o":{"a":[1,"b"]}}"#),
        ],
    ] {
        let state = state(&json!({"cluster": "apps", "tenant": {"default": "a"}}));
        let mut room = vec![0; State::QUICK];
        let mut quick = |record: &Value| {
            state.quick(
                Format::Json,
                || b"t",
                record.to_string().as_bytes(),
                &mut room,
            )
        };
        assert_eq!(quick(&first), 0);
        slow_answer(&state, Format::Json, b"t", first.to_string().as_bytes());
        assert!(quick(&second) > 0, "{second}");
    }
    let state = state(&json!({"cluster": "apps"}));
    let mut room = vec![0; State::QUICK];
    let [first, second] = [line("one"), line("another")].map(|record| packed(&record.to_string()));
    slow_answer(&state, Format::Msgpack, b"t", &first);
    assert!(state.quick(Format::Msgpack, || b"t", &second, &mut room) > 0);
}

/// Of each kind of message the first is read by the whole filter, for what stands around it, and all others are quick: when
/// an application alternates between shapes, too, and when it has more of them than are remembered.
#[test]
fn messages_like_earlier_ones_are_quick() {
    let state = state(&json!({"cluster": "apps"}));
    let quick = |message: String| {
        let record = json!({"log": format!("2024-05-01T10:11:12.123456789Z stdout F {message}")});
        let record = record.to_string();
        let mut room = vec![0xee; State::QUICK];
        let len = state.quick(Format::Json, || b"t", record.as_bytes(), &mut room);
        let expected = slow_answer(&state, Format::Json, b"t", record.as_bytes());
        if len > 0 {
            assert_eq!(
                text_of(Some(room[..len].to_vec())),
                text_of(expected),
                "{record}"
            );
        }
        len > 0
    };
    assert!(!quick(json!({"level": "info", "msg": "a"}).to_string()));
    for n in 0..300 {
        assert!(
            quick(json!({"level": "info", "msg": n.to_string()}).to_string()),
            "{n}"
        );
        assert!(quick(json!({"level": n}).to_string()), "{n}");
        assert!(
            quick(
                json!({"level": "info", "caller": "x.go:1", "msg": "\"\n", "é": [n, "]"]})
                    .to_string()
            ),
            "{n}"
        );
        assert!(
            quick(json!({"msg": "", format!("field_{n}"): true, "a": null, "b": 1.5}).to_string()),
            "{n}"
        );
    }
    // Too long for what is remembered.
    assert!(!quick(json!({"n".repeat(90): 1}).to_string()));
    // The name is the record's own.
    assert!(!quick(json!({"cluster": "x"}).to_string()));
}
