//! Where metrics are kept: a VMSingle, or a VMCluster.

use super::{Plan as StorePlan, merge, part_policy, pod, replicas, retention, several, size};
use crate::names::Component;
use crate::plan::Plan as StackPlan;
use crate::policy::Egress;
use crate::resources::ContainerResources;
use crate::spec::{MetricsStore, Mode, Spec};
use crate::workload::Workload;
use crate::{image, profile};
use krm_rs::{Object, Value, json};
use leafpack_fn_common::check::Check;
use leafpack_fn_common::duration::duration_text;

const API: &str = "operator.victoriametrics.com/v1beta1";

/// The parts.
const SINGLE: Component = Component {
    name: "vmsingle",
    component: "metrics",
};
const STORAGE: Component = Component {
    name: "vmstorage",
    component: "metrics",
};
const SELECT: Component = Component {
    name: "vmselect",
    component: "metrics",
};
const INSERT: Component = Component {
    name: "vminsert",
    component: "metrics",
};

const IMAGE: image::Default = image::Default {
    registry: "",
    repository: "victoriametrics/victoria-metrics",
    tag: "v1.122.1",
};

/// VMSingle's port. The operator's own default, said all the same: charts have another.
pub(super) const PORT: u16 = 8429;
/// The cluster's ports, and those by which its parts speak to each other.
pub(super) const SELECT_PORT: u16 = 8481;
pub(super) const INSERT_PORT: u16 = 8480;
const STORAGE_PORT: u16 = 8482;
const STORAGE_INSERT_PORT: u16 = 8400;
const STORAGE_SELECT_PORT: u16 = 8401;

/// What `spec.store.metrics` means.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// How it is built.
    pub(crate) mode: Mode,
    spec: MetricsStore,
    workload: Workload,
}

impl Plan {
    /// Checks it.
    pub(super) fn read(spec: &Spec, check: &mut Check<'_>) -> Option<Self> {
        let given = &spec.store.metrics;
        const PATH: &str = "spec.store.metrics";
        retention(&format!("{PATH}.retention"), &given.retention, check);
        size(&format!("{PATH}.size"), &given.size, check);
        size(&format!("{PATH}.cacheSize"), &given.cache_size, check);
        replicas(&format!("{PATH}.replicas"), given.replicas, check);
        let factor = given.replication_factor;
        if factor == 0 || factor > given.replicas.storage {
            check.error(
                &format!("{PATH}.replicationFactor"),
                &format!(
                    "found {factor}, expected a number from 1 to {}, of vmstorages",
                    given.replicas.storage
                ),
                json!(1),
            );
        }
        Some(Plan {
            mode: given.mode,
            spec: given.clone(),
            workload: Workload::read(
                spec,
                PATH,
                (&given.image, &IMAGE),
                (
                    &given.resources,
                    &profile::metrics_store(spec.profile, given.mode),
                ),
                check,
            ),
        })
    }
}

/// All objects.
pub(super) fn objects(plan: &StackPlan, store: &StorePlan) -> Vec<Object> {
    match store.metrics.mode {
        Mode::Single => single(plan, store),
        Mode::Cluster => cluster(plan, store),
    }
}

/// Samples of one series within one interval are one: what several vmagents sent. It has to be the interval of the scrapes,
/// of those that store and of those that ask, and of nobody who takes in.
fn deduplication(plan: &StackPlan) -> Value {
    json!({"dedup.minScrapeInterval": duration_text(plan.scrape_interval_ms)})
}

fn single(plan: &StackPlan, store: &StorePlan) -> Vec<Object> {
    let own = &store.metrics;
    let mut spec = json!({
        "retentionPeriod": own.spec.retention,
        "port": PORT.to_string(),
        // Of a VMSingle this is the claim's spec itself.
        "storage": store.volume(&own.spec.size),
        "extraArgs": {
            "search.maxConcurrentRequests": "8",
            "search.maxQueueDuration": "30s",
        },
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "useStrictSecurity": true,
    });
    merge(&mut spec["extraArgs"], deduplication(plan));
    merge(&mut spec, pod(plan, &SINGLE, &own.workload));
    let object = SINGLE
        .object(plan, API, "VMSingle", &plan.name)
        .with("spec", spec);
    let mut objects = vec![object];
    objects.extend(part_policy(plan, &SINGLE, &[PORT], Vec::new()));
    objects
}

fn cluster(plan: &StackPlan, store: &StorePlan) -> Vec<Object> {
    let own = &store.metrics;
    let counts = own.spec.replicas;
    let mut storage = several(plan, &STORAGE, counts.storage, STORAGE_PORT);
    storage["resources"] = own.workload.resources.value();
    storage["vmInsertPort"] = json!(STORAGE_INSERT_PORT.to_string());
    storage["vmSelectPort"] = json!(STORAGE_SELECT_PORT.to_string());
    storage["storage"] = json!({"volumeClaimTemplate": {"spec": store.volume(&own.spec.size)}});
    storage["extraArgs"] = deduplication(plan);
    let mut select = several(plan, &SELECT, counts.select, SELECT_PORT);
    select["resources"] = ContainerResources::of(&profile::metrics_select(plan.profile)).value();
    select["cacheMountPath"] = json!("/cache");
    select["storage"] =
        json!({"volumeClaimTemplate": {"spec": store.volume(&own.spec.cache_size)}});
    select["extraArgs"] = deduplication(plan);
    let mut insert = several(plan, &INSERT, counts.insert, INSERT_PORT);
    insert["resources"] = ContainerResources::of(&profile::metrics_insert(plan.profile)).value();
    let object = STORAGE.object(plan, API, "VMCluster", &plan.name).with(
        "spec",
        json!({
            "retentionPeriod": own.spec.retention,
            "replicationFactor": own.spec.replication_factor,
            "clusterVersion": format!("{}-cluster", own.workload.image.tag),
            "useStrictSecurity": true,
            "vmstorage": storage,
            "vmselect": select,
            "vminsert": insert,
        }),
    );
    let mut objects = vec![object];
    objects.extend(part_policy(
        plan,
        &STORAGE,
        &[STORAGE_PORT, STORAGE_INSERT_PORT, STORAGE_SELECT_PORT],
        Vec::new(),
    ));
    objects.extend(part_policy(
        plan,
        &SELECT,
        &[SELECT_PORT],
        vec![Egress::Component(&STORAGE, STORAGE_SELECT_PORT)],
    ));
    objects.extend(part_policy(
        plan,
        &INSERT,
        &[INSERT_PORT],
        vec![Egress::Component(&STORAGE, STORAGE_INSERT_PORT)],
    ));
    objects
}
