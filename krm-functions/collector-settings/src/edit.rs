//! Changing one object in place: what is not named here stays as it is, and in its order.

use crate::plan::Plan;
use crate::spec::Existing;
use krm_rs::{Object, Path, ResourceRef, ResultItem, Results, Value};
use leafpack_fn_common::duration::duration_ms;

/// One collector, the settings that it gets, and what there is to say of it.
pub(crate) struct Editor<'a> {
    /// The collector.
    pub(crate) object: &'a mut Object,
    /// The settings.
    pub(crate) plan: &'a Plan,
    results: &'a mut Results,
    subject: ResourceRef,
}

impl<'a> Editor<'a> {
    /// Nothing changed yet.
    pub(crate) fn new(object: &'a mut Object, plan: &'a Plan, results: &'a mut Results) -> Self {
        let subject = ResourceRef::from(&*object);
        Editor {
            object,
            plan,
            results,
            subject,
        }
    }

    /// What is at a path; null is nothing.
    pub(crate) fn get(&self, path: &str) -> Option<&Value> {
        self.object.get(path).filter(|value| !value.is_null())
    }

    /// Says what was done to a field. `shown` is what the report may hold of it.
    pub(crate) fn info(&mut self, path: &str, message: impl Into<String>, shown: impl Into<Value>) {
        let item = ResultItem::info(message).on(self.subject.clone()).at(path);
        self.results.push(item.found(shown));
    }

    /// Says what is worth a look.
    pub(crate) fn warning(
        &mut self,
        path: &str,
        message: impl Into<String>,
        shown: impl Into<Value>,
    ) {
        let item = ResultItem::warning(message)
            .on(self.subject.clone())
            .at(path);
        self.results.push(item.found(shown));
    }

    /// Says what would be wrong. `fix` is text, for it may be another object's field.
    pub(crate) fn error(
        &mut self,
        path: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
        shown: impl Into<Value>,
    ) {
        let item = ResultItem::error(message, fix.into())
            .on(self.subject.clone())
            .at(path);
        self.results.push(item.found(shown));
    }

    /// Whether a value that is there gives way to the one of the plan; says so, either way.
    pub(crate) fn gives_way(&mut self, path: &str, what: &str, found: &str, wanted: &str) -> bool {
        let what = if what.is_empty() {
            String::new()
        } else {
            format!("{what}: ")
        };
        match self.plan.existing {
            Existing::Refuse => {
                let name = self.plan.name.clone();
                self.error(
                    path,
                    format!(
                        "{what}found {found}, expected {wanted}; CollectorSettings/{name} may say which of them stays"
                    ),
                    "spec:\n  existing: replace # or keep",
                    found,
                );
                false
            }
            Existing::Keep => {
                self.info(path, format!("{what}kept {found}, not {wanted}"), found);
                false
            }
            Existing::Replace => {
                self.info(path, format!("{what}replaced {found} with {wanted}"), found);
                true
            }
        }
    }

    /// Puts a value at a path, and says where that is not possible.
    pub(crate) fn set(&mut self, path: &str, value: impl Into<Value>) -> bool {
        match self.object.set(path, value) {
            Ok(()) => true,
            Err(error) => {
                let expected = Path::parse(&error.path).unwrap_or_default();
                let last = expected.segments().last().map(|segment| match segment {
                    krm_rs::Segment::Key(key) | krm_rs::Segment::Bracket(key) => key.clone(),
                    krm_rs::Segment::Index(index) => index.to_string(),
                });
                let fix = format!("{}: {{}}", last.unwrap_or_default());
                self.error(&error.path, error.message, fix, "(not shown)");
                false
            }
        }
    }

    /// Adds the external labels to the mapping at a path, which is made where there is none.
    pub(crate) fn labels(&mut self, base: &str) {
        if let Some(found) = self.get(base).filter(|value| !value.is_object()) {
            let message = format!("found {}, expected a mapping of labels", kind_of(found));
            let last = base.rsplit('.').next().unwrap_or(base);
            self.error(base, message, format!("{last}: {{}}"), "(not shown)");
            return;
        }
        let mut changed = false;
        for (name, value) in self.plan.labels.clone() {
            changed |= self.label(base, &name, &value);
        }
        if changed {
            self.warn_of_other_values();
        }
    }

    /// Adds one label; says whether it changed anything.
    fn label(&mut self, base: &str, name: &str, value: &str) -> bool {
        let path = format!("{base}.{name}");
        let found = match self.get(&path) {
            None => {
                let done = self.set(&path, value);
                if done {
                    self.info(&path, format!("set to {value:?}"), value);
                }
                return done;
            }
            Some(found) if found.as_str() == Some(value) => return false,
            Some(found) => show(found),
        };
        self.gives_way(&path, "", &found, &format!("{value:?}")) && self.set(&path, value)
    }

