//! Who may do everything: name and password, from a Secret.

use super::COMPONENT;
use crate::plan::Plan as StackPlan;
use crate::spec::{ExternalSecret, GrafanaAdmin};
use krm_rs::{Object, Value, json};
use leafpack_fn_common::check::{Check, is_dns_subdomain};
use leafpack_fn_common::duration::duration_ms;

/// What `spec.grafana.admin` means.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    secret: String,
    user_key: String,
    password_key: String,
    external: Option<ExternalSecret>,
}

impl Plan {
    /// Checks it.
    pub(super) fn read(given: &GrafanaAdmin, check: &mut Check<'_>) -> Self {
        const PATH: &str = "spec.grafana.admin";
        check.literal(
            &format!("{PATH}.secret"),
            &given.secret,
            "the name of a Secret",
            is_dns_subdomain,
            "grafana-admin",
        );
        let is_key = |text: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            (1..=253).contains(&text.len()) && text.chars().all(fits)
        };
        for (field, key, example) in [
            ("userKey", &given.user_key, "admin-user"),
            ("passwordKey", &given.password_key, "admin-password"),
        ] {
            check.literal(
                &format!("{PATH}.{field}"),
                key,
                "a key of a Secret: letters, digits, '-', '_' and '.'",
                is_key,
                example,
            );
        }
        if given.user_key == given.password_key {
            check.error(
                &format!("{PATH}.passwordKey"),
                &format!(
                    "found {:?}, which is the name's key too",
                    given.password_key
                ),
                json!("admin-password"),
            );
        }
        let external = &given.external_secret;
        let has_external = !external.path.is_empty();
        if has_external {
            external_secret(external, check);
        }
        Plan {
            secret: given.secret.clone(),
            user_key: given.user_key.clone(),
            password_key: given.password_key.clone(),
            external: has_external.then(|| external.clone()),
        }
    }

    /// The variables by which Grafana learns them.
    pub(super) fn environment(&self) -> [Value; 2] {
        let variable = |name: &str, key: &str| {
            json!({
                "name": name,
                "valueFrom": {"secretKeyRef": {"name": self.secret, "key": key}},
            })
        };
        [
            variable("GF_SECURITY_ADMIN_USER", &self.user_key),
            variable("GF_SECURITY_ADMIN_PASSWORD", &self.password_key),
        ]
    }

    /// What makes the Secret, where the stack has it made.
    pub(super) fn object(&self, plan: &StackPlan) -> Option<Object> {
        let external = self.external.as_ref()?;
        let item = |key: &str, property: &str| {
            json!({
                "secretKey": key,
                "remoteRef": {"key": external.path, "property": property},
            })
        };
        let object = COMPONENT.object(
            plan,
            "external-secrets.io/v1",
            "ExternalSecret",
            &self.secret,
        );
        Some(object.with(
            "spec",
            json!({
                "refreshInterval": external.refresh_interval,
                "secretStoreRef": {"kind": external.store_kind, "name": external.store},
                "target": {"name": self.secret, "creationPolicy": "Owner"},
                "data": [
                    item(&self.user_key, "username"),
                    item(&self.password_key, "password"),
                ],
            }),
        ))
    }
}

fn external_secret(external: &ExternalSecret, check: &mut Check<'_>) {
    const PATH: &str = "spec.grafana.admin.externalSecret";
    check.carried(
        &format!("{PATH}.path"),
        &external.path,
        "a path or name in the store, without spaces",
        |text| !text.chars().any(|c| c.is_whitespace() || c.is_control()),
        "observability/grafana",
    );
    check.literal(
        &format!("{PATH}.store"),
        &external.store,
        "the name of a store",
        is_dns_subdomain,
        "onepassword",
    );
    check.literal(
        &format!("{PATH}.storeKind"),
        &external.store_kind,
        "ClusterSecretStore or SecretStore",
        |text| matches!(text, "ClusterSecretStore" | "SecretStore"),
        "ClusterSecretStore",
    );
    check.literal(
        &format!("{PATH}.refreshInterval"),
        &external.refresh_interval,
        "a duration such as 1h",
        |text| duration_ms(text).is_some_and(|ms| ms > 0),
        "1h",
    );
}
