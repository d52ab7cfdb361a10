//! Audit events as API servers write them, made by number: the same number gives the same event. Every secret in one
//! holds the text [`SECRET`], data of ConfigMaps holds [`CONFIG`], and neither is anywhere else.

use serde_json::{Value, json};

/// Part of every secret.
pub(crate) const SECRET: &str = "PLANTED";
/// Part of every value in a ConfigMap.
pub(crate) const CONFIG: &str = "CONFIGURED";
/// How many shapes of events there are.
pub(crate) const SHAPES: u64 = 26;

/// A number that looks random.
fn mix(n: u64, salt: u64) -> u64 {
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 31;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 29)
}

fn pick<'a>(n: u64, salt: u64, from: &[&'a str]) -> &'a str {
    from[(mix(n, salt) % from.len() as u64) as usize]
}

/// The event's `auditID`.
pub(crate) fn id(n: u64) -> String {
    format!(
        "{:08x}-{:04x}-4000-8000-{n:012x}",
        mix(n, 1) as u32,
        mix(n, 2) as u16
    )
}

/// A JSON web token that holds [`SECRET`] in each of its parts.
fn token(n: u64) -> String {
    format!("eyJhbGciOi{SECRET}.eyJzdWIiOi{SECRET}{n}.{SECRET}-_{n}")
}

fn pod(n: u64) -> Value {
    json!({"kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": format!("web-{n}"), "namespace": "shop", "labels": {"app": "web", "größe": "groß \"x\" \\ \n"},
            "managedFields": [{"manager": "kubelet", "fieldsV1": {"f:status": {"f:phase": {}}}}]},
        "spec": {"containers": [{"name": "web", "image": "web:1", "env": [{"name": "A", "value": "b"}],
            "livenessProbe": {"httpGet": {"path": "/", "port": 80, "httpHeaders": [
                {"name": "X-Shop", "value": "1"}, {"name": "Authorization", "value": format!("Basic {SECRET}")}]}}}]}})
}

fn secret(n: u64) -> Value {
    let applied = json!({"kind": "Secret", "data": {"p": format!("{SECRET}{n}")}}).to_string();
    json!({"kind": "Secret", "apiVersion": "v1", "type": "Opaque",
        "metadata": {"name": format!("db-{n}"), "namespace": "shop",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied, "team": "shop"}},
        "data": {"password": format!("{SECRET}{n}=="), "user": format!("{SECRET}\\u0041")},
        "stringData": {"key": format!("-----BEGIN\n{SECRET}\n")}})
}

/// One event.
pub(crate) fn event(n: u64) -> Value {
    let second = n % 60;
    let minute = n / 60 % 60;
    let mut event = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": id(n),
        "stage": "ResponseComplete",
        "requestURI": format!("/apis/apps/v1/namespaces/shop/deployments/web-{n}?fieldManager=kubectl&timeout=30s"),
        "verb": "update",
        "user": {"username": pick(n, 3, &["alice", "bob", "oidc:zoë", "system:serviceaccount:flux-system:flux"]),
            "uid": format!("u-{n}"), "groups": ["dev", "system:authenticated"],
            "extra": {"authentication.kubernetes.io/credential-id": ["JTI=1"]}},
        "sourceIPs": ["10.0.0.1", "fd00::1"],
        "userAgent": pick(n, 4, &["kubectl/v1.34.0 (linux/amd64)", "curl/8.5 \"quoted\" \\", "Mozilla/5.0 (é)"]),
        "objectRef": {"resource": "deployments", "namespace": "shop", "name": format!("web-{n}"), "uid": format!("o-{n}"),
            "apiGroup": "apps", "apiVersion": "v1", "resourceVersion": "12345"},
        "responseStatus": {"metadata": {}, "code": 200},
        "requestReceivedTimestamp": format!("2026-11-18T09:{minute:02}:{second:02}.{:06}Z", n % 1_000_000),
        "stageTimestamp": format!("2026-11-18T09:{minute:02}:{second:02}.{:06}Z", (n + 5) % 1_000_000),
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
    });
    shape(n, n % SHAPES, &mut event);
    event
}

/// Points the event at an object.
fn object(event: &mut Value, verb: &str, resource: &str, subresource: &str, name: &str) {
    event["verb"] = json!(verb);
    let mut reference = json!({"resource": resource, "namespace": "shop", "apiVersion": "v1"});
    let mut uri = format!("/api/v1/namespaces/shop/{resource}");
    for (key, value) in [("name", name), ("subresource", subresource)] {
        if !value.is_empty() {
            reference[key] = json!(value);
            uri = format!("{uri}/{value}");
        }
    }
    event["objectRef"] = reference;
    event["requestURI"] = json!(uri);
}

fn forbid(event: &mut Value, reason: &str, message: &str) {
    event["responseStatus"] = json!({"metadata": {}, "status": "Failure", "message": message, "reason": "Forbidden", "code": 403});
    event["annotations"] =
        json!({"authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": reason});
}

