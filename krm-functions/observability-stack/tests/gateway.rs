//! The hub's gateway in the real vmauth, in front of a real VictoriaMetrics and VictoriaLogs.

mod common;
mod delivery;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::objects;
use delivery::http;
use delivery::hub::{Hub, percent_encoded};
use delivery::node::free_port;
use delivery::running::Running;
use krm_rs::{Object, Value, json, yaml};
use leafpack_peer as peer;
use std::path::{Path, PathBuf};
use std::process::Command;

const HUB: &str = include_str!("../fixtures/hub-single/config.yaml");
const TEST: &str = "stack-gateway";

/// vmauth's configuration, as the operator makes it of VMUsers (`factory/vmauth/vmusers_config.go`); every password is its
/// user's name backwards.
fn config(objects: &[Object], metrics: u16, logs: u16) -> Value {
    let users = objects.iter().filter(|object| object.kind() == "VMUser");
    let users: Vec<Value> = users
        .map(|user| {
            let name = user.get_str("spec.username").expect("a name");
            let targets = user.get("spec.targetRefs").and_then(Value::as_array);
            let routes: Vec<Value> = targets
                .expect("targets")
                .iter()
                .map(|target| {
                    let url = target["static"]["url"].as_str().expect("a URL");
                    let url = url
                        .replace("vmsingle-infra:8429", &format!("127.0.0.1:{metrics}"))
                        .replace("vlsingle-infra:9428", &format!("127.0.0.1:{logs}"));
                    assert!(url.contains("127.0.0.1"), "{url}");
                    let mut route = json!({"src_paths": target["paths"], "url_prefix": url});
                    for (theirs, ours) in [("src_headers", "src_headers"), ("headers", "headers")] {
                        if let Some(value) = target.get(ours) {
                            route[theirs] = value.clone();
                        }
                    }
                    route
                })
                .collect();
            json!({"username": name, "password": password(name), "url_map": routes})
        })
        .collect();
    assert_eq!(users.len(), 2);
    json!({"users": users})
}

fn password(name: &str) -> String {
    name.chars().rev().collect()
}

