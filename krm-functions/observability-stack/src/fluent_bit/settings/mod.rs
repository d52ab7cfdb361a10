//! What `spec.logs` means for Fluent Bit.

mod files;
mod version;

pub(crate) use files::file_pattern;
pub(crate) use version::version;

use super::{CONTAINER, audit, chart, native, routes, talos};
use crate::image::{self, Image};
use crate::operator;
use crate::profile;
use crate::resources::ContainerResources;
use crate::spec::{self, Filters, Format, JsonBody, Logs, LogsInstall, Spec};
use crate::tenants::{Tenant, Tenants};
use krm_rs::json;
use leafpack_fn_common::check::{Check, is_dns_subdomain};
use leafpack_fn_common::modules::{Filter, INSTANCES_LAST};
use leafpack_fn_common::quantity::Quantity;
use version::{READ, READ_AND_LOAD, release};

/// Fluent Bit closes a chunk of its buffer at this size, in bytes (`FLB_INPUT_CHUNK_FS_MAX_SIZE`).
pub(super) const CHUNK: u64 = 2_048_000;

/// Fluent Bit's own image.
const IMAGE: image::Default = image::Default {
    registry: "",
    repository: "fluent/fluent-bit",
    tag: "5.1.1",
};

/// What `spec.logs` means.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Whose records these are.
    pub(crate) tenant: Tenant,
    /// Whose records go to other tenants.
    pub(crate) routes: Vec<routes::Route>,
    /// The API server's audit log, where it is asked for.
    pub(crate) audit: Option<audit::Plan>,
    /// Talos' own logs, where they are asked for.
    pub(crate) talos: Option<talos::Plan>,
    /// Whose filters do the work.
    pub(crate) filters: Filters,
    /// How the pipeline is written.
    pub(crate) syntax: Syntax,
    /// Whether the filters run as processors of the outputs, once for each chunk that is sent. Where a module is loaded anew
    /// for each call, every read of a file would load it else, for a line or two: 500 lines a second of 50 files took a
    /// whole processor of 3.2.2, and a fourteenth of one so.
    pub(crate) filters_at_output: bool,
    /// How it comes to be there.
    pub(crate) install: LogsInstall,
    /// The chart's version.
    pub(crate) chart_version: String,
    /// Where the chart is; may hold Flux expressions.
    pub(crate) charts: String,
    /// Whether the API server is asked about pods.
    pub(crate) kubernetes: bool,
    /// Patterns of files that are left out, beside the collector's own.
    pub(crate) exclude: Vec<String>,
    /// Whether a pod's annotation keeps its logs out.
    pub(crate) pod_exclude: bool,
    /// Whether the collector's own logs are collected.
    pub(crate) own_logs: bool,
    /// What becomes of cut lines.
    pub(crate) join: Join,
    /// What becomes of messages that are JSON objects.
    pub(crate) json_body: JsonBody,
    /// How records are passed to the filter.
    pub(crate) format: Format,
    /// The folder of the node for offsets and unsent logs.
    pub(crate) state_dir: String,
    /// How many chunks unsent logs may fill.
    pub(crate) max_chunks: u64,
    /// The longest line, in bytes.
    pub(crate) line_limit: u64,
    /// What is read of a file at a time, in bytes; no more than the longest line.
    pub(crate) read: u64,
    /// The image.
    pub(crate) image: Image,
    /// The container's resources.
    pub(crate) resources: ContainerResources,
    /// The pods' priority class.
    pub(crate) priority_class: Option<String>,
}

/// How the pipeline is written: [`spec::Syntax`], decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Sections in brackets.
    Classic,
    /// YAML.
    Yaml,
}

/// What becomes of a line that the container runtime cut: [`spec::Join`], decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// Each fragment is a record, with a mark.
    Mark,
    /// The filter joins them.
    Filter,
    /// Fluent Bit joins them.
    Host,
}

