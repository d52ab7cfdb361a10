//! What the pipelines read: the same bytes in every run.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::config::Properties;

/// The tag of all records: that of a pod's log file.
pub(crate) const TAG: &str = "kube.var.log.containers.web-6d5f9c7b8-x2x7q_shop_nginx-\
     0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.log";

/// The shape of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A CRI line in `log`.
    Lines,
    /// One whose message is a JSON object, as many applications write them.
    Bodies,
    /// And a `kubernetes` map of eight fields, as the filter of that name adds it. Fed as JSON lines, so that no API
    /// server is needed.
    Kubernetes,
    /// The same of twenty pods in turn, so that no record has the metadata of the one before: the worst case for a filter
    /// that remembers it.
    Pods,
}

/// How many pods [`Shape::Pods`] has.
const PODS: usize = 20;

impl Shape {
    pub(crate) const ALL: [Self; 4] = [Self::Lines, Self::Bodies, Self::Kubernetes, Self::Pods];

    /// Further properties of the input.
    pub(crate) fn input(self) -> Properties {
        match self {
            Self::Lines | Self::Bodies => &[],
            Self::Kubernetes | Self::Pods => &[("parser", "json")],
        }
    }
}

/// One container's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Which line it is.
    pub(crate) number: usize,
    pub(crate) time: String,
    pub(crate) stream: &'static str,
    pub(crate) message: String,
}

impl Line {
    /// Line `n`. Without a length for its message: from 40 to 178 bytes, 109 on average, so that a line has 150.
    pub(crate) fn new(n: usize, length: Option<usize>) -> Self {
        const WORDS: &str = "GET /api/v1/orders/81723?expand=items HTTP/1.1 200 5123 user=42 took 31ms upstream=10.2.3.4:8080 \
             trace=4bf92f3577b34da6a3ce929d0e0e4736 cache=miss retries=0 ";
        let length = length.unwrap_or(40 + n * 7919 % 139);
        let mut message = format!("{n:08} ");
        while message.len() < length {
            message.push_str(WORDS);
        }
        message.truncate(length);
        Self {
            number: n,
            time: format!(
                "2024-05-01T10:{:02}:{:02}.{:09}Z",
                n / 60_000 % 60,
                n / 1000 % 60,
                n * 1_000_003 % 1_000_000_000
            ),
            stream: if n.is_multiple_of(3) {
                "stderr"
            } else {
                "stdout"
            },
            message,
        }
    }

    /// As the runtime writes it.
    pub(crate) fn text(&self, shape: Shape) -> String {
        let start = format!("{} {} F ", self.time, self.stream);
        match body(shape, self) {
            None => start + &self.message,
            Some(body) => start + &Value::Object(body).to_string(),
        }
    }
}

/// The fields of a line's message, where it is a JSON object.
pub(crate) fn body(shape: Shape, line: &Line) -> Option<Map<String, Value>> {
    let body = json!({
        "level": "info",
        "logger": "http",
        "msg": line.message,
        "status": 200,
        "path": "/api/v1/orders",
    });
    match shape {
        Shape::Bodies => body.as_object().cloned(),
        Shape::Lines | Shape::Kubernetes | Shape::Pods => None,
    }
}

/// What the `kubernetes` filter would add; nothing to plain lines.
pub(crate) fn kubernetes(shape: Shape, line: &Line) -> Option<Map<String, Value>> {
    let pod = match shape {
        Shape::Lines | Shape::Bodies => return None,
        Shape::Kubernetes => 0,
        Shape::Pods => line.number % PODS,
    };
    let map = json!({
        "pod_name": format!("web-6d5f9c7b8-x2x{pod:02}"),
        "namespace_name": "shop",
        "pod_id": format!("6f1de3c6-6a9b-4f0e-9d3f-0f4b8f0c1a{pod:02}"),
        "labels": {"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "shop", "pod-template-hash": "6d5f9c7b8"},
        "host": "worker-2",
        "pod_ip": format!("10.2.3.1{pod:02}"),
        "container_name": "nginx",
        "docker_id": format!("{pod:02}{}", "0123456789abcdef".repeat(4).split_off(2)),
    });
    map.as_object().cloned()
}

/// The record before any filter.
pub(crate) fn record(shape: Shape, line: &Line) -> Map<String, Value> {
    let mut record = Map::from_iter([("log".to_string(), line.text(shape).into())]);
    record.extend(kubernetes(shape, line).map(|map| ("kubernetes".into(), map.into())));
    record
}

/// Writes a file of `count` records for the tail input.
pub(crate) fn write(
    path: &Path,
    shape: Shape,
    count: usize,
    length: Option<usize>,
) -> Result<(), String> {
    let failed = |error| format!("cannot write {}: {error}", path.display());
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    for n in 0..count {
        let line = Line::new(n, length);
        let text = match shape {
            Shape::Lines | Shape::Bodies => line.text(shape),
            Shape::Kubernetes | Shape::Pods => Value::Object(record(shape, &line)).to_string(),
        };
        file.write_all(text.as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .map_err(failed)?;
    }
    file.flush().map_err(failed)
}
