//! Labels every object with the team that owns it.

use krm_rs::{Dispatcher, Function, Items, Object, Results};
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct SetTeam {
    team: String,
}

impl Function for SetTeam {
    const API_VERSION: &'static str = "example.com/v1";
    const KIND: &'static str = "SetTeam";

    fn validate(&self, _config: &Object, results: &mut Results) {
        if self.team.is_empty() {
            results.error(
                "spec.team",
                "found no team, expected its name",
                "team: payments",
            );
        }
    }

    fn run(self, _config: &Object, items: &mut Items, _results: &mut Results) {
        for object in items.deployable_mut() {
            object.set_label("example.com/team", &self.team);
        }
    }
}

fn main() -> std::process::ExitCode {
    Dispatcher::new().with::<SetTeam>().main()
}
