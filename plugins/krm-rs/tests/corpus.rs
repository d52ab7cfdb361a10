//! Texts that YAML readers disagree on, written by this crate and read by others.

mod common;

use krm_rs::{Map, Value, json, yaml};
use std::process::Command;

/// Every string as a value, as a key, in lists and in lists of lists and of mappings; numbers and collections.
fn document(corpus: &Value, values: &[String], keys: &[String]) -> Value {
    let numbered = values.iter().enumerate();
    let keyed: Map<String, Value> = numbered
        .map(|(index, text)| (format!("k{index}"), text.as_str().into()))
        .collect();
    let nested: Vec<Value> = values
        .iter()
        .map(|text| json!([text, [text], {"a": text, "b": text}]))
        .collect();
    let collections: Map<String, Value> = keys
        .iter()
        .map(|key| (key.clone(), json!({"a": [key.len()], "b": {}, "c": []})))
        .collect();
    let numbers: Map<String, Value> = keys
        .iter()
        .enumerate()
        .map(|(index, key)| (key.clone(), index.into()))
        .collect();
    json!({
        "list": values,
        "map": keyed,
        "keys": numbers,
        "nested": nested,
        "collections": collections,
        "numbers": corpus["numbers"],
        "other": corpus["other"],
        "blocks": corpus["blocks"],
        "last": "two\nlines",
    })
}

/// The whole corpus. Its own `keys` are among the strings.
fn whole() -> (Value, Value) {
    let corpus = common::corpus();
    let mut strings = common::strings(&corpus);
    for key in corpus["keys"].as_object().unwrap().keys() {
        if !strings.contains(key) {
            strings.push(key.clone());
        }
    }
    strings.push("k".repeat(2000));
    let document = document(&corpus, &strings, &strings);
    (corpus, document)
}

#[test]
fn own_reader_reads_back_everything() {
    let (corpus, document) = whole();
    let text = yaml::emit(&document);
    assert_eq!(yaml::load_one(text.as_bytes()).unwrap(), document);
    for text in common::strings(&corpus) {
        let value = Value::from(text);
        let written = yaml::emit(&value);
        let read = yaml::load_one(written.as_bytes());
        assert_eq!(read.as_ref(), Ok(&value), "{written}");
    }
}

