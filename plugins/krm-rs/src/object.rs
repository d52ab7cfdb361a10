//! One Kubernetes object, as the tree that it was read as.

use crate::path::{Path, PathError, describe, leaves};
use crate::typed::{self, TypedError};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::fmt;

/// An object of the Kubernetes resource model: a mapping with `apiVersion`, `kind` and `metadata`.
///
/// It stays the tree that came in. Fields can be read into types ([`Object::to_typed`]), but there is no way back from
/// a type into a user's object: a type knows the fields of its day, and everything else would be lost without a word.
/// Changes go through paths ([`Object::set`]), which leave the rest as it was, in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct Object(Value);

/// A value that was to be an object, and is something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAnObject(
    /// What it is, for a message.
    pub String,
);

impl fmt::Display for NotAnObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "found {}, expected an object with apiVersion, kind and metadata",
            self.0
        )
    }
}

impl std::error::Error for NotAnObject {}

/// What tells objects apart in a cluster, whichever version they are written in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    /// The part of `apiVersion` before the `/`; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// Empty when none is written.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl fmt::Display for ObjectId {
    /// `Kind/name` or `Kind/namespace/name`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ObjectId {
            kind,
            namespace,
            name,
            ..
        } = self;
        match namespace.as_str() {
            "" => write!(f, "{kind}/{name}"),
            _ => write!(f, "{kind}/{namespace}/{name}"),
        }
    }
}

impl ObjectId {
    /// Whether it is this object's.
    pub fn is_of(&self, object: &Object) -> bool {
        self.name == object.name()
            && self.kind == object.kind()
            && self.namespace == object.namespace()
            && self.group == object.group()
    }
}

impl TryFrom<Value> for Object {
    type Error = NotAnObject;

    fn try_from(value: Value) -> Result<Self, NotAnObject> {
        match value {
            Value::Object(_) => Ok(Object(value)),
            other => Err(NotAnObject(describe(&other))),
        }
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Value {
        object.0
    }
}

impl AsRef<Value> for Object {
    fn as_ref(&self) -> &Value {
        &self.0
    }
}

/// Making one.
impl Object {
    /// A new object with nothing but its name.
    pub fn new(api_version: &str, kind: &str, name: &str) -> Self {
        Object(json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}}))
    }

    /// With a namespace.
    #[must_use]
    pub fn with_namespace(mut self, namespace: &str) -> Self {
        self.set_metadata("namespace", namespace);
        self
    }

    /// With a label.
    #[must_use]
    pub fn with_label(mut self, key: &str, value: &str) -> Self {
        self.set_label(key, value);
        self
    }

    /// With an annotation.
    #[must_use]
    pub fn with_annotation(mut self, key: &str, value: &str) -> Self {
        self.set_annotation(key, value);
        self
    }

    /// With a field at the top: `.with("spec", json!({…}))`.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.map_mut().insert(field.to_owned(), value.into());
        self
    }
}

/// What it is.
impl Object {
    /// The tree.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    fn map_mut(&mut self) -> &mut Map<String, Value> {
        match &mut self.0 {
            Value::Object(map) => map,
            _ => unreachable!("an Object is made of a mapping only"),
        }
    }

    /// `apiVersion`, or empty.
    pub fn api_version(&self) -> &str {
        self.top("apiVersion")
    }

    /// The part of `apiVersion` before the `/`; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version()
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// The part of `apiVersion` after the `/`.
    pub fn version(&self) -> &str {
        let api_version = self.api_version();
        api_version
            .split_once('/')
            .map_or(api_version, |(_, version)| version)
    }

    /// `kind`, or empty.
    pub fn kind(&self) -> &str {
        self.top("kind")
    }

    /// `metadata.name`, or empty.
    pub fn name(&self) -> &str {
        self.metadata("name")
    }

    /// `metadata.namespace`, or empty.
    pub fn namespace(&self) -> &str {
        self.metadata("namespace")
    }

    /// Group, kind, namespace and name.
    pub fn id(&self) -> ObjectId {
        ObjectId {
            group: self.group().to_owned(),
            kind: self.kind().to_owned(),
            namespace: self.namespace().to_owned(),
            name: self.name().to_owned(),
        }
    }

    /// Whether both have one [`ObjectId`].
    pub fn is_same(&self, other: &Object) -> bool {
        self.name() == other.name()
            && self.kind() == other.kind()
            && self.namespace() == other.namespace()
            && self.group() == other.group()
    }

    /// Whether it is for the tools only and never reaches a cluster: annotation `config.kubernetes.io/local-config`
    /// with any value but `false`.
    pub fn is_local_config(&self) -> bool {
        self.annotation(LOCAL_CONFIG)
            .is_some_and(|value| value != "false")
    }

    fn top(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn metadata(&self, key: &str) -> &str {
        let metadata = self.0.get("metadata");
        metadata
            .and_then(|map| map.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Sets `metadata.name`.
    pub fn set_name(&mut self, name: &str) {
        self.set_metadata("name", name);
    }

    /// Sets `metadata.namespace`.
    pub fn set_namespace(&mut self, namespace: &str) {
        self.set_metadata("namespace", namespace);
    }

    fn metadata_mut(&mut self) -> &mut Map<String, Value> {
        child_mapping(self.map_mut(), "metadata")
    }

    fn set_metadata(&mut self, key: &str, value: &str) {
        self.metadata_mut().insert(key.to_owned(), value.into());
    }
}

pub(crate) const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

/// The mapping under a key, made if there is none.
fn child_mapping<'m>(map: &'m mut Map<String, Value>, key: &str) -> &'m mut Map<String, Value> {
    let child = map.entry(key.to_owned()).or_insert(Value::Null);
    if !child.is_object() {
        *child = Value::Object(Map::new());
    }
    match child {
        Value::Object(map) => map,
        _ => unreachable!("it has just been made one"),
    }
}

