//! What evaluates alerts, and whom they reach: a VMAlert and a VMAlertmanager, on a hub.

mod config;

use crate::image;
use crate::names::Component;
use crate::plan::Plan as StackPlan;
use crate::policy::{self, Egress, Ingress, Rules};
use crate::profile;
use crate::secrets;
use crate::spec::{self, ExternalSecret, Receiver, ReceiverKind, Spec};
use crate::store::Endpoints;
use crate::workload::{Workload, volume_claim};
use krm_rs::{Object, Value, json};
use leafpack_fn_common::check::{Check, is_dns_subdomain};
use leafpack_fn_common::duration::duration_ms;
use leafpack_fn_common::endpoint::Endpoint;
use leafpack_fn_common::quantity::Quantity;

const API: &str = "operator.victoriametrics.com/v1beta1";

const VMALERT: Component = Component {
    name: "vmalert",
    component: "alerting",
};
const ALERTMANAGER: Component = Component {
    name: "vmalertmanager",
    component: "alerting",
};

const VMALERT_IMAGE: image::Default = image::Default {
    registry: "",
    repository: "victoriametrics/vmalert",
    tag: "v1.122.1",
};
const ALERTMANAGER_IMAGE: image::Default = image::Default {
    registry: "",
    repository: "prom/alertmanager",
    tag: "v0.28.1",
};

/// The ports, as the operator has them; 9094 is that by which Alertmanagers know of each other.
const VMALERT_PORT: u16 = 8080;
const ALERTMANAGER_PORT: u16 = 9093;
const GOSSIP_PORT: u16 = 9094;

/// The Secret with the whole configuration, where external-secrets makes it and nobody names it.
const CONFIG_SECRET: &str = "vmalertmanager-config";
/// Its key, which the operator reads, and the property of the store's entry.
const CONFIG_KEY: &str = "alertmanager.yaml";

/// What `spec.alerting.vmalert` and `spec.alerting.alertmanager` mean.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    vmalert: spec::VmAlert,
    vmalert_workload: Workload,
    alertmanager: spec::Alertmanager,
    /// Where external-secrets gets the whole configuration from.
    config_from: Option<ExternalSecret>,
    alertmanager_workload: Workload,
}

impl Plan {
    /// Checks them.
    pub(crate) fn read(spec: &Spec, check: &mut Check<'_>) -> Self {
        let vmalert = &spec.alerting.vmalert;
        let mut manager = spec.alerting.alertmanager.clone();
        const VMALERT: &str = "spec.alerting.vmalert";
        const MANAGER: &str = "spec.alerting.alertmanager";
        if !(1..=10).contains(&vmalert.replicas) {
            check.error(
                &format!("{VMALERT}.replicas"),
                &format!("found {}, expected a number from 1 to 10", vmalert.replicas),
                json!(1),
            );
        }
        if ![1, 3].contains(&manager.replicas) {
            check.error(
                &format!("{MANAGER}.replicas"),
                &format!(
                    "found {}, expected 1 or 3: with two, neither is more than the other",
                    manager.replicas
                ),
                json!(3),
            );
        }
        let is_time = |text: &str| duration_ms(text).is_some_and(|ms| ms >= 1_000);
        for (path, text, example) in [
            (format!("{VMALERT}.interval"), &vmalert.interval, "30s"),
            (
                format!("{MANAGER}.repeatInterval"),
                &manager.repeat_interval,
                "4h",
            ),
        ] {
            let expected = format!("a duration of at least a second, such as {example}");
            check.literal(&path, text, &expected, is_time, example);
        }
        check.literal(
            &format!("{MANAGER}.size"),
            &manager.size,
            "a size such as 1Gi",
            |text| Quantity::parse(text).is_some_and(|size| size.bytes() >= 1 << 20),
            "1Gi",
        );
        let config_from = secrets::read(
            &manager.external_secret,
            &format!("{MANAGER}.externalSecret"),
            "observability/alertmanager",
            check,
        );
        if config_from.is_some() && manager.config_secret.is_empty() {
            CONFIG_SECRET.clone_into(&mut manager.config_secret);
        }
        if manager.config_secret.is_empty() {
            for (name, receiver) in config::receivers(&manager) {
                self::receiver(&format!("{MANAGER}.{name}"), receiver, check);
            }
            let nobody = [&manager.default, &manager.critical, &manager.warning];
            if spec.role == Some(spec::Role::Hub)
                && nobody.iter().all(|one| one.kind == ReceiverKind::None)
            {
                check.warning(
                    MANAGER,
                    "found nobody who is told: alerts fire, and only the Alertmanager's page shows them",
                );
            }
        } else {
            secrets::check_name(
                &format!("{MANAGER}.configSecret"),
                &manager.config_secret,
                CONFIG_SECRET,
                check,
            );
        }
        Plan {
            vmalert_workload: Workload::read(
                spec,
                VMALERT,
                (&vmalert.image, &VMALERT_IMAGE),
                (&vmalert.resources, &profile::vmalert(spec.profile)),
                check,
            ),
            vmalert: vmalert.clone(),
            alertmanager_workload: Workload::read(
                spec,
                MANAGER,
                (&manager.image, &ALERTMANAGER_IMAGE),
                (&manager.resources, &profile::alertmanager(spec.profile)),
                check,
            ),
            alertmanager: manager,
            config_from,
        }
    }
}

