//! Records as they stand before a filter when the input or another filter added fields: the line, a `kubernetes` map,
//! and values of every kind.

use serde_json::{Map, Value, json};

use super::{Corpus, time};
use crate::rng::Rng;

/// How many pods there are.
pub const POD_COUNT: usize = 24;

/// Lengths of messages at which a header of msgpack changes, or has a byte that is zero.
const EDGES: [usize; 13] = [
    31, 32, 33, 255, 256, 257, 511, 512, 513, 4096, 65_535, 65_536, 65_537,
];

/// Records around the lines of a corpus. Records of one pod stand together in short runs, as a filter sees them that
/// remembers what it made of a pod's fields, and many differ from those before by one letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records(pub Corpus);

impl Records {
    /// `count` records.
    pub fn new(count: usize) -> Self {
        Self(Corpus::new(count))
    }

    /// Line `n`: one of the corpus, or one with a message that is JSON, or of a length that matters.
    pub fn line(&self, n: usize) -> String {
        let mut rng = Rng::new(self.0.seed + 1, n as u64);
        let message = match rng.below(32) {
            0..4 => body(n, &mut rng, self.0.ascii_only).to_string(),
            4 => {
                // The longest of them seldom, for they are heavy.
                let edges = if rng.below(40) == 0 { 13 } else { 10 };
                self.0.of_length(EDGES[rng.below(edges)], &mut rng)
            }
            _ => return self.0.line(n),
        };
        let stream = rng.pick(&["stdout", "stderr"]);
        format!("{} {stream} F {message}", time(n, &mut rng))
    }

    /// Record `n`, the line in its field `log`.
    pub fn record(&self, n: usize) -> Map<String, Value> {
        let mut rng = Rng::new(self.0.seed + 2, (n / 3) as u64);
        let number = rng.below(POD_COUNT);
        let mut fields = vec![("kubernetes".to_string(), Value::Object(pod(number)))];
        if self.0.ascii_only {
            fields[0].1["annotations"] = Value::Null;
        }
        // Of all sizes, and often of those at which msgpack's maps end.
        let others = match rng.below(4) {
            0 => 0,
            1 => rng.below(6),
            _ => 8 + rng.below(8),
        };
        for index in 0..others {
            fields.push((format!("x{index}"), value(&mut rng)));
        }
        match rng.below(12) {
            0 => fields.push(("cluster".into(), "elsewhere".into())),
            1 => fields.push(("k8s_host".into(), "elsewhere".into())),
            _ => {}
        }
        let from = rng.below(fields.len());
        fields.rotate_left(from);
        let place = if rng.below(4) > 0 {
            0
        } else {
            rng.below(fields.len().min(8))
        };
        fields.insert(place, ("log".into(), self.line(n).into()));
        fields.into_iter().collect()
    }
}

