//! What a function has to say.

use crate::object::Object;
use crate::path::has_credentials;
use serde_json::Value;
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The function fails.
    Error,
    /// Worth a look; the function succeeds.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// As in the specification.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// What would put it right. Every error has one.
#[derive(Debug, Clone, PartialEq)]
pub enum Fix {
    /// The value that the field should have. It becomes `proposedValue`, and is shown as `field: value`.
    Value(Value),
    /// Lines of YAML, or a sentence that says what to do. It becomes the tag `fix`.
    Text(String),
}

impl Fix {
    /// [`Fix::Value`].
    pub fn value(value: impl Into<Value>) -> Self {
        Fix::Value(value.into())
    }

    /// [`Fix::Text`].
    pub fn text(text: impl Into<String>) -> Self {
        Fix::Text(text.into())
    }
}

impl From<&str> for Fix {
    fn from(text: &str) -> Self {
        Fix::Text(text.to_owned())
    }
}

impl From<String> for Fix {
    fn from(text: String) -> Self {
        Fix::Text(text)
    }
}

impl From<Value> for Fix {
    fn from(value: Value) -> Self {
        Fix::Value(value)
    }
}

/// The object that a result is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRef {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// Empty when it has none.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

impl From<&Object> for ResourceRef {
    fn from(object: &Object) -> Self {
        ResourceRef {
            api_version: object.api_version().to_owned(),
            kind: object.kind().to_owned(),
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
        }
    }
}

impl ResourceRef {
    fn is(&self, object: &Object) -> bool {
        self.name == object.name()
            && self.kind == object.kind()
            && self.namespace == object.namespace()
            && self.api_version == object.api_version()
    }
}

impl fmt::Display for ResourceRef {
    /// `Kind/name` or `Kind/namespace/name`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        for part in [&self.namespace, &self.name] {
            if !part.is_empty() {
                write!(f, "/{part}")?;
            }
        }
        Ok(())
    }
}

/// The field that a result is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its [`Path`](crate::Path), written out.
    pub path: String,
    /// What it holds now, if anything.
    pub current: Option<Value>,
}

/// The file that a result is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, with `/`.
    pub path: String,
    /// Which of the file's documents, from 0.
    pub index: usize,
}

/// One thing that a function has to say.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultItem {
    severity: Severity,
    message: String,
    resource: Option<ResourceRef>,
    field: Option<Field>,
    file: Option<File>,
    tags: Vec<(String, String)>,
    fix: Option<Fix>,
}

impl ResultItem {
    fn new(severity: Severity, message: String, fix: Option<Fix>) -> Self {
        ResultItem {
            severity,
            message,
            resource: None,
            field: None,
            file: None,
            tags: Vec::new(),
            fix,
        }
    }

    /// An error. `message` says what was found and what was expected; the resource and the field come in front of it
    /// by themselves. `fix` is what would be right.
    pub fn error(message: impl Into<String>, fix: impl Into<Fix>) -> Self {
        Self::new(Severity::Error, message.into(), Some(fix.into()))
    }

