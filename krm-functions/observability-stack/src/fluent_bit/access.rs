//! Who Fluent Bit is, and what it may ask the API server.

use super::COMPONENT;
use crate::access;
use crate::plan::Plan;
use krm_rs::{Object, json};

/// The ServiceAccount; with the `kubernetes` filter also its rights.
pub(super) fn objects(plan: &Plan) -> Vec<Object> {
    let rules = json!([{
        "apiGroups": [""],
        "resources": ["namespaces", "pods"],
        "verbs": ["get", "list", "watch"],
    }]);
    access::objects(plan, &COMPONENT, plan.logs.kubernetes.then_some(rules))
}

/// The ServiceAccount's name.
pub(super) fn account_name() -> &'static str {
    COMPONENT.name
}
