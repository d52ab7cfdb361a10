//! What a module may use, and where a user says so.

use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

/// What one run of a module may use. Whatever goes beyond is stopped, and said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory, in bytes.
    pub memory: usize,
    /// Wall-clock time of a function's run, or of one call of a filter. Stopped within two of the ticks that it is
    /// counted in: a twentieth of it each, but 1 ms at least and 250 ms at most.
    pub time: Duration,
    /// Bytes written to standard output and standard error together.
    pub output: usize,
}

/// 512 MiB, 30 s and 64 MiB: far above what real input needs (2,000 objects: 22 MB, 0.1 s and 1.2 MB).
impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: 512 * MIB,
            time: Duration::from_secs(30),
            output: 64 * MIB,
        }
    }
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;

/// The most that a 32-bit module can address.
const MEMORY_MAX: usize = 4 * GIB;

/// One of the three, with its names and its way to read a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::memory`].
    Memory,
    /// [`Limits::time`].
    Time,
    /// [`Limits::output`].
    Output,
}

impl Limit {
    const ALL: [Limit; 3] = [Limit::Memory, Limit::Time, Limit::Output];

    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Limit::Memory => "LEAFPACK_MAX_MEMORY",
            Limit::Time => "LEAFPACK_TIMEOUT",
            Limit::Output => "LEAFPACK_MAX_OUTPUT",
        }
    }

    /// The option of the command line that sets it.
    #[must_use]
    pub fn option(self) -> &'static str {
        match self {
            Limit::Memory => "--max-memory",
            Limit::Time => "--timeout",
            Limit::Output => "--max-output",
        }
    }
}

/// A limit whose value can't be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLimit {
    /// The variable or option.
    pub name: &'static str,
    /// What was found.
    pub found: String,
    /// What would be right.
    pub right: &'static str,
}

impl fmt::Display for BadLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BadLimit { name, found, right } = self;
        write!(f, "{name}: found {found:?}, expected {right}")
    }
}

impl std::error::Error for BadLimit {}

impl Limits {
    /// The defaults, with what the environment sets. `variable` looks one up.
    ///
    /// # Errors
    /// On a variable whose value can't be read or is out of range.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, BadLimit> {
        let mut limits = Limits::default();
        for limit in Limit::ALL {
            if let Some(value) = variable(limit.variable()) {
                limits.set(limit, limit.variable(), &value.to_string_lossy())?;
            }
        }
        Ok(limits)
    }

    /// Sets one limit from text: a time as `30s`, `500ms` or `2m`; a size as `512MiB`, `1GiB`, `64Ki` or plain bytes.
    /// `name` is where the text comes from, for the error.
    ///
    /// # Errors
    /// If the text can't be read, or is out of range.
    pub fn set(&mut self, limit: Limit, name: &'static str, text: &str) -> Result<(), BadLimit> {
        let bad = |right| BadLimit {
            name,
            found: text.to_owned(),
            right,
        };
        match limit {
            Limit::Memory => {
                let right = "a size from 64KiB to 4GiB, such as 512MiB";
                self.memory = parse_size(text)
                    .filter(|size| (64 * KIB..=MEMORY_MAX).contains(size))
                    .ok_or_else(|| bad(right))?;
            }
            Limit::Output => {
                let right = "a size from 1KiB on, such as 64MiB";
                self.output = parse_size(text)
                    .filter(|size| *size >= KIB)
                    .ok_or_else(|| bad(right))?;
            }
            Limit::Time => {
                let right = "a time from 1ms to 1day, such as 30s or 2m";
                let range = Duration::from_millis(1)..=Duration::from_secs(86_400);
                self.time = humantime::parse_duration(text.trim())
                    .ok()
                    .filter(|time| range.contains(time))
                    .ok_or_else(|| bad(right))?;
            }
        }
        Ok(())
    }

    /// One limit as text that [`Limits::set`] reads, multiplied by `factor` within its range.
    #[must_use]
    pub fn text(&self, limit: Limit, factor: usize) -> String {
        match limit {
            Limit::Memory => size_text(self.memory.saturating_mul(factor).min(MEMORY_MAX)),
            Limit::Output => size_text(self.output.saturating_mul(factor)),
            Limit::Time => {
                let factor = u32::try_from(factor).unwrap_or(u32::MAX);
                humantime::format_duration(self.time.saturating_mul(factor)).to_string()
            }
        }
    }
}

fn parse_size(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim() {
        "" | "B" => 1,
        "KiB" | "Ki" => KIB,
        "MiB" | "Mi" => MIB,
        "GiB" | "Gi" => GIB,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(unit)
}

fn size_text(bytes: usize) -> String {
    for (size, unit) in [(GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")] {
        if bytes >= size && bytes.is_multiple_of(size) {
            return format!("{}{unit}", bytes / size);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(limit: Limit, text: &str) -> Result<Limits, String> {
        let mut limits = Limits::default();
        match limits.set(limit, limit.variable(), text) {
            Ok(()) => Ok(limits),
            Err(why) => Err(why.to_string()),
        }
    }

    #[test]
    fn reads_sizes_and_times() {
        for (text, bytes) in [
            ("65536", 65_536),
            ("64KiB", 65_536),
            ("64Ki", 65_536),
            (" 512 MiB ", 512 << 20),
            ("4GiB", 4 << 30),
            ("1Gi", 1 << 30),
        ] {
            assert_eq!(set(Limit::Memory, text).unwrap().memory, bytes, "{text}");
        }
        for (text, millis) in [
            ("30s", 30_000),
            ("500ms", 500),
            ("2m", 120_000),
            ("1m 30s", 90_000),
        ] {
            let time = set(Limit::Time, text).unwrap().time;
            assert_eq!(time, Duration::from_millis(millis), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest_with_a_sentence() {
        let texts = [
            "", "0", "lots", "-1", "1.5GiB", "5GiB", "512MB", "30", "1ns", "2days",
        ];
        let mut all = String::new();
        for limit in Limit::ALL {
            for text in texts {
                if let Err(why) = set(limit, text) {
                    all.push_str(&why);
                    all.push('\n');
                }
            }
        }
        insta::assert_snapshot!(all);
    }

    #[test]
    fn the_environment_overrides_the_defaults() {
        let lookup = |name: &str| (name == "LEAFPACK_TIMEOUT").then(|| "1s".into());
        let limits = Limits::from_environment(lookup).unwrap();
        let expected = Limits {
            time: Duration::from_secs(1),
            ..Limits::default()
        };
        assert_eq!(limits, expected);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(memory in (64 * KIB)..=MEMORY_MAX, millis in 1..86_400_000u64) {
            let limits = Limits { memory, time: Duration::from_millis(millis), output: memory };
            let mut back = Limits::default();
            for limit in Limit::ALL {
                back.set(limit, limit.option(), &limits.text(limit, 1)).unwrap();
            }
            prop_assert_eq!(back, limits);
        }
    }
}
