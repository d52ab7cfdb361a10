//! The ResourceList, and the other forms in which objects come.

use crate::items::Items;
use crate::object::Object;
use crate::path::describe;
use crate::result::Results;
use crate::yaml::{self, Emitter};
use serde_json::{Map, Value};
use std::fmt;

const V1: &str = "config.kubernetes.io/v1";
const V1BETA1: &str = "config.kubernetes.io/v1beta1";

/// What a function reads and writes: objects, and the configuration that it is to work by.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceList {
    /// The objects, in order. A `List` among them has been replaced by what it holds.
    pub items: Items,
    /// The functionConfig. A stream of documents has none.
    pub function_config: Option<Object>,
    form: Form,
}

/// How it came in, and goes out.
#[derive(Debug, Clone, PartialEq)]
enum Form {
    /// Every field of the ResourceList in order. Those that change are elsewhere, and nulls keep their places.
    List(Map<String, Value>),
    /// A `v1` List, likewise.
    KubernetesList(Map<String, Value>),
    /// Documents, one an object.
    Stream,
}

/// Why an input is no list of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// What was found, and where.
    pub message: String,
    /// What would be right.
    pub fix: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.fix)
    }
}

impl std::error::Error for ReadError {}

impl ReadError {
    fn new(message: impl Into<String>, fix: impl Into<String>) -> Self {
        ReadError {
            message: message.into(),
            fix: fix.into(),
        }
    }
}

impl From<yaml::Error> for ReadError {
    fn from(error: yaml::Error) -> Self {
        ReadError::new(
            format!(
                "line {}, column {}: {}",
                error.line(),
                error.column(),
                error.message()
            ),
            error.hint(),
        )
    }
}

impl Default for ResourceList {
    /// An empty v1 list.
    fn default() -> Self {
        ResourceList::new(Vec::new(), None)
    }
}

impl ResourceList {
    /// A v1 list of these.
    pub fn new(items: Vec<Object>, function_config: Option<Object>) -> Self {
        let mut fields = Map::new();
        fields.insert("apiVersion".to_owned(), V1.into());
        fields.insert("kind".to_owned(), "ResourceList".into());
        add_places(&mut fields);
        ResourceList {
            items: items.into(),
            function_config,
            form: Form::List(fields),
        }
    }

    /// Reads a `ResourceList` (v1 or v1beta1), a `v1` `List`, or a stream of documents, each an object; YAML or JSON.
    /// Where there is nothing, it is an empty v1 list.
    ///
    /// # Errors
    /// What is not YAML within its [bounds](yaml::Limits), and what is not made of objects.
    pub fn read(input: &[u8]) -> Result<Self, ReadError> {
        let documents = yaml::load(input)?;
        let mut documents: Vec<_> = documents.into_iter().filter(|d| !d.is_null()).collect();
        let is_list = |value: &Value| kind(value) == "ResourceList";
        if documents.len() > 1 && documents.iter().any(is_list) {
            return Err(ReadError::new(
                format!(
                    "found a ResourceList among {} documents, expected it alone",
                    documents.len()
                ),
                "move the other objects into its items",
            ));
        }
        match documents.pop() {
            Some(Value::Object(fields)) if documents.is_empty() => {
                if fields.get("kind").and_then(Value::as_str) == Some("ResourceList") {
                    return Self::from_resource_list(fields);
                }
                if is_kubernetes_list(&fields) {
                    return Self::from_kubernetes_list(fields);
                }
                documents.push(Value::Object(fields));
            }
            Some(last) => documents.push(last),
            None => return Ok(ResourceList::default()),
        }
        let mut items = Vec::new();
        for (index, document) in documents.into_iter().enumerate() {
            flatten(document, &format!("document {}", index + 1), &mut items)?;
        }
        Ok(ResourceList {
            items: items.into(),
            function_config: None,
            form: Form::Stream,
        })
    }

