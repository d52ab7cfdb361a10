//! Names and labels, each in one place.

use krm_rs::{Object, ObjectId};

/// The label of everything that an ObservabilityStack makes.
pub(crate) const STACK_LABEL: &str = "leafpack.dev/stack";

/// The label that tells which FluentBitFilters made an object, by its own name.
pub(crate) const OWNER_LABEL: &str = "leafpack.dev/fluent-bit-filters";

/// The value of `app.kubernetes.io/managed-by` on everything that is generated.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "leafpack");

/// The volume of the modules, and the end of their ConfigMap's name.
pub(crate) const MODULES: &str = "leafpack-filters";

/// The volume of the settings, and the end of their ConfigMap's name.
pub(crate) const SETTINGS: &str = "leafpack-filter-settings";

/// The name of a ConfigMap that belongs to a workload.
pub(crate) fn config_map(workload: &ObjectId, what: &str) -> String {
    format!("{}-{what}", workload.name)
}

/// A new object of this function's; without a namespace where that is empty.
pub(crate) fn object(owner: &str, kind: (&str, &str), name: &str, namespace: &str) -> Object {
    let mut object = Object::new(kind.0, kind.1, name);
    if !namespace.is_empty() {
        object.set_namespace(namespace);
    }
    object
        .with_label(OWNER_LABEL, owner)
        .with_label(MANAGED_BY.0, MANAGED_BY.1)
}