impl Plan {
    /// Checks `spec.logs`; `None` after an error.
    pub(crate) fn read(spec: &Spec, tenants: &Tenants, check: &mut Check<'_>) -> Option<Self> {
        let logs = &spec.logs;
        let image = Image::read(&logs.image, &IMAGE, &spec.images, "spec.logs.image", check);
        version::check(&image.tag, check);
        let loads_anew = version::loads_anew(&image.tag) && logs.filters == Filters::Wasm;
        let syntax = syntax(logs, loads_anew, &image.tag, check);
        let filters_at_output = loads_anew && syntax == Syntax::Yaml;
        let tenant = tenants.get("spec.logs.tenant", &logs.tenant, check);
        let routes = routes::read(logs, syntax, tenants, check);
        let audit = audit::Plan::read(logs, tenants, check);
        let talos = talos::Plan::read(logs, tenants, check);
        native::check(logs, check);
        install(logs, check);
        let exclude = files::exclude(logs, syntax, check);
        let state_dir = files::state_dir(&logs.state_dir, check);
        let line_limit = bytes(
            "spec.logs.lineLimit",
            &logs.line_limit,
            "a size from 32Ki to 64Mi",
            READ..=64 << 20,
            "1Mi",
            check,
        );
        let buffer_limit = bytes(
            "spec.logs.bufferLimit",
            &logs.buffer_limit,
            "a size from 64Mi to 16Gi",
            64 << 20..=16 << 30,
            "1Gi",
            check,
        );
        let join = join(logs, &image.tag, check);
        json_body(&logs.json_body, logs.format, check);
        let mut resources = ContainerResources::read(
            &profile::fluent_bit(spec.profile),
            &logs.resources,
            "spec.logs.resources",
            check,
        );
        if logs.pod_exclude && !logs.kubernetes {
            check.error(
                "spec.logs.podExclude",
                "found true, expected spec.logs.kubernetes with it: only the API server knows of a pod's annotations",
                json!(false),
            );
        }
        if !logs.priority_class.is_empty() {
            check.literal(
                "spec.logs.priorityClass",
                &logs.priority_class,
                "the name of a PriorityClass, or \"\"",
                is_dns_subdomain,
                "system-node-critical",
            );
        }
        // Reading goes on until a chunk has reached its size, so it may be larger by what was read last.
        let audit = audit?;
        memory(
            audit.as_ref(),
            filters_at_output,
            logs,
            &mut resources,
            check,
        );
        let kept = audit.as_ref().map_or(0, audit::Plan::kept);
        let largest_chunk = CHUNK + line_limit?.max(kept);
        let max_chunks = buffer_limit? / largest_chunk;
        if max_chunks < MIN_CHUNKS {
            let least = (largest_chunk * MIN_CHUNKS).div_ceil(1 << 20);
            check.error(
                "spec.logs.bufferLimit",
                &format!(
                    "found {}, expected at least {least}Mi: with lines of {} a chunk of the buffer may take {largest_chunk} bytes, and there have to be {MIN_CHUNKS}",
                    logs.buffer_limit, logs.line_limit
                ),
                json!(format!("{least}Mi")),
            );
            return None;
        }
        Some(Plan {
            tenant: tenant?,
            routes: routes?,
            audit,
            talos: talos?,
            filters: logs.filters,
            syntax,
            filters_at_output,
            install: logs.install,
            chart_version: logs.chart_version.clone(),
            charts: logs.charts.clone(),
            kubernetes: logs.kubernetes,
            exclude: exclude?,
            pod_exclude: logs.pod_exclude,
            own_logs: logs.own_logs,
            join,
            json_body: logs.json_body.clone(),
            format: logs.format,
            state_dir: state_dir?,
            max_chunks,
            line_limit: line_limit?,
            read: if loads_anew && !filters_at_output {
                READ_AND_LOAD.min(line_limit?)
            } else {
                READ
            },
            image,
            resources,
            priority_class: Some(logs.priority_class.clone()).filter(|class| !class.is_empty()),
        })
    }
}

impl Plan {
    /// Whether Fluent Bit's own filters do the work.
    pub(super) fn is_native(&self) -> bool {
        self.filters == Filters::Native
    }