fn shape(n: u64, which: u64, event: &mut Value) {
    let name = format!("db-{n}");
    match which {
        0 => {
            object(event, "create", "pods", "", "");
            event["requestObject"] = pod(n);
            event["responseObject"] = pod(n);
            event["responseStatus"]["code"] = json!(201);
        }
        1 => {
            object(event, "update", "configmaps", "", "settings");
            let map = json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "settings",
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"data\":\"{CONFIG}\"}}")}},
                "data": {"a": format!("{CONFIG}{n}")}, "binaryData": {"b": CONFIG}});
            event["requestObject"] = map.clone();
            event["responseObject"] = map;
        }
        2 => {
            event["requestObject"] = json!({"spec": {"replicas": 3, "ratio": 0.5, "paused": null, "list": [[], {}, [[1]]]}})
        }
        3 => {
            object(event, "delete", "pods", "", &format!("web-{n}"));
            event["requestObject"] =
                json!({"kind": "DeleteOptions", "propagationPolicy": "Background"});
        }
        4 => object(event, "get", "pods", "log", &format!("web-{n}")),
        5 => {
            object(event, "list", "secrets", "", "");
            event["responseObject"] = json!({"kind": "SecretList", "apiVersion": "v1", "items": [secret(n), secret(n + 1)]});
        }
        6 => {
            object(event, "watch", "pods", "", "");
            event["stage"] = json!("ResponseStarted");
        }
        7 => {
            object(event, "create", "secrets", "", &name);
            event["requestObject"] = secret(n);
            event["responseObject"] = secret(n);
            event["annotations"]["patch.webhook.admission.k8s.io/round_0_index_0"] = json!(
                json!({"patch": [{"op": "add", "path": "/data/x", "value": SECRET}]}).to_string()
            );
        }
        8 => {
            object(event, "patch", "secrets", "", &name);
            event["requestObject"] =
                json!({"data": {"password": format!("{SECRET}{n}")}, "stringData": {"x": SECRET}});
        }
        9 => {
            object(event, "patch", "secrets", "", &name);
            event["requestObject"] = json!([{"op": "replace", "path": "/data/password", "value": format!("{SECRET}{n}")},
                {"op": "add", "path": "/data", "value": {"a": SECRET}}]);
        }
        10 => {
            object(event, "create", "tokenreviews", "", "");
            event["requestObject"] = json!({"kind": "TokenReview", "spec": {"token": format!("{SECRET}.opaque"), "audiences": ["a"]}});
            event["responseObject"] = json!({"kind": "TokenReview", "spec": {"token": SECRET}, "status": {"authenticated": true}});
        }
        11 => {
            object(event, "create", "serviceaccounts", "token", "builder");
            event["responseObject"] =
                json!({"kind": "TokenRequest", "status": {"token": format!("{SECRET}-opaque")}});
        }
        12 => {
            object(event, "get", "secrets", "", &name);
            forbid(
                event,
                "no RBAC policy matched",
                &format!("secrets \"{name}\" is forbidden: User \"bob\" cannot get resource"),
            );
        }
        13 => {
            event["user"] =
                json!({"username": "system:anonymous", "groups": ["system:unauthenticated"]});
            event["verb"] = json!("get");
            event["requestURI"] = json!(format!("/healthz?access_token={SECRET}%2F{n}&verbose"));
            event.as_object_mut().unwrap().remove("objectRef");
        }
        14 => {
            event["impersonatedUser"] = json!({"username": "system:admin", "uid": "i-1", "groups": ["system:masters"],
                "extra": {"reason": [format!("Bearer {SECRET}{n}")]}});
        }
        15 => {
            event["stage"] = json!("RequestReceived");
            for key in ["responseStatus", "annotations"] {
                event.as_object_mut().unwrap().remove(key);
            }
        }
        16 => {
            event["stage"] = json!("Panic");
            event["responseStatus"] = json!({"metadata": {}, "status": "Failure", "message": "APIServer panic'd: runtime error\nline two",
                "reason": "InternalError", "code": 500});
        }
        17 => event["annotations"]["audit.k8s.io/truncated"] = json!("true"),
        18 => {
            object(event, "create", "pods", "exec", &format!("web-{n}"));
            event["requestURI"] = json!(format!(
                "/api/v1/namespaces/shop/pods/web-{n}/exec?command=curl&command=-H&command=Authorization%3A+Basic+{SECRET}&container=web"
            ));
            event["responseStatus"]["code"] = json!(101);
        }
        19 => {
            object(event, "update", "leases", "", &format!("node-{}", n % 9));
            event["user"] = json!({"username": "system:node:node-1", "groups": ["system:nodes"]});
        }
        20 => object(event, "deletecollection", "pods", "", ""),
        21 => {
            event["userAgent"] = json!(format!("curl/8 Authorization: Bearer {SECRET}{n}"));
            event["annotations"]["example.org/token"] = json!(token(n));
            event["responseStatus"]["message"] = json!(format!("bad token: {} and more", token(n)));
        }
        22 => {
            object(event, "create", "deployments", "", "");
            event["requestObject"] = json!({"kind": "List", "items": [pod(n), secret(n), {"note": format!("password={SECRET}&x=1")}]});
        }
        23 => {
            event["user"] = json!({"username": "system:serviceaccount:monitoring:prometheus"});
            event["verb"] = json!("get");
            event["requestURI"] = json!("/metrics");
            event.as_object_mut().unwrap().remove("objectRef");
        }
        24 => {
            object(event, "create", "namespaces", "", "shop");
            event["authenticationMetadata"] =
                json!({"impersonationConstraint": "impersonate:user-info"});
        }
        _ => {
            object(event, "create", "events", "", "");
            event["user"] = json!({"username": "system:kube-scheduler"});
        }
    }
}
