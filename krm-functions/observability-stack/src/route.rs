//! Ways in by a Gateway: HTTPRoutes.

use crate::names::Component;
use crate::plan::Plan;
use crate::spec::ParentGateway;
use krm_rs::{Object, json};
use leafpack_fn_common::check::{Check, is_dns_label, is_dns_subdomain};

const API: &str = "gateway.networking.k8s.io/v1";

/// Checks the Gateway at `path`, which has to be named.
pub(crate) fn check_parent(path: &str, given: &ParentGateway, check: &mut Check<'_>) {
    check.literal(
        &format!("{path}.name"),
        &given.name,
        "the name of a Gateway",
        is_dns_subdomain,
        "internal",
    );
    if !given.namespace.is_empty() {
        check.literal(
            &format!("{path}.namespace"),
            &given.namespace,
            "a namespace: lower-case letters, digits and '-', at most 63 characters",
            is_dns_label,
            "network",
        );
    }
    if !given.section.is_empty() {
        check.literal(
            &format!("{path}.section"),
            &given.section,
            "the name of a listener of the Gateway",
            is_dns_subdomain,
            "https",
        );
    }
}

/// The HTTPRoute from a host to a Service and its port, for these prefixes of paths.
pub(crate) fn object(
    plan: &Plan,
    component: &Component,
    (host, parent): (&str, &ParentGateway),
    (service, port): (&str, u16),
    prefixes: &[&str],
) -> Object {
    let mut reference = json!({"name": parent.name});
    for (field, value) in [
        ("namespace", &parent.namespace),
        ("sectionName", &parent.section),
    ] {
        if !value.is_empty() {
            reference[field] = json!(value);
        }
    }
    let matches: Vec<_> = prefixes
        .iter()
        .map(|prefix| json!({"path": {"type": "PathPrefix", "value": prefix}}))
        .collect();
    component
        .object(plan, API, "HTTPRoute", component.name)
        .with(
            "spec",
            json!({
                "parentRefs": [reference],
                "hostnames": [host],
                "rules": [{
                    "matches": matches,
                    "backendRefs": [{"name": service, "port": port}],
                }],
            }),
        )
}
