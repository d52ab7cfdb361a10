//! What holds for every record, against an oracle that shares no code with the filter.

use leafpack_filter_tenant::{State, tenant};
use leafpack_fluent_bit::run::Format;
use leafpack_fluent_bit::{Call, Settings, Time, native};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn call(record: &[u8], settings: Option<&str>) -> Vec<u8> {
    let (state, _) = native::load::<State>("tenant", settings);
    slow(&state, record)
}

const NAMES: [&str; 16] = [
    "log",
    "message",
    "_msg",
    "cluster",
    "tenant",
    "environment",
    "k8s_pod_name",
    "k8s_namespace_name",
    "k8s_labels",
    "k8s_labels_app",
    "namespace",
    "labels_app",
    "pod",
    "stream",
    "a",
    "größe",
];
const KEYS: [&str; 7] = [
    "namespace_name",
    "pod_name",
    "host",
    "docker_id",
    "labels_app",
    "pod_ip",
    "größe",
];
const NAMESPACES: [&str; 6] = ["shop", "shop-2", "team-a", "team-a-x", "team-b", "x"];

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => proptest::sample::select(&NAMESPACES[..]).prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => Just(json!({"x": [1, "y"]})),
    ]
}

type Pairs = Vec<(String, Value)>;

fn pairs(names: &'static [&'static str], most: usize) -> impl Strategy<Value = Pairs> {
    let name = proptest::sample::select(names).prop_map(str::to_string);
    proptest::collection::vec((name, leaf()), 0..most)
}

/// Pairs as an object's text, names there twice and all.
fn text(pairs: &[(String, Value)]) -> String {
    let fields: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}:{value}", json!(name)))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// The last of each name.
fn last(pairs: &[(String, Value)]) -> Map<String, Value> {
    pairs.iter().cloned().collect()
}

#[derive(Debug, Clone)]
struct Options {
    short: bool,
    labels: Value,
    keep: bool,
    lift: bool,
    label: bool,
    drop: Vec<String>,
    drop_keys: Vec<String>,
}

fn options() -> impl Strategy<Value = Options> {
    (
        any::<bool>(),
        proptest::sample::select(vec![
            json!("object"),
            json!("flat"),
            json!("drop"),
            json!(["app"]),
        ]),
        any::<bool>(),
        proptest::bool::weighted(0.9),
        any::<bool>(),
        proptest::collection::vec(
            proptest::sample::select(&NAMES[..15]).prop_map(str::to_string),
            0..3,
        ),
        proptest::collection::vec(
            proptest::sample::select(&KEYS[..6]).prop_map(str::to_string),
            0..2,
        ),
    )
        .prop_map(
            |(short, labels, keep, lift, label, drop, drop_keys)| Options {
                short,
                labels,
                keep,
                lift,
                label,
                drop,
                drop_keys,
            },
        )
}

impl Options {
    fn json(&self) -> String {
        let mut tenant = json!({"default": "none", "namespaces": {"shop": "s", "team-*": "t", "team-a*": "ta", "team-a-x": "tax"}});
        if self.label {
            tenant["label"] = json!("team");
        }
        json!({
            "cluster": "apps",
            "tenant": tenant,
            "kubernetes": {
                "lift": if self.lift { json!("k8s_") } else { json!(false) },
                "names": if self.short { "short" } else { "long" },
                "labels": self.labels,
                "drop": self.drop_keys,
            },
            "drop": self.drop,
            "existing": if self.keep { "keep" } else { "replace" },
        })
        .to_string()
    }

    fn lifted(&self, key: &str) -> String {
        match key {
            "namespace_name" if self.short => "namespace".into(),
            "pod_name" if self.short => "pod".into(),
            "host" if self.short => "node".into(),
            "labels" if self.short => "labels".into(),
            _ => format!("k8s_{key}"),
        }
    }
}

