//! Secrets that components read: their keys, and where external-secrets gets them from.

use crate::names::Component;
use crate::plan::Plan;
use crate::spec::ExternalSecret;
use krm_rs::{Object, Value, json};
use leafpack_fn_common::check::{Check, is_dns_subdomain};
use leafpack_fn_common::duration::duration_ms;

/// Checks the name of a Secret.
pub(crate) fn check_name(path: &str, name: &str, example: &str, check: &mut Check<'_>) {
    check.literal(
        path,
        name,
        "the name of a Secret",
        is_dns_subdomain,
        example,
    );
}

/// Checks a key of a Secret.
pub(crate) fn check_key(path: &str, key: &str, example: &str, check: &mut Check<'_>) {
    let is_key = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        (1..=253).contains(&text.len()) && text.chars().all(fits)
    };
    let expected = "a key of a Secret: letters, digits, '-', '_' and '.'";
    check.literal(path, key, expected, is_key, example);
}

/// Checks where a Secret comes from. `None` where it has to be there already.
pub(crate) fn read(
    given: &ExternalSecret,
    path: &str,
    example: &str,
    check: &mut Check<'_>,
) -> Option<ExternalSecret> {
    if given.path.is_empty() {
        return None;
    }
    check.carried(
        &format!("{path}.path"),
        &given.path,
        "a path or name in the store, without spaces",
        |text| !text.chars().any(|c| c.is_whitespace() || c.is_control()),
        example,
    );
    check.literal(
        &format!("{path}.store"),
        &given.store,
        "the name of a store",
        is_dns_subdomain,
        "onepassword",
    );
    check.literal(
        &format!("{path}.storeKind"),
        &given.store_kind,
        "ClusterSecretStore or SecretStore",
        |text| matches!(text, "ClusterSecretStore" | "SecretStore"),
        "ClusterSecretStore",
    );
    check.literal(
        &format!("{path}.refreshInterval"),
        &given.refresh_interval,
        "a duration such as 1h",
        |text| duration_ms(text).is_some_and(|ms| ms > 0),
        "1h",
    );
    Some(given.clone())
}

/// What makes the Secret `name`. Each item is a key of it, and the property of the store's entry that it gets.
pub(crate) fn object(
    plan: &Plan,
    component: &Component,
    name: &str,
    external: &ExternalSecret,
    items: &[(&str, &str)],
) -> Object {
    let data: Vec<Value> = items
        .iter()
        .map(|(key, property)| {
            json!({
                "secretKey": key,
                "remoteRef": {"key": external.path, "property": property},
            })
        })
        .collect();
    component
        .object(plan, "external-secrets.io/v1", "ExternalSecret", name)
        .with(
            "spec",
            json!({
                "refreshInterval": external.refresh_interval,
                "secretStoreRef": {"kind": external.store_kind, "name": external.store},
                "target": {"name": name, "creationPolicy": "Owner"},
                "data": data,
            }),
        )
}
