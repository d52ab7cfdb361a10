//! The hub, as the spoke reaches it: endpoints, credentials, and Services that ClusterMesh shares.

use crate::fluent_bit;
use crate::names::{Component, MANAGED_BY, MANAGED_BY_LABEL, STACK_LABEL};
use crate::plan::Plan;
use crate::secrets;
use crate::spec::{AuthKind, Policy, Role, Spec, Via};
use crate::store::Endpoints;
use krm_rs::{Object, Value, json};
use leafpack_fn_common::check::{Check, is_dns_label};
use leafpack_fn_common::endpoint::{Api, Endpoint, Host};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What everything here is called.
const COMPONENT: Component = Component {
    name: "hub",
    component: "hub",
};

/// The hub's log store.
pub(crate) fn logs(spec: &Spec, name: &str, check: &mut Check<'_>) -> Option<Endpoint> {
    if spec.role == Some(Role::Hub) {
        return own(spec, ("logsURL", &spec.hub.logs_url), check)
            .then(|| Endpoints::new(&spec.store, name).logs_write);
    }
    let endpoint = endpoint(
        spec,
        ("spec.hub.logsURL", &spec.hub.logs_url, Api::JsonLines),
        "the URL of the hub's VictoriaLogs",
        check,
    )?;
    if let Host::Address(IpAddr::V6(address)) = endpoint.host {
        let tag = spec.logs.image.tag.as_deref();
        if tag
            .and_then(fluent_bit::version)
            .is_some_and(|v| v < [5, 1, 1])
        {
            check.warning(
                "spec.hub.logsURL",
                &format!(
                    "found {address}: Fluent Bit before 5.1.1 sends it without brackets in the header Host, which servers may refuse with a 400, and then the logs are lost; a name is safe"
                ),
            );
        }
    }
    Some(endpoint)
}

/// The hub's metric store.
pub(crate) fn metrics(spec: &Spec, name: &str, check: &mut Check<'_>) -> Option<Endpoint> {
    if spec.role == Some(Role::Hub) {
        return own(spec, ("metricsURL", &spec.hub.metrics_url), check)
            .then(|| Endpoints::new(&spec.store, name).metrics_write);
    }
    endpoint(
        spec,
        (
            "spec.hub.metricsURL",
            &spec.hub.metrics_url,
            Api::RemoteWrite,
        ),
        "the URL of the hub's VictoriaMetrics, or spec.collectors.vmagent.install: none",
        check,
    )
}

/// A hub's own collectors write to its own stores, so there is nothing to say about where.
fn own(spec: &Spec, (field, given): (&str, &str), check: &mut Check<'_>) -> bool {
    if given.is_empty() && spec.hub.via == Via::Url {
        return true;
    }
    let field = if given.is_empty() { "via" } else { field };
    check.error(
        &format!("spec.hub.{field}"),
        "found a value, expected none with spec.role: hub, whose collectors write to the stores beside them",
        if field == "via" { json!("url") } else { json!("") },
    );
    false
}

fn endpoint(
    spec: &Spec,
    (path, url, api): (&str, &String, Api),
    expected: &str,
    check: &mut Check<'_>,
) -> Option<Endpoint> {
    // A namespace that is wrong is told elsewhere.
    let namespace = if is_dns_label(&spec.namespace) {
        &spec.namespace
    } else {
        "observability"
    };
    match Endpoint::parse(url, namespace, api) {
        Ok(endpoint) => {
            check.note(&endpoint.host.text());
            check_host(&endpoint.host, path, spec, check);
            Some(endpoint)
        }
        Err(fault) if fault.secret => {
            check.secret(path, &format!("found {}", fault.reason), json!(fault.fix));
            None
        }
        Err(fault) => {
            let found = match url.as_str() {
                "" => format!("found nothing, expected {expected}"),
                url => format!("found {url:?}: {}", fault.reason),
            };
            check.error(path, &found, json!(fault.fix));
            None
        }
    }
}

/// What works somewhere, but perhaps not here; and what a global Service has to be.
fn check_host(host: &Host, path: &str, spec: &Spec, check: &mut Check<'_>) {
    if spec.hub.via == Via::ClusterMesh {
        let fits = match host {
            Host::Service { name, namespace } => {
                namespace == &spec.namespace && name.split('.').nth(1) == Some(namespace)
            }
            _ => false,
        };
        if !fits {
            check.error(
                path,
                &format!(
                    "found the host {}, expected a Service of the namespace {} with spec.hub.via: clustermesh: both clusters need it by the same name in the same namespace",
                    host.text(),
                    spec.namespace
                ),
                json!(format!("http://vmauth-infra.{}.svc:8427", spec.namespace)),
            );
        }
        return;
    }
    if let (Host::Ambiguous(name), Policy::Cilium) = (host, spec.network.policy) {
        check.warning(
            path,
            &format!(
                "found the host {name}, which the policy takes for one outside of the cluster; if it is a Service, pods of it are let through only as <service>.<namespace>.svc or <service>.<namespace>.svc.cluster.local"
            ),
        );
    }
}

/// Where credentials are in a container.
const AUTH_FOLDER: &str = "/leafpack/hub";

/// The variable of the user's name.
const USERNAME: &str = "HUB_USERNAME";

/// Credentials for the hub.
#[derive(Debug, Clone)]
pub(crate) struct Auth {
    /// Which kind.
    pub(crate) kind: AuthKind,
    /// The Secret.
    pub(crate) secret: String,
    /// Its keys: of the name and the password, or of the token and nothing.
    pub(crate) keys: (String, String),
    external: Option<crate::spec::ExternalSecret>,
}

