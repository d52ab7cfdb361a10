#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod access;
mod alerting;
mod collectors;
mod fluent_bit;
mod grafana;
mod hub;
mod image;
mod names;
mod operator;
mod parts;
mod patches;
mod plan;
mod policy;
mod profile;
mod resources;
mod route;
mod rules;
mod runbook;
#[cfg(feature = "schema")]
pub mod schema;
mod secrets;
pub mod spec;
mod stack;
mod store;
mod targets;
mod tenants;
mod workload;

pub use parts::ObservabilityParts;
pub use runbook::ObservabilityRunbook;

pub use leafpack_fn_common::modules::{Embedded, Modules, Source};

use krm_rs::{Function, Items, Object, ResultItem, Results};
use plan::Plan;
use serde::{Deserialize, Deserializer};
use spec::Spec;
use std::marker::PhantomData;

/// The function `ObservabilityStack`, with the filter modules of `M`.
#[derive(Debug, Clone)]
pub struct ObservabilityStack<M> {
    spec: Spec,
    modules: PhantomData<M>,
}

impl<'de, M> Deserialize<'de> for ObservabilityStack<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(ObservabilityStack {
            spec: Spec::deserialize(deserializer)?,
            modules: PhantomData,
        })
    }
}

impl<M: Source> Function for ObservabilityStack<M> {
    const API_VERSION: &'static str = "leafpack.dev/v1alpha1";
    const KIND: &'static str = "ObservabilityStack";

    /// Adds the stack's objects to the items, or puts them in the place of those of an earlier run, and takes out what
    /// an earlier run made and this one does not.
    fn run(self, config: &Object, items: &mut Items, results: &mut Results) {
        let Some(plan) = Plan::read(&self.spec, config.name(), results) else {
            return;
        };
        let Some(modules) = modules_of::<M>(&plan, results) else {
            return;
        };
        match stack::render(&plan, &modules) {
            Ok(objects) => {
                forget(&plan.name, &objects, items);
                for object in objects {
                    add(object, &plan.name, items, results);
                }
            }
            Err(fault) => fault.report(results),
        }
    }
}

/// The filter modules, where those are there that the plan needs.
fn modules_of<M: Source>(plan: &Plan, results: &mut Results) -> Option<Modules<'static>> {
    let modules = M::modules();
    match modules.check(&plan.logs.modules()) {
        Ok(()) => Some(modules),
        Err(fault) => {
            results.push(fault.result());
            None
        }
    }
}

/// Takes out what an earlier run of this stack left and this one does not make, such as the policy of another kind: kpt
/// would keep its file for ever. An object is this stack's by both labels, so that neither alone puts it at risk.
fn forget(stack: &str, made: &[Object], items: &mut Items) {
    items.retain(|old| {
        let is_earlier = old.label(names::MANAGED_BY_LABEL) == Some(names::MANAGED_BY)
            && old.label(names::STACK_LABEL) == Some(stack)
            && !old.is_local_config();
        !is_earlier || made.iter().any(|object| object.is_same(old))
    });
}

/// Never replaces an object of somebody else's, whose fields would be lost: not even one that is for the tools only, nor
/// one of another stack.
fn add(object: Object, stack: &str, items: &mut Items, results: &mut Results) {
    let theirs = items
        .iter()
        .find(|old| old.is_same(&object) && old.label(names::STACK_LABEL) != Some(stack));
    let Some(theirs) = theirs else {
        items.upsert(object);
        return;
    };
    let fix = match object.kind() {
        "Namespace" => "spec:\n  createNamespace: false",
        "Kustomization" => "leave it out of the build, or give the stack another name",
        _ => "leave it out of the build, or give the stack another namespace",
    };
    let error = ResultItem::error(
        "found an object of this name in the build, which the stack would replace",
        fix,
    );
    results.push(error.on(theirs));
}
