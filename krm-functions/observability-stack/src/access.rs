//! Who a component is, and what it may ask the API server.

use crate::names::Component;
use crate::plan::Plan;
use krm_rs::{Object, Value, json};

const RBAC: &str = "rbac.authorization.k8s.io/v1";
const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

/// The securityContext of a container that may do nothing but compute: no capability, nothing written but to its volumes.
/// Whoever it runs as, the pod or the image says.
pub(crate) fn confined() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": true,
    })
}

/// As [`confined`], as the user `nobody`.
pub(crate) fn confined_as_nobody() -> Value {
    const NOBODY: u16 = 65534;
    let mut context = confined();
    context["runAsNonRoot"] = json!(true);
    context["runAsUser"] = json!(NOBODY);
    context["runAsGroup"] = json!(NOBODY);
    context
}

/// The component's ServiceAccount, and its rights in the whole cluster, if it has any.
pub(crate) fn objects(plan: &Plan, component: &Component, rules: Option<Value>) -> Vec<Object> {
    let account = component
        .object(plan, "v1", "ServiceAccount", component.name)
        // The pod mounts a token where it needs one; nothing else that runs as this account gets it.
        .with("automountServiceAccountToken", json!(false));
    let Some(rules) = rules else {
        return vec![account];
    };
    let role = component
        .cluster_object(plan, RBAC, "ClusterRole")
        .with("rules", rules);
    let binding = component
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
