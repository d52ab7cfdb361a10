//! `audit`: every event comes once, with what it says and without its secrets.

use leafpack_tests::fluent_bit::{Host, tail, wasm};
use leafpack_tests::peer;
use serde_json::{Map, Value, json};

use crate::{line_count, text};

const SECRET: &str = "c2VjcmV0LXRoYXQtbm9ib2R5LXNlZXM";

/// Event `n`.
fn event(n: usize) -> Value {
    let verb = ["get", "list", "update", "create", "delete"][n % 5];
    let resource = ["pods", "secrets", "configmaps", "deployments"][n % 4];
    let mut event = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse",
        "auditID": format!("id-{n}"), "stage": "ResponseComplete", "verb": verb,
        "requestURI": format!("/api/v1/namespaces/shop/{resource}/x{n}?token={SECRET}"),
        "user": {"username": format!("user-{}", n % 100), "groups": ["dev", "system:authenticated"]},
        "sourceIPs": ["10.0.0.1"], "userAgent": format!("curl Bearer {SECRET}"),
        "objectRef": {"resource": resource, "namespace": "shop", "name": format!("x{n}"), "apiVersion": "v1"},
        "responseStatus": {"metadata": {}, "code": 200 + n % 300},
        "requestReceivedTimestamp": "2026-11-18T09:14:03.512345Z",
        "stageTimestamp": format!("2026-11-18T09:14:03.{:06}Z", n % 1_000_000),
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
    });
    if resource == "secrets" {
        event["responseObject"] = json!({
            "kind": "Secret", "apiVersion": "v1", "metadata": {"name": format!("x{n}")}, "data": {"key": SECRET},
        });
    }
    if n % 20_000 == 60 {
        // A mebibyte.
        event["requestObject"] = json!({"kind": "Pod", "spec": {"note": "x".repeat(1 << 20)}});
    } else if n.is_multiple_of(3) {
        event["requestObject"] = json!({"kind": "Pod", "spec": {"note": "x".repeat(n % 1_000)}});
    }
    event
}

/// One line in fifty is no event.
fn line(n: usize) -> String {
    if n % 50 == 49 {
        format!("id-{n} no event, Authorization: Bearer {SECRET}")
    } else {
        event(n).to_string()
    }
}

fn number(record: &Map<String, Value>) -> Option<usize> {
    let id = match record.get("log").and_then(Value::as_str) {
        Some(line) => line.split(' ').next()?.to_string(),
        None => text(record, "audit_id"),
    };
    id.strip_prefix("id-")?.parse().ok()
}

/// What should be there of event `n`.
fn check(n: usize, record: &Map<String, Value>, bodies: bool) -> Result<(), String> {
    let event = event(n);
    let is = |name: &str, wanted: &Value| {
        let found = record.get(name);
        (found == Some(wanted))
            .then_some(())
            .ok_or_else(|| format!("{name}: {found:?}, expected {wanted}"))
    };
    is("log_type", &"audit".into())?;
    is("cluster", &"apps".into())?;
    if n % 50 == 49 {
        let error = text(record, "leafpack_error");
        return error.starts_with("audit.line").then_some(()).ok_or(error);
    }
    is("_time", &event["stageTimestamp"])?;
    is("verb", &event["verb"])?;
    is("user", &event["user"]["username"])?;
    is("groups", &"dev,system:authenticated".into())?;
    is("resource", &event["objectRef"]["resource"])?;
    is("name", &event["objectRef"]["name"])?;
    is("code", &event["responseStatus"]["code"])?;
    is("decision", &"allow".into())?;
    is("redacted", &"true".into())?;
    let body = record.get("request_object").and_then(Value::as_str);
    let note = body.and_then(|body| serde_json::from_str::<Value>(body).ok());
    let note = note.as_ref().map(|body| &body["spec"]["note"]);
    match &event["requestObject"]["spec"]["note"] {
        Value::String(wanted) if bodies && wanted.len() < 8_000 => (note
            == Some(&Value::from(wanted.as_str())))
        .then_some(())
        .ok_or("request_object".to_string()),
        Value::String(_) if bodies => {
            let cut = body.is_some_and(|body| body.ends_with("...[cut]") && body.len() <= 8192 + 8);
            cut.then_some(())
                .ok_or("request_object is not cut".to_string())
        }
        _ => body
            .is_none()
            .then_some(())
            .ok_or("request_object".to_string()),
    }
}

#[test]
fn every_event_comes_once_and_no_secret_does() {
    const TESTS: &str = "the filters in a real Fluent Bit";
    let Some(module) = peer::dist_or_skip(TESTS, "filters/audit.wasm") else {
        return;
    };
    for bit in peer::fluent_bits_or_skip(TESTS) {
        for bodies in [false, true] {
            let count = line_count() / if bodies { 40 } else { 8 };
            let host = Host::new(&bit);
            let file = host.write_lines("in.log", (0..count).map(line));
            let mut settings = json!({"cluster": "apps"});
            if bodies {
                settings["bodies"] = "string".into();
            }
            let section = wasm(&module, "audit", &host.settings("audit", &settings));
            let run = host.run(&(tail(&file, "audit", "") + &section));
            run.assert_clean();
            assert!(!run.log.contains("leafpack:"), "{bit}: {}", run.log);
            let mut seen = vec![0u8; count];
            for bytes in run.lines() {
                let line = String::from_utf8(bytes).expect("ASCII");
                assert!(!line.contains(SECRET), "{bit}: {line:.2000}");
                let record: Map<String, Value> = serde_json::from_str(&line).expect("an object");
                let n = number(&record).filter(|n| *n < count);
                let n = n.unwrap_or_else(|| panic!("{bit}: of no event: {line:.500}"));
                seen[n] = seen[n].saturating_add(1);
                check(n, &record, bodies)
                    .unwrap_or_else(|error| panic!("{bit}: event {n}: {error}: {line:.1000}"));
            }
            assert!(
                seen.iter().all(|times| *times == 1),
                "{bit}: events did not come once"
            );
            eprintln!("{bit}: audit: {count} events, each once");
        }
    }
}
