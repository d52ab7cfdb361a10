//! What a [`Spec`] means: checked, with its defaults filled in, and ready to be derived from.

use crate::fluent_bit;
use crate::image;
use crate::spec::{Metrics, Network, Policy, Profile, Role, Scrape, Spec};
use krm_rs::{Path, Results, json};
use leafpack_fn_common::check::{Check, is_dns_label, is_dns_subdomain, is_label_value};
use leafpack_fn_common::duration::duration_ms;
use leafpack_fn_common::endpoint::{Api, Endpoint, Host};
use leafpack_fn_common::flux::Expressions;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// One cluster's stack.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The resource's own name; the objects' `app.kubernetes.io/instance`.
    pub(crate) name: String,
    /// The cluster's name; may hold Flux expressions.
    pub(crate) cluster: String,
    /// May hold Flux expressions.
    pub(crate) environment: Option<String>,
    /// The namespace of everything that is generated.
    pub(crate) namespace: String,
    /// Whether the Namespace is generated too.
    pub(crate) create_namespace: bool,
    /// The preset for sizes.
    pub(crate) profile: Profile,
    /// Where logs go.
    pub(crate) hub_logs: Endpoint,
    /// Container logs.
    pub(crate) logs: fluent_bit::Plan,
    /// Scrape objects.
    pub(crate) scrape: Scrape,
    /// How often they scrape, in milliseconds.
    pub(crate) scrape_interval_ms: u64,
    /// Policies.
    pub(crate) network: Network,
    /// The user's Flux expressions.
    pub(crate) expressions: Expressions,
}

/// A tenant of VictoriaLogs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tenant {
    /// Its name here; the field `tenant` of every record.
    pub(crate) name: String,
    /// `AccountID`.
    pub(crate) account: u32,
    /// `ProjectID`.
    pub(crate) project: u32,
}

impl Plan {
    /// Checks a configuration and says everything that is wrong with it.
    ///
    /// `name` is the resource's own name. `None` after an error.
    pub(crate) fn read(spec: &Spec, name: &str, results: &mut Results) -> Option<Plan> {
        let mut check = Check::new(results);
        check.literal(
            "metadata.name",
            name,
            "a name of lower-case letters, digits and '-', of at most 63 characters",
            is_dns_label,
            "apps",
        );
        role(spec, &mut check);
        if spec.cluster.is_empty() {
            check.error(
                "spec.cluster",
                "found nothing, expected the cluster's name",
                json!(name),
            );
        } else {
            check.carried(
                "spec.cluster",
                &spec.cluster,
                "a name of lower-case letters, digits, '-' and '.'",
                is_dns_subdomain,
                "apps",
            );
        }
        if let Some(environment) = &spec.environment {
            check.carried(
                "spec.environment",
                environment,
                "a word of letters, digits, '-', '_' and '.', of at most 63 characters",
                is_label_value,
                "production",
            );
        }
        check.literal(
            "spec.namespace",
            &spec.namespace,
            "a namespace: lower-case letters, digits and '-', at most 63 characters",
            is_dns_label,
            "observability",
        );
        if spec.create_namespace && is_kubernetes_own(&spec.namespace) {
            check.error(
                "spec.createNamespace",
                &format!(
                    "found true, expected false: the namespace {} is Kubernetes' own, and its labels are not the stack's to set",
                    spec.namespace
                ),
                json!(false),
            );
        }
        let hub_logs = hub_logs(spec, &mut check);
        let tenant = tenant(spec, &mut check);
        let scrape_interval_ms = scrape_interval(&spec.metrics, &mut check);
        network(spec, &mut check);
        if !spec.images.registry.is_empty() {
            image::registry("spec.images.registry", &spec.images.registry, &mut check);
        }
        let logs = fluent_bit::Plan::read(spec, tenant, &mut check);
        let expressions = check.finish()?;
        Some(Plan {
            name: name.to_owned(),
            cluster: spec.cluster.clone(),
            environment: spec.environment.clone(),
            namespace: spec.namespace.clone(),
            create_namespace: spec.create_namespace,
            profile: spec.profile,
            hub_logs: hub_logs?,
            logs: logs?,
            scrape: spec.metrics.scrape,
            scrape_interval_ms: scrape_interval_ms?,
            network: spec.network.clone(),
            expressions,
        })
    }
}

/// A namespace that is there in every cluster.
fn is_kubernetes_own(namespace: &str) -> bool {
    namespace == "default" || namespace.starts_with("kube-")
}

fn role(spec: &Spec, check: &mut Check<'_>) {
    match spec.role {
        Some(Role::Spoke) => {}
        Some(Role::Hub) => check.error(
            "spec.role",
            "found \"hub\", expected spoke: this version makes spokes; hubs come with a later one",
            json!("spoke"),
        ),
        None => check.error("spec.role", "found nothing, expected spoke", json!("spoke")),
    }
}

