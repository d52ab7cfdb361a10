//! YAML, read and written by this crate alone.

use krm_rs::{Map, Value, json, yaml};
use proptest::prelude::*;

#[test]
fn reading() {
    let table = [
        ("plain", "a: 1\nb: x y\n", json!({"a": 1, "b": "x y"})),
        (
            "flow style",
            "{a: [1, {b: c}], d: }",
            json!({"a": [1, {"b": "c"}], "d": null}),
        ),
        (
            "JSON",
            r#"{"a": [1.0, 2], "b": "\/A"}"#,
            json!({"a": [1.0, 2], "b": "/A"}),
        ),
        (
            "JSON with a comma too many",
            r#"{"a": 1,}"#,
            json!({"a": 1}),
        ),
        ("a text in brackets", "[a, b]: c", json!(null)),
        (
            "sequences in and out of line",
            "a:\n- 1\nb:\n  - 2\n",
            json!({"a": [1], "b": [2]}),
        ),
        (
            "literal",
            "a: |\n  x\n   y\n\n  z\n",
            json!({"a": "x\n y\n\nz\n"}),
        ),
        ("literal, stripped", "a: |-\n  x\n\n", json!({"a": "x"})),
        (
            "literal, kept",
            "a: |+\n  x\n\nb: 1\n",
            json!({"a": "x\n\n", "b": 1}),
        ),
        (
            "literal, indented by hand",
            "a: |2\n   x\n  y\n",
            json!({"a": " x\ny\n"}),
        ),
        (
            "folded",
            "a: >\n  x\n  y\n\n  z\n",
            json!({"a": "x y\nz\n"}),
        ),
        (
            "quoted over lines",
            "a: \"x\n  y\"\nb: 'it''s'\n",
            json!({"a": "x y", "b": "it's"}),
        ),
        (
            "comments",
            "# c\na: 1 # d\n#e\nb: 'x # y'\n",
            json!({"a": 1, "b": "x # y"}),
        ),
        (
            "CRLF",
            "a: 1\r\nb: |\r\n  x\r\n  y\r\n",
            json!({"a": 1, "b": "x\ny\n"}),
        ),
        ("byte order mark", "\u{feff}a: 1\n", json!({"a": 1})),
        ("a version", "%YAML 1.1\n---\na: on\n", json!({"a": "on"})),
        ("an explicit key", "? a\n: 1\n", json!({"a": 1})),
        (
            "keys are text",
            "1: a\ntrue: b\nnull: c\n012: d\n",
            json!({"1": "a", "true": "b", "null": "c", "012": "d"}),
        ),
        ("an empty key", "\"\": 1\n", json!({"": 1})),
        (
            "alias",
            "a: &x {b: [1]}\nc: *x\n",
            json!({"a": {"b": [1]}, "c": {"b": [1]}}),
        ),
        (
            "anchor given twice",
            "a: &x 1\nb: *x\nc: &x 2\nd: *x\n",
            json!({"a": 1, "b": 1, "c": 2, "d": 2}),
        ),
        ("anchor on a key", "&x a: 1\nb: *x\n*x : 2\n", json!(null)),
        (
            "alias as a key",
            "a: &x k\nb: {*x : 2}\n",
            json!({"a": "k", "b": {"k": 2}}),
        ),
        (
            "merge",
            "a: &x {b: 1, c: 2}\nd:\n  z: 0\n  <<: *x\n  c: 3\n",
            json!({"a": {"b": 1, "c": 2}, "d": {"z": 0, "b": 1, "c": 3}}),
        ),
        (
            "merge of two",
            "- &x {a: 1}\n- &y {a: 2, b: 2}\n- <<: [*x, *y]\n",
            json!([{"a": 1}, {"a": 2, "b": 2}, {"a": 1, "b": 2}]),
        ),
        ("no merge", "\"<<\": 1\n", json!({"<<": 1})),
        (
            "tags",
            "a: !!str 1\nb: !!int \"2\"\nc: !!float 3\nd: !!bool \"true\"\ne: !!null \"\"\nf: ! 4\n",
            json!({"a": "1", "b": 2, "c": 3.0, "d": true, "e": null, "f": "4"}),
        ),
        (
            "tags on collections",
            "a: !!map {}\nb: !!seq []\nc: !!timestamp 2024-01-02\n",
            json!({"a": {}, "b": [], "c": "2024-01-02"}),
        ),
        (
            "a tag in full",
            "a: !<tag:yaml.org,2002:str> 1\n",
            json!({"a": "1"}),
        ),
    ];
    for (name, text, expected) in table {
        match yaml::load_one(text.as_bytes()) {
            Ok(read) => {
                assert_eq!(read, expected, "{name}");
                assert_eq!(read.to_string(), expected.to_string(), "{name}: order");
            }
            // Written as null above: what the reader refuses.
            Err(error) => assert_eq!(expected, Value::Null, "{name}: {error}"),
        }
    }
}

