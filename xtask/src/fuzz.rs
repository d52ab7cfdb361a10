//! `cargo xtask fuzz`: searches for inputs that break a property of `tests/fuzz`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::process::{answer, cargo, line, on_path, quietly};
use crate::workspace::{Workspace, create_folder};
use crate::{Result, progress};

/// Compiler flags that make code tell libFuzzer which branches it took and what it compared, as cargo-fuzz sets them;
/// stable ones.
const COVERAGE: &str = "-Ccodegen-units=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Bytes of an input, at most: beyond Fluent Bit's own buffers nothing new happens but length.
const LONGEST_INPUT: u32 = 4096;

/// How much is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    /// So many seconds, shared by all targets.
    Seconds(u64),
    /// So many inputs, shared by all targets.
    Inputs(u64),
}

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) amount: Amount,
    /// Exports; all of them where it is empty.
    pub(crate) targets: Vec<String>,
    /// Processes at a time.
    pub(crate) jobs: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            amount: Amount::Seconds(60),
            targets: Vec::new(),
            jobs: 1,
        }
    }
}

/// What one target's search came to.
struct Searched {
    inputs: u64,
    /// The failure's message, and the input.
    failure: Option<String>,
}

pub(crate) fn fuzz(workspace: &Workspace, options: &Options) -> Result<()> {
    if on_path("c++").is_none() && std::env::var_os("CXX").is_none() {
        eprintln!(
            "no C++ compiler for libFuzzer: random changes of the corpus in its place, which find less"
        );
        return mutate(workspace, options);
    }
    let program = progress::step("the fuzzer", || build(workspace))?;
    let known = names(&program)?;
    if let Some(unknown) = options.targets.iter().find(|name| !known.contains(name)) {
        return Err(format!(
            "--target: found {unknown:?}, expected one of: {}",
            known.join(", ")
        ));
    }
    let targets = if options.targets.is_empty() {
        &known
    } else {
        &options.targets
    };
    let jobs = options.jobs.clamp(1, targets.len());
    let share = match options.amount {
        // So that all end after this time.
        Amount::Seconds(seconds) => {
            Amount::Seconds((seconds / targets.len().div_ceil(jobs) as u64).max(1))
        }
        Amount::Inputs(inputs) => Amount::Inputs(inputs.div_ceil(targets.len() as u64)),
    };
    let start = Instant::now();
    let queue = Mutex::new(targets.iter());
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().ok().and_then(|mut queue| queue.next());
                    let Some(target) = next else { break };
                    let start = Instant::now();
                    let searched = search(workspace, &program, target, share);
                    if let Ok(searched) = &searched {
                        let seconds = start.elapsed().as_secs_f64();
                        let outcome = if searched.failure.is_some() {
                            ", then FAILED"
                        } else {
                            ""
                        };
                        eprintln!(
                            "  {target}: {} inputs in {seconds:.0} s{outcome}",
                            searched.inputs
                        );
                    }
                    if let Ok(mut results) = results.lock() {
                        results.push(searched);
                    }
                }
            });
        }
    });
    let results = results.into_inner().map_err(|error| error.to_string())?;
    let results: Vec<Searched> = results.into_iter().collect::<Result<_>>()?;
    let failures: Vec<&str> = results
        .iter()
        .filter_map(|one| one.failure.as_deref())
        .collect();
    println!(
        "{} inputs over {} targets in {:.0} s: {} failures",
        results.iter().map(|one| one.inputs).sum::<u64>(),
        results.len(),
        start.elapsed().as_secs_f64(),
        failures.len()
    );
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n\n"))
    }
}

/// Everything that the search writes.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("fuzz")
}

/// Builds the program, in a target folder of its own, for its compiler flags are others.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let verbose = answer(Command::new("rustc").arg("-vV")).ok_or("rustc -vV does not answer")?;
    let host = verbose
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or("rustc -vV does not name the host")?;
    let target = folder(workspace).join("build");
    let mut cargo = cargo();
    // With a target named, build scripts and macros are not given the flags.
    cargo
        .current_dir(&workspace.root)
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", COVERAGE)
        .args([
            "build",
            "--quiet",
            "--locked",
            "--profile",
            "fuzz",
            "--target",
            host,
        ])
        .args(["--package", "leafpack-fuzz", "--features", "libfuzzer"]);
    quietly(&mut cargo)?;
    Ok(target.join(host).join("fuzz/leafpack-fuzz"))
}

