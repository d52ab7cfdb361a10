//! `leafpack size`: what a hub needs for clusters of this size, with how it is reckoned.
//!
//! The figures are measured: see `docs/sizing.md`.

use std::fmt::Write as _;

use super::{Done, World, print};
use crate::cli::args::SizeArgs;

/// Bytes on disk of a sample of VictoriaMetrics, and of a series in its index.
const SAMPLE: f64 = 1.4;
const SERIES_ON_DISK: f64 = 77.0;

/// Bytes of memory of an active series.
const SERIES_IN_MEMORY: f64 = 1_610.0;

/// Bytes of a sample on its way from vmagent.
const SAMPLE_ON_THE_WAY: f64 = 14.5;

/// Of a byte of log messages: what is on disk, and what is on its way. Names and labels of the record are in it.
const LOGS_ON_DISK: f64 = 0.34;
const LOGS_ON_THE_WAY: f64 = 0.46;

/// Memory of an idle VictoriaLogs that is written to, in bytes.
const LOGS_MEMORY: f64 = 121e6;

/// What VictoriaMetrics' documentation asks to leave free: a fifth of the disk, and half of the memory.
const DISK_WITH_ROOM: f64 = 1.25;
const MEMORY_WITH_ROOM: f64 = 2.0;

const DAY: f64 = 86_400.0;

/// What was found.
#[derive(Debug, Clone, PartialEq)]
struct Sizes {
    series: f64,
    samples: f64,
    metrics_disk: f64,
    metrics_memory: f64,
    metrics_bandwidth: f64,
    logs_disk: f64,
    logs_memory: f64,
    logs_bandwidth: f64,
}

fn sizes(args: &SizeArgs) -> Sizes {
    let count = |number: u32| f64::from(number);
    let days = count(args.retention);
    let series = count(args.nodes) * count(args.series_per_node)
        + count(args.pods) * count(args.series_per_pod);
    let samples = series / count(args.interval);
    Sizes {
        series,
        samples,
        metrics_disk: (samples * DAY * days * SAMPLE + series * SERIES_ON_DISK) * DISK_WITH_ROOM,
        metrics_memory: series * SERIES_IN_MEMORY * MEMORY_WITH_ROOM,
        metrics_bandwidth: samples * SAMPLE_ON_THE_WAY,
        logs_disk: args.log_rate * DAY * days * LOGS_ON_DISK * DISK_WITH_ROOM,
        logs_memory: LOGS_MEMORY * MEMORY_WITH_ROOM,
        logs_bandwidth: args.log_rate * LOGS_ON_THE_WAY,
    }
}

pub(super) fn run(args: &SizeArgs, world: &mut World<'_>) -> Done {
    let found = sizes(args);
    let SizeArgs {
        nodes,
        pods,
        retention,
        interval,
        series_per_node,
        series_per_pod,
        ..
    } = args;
    let log_rate = bytes(args.log_rate);
    let rows = [
        (
            "metrics: active series",
            format!("{:.0}", found.series),
            format!("{nodes} nodes x {series_per_node} + {pods} pods x {series_per_pod}"),
        ),
        (
            "metrics: samples a second",
            format!("{:.0}", found.samples),
            format!("series / {interval} s"),
        ),
        (
            "metrics: disk",
            bytes(found.metrics_disk),
            format!(
                "(samples x {retention} days x {SAMPLE} B + series x {SERIES_ON_DISK} B) x {DISK_WITH_ROOM}"
            ),
        ),
        (
            "metrics: memory of the store",
            bytes(found.metrics_memory),
            format!("series x {SERIES_IN_MEMORY} B x {MEMORY_WITH_ROOM}"),
        ),
        (
            "metrics: bandwidth to the hub",
            format!("{}/s", bytes(found.metrics_bandwidth)),
            format!("samples x {SAMPLE_ON_THE_WAY} B"),
        ),
        (
            "logs: disk",
            bytes(found.logs_disk),
            format!("{log_rate}/s x {retention} days x {LOGS_ON_DISK} x {DISK_WITH_ROOM}"),
        ),
        (
            "logs: memory of the store",
            bytes(found.logs_memory),
            format!(
                "{} x {MEMORY_WITH_ROOM}; queries take more",
                bytes(LOGS_MEMORY)
            ),
        ),
        (
            "logs: bandwidth to the hub",
            format!("{}/s", bytes(found.logs_bandwidth)),
            format!("{log_rate}/s x {LOGS_ON_THE_WAY}"),
        ),
    ];
    let width = |of: fn(&(&str, String, String)) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (first, second) = (width(|row| row.0.len()), width(|row| row.1.len()));
    let mut text = String::new();
    for (what, value, formula) in &rows {
        let _ = writeln!(text, "{what:first$}  {value:>second$}  = {formula}");
    }
    text += "\nOne copy of everything; with replication, so many times the disk. Room is what VictoriaMetrics' documentation \
             asks\nto leave free: a fifth of the disk, half of the memory. docs/sizing.md says how the figures were measured.\n";
    print(world.stdout, text.as_bytes())
}

/// Bytes as a person says them.
fn bytes(bytes: f64) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, size) in units {
        let size = size as f64;
        if bytes >= size {
            return format!("{:.1} {unit}", bytes / size);
        }
    }
    format!("{bytes:.0} B")
}

/// Reads a rate, such as `1MiB` or `500KiB`, in bytes.
pub(crate) fn parse_rate(text: &str) -> Result<f64, String> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit {
        "" | "B" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err("expected bytes a second, such as 500KiB or 2MiB".to_owned()),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "expected bytes a second, such as 500KiB or 2MiB".to_owned())?;
    Ok(number * factor)
}

/// Reads a number of days: `30d`, or `30`.
pub(crate) fn parse_days(text: &str) -> Result<u32, String> {
    let days = text.strip_suffix('d').unwrap_or(text).parse().ok();
    days.filter(|days| *days > 0)
        .ok_or_else(|| "expected days, such as 30d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rates_and_days() {
        assert_eq!(parse_rate("2MiB"), Ok(2_097_152.0));
        assert_eq!(parse_rate("1.5KiB"), Ok(1_536.0));
        assert_eq!(parse_rate("10"), Ok(10.0));
        assert!(
            parse_rate("2MB").is_err() && parse_rate("MiB").is_err() && parse_rate("-1").is_err()
        );
        assert_eq!(parse_days("30d"), Ok(30));
        assert_eq!(parse_days("7"), Ok(7));
        assert!(parse_days("0d").is_err() && parse_days("4w").is_err());
    }

    /// By hand: 10 x 2,500 + 200 x 120 series, one sample each in 30 s.
    #[test]
    fn reckons_as_it_says() {
        let found = sizes(&SizeArgs {
            nodes: 10,
            pods: 200,
            log_rate: 1e6,
            retention: 30,
            interval: 30,
            series_per_node: 2_500,
            series_per_pod: 120,
        });
        let near = |found: f64, expected: f64| {
            assert!((found / expected - 1.0).abs() < 1e-3, "{found} {expected}")
        };
        near(found.series, 49_000.0);
        near(found.samples, 1_633.33);
        near(found.metrics_disk, 7.4135e9);
        near(found.metrics_memory, 157.78e6);
        near(found.metrics_bandwidth, 23_683.0);
        near(found.logs_disk, 1.1016e12);
        near(found.logs_bandwidth, 460e3);
    }
}