fn tenant_of(namespace: &str) -> &'static str {
    match namespace {
        "shop" => "s",
        "team-a-x" => "tax",
        _ if namespace.starts_with("team-a") => "ta",
        _ if namespace.starts_with("team-") => "t",
        _ => "none",
    }
}

/// What should come out, by maps alone and in no order; the mark is left out.
fn expected(own: &Pairs, map: &Pairs, labels: &Pairs, options: &Options) -> Map<String, Value> {
    let mut record = last(own);
    if !record.contains_key("_msg")
        && let Some(name) = ["log", "message", "msg"]
            .iter()
            .find(|name| record.contains_key(**name))
    {
        let value = record.remove(*name).unwrap();
        record.insert("_msg".into(), value);
    }
    let (all, labels_map) = (last(map), last(labels));
    let mut lifted = Map::new();
    if options.lift {
        for (key, value) in map {
            if !options.drop_keys.contains(key) {
                lifted.insert(options.lifted(key), value.clone());
            }
        }
        let prefix = if options.short { "" } else { "k8s_" };
        match options.labels.as_str() {
            Some("drop") => {}
            Some("flat") => {
                for (key, value) in &labels_map {
                    lifted.insert(format!("{prefix}labels_{key}"), value.clone());
                }
            }
            Some(_) => {
                lifted.insert(format!("{prefix}labels"), Value::Object(labels_map.clone()));
            }
            None => {
                if let Some(app) = labels_map.get("app") {
                    lifted.insert(format!("{prefix}labels"), json!({ "app": app }));
                }
            }
        }
    } else {
        let mut whole = all.clone();
        whole.insert("labels".into(), Value::Object(labels_map.clone()));
        record.insert("kubernetes".into(), Value::Object(whole));
    }
    let mut output = record;
    for (name, value) in lifted {
        if !(options.keep && output.contains_key(&name)) {
            output.insert(name, value);
        }
    }
    let in_map = map
        .iter()
        .rev()
        .find_map(|(key, value)| value.as_str().filter(|_| key == "namespace_name"));
    let namespace = in_map.or_else(|| output.get(&options.lifted("namespace_name"))?.as_str());
    let label = labels_map.get("team").and_then(Value::as_str);
    let tenant = match label {
        Some(label) if options.label && !label.is_empty() => label.to_string(),
        _ => tenant_of(namespace.unwrap_or_default()).to_string(),
    };
    for (name, value) in [("cluster", "apps".to_string()), ("tenant", tenant)] {
        if !(options.keep && output.contains_key(name)) {
            output.insert(name.into(), json!(value));
        }
    }
    for name in &options.drop {
        output.remove(name);
    }
    output
}

fn slow(state: &State, record: &[u8]) -> Vec<u8> {
    let call = Call {
        tag: b"kube.x",
        time: Time {
            seconds: 1,
            nanoseconds: 2,
        },
        record: Some(record),
    };
    native::call(tenant, state, &call).expect("tenant drops nothing")
}

fn quick(state: &State, record: &[u8]) -> Option<Vec<u8>> {
    let mut room = vec![0xee; State::QUICK];
    let len = state.quick(Format::Json, || b"kube.x", record, &mut room);
    (len > 0).then(|| {
        assert_eq!(room[len], 0);
        room.truncate(len);
        room
    })
}