#[test]
fn json_is_read_as_json() {
    let (corpus, document) = whole();
    let text = serde_json::to_string_pretty(&document).unwrap();
    // serde_json itself writes no `\/`.
    let text = text.replace('/', "\\/");
    assert_eq!(yaml::load_one(text.as_bytes()).unwrap(), document);
    // Python, which wrote the corpus, escapes whatever is not ASCII, with surrogates.
    let escaped = include_bytes!("data/yaml-strings.json");
    assert_eq!(yaml::load_one(escaped).unwrap(), corpus);
    let read = yaml::load_one(br#" {"a": "\ud83d\ude00\/\u0041"}"#);
    assert_eq!(read.unwrap(), json!({"a": "😀/A"}));
}

/// Prints what PyYAML reads as JSON, and refuses keys that are not strings, which JSON would hide.
const PYYAML: &str = r#"
import json, sys, yaml
def check(value, path):
    if isinstance(value, dict):
        for key, child in value.items():
            assert isinstance(key, str), f"{path}: key {key!r}"
            check(child, path + [key])
    elif isinstance(value, list):
        for index, child in enumerate(value):
            check(child, path + [index])
    else:
        assert value is None or isinstance(value, (bool, int, float, str)), f"{path}: {value!r}"
documents = list(yaml.load_all(sys.stdin.buffer.read(), Loader=yaml.SafeLoader))
check(documents, [])
json.dump(documents, sys.stdout)
"#;

#[test]
fn pyyaml_reads_what_was_written() {
    let Some(python) = common::python_with_yaml() else {
        return;
    };
    let (_, document) = whole();
    let text = yaml::emit_all([&document, &json!("second"), &json!([1])]);
    let output = common::run(Command::new(&python).args(["-c", PYYAML]), text.as_bytes());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let read = serde_json::from_slice(&output.stdout).unwrap();
    assert_same(&read, &json!([document, "second", [1]]));
}

/// kubectl's and Flux's reader, go-yaml v2 and v3, and kustomize's, each on its own.
#[test]
fn go_readers_read_what_was_written() {
    let Some(program) = common::find("yaml-readers") else {
        return;
    };
    let (_, document) = whole();
    let output = common::run(
        &mut Command::new(&program),
        yaml::emit(&document).as_bytes(),
    );
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
    let answers = answers.as_object().unwrap();
    for reader in [
        "sigs.k8s.io/yaml",
        "go.yaml.in/yaml/v2",
        "gopkg.in/yaml.v3",
        "sigs.k8s.io/kustomize/kyaml",
    ] {
        let answer = &answers[reader];
        assert_eq!(answer.get("error"), None, "{reader}");
        println!("{reader}");
        assert_same(&answer["value"], &document);
    }
}

/// What comes out of `kustomize build` for what goes in, read by this crate's reader.
#[test]
fn kustomize_carries_what_was_written() {
    let Some(kustomize) = common::find("kustomize") else {
        return;
    };
    let corpus = common::corpus();
    let folder = common::scratch("corpus-kustomize");
    std::fs::write(folder.join("kustomization.yaml"), "resources: [in.yaml]\n").unwrap();
    let build = |object: &Value| {
        std::fs::write(folder.join("in.yaml"), yaml::emit(object)).unwrap();
        let output = common::run(Command::new(&kustomize).arg("build").arg(&folder), b"");
        if !output.status.success() {
            // The message begins with the whole object.
            let message = String::from_utf8_lossy(&output.stderr);
            let skip = message.chars().count().saturating_sub(200);
            return Err(message.chars().skip(skip).collect::<String>());
        }
        yaml::load_one(&output.stdout).map_err(|error| error.to_string())
    };
    let but = |place: &str| {
        let exceptions = corpus["kustomize"].as_array().unwrap();
        let strings = common::strings(&corpus).into_iter();
        let kept = strings.filter(|text| {
            !exceptions
                .iter()
                .any(|e| e["text"] == **text && (e["in"] == "any" || e["in"] == place))
        });
        kept.collect::<Vec<_>>()
    };
    let map = |strings: &[String]| -> Map<String, Value> {
        let numbered = strings.iter().enumerate();
        numbered
            .map(|(index, text)| (format!("k{index}"), text.as_str().into()))
            .collect()
    };
    let config_map = |data: &[String], annotations: &[String]| {
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "corpus", "annotations": map(annotations)},
            "data": map(data),
        })
    };
    let custom = |spec: Value| {
        json!({
            "apiVersion": "example.com/v1",
            "kind": "Corpus",
            "metadata": {"name": "corpus"},
            "spec": spec,
        })
    };
    let object = config_map(&but("value"), &but("annotation"));
    assert_same(&build(&object).unwrap(), &object);
    let object = custom(document(&corpus, &but("value"), &but("key")));
    assert_same(&build(&object).unwrap(), &object);
    for exception in corpus["kustomize"].as_array().unwrap() {
        let text = exception["text"].as_str().unwrap().to_owned();
        let object = match exception["in"].as_str() {
            Some("key") => custom(json!({ text: 1 })),
            _ => config_map(std::slice::from_ref(&text), std::slice::from_ref(&text)),
        };
        let built = build(&object);
        assert_ne!(built.as_ref(), Ok(&object), "{exception} is none any more");
    }
}

/// Equal, in whichever order mappings are, saying where not. Go writes a float without a fraction as an integer.
#[track_caller]
fn assert_same(found: &Value, expected: &Value) {
    for (path, value) in krm_rs::leaves(expected) {
        let other = path.get(found);
        let same = match (other.and_then(Value::as_f64), value.as_f64()) {
            (Some(other), Some(value)) => other == value,
            _ => other == Some(value),
        };
        assert!(same, "{path}: found {other:?}, expected {value:?}");
    }
    assert_eq!(krm_rs::leaves(found).len(), krm_rs::leaves(expected).len());
}
