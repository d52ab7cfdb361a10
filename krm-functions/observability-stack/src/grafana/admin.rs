//! Who may do everything: name and password, from a Secret.

use super::COMPONENT;
use crate::plan::Plan as StackPlan;
use crate::secrets;
use crate::spec::{ExternalSecret, GrafanaAdmin};
use krm_rs::{Object, Value, json};
use leafpack_fn_common::check::Check;

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
        secrets::check_name(
            &format!("{PATH}.secret"),
            &given.secret,
            "grafana-admin",
            check,
        );
        for (field, key, example) in [
            ("userKey", &given.user_key, "admin-user"),
            ("passwordKey", &given.password_key, "admin-password"),
        ] {
            secrets::check_key(&format!("{PATH}.{field}"), key, example, check);
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
        let external = secrets::read(
            &given.external_secret,
            &format!("{PATH}.externalSecret"),
            "observability/grafana",
            check,
        );
        Plan {
            secret: given.secret.clone(),
            user_key: given.user_key.clone(),
            password_key: given.password_key.clone(),
            external,
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
        let items = [
            (self.user_key.as_str(), "username"),
            (self.password_key.as_str(), "password"),
        ];
        Some(secrets::object(
            plan,
            &COMPONENT,
            &self.secret,
            external,
            &items,
        ))
    }
}
