//! What a hub keeps: metrics, logs, and the gateway in front of them.

mod gateway;
mod logs;
mod metrics;

use crate::names::Component;
use crate::plan::Plan as StackPlan;
use crate::policy::{self, Egress, Rules};
use crate::spec::{self, Mode, Replicas, Spec};
use crate::tenants::Tenants;
use crate::workload::{Workload, check_storage_class, volume_claim};
use krm_rs::{Object, Value, json};
use leafpack_fn_common::check::Check;
use leafpack_fn_common::endpoint::{Api, Endpoint};
use leafpack_fn_common::quantity::Quantity;

/// What `spec.store` means.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    storage_class: Option<String>,
    metrics: metrics::Plan,
    logs: logs::Plan,
    gateway: Option<gateway::Plan>,
    /// Where they are.
    pub(crate) endpoints: Endpoints,
}

impl Plan {
    /// Checks `spec.store`; `None` after an error.
    ///
    /// `name` is the stack's.
    pub(crate) fn read(
        spec: &Spec,
        name: &str,
        tenants: &Tenants,
        check: &mut Check<'_>,
    ) -> Option<Self> {
        let given = &spec.store;
        check_storage_class("spec.store.storageClass", &given.storage_class, check);
        let metrics = metrics::Plan::read(spec, check);
        let logs = logs::Plan::read(spec, check);
        let gateway = gateway::Plan::read(spec, tenants, check);
        Some(Plan {
            storage_class: Some(given.storage_class.clone()).filter(|class| !class.is_empty()),
            metrics: metrics?,
            logs: logs?,
            gateway: gateway?,
            endpoints: Endpoints::new(given, name),
        })
    }

    /// The storage class of every volume; the cluster's default without one.
    pub(crate) fn storage_class(&self) -> Option<&str> {
        self.storage_class.as_deref()
    }

    /// A volume of this size.
    fn volume(&self, size: &str) -> Value {
        volume_claim(size, self.storage_class())
    }
}

/// Where the stack's own collectors, readers and gateway find the stores: by the names of their Services alone, which are
/// in the same namespace, whatever that is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoints {
    /// Remote write.
    pub(crate) metrics_write: Endpoint,
    /// What `/api/v1/query` is put behind.
    pub(crate) metrics_read: Endpoint,
    /// JSON lines.
    pub(crate) logs_write: Endpoint,
    /// What `/select/logsql/query` is put behind.
    pub(crate) logs_read: Endpoint,
}

impl Endpoints {
    /// Those of the stores of this stack; the operator calls Services `<part>-<name>`.
    pub(crate) fn new(store: &spec::Store, stack: &str) -> Self {
        let own = |part: &str, port: u16, path: &str| {
            Endpoint::own(&format!("{part}-{stack}"), port, path)
        };
        let write = Api::RemoteWrite.path();
        let lines = Api::JsonLines.path();
        let (metrics_write, metrics_read) = match store.metrics.mode {
            Mode::Single => (
                own("vmsingle", metrics::PORT, write),
                own("vmsingle", metrics::PORT, ""),
            ),
            Mode::Cluster => (
                own(
                    "vminsert",
                    metrics::INSERT_PORT,
                    &format!("/insert/0/prometheus{write}"),
                ),
                own("vmselect", metrics::SELECT_PORT, "/select/0/prometheus"),
            ),
        };
        let (logs_write, logs_read) = match store.logs.mode {
            Mode::Single => (
                own("vlsingle", logs::PORT, lines),
                own("vlsingle", logs::PORT, ""),
            ),
            Mode::Cluster => (
                own("vlinsert", logs::INSERT_PORT, lines),
                own("vlselect", logs::SELECT_PORT, ""),
            ),
        };
        Endpoints {
            metrics_write,
            metrics_read,
            logs_write,
            logs_read,
        }
    }
}

/// All objects.
pub(crate) fn objects(plan: &StackPlan, own: &Plan) -> Vec<Object> {
    let mut objects = metrics::objects(plan, own);
    objects.extend(logs::objects(plan, own));
    if let Some(gateway) = &own.gateway {
        objects.extend(gateway::objects(plan, own, gateway));
    }
    objects
}

/// The policy of a part: scraped and asked from the stack's namespace at its port, and what it asks itself.
fn part_policy(
    plan: &StackPlan,
    part: &Component,
    ports: &[u16],
    asks: Vec<Egress<'_>>,
) -> Option<Object> {
    let rules = Rules {
        scraped: ports.to_vec(),
        egress: asks,
        ..Rules::default()
    };
    policy::object(plan, part, &rules)
}

/// What every part of a store has in common: image, resources, and labels by which the policy knows its pods.
fn pod(plan: &StackPlan, part: &Component, workload: &Workload) -> Value {
    json!({
        "image": workload.image.operator(),
        "resources": workload.resources.value(),
        "podMetadata": {"labels": part.selector(plan)},
    })
}

/// A part of a cluster that there may be several of, one of which a drain may take at a time.
fn several(plan: &StackPlan, part: &Component, count: u16, port: u16) -> Value {
    let mut value = json!({
        "replicaCount": count,
        "port": port.to_string(),
        "podMetadata": {"labels": part.selector(plan)},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "topologySpreadConstraints": spread(plan, part),
    });
    if count > 1 {
        value["podDisruptionBudget"] = json!({"maxUnavailable": 1});
    }
    value
}

/// Puts the fields of one mapping into another.
fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

/// Pods of one kind on different nodes, where there are as many.
fn spread(plan: &StackPlan, part: &Component) -> Value {
    json!([{
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": part.selector(plan)},
    }])
}

/// A time for which something is kept, as VictoriaMetrics writes it: `30d`, `12w`, `1y`.
fn retention(path: &str, text: &str, check: &mut Check<'_>) {
    let fits = |text: &str| {
        let number = text.strip_suffix(['d', 'w', 'y']);
        number.is_some_and(|number| number.parse::<u32>().is_ok_and(|number| number > 0))
    };
    check.literal(path, text, "days, weeks or years, such as 30d", fits, "30d");
}

/// The size of a volume.
fn size(path: &str, text: &str, check: &mut Check<'_>) {
    let fits = |text: &str| Quantity::parse(text).is_some_and(|size| size.bytes() >= 1 << 30);
    check.literal(
        path,
        text,
        "a size of at least 1Gi, such as 50Gi",
        fits,
        "50Gi",
    );
}

/// How many of each part.
fn replicas(path: &str, given: Replicas, check: &mut Check<'_>) {
    for (field, count) in [
        ("storage", given.storage),
        ("select", given.select),
        ("insert", given.insert),
    ] {
        if !(1..=100).contains(&count) {
            check.error(
                &format!("{path}.{field}"),
                &format!("found {count}, expected a number from 1 to 100"),
                json!(3),
            );
        }
    }
}