    /// Refuses labels that the Prometheus operator sets itself, and then ignores (`buildExternalLabels` in its
    /// `pkg/prometheus/promcfg.go`).
    pub(crate) fn reserved_labels(&mut self, base: &str) {
        for (field, default) in [
            ("prometheusExternalLabelName", "prometheus"),
            ("replicaExternalLabelName", "prometheus_replica"),
        ] {
            // The chart's way to say that there is none.
            let cleared = self.get(&format!("{base}.{field}Clear"));
            if cleared.and_then(Value::as_bool) == Some(true) {
                continue;
            }
            let path = format!("{base}.{field}");
            let name = self.get(&path).and_then(Value::as_str);
            let name = name.unwrap_or(default).to_owned();
            if self.plan.labels.iter().any(|(label, _)| *label == name) {
                self.error(
                    &path,
                    format!(
                        "found {name}: the operator sets this external label itself, and ignores any other value of it"
                    ),
                    format!("{field}: {name}_operator"),
                    &*name,
                );
            }
        }
    }

    /// Names a label that vmagent gets by a flag too, which wins over external labels (`-remoteWrite.label`).
    pub(crate) fn label_flag(&mut self, path: &str) {
        let Some(text) = self.get(path).and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        for pair in text.split(',') {
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let differs = |(label, wanted): &&(String, String)| label == name && wanted != value;
            if let Some((_, wanted)) = self.plan.labels.iter().find(differs) {
                if self.plan.existing == Existing::Keep {
                    let message = format!("kept {pair:?}, which wins over external labels");
                    self.info(path, message, pair);
                    continue;
                }
                let message = format!(
                    "found {pair:?}, expected {name}={wanted} or nothing: this flag wins over external labels"
                );
                let fix = format!("leave {name} out of this flag, or out of CollectorSettings");
                self.error(path, message, fix, pair);
            }
        }
    }

    /// Whether a HelmRelease takes values from elsewhere, which are not seen here.
    pub(crate) fn has_other_values(&self) -> bool {
        let other = self.get("spec.valuesFrom").and_then(Value::as_array);
        other.is_some_and(|other| !other.is_empty())
    }

    fn warn_of_other_values(&mut self) {
        if self.has_other_values() {
            self.warning(
                "spec.valuesFrom",
                "found further values, which are not read here; where they have the same labels, those of spec.values win",
                "(not shown)",
            );
        }
    }

    /// Whether a list can be added at a path. A list in spec.values takes the place of one that comes from elsewhere,
    /// so where there is none yet and there are other values, that is an error.
    pub(crate) fn may_add_list(&mut self, path: &str) -> bool {
        match self.get(path) {
            Some(Value::Array(_)) => true,
            Some(other) => {
                let message = format!("found {}, expected a list", kind_of(other));
                let last = path.rsplit('.').next().unwrap_or(path);
                self.error(path, message, format!("{last}: []"), "(not shown)");
                false
            }
            None if self.has_other_values() && self.plan.existing == Existing::Replace => {
                self.warning(
                    path,
                    "the list that is made here takes the place of one in spec.valuesFrom, if there is any",
                    "(not shown)",
                );
                true
            }
            None if self.has_other_values() => {
                let last = path.rsplit('.').next().unwrap_or(path);
                self.error(
                    path,
                    "found no list, and further values in spec.valuesFrom, which are not read here: a list in spec.values would take the place of one there",
                    format!("{last}: [] # what spec.valuesFrom has of it, moved here"),
                    Value::Null,
                );
                false
            }
            None => true,
        }
    }

    /// Appends to the list at a path.
    pub(crate) fn append(&mut self, path: &str, value: Value) -> bool {
        let len = self.get(path).and_then(Value::as_array).map_or(0, Vec::len);
        self.set(&format!("{path}[{len}]"), value)
    }
}

/// A value in a sentence.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains("://") && text.contains('@') => {
            "a URL with credentials".into()
        }
        Value::String(text) => format!("{text:?}"),
        Value::Number(number) => format!("the number {number}"),
        Value::Bool(value) => value.to_string(),
        other => kind_of(other).into(),
    }
}

/// What kind of thing a value is; nothing of the value itself.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing (null)",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// Whether a value says what is wanted, and perhaps more: durations may be written differently, and mappings may have
/// further fields.
pub(crate) fn says(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, wanted)| found.get(key).is_some_and(|found| says(found, wanted))),
        (Value::String(found), Value::String(wanted)) => {
            found == wanted || same_time(found, wanted)
        }
        (found, wanted) => found == wanted,
    }
}

/// Whether both are one duration.
pub(crate) fn same_time(a: &str, b: &str) -> bool {
    duration_ms(a).is_some_and(|ms| duration_ms(b) == Some(ms))
}
