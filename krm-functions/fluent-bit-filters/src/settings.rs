//! The filters' settings files: what follows from the spec, and what the user says besides.

use crate::plan::{Entry, Plan};
use crate::schema;
use crate::spec::{Entry as SpecEntry, FilterName, Format};
use krm_rs::{Map, Value, json};
use leafpack_fn_common::check::Check;
use leafpack_fn_common::files::json_file;
use leafpack_fn_common::flux;

/// Where lines that the runtime cut are joined, as `container-logs` spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// Nowhere: each fragment is marked.
    Mark,
    /// In the filter.
    Filter,
    /// In the input, by Fluent Bit's own `multiline.parser`.
    Host,
}

/// What of the `kubernetes` map stays out with msgpack, in which a record holds 15 fields at most: those beyond would
/// become one text, and the last are cluster and tenant.
const DROPPED_FROM_MSGPACK: [&str; 3] = ["container_hash", "docker_id", "pod_ip"];

/// Checks the settings that a user gives a filter: an unknown key would be passed over, and a wrong value would make the
/// filter fall back to its defaults.
pub(crate) fn check(path: &str, entry: &SpecEntry, check: &mut Check<'_>) {
    let schema = schema::of(entry.filter);
    schema.check(path, &Value::Object(entry.settings.clone()), check);
    let document = Value::Object(entry.settings.clone());
    for (place, value) in krm_rs::leaves(&document) {
        let Some(text) = value.as_str().filter(|text| flux::has_dollars(text)) else {
            continue;
        };
        check.carried(
            &format!("{path}.{place}"),
            text,
            "text without quotes and backslashes",
            |text| !text.contains(['"', '\\']),
            "${NAME}",
        );
    }
}

/// The settings file of an entry. Values may hold Flux expressions, which stand inside of JSON strings.
pub(crate) fn text(plan: &Plan, entry: &Entry, join: Join) -> String {
    let mut settings = derived(plan, entry, join);
    merge(&mut settings, &entry.settings);
    let lines: Vec<(&str, Value)> = settings
        .iter()
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    json_file(&lines)
}

fn derived(plan: &Plan, entry: &Entry, join: Join) -> Map<String, Value> {
    let mut settings = Map::new();
    let mut set = |key: &str, value: Value| {
        settings.insert(key.to_owned(), value);
    };
    if entry.filter != FilterName::Cri {
        set("cluster", json!(plan.cluster));
        if let Some(environment) = &plan.environment {
            set("environment", json!(environment));
        }
        if let Some(tenant) = tenant(plan, entry.filter) {
            set("tenant", tenant);
        }
    }
    if matches!(entry.filter, FilterName::ContainerLogs | FilterName::Cri) {
        // Where the API server does not know the pod, or no filter asks it.
        set("from_tag", json!(true));
    }
    if entry.filter == FilterName::ContainerLogs {
        let join = match join {
            Join::Mark => "mark",
            Join::Filter => "filter",
            Join::Host => "host",
        };
        set("join", json!(join));
        if entry.format == Format::Msgpack {
            // The fields of a message could push out cluster and tenant.
            set("json_body", json!({"merge": false}));
        }
    }
    if entry.format == Format::Msgpack && entry.filter != FilterName::Cri {
        set("kubernetes", json!({"drop": DROPPED_FROM_MSGPACK}));
    }
    settings
}

/// The setting `tenant`, which is one name for audit events: they have no namespace that logs belong to.
fn tenant(plan: &Plan, filter: FilterName) -> Option<Value> {
    let tenant = &plan.tenant;
    if filter == FilterName::Audit {
        return tenant.default.as_ref().map(|name| json!(name));
    }
    let mut value = Map::new();
    if let Some(name) = &tenant.default {
        value.insert("default".to_owned(), json!(name));
    }
    if !tenant.namespaces.is_empty() {
        value.insert("namespaces".to_owned(), json!(tenant.namespaces));
    }
    if let Some(label) = &tenant.label {
        value.insert("label".to_owned(), json!(label));
    }
    (!value.is_empty()).then_some(Value::Object(value))
}

/// Puts values over others; objects are merged field by field.
fn merge(into: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (into.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (Some(old), _) => *old = value.clone(),
            (None, _) => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}