impl Auth {
    /// Checks `spec.hub.auth`.
    pub(crate) fn read(spec: &Spec, check: &mut Check<'_>) -> Self {
        let given = &spec.hub.auth;
        const PATH: &str = "spec.hub.auth";
        secrets::check_name(
            &format!("{PATH}.secret"),
            &given.secret,
            "hub-writer",
            check,
        );
        for (field, key, example) in [
            ("usernameKey", &given.username_key, "username"),
            ("passwordKey", &given.password_key, "password"),
            ("tokenKey", &given.token_key, "token"),
        ] {
            secrets::check_key(&format!("{PATH}.{field}"), key, example, check);
        }
        let path = format!("{PATH}.externalSecret");
        if !given.external_secret.path.is_empty() && given.kind == AuthKind::None {
            check.error(
                &format!("{path}.path"),
                "found a path, expected spec.hub.auth.kind basic or bearer with it: nobody would use the Secret otherwise",
                json!(""),
            );
        }
        let example = "observability/hub-writer";
        let external = secrets::read(&given.external_secret, &path, example, check);
        let keys = match given.kind {
            AuthKind::Bearer => (given.token_key.clone(), String::new()),
            AuthKind::Basic | AuthKind::None => {
                (given.username_key.clone(), given.password_key.clone())
            }
        };
        Auth {
            kind: given.kind,
            secret: given.secret.clone(),
            keys,
            external,
        }
    }

    /// Adds them to an item of a VMAgent's `remoteWrite`.
    pub(crate) fn for_operator(&self, remote: &mut Value) {
        let key = |key: &str| json!({"name": self.secret, "key": key});
        match self.kind {
            AuthKind::None => {}
            AuthKind::Basic => {
                remote["basicAuth"] =
                    json!({"username": key(&self.keys.0), "password": key(&self.keys.1)});
            }
            AuthKind::Bearer => remote["bearerTokenSecret"] = key(&self.keys.0),
        }
    }

    /// vmagent's flags for them, without the leading `-remoteWrite.`: files, which are read again when the Secret changes.
    /// For the user's name there is none; it comes from the environment, which the kubelet puts into the arguments.
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let file = |key: &str| format!("{AUTH_FOLDER}/{key}");
        match self.kind {
            AuthKind::None => Vec::new(),
            AuthKind::Basic => vec![
                ("basicAuth.username", format!("$({USERNAME})")),
                ("basicAuth.passwordFile", file(&self.keys.1)),
            ],
            AuthKind::Bearer => vec![("bearerTokenFile", file(&self.keys.0))],
        }
    }

    /// The environment that the flags need.
    pub(crate) fn environment(&self) -> Option<Value> {
        (self.kind == AuthKind::Basic).then(|| {
            let key = json!({"name": self.secret, "key": self.keys.0});
            json!({"name": USERNAME, "valueFrom": {"secretKeyRef": key}})
        })
    }

    /// vmagent's flags for them.
    pub(crate) fn flags(&self) -> Vec<String> {
        let pairs = self.pairs().into_iter();
        pairs
            .map(|(name, value)| format!("-remoteWrite.{name}={value}"))
            .collect()
    }

    /// The same as items of a mapping from names to values.
    pub(crate) fn for_flags(&self, remote: &mut Value) {
        for (name, value) in self.pairs() {
            remote[name] = json!(value);
        }
    }

    /// The mount of the Secret, and its volume.
    pub(crate) fn mount(&self) -> Option<(Value, Value)> {
        (self.kind != AuthKind::None).then(|| {
            (
                json!({"name": "hub", "mountPath": AUTH_FOLDER, "readOnly": true}),
                json!({"name": "hub", "secret": {"secretName": self.secret}}),
            )
        })
    }
}

/// The ExternalSecret of the credentials, and the Services that ClusterMesh shares.
pub(crate) fn objects(plan: &Plan) -> Vec<Object> {
    let mut objects: Vec<Object> = external_secret(plan).into_iter().collect();
    if plan.via == Via::ClusterMesh {
        objects.extend(global_services(plan));
    }
    objects
}

fn external_secret(plan: &Plan) -> Option<Object> {
    let auth = &plan.auth;
    let external = auth.external.as_ref()?;
    let keys = [auth.keys.0.as_str(), auth.keys.1.as_str()];
    let items: Vec<(&str, &str)> = keys
        .into_iter()
        .filter(|key| !key.is_empty())
        .map(|key| (key, key))
        .collect();
    Some(secrets::object(
        plan,
        &COMPONENT,
        &auth.secret,
        external,
        &items,
    ))
}

/// One for each Service that an endpoint names. Without a selector: all that is behind them is in the hub.
fn global_services(plan: &Plan) -> Vec<Object> {
    let metrics = plan.collectors.vmagent.as_ref().map(|agent| &agent.hub);
    let mut ports: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    for endpoint in [Some(&plan.hub_logs), metrics].into_iter().flatten() {
        let host = endpoint.host.text();
        let name = host.split('.').next().unwrap_or_default().to_owned();
        let ports = ports.entry(name).or_default();
        if !ports.contains(&endpoint.port) {
            ports.push(endpoint.port);
        }
    }
    let services = ports.into_iter().map(|(name, ports)| {
        let ports: Vec<Value> = ports
            .iter()
            .map(|port| json!({"name": format!("tcp-{port}"), "port": port, "protocol": "TCP", "targetPort": port}))
            .collect();
        Object::new("v1", "Service", &name)
            .with_namespace(&plan.namespace)
            .with_label(STACK_LABEL, &plan.name)
            .with_label(MANAGED_BY_LABEL, MANAGED_BY)
            .with_annotation("service.cilium.io/global", "true")
            // This side has nothing to share.
            .with_annotation("service.cilium.io/shared", "false")
            .with("spec", json!({"type": "ClusterIP", "ports": ports}))
    });
    services.collect()
}
