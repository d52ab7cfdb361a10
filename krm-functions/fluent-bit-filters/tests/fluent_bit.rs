//! What the function makes, in the real Fluent Bit.
//!
//! Uses every binary that `FLUENT_BIT` names (several: separated by a colon), or the `fluent-bit` on the path, with the
//! filter modules that this crate was built with. Paths are mapped to a folder of the test's; nothing else is changed.

mod common;

use common::{classic, in_yaml, named, root, run};
use fluent_bit_filters::{Embedded, Modules, Source};
use krm_rs::{Object, Value, json, yaml};
use leafpack_function_tests::{golden, has_filters, items, parse};
use leafpack_peer as peer;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// An empty folder of this name.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

fn write(path: &Path, bytes: &[u8]) {
    let parent = path.parent().expect("a file is in a folder");
    fs::create_dir_all(parent).expect("the folder can be made");
    fs::write(path, bytes).expect("the file can be written");
}

/// Puts modules and settings where the pods would find them, below a folder, and gives back what maps paths to it.
fn lay_out(made: &[Object], folder: &Path) -> impl Fn(&str) -> String {
    for object in made {
        if object.name().ends_with("-leafpack-filter-settings") {
            for (name, text) in object.get("data").and_then(Value::as_object).expect("data") {
                let text = text.as_str().unwrap_or_default();
                write(
                    &folder.join("leafpack/filter-settings").join(name),
                    text.as_bytes(),
                );
            }
        } else if object.name().ends_with("-leafpack-filters") {
            let data = object.get("binaryData").and_then(Value::as_object);
            for (name, _) in data.expect("binaryData") {
                let modules = Embedded::modules();
                let Modules {
                    audit,
                    container_logs,
                    cri,
                    tenant,
                } = modules;
                let module = match name.as_str() {
                    "audit.wasm" => audit,
                    "container-logs.wasm" => container_logs,
                    "cri.wasm" => cri,
                    "tenant.wasm" => tenant,
                    other => panic!("{other}"),
                };
                write(&folder.join("leafpack/filters").join(name), module);
            }
        }
    }
    let root = folder.display().to_string();
    move |text: &str| {
        text.replace("/leafpack/", &format!("{root}/leafpack/"))
            .replace("/var/log/", &format!("{root}/var/log/"))
    }
}

fn fluent_bit(binary: &peer::FluentBit, config: &Path, args: &[&str]) -> Output {
    Command::new(&binary.path)
        .arg("-c")
        .arg(config)
        .args(args)
        .output()
        .expect("Fluent Bit runs")
}

