//! What holds for every record, against an oracle that shares no code with the filter.

mod events;

use events::{CONFIG, SECRET, event};
use leafpack_filter_audit::{Settings, audit};
use leafpack_fluent_bit::{Call, Time, native};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn call(record: &[u8], settings: Option<&str>) -> Option<Vec<u8>> {
    let (settings, _) = native::load::<Settings>("audit", settings);
    let time = Time {
        seconds: 1,
        nanoseconds: 2,
    };
    let call = Call {
        tag: b"audit",
        time,
        record: Some(record),
    };
    native::call(audit, &settings, &call)
}

/// The fields of the one object that `text` is, no name of which is there twice.
fn object(text: &[u8]) -> Result<Map<String, Value>, TestCaseError> {
    let fields = leafpack_peer::json::fields(text).map_err(TestCaseError::fail)?;
    let twice = leafpack_peer::json::twice(&fields);
    prop_assert!(twice.is_empty(), "{twice:?} twice in {fields:?}");
    Ok(fields.into_iter().collect())
}

/// How an event comes in.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// As a line, which the tail input puts into `log`.
    Line,
    /// The same, with all that is not ASCII escaped, as the host writes it from 4.1 on.
    Escaped,
    /// Parsed into the record.
    Record,
    /// Parsed into a field.
    Field,
}

fn record(event: &Value, way: Way) -> String {
    match way {
        Way::Line => {
            json!({"filename": "/var/log/audit.log", "log": event.to_string()}).to_string()
        }
        Way::Escaped => {
            let text = json!({"log": event.to_string()}).to_string();
            let mut escaped = String::new();
            for unit in text.encode_utf16() {
                match char::from_u32(u32::from(unit)) {
                    Some(plain) if plain.is_ascii() => escaped.push(plain),
                    _ => escaped += &format!("\\u{unit:04x}"),
                }
            }
            escaped
        }
        Way::Record => event.to_string(),
        Way::Field => json!({"log": event, "verb": "mine"}).to_string(),
    }
}

fn way() -> impl Strategy<Value = Way> {
    proptest::sample::select(vec![Way::Line, Way::Escaped, Way::Record, Way::Field])
}

/// Settings that leave redaction on, and drop nothing.
fn settings() -> impl Strategy<Value = Value> {
    (
        proptest::sample::select(vec!["flat", "object", "string"]),
        proptest::sample::select(vec!["drop", "string"]),
        prop_oneof![Just(0u32), Just(1_048_576), 0u32..3000],
        any::<bool>(),
        proptest::sample::select(vec!["stageTimestamp", "requestReceivedTimestamp"]),
        proptest::option::of(Just("apps")),
        proptest::sample::subsequence(vec!["user.extra", "requestObject.*.containers", "annotations.team", "x"], 0..4),
    )
        .prop_map(|(shape, bodies, size, maps, time, cluster, redact)| {
            let mut settings = json!({"shape": shape, "bodies": bodies, "body_size": size, "redact_configmaps": maps,
                "time": time, "redact": redact});
            if let Some(cluster) = cluster {
                settings["cluster"] = json!(cluster);
            }
            settings
        })
}

/// What the flat form of an event is, but for what is redacted: names and the places that they come from.
const PLACES: [(&str, &str); 27] = [
    ("level", "/level"),
    ("stage", "/stage"),
    ("audit_id", "/auditID"),
    ("verb", "/verb"),
    ("user", "/user/username"),
    ("groups", "/user/groups"),
    ("user_uid", "/user/uid"),
    ("impersonated_user", "/impersonatedUser/username"),
    ("impersonated_groups", "/impersonatedUser/groups"),
    ("impersonated_uid", "/impersonatedUser/uid"),
    ("source_ips", "/sourceIPs"),
    ("user_agent", "/userAgent"),
    ("resource", "/objectRef/resource"),
    ("subresource", "/objectRef/subresource"),
    ("namespace", "/objectRef/namespace"),
    ("name", "/objectRef/name"),
    ("api_group", "/objectRef/apiGroup"),
    ("api_version", "/objectRef/apiVersion"),
    ("object_uid", "/objectRef/uid"),
    ("resource_version", "/objectRef/resourceVersion"),
    ("uri", "/requestURI"),
    ("code", "/responseStatus/code"),
    ("status", "/responseStatus/status"),
    ("reason", "/responseStatus/reason"),
    ("message", "/responseStatus/message"),
    ("decision", "/annotations/authorization.k8s.io~1decision"),
    (
        "decision_reason",
        "/annotations/authorization.k8s.io~1reason",
    ),
];

