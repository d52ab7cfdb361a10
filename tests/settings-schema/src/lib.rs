//! Holds the JSON Schema of a filter's settings file to the code that reads it, in both directions: what the schema
//! takes the code must take without a word, and what it refuses the code must refuse.
//!
//! A filter's `tests/schema.rs` makes a [`Subject`] of its schema, its function and some records, and gives it to
//! [`agree!`](crate::agree).

mod sample;
mod schema;

use std::collections::BTreeSet;

use leafpack_fluent_bit::run::Filter;
use leafpack_fluent_bit::{Call, Settings, Time, native};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use schema::Schema;

/// The tests that hold a schema to the code, of a function that gives the [`Subject`].
#[macro_export]
macro_rules! agree {
    ($subject:path) => {
        #[test]
        fn known_keys_agree() {
            $subject().known_keys_agree();
        }

        #[test]
        fn values_agree() {
            $subject().values_agree();
        }

        #[test]
        fn random_documents_agree() {
            $subject().random_documents_agree();
        }

        #[test]
        fn defaults_are_the_codes() {
            $subject().defaults_are_the_codes();
        }
    };
}

/// A key that no filter has.
const UNKNOWN: &str = "no-such-key";

/// What a filter makes of some records with a settings file of this text, or with none.
type Run = Box<dyn Fn(Option<&str>) -> String>;

/// A filter's schema, beside its code.
pub struct Subject {
    schema: Schema,
    notes: Box<dyn Fn(&str) -> String>,
    run: Run,
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").finish_non_exhaustive()
    }
}