/// The exports that the program knows.
fn names(program: &Path) -> Result<Vec<String>> {
    let mut list = Command::new(program);
    list.env_remove("LEAFPACK_FUZZ_TARGET");
    let names = quietly(&mut list)?;
    Ok(String::from_utf8_lossy(&names)
        .lines()
        .map(str::to_string)
        .collect())
}

/// Runs one target until its share is done, or an input breaks a property.
fn search(workspace: &Workspace, program: &Path, target: &str, share: Amount) -> Result<Searched> {
    let base = folder(workspace);
    let (found, failures) = (base.join("corpus").join(target), base.join("failures"));
    create_folder(&found)?;
    create_folder(&failures)?;
    let mut fuzzer = Command::new(program);
    // What is found goes to the first folder.
    fuzzer.env("LEAFPACK_FUZZ_TARGET", target).arg(&found);
    let mut seeds = vec![target];
    seeds.extend(target.strip_suffix("_msgpack"));
    for name in seeds {
        let folder = workspace.root.join("tests/fuzz/corpus").join(name);
        if folder.is_dir() {
            fuzzer.arg(folder);
        }
    }
    let dictionary = workspace.root.join("tests/fuzz/tokens.dict");
    fuzzer
        .arg(match share {
            Amount::Seconds(seconds) => format!("-max_total_time={seconds}"),
            Amount::Inputs(inputs) => format!("-runs={inputs}"),
        })
        .arg(format!("-max_len={LONGEST_INPUT}"))
        .arg(format!("-dict={}", dictionary.display()))
        .arg(format!("-artifact_prefix={}/{target}-", failures.display()))
        // Quick inputs are changed more often than slow ones.
        .args(["-entropic_scale_per_exec_time=1", "-timeout=10"])
        .args(["-rss_limit_mb=2048", "-print_final_stats=1"]);
    let log = base.join(format!("{target}.log"));
    let file =
        File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let status = fuzzer
        .stderr(file)
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("cannot run `{}`: {error}", line(&fuzzer)))?;
    let text = std::fs::read(&log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let executed = text
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .and_then(|number| number.trim().parse().ok());
    match (status.success(), executed) {
        (true, None | Some(0)) => Err(format!("the fuzzer ran no input; see {}", log.display())),
        (success, executed) => Ok(Searched {
            inputs: executed.unwrap_or(0),
            failure: (!success).then(|| failure(workspace, target, &text, &log)),
        }),
    }
}

/// What libFuzzer's log says of a failure, and what to do with the input.
fn failure(workspace: &Workspace, target: &str, text: &str, log: &Path) -> String {
    let message: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("thread ") && !line.contains("ERROR: libFuzzer"))
        .take_while(|line| {
            !line.starts_with("stack backtrace")
                && !line.starts_with("==")
                && !line.starts_with("note: ")
        })
        .collect();
    let written = text
        .lines()
        .find_map(|line| line.split_once("Test unit written to "));
    let input = written.map_or_else(
        || format!("no input was written; see {}", workspace.short(log)),
        |(_, path)| {
            let path = workspace.short(Path::new(path.trim())).to_string();
            format!("the input is {path}; with its cause mended, it belongs to tests/fuzz/corpus/{target}")
        },
    );
    format!("{target}: {}\n{input}", message.join("\n"))
}

/// The same properties without libFuzzer, by a test that changes the corpus at random.
fn mutate(workspace: &Workspace, options: &Options) -> Result<()> {
    if !options.targets.is_empty() {
        return Err(
            "--target needs libFuzzer, and so a C++ compiler: apt-get install -y g++".into(),
        );
    }
    const CASES: u64 = 20_000;
    let (until, cases) = match options.amount {
        Amount::Seconds(seconds) => (Some(Instant::now() + Duration::from_secs(seconds)), CASES),
        Amount::Inputs(inputs) => (None, inputs),
    };
    loop {
        let mut tests = cargo();
        tests
            .current_dir(&workspace.root)
            .env("PROPTEST_CASES", cases.to_string())
            .args(["test", "--quiet", "--locked", "--profile", "fuzz"])
            .args(["--package", "leafpack-fuzz", "--test", "mutations"]);
        quietly(&mut tests)?;
        if until.is_none_or(|until| Instant::now() >= until) {
            println!("no failures");
            return Ok(());
        }
    }
}
