//! The program with the built modules inside, as people call it.

use leafpack_tests::{peer, workspace};
use std::process::{Command, Output};

fn leafpack(test: &str, args: &[&str]) -> Option<Output> {
    let program = peer::dist_or_skip(test, "bin/leafpack")?;
    let output = Command::new(program)
        .current_dir(workspace())
        .args(args)
        .output()
        .expect("leafpack starts");
    Some(output)
}

/// Standard output of a run that must succeed and say nothing else.
fn records(test: &str, args: &[&str]) -> Option<String> {
    let output = leafpack(test, args)?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr, "");
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

const CHECKOUT: &str = "examples/logs/checkout-6d5f9c7b8-x2x7q_shop_checkout-\
                        4f7c0e9d1b2a3c5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6.log";

fn golden(name: &str) -> String {
    std::fs::read_to_string(workspace().join("examples/logs").join(name)).expect("a golden file")
}

#[test]
fn example_logs_become_the_golden_records() {
    let args = ["logs", "--filter", "cri", CHECKOUT];
    let Some(first) = records("example logs", &args) else {
        return;
    };
    assert_eq!(first, golden("checkout.golden.jsonl"));
    let second = records("example logs", &args);
    assert_eq!(second, Some(first), "run twice, the same bytes");
}

#[test]
fn malformed_logs_go_through_marked() {
    let args = [
        "logs",
        "--filter",
        "cri",
        "--time",
        "2026-11-18T09:15:00Z",
        "examples/logs/malformed.log",
    ];
    let Some(output) = records("malformed logs", &args) else {
        return;
    };
    assert_eq!(output, golden("malformed.golden.jsonl"));
}

#[test]
fn settings_and_the_tag_reach_the_filter() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = folder.path().join("mine.json");
    std::fs::write(&settings, r#"{"names": "native", "from_tag": true}"#).expect("written");
    let settings = settings.to_str().expect("UTF-8");
    let args = ["logs", "--filter", "cri", "--settings", settings, CHECKOUT];
    let Some(output) = records("settings", &args) else {
        return;
    };
    assert_eq!(
        output.lines().next(),
        Some(
            r#"{"time":"2026-11-18T09:14:02.018273645Z","stream":"stdout","logtag":"F","log":"starting checkout 2.14.0 (go1.26.8), commit 1f6c0de","k8s_namespace_name":"shop","k8s_pod_name":"checkout-6d5f9c7b8-x2x7q","k8s_container_name":"checkout"}"#
        )
    );
}

/// Real lines through two filters, and what a person is told about each.
#[test]
fn lines_are_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_string()
    };
    let cri = format!("cri={}", file("cri.json", r#"{"from_tag": true}"#));
    let tenant = r#"{"cluster": "apps", "tenant": {"namespaces": {"shop": "retail"}}, "kubernetes": {"drop": ["docker_id"]}}"#;
    let tenant = format!("tenant={}", file("tenant.json", tenant));
    let lines = [
        r#"{"log":"2026-11-18T09:14:02Z stdout F listening on :8080"}"#,
        r#"{"log":"2026-11-18T09:14:05.3Z stderr P panic: "}"#,
        r#"{"log":"2026-11-18T09:14:03.5Z stdout F {\"level\":\"info\",\"msg\":\"paid\"}","cluster":"mine"}"#,
        r#"{"log":"paid","stream":"stdout","kubernetes":{"namespace_name":"shop","pod_name":"web-0","docker_id":"4f7c","labels":{"app":"web"}}}"#,
        r#"{"log":"2026-11-18T09:14:02Z stdlog F x"}"#,
        r#"{"log":"{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-18T09:14:07Z\"}"}"#,
        r#"{"level":"info"}"#,
    ];
    let log = file("records.jsonl", &(lines.join("\n") + "\n"));
    let args = [
        "logs",
        "--explain",
        "--json-lines",
        "--time",
        "2026-11-18T09:15:00Z",
        "--tag",
        "kube.var.log.containers.web-0_shop_nginx-4f7c0e9d1b2a3c5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6.log",
        "--filter",
        "cri",
        "--filter",
        "tenant",
        "--settings",
        &cri,
        "--settings",
        &tenant,
        &log,
    ];
    if let Some(text) = records("explained", &args) {
        insta::assert_snapshot!(text);
    }
}

#[test]
fn mistakes_are_answered_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_string()
    };
    let unknown_key = file("unknown.json", r#"{"nmaes": "native"}"#);
    let wrong_value = file("wrong.json", r#"{"names": "elastic"}"#);
    let not_json = file("broken.json", "names: native");
    let no_kind = file(
        "kind.yaml",
        "apiVersion: leafpack.dev/v1alpha1\nkind: ObservabilityStak\nmetadata: {name: x}\n",
    );
    let typo = file(
        "typo.yaml",
        "apiVersion: leafpack.dev/v1alpha1\nkind: ObservabilityStack\nmetadata: {name: apps}\n\
         spec: {cluster: apps, rolle: spoke, hub: {logsURL: \"https://logs.example.com\"}}\n",
    );
    let cases: [&[&str]; 9] = [
        &["logs", "--filter", "cry", CHECKOUT],
        &["logs", "--filter", "cri", "no-such.log"],
        &[
            "logs",
            "--filter",
            "cri",
            "--settings",
            "no-such.json",
            CHECKOUT,
        ],
        &[
            "logs",
            "--filter",
            "cri",
            "--settings",
            &unknown_key,
            CHECKOUT,
        ],
        &[
            "logs",
            "--filter",
            "cri",
            "--settings",
            &wrong_value,
            CHECKOUT,
        ],
        &["logs", "--filter", "cri", "--settings", &not_json, CHECKOUT],
        &["render", "no-such.yaml"],
        &["render", &no_kind],
        &["render", &typo],
    ];
    let mut text = String::new();
    for args in cases {
        let Some(output) = leafpack("mistakes", args) else {
            return;
        };
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        // With settings that are wrong the records are shown as Fluent Bit would ship them, all the same.
        let shows_records = [&unknown_key, &wrong_value, &not_json]
            .iter()
            .any(|file| args.contains(&file.as_str()));
        assert_eq!(!output.stdout.is_empty(), shows_records, "{args:?}");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        text += &format!("$ leafpack {}\n{stderr}\n", args.join(" "));
    }
    let text = text
        .replace(folder.path().to_str().expect("UTF-8"), "FOLDER")
        .replace(CHECKOUT, "examples/logs/checkout….log");
    insta::assert_snapshot!(text);
}
