//! The configurations in the filters' READMEs, in both syntaxes, give what the example at the top of each README says.
//!
//! Replaced is what a test cannot have: paths, the output, and the `kubernetes` filter, which asks an API server; a Lua
//! filter adds what the example's record has in its place.

use std::path::Path;

use leafpack_tests::fluent_bit::Host;
use leafpack_tests::peer::{self, FluentBit};
use leafpack_tests::workspace;
use serde_json::{Map, Value, json};

/// What a README says.
struct Readme {
    name: &'static str,
    text: String,
    /// The example's record before and after the filter.
    before: Map<String, Value>,
    after: Map<String, Value>,
}

impl Readme {
    fn of(name: &'static str) -> Self {
        let path = workspace().join(format!("filters/{name}/README.md"));
        let text = std::fs::read_to_string(path).expect("a README");
        let object = |line: Option<&str>| {
            let line = line.unwrap_or_else(|| panic!("{name}: an example of two lines"));
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}: {line}"))
        };
        let example = block(name, &text, "text", "{");
        let mut lines = example.lines();
        let (before, after) = (object(lines.next()), object(lines.next()));
        Self {
            name,
            text,
            before,
            after,
        }
    }

    /// The first object among the settings that it shows.
    fn settings(&self) -> Value {
        serde_json::from_str(&block(self.name, &self.text, "json", "{")).expect("settings are JSON")
    }
}

/// The first block of this language that starts so.
fn block(name: &str, text: &str, language: &str, start: &str) -> String {
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1);
    let mut contents = blocks.map(|block| block.split("```").next().unwrap_or_default());
    let found = contents.find(|content| content.starts_with(start));
    found
        .unwrap_or_else(|| panic!("filters/{name}/README.md: no block {language} with {start}"))
        .to_string()
}

/// With this host's paths in place of those of a container.
fn relocated(text: &str, host: &Host<'_>) -> String {
    let path = |name: &str| host.path(name).display().to_string();
    text.replace("/fluent-bit/wasm", &path("wasm"))
        .replace("/fluent-bit/settings", &path("settings"))
        .replace("/var/log/", &(path("var/log") + "/"))
}

/// The classic configuration.
fn classic(text: &str, host: &Host<'_>) -> String {
    let sections = relocated(text, host);
    let sections = sections.split("\n\n").filter_map(|section| {
        let is = |line: &str| {
            section
                .lines()
                .any(|own| own.split_whitespace().eq(line.split(' ')))
        };
        if section.starts_with("[OUTPUT]") {
            return None;
        }
        if is("Name kubernetes") {
            let script = host.path("add.lua");
            let script = script.display();
            return Some(format!(
                "[FILTER]\n    Name lua\n    Match *\n    Script {script}\n    Call add"
            ));
        }
        let mut section = section.trim_end().to_string();
        if is("Name tail") {
            for more in ["Read_from_Head On", "Exit_On_Eof On"] {
                if !is(more) {
                    section += &format!("\n    {more}");
                }
            }
        }
        Some(section)
    });
    sections.collect::<Vec<_>>().join("\n\n") + "\n"
}

/// The configuration in YAML, whole.
fn yaml(text: &str, host: &Host<'_>) -> String {
    let text = relocated(text, host);
    let (pipeline, _) = text.split_once("  outputs:\n").expect("outputs come last");
    let mut out = String::from("service:\n  flush: 0.2\n  grace: 60\n  log_level: info\n");
    let mut skips = false;
    for line in pipeline.lines() {
        let starts_item = line.starts_with("    - ");
        if starts_item || !line.starts_with("      ") {
            skips = line == "    - name: kubernetes";
            if skips {
                let script = host.path("add.lua");
                out += &format!(
                    "    - name: lua\n      match: \"*\"\n      script: {}\n      call: add\n",
                    script.display()
                );
            }
        }
        if skips {
            continue;
        }
        out += line;
        out.push('\n');
        if line == "    - name: tail" {
            out += "      exit_on_eof: on\n";
            if !pipeline.contains("read_from_head:") {
                out += "      read_from_head: on\n";
            }
        }
    }
    let output = host.output();
    let folder = output.parent().unwrap_or(Path::new("/")).display();
    out + &format!(
        "  outputs:\n    - name: file\n      match: \"*\"\n      path: {folder}\n      file: out.jsonl\n      format: plain\n"
    )
}

