//! The settings that a cluster has already: a ConfigMap with the variables that Flux replaces.

use std::collections::BTreeMap;

use krm_rs::{Object, Value, yaml};

use super::answers::Answers;

/// What a file gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) answers: Answers,
    /// What is to be told of variables that were not taken as they are.
    pub(super) notes: Vec<String>,
    /// Fluent Bit's folder on the nodes, which nobody is asked for.
    pub(super) state_dir: Option<String>,
}

/// Reads the ConfigMaps of a file.
///
/// # Errors
/// Where there is none.
pub(super) fn read(text: &[u8]) -> Result<Found, String> {
    let mut variables = BTreeMap::new();
    let mut kinds = Vec::new();
    for document in yaml::load(text).map_err(|why| why.to_string())? {
        let Ok(object) = Object::try_from(document) else {
            continue;
        };
        let data = object.get("data").and_then(Value::as_object);
        match (object.kind(), data) {
            ("ConfigMap", Some(data)) => {
                let strings = data
                    .iter()
                    .filter_map(|(key, value)| Some((key, value.as_str()?)));
                variables
                    .extend(strings.map(|(key, value)| (key.clone(), value.trim().to_owned())));
            }
            (kind, _) => kinds.push(kind.to_owned()),
        }
    }
    match variables.is_empty() {
        false => Ok(Settings {
            variables,
            found: Found::default(),
        }
        .found()),
        true if kinds.is_empty() => Err("found nothing, expected a ConfigMap with data".to_owned()),
        true => Err(format!(
            "found {}, expected a ConfigMap with data",
            kinds.join(", ")
        )),
    }
}

struct Settings {
    variables: BTreeMap<String, String>,
    found: Found,
}

/// Variables of stores and dashboards, which are the hub's.
const HUB: [&str; 6] = [
    "GLOBAL_ALERTMANAGER_ENDPOINT",
    "GLOBAL_VM_SELECT_ENDPOINT",
    "OBSERVABILITY_GRAFANA_SECRET_PATH",
    "VM_RETENTION_PERIOD",
    "VM_STORAGE_SIZE",
    "BLOCK_SC",
];

impl Settings {
    fn found(mut self) -> Found {
        let cluster = self.take("CLUSTER").or_else(|| self.take("CLUSTER_NAME"));
        self.answer("cluster", cluster.clone());
        let environment = self.take("ENVIRONMENT");
        self.answer("environment", environment);
        let logs = self.logs();
        self.answer("logs-url", logs);
        let metrics = self.metrics();
        self.answer("metrics-url", metrics);
        let tenant = self.tenant(cluster.as_deref());
        self.answer("tenant", tenant);
        self.found.state_dir = self.take("FLUENT_BIT_STATE_PATH");
        for name in HUB {
            if self.take(name).is_some() {
                self.note(format!(
                    "{name}: not taken, for it is about what the hub keeps"
                ));
            }
        }
        for name in ["CONTAINERD_LOG_PATH", "CONTAINERD_STATE_PATH"] {
            if self.take(name).is_some() {
                self.note(format!(
                    "{name}: not taken: the logs are below /var/log, whatever the runtime"
                ));
            }
        }
        let others: Vec<&str> = self.variables.keys().map(String::as_str).collect();
        if !others.is_empty() {
            let note = format!("not known, and not taken: {}", others.join(", "));
            self.note(note);
        }
        self.found
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.variables
            .remove(name)
            .filter(|value| !value.is_empty())
    }

    fn answer(&mut self, option: &'static str, value: Option<String>) {
        self.found
            .answers
            .extend(value.map(|value| (option, value)));
    }

    fn note(&mut self, note: String) {
        self.found.notes.push(format!("note: {note}"));
    }

    /// Host, port and path make one URL.
    fn logs(&mut self) -> Option<String> {
        let port = self.take("OBSERVABILITY_LOG_ENDPOINT_PORT");
        let path = self
            .take("OBSERVABILITY_LOG_ENDPOINT_PATH")
            .unwrap_or_default();
        let host = self.take("OBSERVABILITY_LOG_ENDPOINT_HOST")?;
        let base = match (&port, host.contains("://")) {
            (Some(port), true) => format!("{}:{port}", host.trim_end_matches('/')),
            (None, true) => host.trim_end_matches('/').to_owned(),
            (Some(port), false) if port == "443" => format!("https://{host}"),
            (Some(port), false) => format!("http://{host}:{port}"),
            (None, false) => format!("https://{host}"),
        };
        // VictoriaLogs has no handler at /insert alone.
        let right = match path.trim_end_matches('/').split_once("/insert") {
            None if path.trim_matches('/').is_empty() => String::new(),
            None => format!("{}/insert/jsonline", path.trim_end_matches('/')),
            Some((prefix, _)) => format!("{prefix}/insert/jsonline"),
        };
        if right != path && !right.is_empty() {
            self.note(format!(
                "OBSERVABILITY_LOG_ENDPOINT_PATH: found {path}, took {right}: that is where VictoriaLogs takes JSON lines"
            ));
        }
        Some(base + &right)
    }

