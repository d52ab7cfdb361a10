//! Lines that a runtime cut, of several containers and both of their streams at once: whoever joins them, every letter
//! arrives once.

use std::collections::BTreeMap;

use leafpack_tests::corpus::{civil_time, file_name};
use leafpack_tests::fluent_bit::{Host, tail};
use leafpack_tests::oracle::filter::Filter;
use leafpack_tests::oracle::found::{Carried, text};
use leafpack_tests::peer::FluentBit;
use serde_json::json;

use crate::exports::Export;

/// Where containerd cuts.
const CUT: usize = 16 << 10;

const JSON: Export = Export {
    filter: Filter::ContainerLogs,
    carried: Carried::Json,
};
const MSGPACK: Export = Export {
    filter: Filter::ContainerLogs,
    carried: Carried::Msgpack,
};

/// A whole line, before it is cut.
#[derive(Debug, Clone)]
struct Whole {
    stream: &'static str,
    text: String,
}

/// What one container writes: for each stream the lines in their order, and the file with their fragments in turns.
struct Container {
    /// By the time of a line's first fragment.
    whole: BTreeMap<String, Whole>,
    file: Vec<String>,
}

/// Lines of both streams, some of them long. Fragments of one stream stand between those of the other.
fn container(number: usize, count: usize) -> Container {
    let mut whole = BTreeMap::new();
    let mut queues: [Vec<(String, String)>; 2] = Default::default();
    for n in 0..count {
        let stream = ["stdout", "stderr"][n % 2];
        // One in five is cut, into two to six pieces; one is cut where a piece ends.
        let length = match n % 20 {
            3 | 8 => CUT + 1 + n % 100,
            13 => 2 * CUT,
            18 => 5 * CUT + n * 7 % CUT,
            _ => 40 + n % 300,
        };
        let mut text = format!("pod {number} line {n} \"{}\"\t", n % 7);
        while text.len() < length {
            text.push_str(["abcdefgh ", "{\\}", "0123456789", "x"][(n + text.len()) % 4]);
        }
        text.truncate(length);
        let mut first = None;
        let pieces: Vec<&str> = (0..length)
            .step_by(CUT)
            .map(|at| &text[at..length.min(at + CUT)])
            .collect();
        for (index, piece) in pieces.iter().enumerate() {
            // Every fragment has a time of its own, in the order in which they are written.
            let time = format!("{}.{:09}Z", civil_time(number * 1_000_000 + n), index + 1);
            let tags = if index + 1 < pieces.len() { "P" } else { "F" };
            queues[n % 2].push((time.clone(), format!("{time} {stream} {tags} {piece}")));
            first.get_or_insert(time);
        }
        whole.insert(first.expect("a line has pieces"), Whole { stream, text });
    }
    let mut file = Vec::new();
    let longest = queues.iter().map(Vec::len).max().unwrap_or_default();
    for index in 0..longest {
        file.extend(
            queues
                .iter()
                .filter_map(|queue| Some(queue.get(index)?.1.clone())),
        );
    }
    Container { whole, file }
}

/// What is asked of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    /// Each line is one record.
    Joined,
    /// Each fragment is one record, or several are; put together, they are the line.
    Complete,
    /// The host joins, and gives up what waits longer than its `flush_timeout`, without saying so: on a busy machine a line
    /// may come in parts. All of a stream's records, put together, are all of its lines.
    ByTheHost,
}

/// Runs some containers' files, and puts together what comes out of them by container, stream and time.
fn run(export: Export, bit: &FluentBit, containers: usize, join: &str, ask: Ask) {
    let count = 400;
    let host = Host::new(bit);
    std::fs::create_dir_all(host.path("var/log/containers")).unwrap();
    let mut whole: BTreeMap<(String, &str, String), String> = BTreeMap::new();
    for number in 0..containers {
        let container = container(number, count);
        let name = format!("var/log/containers/{}", file_name(number));
        host.write_lines(&name, &container.file);
        let pod = file_name(number)
            .split('_')
            .next()
            .unwrap_or_default()
            .to_string();
        for (time, line) in container.whole {
            whole.insert((pod.clone(), line.stream, time), line.text);
        }
    }
    let settings = json!({"join": join, "from_tag": true, "json_body": {"merge": false}});
    let parser = if join == "host" {
        "    Multiline.Parser cri\n"
    } else {
        ""
    };
    // Small buffers: fragments of one line come in several chunks, and files in turns.
    let more = format!("    Buffer_Chunk_Size 32k\n    Static_Batch_Size 300k\n{parser}");
    let input = tail(&host.path("var/log/containers/*.log"), "kube.*", &more);
    let out = host.run(&(input + &export.section(&host, &settings)));
    out.assert_clean();
    assert!(!out.log.contains("leafpack:"), "{bit}: {}", out.log);
    let mut found: BTreeMap<(String, String, String), (String, bool)> = BTreeMap::new();
    for record in out.records() {
        let get = |name: &str| record.get(name).and_then(text).unwrap_or_default();
        let mut message = get("_msg");
        if export.carried == Carried::Msgpack {
            message = unpadded(&message);
        }
        let key = (get("k8s_pod_name"), get("stream"), get("_time"));
        assert!(!record.contains_key("leafpack_error"), "{bit}: {record:?}");
        let before = found.insert(key, (message, record.contains_key("partial_message")));
        assert!(before.is_none(), "{bit}: twice: {record:?}");
    }
    if ask == Ask::ByTheHost {
        return assert_streams(bit, &whole, &found);
    }
    let mut lines: BTreeMap<(String, String, String), String> = BTreeMap::new();
    let mut open: Option<(String, String, String)> = None;
    let mut partial_records = 0;
    for (key, (message, partial)) in found {
        let first = open
            .take()
            .filter(|(pod, stream, _)| (pod, stream) == (&key.0, &key.1));
        let first = first.unwrap_or(key);
        lines.entry(first.clone()).or_default().push_str(&message);
        partial_records += usize::from(partial);
        open = partial.then_some(first);
    }
    for ((pod, stream, time), wanted) in &whole {
        let key = (pod.clone(), stream.to_string(), time.clone());
        let line = lines.remove(&key);
        let same = line.as_ref().is_some_and(|line| {
            if export.carried == Carried::Msgpack {
                line.trim_end() == wanted.trim_end()
            } else {
                line == wanted
            }
        });
        assert!(
            same,
            "{bit}, {join}: {key:?}: {} bytes, expected {}; others: {:?}",
            line.map_or(0, |line| line.len()),
            wanted.len(),
            lines.keys().take(3).collect::<Vec<_>>()
        );
    }
    assert!(
        lines.is_empty(),
        "{bit}, {join}: beside the lines: {lines:.300?}"
    );
    match ask {
        Ask::Joined => assert_eq!(partial_records, 0, "{bit}, {join}"),
        _ => assert!(partial_records > 0, "{bit}, {join}: nothing was cut"),
    }
}

