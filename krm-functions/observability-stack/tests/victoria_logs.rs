//! The generated pipeline delivers to a real VictoriaLogs, where a person finds every record.
//!
//! Uses every binary that `FLUENT_BIT` names (several: separated by a colon), or the `fluent-bit` on the path, with the
//! filter module that this crate was built with.

mod common;
mod delivery;

use common::filter_settings;
use delivery::hub::{Hub, Record, Tenant};
use delivery::node::{Logs, Node};
use delivery::{Expected, Sample, delivers, with_each};
use krm_rs::{Object, Value, json};
use leafpack_peer::FluentBit;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

const TENANT: Tenant = "2:7";
/// Of a container, as the runtime names its log files.
const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The least that a spoke has to say, and whose the logs are.
fn config(version: &str, hub: &str) -> String {
    let minimal = include_str!("../fixtures/minimal/config.yaml");
    let url = "https://logs.example.com";
    assert!(minimal.contains(url), "{url}");
    let more = format!(
        r#"
  environment: production
  tenants:
    apps: "{TENANT}"
    others: "7:2"
  logs:
    tenant: apps
    kubernetes: false
    image:
      tag: {version}
"#
    );
    minimal.replace(url, hub) + &more
}

/// The default of `logs.lineLimit`.
const LINE_LIMIT: usize = 1024 * 1024;

/// A container of a pod.
struct Container {
    namespace: &'static str,
    pod: String,
    name: &'static str,
}

impl Container {
    fn of(namespace: &'static str, pod: impl Into<String>) -> Container {
        Container {
            namespace,
            pod: pod.into(),
            name: "app",
        }
    }

    fn path(&self) -> String {
        let Container {
            namespace,
            pod,
            name,
        } = self;
        format!("containers/{pod}_{namespace}_{name}-{ID}.log")
    }

    /// What every record of it has, beside the fields of `more`.
    fn record(&self, more: Value) -> Value {
        let mut record = json!({
            "cluster": "edge",
            "environment": "production",
            "tenant": "apps",
            "k8s_namespace_name": self.namespace,
            "k8s_pod_name": self.pod,
            "k8s_container_name": self.name,
        });
        let Value::Object(more) = more else {
            panic!("{more} is no object")
        };
        record.as_object_mut().expect("an object").extend(more);
        record
    }

    /// The record of the line that [`cri`] makes.
    fn said(&self, n: usize, stream: &str, message: &str) -> Value {
        self.record(json!({"_time": time(n), "stream": stream, "_msg": message}))
    }
}

fn time(n: usize) -> String {
    format!("2025-01-02T03:04:05.{n:09}Z")
}

/// A line as the container runtime writes it; `flag` is `F`, or `P` where more of it follows.
fn cri(n: usize, stream: &str, flag: &str, message: impl AsRef<[u8]>) -> Vec<u8> {
    let head = format!("{} {stream} {flag} ", time(n));
    [head.as_bytes(), message.as_ref(), b"\n"].concat()
}

#[test]
fn every_record_is_found() {
    delivers("victoria-logs-delivers", config, |binary, objects| {
        let mut sample = Sample::default();
        many_lines(&mut sample);
        json_bodies(&mut sample);
        cut_lines(&mut sample, objects);
        long_lines(&mut sample);
        odd_lines(&mut sample, binary);
        sample
    });
}

/// Each line has a text of its own.
fn many_lines(sample: &mut Sample) {
    for n in 0..2_000 {
        let namespace = if n % 2 == 0 { "shop" } else { "pay" };
        let from = Container::of(namespace, format!("web-{}", n % 3));
        let stream = if n % 7 == 0 { "stderr" } else { "stdout" };
        let message = format!("line {n}\twith a \"tab\" and a \\");
        sample.log(&from.path(), cri(n, stream, "F", &message));
        sample.expect(TENANT, from.said(n, stream, &message));
    }
}

fn json_bodies(sample: &mut Sample) {
    let from = Container::of("shop", "json");
    for (n, name) in [(1, "msg"), (2, "message"), (3, "log")] {
        let body = json!({
            "level": "info", name: format!("said {n}"), "took": 1.5, "ok": true,
            "http": {"status": 200, "path": "/a b"}, "list": [1, null, "x"], "none": null,
        });
        sample.log(&from.path(), cri(n, "stdout", "F", body.to_string()));
        sample.expect(
            TENANT,
            from.record(json!({
                "_time": time(n), "stream": "stdout", "_msg": format!("said {n}"), "level": "info",
                "took": "1.5", "ok": "true", "http.status": "200", "http.path": "/a b",
                "list": "[1,null,\"x\"]",
            })),
        );
    }
    // Nobody can say that it is somebody else: what is said of the origin is kept apart.
    let claims = json!({
        "cluster": "forged", "tenant": "others", "k8s_pod_name": "forged", "stream": "forged",
        "_time": "2001-02-03T04:05:06Z",
    });
    let mut body = claims.clone();
    body["msg"] = json!("mine");
    let from = Container::of("shop", "forger");
    sample.log(&from.path(), cri(4, "stdout", "F", body.to_string()));
    let mut record = from.said(4, "stdout", "mine");
    record["json_body"] = claims;
    sample.expect(TENANT, record);
}

