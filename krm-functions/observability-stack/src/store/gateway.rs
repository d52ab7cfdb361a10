//! The gateway: a VMAuth in front of the stores, and a VMUser for each cluster that writes.

use super::Plan as StorePlan;
use crate::names::Component;
use crate::plan::Plan as StackPlan;
use crate::policy::{self, Egress, Ingress, Rules};
use crate::secrets;
use crate::spec::{self, ExternalSecret, GatewayExpose, Spec};
use crate::tenants::{Tenant, Tenants};
use crate::workload::Workload;
use crate::{image, profile, route};
use krm_rs::{Object, json};
use leafpack_fn_common::check::{Check, is_dns_label, is_dns_subdomain};
use leafpack_fn_common::endpoint::{Api, Endpoint};
use std::collections::BTreeSet;

const API: &str = "operator.victoriametrics.com/v1beta1";

/// What everything here is called.
const COMPONENT: Component = Component {
    name: "vmauth",
    component: "gateway",
};

const IMAGE: image::Default = image::Default {
    registry: "",
    repository: "victoriametrics/vmauth",
    tag: "v1.122.1",
};

/// Its port.
const PORT: u16 = 8427;

/// What `spec.store.gateway` means.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    replicas: u16,
    expose: GatewayExpose,
    host: String,
    gateway: spec::ParentGateway,
    writers: Vec<Writer>,
    workload: Workload,
}

/// Somebody who may write.
#[derive(Debug, Clone)]
struct Writer {
    name: String,
    secret: String,
    /// Where external-secrets gets the Secret from.
    external: Option<ExternalSecret>,
    /// At least one, each of another account.
    tenants: Vec<Tenant>,
}

impl Plan {
    /// Checks it. `None` after an error; `Some(None)` where it is not wanted.
    pub(super) fn read(
        spec: &Spec,
        tenants: &Tenants,
        check: &mut Check<'_>,
    ) -> Option<Option<Self>> {
        let given = &spec.store.gateway;
        const PATH: &str = "spec.store.gateway";
        if !(1..=20).contains(&given.replicas) {
            check.error(
                &format!("{PATH}.replicas"),
                &format!("found {}, expected a number from 1 to 20", given.replicas),
                json!(1),
            );
        }
        if given.expose == GatewayExpose::HttpRoute {
            check.carried(
                &format!("{PATH}.host"),
                &given.host,
                "the host by which other clusters reach the gateway",
                is_dns_subdomain,
                "hub.example.com",
            );
            route::check_parent(&format!("{PATH}.gateway"), &given.gateway, check);
        } else if !given.host.is_empty() || !given.gateway.name.is_empty() {
            check.error(
                &format!("{PATH}.expose"),
                "expected httproute with spec.store.gateway.host and spec.store.gateway.gateway: nobody would use them",
                json!("httproute"),
            );
        }
        let mut names = BTreeSet::new();
        let mut made = BTreeSet::new();
        let mut writers = Vec::new();
        let mut right = true;
        for (index, writer) in given.writers.iter().enumerate() {
            let path = format!("{PATH}.writers[{index}]");
            check.literal(
                &format!("{path}.name"),
                &writer.name,
                "a name of lower-case letters, digits and '-', such as a cluster's",
                is_dns_label,
                "apps",
            );
            secrets::check_name(
                &format!("{path}.secret"),
                &writer.secret,
                "hub-writer-apps",
                check,
            );
            let external = secrets::read(
                &writer.external_secret,
                &format!("{path}.externalSecret"),
                "observability/hub-writer-apps",
                check,
            );
            if external.is_some() && !made.insert(&writer.secret) {
                check.error(
                    &format!("{path}.secret"),
                    &format!(
                        "found {:?} twice, expected one writer for each Secret that is made",
                        writer.secret
                    ),
                    json!(format!("hub-writer-{}", writer.name)),
                );
            }
            if !names.insert(&writer.name) {
                check.error(
                    &format!("{path}.name"),
                    &format!(
                        "found {:?} twice, expected one writer of a name",
                        writer.name
                    ),
                    json!("apps-2"),
                );
            }
            match writer_tenants(writer, &path, tenants, check) {
                Some(tenants) => writers.push(Writer {
                    name: writer.name.clone(),
                    secret: writer.secret.clone(),
                    external,
                    tenants,
                }),
                None => right = false,
            }
        }
        if given.enabled && given.writers.is_empty() {
            check.warning(
                &format!("{PATH}.writers"),
                "found none: the gateway refuses everybody until somebody is named who may write",
            );
        }
        let workload = Workload::read(
            spec,
            PATH,
            (&given.image, &IMAGE),
            (&given.resources, &profile::gateway(spec.profile)),
            check,
        );
        right.then(|| {
            given.enabled.then_some(Plan {
                replicas: given.replicas,
                expose: given.expose,
                host: given.host.clone(),
                gateway: given.gateway.clone(),
                writers,
                workload,
            })
        })
    }
}

