//! What `spec.logs.audit` means.

use crate::fluent_bit::settings::bytes;
use crate::spec::{Audit, Bodies, Filters, Logs, Shape};
use crate::tenants::{Tenant, Tenants};
use krm_rs::{Path, json};
use leafpack_fn_common::check::Check;
use std::collections::BTreeSet;

/// The audit log, checked.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The files.
    pub(crate) paths: Vec<String>,
    /// Whose records these are.
    pub(crate) tenant: Tenant,
    /// The longest event, in bytes.
    pub(crate) line_limit: u64,
    /// What is kept of a body, in bytes of its JSON text.
    pub(crate) body_size: u64,
    /// The filter's settings, checked.
    pub(crate) spec: Audit,
}

/// The tenant that audit records go to where none is named, if there is one of this name.
const TENANT: &str = "audit";

/// What the filter takes at most: rules, values of a condition, paths (filters/audit, `MAX_RULES` and others).
const MAX_RULES: usize = 32;
const MAX_VALUES: usize = 32;
const MAX_PATHS: usize = 16;

/// Fields of an audit record by which it may be dropped, as filters/audit has them in its settings.
const CONDITIONS: [&str; 27] = [
    "level",
    "stage",
    "audit_id",
    "verb",
    "user",
    "groups",
    "user_uid",
    "impersonated_user",
    "impersonated_groups",
    "impersonated_uid",
    "source_ips",
    "user_agent",
    "resource",
    "subresource",
    "namespace",
    "name",
    "api_group",
    "api_version",
    "object_uid",
    "resource_version",
    "uri",
    "code",
    "status",
    "reason",
    "message",
    "decision",
    "decision_reason",
];

impl Plan {
    /// Checks `spec.logs.audit`; `Some(None)` where it is not asked for, `None` after an error.
    pub(crate) fn read(
        logs: &Logs,
        tenants: &Tenants,
        check: &mut Check<'_>,
    ) -> Option<Option<Self>> {
        let audit = &logs.audit;
        // What is not used is checked all the same: it would be found wrong on the day that it is needed.
        let paths = paths(&audit.paths, check);
        let line_limit = bytes(
            "spec.logs.audit.lineLimit",
            &audit.line_limit,
            "a size from 2Mi to 64Mi: the API server does not limit its events",
            2 << 20..=64 << 20,
            "4Mi",
            check,
        );
        let body_size = bytes(
            "spec.logs.audit.bodySize",
            &audit.body_size,
            "a size of at most 1Mi",
            0..=1 << 20,
            "8Ki",
            check,
        );
        rules(audit, check);
        redact(audit, check);
        native(logs, check);
        let name = match audit.tenant.as_str() {
            "" if tenants.has(TENANT) => TENANT,
            "" => &logs.tenant,
            name => name,
        };
        // One that is missing has been told of where it was named.
        let tenant = if audit.tenant.is_empty() && !tenants.has(name) {
            None
        } else {
            tenants.get("spec.logs.audit.tenant", name, check)
        };
        let plan = Plan {
            paths: paths?,
            tenant: tenant?,
            line_limit: line_limit?,
            body_size: body_size?,
            spec: audit.clone(),
        };
        Some(audit.enabled.then_some(plan))
    }

    /// What the longest event takes of the memory while it is at work, in bytes: the buffer of the input, the record, its
    /// JSON, the filter's own memory (which it keeps), what comes out. With bodies of short fields, and so many quotes,
    /// 3.2.2, 4.1.1 and 5.1.1 took from 11 to 13 times the line beside what they take anyway.
    pub(crate) fn memory(&self) -> u64 {
        14 * self.line_limit
    }

    /// How many bytes an event may take behind the filter, beside what any other line may: those of the two bodies.
    pub(crate) fn kept(&self) -> u64 {
        match self.spec.bodies {
            Bodies::Drop => 0,
            // As JSON in a JSON string: each quote takes two bytes.
            Bodies::String => 4 * self.body_size,
        }
    }
}

/// Whole paths below the one folder that is mounted.
fn paths(given: &[String], check: &mut Check<'_>) -> Option<Vec<String>> {
    let folder = format!("{}/", super::paths::LOGS);
    let mut right = Vec::new();
    if given.is_empty() {
        check.error(
            "spec.logs.audit.paths",
            "found none, expected where the API server writes its audit log",
            json!(Audit::default().paths),
        );
    }
    for (index, text) in given.iter().enumerate() {
        let is_char = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
        let fits = text.starts_with(&folder)
            && text.chars().all(is_char)
            && text
                .split('/')
                .skip(1)
                .all(|part| !matches!(part, "" | "." | ".."))
            && !text.starts_with(super::paths::CONTAINERS);
        check.literal(
            &format!("spec.logs.audit.paths[{index}]"),
            text,
            "the path of one file below /var/log; a pattern would take rotated files too, and send them twice",
            |_| fits,
            "/var/log/audit/kube/kube-apiserver.log",
        );
        if fits {
            right.push(text.clone());
        }
    }
    (!given.is_empty() && right.len() == given.len()).then_some(right)
}

