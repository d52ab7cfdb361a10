//! Makes a namespace for a team, with its quota: a generator.

use krm_rs::{Dispatcher, Function, Items, Object, Results, json};
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct TeamNamespace {
    /// The name of the configuration, if nothing else is said.
    team: String,
    pods: u32,
}

impl Function for TeamNamespace {
    const API_VERSION: &'static str = "example.com/v1";
    const KIND: &'static str = "TeamNamespace";

    fn set_defaults(&mut self, config: &Object) {
        if self.team.is_empty() {
            self.team = config.name().to_owned();
        }
    }

    fn validate(&self, _config: &Object, results: &mut Results) {
        if self.pods == 0 {
            results.error(
                "spec.pods",
                "found no pods, expected how many there may be",
                json!(50),
            );
        }
    }

    fn run(self, _config: &Object, items: &mut Items, _results: &mut Results) {
        items.upsert(
            Object::new("v1", "Namespace", &self.team).with_label("example.com/team", &self.team),
        );
        items.upsert(
            Object::new("v1", "ResourceQuota", "pods")
                .with_namespace(&self.team)
                .with("spec", json!({"hard": {"pods": self.pods.to_string()}})),
        );
    }
}

fn main() -> std::process::ExitCode {
    Dispatcher::new().with::<TeamNamespace>().main()
}