/// The `kubernetes` map of a pod. Neighbours differ by a letter, and have the same length.
pub fn pod(number: usize) -> Map<String, Value> {
    let letter = char::from(b'a' + (number % 4) as u8);
    let kind = number / 4;
    let mut labels = json!({"app": format!("web-{letter}"), "app.kubernetes.io/part-of": "shop"});
    if kind == 1 {
        for index in 0..14 {
            labels[format!("label-{index}")] = Value::from(format!("{letter}{index}"));
        }
    }
    if kind == 2 {
        labels["team"] = Value::from(format!("team-{letter}"));
    }
    let namespaces = [
        "shop",
        "payments",
        "team-a-x",
        "team-b",
        "other",
        "kube-system",
    ];
    let namespace = namespaces[kind];
    let mut map = json!({
        "pod_name": format!("web-{kind}-{letter}"),
        "namespace_name": namespace,
        "pod_id": "0b5bd8a4-0000-4000-8000-000000000001",
        "labels": labels,
        "host": format!("node-{kind}"),
        "container_name": "nginx",
        "docker_id": "d".repeat(64),
        "annotations": {"note": "ünï ☃ 😀", "replicas": 0, "weight": 256, "share": 0.25},
    });
    if kind == 3 {
        map["namespace_labels"] = json!({"team": "of-the-namespace"});
    }
    if kind == 4 {
        map["restarts"] = json!([0, 1, 256, -1, -256, -32, -33, 65_536, null, true, 0.5]);
    }
    match map {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The name of the log file of a pod's container.
pub fn file_name(number: usize) -> String {
    let text = |name: &str| match &pod(number)[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let id = "0123456789abcdef".repeat(4);
    format!(
        "{}_{}_{}-{id}.log",
        text("pod_name"),
        text("namespace_name"),
        text("container_name")
    )
}

/// A value as parsers leave it.
fn value(rng: &mut Rng) -> Value {
    match rng.below(16) {
        0 => Value::Null,
        1 => Value::from(rng.below(2) == 0),
        2 => {
            Value::from([0, 1, 127, 128, 255, 256, 257, 65_535, 65_536, 16_777_216][rng.below(10)])
        }
        3 => Value::from(-[1i64, 32, 33, 127, 128, 129, 256, 32_768, 2_147_483_649][rng.below(9)]),
        4 => Value::from(rng.next() as i64),
        5 => Value::from([0.5, -12.25, 3.0, 0.1, 1234.5678, -0.001][rng.below(6)]),
        6 => Value::from("v".repeat([0, 31, 32, 255, 256, 257, 512][rng.below(7)])),
        7 => Value::from("a\0b\u{1b}\"\\\n"),
        8 => nested(14 + rng.below(4)),
        9 => Value::from((0..14 + rng.below(4)).collect::<Vec<_>>()),
        10 => json!({"deep": [{"er": [[], {}, {"": ""}]}]}),
        _ => Value::from(rng.pick(&["info", "/var/log/x", "GET /healthz", "10.0.0.1", ""])),
    }
}

/// An object with this many fields.
fn nested(count: usize) -> Value {
    let field = |index| (format!("f{index}"), Value::from(index * 32));
    Value::Object((0..count).map(field).collect())
}

/// A message that is JSON.
fn body(n: usize, rng: &mut Rng, ascii_only: bool) -> Value {
    let mut body = json!({"level": "info", "n": n});
    let message = format!("paid {n}");
    match rng.below(5) {
        0 => body["msg"] = message.into(),
        1 => body["message"] = message.into(),
        2 => {
            body["msg"] = "second".into();
            body["log"] = message.into();
        }
        3 => body["msg"] = "".into(),
        _ => {}
    }
    match rng.below(8) {
        // What no application may claim.
        0 => {
            body["cluster"] = "mine".into();
            body["stream"] = "mine".into();
            body["k8s_pod_name"] = "mine".into();
        }
        1 => body["kubernetes"] = json!({"namespace_name": "mine"}),
        2 => body["x0"] = "of the message".into(),
        3 => body["leafpack_error"] = 1.into(),
        4 if !ascii_only => body["grüße"] = "☃ 😀".into(),
        _ => {}
    }
    for index in 0..rng.below(6) {
        body[format!("b{index}")] = value(rng);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::filter::{Filter, expected};
    use std::collections::BTreeSet;

    #[test]
    fn pods_differ_and_have_one_length() {
        let all: BTreeSet<String> = (0..POD_COUNT).map(file_name).collect();
        assert_eq!(all.len(), POD_COUNT);
        for kind in 0..POD_COUNT / 4 {
            let length = |letter| Value::Object(pod(4 * kind + letter)).to_string().len();
            assert!((1..4).all(|letter| length(letter) == length(0)));
        }
    }

    #[test]
    fn hold_what_matters() {
        let records = Records::new(20_000);
        let (mut sizes, mut moved, mut merged) = (BTreeSet::new(), 0, 0);
        for n in 0..records.0.count {
            let record = records.record(n);
            let line = record["log"].as_str().unwrap();
            assert_eq!(line, records.line(n));
            let out = expected(Filter::ContainerLogs, "x", &record, &json!({}));
            sizes.insert(out.len());
            moved += usize::from(out.contains_key("json_body"));
            merged += usize::from(out.contains_key("level"));
        }
        assert!(
            [14, 15, 16, 17, 30].iter().all(|size| sizes.contains(size)),
            "{sizes:?}"
        );
        assert!(moved > 300, "{moved}");
        assert!(merged > 1_500, "{merged}");
    }

    #[test]
    fn keep_to_ascii_where_asked() {
        let records = Records(Corpus {
            ascii_only: true,
            ..Corpus::new(5_000)
        });
        for n in 0..5_000 {
            assert!(Value::Object(records.record(n)).to_string().is_ascii());
        }
    }
}
