//! The parts of a stack, and how Flux applies them.
//!
//! Flux validates everything that one Kustomization applies before it applies any of it, so a custom resource in the
//! same Kustomization as the HelmRelease that brings its definition is refused, for ever (kustomize-controller, server-side
//! dry run). So there are parts, a Kustomization each, one after the other.

mod flux;
mod health;
mod renamed;

pub(crate) use flux::Plan;

use crate::names::{COMPONENT_LABEL, MANAGED_BY, MANAGED_BY_LABEL, STACK_LABEL};
use crate::spec::{Part, Spec};
use krm_rs::{Function, Items, Object, ResultItem, Results, Value};
use leafpack_fn_common::check::Check;
use leafpack_fn_common::flux::{DISABLED, has_dollars};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The label that tells an object's part: on its metadata only, in no selector and no pod template.
pub(crate) const PART_LABEL: &str = "leafpack.dev/part";

/// The value of [`PART_LABEL`] on the Flux Kustomizations themselves, which are in none of the parts.
pub(crate) const FLUX: &str = "flux";

/// The component that brings custom resource definitions, by its `leafpack.dev/component`.
pub(crate) const OPERATOR: &str = "victoria-metrics-operator";

/// The group of the resources that [`OPERATOR`] defines.
const OPERATOR_GROUP: &str = "operator.victoriametrics.com";

/// All of them, in the order in which they are applied.
const ALL: [Part; 4] = [Part::Namespace, Part::Sources, Part::Operator, Part::Stack];

impl Part {
    /// Its name: the label's value, and the name of its folder.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Part::Namespace => "namespace",
            Part::Sources => "sources",
            Part::Operator => "operator",
            Part::Stack => "stack",
        }
    }

    /// Where a generated object belongs.
    pub(crate) fn of(object: &Object) -> Part {
        match (object.group(), object.kind()) {
            ("", "Namespace") => Part::Namespace,
            ("source.toolkit.fluxcd.io", _) => Part::Sources,
            ("apiextensions.k8s.io", _) => Part::Operator,
            (OPERATOR_GROUP, _) => Part::Stack,
            _ if object.label(COMPONENT_LABEL) == Some(OPERATOR) => Part::Operator,
            _ => Part::Stack,
        }
    }
}

/// Keeps the objects of the parts that are wanted, all when none is named, and labels them.
pub(crate) fn select(objects: &mut Vec<Object>, wanted: &[Part]) {
    objects.retain_mut(|object| {
        let part = Part::of(object);
        object.set_label(PART_LABEL, part.name());
        wanted.is_empty() || wanted.contains(&part)
    });
}

/// The function `ObservabilityParts`: of what a build made of an ObservabilityStack, the Flux Kustomizations that apply
/// it. It takes the same `spec`, and runs behind kustomize, when names and namespaces are final.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct ObservabilityParts(Spec);

impl Function for ObservabilityParts {
    const API_VERSION: &'static str = "leafpack.dev/v1alpha1";
    const KIND: &'static str = "ObservabilityParts";

    /// Adds a Kustomization for each part that has objects, labelled with the part `flux`, or puts it in the place of an
    /// earlier run's. An object without the label counts as part of the stack.
    fn run(self, config: &Object, items: &mut Items, results: &mut Results) {
        let mut check = Check::new(results);
        let plan = Plan::read(&self.0.flux, &mut check);
        flux::check_name(config.name(), &mut check);
        let (Some(plan), Some(_)) = (plan, check.finish()) else {
            return;
        };
        place_namespaces(items);
        let named = renamed::check(config.name(), items, results);
        let Some(parts) = sort(items, results).filter(|_| named) else {
            return;
        };
        if plan.substitute_from.is_empty() {
            warn_of_expressions(items, results);
        }
        let made = flux::kustomizations(&plan, config.name(), &parts);
        items.retain(|old| {
            let is_earlier = old.label(PART_LABEL) == Some(FLUX)
                && old.label(STACK_LABEL) == Some(config.name())
                && old.label(MANAGED_BY_LABEL) == Some(MANAGED_BY);
            !is_earlier || made.iter().any(|object| object.is_same(old))
        });
        for object in made {
            crate::add(object, config.name(), items, results);
        }
    }
}

/// A Namespace of the user's belongs before everything that is in it: the parts before the last need it too.
fn place_namespaces(items: &mut Items) {
    let early: BTreeSet<String> = items
        .deployable()
        .filter(|object| {
            let label = object.label(PART_LABEL);
            label.is_some_and(|label| label != Part::Stack.name() && label != FLUX)
        })
        .map(|object| object.namespace().to_owned())
        .collect();
    for object in items.deployable_mut() {
        let is_namespace = object.kind() == "Namespace" && object.group().is_empty();
        if is_namespace && object.label(PART_LABEL).is_none() && early.contains(object.name()) {
            object.set_label(PART_LABEL, Part::Namespace.name());
        }
    }
}

/// The objects of each part that has some, in order; `None` after an error.
fn sort<'i>(items: &'i Items, results: &mut Results) -> Option<Vec<(Part, Vec<&'i Object>)>> {
    let mut parts: Vec<(Part, Vec<&Object>)> = ALL.map(|part| (part, Vec::new())).into();
    let mut right = true;
    for object in items.deployable() {
        let part = match object.label(PART_LABEL) {
            Some(FLUX) => continue,
            None => Some(Part::Stack),
            Some(name) => ALL.into_iter().find(|part| part.name() == name),
        };
        match parts.iter_mut().find(|(known, _)| Some(*known) == part) {
            Some((_, objects)) => objects.push(object),
            None => {
                right = false;
                let names = ALL.map(Part::name).join(", ");
                let found = object.label(PART_LABEL).unwrap_or_default();
                let error = ResultItem::error(
                    format!("found the part {found:?}, expected one of {names}"),
                    format!("metadata:\n  labels:\n    {PART_LABEL}: stack"),
                );
                let path = format!("metadata.labels[{PART_LABEL}]");
                results.push(error.on(object).at(path));
            }
        }
    }
    parts.retain(|(_, objects)| !objects.is_empty());
    right.then_some(parts)
}

/// Says where an expression would stay as it is, for the Kustomizations replace nothing.
fn warn_of_expressions(items: &Items, results: &mut Results) {
    let with = items.deployable().find(|object| {
        let is_kept = object.annotation(DISABLED.0) == Some(DISABLED.1);
        !is_kept && holds_dollars(object.as_value())
    });
    if let Some(object) = with {
        results.warning(
            "spec.flux.substituteFrom",
            format!(
                "found none, and {} holds what Flux is to replace: name the ConfigMap or Secret with the variables, unless the Kustomizations get their postBuild elsewhere",
                object.id()
            ),
        );
    }
}

fn holds_dollars(value: &Value) -> bool {
    match value {
        Value::String(text) => has_dollars(text),
        Value::Array(values) => values.iter().any(holds_dollars),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| has_dollars(key) || holds_dollars(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
