//! Log files that are left out, and the folder of the collector's own.

use super::super::config::LINE_LIMIT;
use super::super::paths;
use super::Syntax;
use crate::spec::Logs;
use krm_rs::json;
use leafpack_fn_common::check::Check;

/// A pattern for the log files of a container; `*` stands for any text in a part. The id behind the container's name
/// has 64 digits: with `*` for it, a pattern for `nginx` would take `nginx-exporter` as well.
pub(crate) fn file_pattern(pod: &str, namespace: &str, container: &str) -> String {
    let id = "?".repeat(64);
    format!(
        "{}/{pod}_{namespace}_{container}-{id}.log",
        paths::CONTAINERS
    )
}

pub(super) fn exclude(logs: &Logs, syntax: Syntax, check: &mut Check<'_>) -> Option<Vec<String>> {
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
    if syntax == Syntax::Classic && length + 128 > LINE_LIMIT {
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

pub(super) fn state_dir(text: &str, check: &mut Check<'_>) -> Option<String> {
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