    /// A warning.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message.into(), None)
    }

    /// A piece of information.
    pub fn info(message: impl Into<String>) -> Self {
        Self::new(Severity::Info, message.into(), None)
    }

    /// Says which object it is about. Without this, it is about the functionConfig.
    #[must_use]
    pub fn on(mut self, resource: impl Into<ResourceRef>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Says which field it is about, as [`Path`](crate::Path) writes it. What the field holds now is looked up if the
    /// object is the functionConfig or one of the items, and no Secret; a URL with credentials is not shown.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        let path = path.into();
        self.field = (!path.is_empty()).then_some(Field {
            path,
            current: None,
        });
        self
    }

    /// Says what the field holds now.
    #[must_use]
    pub fn found(mut self, current: impl Into<Value>) -> Self {
        if let Some(field) = &mut self.field {
            field.current = Some(without_credentials(current.into()));
        }
        self
    }

    /// Says which file it is about.
    #[must_use]
    pub fn in_file(mut self, path: impl Into<String>, index: usize) -> Self {
        self.file = Some(File {
            path: path.into(),
            index,
        });
        self
    }

    /// Adds a tag, for programs that read the results.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }

    /// Says what would be right, for a warning or an information.
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<Fix>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What was found and what was expected.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The object, once it is known.
    pub fn resource(&self) -> Option<&ResourceRef> {
        self.resource.as_ref()
    }

    /// The field.
    pub fn field(&self) -> Option<&Field> {
        self.field.as_ref()
    }

    /// The file.
    pub fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }

    /// The tags.
    pub fn tags(&self) -> &[(String, String)] {
        &self.tags
    }

    /// What would put it right.
    pub fn fix(&self) -> Option<&Fix> {
        self.fix.as_ref()
    }

    /// Fills in what the author left to the shell: the functionConfig as the object, its file, and what the field holds
    /// now.
    pub(crate) fn complete(&mut self, config: Option<&Object>, items: &[Object]) {
        if self.resource.is_none() {
            self.resource = config.map(ResourceRef::from);
        }
        let Some(resource) = &self.resource else {
            return;
        };
        let mut objects = config.into_iter().chain(items);
        let Some(object) = objects.find(|object| resource.is(object)) else {
            return;
        };
        if self.file.is_none() {
            self.file = file_of(object);
        }
        if let Some(field) = &mut self.field {
            // What is in a Secret goes into no report.
            if field.current.is_none() && object.kind() != "Secret" {
                let current = object.get(&field.path).cloned();
                field.current = current.map(without_credentials);
            }
        }
    }
}

/// A report goes to more places than the configuration does.
fn without_credentials(value: Value) -> Value {
    match value {
        Value::String(text) if has_credentials(&text) => "(not shown)".into(),
        Value::Array(items) => items.into_iter().map(without_credentials).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, without_credentials(value)))
            .collect(),
        other => other,
    }
}

/// Where kpt, and whoever else reads files, says that an object came from.
fn file_of(object: &Object) -> Option<File> {
    let annotation = |name: &str| {
        let internal = object.annotation(&format!("internal.config.kubernetes.io/{name}"));
        internal.or_else(|| object.annotation(&format!("config.kubernetes.io/{name}")))
    };
    let index = annotation("index").and_then(|index| index.parse().ok());
    Some(File {
        path: annotation("path")?.to_owned(),
        index: index.unwrap_or_default(),
    })
}

/// Everything that a function has to say, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Results(Vec<ResultItem>);

impl Results {
    /// None yet.
    pub fn new() -> Self {
        Results::default()
    }

    /// Adds one.
    pub fn push(&mut self, item: ResultItem) {
        self.0.push(item);
    }

    /// Adds an error about a field of the functionConfig. An empty path is the functionConfig as a whole.
    pub fn error(&mut self, path: &str, message: impl Into<String>, fix: impl Into<Fix>) {
        self.push(ResultItem::error(message, fix).at(path));
    }

    /// Adds a warning about a field of the functionConfig.
    pub fn warning(&mut self, path: &str, message: impl Into<String>) {
        self.push(ResultItem::warning(message).at(path));
    }

    /// Adds an information about a field of the functionConfig.
    pub fn info(&mut self, path: &str, message: impl Into<String>) {
        self.push(ResultItem::info(message).at(path));
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|item| item.severity == Severity::Error)
    }

    /// Them all.
    pub fn iter(&self) -> std::slice::Iter<'_, ResultItem> {
        self.0.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn complete(&mut self, config: Option<&Object>, items: &[Object]) {
        for item in &mut self.0 {
            item.complete(config, items);
        }
    }

    /// As a person reads them.
    pub fn to_text(&self) -> String {
        self.0.iter().map(ResultItem::to_text).collect()
    }
}

impl<'a> IntoIterator for &'a Results {
    type Item = &'a ResultItem;
    type IntoIter = std::slice::Iter<'a, ResultItem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Extend<ResultItem> for Results {
    fn extend<I: IntoIterator<Item = ResultItem>>(&mut self, items: I) {
        self.0.extend(items);
    }
}
