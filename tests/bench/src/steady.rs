//! Files that grow line by line, as those of pods do while nothing is behind: the input wakes up for each line, and what it
//! reads at a time is that line.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use leafpack_peer::FluentBit;

use crate::config::Section;
use crate::measure::Measured;
use crate::pipeline::{IDENTITY, LUA_NAME, NATIVE, NONE, OURS, OURS_AS_FILTER, Pipeline, Place};
use crate::process;
use crate::records::{Line, Shape};
use crate::run::{Output, config};

/// What is measured so; that without a filter is the first.
const PIPELINES: [&str; 6] = [NONE, NATIVE, LUA_NAME, IDENTITY, OURS, OURS_AS_FILTER];

/// How many files grow in turn, and by how many lines a second together.
pub(crate) const FILES: usize = 50;
pub(crate) const RATE: u32 = 500;
/// `flush`, in seconds: as the stack has it.
pub(crate) const FLUSH: u32 = 5;
/// Until all files are watched, and the first flush is over.
const SETTLES: Duration = Duration::from_millis(5500);
/// For how long they grow, in seconds: from one flush until shortly before the second after it. A filter of the output is
/// called once for each file and flush, and a third flush for the few last lines would be a call for each of them.
pub(crate) const SECONDS: u32 = 9;
const LINES: u32 = RATE * SECONDS;
/// What a flush may take.
const FLUSHES: Duration = Duration::from_millis(500);

/// `getconf CLK_TCK` of Linux, whatever the machine.
const TICKS_A_SECOND: f64 = 100.0;

/// What lines that come one by one cost in a pipeline.
pub(crate) struct Steady {
    pub(crate) pipeline: &'static Pipeline,
    /// Microseconds of CPU a line, of the whole process: a wake-up is mostly the system's time.
    pub(crate) cost: f64,
}

/// Measures those of the pipelines that were checked.
pub(crate) fn run(
    bit: &FluentBit,
    measured: &Measured,
    place: &Place,
    folder: &Path,
) -> Result<Vec<Steady>, String> {
    eprintln!("{}: files that grow line by line", measured.host);
    let pipelines = PIPELINES
        .iter()
        .filter_map(|name| measured.row(Shape::Lines, name));
    pipelines
        .map(|row| {
            let pipeline = row.pipeline;
            let cost = one(bit, pipeline, place, folder)
                .map_err(|error| format!("{}: {}: {error}", measured.host, pipeline.name))?;
            Ok(Steady { pipeline, cost })
        })
        .collect()
}

fn one(bit: &FluentBit, pipeline: &Pipeline, place: &Place, folder: &Path) -> Result<f64, String> {
    let logs = tempfile::tempdir_in(folder)
        .map_err(|error| format!("cannot make a temporary folder: {error}"))?;
    let mut files = (0..FILES)
        .map(|n| create(logs.path(), n))
        .collect::<Result<Vec<File>, String>>()?;
    let input = Section::new(&[("name", "tail"), ("tag", "kube.*")])
        .set("path", logs.path().join("*.log").display());
    let config = config(pipeline, place, &FLUSH.to_string(), input, Output::Null)?;
    let running = process::start(bit, folder, &config)?;
    std::thread::sleep(SETTLES);
    let before = cpu(running.id)?;
    let written = append(&mut files)?;
    std::thread::sleep(Duration::from_secs(FLUSH.into()) + FLUSHES);
    let used = cpu(running.id)? - before;
    let read = read(running.id, logs.path())?;
    running.stop()?;
    running.wait()?;
    if read != written {
        return Err(format!("{read} bytes of {written} were read"));
    }
    Ok(used / f64::from(LINES) * 1e6)
}

/// An empty file, named as Kubernetes names that of a container.
fn create(folder: &Path, n: usize) -> Result<File, String> {
    let id = "0123456789abcdef".repeat(4);
    let path = folder.join(format!("pod-{n}_shop_web-{id}.log"));
    OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(&path)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Appends line by line to file after file, evenly spread over the time; returns how many bytes.
fn append(files: &mut [File]) -> Result<u64, String> {
    let between = Duration::from_secs(1) / RATE;
    let start = Instant::now();
    let mut bytes = 0;
    for (n, due) in (0..LINES).map(|n| (n as usize, start + between * n)) {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let line = Line::new(n, None).text(Shape::Lines) + "\n";
        // One write: a part of a line would be one more wake-up.
        files[n % FILES]
            .write_all(line.as_bytes())
            .map_err(|error| format!("cannot append to a file: {error}"))?;
        bytes += line.len() as u64;
    }
    Ok(bytes)
}

/// Seconds of CPU, user and system, that a process has used.
fn cpu(id: u32) -> Result<f64, String> {
    let path = format!("/proc/{id}/stat");
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
    let ticks = ticks(&text).ok_or_else(|| format!("{path}: found {text:?}"))?;
    Ok(ticks as f64 / TICKS_A_SECOND)
}

/// `utime` and `stime` of `/proc/<pid>/stat`: 14th and 15th field. The second is a name, and may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// How many bytes a process has read of the files in a folder: how far it is in each.
fn read(id: u32, folder: &Path) -> Result<u64, String> {
    let failed = |error| format!("cannot see the files of process {id}: {error}");
    // What links lead to is a path without links.
    let folder = folder.canonicalize().map_err(failed)?;
    let mut bytes = 0;
    for entry in std::fs::read_dir(format!("/proc/{id}/fd")).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(file) = entry.path().read_link() else {
            // Closed since: then it is none of ours.
            continue;
        };
        if file.parent() != Some(&folder) {
            continue;
        }
        let info = format!("/proc/{id}/fdinfo/{}", entry.file_name().display());
        let text = std::fs::read_to_string(&info).map_err(failed)?;
        bytes += position(&text).ok_or_else(|| format!("{info}: found {text:?}"))?;
    }
    Ok(bytes)
}

/// `pos` of `/proc/<pid>/fdinfo/<fd>`.
fn position(info: &str) -> Option<u64> {
    let found = info.lines().find_map(|line| line.strip_prefix("pos:"))?;
    found.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_system_says() {
        let stat = "7 (flb) (x) S 1 7 7 0 -1 4194304 5 0 0 0 123 45 0 0 20 0 9 0 1";
        assert_eq!(ticks(stat), Some(168));
        assert_eq!(ticks("7 (flb) S 1"), None);
        assert_eq!(position("pos:\t1234\nflags:\t0100000\n"), Some(1234));
        assert_eq!(position("flags:\t0100000\n"), None);
    }
}
