//! Fluent Bit on every node: logs of containers, of the API server's audit and of Talos, to the hub.

mod access;
mod audit;
mod chart;
mod config;
mod containers;
mod filter;
mod metrics;
mod native;
mod network;
#[allow(dead_code, reason = "the runbook says it")]
mod outage;
mod output;
mod pipeline;
mod routes;
mod settings;
mod talos;
mod workload;

pub(crate) use metrics::target;
pub(crate) use outage::{Bound, Rate};
pub(crate) use settings::{Plan, version};

use crate::names::Component;
use crate::spec::LogsInstall;
use krm_rs::Object;
use leafpack_fn_common::modules::Modules;

/// What everything here is called.
pub(crate) const COMPONENT: Component = Component {
    name: "fluent-bit",
    component: "logs",
};

/// The container's name. Fluent Bit tells its own logs by it, and kustomize changes the names of pods and namespaces,
/// but never this one; so it has to be one that nobody else uses.
const CONTAINER: &str = "leafpack-fluent-bit";

/// Where Fluent Bit serves health and metrics.
const HTTP: Port = Port {
    name: "http",
    number: 2020,
};

/// The field that says which node a record is from, where the filter `kubernetes` does not say it.
const NODE_FIELD: &str = "k8s_host";

/// A port of the container and of its Service.
struct Port {
    name: &'static str,
    number: u16,
}

/// Names of the ConfigMaps.
fn config_map_names() -> ConfigMapNames {
    ConfigMapNames {
        config: COMPONENT.name.to_owned(),
        settings: COMPONENT.named("settings"),
        modules: COMPONENT.named("modules"),
    }
}

struct ConfigMapNames {
    /// The pipeline.
    config: String,
    /// What the filters read.
    settings: String,
    /// The filters.
    modules: String,
}

/// Where things are in the container, and what files are called there.
mod paths {
    use super::settings::Syntax;

    /// Fluent Bit's configuration.
    pub(super) const CONFIG: &str = "/leafpack/config";
    /// The file of parsers, beside it.
    pub(super) const PARSERS_FILE: &str = "parsers.conf";
    /// Its file. Fluent Bit tells the form by the end of the name.
    pub(super) fn config_file(syntax: Syntax) -> &'static str {
        match syntax {
            Syntax::Classic => "fluent-bit.conf",
            Syntax::Yaml => "fluent-bit.yaml",
        }
    }

    /// The filters' settings: the only folder that they can open.
    pub(super) const SETTINGS: &str = "/leafpack/settings";
    /// The filters.
    pub(super) const MODULES: &str = "/leafpack/modules";
    /// Offsets and unsent logs.
    pub(super) const STATE: &str = "/leafpack/state";
    /// The node's logs. It has to be the node's own path: `containers` is full of absolute links into `pods`.
    pub(super) const LOGS: &str = "/var/log";
    /// Container logs, `<pod>_<namespace>_<container>-<id>.log`.
    pub(super) const CONTAINERS: &str = "/var/log/containers";
}

/// All objects, in the order in which they can be applied.
pub(crate) fn objects(plan: &crate::plan::Plan, modules: &Modules<'_>) -> Vec<Object> {
    let files = workload::Files::new(plan, modules);
    let mut objects = access::objects(plan);
    objects.extend(files.config_maps(plan));
    match plan.logs.install {
        LogsInstall::DaemonSet => {
            objects.push(workload::daemon_set(plan, &files));
            objects.extend(metrics::objects(plan));
        }
        // The chart has a Service of its own.
        LogsInstall::Chart => objects.extend(chart::objects(plan, &files)),
    }
    objects.extend(network::objects(plan));
    objects
}
