//! A [`Plan`] becomes objects.

use crate::fluent_bit;
use crate::names::{MANAGED_BY, MANAGED_BY_LABEL, STACK_LABEL};
use crate::plan::Plan;
use krm_rs::Object;
use leafpack_fn_common::flux::Mixed;
use leafpack_fn_common::modules::{Filter, Modules};

/// The filters that a stack may use.
pub(crate) const FILTERS: &[Filter] = &[Filter::ContainerLogs];

/// An object that cannot be right; a mistake of this function, not of its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unsound {
    /// Which.
    pub(crate) object: String,
    /// Why.
    pub(crate) mixed: Mixed,
}

/// Every object of the stack, in the order in which they can be applied.
///
/// # Errors
/// An object that would need Flux's substitution and must be kept from it.
pub(crate) fn render(plan: &Plan, modules: &Modules<'_>) -> Result<Vec<Object>, Unsound> {
    let mut objects = Vec::new();
    if plan.create_namespace {
        objects.push(namespace(plan));
    }
    objects.extend(fluent_bit::objects(plan, modules));
    for object in &mut objects {
        plan.expressions.seal(object).map_err(|mixed| Unsound {
            object: object.id().to_string(),
            mixed,
        })?;
    }
    Ok(objects)
}

/// The Namespace. Fluent Bit mounts folders of the node, which the Pod Security Standards below `privileged` forbid;
/// Talos enforces `baseline` where a namespace says nothing.
fn namespace(plan: &Plan) -> Object {
    let mut object = Object::new("v1", "Namespace", &plan.namespace)
        .with_label(STACK_LABEL, &plan.name)
        .with_label("app.kubernetes.io/instance", &plan.name)
        .with_label(MANAGED_BY_LABEL, MANAGED_BY);
    for mode in ["enforce", "audit", "warn"] {
        object.set_label(&format!("pod-security.kubernetes.io/{mode}"), "privileged");
    }
    object
}
