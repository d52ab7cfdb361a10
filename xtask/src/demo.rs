//! `cargo xtask demo`: the project's job on the examples, from nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::process::{in_front, line, on_path, quietly};
use crate::workspace::{Workspace, read, write_if_changed};
use crate::{Result, build};

/// Builds what is missing, then shows logs going through the filter and a spoke's stack being made.
pub(crate) fn demo(workspace: &Workspace) -> Result<()> {
    eprintln!("1. Building");
    build::build(workspace)?;
    let demo = Demo {
        workspace,
        out: workspace.root.join("target/demo"),
    };
    eprintln!("\n2. Container logs through the filter container-logs.wasm");
    let records = demo.logs()?;
    eprintln!("\n3. Log samples with the records that are expected");
    demo.log_tests()?;
    eprintln!("\n4. A spoke's log collection from one resource");
    let objects = demo.render()?;
    let built = demo.hosts()?;

    println!("\nDone:");
    println!("  {records} log lines became records, none lost: target/demo/*.jsonl");
    println!("  examples/spoke became {objects} objects: target/demo/spoke.yaml");
    match built {
        Some(host) => println!("  {host} made the same objects with it, twice the same bytes"),
        None => println!("  kustomize was not found; `cargo xtask tools kustomize` installs it"),
    }
    println!("Next:");
    println!(
        "  dist/bin/leafpack logs --filter container-logs --explain FILE     your own /var/log/containers/*.log"
    );
    println!("  dist/bin/leafpack render examples/spoke/stack.yaml");
    println!(
        "  PATH=\"$PWD/dist/bin:$PATH\" kustomize build --enable-alpha-plugins --enable-exec examples/spoke"
    );
    println!("  docs/getting-started.md                      a cluster of your own");
    Ok(())
}

struct Demo<'a> {
    workspace: &'a Workspace,
    /// Where results are left for a look.
    out: PathBuf,
}

impl Demo<'_> {
    fn leafpack(&self) -> Command {
        let mut command = Command::new(self.workspace.dist().join("bin/leafpack"));
        command.current_dir(&self.workspace.root);
        command
    }

    /// Runs a command after showing it.
    fn show(command: &mut Command) -> Result<Vec<u8>> {
        eprintln!("   $ {}", line(command));
        quietly(command)
    }

    /// Sends every example log through the filter; returns how many records came of it.
    fn logs(&self) -> Result<usize> {
        let folder = self.workspace.root.join("examples/logs");
        let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
            .map_err(|error| format!("cannot read {}: {error}", folder.display()))?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
            .collect();
        files.sort();
        let mut total = 0;
        for file in files {
            let mut command = self.leafpack();
            command
                .args(["logs", "--filter", "container-logs"])
                .arg(file.strip_prefix(&self.workspace.root).unwrap_or(&file));
            let output = Self::show(&mut command)?;
            let input = read(&file)?;
            let lines: Vec<&[u8]> = self::lines(&input).collect();
            let records: Vec<&[u8]> = self::lines(&output)
                .filter(|line| !line.is_empty())
                .collect();
            let marked = |field: &str| records.iter().filter(|record| has(record, field)).count();
            eprintln!(
                "     {} lines gave {} records: {} partial, {} marked with leafpack_error",
                lines.len(),
                records.len(),
                marked("partial_message"),
                marked("leafpack_error"),
            );
            if records.len() != lines.len() {
                return Err(format!("{}: a record was lost", file.display()));
            }
            if let Some((line, record)) = lines.iter().zip(&records).nth(2) {
                eprintln!("     {}", shorten(&String::from_utf8_lossy(line)));
                eprintln!("     → {}", shorten(&String::from_utf8_lossy(record)));
            }
            total += records.len();
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            let name = name.split('_').next().unwrap_or_default();
            write_if_changed(&self.out.join(format!("{name}.jsonl")), &output)?;
        }
        Ok(total)
    }

    /// Runs the example's log tests.
    fn log_tests(&self) -> Result<()> {
        let said = Self::show(self.leafpack().args(["test", "examples/log-tests"]))?;
        for line in String::from_utf8_lossy(&said).lines() {
            eprintln!("     {line}");
        }
        Ok(())
    }

    /// Renders the example spoke; returns how many objects it has.
    fn render(&self) -> Result<usize> {
        let mut command = self.leafpack();
        let stack = Self::show(command.args(["render", "examples/spoke/stack.yaml"]))?;
        write_if_changed(&self.out.join("spoke.yaml"), &stack)?;
        let kinds = kinds(&stack);
        eprintln!("     {}", shorten(&kinds.join(", ")));
        Ok(kinds.len())
    }

    /// Builds the example through a host that is there; returns its name.
    fn hosts(&self) -> Result<Option<&'static str>> {
        let tools = self.workspace.tools().join("bin");
        let find = |name: &str| {
            Some(tools.join(name))
                .filter(|path| path.is_file())
                .or_else(|| on_path(name))
        };
        let (host, mut first, mut second) = if let Some(kustomize) = find("kustomize") {
            (
                "kustomize",
                self.kustomize(&kustomize),
                self.kustomize(&kustomize),
            )
        } else if let Some(kubectl) = find("kubectl") {
            let home = self.out.join("plugins");
            quietly(
                self.leafpack()
                    .args(["plugin", "install", "--home"])
                    .arg(&home),
            )?;
            (
                "kubectl",
                self.kubectl(&kubectl, &home),
                self.kubectl(&kubectl, &home),
            )
        } else {
            return Ok(None);
        };
        let (one, two) = (Self::show(&mut first)?, quietly(&mut second)?);
        if one != two {
            return Err(format!("{host} gave other bytes the second time"));
        }
        let rendered = kinds(&read(&self.out.join("spoke.yaml"))?).len();
        let built = kinds(&one).len();
        eprintln!("     {built} objects, twice the same {} bytes", one.len());
        if built != rendered {
            return Err(format!(
                "{host} gave {built} objects, and `leafpack render` {rendered}"
            ));
        }
        Ok(Some(host))
    }

    /// kustomize looks its functions up on `PATH`.
    fn kustomize(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.workspace.root)
            .env("PATH", in_front("PATH", self.workspace.dist().join("bin")));
        command.args([
            "build",
            "--enable-alpha-plugins",
            "--enable-exec",
            "examples/spoke",
        ]);
        command
    }

    fn kubectl(&self, program: &Path, home: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.workspace.root)
            .env("KUSTOMIZE_PLUGIN_HOME", home);
        command.args([
            "kustomize",
            "--enable-alpha-plugins",
            "examples/spoke-kubectl",
        ]);
        command
    }
}

/// The lines of a text, without what follows the last line feed.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.strip_suffix(b"\n")
        .unwrap_or(text)
        .split(|byte| *byte == b'\n')
}

/// Whether a JSON record has a field of this name.
fn has(record: &[u8], field: &str) -> bool {
    serde_json::from_slice::<Value>(record).is_ok_and(|record| record.get(field).is_some())
}

/// The kind of each object in a stream of block style YAML.
fn kinds(stream: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(stream)
        .lines()
        .filter_map(|line| line.strip_prefix("kind: "))
        .map(str::to_string)
        .collect()
}

/// At most so much that it fits a line or two of a terminal.
fn shorten(text: &str) -> String {
    const MOST: usize = 150;
    if text.chars().count() <= MOST {
        return text.to_string();
    }
    text.chars().take(MOST).chain("…".chars()).collect()
}