    fn from_resource_list(mut fields: Map<String, Value>) -> Result<Self, ReadError> {
        match fields.get("apiVersion").and_then(Value::as_str) {
            Some(V1 | V1BETA1) => {}
            found => {
                let found = found.map_or("none".to_owned(), |found| format!("{found:?}"));
                return Err(ReadError::new(
                    format!("ResourceList: apiVersion: found {found}, expected {V1} or {V1BETA1}"),
                    format!("apiVersion: {V1}"),
                ));
            }
        }
        let items = take_items(&mut fields, "items")?;
        let function_config = match fields.get_mut("functionConfig").map(Value::take) {
            None | Some(Value::Null) => None,
            Some(value) => Some(Object::try_from(value).map_err(|error| {
                ReadError::new(
                    format!("functionConfig: {error}"),
                    "functionConfig: {apiVersion: …, kind: …, metadata: {name: …}}",
                )
            })?),
        };
        add_places(&mut fields);
        Ok(ResourceList {
            items,
            function_config,
            form: Form::List(fields),
        })
    }

    fn from_kubernetes_list(mut fields: Map<String, Value>) -> Result<Self, ReadError> {
        let items = take_items(&mut fields, "items")?;
        Ok(ResourceList {
            items,
            function_config: None,
            form: Form::KubernetesList(fields),
        })
    }

    /// Writes the list in the form in which it was read, as YAML in block style; JSON too is answered so, for kpt
    /// writes what it gets into the user's files.
    ///
    /// The results come last. What an earlier function left in `results` stays before them. Only a ResourceList has
    /// room for results.
    pub fn write(&self, results: &Results) -> String {
        let mut emitter = Emitter::default();
        match &self.form {
            Form::Stream => return yaml::emit_all(self.items.iter().map(Object::as_value)),
            Form::KubernetesList(fields) => {
                self.write_fields(&mut emitter, fields, &[]);
            }
            Form::List(fields) => {
                let results: Vec<Value> = results.iter().map(|item| item.to_value()).collect();
                self.write_fields(&mut emitter, fields, &results);
            }
        }
        emitter.out
    }

    fn write_fields(&self, emitter: &mut Emitter, fields: &Map<String, Value>, results: &[Value]) {
        for (key, value) in fields {
            match key.as_str() {
                "items" => emitter.list(key, self.items.iter().map(Object::as_value), 0),
                "functionConfig" => {
                    if let Some(config) = &self.function_config {
                        emitter.entry(key, config.as_value(), 0);
                    }
                }
                "results" => {
                    let earlier = earlier_results(value);
                    if !earlier.is_empty() || !results.is_empty() {
                        emitter.list(key, earlier.iter().chain(results), 0);
                    }
                }
                _ => emitter.entry(key, value, 0),
            }
        }
    }
}

/// Places for what a list may yet get.
fn add_places(fields: &mut Map<String, Value>) {
    for key in ["items", "functionConfig", "results"] {
        fields.entry(key).or_insert(Value::Null);
    }
}

/// kyaml used to write `results: {items: […]}`; kpt still reads both.
fn earlier_results(value: &Value) -> &[Value] {
    let list = value.as_array().or_else(|| value.get("items")?.as_array());
    list.map_or(&[], Vec::as_slice)
}

fn kind(value: &Value) -> &str {
    value
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn is_kubernetes_list(fields: &Map<String, Value>) -> bool {
    let is = |key: &str, text: &str| fields.get(key).and_then(Value::as_str) == Some(text);
    is("kind", "List") && is("apiVersion", "v1")
}

/// The items, flattened; a null keeps their place.
fn take_items(fields: &mut Map<String, Value>, path: &str) -> Result<Items, ReadError> {
    let items = match fields.insert("items".to_owned(), Value::Null) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(other) => {
            return Err(ReadError::new(
                format!(
                    "{path}: found {}, expected a list of objects",
                    describe(&other)
                ),
                "items: []",
            ));
        }
    };
    let mut out = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        flatten(item, &format!("{path}[{index}]"), &mut out)?;
    }
    Ok(out.into())
}

/// The depth of a text bounds the recursion.
fn flatten(value: Value, path: &str, out: &mut Vec<Object>) -> Result<(), ReadError> {
    match value {
        Value::Object(mut fields) if is_kubernetes_list(&fields) => {
            out.extend(take_items(&mut fields, &format!("{path}.items"))?);
            Ok(())
        }
        other => {
            let object = Object::try_from(other).map_err(|error| {
                ReadError::new(
                    format!("{path}: {error}"),
                    "apiVersion: …, kind: …, metadata: {name: …}",
                )
            })?;
            out.push(object);
            Ok(())
        }
    }
}