    /// The container's name, by which its own logs are known.
    pub(super) fn container(&self) -> &'static str {
        match self.install {
            LogsInstall::DaemonSet => CONTAINER,
            LogsInstall::Chart => chart::CONTAINER,
        }
    }

    /// The filter modules that are put into the cluster.
    pub(crate) fn modules(&self) -> Vec<Filter> {
        if self.is_native() {
            return Vec::new();
        }
        let mut modules = vec![Filter::ContainerLogs];
        modules.extend(self.audit.as_ref().map(|_| Filter::Audit));
        modules
    }
}

/// Makes room for the longest audit event, and for chunks that the outputs filter. A pod that is killed for its memory would
/// read the same event again, or send the same chunks, for ever.
fn memory(
    audit: Option<&audit::Plan>,
    filters_at_output: bool,
    logs: &Logs,
    resources: &mut ContainerResources,
    check: &mut Check<'_>,
) {
    let processed = if filters_at_output { PROCESSED } else { 0 };
    let event = audit.map_or(0, audit::Plan::memory);
    if processed + event == 0 {
        return;
    }
    let Some(limit) = resources.limits.get_mut("memory") else {
        return;
    };
    let Some(bytes) = Quantity::parse(limit).map(Quantity::bytes) else {
        return;
    };
    let mebibytes = |bytes: u64| format!("{}Mi", bytes.div_ceil(1 << 20));
    if logs.resources.limits.is_none() {
        *limit = mebibytes(bytes + event + processed);
    } else if bytes < MEMORY + event + processed {
        let mut reasons = Vec::new();
        if event > 0 {
            reasons.push(format!(
                "an audit event of {} may take {} while it is at work",
                logs.audit.line_limit,
                mebibytes(event)
            ));
        }
        if processed > 0 {
            reasons.push(format!(
                "chunks that are filtered as they are sent, as before Fluent Bit 4.1, may take {} when many come back",
                mebibytes(processed)
            ));
        }
        check.warning(
            "spec.logs.resources.limits.memory",
            &format!(
                "found {limit}: {}, beside the {} of everything else; a pod that is killed for it reads the same again",
                reasons.join(", and "),
                mebibytes(MEMORY),
            ),
        );
    }
}

/// What filtered chunks take while they are sent, in bytes: after an outage 400 chunks of 100 files took 337 MB of 3.2.2,
/// 65 MB with the filter before the buffer.
const PROCESSED: u64 = 384 << 20;

/// What everything else takes, in bytes, when much comes back after an outage.
const MEMORY: u64 = 96 << 20;

/// With fewer chunks a node with a few dozen containers, each of which fills a chunk of its own, would stand still.
const MIN_CHUNKS: u64 = 16;

pub(super) fn bytes(
    path: &str,
    text: &str,
    expected: &str,
    range: std::ops::RangeInclusive<u64>,
    example: &str,
    check: &mut Check<'_>,
) -> Option<u64> {
    let bytes = Quantity::parse(text)
        .map(Quantity::bytes)
        .filter(|bytes| range.contains(bytes));
    check.literal(path, text, expected, |_| bytes.is_some(), example);
    bytes
}

/// How the pipeline is written: as it is asked for, else in YAML where only that can keep filters cheap whose modules are
/// loaded anew for each call.
fn syntax(logs: &Logs, loads_anew: bool, tag: &str, check: &mut Check<'_>) -> Syntax {
    match logs.syntax {
        spec::Syntax::Auto if loads_anew => Syntax::Yaml,
        spec::Syntax::Yaml => Syntax::Yaml,
        spec::Syntax::Auto => Syntax::Classic,
        spec::Syntax::Classic => {
            if loads_anew {
                check.warning(
                    "spec.logs.syntax",
                    &format!(
                        "found \"classic\" with Fluent Bit {tag}: before 4.1 it loads a filter's module for each read of a file, at 1 to 2 ms of a processor's time; with auto or yaml the filters run once for each chunk that is sent"
                    ),
                );
            }
            Syntax::Classic
        }
    }
}

