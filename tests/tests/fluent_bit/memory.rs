//! What a filter costs in memory does not grow with the records that it sees.

use leafpack_tests::fluent_bit::{Host, tail};
use leafpack_tests::oracle::filter::Filter;
use leafpack_tests::oracle::found::Carried;
use serde_json::{Value, json};

use crate::exports::Export;
use crate::line_count;

/// What the later records may add to what the first took: about 20 bytes for each, far less than the shortest has.
const SLACK_KIB: u64 = 16 << 10;

/// The most memory that a Fluent Bit has while it ships its first fifth, and while it ships the rest.
fn stays_flat(export: Export) {
    let Some((_, bits)) = export.setup() else {
        return;
    };
    let count = line_count() * 5 / 2;
    for bit in &bits {
        let host = Host::new(bit);
        let lines = (0..count).map(|n| {
            let pod = n / 50 % 7;
            if n % 200 == 0 {
                format!(
                    "2024-05-01T10:11:12.{n:09}Z stdout F {{\"level\":\"info\",\"msg\":\"{n}\"}}"
                )
            } else {
                format!(
                    "2024-05-01T10:11:12.{n:09}Z stdout F GET /healthz 200 request={n} pod={pod}"
                )
            }
        });
        let file = host.write_lines("in.log", lines);
        // What waits for the output has a bound of its own.
        let input = tail(&file, "kube.test", "    Mem_Buf_Limit 4M\n");
        let settings = match export.filter {
            Filter::Cri => Value::Null,
            _ => json!({"cluster": "apps"}),
        };
        let mut running = host.start(&(input + &export.section(&host, &settings)));
        // About the length of what goes in and of what comes out.
        let fifth = std::fs::metadata(&file).expect("the file").len() / 5;
        let (mut first, mut rest) = (0, 0);
        while running.goes_on() {
            let Some(resident) = running.resident() else {
                continue;
            };
            let most = if running.shipped() < fifth {
                &mut first
            } else {
                &mut rest
            };
            *most = resident.max(*most);
        }
        let run = running.wait();
        run.assert_clean();
        assert_eq!(run.lines().count(), count, "{bit}");
        if first == 0 || rest == 0 {
            eprintln!(
                "{bit}: the system does not say how much memory a process has, or the run was too short"
            );
            assert!(
                !cfg!(target_os = "linux") || line_count() < 100_000,
                "{bit}"
            );
            continue;
        }
        eprintln!(
            "{bit}: {}: {first} KiB, then at most {rest} KiB",
            export.function()
        );
        assert!(
            rest <= first + SLACK_KIB,
            "{bit}: {first} KiB, then {rest} KiB"
        );
    }
}

#[test]
fn container_logs() {
    stays_flat(Export {
        filter: Filter::ContainerLogs,
        carried: Carried::Json,
    });
}

#[test]
fn container_logs_msgpack() {
    stays_flat(Export {
        filter: Filter::ContainerLogs,
        carried: Carried::Msgpack,
    });
}