    /// A host and port, or a URL; the path has to be that of remote write.
    fn metrics(&mut self) -> Option<String> {
        const NAME: &str = "GLOBAL_VM_INSERT_ENDPOINT";
        let given = self.take(NAME)?;
        let url = match given.split_once("://") {
            Some(_) => given.clone(),
            None if given.ends_with(":443") => format!("https://{given}"),
            None => format!("http://{given}"),
        };
        let (scheme, rest) = url.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = path.trim_end_matches('/');
        let right = if path.ends_with("/api/v1/write") {
            path.to_owned()
        } else if path.is_empty() && !authority.ends_with(":8480") {
            String::new()
        } else {
            // vminsert's port, or a path that stops short: /insert/<tenant>/prometheus/api/v1/write.
            let path = if path.is_empty() { "/insert/0" } else { path };
            let is_tenant = path.starts_with("/insert/") && path.matches('/').count() == 2;
            let prometheus = if is_tenant { "/prometheus" } else { "" };
            format!("{path}{prometheus}/api/v1/write")
        };
        let url = format!("{scheme}://{authority}{right}");
        if url != given {
            self.note(format!("{NAME}: found {given}, took {url}"));
        }
        Some(url)
    }

    /// A tenant is two numbers; a name alone is what Loki calls one.
    fn tenant(&mut self, cluster: Option<&str>) -> Option<String> {
        const NAME: &str = "OBSERVABILITY_LOG_TENANT";
        let given = self.take(NAME)?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let name = cluster
            .filter(|cluster| !cluster.contains('$'))
            .unwrap_or("apps");
        if is_number(&given) {
            return Some(format!("{name}={given}:0"));
        }
        if given
            .split_once(':')
            .is_some_and(|(account, project)| is_number(account) && is_number(project))
        {
            return Some(format!("{name}={given}"));
        }
        self.note(format!(
            "{NAME}: found {given}, took {given}=0:0: VictoriaLogs' tenants are two numbers, AccountID:ProjectID; write yours"
        ));
        Some(format!("{given}=0:0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(data: &str) -> Found {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cluster-settings}}\ndata: {{{data}}}\n"
        );
        read(text.as_bytes()).expect("a ConfigMap")
    }

    #[test]
    fn endpoints_become_urls() {
        let host = "OBSERVABILITY_LOG_ENDPOINT_HOST: logs.example.com";
        for (data, option, expected) in [
            (host.to_owned(), "logs-url", "https://logs.example.com"),
            (format!("{host}, OBSERVABILITY_LOG_ENDPOINT_PORT: '443'"), "logs-url", "https://logs.example.com"),
            (format!("{host}, OBSERVABILITY_LOG_ENDPOINT_PORT: '9428', OBSERVABILITY_LOG_ENDPOINT_PATH: /insert"), "logs-url", "http://logs.example.com:9428/insert/jsonline"),
            (format!("{host}, OBSERVABILITY_LOG_ENDPOINT_PATH: /insert/jsonline"), "logs-url", "https://logs.example.com/insert/jsonline"),
            (format!("{host}, OBSERVABILITY_LOG_ENDPOINT_PATH: /victoria/insert/"), "logs-url", "https://logs.example.com/victoria/insert/jsonline"),
            (format!("{host}, OBSERVABILITY_LOG_ENDPOINT_PATH: /logs"), "logs-url", "https://logs.example.com/logs/insert/jsonline"),
            ("OBSERVABILITY_LOG_ENDPOINT_HOST: 'http://10.0.0.1/', OBSERVABILITY_LOG_ENDPOINT_PORT: '9428'".to_owned(), "logs-url", "http://10.0.0.1:9428"),
            ("GLOBAL_VM_INSERT_ENDPOINT: 'vm.example.com:443'".to_owned(), "metrics-url", "https://vm.example.com:443"),
            ("GLOBAL_VM_INSERT_ENDPOINT: 'vminsert-x.observability.svc:8480'".to_owned(), "metrics-url", "http://vminsert-x.observability.svc:8480/insert/0/prometheus/api/v1/write"),
            ("GLOBAL_VM_INSERT_ENDPOINT: 'http://x:8480/insert/3'".to_owned(), "metrics-url", "http://x:8480/insert/3/prometheus/api/v1/write"),
            ("GLOBAL_VM_INSERT_ENDPOINT: 'http://x:8480/insert/3/prometheus'".to_owned(), "metrics-url", "http://x:8480/insert/3/prometheus/api/v1/write"),
            ("GLOBAL_VM_INSERT_ENDPOINT: 'https://x/api/v1/write'".to_owned(), "metrics-url", "https://x/api/v1/write"),
            ("OBSERVABILITY_LOG_TENANT: '2', CLUSTER: apps".to_owned(), "tenant", "apps=2:0"),
            ("OBSERVABILITY_LOG_TENANT: '2:3', CLUSTER_NAME: edge".to_owned(), "tenant", "edge=2:3"),
            ("OBSERVABILITY_LOG_TENANT: finance".to_owned(), "tenant", "finance=0:0"),
        ] {
            let found = found(&data);
            assert_eq!(found.answers.get(option).map(String::as_str), Some(expected), "{data}");
        }
    }

    #[test]
    fn what_is_no_config_map_is_told() {
        assert_eq!(
            read(b"").unwrap_err(),
            "found nothing, expected a ConfigMap with data"
        );
        let secret =
            b"apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {CLUSTER: a}\n";
        assert_eq!(
            read(secret).unwrap_err(),
            "found Secret, expected a ConfigMap with data"
        );
    }
}