fn authorization(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// A program on a port of its own.
fn start(name: &'static str, binary: &Path, folder: &Path, args: &[String]) -> (Running, u16) {
    let port = free_port();
    let mut command = Command::new(binary);
    command
        .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
        .args(args)
        .current_dir(folder);
    let mut running = Running::start(name, &mut command, folder.join(format!("{name}.log")));
    running.wait_until("its health", |_| {
        http::send(port, "GET", "/health", &[], b"").is_ok_and(|(status, _)| status == 200)
    });
    (running, port)
}

/// Writes one line of logs by the gateway, and gives the status.
fn write(port: u16, message: &str, headers: &[(&str, &str)]) -> u16 {
    let mut headers = headers.to_vec();
    headers.push(("Content-Type", "application/json"));
    let line = json!({"_time": "2026-01-31T12:00:00Z", "_msg": message, "cluster": "apps"});
    let body = format!("{line}\n");
    let path = "/insert/jsonline?_stream_fields=cluster&_msg_field=_msg&_time_field=_time";
    let (status, _) = http::send(port, "POST", path, &headers, body.as_bytes()).expect("an answer");
    status
}

#[test]
fn a_write_lands_in_its_tenant_and_in_no_other() {
    let tools = ["victoria-logs", "victoria-metrics", "vmauth", "vmagent"];
    let tools: Vec<Option<PathBuf>> = tools.iter().map(|tool| peer::or_skip(TEST, tool)).collect();
    let Some(tools) = tools.into_iter().collect::<Option<Vec<_>>>() else {
        return;
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(TEST);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let mut logs = Hub::new(tools[0].clone(), &folder);
    logs.start();
    let (metrics, metrics_port) = start(
        "victoria-metrics",
        &tools[1],
        &folder,
        &[
            "-storageDataPath=metrics".into(),
            // Samples of the last half minute are not looked at otherwise.
            "-search.latencyOffset=0s".into(),
            "-memory.allowedBytes=64MB".into(),
        ],
    );
    let text = yaml::emit(&config(&objects(HUB), metrics_port, logs.port()));
    std::fs::write(folder.join("auth.yaml"), text).expect("the file can be written");
    let (gateway, port) = start(
        "vmauth",
        &tools[2],
        &folder,
        &["-auth.config=auth.yaml".into()],
    );

    let apps = authorization("apps", "sppa");
    let edge = authorization("edge", "egde");
    let mut expected: Vec<(&str, String)> = Vec::new();
    let apps = ("Authorization", apps.as_str());
    let edge = ("Authorization", edge.as_str());
    for (message, headers, tenant) in [
        (
            "apps",
            &[apps, ("AccountID", "2"), ("ProjectID", "0")][..],
            Some("2:0"),
        ),
        (
            "audit",
            &[apps, ("AccountID", "1"), ("ProjectID", "0")],
            Some("1:0"),
        ),
        // The project is the tenant's own, whatever is sent.
        (
            "project",
            &[apps, ("AccountID", "2"), ("ProjectID", "9")],
            Some("2:0"),
        ),
        // Not one of its tenants.
        (
            "other",
            &[apps, ("AccountID", "7"), ("ProjectID", "0")],
            None,
        ),
        ("none", &[apps], None),
        // A writer of one tenant writes to that, and cannot say otherwise.
        ("edge", &[edge], Some("0:0")),
        (
            "forged",
            &[edge, ("AccountID", "2"), ("ProjectID", "0")],
            Some("0:0"),
        ),
        ("anonymous", &[("AccountID", "2")], None),
    ] {
        let status = write(port, message, headers);
        assert_eq!(
            (200..300).contains(&status),
            tenant.is_some(),
            "{message}: {status}"
        );
        expected.extend(tenant.map(|tenant| (tenant, message.to_owned())));
    }
    let wrong = authorization("apps", "wrong");
    assert_eq!(
        write(
            port,
            "wrong",
            &[("Authorization", &wrong), ("AccountID", "2")]
        ),
        401
    );
    assert_eq!(write(port, "nobody", &[]), 401);
    for tenant in ["0:0", "1:0", "2:0", "2:9", "7:0"] {
        let mut found: Vec<String> = logs
            .query(tenant, "* | fields _msg")
            .iter()
            .map(|record| record["_msg"].as_str().expect("text").to_owned())
            .collect();
        found.sort();
        let mut right: Vec<String> = expected
            .iter()
            .filter(|(other, _)| *other == tenant)
            .map(|(_, message)| message.clone())
            .collect();
        right.sort();
        assert_eq!(found, right, "{tenant}");
    }
    // Reading is no part of writing.
    for path in [
        "/select/logsql/query?query=*",
        "/api/v1/query?query=up",
        "/",
    ] {
        let (status, _) =
            http::send(port, "GET", path, &[apps, ("AccountID", "2")], b"").expect("an answer");
        assert!(status >= 400, "{path}: {status}");
    }

    // Metrics, by a real vmagent with the credentials of a spoke.
    let scrape = format!(
        "scrape_configs: [{{job_name: gateway, scrape_interval: 1s, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n"
    );
    std::fs::write(folder.join("scrape.yaml"), scrape).expect("the file can be written");
    let (mut agent, _) = start(
        "vmagent",
        &tools[3],
        &folder,
        &[
            "-promscrape.config=scrape.yaml".into(),
            "-remoteWrite.tmpDataPath=queue".into(),
            "-remoteWrite.flushInterval=1s".into(),
            format!("-remoteWrite.url=http://127.0.0.1:{port}/api/v1/write"),
            "-remoteWrite.basicAuth.username=apps".into(),
            "-remoteWrite.basicAuth.password=sppa".into(),
        ],
    );
    let query = format!(
        "/api/v1/query?query={}",
        percent_encoded("up{job=\"gateway\"} == 1")
    );
    agent.wait_until("a sample in the store", |_| {
        let _ = http::send(metrics_port, "GET", "/internal/force_flush", &[], b"");
        http::send(metrics_port, "GET", &query, &[], b"")
            .is_ok_and(|(_, body)| body.contains("\"job\":\"gateway\""))
    });
    agent.stop();
    gateway.stop();
    metrics.stop();
    logs.stop();
}
