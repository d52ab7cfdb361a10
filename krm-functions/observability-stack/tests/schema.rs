//! The JSON Schema of the resource is made of the code, and what it says is so.

mod common;

use common::{objects, root, run};
use jsonschema::Validator;
use krm_rs::{Map, Path, Value, yaml};
use leafpack_function_tests::{Placeholder, readme, tree};
use std::fs;

const FILE: &str = "schemas/ObservabilityStack.schema.json";
const README: &str = include_str!("../README.md");
const MINIMAL: &str = include_str!("../fixtures/minimal/config.yaml");

fn schema() -> Value {
    observability_stack::schema::observability_stack()
}

fn validator() -> Validator {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap_or_else(|why| panic!("{why}"));
    jsonschema::validator_for(&schema).expect("a schema")
}

/// Every good configuration that there is.
fn fixtures() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for folder in ["fixtures", "../../examples"] {
        for entry in fs::read_dir(root().join(folder))
            .expect("a folder")
            .flatten()
        {
            for name in ["config.yaml", "stack.yaml"] {
                if let Ok(text) = fs::read_to_string(entry.path().join(name)) {
                    found.push((entry.path().display().to_string(), tree(&text)));
                }
            }
        }
    }
    assert!(found.len() > 4, "{}", found.len());
    found
}

/// Each option: its path below `spec`, and its schema. What has no fields of its own is one: lists and maps are.
fn options() -> Vec<(String, Value)> {
    fn collect(prefix: &str, schema: &Value, out: &mut Vec<(String, Value)>) {
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{prefix}{name}");
            match schema.get("properties") {
                Some(_) => collect(&format!("{path}."), schema, out),
                None => out.push((path, schema.clone())),
            }
        }
    }
    let mut out = Vec::new();
    collect("", &schema()["properties"]["spec"], &mut out);
    assert!(out.len() > 30, "{}", out.len());
    out
}

#[test]
fn the_file_is_the_codes() {
    let text = format!("{:#}\n", schema());
    let path = root().join(FILE);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
        fs::write(&path, &text).expect("the file can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "{FILE} is of other code: write it with UPDATE_GOLDEN=1 cargo test -p leafpack-fn-observability-stack --test schema"
    );
}

#[test]
fn good_configurations_are_taken() {
    let validator = validator();
    for (name, config) in fixtures() {
        let wrong: Vec<String> = validator
            .iter_errors(&config)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
    }
}

/// At every place where fields are: the schema and the function refuse one more.
#[test]
fn unknown_keys_are_refused() {
    fn places(path: &str, schema: &Value, out: &mut Vec<String>) {
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            if schema["properties"].is_object() {
                let path = format!("{path}.{name}");
                places(&path, schema, out);
                out.push(path);
            }
        }
    }
    let validator = validator();
    let mut all = vec!["spec".to_owned()];
    places("spec", &schema()["properties"]["spec"], &mut all);
    assert!(all.len() > 5, "{all:?}");
    for place in all {
        let path = Path::parse(&format!("{place}.noSuchKey")).expect("a path");
        let mut config = tree(MINIMAL);
        path.set(&mut config, Value::from(1))
            .expect("it can be set");
        assert!(!validator.is_valid(&config), "{place}");
        let outcome = run::<Placeholder>(&yaml::emit(&config));
        assert!(!outcome.success, "{place}");
        assert!(
            outcome.stderr.contains("noSuchKey: unknown field"),
            "{place}: {}",
            outcome.stderr
        );
    }
    let mut config = tree(MINIMAL);
    config["extra"] = Value::from(1);
    assert!(!validator.is_valid(&config));
}

/// A value of another type is refused by both.
#[test]
fn other_types_are_refused() {
    let validator = validator();
    for (option, _) in options() {
        let path = Path::parse(&format!("spec.{option}")).expect("a path");
        let mut config = tree(MINIMAL);
        // Fits nothing: no text, no number, no list, and none of the maps has numbers.
        path.set(
            &mut config,
            Value::from(Map::from_iter([("x".to_owned(), Value::from(vec![1]))])),
        )
        .expect("it can be set");
        assert!(!validator.is_valid(&config), "{option}");
        assert!(
            !run::<Placeholder>(&yaml::emit(&config)).success,
            "{option}"
        );
    }
}

/// Words to choose from are the words that the function knows.
#[test]
fn words_are_the_codes() {
    let mut looked_at = 0;
    for (option, schema) in options() {
        let Some(words) = schema["enum"].as_array() else {
            continue;
        };
        looked_at += 1;
        let path = Path::parse(&format!("spec.{option}")).expect("a path");
        let mut config = tree(MINIMAL);
        path.set(&mut config, Value::from("no such word"))
            .expect("it can be set");
        let said = run::<Placeholder>(&yaml::emit(&config)).stderr;
        for word in words {
            let word = word.as_str().expect("a word");
            assert!(said.contains(word), "{option}: {word}: {said}");
        }
    }
    assert!(looked_at > 4, "{looked_at}");
}

#[test]
fn defaults_change_nothing() {
    let validator = validator();
    let expected = objects(MINIMAL);
    let mut defaults = 0;
    for (option, schema) in options() {
        let text = schema["description"].as_str().unwrap_or_default();
        assert!(
            !text.is_empty() && !text.contains("[`"),
            "{option}: {text:?}"
        );
        let Some(default) = schema.get("default") else {
            continue;
        };
        let mut config = tree(MINIMAL);
        let path = Path::parse(&format!("spec.{option}")).expect("a path");
        // What the smallest configuration has to say has no default worth the name.
        if path.get(&config).is_some() {
            continue;
        }
        defaults += 1;
        path.set(&mut config, default.clone())
            .expect("it can be set");
        assert!(validator.is_valid(&config), "{option}: {default}");
        assert_eq!(
            objects(&yaml::emit(&config)),
            expected,
            "{option}: {default}"
        );
    }
    assert!(defaults > 15, "{defaults}");
}

#[test]
fn the_readme_has_every_option() {
    let options = options();
    let mut known: Vec<&str> = options.iter().map(|(option, _)| option.as_str()).collect();
    known.sort_unstable();
    assert_eq!(readme::names(README), known);
}
