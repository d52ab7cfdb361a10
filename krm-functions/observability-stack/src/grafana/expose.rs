//! How people reach Grafana.

use super::{COMPONENT, HTTP, SERVICE_PORT};
use crate::plan::Plan as StackPlan;
use crate::route;
use crate::spec::{Grafana, GrafanaExpose, GrafanaIngress, ParentGateway};
use krm_rs::{Object, json};
use leafpack_fn_common::check::{Check, is_dns_subdomain, is_label_value};

const PATH: &str = "spec.grafana";

/// What `spec.grafana.expose`, and what belongs to it, means.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// How.
    pub(super) kind: GrafanaExpose,
    host: String,
    ingress: GrafanaIngress,
    gateway: ParentGateway,
}

impl Plan {
    /// Checks them.
    pub(super) fn read(given: &Grafana, check: &mut Check<'_>) -> Self {
        match given.expose {
            GrafanaExpose::None => unused(given, check),
            GrafanaExpose::Ingress => {
                host(&given.host, check);
                ingress(&given.ingress, check);
            }
            GrafanaExpose::HttpRoute => {
                host(&given.host, check);
                route::check_parent(&format!("{PATH}.gateway"), &given.gateway, check);
            }
        }
        Plan {
            kind: given.expose,
            host: given.host.clone(),
            ingress: given.ingress.clone(),
            gateway: given.gateway.clone(),
        }
    }

    /// The URL that people see, where there is one: of it Grafana makes links and what signing in leads back to. A
    /// Gateway ends TLS; of an Ingress that is known by its Secret.
    pub(super) fn root_url(&self) -> Option<String> {
        let scheme = match self.kind {
            GrafanaExpose::None => return None,
            GrafanaExpose::Ingress if self.ingress.tls_secret.is_empty() => "http",
            GrafanaExpose::Ingress | GrafanaExpose::HttpRoute => "https",
        };
        Some(format!("{scheme}://{}/", self.host))
    }

    /// The Ingress or the HTTPRoute.
    pub(super) fn object(&self, plan: &StackPlan) -> Option<Object> {
        match self.kind {
            GrafanaExpose::None => None,
            GrafanaExpose::Ingress => Some(self.ingress(plan)),
            GrafanaExpose::HttpRoute => Some(route::object(
                plan,
                &COMPONENT,
                (&self.host, &self.gateway),
                (COMPONENT.name, SERVICE_PORT),
                &["/"],
            )),
        }
    }

    fn ingress(&self, plan: &StackPlan) -> Object {
        let service = json!({"name": COMPONENT.name, "port": {"name": HTTP}});
        let path = json!({"path": "/", "pathType": "Prefix", "backend": {"service": service}});
        let mut spec = json!({"rules": [{"host": self.host, "http": {"paths": [path]}}]});
        if !self.ingress.class.is_empty() {
            spec["ingressClassName"] = json!(self.ingress.class);
        }
        if !self.ingress.tls_secret.is_empty() {
            spec["tls"] = json!([{"hosts": [self.host], "secretName": self.ingress.tls_secret}]);
        }
        let api = "networking.k8s.io/v1";
        let mut object = COMPONENT.object(plan, api, "Ingress", COMPONENT.name);
        for (key, value) in &self.ingress.annotations {
            object.set_annotation(key, value);
        }
        object.with("spec", spec)
    }
}

/// What would have no effect is a mistake.
fn unused(given: &Grafana, check: &mut Check<'_>) {
    let ParentGateway {
        name,
        namespace,
        section,
    } = &given.gateway;
    let GrafanaIngress {
        class,
        tls_secret,
        annotations,
    } = &given.ingress;
    let has_ingress = !class.is_empty() || !tls_secret.is_empty() || !annotations.is_empty();
    let has_gateway = [name, namespace, section]
        .iter()
        .any(|text| !text.is_empty());
    let (what, likely) = match () {
        () if has_gateway => ("spec.grafana.gateway", "httproute"),
        () if has_ingress => ("spec.grafana.ingress", "ingress"),
        () if !given.host.is_empty() => ("spec.grafana.host", "httproute"),
        () => return,
    };
    check.error(
        &format!("{PATH}.expose"),
        &format!("found none, expected ingress or httproute with {what}: nobody would use it"),
        json!(likely),
    );
}

fn host(host: &str, check: &mut Check<'_>) {
    check.carried(
        &format!("{PATH}.host"),
        host,
        "the host by which people reach Grafana",
        is_dns_subdomain,
        "grafana.example.com",
    );
}

fn ingress(given: &GrafanaIngress, check: &mut Check<'_>) {
    for (field, value, expected, example) in [
        (
            "class",
            &given.class,
            "the name of an IngressClass",
            "nginx",
        ),
        (
            "tlsSecret",
            &given.tls_secret,
            "the name of a Secret",
            "grafana-tls",
        ),
    ] {
        if !value.is_empty() {
            let path = format!("{PATH}.ingress.{field}");
            check.literal(&path, value, expected, is_dns_subdomain, example);
        }
    }
    for (key, value) in &given.annotations {
        let (domain, name) = key.split_once('/').unwrap_or(("x", key));
        if !is_dns_subdomain(domain) || !is_label_value(name) {
            check.error(
                &format!("{PATH}.ingress.annotations"),
                &format!(
                    "found the name {key:?}, expected one such as cert-manager.io/cluster-issuer"
                ),
                json!({"cert-manager.io/cluster-issuer": value}),
            );
            continue;
        }
        let path = format!("{PATH}.ingress.annotations[{key}]");
        check.carried(&path, value, "text", |_| true, "true");
    }
}