/// Records of a few containers, which differ in the texts that come first, and now and then in more.
fn similar_records() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let names = prop_oneof![
        3 => Just(vec!["log"]),
        2 => Just(vec!["time", "stream", "_p", "log"]),
        2 => Just(vec!["_time", "stream", "_msg"]),
        2 => proptest::collection::vec(proptest::sample::select(&NAMES[..]), 1..8),
    ];
    let value = prop_oneof![
        6 => "[a-z ]{1,40}".prop_map(Value::from),
        2 => proptest::sample::select(vec!["", "a \"quote\"", "é", "shop", "leafpack-probe-A", "\u{1}", "\\"]).prop_map(Value::from),
        1 => leaf(),
    ];
    let rest = (
        pairs(&KEYS, 5),
        pairs(&["app", "team"], 3),
        pairs(&NAMES, 2),
    );
    (
        proptest::collection::vec((names, rest), 1..4),
        proptest::collection::vec(
            (
                any::<prop::sample::Index>(),
                proptest::collection::vec(value, 8),
                proptest::option::weighted(0.05, (any::<prop::sample::Index>(), any::<u8>())),
            ),
            1..20,
        ),
    )
        .prop_map(|(containers, records)| {
            let record = |(container, values, damage): (
                prop::sample::Index,
                Vec<Value>,
                Option<(prop::sample::Index, u8)>,
            )| {
                let (names, (map, labels, more)) = &containers[container.index(containers.len())];
                let mut fields: Pairs = names
                    .iter()
                    .map(|name| (*name).to_string())
                    .zip(values)
                    .collect();
                if !map.is_empty() {
                    let mut map = last(map);
                    map.insert("labels".into(), Value::Object(last(labels)));
                    fields.push(("kubernetes".into(), Value::Object(map)));
                }
                fields.extend(more.iter().cloned());
                let mut bytes = text(&fields).into_bytes();
                if let Some((at, byte)) = damage {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
                bytes
            };
            records.into_iter().map(record).collect()
        })
}

