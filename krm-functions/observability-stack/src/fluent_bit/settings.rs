//! What `spec.logs` means for Fluent Bit.

use super::config::LINE_LIMIT;
use super::{audit, native, paths, routes, talos};
use crate::image::{self, Image};
use crate::profile;
use crate::resources::ContainerResources;
use crate::spec::{self, Filters, Format, JsonBody, Logs, Spec, Syntax};
use crate::tenants::{Tenant, Tenants};
use krm_rs::json;
use leafpack_fn_common::check::{Check, is_dns_subdomain};
use leafpack_fn_common::modules::Filter;
use leafpack_fn_common::quantity::Quantity;

/// Fluent Bit closes a chunk of its buffer at this size, in bytes (`FLB_INPUT_CHUNK_FS_MAX_SIZE`).
pub(super) const CHUNK: u64 = 2_048_000;

/// Fluent Bit's own image.
const IMAGE: image::Default = image::Default {
    registry: "",
    repository: "fluent/fluent-bit",
    tag: "5.1.1",
};

/// What is read of a file at a time, in bytes: the `tail` input's own default. A line cannot be limited below it.
const READ: u64 = 32_768;

/// The same for releases before [`FILTERS_LAST`], where what is read at a time is a chunk, and loading the module for it
/// costs more than its records. Each file that is behind takes so much memory: with 100 of them 3.2.2 took 45 MB, and
/// 23 MB with [`READ`], for half of the processor's time; 512 KiB took a third, but 160 MB, more than the limit.
const READ_BEFORE_4_1: u64 = 131_072;

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
        let tenant = tenants.get("spec.logs.tenant", &logs.tenant, check);
        let routes = routes::read(logs, tenants, check);
        let audit = audit::Plan::read(logs, tenants, check);
        let talos = talos::Plan::read(logs, tenants, check);
        native::check(logs, check);
        let exclude = exclude(logs, check);
        let state_dir = state_dir(&logs.state_dir, check);
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
        let image = Image::read(&logs.image, &IMAGE, &spec.images, "spec.logs.image", check);
        check_version(&image.tag, check);
        let join = join(logs, &image.tag, check);
        json_body(&logs.json_body, logs.format, check);
        let resources = ContainerResources::read(
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
            syntax: logs.syntax,
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
            read: read(&image.tag).min(line_limit?),
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

/// With fewer chunks a node with a few dozen containers, each of which fills a chunk of its own, would stand still.
const MIN_CHUNKS: u64 = 16;

/// A pattern for the log files of a container; `*` stands for any text in a part. The id behind the container's name
/// has 64 digits: with `*` for it, a pattern for `nginx` would take `nginx-exporter` as well.
pub(crate) fn file_pattern(pod: &str, namespace: &str, container: &str) -> String {
    let id = "?".repeat(64);
    format!(
        "{}/{pod}_{namespace}_{container}-{id}.log",
        paths::CONTAINERS
    )
}

fn exclude(logs: &Logs, check: &mut Check<'_>) -> Option<Vec<String>> {
    let given = &logs.exclude;
    let mut patterns = Vec::new();
    for (index, text) in given.iter().enumerate() {
        let parts: Vec<&str> = text.split('/').collect();
        let is_part = |part: &&str| {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.*".contains(c);
            !part.is_empty() && part.chars().all(fits)
        };
        let pattern = match parts[..] {
            [namespace] => file_pattern("*", namespace, "*"),
            [namespace, pod] => file_pattern(pod, namespace, "*"),
            [namespace, pod, container] => file_pattern(pod, namespace, container),
            _ => String::new(),
        };
        let fits = parts.len() <= 3 && parts.iter().all(is_part);
        check.literal(
            &format!("spec.logs.exclude[{index}]"),
            text,
            "namespace, namespace/pod or namespace/pod/container, with * for any text",
            |_| fits,
            "shop/web-*",
        );
        if fits {
            patterns.push(pattern);
        }
    }
    // The collector's own is one more.
    let length: usize = patterns.iter().map(|pattern| pattern.len() + 1).sum();
    if logs.syntax == Syntax::Classic && length + 128 > LINE_LIMIT {
        check.error(
            "spec.logs.exclude",
            &format!(
                "found {} patterns, which do not fit a line of Fluent Bit's configuration, {LINE_LIMIT} bytes, expected fewer, or spec.logs.syntax yaml, which has no such limit",
                given.len()
            ),
            json!(["shop/web-*"]),
        );
    }
    (patterns.len() == given.len()).then_some(patterns)
}

/// Folders of a node that others write to, or that do not outlive a restart: neither they nor what lies in them.
const SYSTEM: [&str; 22] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib/cni",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/crio",
    "/var/lib/docker",
    "/var/lib/etcd",
    "/var/lib/kubelet",
    "/var/lock",
    paths::CONTAINERS,
    "/var/log/pods",
    "/var/run",
];