/// Checks who is told.
fn receiver(path: &str, given: &Receiver, check: &mut Check<'_>) {
    if given.kind == ReceiverKind::None {
        return;
    }
    check.literal(
        &format!("{path}.secret"),
        &given.secret,
        "the name of the Secret that holds the URL",
        is_dns_subdomain,
        "alert-receivers",
    );
    check.literal(
        &format!("{path}.key"),
        &given.key,
        "the key of the URL in the Secret: letters, digits, '-', '_' and '.'",
        |text| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        },
        "url",
    );
    if given.kind == ReceiverKind::Slack {
        check.literal(
            &format!("{path}.channel"),
            &given.channel,
            "a channel, such as #alerts",
            |text| text.len() > 1 && !text.contains(char::is_whitespace),
            "#alerts",
        );
    }
}

/// Where the Alertmanager is, for those who read.
pub(crate) fn alertmanager(plan: &StackPlan) -> Endpoint {
    Endpoint::own(
        &format!("vmalertmanager-{}", plan.name),
        ALERTMANAGER_PORT,
        "",
    )
}

/// All objects.
pub(crate) fn objects(plan: &StackPlan, own: &Plan, stores: &Endpoints) -> Vec<Object> {
    let mut objects = vec![vmalert(plan, own, stores), manager(plan, own)];
    objects.extend(own.config_from.as_ref().map(|external| {
        let name = &own.alertmanager.config_secret;
        let items = [(CONFIG_KEY, CONFIG_KEY)];
        secrets::object(plan, &ALERTMANAGER, name, external, &items)
    }));
    let alertmanager = alertmanager(plan);
    let rules = Rules {
        scraped: vec![VMALERT_PORT],
        egress: vec![
            Egress::Hub(&stores.metrics_read),
            Egress::Hub(&stores.metrics_write),
            Egress::Hub(&alertmanager),
            // The rules are files, which a second container writes anew as they change.
            Egress::ApiServer,
        ],
        ..Rules::default()
    };
    objects.extend(policy::object(plan, &VMALERT, &rules));
    let rules = Rules {
        scraped: vec![ALERTMANAGER_PORT, GOSSIP_PORT],
        ingress: Vec::<Ingress>::new(),
        egress: vec![
            Egress::Component(&ALERTMANAGER, GOSSIP_PORT),
            Egress::ApiServer,
            // Whoever is told may be anywhere.
            Egress::World,
        ],
    };
    objects.extend(policy::object(plan, &ALERTMANAGER, &rules));
    objects
}

/// Where the operator's `url` leaves out what vmalert adds: it asks `<url>/api/v1/query`, and writes to `<url>/api/v1/write`.
fn base(endpoint: &Endpoint) -> String {
    let url = endpoint.url();
    url.strip_suffix("/api/v1/write").unwrap_or(&url).to_owned()
}

fn vmalert(plan: &StackPlan, own: &Plan, stores: &Endpoints) -> Object {
    // Several Alertmanagers are told each by its own name: which of them tells people they agree among themselves.
    let count = own.alertmanager.replicas;
    let notifiers: Vec<Value> = (0..count)
        .map(|index| {
            let name = format!("vmalertmanager-{}", plan.name);
            let host = match count {
                1 => name,
                _ => format!("{name}-{index}.{name}"),
            };
            json!({"url": format!("http://{host}:{ALERTMANAGER_PORT}")})
        })
        .collect();
    let mut spec = json!({
        "replicaCount": own.vmalert.replicas,
        "image": own.vmalert_workload.image.operator(),
        "port": VMALERT_PORT.to_string(),
        "evaluationInterval": own.vmalert.interval,
        "selectAllByDefault": true,
        "datasource": {"url": base(&stores.metrics_read)},
        // What alerts are pending outlives a restart.
        "remoteWrite": {"url": base(&stores.metrics_write)},
        "remoteRead": {"url": base(&stores.metrics_read)},
        "notifiers": notifiers,
        "resources": own.vmalert_workload.resources.value(),
        "podMetadata": {"labels": VMALERT.selector(plan)},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "useStrictSecurity": true,
    });
    if own.vmalert.replicas > 1 {
        spec["podDisruptionBudget"] = json!({"maxUnavailable": 1});
    }
    VMALERT
        .object(plan, API, "VMAlert", &plan.name)
        .with("spec", spec)
}

fn manager(plan: &StackPlan, own: &Plan) -> Object {
    let given = &own.alertmanager;
    let class = plan.store.as_ref().and_then(|store| store.storage_class());
    let claim = volume_claim(&given.size, class);
    let mut spec = json!({
        "replicaCount": given.replicas,
        "image": own.alertmanager_workload.image.operator(),
        "port": ALERTMANAGER_PORT.to_string(),
        "retention": "120h",
        // Other than a VMSingle's, this is a claim's template.
        "storage": {"volumeClaimTemplate": {"spec": claim}},
        "resources": own.alertmanager_workload.resources.value(),
        "podMetadata": {"labels": ALERTMANAGER.selector(plan)},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "useStrictSecurity": true,
    });
    if given.config_secret.is_empty() {
        spec["configRawYaml"] = json!(config::text(given));
        let secrets = config::secrets(given);
        if !secrets.is_empty() {
            spec["secrets"] = json!(secrets);
        }
    } else {
        spec["configSecret"] = json!(given.config_secret);
    }
    if given.replicas > 1 {
        spec["podDisruptionBudget"] = json!({"maxUnavailable": 1});
    }
    ALERTMANAGER
        .object(plan, API, "VMAlertmanager", &plan.name)
        .with("spec", spec)
}