/// Lines that the runtime cut, as containerd does, with a line of the other stream in between.
fn cut_lines(sample: &mut Sample, objects: &[Object]) {
    let from = Container::of("shop", "cut");
    let text: String = (0..5_000).map(|n| format!("{n:07} ")).collect();
    let pieces: Vec<&str> = (0..text.len())
        .step_by(16_384)
        .map(|at| &text[at..text.len().min(at + 16_384)])
        .collect();
    let (last, parts) = pieces.split_last().expect("pieces");
    for (n, piece) in parts.iter().enumerate() {
        sample.log(&from.path(), cri(n, "stdout", "P", piece));
    }
    sample.log(&from.path(), cri(8, "stderr", "F", "between"));
    sample.expect(TENANT, from.said(8, "stderr", "between"));
    sample.log(&from.path(), cri(9, "stdout", "F", last));
    match filter_settings(objects)["join"].as_str() {
        Some("filter") => sample.expect(TENANT, from.said(0, "stdout", &text)),
        Some("mark") => {
            for (n, piece) in parts.iter().enumerate() {
                let mut record = from.said(n, "stdout", piece);
                record["partial_message"] = json!("true");
                sample.expect(TENANT, record);
            }
            sample.expect(TENANT, from.said(9, "stdout", last));
        }
        other => panic!("join: {other:?}"),
    }
}

/// Up to the limit, and beyond it, which takes nothing else along.
fn long_lines(sample: &mut Sample) {
    let from = Container::of("shop", "long");
    let head = cri(0, "stdout", "F", "").len() - 1;
    for (n, size) in [(1, 200_000), (2, LINE_LIMIT), (3, LINE_LIMIT + 1), (4, 100)] {
        let message = "x".repeat(size - head);
        sample.log(&from.path(), cri(n, "stdout", "F", &message));
        if size <= LINE_LIMIT {
            sample.expect(TENANT, from.said(n, "stdout", &message));
        }
    }
}

fn odd_lines(sample: &mut Sample, binary: &FluentBit) {
    // No CRI line: it is marked, and has the time when it was read.
    let from = Container::of("shop", "odd");
    for text in ["not a CRI line", "2025-13-45T99:04:05.0Z stdout F x"] {
        sample.log(&from.path(), format!("{text}\n"));
        let record = from.record(json!({
            "_msg": text,
            "leafpack_error": "cri.time: the line does not start with an RFC 3339 time",
        }));
        sample.expect(TENANT, Expected::from(record).any(&["_time"]));
    }
    // A message without any text is a record all the same.
    sample.log(&from.path(), cri(1, "stdout", "F", ""));
    sample.expect(TENANT, from.said(1, "stdout", ""));
    // Colours, and what a terminal does.
    let control = "\0\u{1}\u{1b}[31mred\u{1b}[0m\u{8}";
    sample.log(&from.path(), cri(2, "stdout", "F", control));
    sample.expect(TENANT, from.said(2, "stdout", control));
    // Fluent Bit puts a character of its own for each byte that is no UTF-8 (`flb_utils_write_str`).
    let texts = [
        (
            "caf\u{e9} \u{65e5}\u{672c} \u{1f600}".as_bytes(),
            "café 日本 😀",
        ),
        (b"caf\xc3( \x80 end", "caf\u{e0c3}( \u{e080} end"),
    ];
    for (n, (bytes, text)) in (3..).zip(texts) {
        sample.log(&from.path(), cri(n, "stdout", "F", bytes));
        let mut record = Expected::from(from.said(n, "stdout", text));
        if binary.may_read_past_strings() {
            record = record.any(&["_msg"]);
        }
        sample.expect(TENANT, record);
    }
}

/// Where to look for [`Writer`]'s lines.
const QUERY: &str = r#"{cluster="edge",k8s_namespace_name="shop"}"#;

/// Three containers, whose lines have numbers.
struct Writer {
    logs: Logs,
    /// How many lines there are.
    lines: usize,
}

impl Writer {
    fn write(&mut self, count: usize) {
        for n in self.lines..self.lines + count {
            let from = Container::of("shop", format!("web-{}", n % 3));
            let line = cri(n, "stdout", "F", n.to_string());
            self.logs.write(&from.path(), &line);
        }
        self.lines += count;
    }

