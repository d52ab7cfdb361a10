//! Flux's Kustomizations, of group `kustomize.toolkit.fluxcd.io`.

use super::{FLUX, PART_LABEL, health};
use crate::names::{MANAGED_BY, MANAGED_BY_LABEL, STACK_LABEL};
use crate::spec::{Flux, Part, SourceKind, SubstituteFrom, SubstituteKind};
use krm_rs::{Object, Value, json};
use leafpack_fn_common::check::{Check, is_dns_label, is_dns_subdomain};

/// `spec.flux`, checked.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    source: Value,
    /// Without a slash at its end.
    path: String,
    namespace: String,
    interval: String,
    retry_interval: String,
    timeout: String,
    depends_on: Vec<String>,
    pub(crate) substitute_from: Vec<Value>,
}

const A_NAME: &str = "a name of lower-case letters, digits, '-' and '.'";
const A_NAMESPACE: &str = "a namespace: lower-case letters, digits and '-', at most 63 characters";

impl Plan {
    /// Checks `spec.flux` and says everything that is wrong with it. What comes back holds only where nothing was.
    pub(crate) fn read(flux: &Flux, check: &mut Check<'_>) -> Option<Plan> {
        let source = &flux.source;
        let name = |check: &mut Check<'_>, path: &str, value: &str, example: &str| {
            check.literal(path, value, A_NAME, is_dns_subdomain, example);
        };
        name(check, "spec.flux.source.name", &source.name, "flux-system");
        for (path, value) in [
            ("spec.flux.namespace", &flux.namespace),
            ("spec.flux.source.namespace", &source.namespace),
        ] {
            if path != "spec.flux.source.namespace" || !value.is_empty() {
                check.literal(path, value, A_NAMESPACE, is_dns_label, "flux-system");
            }
        }
        for (path, value, example) in [
            ("spec.flux.interval", &flux.interval, "10m"),
            ("spec.flux.retryInterval", &flux.retry_interval, "1m"),
            ("spec.flux.timeout", &flux.timeout, "10m"),
        ] {
            let expected = "a duration such as 30s, 10m or 1h30m";
            check.literal(path, value, expected, is_duration, example);
        }
        for (index, value) in flux.depends_on.iter().enumerate() {
            let path = format!("spec.flux.dependsOn[{index}]");
            name(check, &path, value, "infrastructure");
        }
        for (index, from) in flux.substitute_from.iter().enumerate() {
            let path = format!("spec.flux.substituteFrom[{index}].name");
            name(check, &path, &from.name, "cluster-settings");
        }
        let folder = folder(&flux.path);
        let expected =
            "a folder in the source, relative to its root, such as ./clusters/apps/observability";
        check.literal(
            "spec.flux.path",
            &flux.path,
            expected,
            |_| folder.is_some(),
            "./clusters/apps/observability",
        );
        let mut reference = json!({"kind": source_kind(source.kind), "name": source.name});
        if !source.namespace.is_empty() {
            reference["namespace"] = json!(source.namespace);
        }
        Some(Plan {
            source: reference,
            path: folder?,
            namespace: flux.namespace.clone(),
            interval: flux.interval.clone(),
            retry_interval: flux.retry_interval.clone(),
            timeout: flux.timeout.clone(),
            depends_on: flux.depends_on.clone(),
            substitute_from: flux.substitute_from.iter().map(substitute_from).collect(),
        })
    }
}

fn source_kind(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::GitRepository => "GitRepository",
        SourceKind::OciRepository => "OCIRepository",
    }
}

fn substitute_from(from: &SubstituteFrom) -> Value {
    let kind = match from.kind {
        SubstituteKind::ConfigMap => "ConfigMap",
        SubstituteKind::Secret => "Secret",
    };
    let mut value = json!({"kind": kind, "name": from.name});
    if from.optional {
        value["optional"] = json!(true);
    }
    value
}

/// A path in a source as Flux has it, `./…`, without a slash at its end; `None` where it leads out of the source.
fn folder(path: &str) -> Option<String> {
    if path.is_empty() || path.starts_with('/') || path.chars().any(char::is_control) {
        return None;
    }
    let mut folder = ".".to_owned();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => return None,
            name => {
                folder.push('/');
                folder.push_str(name);
            }
        }
    }
    Some(folder)
}

