//! Trees read into types, and what is said when they do not fit.

use krm_rs::typed::{from_value, from_value_at};
use krm_rs::{Path, Value, json};
use serde::Deserialize;
use serde::de::{Deserializer, Unexpected, Visitor};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Stack {
    role: Role,
    cluster_name: String,
    replicas: u16,
    ratio: f64,
    enabled: bool,
    retention: Duration,
    outputs: Vec<Output>,
    labels: BTreeMap<String, String>,
    storage: Option<Storage>,
    target: Target,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Hub,
    #[default]
    Spoke,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Output {
    url: String,
    port: Option<u16>,
}

/// No defaults, on purpose.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Storage {
    class: String,
    size: String,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Target {
    #[default]
    None,
    Static(String),
    Selector {
        label: String,
    },
}

/// A type with words of its own.
#[derive(Debug, Default, PartialEq)]
struct Duration(u64);

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 30s")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Duration, E> {
                let seconds = text
                    .strip_suffix('s')
                    .and_then(|number| number.parse().ok());
                match seconds {
                    Some(0) => Err(E::custom("a duration must be longer than nothing")),
                    Some(seconds) => Ok(Duration(seconds)),
                    None => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_str(Words)
    }
}

#[test]
fn what_fits() {
    let read: Stack = from_value(&json!({
        "role": "hub", "clusterName": "apps", "replicas": 2.0, "ratio": 1, "enabled": true, "retention": "30s",
        "outputs": [{"url": "a", "port": null}, {"port": 80}], "labels": {"a": "b"},
        "storage": {"class": "fast", "size": "1Gi"}, "target": {"selector": {"label": "x"}},
    }))
    .unwrap();
    let expected = Stack {
        role: Role::Hub,
        cluster_name: "apps".to_owned(),
        replicas: 2,
        ratio: 1.0,
        enabled: true,
        retention: Duration(30),
        outputs: vec![
            Output {
                url: "a".to_owned(),
                port: None,
            },
            Output {
                url: String::new(),
                port: Some(80),
            },
        ],
        labels: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        storage: Some(Storage {
            class: "fast".to_owned(),
            size: "1Gi".to_owned(),
        }),
        target: Target::Selector {
            label: "x".to_owned(),
        },
    };
    assert_eq!(read, expected);
    // Nothing is absent, as the Kubernetes API has it.
    let read: Stack =
        from_value(&json!({"role": null, "replicas": null, "outputs": null, "target": null}))
            .unwrap();
    assert_eq!(read, Stack::default());
    assert_eq!(
        from_value::<Stack>(&json!({"target": "none"}))
            .unwrap()
            .target,
        Target::None
    );
    assert_eq!(
        from_value::<Stack>(&json!({"target": {"static": "a"}}))
            .unwrap()
            .target,
        Target::Static("a".to_owned())
    );
    // Without deny_unknown_fields a type takes what it knows.
    #[derive(Deserialize)]
    struct Some {
        a: i64,
    }
    assert_eq!(
        from_value::<Some>(&json!({"b": 1, "a": -9_007_199_254_740_993_i64}))
            .unwrap()
            .a,
        -9_007_199_254_740_993
    );
    assert_eq!(
        from_value::<Value>(&json!([null, {"a": 1.5}])).unwrap(),
        json!([null, {"a": 1.5}])
    );
}

#[test]
fn what_does_not_fit() {
    let table = [
        ("a variant", json!({"role": "spok"})),
        ("a variant that is a number", json!({"role": 3})),
        ("a variant far off", json!({"role": "manager"})),
        (
            "unknown fields, near ones and others",
            json!({"clustername": "a", "replica": 1, "foo": {"x": 1}}),
        ),
        ("a number for a text", json!({"clusterName": 12})),
        // Written 4.10, 0x1F or 1_000: who knows.
        ("a fraction for a text", json!({"clusterName": 4.1})),
        ("a boolean for a text", json!({"clusterName": true})),
        (
            "a number under another name",
            json!({"clusterNam": 83, "output": [{"port": 8}]}),
        ),
        (
            "credentials in the wrong place",
            json!({"clusternam": "https://me:secret@x.org", "enabled": "https://me:secret@x.org", "outputs": "x://secret@x"}),
        ),
        ("a list for a text", json!({"clusterName": ["a"]})),
        ("a text for a number", json!({"replicas": "2"})),
        ("too large", json!({"replicas": 70_000})),
        ("negative", json!({"replicas": -1})),
        ("a fraction", json!({"replicas": 1.5})),
        ("a text for a fraction", json!({"ratio": "0.5"})),
        ("a text for a boolean", json!({"enabled": "yes"})),
        ("a number for a boolean", json!({"enabled": 1})),
        ("a number for a duration", json!({"retention": 30})),
        ("a text for a duration", json!({"retention": "30"})),
        (
            "a duration that its type refuses",
            json!({"retention": "0s"}),
        ),
        ("one for a list of them", json!({"outputs": {"url": "a"}})),
        ("nothing in a list", json!({"outputs": [null]})),
        (
            "in a list",
            json!({"outputs": [{"url": "a"}, {"ulr": "b", "port": "x"}, {"url": 1}]}),
        ),
        (
            "in a mapping of texts",
            json!({"labels": {"a.b/c": 1, "d": "e", "f": {}}}),
        ),
        ("a text for a mapping", json!({"storage": "1Gi"})),
        ("missing", json!({"storage": {"size": "1Gi"}})),
        (
            "missing and unknown",
            json!({"storage": {"sizes": "1Gi"}, "replicas": "x"}),
        ),
        ("a variant without its content", json!({"target": "static"})),
        (
            "a variant with content that is none",
            json!({"target": {"none": 1}}),
        ),
        (
            "two variants",
            json!({"target": {"static": "a", "none": null}}),
        ),
        (
            "in a variant",
            json!({"target": {"selector": {"label": 1}}}),
        ),
        ("not a mapping at all", json!("x")),
        (
            "everything at once",
            json!({
                "enabled": "no", "role": "x", "outputs": [{"port": 1e9}], "unknown": null, "retention": {}, "clusterName": 1,
            }),
        ),
    ];
    let mut shown = String::new();
    for (name, value) in table {
        shown += &format!("# {name}: {value}\n");
        let errors = from_value_at::<Stack>(&value, &Path::root().key("spec")).expect_err(name);
        for error in errors.0 {
            shown += &krm_rs::ResultItem::from(error).to_text();
        }
        shown += "\n";
    }
    let said = shown.lines().filter(|line| !line.starts_with('#'));
    assert!(
        !said.into_iter().any(|line| line.contains("secret")),
        "{shown}"
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn not_more_than_a_hundred() {
    let outputs: Vec<Value> = (0..500).map(|_| json!({"port": "x"})).collect();
    let errors = from_value::<Stack>(&json!({ "outputs": outputs })).unwrap_err();
    assert_eq!(errors.0.len(), 100);
    assert_eq!(errors.0[99].path.to_string(), "outputs[99].port");
}

#[test]
fn an_error_is_readable_by_itself() {
    let error = from_value::<Stack>(&json!({"role": "x", "replicas": []})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "role: found \"x\", expected one of: hub, spoke\n\
         replicas: found a list, expected a whole number from 0 to 65535"
    );
}
