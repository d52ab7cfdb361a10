//! Names that a kustomization must not change: others have them in URLs or in a chart's values, where kustomize does not
//! look for them.

use super::OPERATOR_GROUP;
use crate::fluent_bit::COMPONENT;
use crate::names::{COMPONENT_LABEL, MANAGED_BY, MANAGED_BY_LABEL, STACK_LABEL};
use krm_rs::{Items, Object, ResultItem, Results};

/// Kinds of the operator whose Services, `<kind>-<name>`, are in URLs of others. A VMAgent's is in none.
const WITH_A_SERVICE: [&str; 7] = [
    "VMSingle",
    "VMCluster",
    "VLSingle",
    "VLCluster",
    "VMAuth",
    "VMAlert",
    "VMAlertmanager",
];

/// Says which objects of the stack have another name than they are looked for by; whether there is none.
pub(super) fn check(stack: &str, items: &Items, results: &mut Results) -> bool {
    let mut right = true;
    for object in items.deployable() {
        let is_ours = object.label(STACK_LABEL) == Some(stack)
            && object.label(MANAGED_BY_LABEL) == Some(MANAGED_BY);
        let Some((expected, found_in, instead)) = expected(object, stack).filter(|_| is_ours)
        else {
            continue;
        };
        if object.name() == expected {
            continue;
        }
        right = false;
        let error = ResultItem::error(
            format!(
                "found {:?}, expected {expected}: {found_in}, which no kustomization changes with it",
                object.name()
            ),
            format!(
                "take namePrefix, nameSuffix or the patch of the name out of the kustomization; {instead}"
            ),
        );
        results.push(error.on(object).at("metadata.name"));
    }
    right
}

/// The name that others know an object by, where they have it, and what to do for another one.
fn expected<'a>(object: &Object, stack: &'a str) -> Option<(&'a str, String, &'static str)> {
    match (object.group(), object.kind()) {
        (OPERATOR_GROUP, kind) if WITH_A_SERVICE.contains(&kind) => {
            let service = format!("{}-{stack}", kind.to_lowercase());
            let found_in = format!("URLs within the stack name the Service {service}");
            let instead = "for another one, change the ObservabilityStack's own metadata.name";
            Some((stack, found_in, instead))
        }
        ("helm.toolkit.fluxcd.io", "HelmRelease")
            if object.label(COMPONENT_LABEL) == Some(COMPONENT.name) =>
        {
            let found_in = "the chart's values name ConfigMaps and the ServiceAccount".to_owned();
            let instead =
                "or take logs.install: chart away, for in a DaemonSet kustomize knows them";
            Some((COMPONENT.name, found_in, instead))
        }
        _ => None,
    }
}
