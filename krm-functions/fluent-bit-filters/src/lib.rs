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

/// Says that it is about what runs Fluent Bit.
fn about_workload(item: ResultItem, found: &find::Found, items: &Items) -> ResultItem {
    match items.find(&found.workload) {
        Some(workload) => item.on(workload),
        None => item,
    }
}

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
        return Err(about_workload(fault, &found, items).into());
    }
    if found.version.loads_anew() {
        let message = "found an image of a release before 4.1, which loads a filter's module for each read of a file, at 1 to 2 ms of a processor's time: 500 lines a second in 50 files took a whole processor; a later one loads it once";
        let warning = ResultItem::warning(message).with_fix("image: fluent/fluent-bit:5.1.1");
        results.push(about_workload(warning, &found, items));
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