/// Where lines are joined. A tag that names no version is taken on trust where the filter is asked for, but not otherwise.
fn join(logs: &Logs, tag: &str, check: &mut Check<'_>) -> Join {
    let release = release(tag);
    // To hold a fragment the filter gives back nothing. With msgpack the host makes a record without a body of that
    // (`filter_wasm.c`, 3.2.2 to 5.1.1), and what is sent with it is lost.
    let is_json = logs.format == Format::Json;
    let is_native = logs.filters == Filters::Native;
    match logs.join {
        spec::Join::Mark => Join::Mark,
        spec::Join::Host => Join::Host,
        spec::Join::Auto
            if is_json
                && !is_native
                && release.is_some_and(|release| release >= INSTANCES_LAST) =>
        {
            Join::Filter
        }
        spec::Join::Auto => Join::Mark,
        spec::Join::Filter => {
            let reason = if is_native {
                Some("with spec.logs.filters native, expected auto, mark or host: only the wasm filter can join lines".to_owned())
            } else if version::loads_anew(tag) {
                Some(format!(
                    "with Fluent Bit {tag}, expected auto, mark or host: before 4.1 an instance of the filter lives for one chunk only, and the first part of a line would be lost with it"
                ))
            } else if !is_json {
                Some("with spec.logs.format msgpack, expected auto, mark or host: there the filter can hold nothing back, for Fluent Bit makes a broken record of it".to_owned())
            } else {
                None
            };
            if let Some(reason) = reason {
                let message = format!("found \"filter\" {reason}");
                check.error("spec.logs.join", &message, json!("auto"));
            }
            Join::Filter
        }
    }
}

fn install(logs: &Logs, check: &mut Check<'_>) {
    check.literal(
        "spec.logs.chartVersion",
        &logs.chart_version,
        "a version such as 0.58.1",
        operator::is_version,
        "0.58.1",
    );
    operator::check_charts(
        "spec.logs.charts",
        &logs.charts,
        "oci://ghcr.io/fluent/helm-charts",
        check,
    );
    if logs.install == LogsInstall::Chart && logs.talos.services {
        check.error(
            "spec.logs.talos.services",
            "found true with spec.logs.install chart, expected daemonset with it: the chart gives a container no port of the node",
            json!(false),
        );
    }
}

fn json_body(body: &JsonBody, format: Format, check: &mut Check<'_>) {
    if body.merge && format == Format::Msgpack {
        check.error(
            "spec.logs.jsonBody.merge",
            "found true with spec.logs.format msgpack, expected false: a record holds 15 fields there, and those of a message could push out cluster and tenant",
            json!(false),
        );
    }
    if body.prefix.is_empty() {
        return;
    }
    if !body.merge {
        check.error(
            "spec.logs.jsonBody.prefix",
            "found a prefix, expected spec.logs.jsonBody.merge with it: no field is taken out of messages otherwise",
            json!(""),
        );
        return;
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    check.literal(
        "spec.logs.jsonBody.prefix",
        &body.prefix,
        "letters, digits, '-', '_' and '.', at most 63",
        |text| text.len() <= 63 && text.chars().all(fits),
        "app_",
    );
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use krm_rs::{Results, yaml};

    /// What a `spec.logs` of these lines means.
    pub(in crate::fluent_bit) fn plan(logs: &str) -> Plan {
        let text = format!("{{{logs}}}");
        let logs = yaml::load_one(text.as_bytes()).expect("a test's lines are YAML");
        let spec = Spec {
            logs: serde::Deserialize::deserialize(logs).expect("a test's options are known"),
            ..Spec::default()
        };
        let mut results = Results::new();
        let mut check = Check::new(&mut results);
        let tenants = Tenants::read(&spec, &mut check);
        let plan = Plan::read(&spec, &tenants, &mut check);
        plan.unwrap_or_else(|| panic!("{}", results.to_text()))
    }
}
