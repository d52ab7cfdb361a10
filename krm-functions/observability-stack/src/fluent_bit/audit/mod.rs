//! The API server's audit log: an input and a filter of its own.

mod plan;

pub(crate) use plan::Plan;

use super::config::{Config, Kind, Section};
use super::output::{Matching, Target};
use super::{filter, paths, pipeline};
use crate::spec::{AuditTime, Bodies, Shape};
use krm_rs::{Value, json};
use leafpack_fn_common::files::json_file;
use leafpack_fn_common::modules::Filter;

/// Tags of audit records begin with it; the rest is the file's path with dots for slashes.
pub(super) const TAGS: &str = "audit.*";

/// What the records say of their kind.
pub(super) const LOG_TYPE: &str = "audit";

/// Fields by which VictoriaLogs groups the records into streams. What an event says (who, what, where) is no such field:
/// there would be a stream for each combination.
const STREAM_FIELDS: [&str; 3] = ["cluster", "log_type", super::NODE_FIELD];

/// What is read of the file at a time, in bytes. A longer event makes the buffer grow in steps of this.
const READ: u64 = 131_072;

/// Seconds for which a rotated file is read on. The API server deletes those that are too many, and Fluent Bit lets go of
/// them then; so it may be long, and whatever the node still has is sent after an outage of hours.
const ROTATE_WAIT_SECONDS: u32 = 21_600;

/// The `tail` input.
pub(super) fn input(plan: &crate::plan::Plan, audit: &Plan, config: &mut Config) {
    let comment = "The API server's audit log, on the nodes that have one. Events may be long, and lines are not looked at.\n\
        A file that is rotated keeps its place; a pattern that takes its new name as well would send all of it twice.";
    let section = config.section(Kind::Input, comment);
    section
        .set("Name", "tail")
        .set("Alias", "audit")
        .set("Tag", TAGS)
        .set("Path", audit.paths.join(","));
    if plan.logs.is_native() {
        section.set("Parser", super::native::AUDIT_PARSER);
    }
    section
        .set("Key", "log")
        .set("Read_from_Head", "On")
        .set("Refresh_Interval", 10)
        .set("Rotate_Wait", ROTATE_WAIT_SECONDS)
        .set("DB", format_args!("{}/audit.db", paths::STATE))
        .set("DB.Sync", "normal")
        .set("DB.Locking", "On")
        .set("Buffer_Chunk_Size", READ.min(audit.line_limit))
        .set("Buffer_Max_Size", pipeline::buffer(audit.line_limit))
        .set("Skip_Long_Lines", "On")
        .set("storage.type", "filesystem")
        .set("storage.pause_on_chunks_overlimit", "On");
}

/// The filter `audit`, for these tags; without any for an output's.
pub(super) fn filter(tags: Option<&str>) -> Section {
    let comment = format!(
        "Flat, steady fields and a sentence for each event, without secrets: see {}.",
        Filter::Audit.settings_file()
    );
    let function = Filter::Audit.function();
    filter::wasm(Filter::Audit, function, "json", tags, &comment)
}

/// Where the records go.
pub(super) fn target(plan: &crate::plan::Plan) -> Option<Target<'_>> {
    let audit = plan.logs.audit.as_ref()?;
    Some(Target {
        alias: "hub-audit-log".to_owned(),
        comment: "The API server's audit log.",
        matching: Matching::Tags(TAGS.to_owned()),
        tenant: &audit.tenant,
        stream_fields: &STREAM_FIELDS,
        limit: None,
        filter: plan.logs.filters_at_output.then(|| filter(None)),
    })
}

/// `audit.json`.
pub(super) fn settings(plan: &crate::plan::Plan, audit: &Plan) -> String {
    let spec = &audit.spec;
    let mut lines: Vec<(&str, Value)> = vec![("cluster", json!(plan.cluster))];
    if let Some(environment) = &plan.environment {
        lines.push(("environment", json!(environment)));
    }
    let time = match spec.time {
        AuditTime::StageTimestamp => "stageTimestamp",
        AuditTime::RequestReceivedTimestamp => "requestReceivedTimestamp",
    };
    let shape = match spec.shape {
        Shape::Flat => "flat",
        Shape::Object => "object",
        Shape::String => "string",
    };
    let bodies = match spec.bodies {
        Bodies::Drop => "drop",
        Bodies::String => "string",
    };
    lines.extend([
        ("tenant", json!(audit.tenant.name)),
        ("input", json!("log")),
        ("time", json!(time)),
        ("shape", json!(shape)),
        ("bodies", json!(bodies)),
        ("body_size", json!(audit.body_size)),
        ("redaction", json!(spec.redaction)),
        ("redact_configmaps", json!(spec.redact_config_maps)),
        ("redact", json!(spec.redact)),
        ("noise", json!(spec.noise)),
        ("drop", drop_rules(&audit.spec.drop)),
    ]);
    json_file(&lines)
}

fn drop_rules(rules: &[std::collections::BTreeMap<String, crate::spec::Values>]) -> Value {
    let rules = rules.iter().map(|rule| {
        let conditions = rule.iter().map(|(field, values)| {
            let value = match &values.0[..] {
                [one] => json!(one),
                some => json!(some),
            };
            (field.clone(), value)
        });
        Value::Object(conditions.collect())
    });
    Value::Array(rules.collect())
}
