//! Where logs are kept: a VLSingle, or a VLCluster.

use super::{Plan as StorePlan, merge, part_policy, pod, replicas, retention, several, size};
use crate::names::Component;
use crate::plan::Plan as StackPlan;
use crate::policy::Egress;
use crate::spec::{LogsStore, Mode, Spec};
use crate::workload::Workload;
use crate::{image, profile};
use krm_rs::{Object, json};
use leafpack_fn_common::check::Check;

const API: &str = "operator.victoriametrics.com/v1";

/// The parts.
const SINGLE: Component = Component {
    name: "vlsingle",
    component: "logs",
};
const STORAGE: Component = Component {
    name: "vlstorage",
    component: "logs",
};
const SELECT: Component = Component {
    name: "vlselect",
    component: "logs",
};
const INSERT: Component = Component {
    name: "vlinsert",
    component: "logs",
};

const IMAGE: image::Default = image::Default {
    registry: "",
    repository: "victoriametrics/victoria-logs",
    tag: "v1.36.1",
};

/// VLSingle's port.
pub(super) const PORT: u16 = 9428;
/// The cluster's ports, as the operator has them.
pub(super) const INSERT_PORT: u16 = 9481;
pub(super) const SELECT_PORT: u16 = 9471;
const STORAGE_PORT: u16 = 9491;

/// What `spec.store.logs` means.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// How it is built.
    pub(crate) mode: Mode,
    spec: LogsStore,
    workload: Workload,
}

impl Plan {
    /// Checks it.
    pub(super) fn read(spec: &Spec, check: &mut Check<'_>) -> Option<Self> {
        let given = &spec.store.logs;
        const PATH: &str = "spec.store.logs";
        retention(&format!("{PATH}.retention"), &given.retention, check);
        size(&format!("{PATH}.size"), &given.size, check);
        replicas(&format!("{PATH}.replicas"), given.replicas, check);
        Some(Plan {
            mode: given.mode,
            spec: given.clone(),
            workload: Workload::read(
                spec,
                PATH,
                (&given.image, &IMAGE),
                (&given.resources, &profile::logs_store(spec.profile)),
                check,
            ),
        })
    }
}

/// All objects.
pub(super) fn objects(plan: &StackPlan, store: &StorePlan) -> Vec<Object> {
    match store.logs.mode {
        Mode::Single => single(plan, store),
        Mode::Cluster => cluster(plan, store),
    }
}

fn single(plan: &StackPlan, store: &StorePlan) -> Vec<Object> {
    let own = &store.logs;
    let mut spec = json!({
        "retentionPeriod": own.spec.retention,
        "port": PORT.to_string(),
        "storage": store.volume(&own.spec.size),
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "useStrictSecurity": true,
    });
    merge(&mut spec, pod(plan, &SINGLE, &own.workload));
    let object = SINGLE
        .object(plan, API, "VLSingle", &plan.name)
        .with("spec", spec);
    let mut objects = vec![object];
    objects.extend(part_policy(plan, &SINGLE, &[PORT], Vec::new()));
    objects
}

fn cluster(plan: &StackPlan, store: &StorePlan) -> Vec<Object> {
    let own = &store.logs;
    let part = |part: &Component, count: u16, port: u16| {
        let mut value = several(plan, part, count, port);
        merge(&mut value, pod(plan, part, &own.workload));
        value
    };
    let counts = own.spec.replicas;
    let mut storage = part(&STORAGE, counts.storage, STORAGE_PORT);
    storage["retentionPeriod"] = json!(own.spec.retention);
    storage["storage"] = json!({"volumeClaimTemplate": {"spec": store.volume(&own.spec.size)}});
    let object = STORAGE.object(plan, API, "VLCluster", &plan.name).with(
        "spec",
        json!({
            "useStrictSecurity": true,
            "vlstorage": storage,
            "vlselect": part(&SELECT, counts.select, SELECT_PORT),
            "vlinsert": part(&INSERT, counts.insert, INSERT_PORT),
        }),
    );
    let mut objects = vec![object];
    objects.extend(part_policy(plan, &STORAGE, &[STORAGE_PORT], Vec::new()));
    for (part, port) in [(&SELECT, SELECT_PORT), (&INSERT, INSERT_PORT)] {
        let asks = vec![Egress::Component(&STORAGE, STORAGE_PORT)];
        objects.extend(part_policy(plan, part, &[port], asks));
    }
    objects
}
