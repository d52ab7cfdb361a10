//! The runbook of one cluster, in Markdown: with the names, endpoints and queries that this stack really has.

mod secrets;
mod sections;
mod text;

use crate::modules_of;
use crate::plan::Plan;
use crate::spec::Spec;
use crate::stack;
use krm_rs::{Function, Items, Object, Results, Value, json, leaves};
use leafpack_fn_common::flux::{self, Part};
use leafpack_fn_common::modules::Source;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// The file in the ConfigMap.
const FILE: &str = "runbook.md";

/// The function `ObservabilityRunbook`: of the same `spec` as an ObservabilityStack, a ConfigMap `<name>-runbook` that holds
/// the cluster's runbook, `runbook.md`.
#[derive(Debug, Clone)]
pub struct ObservabilityRunbook<M> {
    spec: Spec,
    modules: PhantomData<M>,
}

impl<'de, M> Deserialize<'de> for ObservabilityRunbook<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(ObservabilityRunbook {
            spec: Spec::deserialize(deserializer)?,
            modules: PhantomData,
        })
    }
}

impl<M: Source> Function for ObservabilityRunbook<M> {
    const API_VERSION: &'static str = "leafpack.dev/v1alpha1";
    const KIND: &'static str = "ObservabilityRunbook";

    /// Adds the ConfigMap, or puts it in the place of an earlier run's.
    fn run(self, config: &Object, items: &mut Items, results: &mut Results) {
        let Some(plan) = Plan::read(&self.spec, config.name(), results) else {
            return;
        };
        let Some(modules) = modules_of::<M>(&plan, results) else {
            return;
        };
        let objects = match stack::render(&plan, &modules) {
            Ok(objects) => objects,
            Err(fault) => return fault.report(results),
        };
        let book = Book {
            plan: &plan,
            spec: &self.spec,
            objects: &objects,
            variables: variables(config.as_value()),
        };
        let mut object = Object::new("v1", "ConfigMap", &format!("{}-runbook", plan.name))
            .with_namespace(&plan.namespace)
            .with_label(crate::names::STACK_LABEL, &plan.name)
            .with_label(crate::names::MANAGED_BY_LABEL, crate::names::MANAGED_BY)
            .with("data", json!({FILE: sections::write(&book)}));
        match plan.expressions.seal(&mut object) {
            Ok(()) => crate::add(object, &plan.name, items, results),
            Err(mixed) => stack::Fault::Mixed(object.id().to_string(), mixed).report(results),
        }
    }
}

/// What a runbook is made of.
struct Book<'b> {
    plan: &'b Plan,
    spec: &'b Spec,
    /// What the stack generates.
    objects: &'b [Object],
    /// Flux's variables: name, the fields that hold it, and whether it has a default everywhere.
    variables: BTreeMap<String, Variable>,
}

/// A variable that Flux replaces.
#[derive(Debug, Default)]
struct Variable {
    /// Paths of the fields.
    fields: Vec<String>,
    /// Its default, where one is written.
    default: Option<String>,
}

/// The variables that a configuration holds.
fn variables(config: &Value) -> BTreeMap<String, Variable> {
    let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
    for (path, value) in leaves(config) {
        let parts = value.as_str().map(flux::split);
        for part in parts.and_then(Result::ok).unwrap_or_default() {
            let Part::Expression(text) = part else {
                continue;
            };
            let inner = text.trim_start_matches("${").trim_end_matches('}');
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = inner.find(|c| !is_name(c)).unwrap_or(inner.len());
            let variable = variables.entry(inner[..end].to_owned()).or_default();
            variable.fields.push(path.to_string());
            let default = inner[end..]
                .strip_prefix(":=")
                .or_else(|| inner[end..].strip_prefix(":-"));
            if let Some(default) = default {
                variable.default = Some(default.to_owned());
            }
        }
    }
    variables
}

impl Book<'_> {
    /// Objects of a kind.
    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Object> {
        self.objects
            .iter()
            .filter(move |object| object.kind() == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where_variables_are() {
        let config = json!({"spec": {
            "cluster": "${CLUSTER}",
            "hub": {"logsURL": "https://${HOST:=logs}.example.com", "metricsURL": "https://${HOST/./-}"},
            "role": "spoke",
        }});
        let found = variables(&config);
        let names: Vec<_> = found.keys().map(String::as_str).collect();
        assert_eq!(names, ["CLUSTER", "HOST"]);
        assert_eq!(
            found["HOST"].fields,
            ["spec.hub.logsURL", "spec.hub.metricsURL"]
        );
        assert_eq!(found["HOST"].default.as_deref(), Some("logs"));
        assert_eq!(found["CLUSTER"].default, None);
    }
}