/// What the schema of a Kustomization takes for a duration: `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`. And no time at all is
/// none.
fn is_duration(text: &str) -> bool {
    let mut rest = text;
    let mut some = false;
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_ascii_alphabetic());
        let (number, tail) = rest.split_at(end.unwrap_or(rest.len()));
        let Some(tail) = ["ms", "s", "m", "h"]
            .iter()
            .find_map(|unit| tail.strip_prefix(unit))
        else {
            return false;
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let is_number =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return false;
        }
        some |= number.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
        rest = tail;
    }
    some
}

/// Flux labels what it applies with the name of the Kustomization, and a label has 63 characters at most.
const MAX_NAME: usize = 63;

/// The Kustomization of a part.
fn name(stack: &str, part: Part) -> String {
    format!("{stack}-observability-{}", part.name())
}

/// Whether the names that are made of the stack's are names.
pub(super) fn check_name(stack: &str, check: &mut Check<'_>) {
    let room = MAX_NAME - name("", Part::Namespace).len();
    check.literal(
        "metadata.name",
        stack,
        &format!(
            "a name of lower-case letters, digits and '-', of at most {room} characters: those of the Flux Kustomizations begin with it"
        ),
        |name| is_dns_label(name) && name.len() <= room,
        "apps",
    );
}

/// A Kustomization for each part, which waits for the one before.
pub(super) fn kustomizations(
    plan: &Plan,
    stack: &str,
    parts: &[(Part, Vec<&Object>)],
) -> Vec<Object> {
    let mut before = plan.depends_on.clone();
    let mut made = Vec::new();
    for (part, objects) in parts {
        let name = name(stack, *part);
        let object = Object::new("kustomize.toolkit.fluxcd.io/v1", "Kustomization", &name)
            .with_namespace(&plan.namespace)
            .with_label(STACK_LABEL, stack)
            .with_label(MANAGED_BY_LABEL, MANAGED_BY)
            .with_label(PART_LABEL, FLUX)
            .with("spec", spec(plan, *part, &before, objects));
        made.push(object);
        before = vec![name];
    }
    made
}

fn spec(plan: &Plan, part: Part, before: &[String], objects: &[&Object]) -> Value {
    let mut spec = json!({
        "interval": plan.interval,
        "retryInterval": plan.retry_interval,
        "timeout": plan.timeout,
        "sourceRef": plan.source,
        "path": format!("{}/{}", plan.path, part.name()),
        // A namespace takes everything with it that is in it.
        "prune": part != Part::Namespace,
        "wait": false,
    });
    let mut set = |field: &str, values: Vec<Value>| {
        if !values.is_empty() {
            spec[field] = json!(values);
        }
    };
    let depends_on = before.iter().map(|name| json!({"name": name}));
    set("dependsOn", depends_on.collect());
    set("healthChecks", health::checks(objects));
    set("healthCheckExprs", health::expressions(objects));
    if !plan.substitute_from.is_empty() {
        spec["postBuild"] = json!({"substituteFrom": plan.substitute_from});
    }
    spec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_the_schema() {
        for text in ["30s", "10m", "1h30m", "1.5h", "500ms", "1m0s"] {
            assert!(is_duration(text), "{text}");
        }
        for text in [
            "", "30", "s", "1d", "-1s", "+1s", "1 s", "1.s", ".5s", "0s", "1.2.3s", "${A}",
        ] {
            assert!(!is_duration(text), "{text}");
        }
    }

    #[test]
    fn folders_stay_in_the_source() {
        for (path, expected) in [
            ("./", Some(".")),
            (".", Some(".")),
            ("./a/b/", Some("./a/b")),
            ("a//b", Some("./a/b")),
            ("", None),
            ("/a", None),
            ("../a", None),
            ("a/../../b", None),
            ("a\nb", None),
        ] {
            assert_eq!(folder(path).as_deref(), expected, "{path:?}");
        }
    }
}