/// A value as the flat form has it; `None` where that leaves it out.
fn flat(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) => {
            let items: Vec<&str> = items.iter().map(|item| item.as_str().unwrap()).collect();
            Some(json!(items.join(",")))
        }
        other => Some(other.clone()),
    }
}

/// A JSON value without what the filter must not keep, by a plain walk: what is left has to be in the output.
fn keeps(value: &Value, mut each: impl FnMut(&str)) {
    let mut todo = vec![value];
    while let Some(value) = todo.pop() {
        match value {
            Value::String(text) => each(text),
            Value::Array(items) => todo.extend(items),
            Value::Object(fields) => todo.extend(fields.values()),
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// No secret that was planted is anywhere in the output, and every identifying field is.
    #[test]
    fn secrets_are_gone_and_the_rest_is_there(n in 0u64..100_000, way in way(), settings in settings()) {
        let event = event(n);
        let output = call(record(&event, way).as_bytes(), Some(&settings.to_string())).expect("nothing is dropped");
        let text = String::from_utf8(output.clone()).unwrap();
        let fields = object(&output)?;
        prop_assert!(!text.contains(SECRET), "{text}");
        prop_assert!(settings["redact_configmaps"] == false || !text.contains(CONFIG), "{text}");
        prop_assert!(text.contains(&events::id(n)));
        prop_assert_eq!(&fields["_time"], &event[settings["time"].as_str().unwrap()]);
        prop_assert_eq!(&fields["log_type"], "audit");
        prop_assert_eq!(fields.get("cluster"), settings.get("cluster"));
        let had_secret = event.to_string().contains(SECRET);
        let bodies = settings["bodies"] == "string";
        if fields.contains_key("redacted") {
            let paths = !settings["redact"].as_array().unwrap().is_empty();
            prop_assert!(had_secret || paths || settings["redact_configmaps"] == true);
        } else if bodies && settings["body_size"].as_u64() > Some(100_000) {
            prop_assert!(!had_secret, "{text}");
        }
        let in_log = matches!(way, Way::Line | Way::Escaped | Way::Field);
        match settings["shape"].as_str() {
            Some("flat") => {
                for (name, place) in PLACES {
                    let expected = event.pointer(place).and_then(flat);
                    if expected.as_ref().is_some_and(|value| value.to_string().contains(SECRET)) {
                        prop_assert!(fields[name].as_str().unwrap().contains("[redacted]"));
                    } else {
                        prop_assert_eq!(fields.get(name), expected.as_ref(), "{}", name);
                    }
                }
                if bodies && event.get("requestObject").is_some() {
                    prop_assert!(fields["request_object"].is_string());
                }
            }
            shape => {
                let inner = match shape {
                    Some("string") => serde_json::from_str(fields["audit_event"].as_str().unwrap()).unwrap(),
                    _ => fields["audit_event"].clone(),
                };
                for (key, value) in event.as_object().unwrap() {
                    let body = matches!(key.as_str(), "requestObject" | "responseObject");
                    if body {
                        prop_assert_eq!(inner.get(key).is_some(), bodies, "{}", key);
                        prop_assert!(!bodies || inner[key].is_string());
                    } else if !value.to_string().contains(SECRET) && key != "user" {
                        prop_assert_eq!(inner.get(key), Some(value), "{}", key);
                    }
                }
            }
        }
        if in_log && !matches!(way, Way::Escaped) {
            let foreign = if matches!(way, Way::Line) { &fields["filename"] } else if settings["shape"] == "flat" {
                &fields["audit_other"]
            } else {
                &fields["verb"]
            };
            prop_assert!(foreign.is_string());
        }
    }

    /// The body is cut at its size, and what is left of it is its start.
    #[test]
    fn bodies_are_cut_at_their_size(n in 0u64..1000, size in 0usize..2000, shape in proptest::sample::select(vec!["flat", "string", "object"])) {
        let mut event = event(n * events::SHAPES + 2);
        event["requestObject"]["text"] = json!("aé€😀\"\\\n\u{1}".repeat((n % 60) as usize));
        let whole = event["requestObject"].to_string();
        let settings = json!({"bodies": "string", "body_size": size, "shape": shape}).to_string();
        let fields = object(&call(record(&event, Way::Line).as_bytes(), Some(&settings)).unwrap())?;
        let body = match shape {
            "flat" => fields["request_object"].clone(),
            "object" => fields["audit_event"]["requestObject"].clone(),
            _ => serde_json::from_str::<Value>(fields["audit_event"].as_str().unwrap()).unwrap()["requestObject"].clone(),
        };
        let body = body.as_str().unwrap();
        if whole.len() <= size {
            prop_assert_eq!(body, whole);
        } else {
            let start = body.strip_suffix("...[cut]").unwrap();
            prop_assert!(whole.starts_with(start) && start.len() <= size && start.len() + 6 > size, "{} of {}", start.len(), size);
        }
    }

    /// Without redaction every string of the event is in the output, if bodies are kept whole.
    #[test]
    fn nothing_is_lost_without_redaction(n in 0u64..100_000, way in way(), shape in proptest::sample::select(vec!["flat", "object", "string"])) {
        let event = event(n);
        let settings = json!({"redaction": false, "bodies": "string", "body_size": 1_048_576, "shape": shape});
        let output = call(record(&event, way).as_bytes(), Some(&settings.to_string())).unwrap();
        let fields = object(&output)?;
        prop_assert!(!fields.contains_key("redacted"));
        // All texts of the output, those inside of JSON texts too.
        let mut all = Vec::new();
        keeps(&Value::Object(fields), |text| {
            all.push(text.to_string());
            if let Ok(inner) = serde_json::from_str::<Value>(text) {
                keeps(&inner, |text| {
                    all.push(text.to_string());
                    if let Ok(inner) = serde_json::from_str::<Value>(text) {
                        keeps(&inner, |text| all.push(text.to_string()));
                    }
                });
            }
        });
        let mut lost = Vec::new();
        let mut event = event;
        if let Some(meta) = event.pointer_mut("/requestObject/metadata") {
            meta.as_object_mut().unwrap().remove("managedFields");
        }
        keeps(&event, |text| {
            if !all.iter().any(|other| other.contains(text)) && !["Event", "audit.k8s.io/v1", "kubelet"].contains(&text) {
                lost.push(text.to_string());
            }
        });
        prop_assert!(lost.is_empty(), "{lost:?} of {all:?}");
    }

    /// Only a rule drops, and only what it says; the oracle reads the same rules another way.
    #[test]
    fn rules_drop_what_they_say(n in 0u64..100_000, way in way(), verbs in proptest::sample::subsequence(vec!["get", "upd*", "create", "*"], 1..3),
        user in proptest::option::of(proptest::sample::select(vec!["alice", "system:*", ""])), code in proptest::option::of(proptest::sample::select(vec![json!(200), json!("4*"), json!(["101", "201"])]))) {
        let event = event(n);
        let mut rule = json!({"verb": verbs});
        if let Some(user) = user { rule["user"] = json!(user); }
        if let Some(code) = code { rule["code"] = code; }
        let settings = json!({"drop": [{"stage": "no such stage"}, rule]}).to_string();
        let like = |value: &Value, pattern: &Value| {
            let text = |value: &Value| match value { Value::String(text) => text.clone(), Value::Null => String::new(), other => other.to_string() };
            let (value, pattern) = (text(value), text(pattern));
            match pattern.strip_suffix('*') { Some(start) => value.starts_with(start), None => value == pattern }
        };
        let any = |value: &Value, patterns: &Value| match patterns {
            Value::Array(patterns) => patterns.iter().any(|pattern| like(value, pattern)),
            pattern => like(value, pattern),
        };
        let dropped = rule.as_object().unwrap().iter().all(|(name, patterns)| {
            let place = match name.as_str() { "verb" => &event["verb"], "user" => &event["user"]["username"], _ => &event["responseStatus"]["code"] };
            any(place, patterns)
        });
        let output = call(record(&event, way).as_bytes(), Some(&settings));
        prop_assert_eq!(output.is_none(), dropped, "{} {}", rule, event);
    }

    /// Any bytes at all: one object, and the same one again.
    #[test]
    fn any_bytes_give_one_object(bytes: Vec<u8>) {
        let output = call(&bytes, None).unwrap();
        object(&output)?;
        prop_assert_eq!(call(&bytes, None).unwrap(), output);
    }

    /// Any text in the line.
    #[test]
    fn any_line_gives_one_object(line: String, settings in settings()) {
        object(&call(json!({"log": line}).to_string().as_bytes(), Some(&settings.to_string())).unwrap())?;
    }

    /// A damaged event is one object; what is secret in it stays so, as far as the start of a body can be told.
    #[test]
    fn damaged_events_keep_their_secrets(n in 0u64..100_000, at: usize, byte in proptest::option::of(any::<u8>()), settings in settings()) {
        let event = event(n).to_string();
        let mut line = event.clone().into_bytes();
        let at = at % line.len();
        match byte {
            Some(byte) => line[at] = byte,
            None => line.truncate(at),
        }
        if let Ok(line) = String::from_utf8(line.clone()) {
            let output = call(json!({"log": line}).to_string().as_bytes(), Some(&settings.to_string())).unwrap();
            object(&output)?;
            if byte.is_none() {
                prop_assert!(!String::from_utf8(output).unwrap().contains(SECRET), "{line}");
            }
        }
        // The same damage to a record that was parsed.
        object(&call(&line, Some(&settings.to_string())).unwrap())?;
    }

    /// Settings of any bytes: the filter works, and redacts unless they could be read and say otherwise.
    #[test]
    fn any_settings_leave_it_working(settings: String, n in 0u64..1000) {
        let output = call(record(&event(n), Way::Line).as_bytes(), Some(&settings)).unwrap();
        let fields = object(&output)?;
        prop_assert!(!String::from_utf8(output).unwrap().contains(SECRET));
        prop_assert!(fields["leafpack_error"].as_str().unwrap().contains("audit.settings"));
    }

    /// Names of fields that the output has itself, in the record and in the event.
    #[test]
    fn names_are_never_there_twice(names in proptest::collection::vec(name(), 0..50), n in 0u64..1000, way in way(), settings in settings()) {
        let mut text = record(&event(n), way);
        let mut inner = event(n).to_string();
        for (index, name) in names.iter().enumerate() {
            let field = format!("{}:\"own-{index}-text\",", json!(name));
            text.insert_str(1, &field);
            inner.insert_str(1, &field);
        }
        let inside = json!({"log": inner}).to_string();
        for text in [text, inside] {
            let output = call(text.as_bytes(), Some(&settings.to_string())).unwrap();
            let fields = object(&output)?;
            // The last of two with a meaning counts, and the others are not lost.
            let said = String::from_utf8(output).unwrap();
            let special = ["log", "kind", "apiVersion"];
            for (index, name) in names.iter().enumerate() {
                let own = format!("own-{index}-text");
                prop_assert!(said.contains(&own) || special.contains(&name.as_str()) || fields.contains_key("leafpack_error"), "{name}: {own} {said}");
            }
        }
    }
}

/// A name with a meaning, or one without.
fn name() -> impl Strategy<Value = String> {
    const KNOWN: [&str; 16] = [
        "_time",
        "_msg",
        "log_type",
        "cluster",
        "audit_event",
        "audit_other",
        "redacted",
        "annotations",
        "verb",
        "user",
        "code",
        "log",
        "auditID",
        "request_object",
        "tenant",
        "stage",
    ];
    prop_oneof![3 => proptest::sample::select(&KNOWN[..]).prop_map(str::to_string), 2 => "[a-c]{1,2}", 1 => "[é\"\\\\]"]
}