impl Subject {
    /// `schema` is the text of `settings.schema.json`, of the filter that `module` has; `records` are some that the filter
    /// is run on, with the tag of a container's file.
    ///
    /// # Panics
    /// If the schema can't be read, says what this crate does not know, or lacks what editors show.
    pub fn new<S: Settings>(
        module: &'static str,
        filter: Filter<S>,
        schema: &str,
        records: Vec<String>,
    ) -> Self {
        let schema = Schema::read(schema);
        let root = schema.root();
        assert_eq!(
            root["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        let id = root["$id"].as_str().unwrap_or_default();
        assert!(
            id.starts_with("https://leafpack.dev/schemas/") && id.ends_with(".schema.json"),
            "$id: {id:?}"
        );
        assert!(root["title"].is_string() && root["type"] == "object");
        schema.each_property(|path, property| {
            assert!(
                property["description"].is_string(),
                "{}: an editor shows its description",
                path.join(".")
            );
        });
        Self {
            schema,
            notes: Box::new(move |settings| native::load::<S>(module, Some(settings)).1),
            run: Box::new(move |settings| {
                let (settings, _) = native::load::<S>(module, settings);
                let answer = |record: &String| {
                    let call = Call {
                        tag: b"kube.var.log.containers.web-0_shop_nginx-0123.log",
                        time: Time::default(),
                        record: Some(record.as_bytes()),
                    };
                    let answer = native::call(filter, &settings, &call);
                    let answer = answer.unwrap_or_else(|| b"dropped".to_vec());
                    String::from_utf8(answer).expect("UTF-8") + "\n"
                };
                records.iter().map(answer).collect()
            }),
        }
    }

    /// What the filter says on stderr when it loads a settings file of this text: nothing, if all is well.
    pub fn notes(&self, settings: &str) -> String {
        (self.notes)(settings)
    }

    /// Every key that the code names in its note on an unknown one is in the schema, and none besides.
    ///
    /// # Panics
    /// If that is not so.
    pub fn known_keys_agree(&self) {
        let mut objects = vec![(Vec::new(), self.schema.root().clone())];
        self.schema.each_property(|path, property| {
            if property["properties"].is_object() {
                objects.push((path.to_vec(), property.clone()));
            }
        });
        for (path, object) in objects {
            let place = path.join(".");
            assert_eq!(
                object["additionalProperties"], false,
                "{place}: unknown keys are refused"
            );
            let notes = (self.notes)(&wrap(&path, json!({UNKNOWN: 0})).to_string());
            let (_, known) = notes
                .split_once(" are ")
                .unwrap_or_else(|| panic!("{place}: no note on an unknown key: {notes:?}"));
            assert!(notes.contains(UNKNOWN), "{place}: {notes}");
            let mut known: Vec<&str> = known.trim_end().split(", ").collect();
            let mut described: Vec<&str> = object["properties"]
                .as_object()
                .expect("an object")
                .keys()
                .map(String::as_str)
                .collect();
            known.sort_unstable();
            described.sort_unstable();
            assert_eq!(known, described, "{place}: keys of the code, of the schema");
        }
    }

    /// Each key alone with many values, good and bad, and all together.
    ///
    /// # Panics
    /// Where code and schema do not agree on one.
    pub fn values_agree(&self) {
        let documents = self.schema.documents();
        let good = documents.iter().filter(|d| self.schema.takes(d)).count();
        // Neither side may have nothing to say.
        assert!(
            good > 10 && documents.len() - good > 10,
            "{good} of {} documents are good",
            documents.len()
        );
        let mut wrong: Vec<String> = documents
            .iter()
            .filter_map(|document| self.disagreement(document))
            .collect();
        self.schema.each_property(|path, _| {
            let words = self.words_of(path);
            let documents = words.iter().map(|word| wrap(path, word.as_str().into()));
            wrong.extend(documents.filter_map(|document| self.disagreement(&document)));
        });
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        // Every property has at least one value that is taken, and one that is refused.
        self.schema.each_property(|path, _| {
            let about = |document: &&Value| {
                path.iter()
                    .try_fold(*document, |value, key| value.get(key))
                    .is_some()
            };
            let (mut taken, mut refused) = (0, 0);
            for document in documents.iter().filter(about) {
                match self.schema.takes(document) {
                    true => taken += 1,
                    false => refused += 1,
                }
            }
            assert!(
                taken > 0 && refused > 0,
                "{}: {taken} values taken, {refused} refused",
                path.join(".")
            );
        });
    }

    /// Random documents, good ones for the most part.
    ///
    /// # Panics
    /// Where code and schema do not agree on one.
    pub fn random_documents_agree(&self) {
        let mut runner = TestRunner::new(Config {
            failure_persistence: None,
            ..Config::default()
        });
        runner
            .run(&self.schema.strategy(), |document| {
                self.disagreement(&document)
                    .map_or(Ok(()), |why| Err(TestCaseError::fail(why)))
            })
            .unwrap_or_else(|why| panic!("{why}"));
    }

    /// A key with the default that the schema tells is as no key at all; examples are good.
    ///
    /// # Panics
    /// If that is not so.
    pub fn defaults_are_the_codes(&self) {
        let without = (self.run)(None);
        assert!(!without.is_empty(), "records to look at");
        let mut defaults = 0;
        self.schema.each_property(|path, property| {
            if let Some(default) = property.get("default") {
                defaults += 1;
                let document = wrap(path, default.clone());
                assert!(self.schema.takes(&document), "{document}");
                assert_eq!(
                    (self.run)(Some(&document.to_string())),
                    without,
                    "{document}"
                );
            }
            for example in property["examples"].as_array().into_iter().flatten() {
                let document = wrap(path, example.clone());
                assert!(self.schema.takes(&document), "{document}");
            }
        });
        assert!(defaults > 0);
    }

    /// The words in which the code says what would be right at `path`: one that it takes may be missing in the schema.
    fn words_of(&self, path: &[String]) -> BTreeSet<String> {
        let wrong = [json!(null), json!("\u{1}"), json!(-1), json!([null])];
        let notes = wrong.map(|value| (self.notes)(&wrap(path, value).to_string()));
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        notes
            .iter()
            .flat_map(|notes| notes.split(|c| !is_part(c)))
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn disagreement(&self, document: &Value) -> Option<String> {
        let text = document.to_string();
        let notes = (self.notes)(&text);
        let shown: String = text.chars().take(300).collect();
        match (self.schema.takes(document), notes.is_empty()) {
            (true, false) => Some(format!("the schema takes {shown}, but: {notes}")),
            (false, true) => Some(format!("the schema refuses {shown}, but the code takes it")),
            _ => None,
        }
    }
}

/// Documents for a schema, and whether it takes them: for comparison with another reader of schemas.
///
/// # Panics
/// If the schema can't be read, or says what this crate does not know.
pub fn verdicts(schema: &str) -> Vec<(Value, bool)> {
    let schema = Schema::read(schema);
    let documents = schema.documents().into_iter();
    documents
        .map(|document| {
            let takes = schema.takes(&document);
            (document, takes)
        })
        .collect()
}

/// A document with one value in it.
fn wrap(path: &[String], value: Value) -> Value {
    path.iter()
        .rev()
        .fold(value, |inner, key| json!({key.as_str(): inner}))
}