fn rules(audit: &Audit, check: &mut Check<'_>) {
    let path = "spec.logs.audit.drop";
    let known: BTreeSet<&str> = CONDITIONS.into();
    let example =
        json!([{"user": "system:serviceaccount:monitoring:*", "verb": ["get", "list", "watch"]}]);
    if audit.drop.len() > MAX_RULES {
        check.error(
            path,
            &format!(
                "found {} rules, expected at most {MAX_RULES}",
                audit.drop.len()
            ),
            example.clone(),
        );
    }
    for (index, rule) in audit.drop.iter().enumerate() {
        let path = Path::root()
            .key("spec")
            .key("logs")
            .key("audit")
            .key("drop");
        let path = path.index(index);
        if rule.is_empty() {
            check.error(
                &path.to_string(),
                "found no condition, expected at least one: such a rule would drop everything",
                example[0].clone(),
            );
        }
        for (field, values) in rule {
            let path = path.clone().key(field).to_string();
            if !known.contains(field.as_str()) {
                check.error(
                    &path,
                    &format!(
                        "expected a field of audit records: {}",
                        CONDITIONS.join(", ")
                    ),
                    example[0].clone(),
                );
                continue;
            }
            if !(1..=MAX_VALUES).contains(&values.0.len()) {
                check.error(
                    &path,
                    &format!(
                        "found {} values, expected from 1 to {MAX_VALUES}",
                        values.0.len()
                    ),
                    json!(["get", "list", "watch"]),
                );
            }
            for value in &values.0 {
                check.literal(
                    &path,
                    value,
                    "a value, or how it begins and *",
                    |_| true,
                    "get",
                );
            }
        }
    }
}

fn redact(audit: &Audit, check: &mut Check<'_>) {
    let path = "spec.logs.audit.redact";
    if audit.redact.len() > MAX_PATHS {
        check.error(
            path,
            &format!(
                "found {} paths, expected at most {MAX_PATHS}",
                audit.redact.len()
            ),
            json!(["requestObject.spec.password"]),
        );
    }
    for (index, text) in audit.redact.iter().enumerate() {
        let is_char = |c: char| (' '..='~').contains(&c) && !"\"\\".contains(c);
        check.literal(
            &format!("{path}[{index}]"),
            text,
            "keys with dots between them, in plain ASCII; * for any one key",
            |text| !text.is_empty() && text.chars().all(is_char) && text != "leafpack_error",
            "requestObject.spec.password",
        );
    }
    if audit.redact_config_maps && !audit.redaction {
        check.error(
            "spec.logs.audit.redactConfigMaps",
            "found true, expected spec.logs.audit.redaction with it",
            json!(false),
        );
    }
}

/// What stock filters cannot do.
fn native(logs: &Logs, check: &mut Check<'_>) {
    let audit = &logs.audit;
    if logs.filters != Filters::Native || !audit.enabled {
        return;
    }
    let own = Audit::default();
    for (name, is_own, fix) in [
        ("noise", !audit.noise, json!(false)),
        ("drop", audit.drop.is_empty(), json!([])),
        ("bodies", audit.bodies == own.bodies, json!("drop")),
        ("shape", audit.shape == Shape::Flat, json!("flat")),
        ("redact", audit.redact.is_empty(), json!([])),
        ("redactConfigMaps", !audit.redact_config_maps, json!(false)),
    ] {
        if !is_own {
            check.error(
                &format!("spec.logs.audit.{name}"),
                "found a setting of the filter audit, expected spec.logs.filters wasm with it: none of Fluent Bit's own filters can do that",
                fix,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The filter's own schema has the same conditions, in the same order.
    #[test]
    fn conditions_are_those_of_the_filter() {
        let schema = include_str!("../../../../../filters/audit/settings.schema.json");
        let schema = krm_rs::yaml::load_one(schema.as_bytes()).expect("JSON");
        let drop = &schema["properties"]["drop"];
        assert_eq!(drop["items"]["propertyNames"]["enum"], json!(CONDITIONS));
        assert_eq!(drop["maxItems"], json!(MAX_RULES));
        let any = &drop["items"]["additionalProperties"]["anyOf"][1];
        assert_eq!(any["maxItems"], json!(MAX_VALUES));
        assert_eq!(schema["properties"]["redact"]["maxItems"], json!(MAX_PATHS));
        assert_eq!(schema["properties"]["body_size"]["maximum"], json!(1 << 20));
    }
}
