//! What filters cost in a real Fluent Bit, beside what people run today. `cargo xtask bench filters` builds what this needs
//! and runs it.

mod budget;
mod config;
mod measure;
mod pipeline;
mod plot;
mod process;
mod records;
mod report;
mod run;
mod stack;
mod steady;

use std::path::PathBuf;
use std::process::ExitCode;

use leafpack_peer::{FluentBit, dist, fluent_bits, workspace};

const HELP: &str = "\
cargo xtask bench filters [OPTIONS]
  --versions LIST     of the Fluent Bits that FLUENT_BIT names or PATH has, those of these versions; all by default
  --lines N           CRI lines in the file; half as many records with a kubernetes map (400000)
  --rounds N          runs of each pipeline (5)
  --filter TEXT       only pipelines whose name contains it (may be repeated); writes no documentation
  --require-budgets   exit 1 where a budget is not met, or not measured
";

struct Options {
    versions: Vec<String>,
    plan: measure::Plan,
    require_budgets: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Option<Options>, String> {
    use lexopt::prelude::*;
    let mut options = Options {
        versions: Vec::new(),
        plan: measure::Plan {
            lines: 400_000,
            rounds: 5,
            patterns: Vec::new(),
        },
        require_budgets: false,
    };
    let mut args = lexopt::Parser::from_env();
    let text = |value: Result<std::ffi::OsString, lexopt::Error>| {
        value
            .and_then(|value| value.string())
            .map_err(|error| error.to_string())
    };
    let number = |value: String| match value.parse::<usize>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("found {value:?}, expected a whole number from 1")),
    };
    while let Some(arg) = args.next().map_err(|error| error.to_string())? {
        match arg {
            Long("versions") => {
                let list = text(args.value())?;
                options.versions.extend(list.split(',').map(str::to_string));
            }
            Long("lines") => options.plan.lines = number(text(args.value())?)?,
            Long("rounds") => options.plan.rounds = number(text(args.value())?)?,
            Long("filter") => options.plan.patterns.push(text(args.value())?),
            Long("require-budgets") => options.require_budgets = true,
            Long("help") | Short('h') => return Ok(None),
            other => return Err(format!("{}\n\n{HELP}", other.unexpected())),
        }
    }
    Ok(Some(options))
}

/// The Fluent Bits that are asked for.
fn hosts(versions: &[String]) -> Result<Vec<FluentBit>, String> {
    let all = fluent_bits();
    let version = |bit: &FluentBit| {
        let (major, minor, patch) = bit.version;
        format!("{major}.{minor}.{patch}")
    };
    if all.is_empty() {
        return Err("found no Fluent Bit: install it, or set FLUENT_BIT to its path (several: separated by a colon)".into());
    }
    let there: Vec<String> = all.iter().map(version).collect();
    if let Some(missing) = versions.iter().find(|wanted| !there.contains(wanted)) {
        return Err(format!(
            "--versions: found no Fluent Bit {missing:?}, expected some of: {}",
            there.join(", ")
        ));
    }
    Ok(all
        .into_iter()
        .filter(|bit| versions.is_empty() || versions.contains(&version(bit)))
        .collect())
}

fn run() -> Result<(), String> {
    let Some(options) = options()? else {
        print!("{HELP}");
        return Ok(());
    };
    let hosts = hosts(&options.versions)?;
    let functions = run::functions(&workspace().join("target/precompiled/index.json"))?;
    let folder =
        tempfile::tempdir().map_err(|error| format!("cannot make a temporary folder: {error}"))?;
    let settings = folder.path().join("settings");
    std::fs::create_dir(&settings).map_err(|error| format!("cannot make a folder: {error}"))?;
    let modules = workspace().join("dist/filters");
    let mut all = Vec::new();
    for bit in &hosts {
        let place = pipeline::Place {
            identity: dist("bench/identity.wasm"),
            settings: settings.clone(),
            stack: stack::Stack::render(
                &dist("bin/leafpack"),
                &workspace().join("examples/spoke/stack.yaml"),
                bit.version,
                folder.path(),
            )?,
            modules: modules.clone(),
            filters_at_output: bit.instance_per_chunk(),
        };
        all.push(measure::run(
            bit,
            &options.plan,
            &place,
            &functions,
            folder.path(),
        )?);
    }
    let mut verdicts: Vec<budget::Verdict> = all.iter().flat_map(budget::of_cpu).collect();
    verdicts.extend(budget::of_size(&sizes(&modules, functions.keys())?));

    println!("{}", report::body(&all, &verdicts, &options.plan));
    if options.plan.patterns.is_empty() {
        let docs = workspace().join("docs");
        let document = report::document(&all, &verdicts, &options.plan);
        let path = docs.join("performance.md");
        std::fs::write(&path, document)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        plot::draw(&docs.join("performance.svg"), &all)?;
        eprintln!("written: docs/performance.md, docs/performance.svg");
    }
    let short = verdicts.iter().filter(|verdict| !verdict.met).count();
    if options.require_budgets && short > 0 {
        return Err(format!(
            "{short} of {} budgets are not met or not measured",
            verdicts.len()
        ));
    }
    Ok(())
}

/// The modules and their bytes.
fn sizes<'n>(
    folder: &std::path::Path,
    names: impl Iterator<Item = &'n String>,
) -> Result<Vec<(String, u64)>, String> {
    names
        .map(|name| {
            let path: PathBuf = folder.join(format!("{name}.wasm"));
            let data = std::fs::metadata(&path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            Ok((name.clone(), data.len()))
        })
        .collect()
}