/// The records that it prints.
fn records(binary: &peer::FluentBit, config: &Path) -> Vec<Value> {
    let output = fluent_bit(binary, config, &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{binary}: {said}");
    let text = String::from_utf8(output.stdout).expect("records are UTF-8");
    let lines = text.lines().filter(|line| line.starts_with('{'));
    let records: Vec<Value> = lines
        .map(|line| yaml::load_one(line.as_bytes()).expect("a record is JSON"))
        .collect();
    assert!(!records.is_empty(), "{binary}: {text}{said}");
    records
}

const LINES: &str = "\
2026-11-18T09:14:03.512345678Z stdout F plain text\n\
2026-11-18T09:14:04.5Z stderr F {\"level\":\"info\",\"msg\":\"paid\",\"cluster\":\"mine\"}\n";

fn log_file(folder: &Path) {
    let id = "0123456789abcdef".repeat(4);
    let name = format!("var/log/containers/web-1_shop_app-{id}.log");
    write(&folder.join(name), LINES.as_bytes());
}

const INPUT: &str = "[SERVICE]
    Flush      0.2
    Log_Level  warn

[INPUT]
    Name            tail
    Tag             kube.*
    Path            /var/log/containers/*.log
    Read_from_Head  On
    Exit_On_Eof     On
";

const KUBERNETES: &str = "
[FILTER]
    Name        kubernetes
    Match       kube.*
    Dummy_Meta  On
";

const OUTPUT: &str = "
[OUTPUT]
    Name           stdout
    Match          *
    Format         json_lines
    json_date_key  false
";

const YAML: &str = "service:
  flush: 0.2
  log_level: warn
pipeline:
  inputs:
    - name: tail
      tag: kube.*
      path: /var/log/containers/*.log
      read_from_head: on
      exit_on_eof: on
  # no filters yet
  outputs:
    - name: stdout
      match: '*'
      format: json_lines
      json_date_key: false
";

fn spec(rest: &str) -> String {
    format!(
        "apiVersion: leafpack.dev/v1alpha1\nkind: FluentBitFilters\nmetadata: {{name: fluent-bit}}\n\
         spec: {{cluster: apps, environment: production, tenant: {{default: t, namespaces: {{shop: finance}}}}{rest}}}\n"
    )
}

/// Every way to write a pipeline gives the records that the filters promise.
#[test]
fn records_say_where_they_are_from() {
    let test = "filters-fluent-bit";
    let binaries = peer::fluent_bits_or_skip(test);
    if binaries.is_empty() || !has_filters(test) {
        return;
    }
    let written = format!("{INPUT}    multiline.parser  cri\n");
    let modify = "\n[FILTER]\n    Name   modify\n    Match  kube.*\n    Set    cluster dev\n";
    let parts = ", filters: [{filter: cri}, {filter: tenant}]";
    let msgpack = ", filters: [{format: msgpack}]";
    let cases: [(&str, &str, Vec<Object>); 7] = [
        (
            "plain",
            "",
            classic(&format!("{INPUT}{KUBERNETES}{OUTPUT}")),
        ),
        ("alone", "", classic(&format!("{INPUT}{OUTPUT}"))),
        (
            "joined",
            "",
            classic(&format!("{written}{KUBERNETES}{OUTPUT}")),
        ),
        (
            "replaced",
            ", replace: true",
            classic(&format!(
                "{written}{KUBERNETES}    Merge_Log  On\n    Keep_Log  Off\n{modify}{OUTPUT}"
            )),
        ),
        (
            "parts",
            parts,
            classic(&format!("{INPUT}{KUBERNETES}{OUTPUT}")),
        ),
        (
            "msgpack",
            msgpack,
            classic(&format!("{INPUT}{KUBERNETES}{OUTPUT}")),
        ),
        ("yaml", "", in_yaml(YAML)),
    ];
    for binary in binaries {
        for (name, rest, mut input) in cases.clone() {
            // The function is told the release by the image's tag.
            let (major, minor, patch) = binary.version;
            let image = format!("fluent/fluent-bit:{major}.{minor}.{patch}");
            input[1]
                .set("spec.template.spec.containers[0].image", image)
                .expect("an image");
            let outcome = run::<Embedded>(&spec(rest), input);
            assert!(outcome.success, "{name}: {}", outcome.stderr);
            let made = items(&outcome);
            let folder = folder(&format!("records-{name}-{major}.{minor}.{patch}"));
            let mapped = lay_out(&made, &folder);
            log_file(&folder);
            let data = named(&made, "ConfigMap", "fluent-bit")
                .get("data")
                .and_then(Value::as_object);
            let is_config = |key: &str| key.starts_with("fluent-bit.");
            let (key, text) = data
                .into_iter()
                .flatten()
                .find(|(key, _)| is_config(key))
                .expect("a configuration");
            let config = folder.join(key);
            write(
                &config,
                mapped(text.as_str().unwrap_or_default()).as_bytes(),
            );

            let records = records(&binary, &config);
            assert_eq!(records.len(), 2, "{binary} {name}: {records:?}");
            for record in &records {
                for (field, value) in [
                    ("cluster", "apps"),
                    ("environment", "production"),
                    ("tenant", "finance"),
                    ("k8s_namespace_name", "shop"),
                    ("k8s_pod_name", "web-1"),
                    ("k8s_container_name", "app"),
                ] {
                    assert_eq!(record[field], value, "{binary} {name}: {field}: {record}");
                }
                assert!(
                    record.get("leafpack_error").is_none(),
                    "{binary} {name}: {record}"
                );
            }
            assert_eq!(records[0]["_msg"], "plain text", "{binary} {name}");
            assert_eq!(
                records[0]["_time"], "2026-11-18T09:14:03.512345678Z",
                "{binary} {name}"
            );
            assert_eq!(records[1]["stream"], "stderr", "{binary} {name}");
            if ["plain", "alone", "joined", "replaced", "yaml"].contains(&name) {
                assert_eq!(records[1]["_msg"], "paid", "{binary} {name}");
                assert_eq!(records[1]["level"], "info", "{binary} {name}");
                // An application cannot claim another cluster.
                assert_eq!(
                    records[1]["json_body"]["cluster"], "mine",
                    "{binary} {name}"
                );
            }
        }
    }
}

/// The pipeline of a fixture as one text in files, with what these builds of Fluent Bit do not have left out.
fn files(fixture: &str, folder: &Path) -> PathBuf {
    let fixture = root().join("fixtures").join(fixture);
    let read = |name: &str| golden::read(&fixture, name);
    let made = items(&run::<Embedded>(
        &read("config.yaml"),
        parse(read("input.yaml")),
    ));
    let mapped = lay_out(&made, folder);
    let plain = |text: &str| {
        let text = mapped(text)
            .replace("Name      systemd", "Name      dummy")
            .replace("{{ .Values.flush }}", "1")
            .replace("${LOGS_HOST}", "127.0.0.1");
        let lines = text.lines().filter(|line| {
            !["@INCLUDE /", "[SPOUTPUT]", "Parsers_File", "other"]
                .iter()
                .any(|gone| line.contains(gone))
        });
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    let mut root = None;
    for object in &made {
        let data = object
            .get("data")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        for (name, text) in data.filter(|_| object.kind() == "ConfigMap") {
            let text = text.as_str().unwrap_or_default();
            if !name.ends_with(".json") && !text.starts_with("not this one") {
                let path = folder.join(name);
                write(&path, plain(text).as_bytes());
                if name.starts_with("fluent-bit.") {
                    root = Some(path);
                }
            }
        }
        if let Some(values) = object.get("spec.values.config") {
            // As the chart's template puts them together.
            let parts = ["service", "inputs", "filters", "outputs"];
            let parts = parts.map(|part| values[part].as_str().unwrap_or_default());
            let path = folder.join("fluent-bit.conf");
            write(&path, plain(&parts.concat()).as_bytes());
            root = Some(path);
        }
    }
    root.expect("a configuration")
}

#[test]
fn every_version_takes_every_pipeline() {
    let test = "filters-dry-run";
    let binaries = peer::fluent_bits_or_skip(test);
    if binaries.is_empty() || !has_filters(test) {
        return;
    }
    let fixtures = [
        "classic",
        "flux",
        "yaml",
        "helm",
        "replace",
        "replace-yaml",
        "inputs",
        "includes",
        "existing-config-map",
    ];
    for binary in &binaries {
        for fixture in fixtures {
            let folder = folder(&format!("dry-run-{fixture}"));
            let config = files(fixture, &folder);
            let text = fs::read_to_string(&config).expect("a configuration");
            let output = fluent_bit(binary, &config, &["--dry-run"]);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success(),
                "{binary} {fixture}: {said}\n{text}"
            );
        }
        // The check can fail: on lines that are indented in two ways.
        let folder = folder("dry-run-broken");
        let config = folder.join("fluent-bit.conf");
        write(&config, b"[INPUT]\n    Name tail\n  Tag kube.*\n");
        let output = fluent_bit(binary, &config, &["--dry-run"]);
        assert!(!output.status.success(), "{binary}");
    }
}

/// Audit events have a tag of their own, and their own settings.
#[test]
fn audit_events_are_told_apart() {
    let test = "filters-audit";
    let binaries = peer::fluent_bits_or_skip(test);
    if binaries.is_empty() || !has_filters(test) {
        return;
    }
    let audit = "\n[INPUT]\n    Name            tail\n    Tag             audit\n    Path            /var/log/audit/kube/kube-apiserver.log\n    Read_from_Head  On\n";
    // Only one input may end the run: with two Fluent Bit waits for ever.
    let input = classic(&format!("{audit}\n{INPUT}{KUBERNETES}{OUTPUT}"));
    let rest = ", filters: [{filter: container-logs}, {filter: audit}]";
    let outcome = run::<Embedded>(&spec(rest), input);
    assert!(outcome.success, "{}", outcome.stderr);
    let made = items(&outcome);
    for binary in binaries {
        let folder = folder("audit");
        let mapped = lay_out(&made, &folder);
        log_file(&folder);
        let event = json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "stage": "ResponseComplete",
            "verb": "get", "user": {"username": "alice"}, "requestURI": "/version",
            "stageTimestamp": "2026-11-18T09:14:03.523456Z",
        });
        write(
            &folder.join("var/log/audit/kube/kube-apiserver.log"),
            format!("{event}\n").as_bytes(),
        );
        let text = named(&made, "ConfigMap", "fluent-bit").get_str("data[fluent-bit.conf]");
        let config = folder.join("fluent-bit.conf");
        write(&config, mapped(text.expect("a configuration")).as_bytes());
        let records = records(&binary, &config);
        let (events, logs): (Vec<&Value>, Vec<&Value>) = records
            .iter()
            .partition(|record| record["log_type"] == "audit");
        assert_eq!((events.len(), logs.len()), (1, 2), "{binary}: {records:?}");
        assert_eq!(events[0]["tenant"], "t", "{binary}");
        assert_eq!(events[0]["user"], "alice", "{binary}");
        assert_eq!(logs[0]["tenant"], "finance", "{binary}");
        for record in &records {
            assert_eq!(record["cluster"], "apps", "{binary}: {record}");
            assert!(record.get("leafpack_error").is_none(), "{binary}: {record}");
        }
    }
}
