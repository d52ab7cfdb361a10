//! Who Fluent Bit is, and what it may ask the API server.

use super::COMPONENT;
use crate::plan::Plan;
use krm_rs::{Object, json};

const RBAC: &str = "rbac.authorization.k8s.io/v1";
const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

/// The ServiceAccount; with the `kubernetes` filter also its rights.
pub(super) fn objects(plan: &Plan) -> Vec<Object> {
    let account = COMPONENT
        .object(plan, "v1", "ServiceAccount", account_name())
        // The pod mounts a token where it needs one; nothing else that runs as this account gets it.
        .with("automountServiceAccountToken", json!(false));
    if !plan.logs.kubernetes {
        return vec![account];
    }
    let role = COMPONENT.cluster_object(plan, RBAC, "ClusterRole").with(
        "rules",
        json!([{
            "apiGroups": [""],
            "resources": ["namespaces", "pods"],
            "verbs": ["get", "list", "watch"],
        }]),
    );
    let binding = COMPONENT
        .cluster_object(plan, RBAC, "ClusterRoleBinding")
        .with(
            "roleRef",
            json!({"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": role.name()}),
        )
        .with(
            "subjects",
            json!([{
                "kind": "ServiceAccount",
                "name": account.name(),
                "namespace": account.namespace(),
            }]),
        );
    vec![account, role, binding]
}

/// The ServiceAccount's name.
pub(super) fn account_name() -> &'static str {
    COMPONENT.name
}
