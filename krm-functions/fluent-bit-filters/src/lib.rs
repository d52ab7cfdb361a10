#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod find;
mod image;
mod inject;
mod names;
mod objects;
mod pipeline;
mod plan;
mod schema;
mod settings;
pub mod spec;
mod texts;

pub use leafpack_fn_common::modules::{Embedded, Modules, Source};

use find::Written;
use krm_rs::{Function, Items, Object, ResultItem, Results};
use plan::Plan;
use serde::{Deserialize, Deserializer};
use spec::Spec;
use std::marker::PhantomData;

/// The function `FluentBitFilters`, with the filter modules of `M`.
#[derive(Debug, Clone)]
pub struct FluentBitFilters<M> {
    spec: Spec,
    modules: PhantomData<M>,
}

impl<'de, M> Deserialize<'de> for FluentBitFilters<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(FluentBitFilters {
            spec: Spec::deserialize(deserializer)?,
            modules: PhantomData,
        })
    }
}

impl<M: Source> Function for FluentBitFilters<M> {
    const API_VERSION: &'static str = "leafpack.dev/v1alpha1";
    const KIND: &'static str = "FluentBitFilters";

    /// Puts the filters into the Fluent Bit that it finds, or in the place of what an earlier run put there.
    fn run(self, config: &Object, items: &mut Items, results: &mut Results) {
        let Some(plan) = Plan::read(&self.spec, config.name(), results) else {
            return;
        };
        let modules = M::modules();
        if let Err(fault) = modules.check(&plan.filters()) {
            results.push(fault.result());
            return;
        }
        if let Err(fault) = add(&plan, &modules, items, results) {
            results.push(*fault);
        }
    }
}

/// Why nothing can be done.
type Fault = Box<ResultItem>;

fn add(
    plan: &Plan,
    modules: &Modules<'_>,
    items: &mut Items,
    results: &mut Results,
) -> Result<(), Fault> {
    let mut found = find::find(items, &plan.target)?;
    results.extend(std::mem::take(&mut found.remarks));
    if found.version.is_too_old() {
        let message = "found an image of a release before 3.0.0, expected a later one: the wasm filter takes no Event_Format before";
        let fault = ResultItem::error(message, "image: fluent/fluent-bit:5.1.1");
        return Err(match items.find(&found.workload) {
            Some(workload) => fault.on(workload).into(),
            None => fault.into(),
        });
    }
    let files = match found.written.clone() {
        Written::Files(config) => texts::add(plan, &found, config, items, results),
        Written::Objects(config) => objects::add(plan, &found, &config, items, results),
    };
    // What was wrong has been said.
    let Some(files) = files else {
        return Ok(());
    };
    inject::add(plan, &found, &files, modules, items)
}
