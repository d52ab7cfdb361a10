//! Names, labels and selectors, each in one place: whoever refers to an object asks here.

use crate::plan::Plan;
use krm_rs::{Map, Object, Value, json};

/// The label that tells which stack an object belongs to, by the ObservabilityStack's own name.
///
/// Selectors are made of this and [`COMPONENT_LABEL`], and of no `app.kubernetes.io/…`: those are what kustomize's
/// `labels:` and Flux's `commonMetadata` are used to set, and they set them on objects without a word to the selectors
/// of custom resources.
pub(crate) const STACK_LABEL: &str = "leafpack.dev/stack";

/// The label that tells which part of the stack an object belongs to, by [`Component::name`].
pub(crate) const COMPONENT_LABEL: &str = "leafpack.dev/component";

/// The value of `app.kubernetes.io/managed-by` on everything that is generated.
pub(crate) const MANAGED_BY: &str = "leafpack";

/// The label by which [`MANAGED_BY`] is told.
pub(crate) const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";

/// The label that every namespace has with its own name (Kubernetes 1.21 on).
pub(crate) const NAMESPACE_LABEL: &str = "kubernetes.io/metadata.name";

/// A workload with what belongs to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Component {
    /// Its name, and what the names of its objects begin with.
    pub(crate) name: &'static str,
    /// What it is for: `app.kubernetes.io/component`.
    pub(crate) component: &'static str,
}

impl Component {
    /// Labels that tell this component's pods from all others; they cannot be changed later.
    pub(crate) fn selector(&self, plan: &Plan) -> Map<String, Value> {
        let mut labels = Map::new();
        labels.insert(STACK_LABEL.into(), json!(plan.name));
        labels.insert(COMPONENT_LABEL.into(), json!(self.name));
        labels
    }

    /// All labels of the component's objects. Those that the selector does not have are for people and dashboards.
    pub(crate) fn labels(&self, plan: &Plan) -> Map<String, Value> {
        let mut labels = self.selector(plan);
        labels.insert("app.kubernetes.io/name".into(), json!(self.name));
        labels.insert("app.kubernetes.io/instance".into(), json!(plan.name));
        labels.insert("app.kubernetes.io/component".into(), json!(self.component));
        labels.insert(MANAGED_BY_LABEL.into(), json!(MANAGED_BY));
        labels
    }

    /// `<name>-<suffix>`, for an object beside the component's main ones.
    pub(crate) fn named(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.name)
    }

    /// The name of the component's objects that belong to no namespace.
    pub(crate) fn cluster_wide(&self, plan: &Plan) -> String {
        format!("{}-{}", plan.namespace, self.name)
    }

    /// A new object of the component in the stack's namespace.
    pub(crate) fn object(&self, plan: &Plan, api_version: &str, kind: &str, name: &str) -> Object {
        self.labelled(
            plan,
            Object::new(api_version, kind, name).with_namespace(&plan.namespace),
        )
    }

    /// A new object of the component that belongs to no namespace.
    pub(crate) fn cluster_object(&self, plan: &Plan, api_version: &str, kind: &str) -> Object {
        self.labelled(
            plan,
            Object::new(api_version, kind, &self.cluster_wide(plan)),
        )
    }

    fn labelled(&self, plan: &Plan, mut object: Object) -> Object {
        for (key, value) in self.labels(plan) {
            object.set_label(&key, value.as_str().unwrap_or_default());
        }
        object
    }
}
