//! A [`Plan`] becomes objects.

use crate::names::{MANAGED_BY, MANAGED_BY_LABEL, STACK_LABEL};
use crate::patches::{self, NoObject};
use crate::plan::Plan;
use crate::{alerting, collectors, fluent_bit, grafana, hub, operator, parts, rules, store};
use krm_rs::{Fix, Object, ResultItem, Results, json};
use leafpack_fn_common::flux::Mixed;
use leafpack_fn_common::modules::Modules;

/// Why nothing is generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An object would hold what Flux has to replace, and what it has to leave alone.
    Mixed(String, Mixed),
    /// A patch is for an object that is not there.
    NoObject(NoObject),
}

impl Fault {
    /// Says so.
    pub(crate) fn report(self, results: &mut Results) {
        match self {
            Fault::Mixed(object, mixed) => results.push(ResultItem::error(
                format!(
                    "{object} would hold {}, which Flux has to replace, and {}, which it has to leave alone",
                    mixed.expression, mixed.literal
                ),
                "write the value without a Flux expression",
            )),
            Fault::NoObject(patch) => {
                results.error(&patch.path, &patch.message, Fix::Value(json!(patch.fix)));
            }
        }
    }
}

/// Every object of the stack, in the order in which they can be applied.
///
/// # Errors
/// An object that would need Flux's substitution and must be kept from it; a patch without an object.
pub(crate) fn render(plan: &Plan, modules: &Modules<'_>) -> Result<Vec<Object>, Fault> {
    let mut objects = Vec::new();
    if plan.create_namespace {
        objects.push(namespace(plan));
    }
    objects.extend(operator::objects(plan));
    objects.extend(hub::objects(plan));
    if let Some(store) = &plan.store {
        objects.extend(store::objects(plan, store));
    }
    objects.extend(collectors::objects(plan));
    objects.extend(fluent_bit::objects(plan, modules));
    objects.extend(collectors::scrapes(plan));
    if let (Some(store), Some(own)) = (&plan.store, &plan.alerting) {
        objects.extend(alerting::objects(plan, own, &store.endpoints));
    }
    if let Some(own) = &plan.rules {
        objects.extend(rules::objects(plan, own));
    }
    if let (Some(store), Some(own)) = (&plan.store, &plan.grafana) {
        let alertmanager = alerting::alertmanager(plan);
        let sources = grafana::Datasources {
            metrics: &store.endpoints.metrics_read,
            logs: &store.endpoints.logs_read,
            alertmanager: Some(&alertmanager),
        };
        objects.extend(grafana::objects(plan, own, &sources));
    }
    patches::apply(&mut objects, &plan.patches).map_err(Fault::NoObject)?;
    parts::select(&mut objects, &plan.parts);
    for object in &mut objects {
        plan.expressions
            .seal(object)
            .map_err(|mixed| Fault::Mixed(object.id().to_string(), mixed))?;
    }
    Ok(objects)
}

/// The Namespace. Fluent Bit mounts folders of the node, which the Pod Security Standards below `privileged` forbid;
/// Talos enforces `baseline` where a namespace says nothing. Flux never deletes it, with all that is in it.
fn namespace(plan: &Plan) -> Object {
    let mut object = Object::new("v1", "Namespace", &plan.namespace)
        .with_label(STACK_LABEL, &plan.name)
        .with_label("app.kubernetes.io/instance", &plan.name)
        .with_label(MANAGED_BY_LABEL, MANAGED_BY)
        .with_annotation("kustomize.toolkit.fluxcd.io/prune", "disabled");
    for mode in ["enforce", "audit", "warn"] {
        object.set_label(&format!("pod-security.kubernetes.io/{mode}"), "privileged");
    }
    object
}