/// Labels and annotations. Values that are no strings, which Kubernetes refuses, are not seen.
impl Object {
    fn metadata_map(&self, field: &str) -> Option<&Map<String, Value>> {
        self.0.get("metadata")?.get(field)?.as_object()
    }

    fn strings(&self, field: &str) -> impl Iterator<Item = (&str, &str)> {
        let map = self.metadata_map(field).into_iter().flatten();
        map.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }

    fn remove_string(&mut self, field: &str, key: &str) -> Option<Value> {
        let metadata = self.0.get_mut("metadata")?.as_object_mut()?;
        let map = metadata.get_mut(field)?.as_object_mut()?;
        let removed = map.shift_remove(key)?;
        if map.is_empty() {
            metadata.shift_remove(field);
        }
        Some(removed)
    }

    /// Every annotation, in order.
    pub fn annotations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.strings("annotations")
    }

    /// One annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata_map("annotations")?.get(key)?.as_str()
    }

    /// Adds or changes an annotation.
    pub fn set_annotation(&mut self, key: &str, value: &str) {
        child_mapping(self.metadata_mut(), "annotations").insert(key.to_owned(), value.into());
    }

    /// Removes an annotation, and the mapping of annotations with the last of them.
    pub fn remove_annotation(&mut self, key: &str) -> Option<Value> {
        self.remove_string("annotations", key)
    }

    /// Every label, in order.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.strings("labels")
    }

    /// One label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.metadata_map("labels")?.get(key)?.as_str()
    }

    /// Adds or changes a label of the object itself, not of the pods that it makes.
    pub fn set_label(&mut self, key: &str, value: &str) {
        child_mapping(self.metadata_mut(), "labels").insert(key.to_owned(), value.into());
    }

    /// Removes a label, and the mapping of labels with the last of them.
    pub fn remove_label(&mut self, key: &str) -> Option<Value> {
        self.remove_string("labels", key)
    }
}

/// Fields, by [`Path`]. A path that can not be read leads nowhere.
impl Object {
    /// The value at a path.
    pub fn get(&self, path: &str) -> Option<&Value> {
        Path::parse(path).ok()?.get(&self.0)
    }

    /// The string at a path.
    pub fn get_str(&self, path: &str) -> Option<&str> {
        self.get(path)?.as_str()
    }

    /// The value at a path, to change it.
    pub fn get_mut(&mut self, path: &str) -> Option<&mut Value> {
        let path = Path::parse(path).ok()?;
        // The root itself must stay a mapping.
        (!path.segments().is_empty())
            .then(|| path.get_mut(&mut self.0))
            .flatten()
    }

    /// Puts a value at a path; see [`Path::set`] for what is made on the way.
    ///
    /// # Errors
    /// When the path can not be read, or the way there is not mappings and sequences.
    pub fn set(&mut self, path: &str, value: impl Into<Value>) -> Result<(), PathError> {
        let parsed = Path::parse(path)?;
        if parsed.segments().is_empty() {
            return Err(PathError {
                path: path.to_owned(),
                message: "found an empty path, expected a field".to_owned(),
            });
        }
        parsed.set(&mut self.0, value.into())
    }

    /// Takes out the value at a path. What surrounds it stays, even if empty.
    pub fn remove(&mut self, path: &str) -> Option<Value> {
        Path::parse(path).ok()?.remove(&mut self.0)
    }

    /// Every scalar and empty collection, with its path, in order.
    pub fn leaves(&self) -> Vec<(Path, &Value)> {
        leaves(&self.0)
    }

    /// Reads the whole object into a type. Fields that the type does not know are left out of it, unless it says
    /// `deny_unknown_fields`.
    ///
    /// # Errors
    /// Every field that does not fit, with its path.
    pub fn to_typed<T: DeserializeOwned>(&self) -> Result<T, TypedError> {
        typed::from_value(&self.0)
    }

    /// Reads the value at a path into a type; a value that is not there reads as null. Errors carry the path from the
    /// object's root.
    ///
    /// # Errors
    /// As [`Object::to_typed`], and for a path that can not be read.
    pub fn to_typed_at<T: DeserializeOwned>(&self, path: &str) -> Result<T, TypedError> {
        let path = Path::parse(path).map_err(TypedError::from)?;
        typed::from_value_at(path.get(&self.0).unwrap_or(&Value::Null), &path)
    }
}