/// Folders in which this one may be one of many.
const SHARED: [&str; 6] = [
    "/var/cache",
    "/var/lib",
    paths::LOGS,
    "/var/opt",
    "/var/spool",
    "/var/tmp",
];

fn state_dir(text: &str, check: &mut Check<'_>) -> Option<String> {
    let path = text.strip_suffix('/').unwrap_or(text);
    let is_char = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let is_part = |part: &&str| !matches!(*part, "" | "." | "..");
    let is_in = |folder: &&str| {
        let rest = path.strip_prefix(*folder);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let fits = path.starts_with('/')
        && path.chars().all(is_char)
        && parts.len() >= 2
        && parts.iter().all(is_part)
        && !SHARED.contains(&path)
        && !SYSTEM.iter().any(is_in);
    check.literal(
        "spec.logs.stateDir",
        text,
        "an absolute path of a folder that only Fluent Bit writes to",
        |_| fits,
        "/var/fluent-bit/state",
    );
    fits.then(|| path.to_owned())
}

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

/// The first Fluent Bit that keeps one instance of a filter for the life of the process; before, each chunk has its own,
/// and the first half of a line would be lost with it.
const FILTERS_LAST: [u32; 2] = [4, 1];

/// What is read of a file at a time. A tag that names no version is taken for a late one.
fn read(tag: &str) -> u64 {
    match release(tag) {
        Some(release) if release < FILTERS_LAST => READ_BEFORE_4_1,
        _ => READ,
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
            if is_json && !is_native && release.is_some_and(|release| release >= FILTERS_LAST) =>
        {
            Join::Filter
        }
        spec::Join::Auto => Join::Mark,
        spec::Join::Filter => {
            let reason = if is_native {
                Some("with spec.logs.filters native, expected auto, mark or host: only the wasm filter can join lines".to_owned())
            } else if release.is_some_and(|release| release < FILTERS_LAST) {
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

/// Major and minor version, if a tag names them: `4.1`, `5.1.1-debug`.
fn release(tag: &str) -> Option<[u32; 2]> {
    let plain = tag.split('-').next().unwrap_or_default();
    let mut numbers = plain.split('.').map(|part| part.parse().ok());
    Some([numbers.next()??, numbers.next()??])
}

/// The version that a tag names, if it does: `5.1.1`, `5.1.1-debug`.
pub(crate) fn version(tag: &str) -> Option<[u32; 3]> {
    let plain = tag.split('-').next().unwrap_or_default();
    let numbers: Vec<u32> = plain
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    numbers.try_into().ok()
}

/// Says what is known of a version; a tag that is none is taken on trust.
fn check_version(tag: &str, check: &mut Check<'_>) {
    let Some([major, minor, patch]) = version(tag) else {
        return;
    };
    let path = "spec.logs.image.tag";
    match (major, minor, patch) {
        (..=2, ..) => check.error(
            path,
            &format!("found {tag:?}, expected 3.0.0 or later: the wasm filter takes no Event_Format before"),
            json!("5.1.1"),
        ),
        (4, 0, 4..) | (4, 1.., _) | (5, 0, _) | (5, 1, 0) => check.warning(
            path,
            &format!(
                "found {tag:?}: the images from 4.0.4 to 5.1.0 may add stray bytes to text that is not ASCII; 5.1.1 does not"
            ),
        ),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_one_container_only() {
        let id = "0123456789abcdef".repeat(4);
        let pattern = file_pattern("web-*", "shop", "nginx");
        let (head, tail) = pattern.split_once('*').expect("one star");
        let takes = |file: &str| {
            // A `?` stands for one character, and nothing else is left to stand for any.
            let path = format!("/var/log/containers/{file}");
            path.starts_with(head)
                && path.len() >= head.len() + tail.len()
                && path[path.len() - tail.len()..]
                    .chars()
                    .zip(tail.chars())
                    .all(|(c, p)| p == '?' || p == c)
        };
        assert!(takes(&format!("web-1_shop_nginx-{id}.log")));
        assert!(!takes(&format!("web-1_shop_nginx-exporter-{id}.log")));
        assert!(!takes(&format!("web-1_shop2_nginx-{id}.log")));
    }
}
