//! Fluent Bit, value by value: what the documents behind it ask for, where they are right.

mod common;

use common::objects;
use krm_rs::{Object, Value, json, yaml};

const MINIMAL: &str = include_str!("../fixtures/minimal/config.yaml");
const LOGS: &str = include_str!("../fixtures/logs/config.yaml");

fn daemon_set(objects: &[Object]) -> &Object {
    let is_it = |object: &&Object| object.kind() == "DaemonSet" && object.name() == "fluent-bit";
    objects.iter().find(is_it).expect("Fluent Bit")
}

fn at<'o>(object: &'o Object, path: &str) -> &'o Value {
    object
        .get(path)
        .unwrap_or_else(|| panic!("{} has no {path}", object.id()))
}

/// The pipeline that is written in YAML.
fn pipeline(objects: &[Object]) -> Value {
    let mut files = objects
        .iter()
        .filter_map(|object| object.get_str("data[fluent-bit.yaml]"));
    let text = files.next().expect("a pipeline");
    yaml::load_one(text.as_bytes()).expect("YAML")
}

/// The plugin of this alias in a section.
fn plugin<'p>(pipeline: &'p Value, section: &str, alias: &str) -> &'p Value {
    let list = pipeline["pipeline"][section].as_array().expect("a list");
    list.iter()
        .find(|plugin| plugin["alias"] == alias)
        .unwrap_or_else(|| panic!("{section} has no {alias}"))
}