    /// Waits until all lines are found, and Fluent Bit has nothing more to deliver.
    fn wait_until_found(&self, node: &mut Node, hub: &Hub) {
        let query = format!("{QUERY} | uniq by (_msg)");
        node.fluent_bit()
            .wait_until("all lines", |_| hub.count(TENANT, &query) >= self.lines);
        node.wait_until_delivered();
    }

    /// Holds what is found to what was written, and gives the lines that are there twice.
    fn doubled(&self, hub: &Hub) -> BTreeSet<usize> {
        let mut copies: BTreeMap<usize, usize> = BTreeMap::new();
        for record in hub.query(TENANT, QUERY) {
            *copies.entry(number(&record)).or_default() += 1;
        }
        assert!(copies.keys().copied().eq(0..self.lines), "{copies:?}");
        assert!(copies.values().all(|copies| *copies <= 2), "{copies:?}");
        let doubled = copies.into_iter().filter(|(_, copies)| *copies == 2);
        doubled.map(|(line, _)| line).collect()
    }
}

/// Fluent Bit's delivery is at least once. What `tail` has read goes to a chunk on disk, and only then is the offset
/// noted in its DB; what the hub has answered for is deleted, and only then is it not sent any more. So nothing is
/// lost, and a kill doubles only lines that were under way: read and not noted, or taken by the hub and not deleted.
/// An outage doubles nothing.
#[test]
fn an_outage_and_kills_lose_nothing() {
    with_each("victoria-logs-outage", config, |binary, _, node, hub| {
        let mut writer = Writer {
            logs: node.logs(),
            lines: 0,
        };
        // The hub comes later than the node.
        writer.write(300);
        node.start();
        wait_until_refused(node);
        hub.start();
        writer.wait_until_found(node, hub);
        assert_eq!(writer.doubled(hub), BTreeSet::new(), "by an outage");

        // It goes, and comes back with what it had; meanwhile Fluent Bit is killed, and lines are written without it.
        hub.stop();
        let before = writer.lines;
        writer.write(300);
        wait_until_refused(node);
        assert!(node.chunks() > 0, "nothing waits");
        node.kill();
        let away = before..writer.lines;
        writer.write(300);
        node.start();
        wait_until_refused(node);
        hub.start();
        writer.wait_until_found(node, hub);
        let first = writer.doubled(hub);
        assert_among(&first, &away);

        // A kill when nothing is under way.
        node.kill();
        writer.write(300);
        let link = hub.move_behind_link();
        node.start();
        writer.wait_until_found(node, hub);
        let still = writer.doubled(hub);
        assert_eq!(still, first, "by a kill when nothing was under way");

        // A kill while lines are read, and while others are taken by the hub that Fluent Bit has no answer for.
        link.let_answers_through(false);
        let before = writer.lines;
        let mut taken = BTreeSet::new();
        node.fluent_bit().wait_until("the first lines", |_| {
            writer.write(100);
            let found = hub.query(TENANT, QUERY);
            taken = found
                .iter()
                .map(number)
                .filter(|line| *line >= before)
                .collect();
            !taken.is_empty()
        });
        node.kill();
        let under_way = before..writer.lines;
        link.let_answers_through(true);
        writer.write(300);
        node.start();
        writer.wait_until_found(node, hub);
        let mut second = writer.doubled(hub);
        second.retain(|line| !first.contains(line));
        assert_among(&second, &under_way);
        // The test has met what it is for.
        assert!(second.is_superset(&taken), "{taken:?}: {second:?}");
        node.stop();
        hub.stop();
        eprintln!(
            "{binary}: {} lines; doubled by a kill: {} while the hub was away, {} of {} under way",
            writer.lines,
            first.len(),
            second.len(),
            under_way.len()
        );
    });
}

/// Holds it to the promise: no other lines than these are there twice.
fn assert_among(doubled: &BTreeSet<usize>, under_way: &Range<usize>) {
    let beyond = doubled.iter().filter(|line| !under_way.contains(line));
    let beyond: Vec<&usize> = beyond.collect();
    assert!(
        beyond.is_empty(),
        "doubled, and not under way ({under_way:?}): {beyond:?}"
    );
}

/// The line that a record is.
fn number(record: &Record) -> usize {
    let line = record["_msg"].as_str().and_then(|line| line.parse().ok());
    line.unwrap_or_else(|| panic!("{record:?} is no line of the writer's"))
}

/// Waits until Fluent Bit says once more that it could not deliver.
fn wait_until_refused(node: &mut Node) {
    let refused = |said: String| said.matches("failed to flush chunk").count();
    let fluent_bit = node.fluent_bit();
    let before = refused(fluent_bit.said());
    fluent_bit.wait_until("a delivery that fails", |fluent_bit| {
        refused(fluent_bit.said()) > before
    });
}
