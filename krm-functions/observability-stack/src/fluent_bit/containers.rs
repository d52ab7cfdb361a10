//! Container logs: the input, and the filters behind it.

use super::config::{Config, Kind};
use super::output::Target;
use super::pipeline::{self, on};
use super::settings::{Join, file_pattern};
use super::{filter, native, paths, routes};
use crate::plan::Plan;

/// Tags begin with it; the rest is the file's path with dots for slashes.
pub(super) const TAG_PREFIX: &str = "kube.";

/// [`paths::CONTAINERS`] in a tag; what follows is `<pod>_<namespace>_…`.
pub(super) const TAG_FOLDER: &str = "var.log.containers.";

/// Fields by which VictoriaLogs groups records into streams: few, and steady for the life of a container.
const STREAM_FIELDS: [&str; 5] = [
    "cluster",
    "k8s_namespace_name",
    "k8s_pod_name",
    "k8s_container_name",
    "stream",
];

/// How often the filter `kubernetes` looks up the API server's name at the start, and how many seconds apart. Fluent Bit's
/// own 6 times 30 s are longer than any probe should wait: while DNS is away the pod would be killed and started anew
/// for ever, instead of collecting with the names from the tag.
const DNS_RETRIES: u32 = 2;
const DNS_WAIT_SECONDS: u32 = 3;

/// Seconds for which a rotated file is read on. While the tail stands still it may be rotated before it was read.
const ROTATE_WAIT_SECONDS: u32 = 300;

/// All tags of container logs.
pub(super) fn tags() -> String {
    format!("{TAG_PREFIX}*")
}

/// The `tail` input.
pub(super) fn input(plan: &Plan, config: &mut Config) {
    let logs = &plan.logs;
    let mut exclude = logs.exclude.clone();
    if !logs.own_logs {
        exclude.insert(0, file_pattern("*", "*", logs.container()));
    }
    let comment = format!(
        "{}\n\
        A full buffer stops the reading, it drops nothing; the node's files then hold what is to come.",
        match logs.join {
            Join::Host => "Lines that the runtime cut are joined here.",
            Join::Mark if logs.is_native() => "Pieces of a line that the runtime cut are records.",
            Join::Mark | Join::Filter =>
                "No parser: the filter container_logs reads the whole line.",
        }
    );
    let section = config.section(Kind::Input, &comment);
    section
        .set("Name", "tail")
        .set("Alias", "containers")
        .set("Tag", tags())
        .set("Path", format_args!("{}/*.log", paths::CONTAINERS));
    if !exclude.is_empty() {
        section.set("Exclude_Path", exclude.join(","));
    }
    if logs.join == Join::Host {
        section.set("multiline.parser", "cri");
    } else if logs.is_native() {
        section.set("Parser", native::CRI_PARSER);
    }
    if logs.is_native() {
        section.set("Path_Key", native::PATH_FIELD);
    }
    section
        .set("Key", "log")
        .set("Read_from_Head", "On")
        .set("Refresh_Interval", 10)
        .set("Rotate_Wait", ROTATE_WAIT_SECONDS)
        .set("DB", format_args!("{}/tail.db", paths::STATE))
        .set("DB.Sync", "normal")
        .set("DB.Locking", "On")
        .set("Buffer_Chunk_Size", logs.read)
        .set("Buffer_Max_Size", pipeline::buffer(logs.line_limit))
        // Without it a line that is too long ends the reading of its file for good.
        .set("Skip_Long_Lines", "On")
        .set("storage.type", "filesystem")
        .set("storage.pause_on_chunks_overlimit", "On");
}

/// The filters.
pub(super) fn filters(plan: &Plan, config: &mut Config) {
    let every = tags();
    if plan.logs.kubernetes {
        let section = config.section(
            Kind::Filter,
            "What the API server knows of the pod. The HTTP server starts only when the wait for DNS is over.",
        );
        section
            .set("Name", "kubernetes")
            .set("Match", &every)
            .set("Kube_Tag_Prefix", format_args!("{TAG_PREFIX}{TAG_FOLDER}"))
            .set("DNS_Retries", DNS_RETRIES)
            .set("DNS_Wait_Time", DNS_WAIT_SECONDS)
            .set("Buffer_Size", 0);
        match native::merge_key(plan) {
            Some(key) => section
                .set("Merge_Log", "On")
                .set("Merge_Log_Key", key)
                .set("Keep_Log", "On"),
            None => section.set("Merge_Log", "Off"),
        }
        .set("Labels", "On")
        .set("Annotations", "Off")
        .set("K8S-Logging.Parser", "Off")
        .set("K8S-Logging.Exclude", on(plan.logs.pod_exclude));
    }
    if plan.logs.is_native() {
        native::filters(plan, config);
    } else if !plan.logs.filters_at_output {
        config.push(filter::section(plan, Some(&every)));
    }
}

/// Where the records go: those of no route first.
pub(super) fn targets(plan: &Plan) -> Vec<Target<'_>> {
    let logs = &plan.logs;
    let filter = || logs.filters_at_output.then(|| filter::section(plan, None));
    let mut targets = vec![Target {
        alias: "hub".to_owned(),
        comment: "VictoriaLogs takes one JSON object a line, and refuses a list for good.",
        matching: routes::default(&logs.routes),
        tenant: &logs.tenant,
        stream_fields: &STREAM_FIELDS,
        limit: None,
        filter: filter(),
    }];
    let routes = logs.routes.iter().enumerate();
    targets.extend(routes.map(|(index, route)| Target {
        alias: format!("hub-{}", route.tenant.name),
        comment: "By the namespace in the name of the log file, which is the tag.",
        matching: routes::matching(&logs.routes, index),
        tenant: &route.tenant,
        stream_fields: &STREAM_FIELDS,
        limit: None,
        filter: filter(),
    }));
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_the_path() {
        let folder = paths::CONTAINERS.trim_start_matches('/').replace('/', ".");
        assert_eq!(TAG_FOLDER, format!("{folder}."));
    }
}