#[test]
fn the_daemon_set_is_as_it_should_be() {
    let objects = objects(MINIMAL);
    let set = daemon_set(&objects);
    let container = "spec.template.spec.containers[0]";
    for (path, expected) in [
        (
            format!("{container}.image"),
            json!("fluent/fluent-bit:5.1.1"),
        ),
        (
            format!("{container}.ports"),
            json!([{"name": "http", "containerPort": 2020, "protocol": "TCP"}]),
        ),
        (
            format!("{container}.resources"),
            json!({"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}}),
        ),
        (
            format!("{container}.securityContext.capabilities"),
            json!({"drop": ["ALL"]}),
        ),
        (
            format!("{container}.securityContext.readOnlyRootFilesystem"),
            json!(true),
        ),
        (format!("{container}.securityContext.runAsUser"), json!(0)),
        (
            "spec.template.spec.priorityClassName".to_owned(),
            json!("system-node-critical"),
        ),
        (
            "spec.template.spec.tolerations".to_owned(),
            json!([
                {"operator": "Exists", "effect": "NoSchedule"},
                {"operator": "Exists", "effect": "NoExecute"},
            ]),
        ),
    ] {
        assert_eq!(*at(set, &path), expected, "{path}");
    }
    let volumes = at(set, "spec.template.spec.volumes");
    let paths: Vec<&Value> = volumes
        .as_array()
        .expect("volumes")
        .iter()
        .filter_map(|volume| volume["hostPath"].get("path"))
        .collect();
    // The containers' logs are links below /var/log; containerd's own folders are not needed.
    assert_eq!(paths, ["/var/fluent-bit/state", "/var/log"]);
    let role = objects
        .iter()
        .find(|object| object.kind() == "ClusterRole" && object.name().ends_with("fluent-bit"))
        .expect("a role");
    assert_eq!(
        *at(role, "rules"),
        json!([{"apiGroups": [""], "resources": ["namespaces", "pods"], "verbs": ["get", "list", "watch"]}])
    );
}

#[test]
fn the_pipeline_is_as_it_should_be() {
    let pipeline = pipeline(&objects(LOGS));
    let service = &pipeline["service"];
    for (key, expected) in [
        ("flush", json!(5)),
        ("http_port", json!(2020)),
        ("storage.path", json!("/leafpack/state/chunks")),
        ("storage.backlog.mem_limit", json!("5M")),
    ] {
        assert_eq!(service[key], expected, "{key}");
    }
    let input = plugin(&pipeline, "inputs", "containers");
    for (key, expected) in [
        ("path", json!("/var/log/containers/*.log")),
        ("refresh_interval", json!(10)),
        ("db", json!("/leafpack/state/tail.db")),
        // Without it nothing below `storage` counts; and the buffer stops the reading in place of dropping.
        ("storage.type", json!("filesystem")),
    ] {
        assert_eq!(input[key], expected, "{key}");
    }
    assert_eq!(input.get("mem_buf_limit"), None);
    let filters = pipeline["pipeline"]["filters"].as_array().expect("filters");
    let kubernetes = &filters[0];
    assert_eq!(kubernetes["name"], "kubernetes");
    assert_eq!(kubernetes["buffer_size"], 0);
    // Merged fields would stand beside the record's own of the same name.
    let is_off = |value: &Value| value == "Off" || *value == false;
    assert!(is_off(&kubernetes["merge_log"]));
    assert!(is_off(&kubernetes["annotations"]));
    assert_eq!(filters[1]["function_name"], "container_logs");

    let output = plugin(&pipeline, "outputs", "hub");
    for (key, expected) in [
        ("format", json!("json_lines")),
        ("compress", json!("gzip")),
        ("retry_limit", json!("no_limits")),
        ("header", json!(["AccountID 2", "ProjectID 0"])),
    ] {
        assert_eq!(output[key], expected, "{key}");
    }
    let uri = output["uri"].as_str().expect("a path");
    assert!(
        uri.starts_with("/insert/jsonline?_stream_fields=cluster,"),
        "{uri}"
    );
    assert!(uri.ends_with("&_time_field=_time"), "{uri}");
    // A limit by size would drop the oldest.
    assert_eq!(output.get("storage.total_limit_size"), None);
}

#[test]
fn audit_events_are_as_they_should_be() {
    let objects = objects(LOGS);
    let pipeline = pipeline(&objects);
    let input = plugin(&pipeline, "inputs", "audit");
    assert_eq!(input["tag"], "audit.*");
    let paths = input["path"].as_str().expect("paths");
    for path in [
        "/var/log/audit/kube/kube-apiserver.log",
        "/var/log/kubernetes/audit.log",
    ] {
        assert!(paths.split(',').any(|found| found == path), "{paths}");
    }
    let limit = input["buffer_max_size"].as_u64().expect("a number");
    assert!(limit >= 2 << 20, "{limit}");
    assert_eq!(input["db"], "/leafpack/state/audit.db");
    assert_eq!(input["storage.type"], "filesystem");
    let output = plugin(&pipeline, "outputs", "hub-audit-log");
    assert_eq!(output["header"], json!(["AccountID 1", "ProjectID 0"]));
    // The folder is closed to all but its owner, which root without capabilities is not.
    assert_eq!(
        *at(
            daemon_set(&objects),
            "spec.template.spec.containers[0].securityContext.capabilities"
        ),
        json!({"drop": ["ALL"], "add": ["DAC_READ_SEARCH"]})
    );
    let mut files = objects
        .iter()
        .filter_map(|object| object.get_str("data[audit.json]"));
    let settings = yaml::load_one(files.next().expect("settings").as_bytes()).expect("JSON");
    assert_eq!(settings["cluster"], "apps");
}

/// Before 4.1 a `[FILTER]` loads its module for every read of a file.
#[test]
fn old_versions_filter_what_they_send() {
    let old = LOGS.replace("    syntax: yaml\n", "    image: {tag: 3.2.2}\n");
    let pipeline = pipeline(&objects(&old));
    let filters = pipeline["pipeline"]["filters"].as_array().expect("a list");
    assert!(
        filters.iter().all(|filter| filter["name"] != "wasm"),
        "{filters:?}"
    );
    let wasm = |module: &str, function: &str| {
        json!([{
            "name": "wasm",
            "wasm_path": format!("/leafpack/modules/{module}.wasm"),
            "function_name": function,
            "event_format": "json",
            "accessible_paths": "/leafpack/settings",
        }])
    };
    let lines = wasm("container-logs", "container_logs");
    for (alias, expected) in [
        ("hub", Some(&lines)),
        ("hub-payments", Some(&lines)),
        ("hub-team-a", Some(&lines)),
        ("hub-audit-log", Some(&wasm("audit", "audit"))),
        ("hub-talos-log", None),
        ("counted", None),
    ] {
        let output = plugin(&pipeline, "outputs", alias);
        assert_eq!(output["processors"].get("logs"), expected, "{alias}");
        // Threads would share the runtime.
        let workers = expected.map(|_| json!(0));
        assert_eq!(output.get("workers"), workers.as_ref(), "{alias}");
    }
}

#[test]
fn the_namespace_lets_host_folders_in() {
    let objects = objects(MINIMAL);
    let namespace = objects
        .iter()
        .find(|object| object.kind() == "Namespace")
        .expect("a Namespace");
    for mode in ["enforce", "audit", "warn"] {
        let label = format!("pod-security.kubernetes.io/{mode}");
        assert_eq!(namespace.label(&label), Some("privileged"), "{mode}");
    }
    assert_eq!(
        namespace.annotation("kustomize.toolkit.fluxcd.io/prune"),
        Some("disabled")
    );
}