/// Asserts that the records of each stream hold all of its text in order, and that some lines were joined.
fn assert_streams(
    bit: &FluentBit,
    whole: &BTreeMap<(String, &str, String), String>,
    found: &BTreeMap<(String, String, String), (String, bool)>,
) {
    let mut wanted: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for ((pod, stream, _), line) in whole {
        wanted
            .entry((pod, stream))
            .or_default()
            .push_str(line.trim_end());
    }
    let mut came: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for ((pod, stream, _), (message, _)) in found {
        came.entry((pod, stream)).or_default().push_str(message);
    }
    // Spaces at the end of a line look like the padding of msgpack.
    let without_spaces = |text: &String| text.replace(' ', "");
    for (key, wanted) in &wanted {
        let same = came.get(key).map(without_spaces) == Some(without_spaces(wanted));
        assert!(
            same,
            "{bit}, {key:?}: the stream's text is not all of its lines"
        );
    }
    assert_eq!(wanted.len(), came.len(), "{bit}");
    let joined = found
        .values()
        .filter(|(message, _)| message.len() > CUT)
        .count();
    assert!(joined > 10, "{bit}: {joined} lines were joined");
}

/// Without the space that stands behind a string of 256·n bytes in msgpack. A message of one byte more that ends in a space
/// looks the same.
fn unpadded(message: &str) -> String {
    let padded = message.len() % 256 == 1 && message.len() > 1;
    message
        .strip_suffix(' ')
        .filter(|_| padded)
        .unwrap_or(message)
        .to_string()
}

/// The filter joins: 4.1 and later, where the instance lives on. Three containers with two streams are six lines at the
/// most, and eight can be held.
#[test]
fn the_filter_joins() {
    let Some((_, bits)) = JSON.setup() else {
        return;
    };
    for bit in bits.iter().filter(|bit| !bit.instance_per_chunk()) {
        run(JSON, bit, 3, "filter", Ask::Joined);
    }
}

/// More lines at once than the filter holds: some go on in parts, marked, and nothing is lost.
#[test]
fn what_is_too_much_to_hold_is_marked() {
    let Some((_, bits)) = JSON.setup() else {
        return;
    };
    for bit in bits.iter().filter(|bit| !bit.instance_per_chunk()) {
        run(JSON, bit, 12, "filter", Ask::Complete);
    }
}

/// With `Event_Format msgpack` the host cannot drop a record: an empty answer becomes a record without a body, and what
/// stands behind it in the chunk is lost (`plugins/filter_wasm/filter_wasm.c`, tried on 4.1.1). So nothing may be
/// held there.
#[test]
fn nothing_is_held_in_msgpack() {
    let Some((_, bits)) = MSGPACK.setup() else {
        return;
    };
    for bit in bits.iter().filter(|bit| !bit.instance_per_chunk()) {
        run(MSGPACK, bit, 3, "filter", Ask::Complete);
    }
}

/// The default, and the only choice before 4.1: each fragment is a record.
#[test]
fn fragments_are_marked() {
    for export in [JSON, MSGPACK] {
        let Some((_, bits)) = export.setup() else {
            return;
        };
        for bit in &bits {
            run(export, bit, 3, "mark", Ask::Complete);
        }
    }
}

/// The host joins, and the filter takes what it leaves.
#[test]
fn the_host_joins() {
    for export in [JSON, MSGPACK] {
        let Some((_, bits)) = export.setup() else {
            return;
        };
        for bit in &bits {
            run(export, bit, 3, "host", Ask::ByTheHost);
        }
    }
}