fn hub_logs(spec: &Spec, check: &mut Check<'_>) -> Option<Endpoint> {
    let path = "spec.hub.logsURL";
    let url = &spec.hub.logs_url;
    // A namespace that is wrong is told elsewhere.
    let namespace = if is_dns_label(&spec.namespace) {
        &spec.namespace
    } else {
        "observability"
    };
    match Endpoint::parse(url, namespace, Api::JsonLines) {
        Ok(endpoint) => {
            check.note(&endpoint.host.text());
            warn_of_host(&endpoint.host, spec, check);
            Some(endpoint)
        }
        Err(fault) if fault.secret => {
            check.secret(path, &format!("found {}", fault.reason), json!(fault.fix));
            None
        }
        Err(fault) => {
            let found = match url.as_str() {
                "" => "found nothing, expected the URL of the hub's VictoriaLogs".to_owned(),
                url => format!("found {url:?}: {}", fault.reason),
            };
            check.error(path, &found, json!(fault.fix));
            None
        }
    }
}

/// What works somewhere, but perhaps not here.
fn warn_of_host(host: &Host, spec: &Spec, check: &mut Check<'_>) {
    let path = "spec.hub.logsURL";
    match host {
        Host::Ambiguous(name) if spec.network.policy == Policy::Cilium => check.warning(
            path,
            &format!(
                "found the host {name}, which the policy takes for one outside of the cluster; if it is a Service, pods of it are let through only as <service>.<namespace>.svc or <service>.<namespace>.svc.cluster.local"
            ),
        ),
        Host::Address(IpAddr::V6(address))
            if spec.logs.image.tag.as_deref().and_then(fluent_bit::version).is_some_and(|v| v < [5, 1, 1]) =>
        {
            check.warning(
                path,
                &format!(
                    "found {address}: Fluent Bit before 5.1.1 sends it without brackets in the header Host, which servers may refuse with a 400, and then the logs are lost; a name is safe"
                ),
            );
        }
        _ => {}
    }
}

/// `AccountID:ProjectID`, two numbers of 32 bits (VictoriaLogs, `logstorage.TenantID`).
fn tenant_ids(text: &str) -> Option<(u32, u32)> {
    let (account, project) = text.split_once(':')?;
    // `parse` would take a plus sign.
    let number = |text: &str| {
        let plain = text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    Some((number(account)?, number(project)?))
}

fn tenant(spec: &Spec, check: &mut Check<'_>) -> Option<Tenant> {
    let mut tenants = BTreeMap::from([("default", Some((0, 0)))]);
    for (name, text) in &spec.tenants {
        if !is_label_value(name) {
            check.error(
                "spec.tenants",
                &format!(
                    "found the name {name:?}, expected letters, digits, '-', '_' and '.', at most 63 characters"
                ),
                json!({"default": "0:0"}),
            );
        }
        let ids = tenant_ids(text);
        if ids.is_none() {
            let path = Path::root().key("spec").key("tenants").key(name);
            check.literal(
                &path.to_string(),
                text,
                "AccountID:ProjectID, two numbers from 0 to 4294967295",
                |_| false,
                "0:0",
            );
        }
        tenants.insert(name, ids);
    }
    let name = spec.logs.tenant.as_str();
    match tenants.get(name) {
        Some(ids) => ids.map(|(account, project)| Tenant {
            name: name.to_owned(),
            account,
            project,
        }),
        None => {
            let known: Vec<&str> = tenants.keys().copied().collect();
            check.error(
                "spec.logs.tenant",
                &format!(
                    "found {name:?}, expected one of spec.tenants: {}",
                    known.join(", ")
                ),
                json!(known.first()),
            );
            None
        }
    }
}

fn scrape_interval(metrics: &Metrics, check: &mut Check<'_>) -> Option<u64> {
    let text = &metrics.scrape_interval;
    let ms = duration_ms(text).filter(|ms| *ms >= 1_000);
    if ms.is_none() {
        check.literal(
            "spec.metrics.scrapeInterval",
            text,
            "a duration of at least a second, such as 30s or 1m",
            |_| false,
            "30s",
        );
    }
    ms
}

fn network(spec: &Spec, check: &mut Check<'_>) {
    let network = &spec.network;
    for (index, namespace) in network.scrape_from.iter().enumerate() {
        check.literal(
            &format!("spec.network.scrapeFrom[{index}]"),
            namespace,
            "a namespace: lower-case letters, digits and '-', at most 63 characters",
            is_dns_label,
            "monitoring",
        );
    }
    let path = "spec.network.apiServerPorts";
    if network.api_server_ports.contains(&0) {
        check.error(
            path,
            "found 0, expected ports from 1 to 65535",
            json!([443, 6443]),
        );
    }
    if network.api_server_ports.is_empty() && spec.logs.kubernetes && network.policy != Policy::None
    {
        check.error(
            path,
            "found no port, expected those of the API server: spec.logs.kubernetes asks it about pods",
            json!([443, 6443]),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_two_numbers_of_32_bits() {
        assert_eq!(tenant_ids("0:0"), Some((0, 0)));
        assert_eq!(tenant_ids("4294967295:7"), Some((u32::MAX, 7)));
        for text in [
            "",
            "0",
            ":",
            "1:",
            ":1",
            "1:2:3",
            "-1:0",
            "+1:0",
            "4294967296:0",
            "a:b",
            " 1:0",
        ] {
            assert_eq!(tenant_ids(text), None, "{text}");
        }
    }
}