/// A JSON value as Lua writes it.
fn lua(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("[{}] = {}", Value::from(name.as_str()), lua(value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Array(_) => panic!("an array has no place in an example"),
        other => other.to_string(),
    }
}

/// Runs both configurations on a line; `beside` are fields of the output that the example leaves out.
fn check(bit: &FluentBit, readme: &Readme, line: &str, settings: &Value, beside: &[&str]) {
    let file = match readme.name {
        "audit" => "var/log/audit/kube/kube-apiserver.log".to_string(),
        _ => format!(
            "var/log/containers/web-1_payments_nginx-{}.log",
            "0123456789abcdef".repeat(4)
        ),
    };
    for syntax in ["ini", "yaml"] {
        let host = Host::new(bit);
        let folder = host.path(&file);
        std::fs::create_dir_all(folder.parent().expect("a folder")).unwrap();
        host.write_lines(&file, [line]);
        std::fs::create_dir(host.path("wasm")).unwrap();
        let module = format!("{}.wasm", readme.name);
        let built = leafpack_tests::dist(&format!("filters/{module}"));
        std::fs::copy(built, host.path("wasm").join(module)).unwrap();
        host.settings(readme.name, settings);
        let map = readme.before.get("kubernetes").unwrap_or(&Value::Null);
        let add = lua(map).replace("null", "nil");
        let script = format!(
            "function add(tag, time, record)\n  record[\"kubernetes\"] = {add}\n  return 2, time, record\nend\n"
        );
        std::fs::write(host.path("add.lua"), script).unwrap();
        let start = if syntax == "ini" {
            "[INPUT]"
        } else {
            "pipeline:"
        };
        let text = block(readme.name, &readme.text, syntax, start);
        let run = if syntax == "ini" {
            host.run(&classic(&text, &host))
        } else {
            let path = host.path("fluent-bit.yaml");
            std::fs::write(&path, yaml(&text, &host)).unwrap();
            host.start_file(&path).wait()
        };
        run.assert_clean();
        let mut records: Vec<_> = run.records().collect();
        for record in &mut records {
            record.retain(|name, _| !beside.contains(&name.as_str()));
        }
        // Not in order: Lua's tables have none.
        assert_eq!(
            records,
            std::slice::from_ref(&readme.after),
            "{bit}, {}, {syntax}: {}",
            readme.name,
            run.log
        );
    }
}

fn bits(name: &str) -> Vec<FluentBit> {
    const TESTS: &str = "the READMEs' configurations";
    match peer::dist_or_skip(TESTS, &format!("filters/{name}.wasm")) {
        Some(_) => peer::fluent_bits_or_skip(TESTS),
        None => Vec::new(),
    }
}

fn log(readme: &Readme) -> &str {
    readme.before["log"]
        .as_str()
        .expect("a line in the example")
}

#[test]
fn cri() {
    let readme = Readme::of("cri");
    for bit in bits(readme.name) {
        check(&bit, &readme, log(&readme), &json!({}), &[]);
    }
}

/// The example is what the `kubernetes` filter leaves of a joined line; its time, stream and tag stay beside it.
#[test]
fn tenant() {
    let readme = Readme::of("tenant");
    let line = format!("2026-11-18T09:14:03.5Z stdout F {}", log(&readme));
    for bit in bits(readme.name) {
        check(&bit, &readme, &line, &readme.settings(), &["time", "_p"]);
    }
}

/// With the cluster and tenants of the README's settings: the others name what the example does not have.
#[test]
fn container_logs() {
    let readme = Readme::of("container-logs");
    let all = readme.settings();
    let settings = json!({"cluster": all["cluster"], "tenant": all["tenant"]});
    for bit in bits(readme.name) {
        check(&bit, &readme, log(&readme), &settings, &[]);
    }
}

#[test]
fn audit() {
    let readme = Readme::of("audit");
    for bit in bits(readme.name) {
        check(&bit, &readme, log(&readme), &json!({}), &[]);
    }
}
