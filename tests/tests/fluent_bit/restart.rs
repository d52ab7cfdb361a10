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

/// What came before the end, and after the new start.
struct Halves {
    before: Vec<usize>,
    after: Vec<usize>,
    /// Ends of lines whose starts the input had read when it ended.
    torn: Vec<String>,
}

/// Starts, sends a signal when some records came out, and starts again. Each record must be as it should.
fn halves(export: Export, bit: &FluentBit, records: &Records, signal: &str) -> Halves {
    let count = records.0.count;
    let host = Host::new(bit);
    let file = host.write_lines("in.log", (0..count).map(|n| records.line(n)));
    let config = |more: &str| {
        format!(
            "[INPUT]\n    Name tail\n    Path {}\n    Tag kube.test\n    Read_from_Head on\n    \
             Buffer_Max_Size 8M\n    Mem_Buf_Limit 4M\n    DB {}\n{more}",
            file.display(),
            host.path("tail.db").display()
        ) + &export.section(&host, &json!({}))
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
    let was_killed = signal == "KILL";
    if !was_killed {
        run.assert_clean();
    }
    // A record that was being written when the process was killed has no end, and the next run's first stands behind it.
    let whole = |line: &Vec<u8>| serde_json::from_slice::<Map<String, Value>>(line).ok();
    let first: Vec<_> = run.lines().collect();
    let before: Vec<_> = first.iter().map_while(whole).collect();
    assert!(before.len() == first.len() || was_killed && before.len() + 1 == first.len());
    let second = host.start(&config("    Exit_On_Eof on\n")).wait();
    second.assert_clean();
    let skipped = first.len();
    let after: Vec<_> = second
        .lines()
        .skip(skipped)
        .map(|line| whole(&line).unwrap_or_else(|| panic!("{bit}: {line:?}")))
        .collect();
    let mut torn = Vec::new();
    let mut numbers = |found: Vec<Map<String, Value>>| -> Vec<usize> {
        let mut numbers = Vec::new();
        for record in found {
            let n = export.number(&record, count);
            let fits = n.is_some_and(|n| {
                let line = records.line(n);
                let input = Map::from_iter([("log".to_string(), Value::from(tailed(&line)))]);
                let wanted = expected(export.filter, "kube.test", &input, &json!({}));
                difference(&wanted, &record, export.carried, false).is_none()
            });
            match n {
                Some(n) if fits => numbers.push(n),
                _ => torn.push(Value::Object(record).to_string()),
            }
        }
        numbers
    };
    let (before, after) = (numbers(before), numbers(after));
    assert!(
        !before.is_empty() && !after.is_empty() && before.len() < count,
        "{bit}: {} and {} records: not stopped in the middle",
        before.len(),
        after.len()
    );
    Halves {
        before,
        after,
        torn,
    }
}

fn corpus() -> Records {
    Records(Corpus {
        ascii_only: true,
        ..Corpus::new(line_count() / 4)
    })
}

/// A stop by SIGTERM, as of a pod that is replaced: nothing is there twice and nothing is lost, but for the line of which the
/// input had read a part. Before 5.1.1 the position that it keeps is behind that part (tried on 3.2.2 and 4.1.1), so that the
/// rest comes alone; it cannot be read, and is marked.
fn stopped(export: Export) {
    let Some((_, bits)) = export.setup() else {
        return;
    };
    let records = corpus();
    let count = records.0.count;
    for bit in &bits {
        let Halves {
            before,
            after,
            torn,
        } = halves(export, bit, &records, "TERM");
        let mut seen = vec![0u8; count];
        for n in before.iter().chain(&after) {
            seen[*n] = seen[*n].saturating_add(1);
        }
        let wrong: Vec<usize> = (0..count).filter(|n| seen[*n] != 1).collect();
        assert!(
            wrong.len() <= 1 && wrong.iter().all(|n| seen[*n] == 0) && torn.len() <= 1,
            "{bit}: {} lines did not come once, as {:?}; torn: {torn:.300?}",
            wrong.len(),
            &wrong[..wrong.len().min(5)]
        );
        // 5.1.1 keeps the position behind the last whole line.
        assert!(
            bit.version < (5, 1, 1) || wrong.is_empty(),
            "{bit}: {wrong:?}"
        );
        for torn in &torn {
            assert!(torn.contains("leafpack_error"), "{bit}: {torn:.300}");
        }
        if let [n] = wrong[..] {
            let last_before = before.iter().max().copied().unwrap_or_default();
            assert_eq!(n, last_before + 1, "{bit}: the line that was read in part");
        }
        eprintln!(
            "{bit}: {}: {} records, then {}, and {} read in part",
            export.function(),
            before.len(),
            after.len(),
            wrong.len()
        );
    }
}

/// Of what SIGKILL meets, those lines are lost that the tail input had read and no output had sent: one stretch of the file,
/// as the documentation says. What is before and behind it comes once.
fn killed(export: Export) {
    let Some((_, bits)) = export.setup() else {
        return;
    };
    let records = corpus();
    let count = records.0.count;
    for bit in &bits {
        let Halves {
            before,
            after,
            torn,
        } = halves(export, bit, &records, "KILL");
        let first: BTreeSet<usize> = before.iter().copied().collect();
        let second: BTreeSet<usize> = after.iter().copied().collect();
        assert_eq!(first.len(), before.len(), "{bit}: twice before");
        assert_eq!(second.len(), after.len(), "{bit}: twice after");
        assert!(first.is_disjoint(&second), "{bit}: before and after");
        assert!(torn.len() <= 1, "{bit}: {torn:.300?}");
        // No hole within either.
        assert_eq!(first.last(), Some(&(first.len() - 1)), "{bit}: lost before");
        let from = second.first().copied().unwrap_or_default();
        assert_eq!(count - from, second.len(), "{bit}: lost behind {from}");
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