/// All objects.
pub(super) fn objects(plan: &StackPlan, store: &StorePlan, own: &Plan) -> Vec<Object> {
    let mut spec = json!({
        "replicaCount": own.replicas,
        "image": own.workload.image.operator(),
        "port": PORT.to_string(),
        "resources": own.workload.resources.value(),
        "podMetadata": {"labels": COMPONENT.selector(plan)},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "useStrictSecurity": true,
        // Users of this stack only. Without `unauthorizedUserAccessSpec` whoever is none of them gets 401.
        "userSelector": {"matchLabels": COMPONENT.selector(plan)},
    });
    if own.replicas > 1 {
        spec["podDisruptionBudget"] = json!({"maxUnavailable": 1});
        spec["topologySpreadConstraints"] = super::spread(plan, &COMPONENT);
    }
    match own.expose {
        GatewayExpose::None | GatewayExpose::HttpRoute => {}
        GatewayExpose::ClusterMesh => {
            spec["serviceSpec"] = json!({
                "useAsDefault": true,
                "metadata": {"annotations": {"service.cilium.io/global": "true"}},
                "spec": {"type": "ClusterIP"},
            });
        }
        GatewayExpose::LoadBalancer => {
            spec["serviceSpec"] = json!({"useAsDefault": true, "spec": {"type": "LoadBalancer"}});
        }
    }
    let mut objects = vec![
        COMPONENT
            .object(plan, API, "VMAuth", &plan.name)
            .with("spec", spec),
    ];
    if own.expose == GatewayExpose::HttpRoute {
        objects.push(route::object(
            plan,
            &COMPONENT,
            (&own.host, &own.gateway),
            (&format!("vmauth-{}", plan.name), PORT),
            // What writers may do, and nothing else.
            &[Api::RemoteWrite.path(), Api::JsonLines.path()],
        ));
    }
    objects.extend(own.writers.iter().map(|writer| user(plan, store, writer)));
    objects.extend(own.writers.iter().filter_map(|writer| {
        let external = writer.external.as_ref()?;
        let items = [("password", "password")];
        let secret = secrets::object(plan, &COMPONENT, &writer.secret, external, &items);
        Some(secret)
    }));
    let rules = Rules {
        scraped: vec![PORT],
        // Other clusters' pods and gateways; who may do what is the VMUsers' to say.
        ingress: vec![Ingress::Anywhere(PORT)],
        egress: vec![
            Egress::Hub(&store.endpoints.metrics_write),
            Egress::Hub(&store.endpoints.logs_write),
            // It reads its users from a Secret that the operator writes, and watches it.
            Egress::ApiServer,
        ],
    };
    objects.extend(policy::object(plan, &COMPONENT, &rules));
    objects
}

/// The tenants of a writer. An account tells them apart, so that no two may have the same.
fn writer_tenants(
    writer: &spec::Writer,
    path: &str,
    tenants: &Tenants,
    check: &mut Check<'_>,
) -> Option<Vec<Tenant>> {
    let default = ["default".to_owned()];
    let names = match writer.tenants.as_slice() {
        [] => &default[..],
        names => names,
    };
    let mut found: Vec<Tenant> = Vec::new();
    let mut right = true;
    for (index, name) in names.iter().enumerate() {
        let path = format!("{path}.tenants[{index}]");
        let Some(tenant) = tenants.get(&path, name, check) else {
            right = false;
            continue;
        };
        if let Some(other) = found.iter().find(|other| other.account == tenant.account) {
            check.error(
                &path,
                &format!(
                    "found {name}, expected a tenant of another account than {}: the gateway tells a writer's tenants apart by AccountID",
                    other.name
                ),
                format!("name another writer for {name}, or give the tenant another AccountID"),
            );
            right = false;
        }
        found.push(tenant);
    }
    right.then_some(found)
}

/// A writer: metrics, and logs of its tenants and of no other. The headers are set here, whatever it sends.
fn user(plan: &StackPlan, store: &StorePlan, writer: &Writer) -> Object {
    let base = |endpoint: &Endpoint, path: &str| {
        let url = endpoint.url();
        url.strip_suffix(path).unwrap_or(&url).to_owned()
    };
    let metrics = &store.endpoints.metrics_write;
    let logs = &store.endpoints.logs_write;
    let mut targets = vec![json!({
        "static": {"url": base(metrics, Api::RemoteWrite.path())},
        "paths": [Api::RemoteWrite.path()],
    })];
    for tenant in &writer.tenants {
        let account = format!("AccountID: {}", tenant.account);
        let mut target = json!({
            "static": {"url": base(logs, Api::JsonLines.path())},
            "paths": [Api::JsonLines.path()],
            "headers": [account, format!("ProjectID: {}", tenant.project)],
        });
        if writer.tenants.len() > 1 {
            target["src_headers"] = json!([account]);
        }
        targets.push(target);
    }
    COMPONENT
        .object(
            plan,
            API,
            "VMUser",
            &format!("{}-{}", plan.name, writer.name),
        )
        .with(
            "spec",
            json!({
                "username": writer.name,
                "passwordRef": {"name": writer.secret, "key": "password"},
                "targetRefs": targets,
            }),
        )
}
