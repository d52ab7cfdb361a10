//! A container's requests and limits.

use crate::profile;
use crate::spec::Resources;
use krm_rs::{Path, Value, json};
use leafpack_fn_common::check::{Check, is_dns_subdomain, is_label_value};
use leafpack_fn_common::quantity::Quantity;
use std::collections::BTreeMap;

/// A container's resources, as they are generated: names and quantities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContainerResources {
    /// What is set aside.
    pub(crate) requests: BTreeMap<String, String>,
    /// What is not exceeded.
    pub(crate) limits: BTreeMap<String, String>,
}

impl ContainerResources {
    /// The profile's.
    pub(crate) fn of(preset: &profile::Preset) -> Self {
        let owned = |preset: &[(&str, &str)]| {
            let pair = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
            preset.iter().map(pair).collect::<BTreeMap<_, _>>()
        };
        ContainerResources {
            requests: owned(preset.requests),
            limits: owned(preset.limits),
        }
    }

    /// As a container has them.
    pub(crate) fn value(&self) -> Value {
        json!({"requests": self.requests, "limits": self.limits})
    }

    /// The profile's, with what the user replaces.
    pub(crate) fn read(
        preset: &profile::Preset,
        given: &Resources,
        path: &str,
        check: &mut Check<'_>,
    ) -> Self {
        let mut resources = ContainerResources::of(preset);
        for (section, given, target) in [
            ("requests", &given.requests, &mut resources.requests),
            ("limits", &given.limits, &mut resources.limits),
        ] {
            let Some(given) = given else { continue };
            target.clear();
            for (name, text) in given {
                resource(&format!("{path}.{section}"), name, &text.0, check);
                target.insert(name.clone(), text.0.clone());
            }
        }
        for (name, request) in &resources.requests {
            let Some(limit) = resources.limits.get(name) else {
                continue;
            };
            let (Some(asked), Some(most)) = (Quantity::parse(request), Quantity::parse(limit))
            else {
                continue;
            };
            if asked > most {
                check.error(
                    &format!("{path}.requests.{name}"),
                    &format!("found {request}, expected at most the limit, {limit}"),
                    json!(limit),
                );
            }
        }
        resources
    }
}

/// What Kubernetes knows of by itself, beside huge pages.
const RESOURCES: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Checks one line of a container's resources; `section` is the path of its requests or limits.
fn resource(section: &str, name: &str, text: &str, check: &mut Check<'_>) {
    let is_size = |size: &str| Quantity::parse(size).is_some_and(|size| size.whole_bytes());
    // A device's or another's, by the domain of whoever brings it.
    let is_extended = name
        .split_once('/')
        .is_some_and(|(domain, name)| is_dns_subdomain(domain) && is_label_value(name));
    let is_known = RESOURCES.contains(&name)
        || is_extended
        || name.strip_prefix("hugepages-").is_some_and(is_size);
    if !is_known {
        let likely = if text.ends_with('m') { "cpu" } else { "memory" };
        check.error(
            section,
            &format!(
                "found the resource {name:?}, expected {}, hugepages-<size> or one with a domain, such as example.com/device",
                RESOURCES.join(", ")
            ),
            json!({likely: text}),
        );
        return;
    }
    let (expected, example) = match name {
        "cpu" => ("cores, such as 200m or 2", "100m"),
        _ if is_extended => ("a whole number", "1"),
        _ => ("whole bytes, such as 128Mi", "128Mi"),
    };
    let fits = |text: &str| {
        Quantity::parse(text).is_some_and(|quantity| name == "cpu" || quantity.whole_bytes())
    };
    let path = Path::parse(section).unwrap_or_default().key(name);
    check.literal(&path.to_string(), text, expected, fits, example);
}