#[test]
fn documents() {
    let read = |text: &str| yaml::load(text.as_bytes()).unwrap();
    assert_eq!(read(""), Vec::<Value>::new());
    assert_eq!(read("# nothing\n"), Vec::<Value>::new());
    assert_eq!(read("---\n"), [Value::Null]);
    assert_eq!(
        read("a: 1\n---\n---\nb: 2\n...\n"),
        [json!({"a": 1}), Value::Null, json!({"b": 2})]
    );
    assert_eq!(
        read("{\"a\": 1}\n---\n{\"b\": 2}\n"),
        [json!({"a": 1}), json!({"b": 2})]
    );
    assert!(yaml::load_one(b"a: 1\n---\nb: 2\n").is_err());
    assert!(yaml::load_one(b"").is_err());
}

#[test]
fn writing() {
    let value = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "on", "annotations": {"config.kubernetes.io/path": "a.yaml", "y": "1"}},
        "data": {
            "config": "[SERVICE]\n    Flush 1\n\n[INPUT]\n    Name tail\n",
            "no newline": "a\nb",
            "newlines": "a\nb\n\n",
            "leading": "\na",
            "indented": "  a\nb",
            "trailing": "a \nb",
            "json": "{\"a\": \"it's\"}",
            "tab": "a\tb",
            "empty": "",
        },
        "lists": [[1, [2, []]], [{"a": 1, "b": [{"c": 2}]}, "x\ny"], {}, [], null],
        "numbers": [1, -1, 1.0, 1e21, 1.5e-7, 0.0001, 18446744073709551615u64],
        "args": ["--flag=a", "-c", "exec a || b", "10.0.0.1:80", ":8080", "a: b", "*", "100m", "1e3"],
    });
    let text = yaml::emit(&value);
    insta::assert_snapshot!(text);
    assert_eq!(yaml::load_one(text.as_bytes()).unwrap(), value);
}

/// Pieces that mean something to a reader.
const PIECES: &[&str] = &[
    "\n",
    "\n\n",
    " ",
    "  ",
    "\t",
    "\r",
    "\r\n",
    ":",
    ": ",
    "#",
    " #",
    "-",
    "- ",
    "---",
    "...",
    "?",
    "? ",
    ",",
    "[",
    "]",
    "{",
    "}",
    "&",
    "*",
    "!",
    "|",
    ">",
    "'",
    "\"",
    "\\",
    "%",
    "@",
    "`",
    "<<",
    "=",
    "~",
    "null",
    "true",
    "no",
    "0",
    "12",
    "0x1",
    ".5",
    "1e3",
    "+",
    "_",
    "2001-01-01",
    "a",
    "é",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{0}",
    "\u{7f}",
    "😀",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(prop::sample::select(PIECES), 0..8)
            .prop_map(|pieces| pieces.concat()),
        any::<String>(),
        "[a-z]{0,12}",
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_written_is_read_back(value in tree()) {
        let text = yaml::emit(&value);
        let read = yaml::load_one(text.as_bytes());
        prop_assert_eq!(read.as_ref(), Ok(&value), "{}", text);
        // In the same order, too.
        prop_assert_eq!(yaml::emit(&value), yaml::emit(&read.unwrap()));
        let json = value.to_string();
        if json.starts_with(['{', '[']) {
            prop_assert_eq!(yaml::load_one(json.as_bytes()), Ok(value));
        }
    }

    #[test]
    fn documents_stay_apart(values in prop::collection::vec(tree(), 2..4)) {
        let text = yaml::emit_all(&values);
        prop_assert_eq!(yaml::load(text.as_bytes()), Ok(values), "{}", text);
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = yaml::load(&bytes);
    }

    #[test]
    fn text_never_panics(text in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        if let Ok(values) = yaml::load(text.concat().as_bytes()) {
            let written = yaml::emit_all(&values);
            prop_assert_eq!(yaml::load(written.as_bytes()), Ok(values));
        }
    }
}
