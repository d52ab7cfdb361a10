//! Fluent Bit ends in the middle of a file and starts again, with the position that the tail input keeps.

use std::collections::BTreeSet;

use leafpack_tests::corpus::{Corpus, Records};
use leafpack_tests::fluent_bit::Host;
use leafpack_tests::oracle::filter::{Filter, expected};
use leafpack_tests::oracle::found::{Carried, difference};
use leafpack_tests::peer::FluentBit;
use serde_json::{Map, Value, json};

use crate::exports::Export;
use crate::{line_count, tailed};

/// Lines whose records came before the end and after the new start, in the order in which they came.
struct Halves {
    before: Vec<usize>,
    after: Vec<usize>,
}

/// Starts, sends a signal when some records came out, and starts again. Each record must be as it should.
fn halves(export: Export, bit: &FluentBit, signal: &str) -> Halves {
    let count = line_count() / 2;
    let records = Records(Corpus {
        ascii_only: true,
        ..Corpus::new(count)
    });
    let host = Host::new(bit);
    let file = host.write_lines("in.log", (0..count).map(|n| records.line(n)));
    let settings = json!({});
    let config = |more: &str| {
        format!(
            "[INPUT]\n    Name tail\n    Path {}\n    Tag kube.test\n    Read_from_Head on\n    \
             Buffer_Max_Size 8M\n    Mem_Buf_Limit 4M\n    DB {}\n{more}",
            file.display(),
            host.path("tail.db").display()
        ) + &export.section(&host, &settings)
    };
    // Not at the first record, and long before the last.
    let enough = std::fs::metadata(&file).expect("the file").len() / 8;
    let mut first = host.start(&config(""));
    while first.shipped() < enough {
        assert!(
            first.goes_on(),
            "{bit}: it ended by itself\n{}",
            first.log()
        );
    }
    first.signal(signal);
    let run = first.wait();
    if signal == "TERM" {
        run.assert_clean();
    }
    let read = |run: &leafpack_tests::fluent_bit::Run, skip: usize| -> Vec<usize> {
        let mut lines = run.lines().skip(skip).peekable();
        let mut numbers = Vec::new();
        while let Some(line) = lines.next() {
            let record: Map<String, Value> = match serde_json::from_slice(&line) {
                Ok(record) => record,
                // Killed in the middle of writing it.
                Err(_) if signal == "KILL" && (lines.peek().is_none() || numbers.is_empty()) => {
                    continue;
                }
                Err(error) => panic!("{bit}: {error}: {}", String::from_utf8_lossy(&line)),
            };
            let n = export
                .number(&record, count)
                .unwrap_or_else(|| panic!("{bit}: {record:?}"));
            let line = records.line(n);
            let input = Map::from_iter([("log".to_string(), Value::from(tailed(&line)))]);
            let wanted = expected(export.filter, "kube.test", &input, &settings);
            if let Some(text) = difference(&wanted, &record, export.carried, false) {
                panic!("{bit}, line {n}: {text}");
            }
            numbers.push(n);
        }
        numbers
    };
    let before = read(&run, 0);
    let lines_before = run.lines().count();
    let second = host.start(&config("    Exit_On_Eof on\n")).wait();
    second.assert_clean();
    // A line that was cut off by the kill is continued by the first of the new run, and counts as one of the first.
    let after = read(
        &second,
        if signal == "KILL" {
            before.len().min(lines_before)
        } else {
            lines_before
        },
    );
    assert!(
        !before.is_empty() && !after.is_empty() && before.len() < count,
        "{bit}: {} and {} records: not stopped in the middle",
        before.len(),
        after.len()
    );
    Halves { before, after }
}

/// A stop by SIGTERM, as of a pod that is replaced, loses nothing and says nothing twice.
fn stopped(export: Export) {
    let Some((_, bits)) = export.setup() else {
        return;
    };
    for bit in &bits {
        let Halves { before, after } = halves(export, bit, "TERM");
        let count = line_count() / 2;
        let mut seen = vec![0u8; count];
        for n in before.iter().chain(&after) {
            seen[*n] = seen[*n].saturating_add(1);
        }
        let wrong: Vec<usize> = (0..count).filter(|n| seen[*n] != 1).collect();
        assert!(
            wrong.is_empty(),
            "{bit}: {} lines did not come once, as {:?}",
            wrong.len(),
            &wrong[..wrong.len().min(5)]
        );
        eprintln!(
            "{bit}: {}: {} records, then {}",
            export.function(),
            before.len(),
            after.len()
        );
    }
}

/// Of what SIGKILL meets, those lines are lost that the tail input had read and no output had sent: one stretch of the file,
/// as the documentation says. What is before and behind it comes once.
fn killed(export: Export) {
    let Some((_, bits)) = export.setup() else {
        return;
    };
    for bit in &bits {
        let Halves { before, after } = halves(export, bit, "KILL");
        let count = line_count() / 2;
        let first: BTreeSet<usize> = before.iter().copied().collect();
        let second: BTreeSet<usize> = after.iter().copied().collect();
        assert_eq!(first.len(), before.len(), "{bit}: twice before");
        assert_eq!(second.len(), after.len(), "{bit}: twice after");
        assert!(first.is_disjoint(&second), "{bit}: before and after");
        // No hole within either.
        assert_eq!(
            first.last(),
            Some(&(first.len() - 1)),
            "{bit}: lost before the end"
        );
        // One line may be torn: its first half was written, and its second never.
        let from = second.first().copied().unwrap_or_default();
        assert!(
            count - from - second.len() <= 1,
            "{bit}: lost behind the position that was kept: from {from}, {} of {count}",
            second.len()
        );
        eprintln!(
            "{bit}: {}: killed: {} records, {} lost, then {}",
            export.function(),
            first.len(),
            from - first.len(),
            second.len()
        );
    }
}

macro_rules! tests {
    ($($name:ident: $filter:ident, $carried:ident;)*) => {$(
        #[test]
        fn $name() {
            stopped(Export {
                filter: Filter::$filter,
                carried: Carried::$carried,
            });
        }
    )*};
}

tests! {
    cri_is_stopped: Cri, Json;
    cri_msgpack_is_stopped: Cri, Msgpack;
    container_logs_is_stopped: ContainerLogs, Json;
    container_logs_msgpack_is_stopped: ContainerLogs, Msgpack;
}

#[test]
fn container_logs_is_killed() {
    killed(Export {
        filter: Filter::ContainerLogs,
        carried: Carried::Json,
    });
}