/// The second record of a container is quick, and every one behind it; of a container that alternates with others too.
#[test]
fn records_like_earlier_ones_are_quick() {
    let settings = json!({"cluster": "apps", "tenant": {"namespaces": {"shop": "s"}}});
    let (state, notes) = native::load::<State>("tenant", Some(&settings.to_string()));
    assert_eq!(notes, "");
    // Pods' metadata is long enough to tell them apart by.
    let map = |pod: &str| json!({"pod_name": pod, "namespace_name": "shop", "labels": {"app": "web"}, "docker_id": "0".repeat(400)});
    for n in 0..100 {
        for record in [
            json!({"log": format!("line \"{n}\""), "kubernetes": map("a")}),
            json!({"time": n.to_string(), "stream": "stdout", "log": "x", "kubernetes": map("b")}),
        ] {
            let record = record.to_string();
            let expected = slow(&state, record.as_bytes());
            match quick(&state, record.as_bytes()) {
                Some(found) => assert_eq!(String::from_utf8(found), String::from_utf8(expected)),
                None => panic!("{n}: {record}"),
            }
        }
    }
    // Those whose names or values say more are not.
    for record in [
        json!({"cluster": "x", "log": "y"}),
        json!({"k8s_namespace_name": "x", "log": "y"}),
        json!({"log": "", "kubernetes": map("a")}),
        json!({"log": 1, "kubernetes": map("a")}),
    ] {
        let record = record.to_string();
        slow(&state, record.as_bytes());
        assert_eq!(quick(&state, record.as_bytes()), None, "{record}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// The fields are those of the oracle, none twice.
    #[test]
    fn the_oracle_agrees(
        own in pairs(&NAMES, 8),
        map in pairs(&KEYS, 6),
        labels in pairs(&["app", "team", "x/y"], 4),
        at in 0usize..8,
        options in options(),
    ) {
        // Names there twice in labels are copied as they are, so that the oracle's view of them is the last one.
        let mut inner = map.clone();
        let labels_text: Value = Value::Object(last(&labels));
        inner.push(("labels".into(), labels_text));
        let kubernetes = text(&inner);
        let mut fields: Vec<String> =
            own.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        fields.insert(at.min(fields.len()), format!("\"kubernetes\":{kubernetes}"));
        let record = format!("{{{}}}", fields.join(","));
        let output = call(record.as_bytes(), Some(&options.json()));
        let mut output: Map<String, Value> = object(&output)?.into_iter().collect();
        let mark = output.remove("leafpack_error");
        let expected = expected(&own, &map, &labels, &options);
        prop_assert_eq!(&output, &expected, "{} {:?}", record, mark);
        if let Some(mark) = mark {
            prop_assert!(mark.as_str().unwrap().starts_with("tenant."), "{}", mark);
        }
    }

    /// A value of the record or of the map that is nowhere in the output is named in the mark.
    #[test]
    fn nothing_is_lost(
        own in proptest::collection::hash_set(proptest::sample::select(&NAMES[..]), 0..10),
        map in proptest::collection::hash_set(proptest::sample::select(&KEYS[..]), 0..6),
        short: bool,
        keep: bool,
    ) {
        let mut record = Map::new();
        for name in own {
            record.insert(name.into(), json!(format!("own-{name}-text")));
        }
        let mut kubernetes = Map::new();
        for key in map {
            kubernetes.insert(key.into(), json!(format!("map-{key}-text")));
        }
        let options = Options { short, keep, lift: true, label: false, labels: json!("flat"), drop: vec![], drop_keys: vec![] };
        let mut names: Vec<(String, Value)> = record.clone().into_iter().collect();
        names.extend(kubernetes.iter().map(|(key, value)| (options.lifted(key), value.clone())));
        record.insert("kubernetes".into(), Value::Object(kubernetes));
        let output = call(Value::Object(record).to_string().as_bytes(), Some(&options.json()));
        let output: Map<String, Value> = object(&output)?.into_iter().collect();
        let mark = output.get("leafpack_error").and_then(Value::as_str).unwrap_or_default();
        let mut marked: Vec<&str> =
            mark.split("; ").flat_map(|part| part.rsplit(':').next().unwrap_or_default().split_whitespace()).collect();
        let mut lost: Vec<&str> = names
            .iter()
            .filter(|(_, value)| {
                !output.values().any(|other| other == value)
            })
            .map(|(name, _)| name.as_str())
            .collect();
        marked.sort_unstable();
        lost.sort_unstable();
        prop_assert_eq!(marked, lost, "{:?}", output);
    }

    /// What is remembered from record to record changes no answer.
    #[test]
    fn what_came_before_makes_no_difference(options in options(), records in similar_records()) {
        let settings = options.json();
        let (state, _) = native::load::<State>("tenant", Some(&settings));
        for record in &records {
            let expected = call(record, Some(&settings));
            let found = quick(&state, record).unwrap_or_else(|| slow(&state, record));
            prop_assert_eq!(
                String::from_utf8_lossy(&found), String::from_utf8_lossy(&expected),
                "of {}", String::from_utf8_lossy(record)
            );
        }
    }

    /// Any bytes at all: one object, and the same one again.
    #[test]
    fn any_bytes_give_one_object(bytes: Vec<u8>) {
        let output = call(&bytes, None);
        object(&output)?;
        prop_assert_eq!(call(&bytes, None), output);
    }

    /// Bytes that are nearly a record: a valid one cut, or with one byte changed.
    #[test]
    fn damaged_records_give_one_object(
        own in pairs(&NAMES, 6), map in pairs(&KEYS, 6), at: usize, byte: u8, cut: bool, options in options(),
    ) {
        let mut own = own;
        own.push(("kubernetes".into(), Value::Object(last(&map))));
        let mut bytes = text(&own).into_bytes();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        object(&call(&bytes, Some(&options.json())))?;
    }

    /// Settings of any text: the filter works.
    #[test]
    fn any_settings_leave_it_working(settings: String, own in pairs(&NAMES, 6)) {
        object(&call(text(&own).as_bytes(), Some(&settings)))?;
    }
}

/// The fields of the one object that `text` is, of which none may be there twice.
fn object(text: &[u8]) -> Result<Vec<(String, Value)>, TestCaseError> {
    let fields = leafpack_peer::json::fields(text).map_err(TestCaseError::fail)?;
    let twice = leafpack_peer::json::twice(&fields);
    prop_assert!(twice.is_empty(), "{twice:?} twice in {fields:?}");
    Ok(fields)
}
