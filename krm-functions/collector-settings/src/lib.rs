#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod agent;
mod alloy;
mod chart;
mod edit;
mod find;
mod operators;
mod plan;
mod river;
pub mod spec;
mod stacks;
mod write;

use edit::Editor;
use find::Form;
use krm_rs::{Function, Items, Object, Results, Severity};
use plan::Plan;
use serde::Deserialize;
use spec::Spec;

/// The function `CollectorSettings`.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct CollectorSettings {
    spec: Spec,
}

impl Function for CollectorSettings {
    const API_VERSION: &'static str = "leafpack.dev/v1alpha1";
    const KIND: &'static str = "CollectorSettings";

    /// Changes the collectors that are meant, in place.
    fn run(self, config: &Object, items: &mut Items, results: &mut Results) {
        let mut said = Results::new();
        self.change(config, items, &mut said);
        let failed = said.has_errors();
        let said = said.iter().cloned();
        // After an error nothing is changed, so nothing may say that it was.
        results.extend(said.filter(|item| !failed || item.severity() != Severity::Info));
    }
}

impl CollectorSettings {
    fn change(self, config: &Object, items: &mut Items, results: &mut Results) {
        let Some(plan) = Plan::read(&self.spec, config.name(), results) else {
            return;
        };
        let found = find::search(items);
        let Some(collectors) = find::choose(found, &plan, items, results) else {
            return;
        };
        for collector in collectors {
            let object = &mut items[collector.index];
            if !plan.reaches(object, results) {
                continue;
            }
            let mut editor = Editor::new(object, &plan, results);
            match &collector.form {
                Form::VmAgent => operators::vm_agent(&mut editor),
                Form::Prometheus => operators::prometheus(&mut editor),
                Form::VmStack => stacks::victoria_metrics(&mut editor),
                Form::PrometheusStack => stacks::prometheus(&mut editor),
                Form::AgentChart(version) => agent::chart(&mut editor, version.as_deref()),
                Form::Alloy { path, chart } => alloy::configuration(&mut editor, path, *chart),
            }
        }
    }
}
