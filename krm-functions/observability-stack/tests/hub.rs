//! A hub, value by value: stores, gateway, alerting; and what it and its spokes have to agree on.

mod common;

use common::objects;
use krm_rs::{Object, Value, json, yaml};
use leafpack_peer as peer;
use std::path::PathBuf;
use std::process::Command;

const SINGLE: &str = include_str!("../fixtures/hub-single/config.yaml");
const HA: &str = include_str!("../fixtures/hub-ha/config.yaml");

fn one<'o>(objects: &'o [Object], kind: &str, name: &str) -> &'o Object {
    let mut all = objects.iter();
    all.find(|object| object.kind() == kind && object.name() == name)
        .unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

fn holds(object: &Object, rows: &[(&str, Value)]) {
    for (path, expected) in rows {
        let found = object.get(path).unwrap_or(&Value::Null);
        assert_eq!(found, expected, "{} {path}", object.id());
    }
}

#[test]
fn single_stores_are_as_they_should_be() {
    let objects = objects(SINGLE);
    holds(
        one(&objects, "VMSingle", "infra"),
        &[
            ("spec.retentionPeriod", json!("90d")),
            ("spec.port", json!("8429")),
            (
                "spec.storage",
                json!({
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "50Gi"}},
                    "storageClassName": "ceph-block",
                }),
            ),
            (
                "spec.extraArgs",
                json!({
                    "search.maxConcurrentRequests": "8",
                    "search.maxQueueDuration": "30s",
                    "dedup.minScrapeInterval": "30s",
                }),
            ),
        ],
    );
    holds(
        one(&objects, "VLSingle", "infra"),
        &[
            ("apiVersion", json!("operator.victoriametrics.com/v1")),
            ("spec.retentionPeriod", json!("30d")),
            ("spec.port", json!("9428")),
            ("spec.storage.resources.requests.storage", json!("50Gi")),
        ],
    );
    // The hub's own collectors write to the stores beside them.
    holds(
        one(&objects, "VMAgent", "infra"),
        &[(
            "spec.remoteWrite[0].url",
            json!("http://vmsingle-infra:8429/api/v1/write"),
        )],
    );
    let pipeline = one(&objects, "ConfigMap", "fluent-bit")
        .get_str("data[fluent-bit.conf]")
        .expect("the pipeline");
    let host = pipeline
        .lines()
        .find_map(|line| line.trim().strip_prefix("Host "))
        .expect("a host");
    assert_eq!(host.trim(), "vlsingle-infra");
}

#[test]
fn clusters_are_as_they_should_be() {
    let objects = objects(HA);
    let cluster = one(&objects, "VMCluster", "infra");
    holds(
        cluster,
        &[
            ("spec.replicationFactor", json!(2)),
            ("spec.retentionPeriod", json!("30d")),
            ("spec.clusterVersion", json!("v1.122.1-cluster")),
            ("spec.vmstorage.replicaCount", json!(3)),
            ("spec.vmselect.replicaCount", json!(3)),
            ("spec.vminsert.replicaCount", json!(3)),
            (
                "spec.vmstorage.storage.volumeClaimTemplate.spec.resources.requests.storage",
                json!("50Gi"),
            ),
            ("spec.vmselect.cacheMountPath", json!("/cache")),
            (
                "spec.vmselect.storage.volumeClaimTemplate.spec.resources.requests.storage",
                json!("10Gi"),
            ),
            // vminsert does not know the flag, and would not start.
            (
                "spec.vmstorage.extraArgs",
                json!({"dedup.minScrapeInterval": "30s"}),
            ),
            (
                "spec.vmselect.extraArgs",
                json!({"dedup.minScrapeInterval": "30s"}),
            ),
            ("spec.vminsert.extraArgs", Value::Null),
            (
                "spec.vmstorage.resources",
                json!({"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}}),
            ),
        ],
    );
    for part in ["vmstorage", "vmselect", "vminsert"] {
        let budget = format!("spec.{part}.podDisruptionBudget.maxUnavailable");
        holds(cluster, &[(&budget, json!(1))]);
        let spread = format!("spec.{part}.topologySpreadConstraints[0].topologyKey");
        holds(cluster, &[(&spread, json!("kubernetes.io/hostname"))]);
    }
    holds(
        one(&objects, "VLCluster", "infra"),
        &[
            ("spec.vlinsert.port", json!("9481")),
            ("spec.vlselect.port", json!("9471")),
            ("spec.vlstorage.replicaCount", json!(3)),
        ],
    );
    holds(
        one(&objects, "VMAgent", "infra"),
        &[(
            "spec.remoteWrite[0].url",
            json!("http://vminsert-infra:8480/insert/0/prometheus/api/v1/write"),
        )],
    );
    // Each part may speak to the storage at the port that is its own.
    for (part, port) in [("vmselect", 8401), ("vminsert", 8400)] {
        let egress = one(&objects, "NetworkPolicy", part)
            .get("spec.egress")
            .expect("rules")
            .to_string();
        assert!(
            egress.contains(&format!("\"port\":{port}")),
            "{part}: {egress}"
        );
    }
}

/// Requests and limits of each part, and how many of several a drain may take at a time. `small` is what a hub of one
/// program each needs; `production` has whole processors as limits, for VictoriaMetrics sizes its pools by them.
#[test]
fn resources_and_disruption_budgets_are_as_they_should_be() {
    type Row = (
        &'static str,
        &'static str,
        [&'static str; 2],
        [&'static str; 2],
    );
    const NONE: &str = "";
    let small: [Row; 6] = [
        ("VMSingle", "spec", ["100m", "512Mi"], [NONE, "1Gi"]),
        ("VLSingle", "spec", ["100m", "128Mi"], [NONE, "384Mi"]),
        ("VMAuth", "spec", ["50m", "32Mi"], [NONE, "64Mi"]),
        ("VMAgent", "spec", ["100m", "256Mi"], [NONE, "512Mi"]),
        ("VMAlert", "spec", ["50m", "128Mi"], [NONE, "256Mi"]),
        ("VMAlertmanager", "spec", ["50m", "64Mi"], [NONE, "128Mi"]),
    ];
    let production: [Row; 10] = [
        ("VMCluster", "spec.vmstorage", ["500m", "2Gi"], ["2", "4Gi"]),
        (
            "VMCluster",
            "spec.vmselect",
            ["200m", "500Mi"],
            ["2", "2Gi"],
        ),
        (
            "VMCluster",
            "spec.vminsert",
            ["200m", "500Mi"],
            ["1", "1Gi"],
        ),
        ("VLCluster", "spec.vlstorage", ["500m", "1Gi"], ["2", "2Gi"]),
        ("VLCluster", "spec.vlselect", ["500m", "1Gi"], ["2", "2Gi"]),
        ("VLCluster", "spec.vlinsert", ["500m", "1Gi"], ["2", "2Gi"]),
        ("VMAuth", "spec", ["100m", "64Mi"], ["1", "256Mi"]),
        ("VMAgent", "spec", ["200m", "512Mi"], ["1", "1Gi"]),
        ("VMAlert", "spec", ["100m", "256Mi"], ["1", "512Mi"]),
        ("VMAlertmanager", "spec", ["50m", "128Mi"], ["1", "256Mi"]),
    ];
    let check = |config: &str, rows: &[Row], budget: Value| {
        let objects = objects(config);
        for (kind, place, [cpu, memory], [most_cpu, most_memory]) in rows {
            let mut limits = json!({"memory": most_memory});
            if *most_cpu != NONE {
                limits["cpu"] = json!(most_cpu);
            }
            let requests = json!({"cpu": cpu, "memory": memory});
            holds(
                one(&objects, kind, "infra"),
                &[
                    (&format!("{place}.resources.requests"), requests),
                    (&format!("{place}.resources.limits"), limits),
                    (&format!("{place}.podDisruptionBudget"), budget.clone()),
                ],
            );
        }
    };
    check(SINGLE, &small, Value::Null);
    check(HA, &production, json!({"maxUnavailable": 1}));
}

/// With `profile: small` whatever may be limited is, and all of it stays below 4 GiB: the sum of memory limits, those of
/// DaemonSets for three nodes.
#[test]
fn a_small_hub_fits_into_four_gigabytes() {
    fn limits(value: &Value, times: u64, found: &mut Vec<(String, u64)>) {
        match value {
            Value::Object(fields) => {
                if let Some(memory) = value["limits"]["memory"].as_str() {
                    let (number, unit) = memory.split_at(memory.len() - 2);
                    let unit = match unit {
                        "Mi" => 1,
                        "Gi" => 1024,
                        other => panic!("{other}"),
                    };
                    let number: u64 = number.parse().expect("a number");
                    found.push((memory.to_owned(), number * unit * times));
                }
                for (key, field) in fields {
                    if key != "limits" {
                        limits(field, times, found);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| limits(item, times, found)),
            _ => {}
        }
    }
    let mut total = 0;
    let mut seen = 0;
    for object in objects(SINGLE) {
        let replicas = object.get("spec.replicaCount").and_then(Value::as_u64);
        let times = if object.kind() == "DaemonSet" {
            3
        } else {
            replicas.unwrap_or(1)
        };
        let mut found = Vec::new();
        limits(object.as_value(), times, &mut found);
        seen += usize::from(!found.is_empty());
        total += found.iter().map(|(_, mib)| mib).sum::<u64>();
    }
    assert!(seen >= 9, "{seen}");
    assert!(total < 4096, "{total} MiB");
    eprintln!("{total} MiB");
}

#[test]
fn alerting_is_as_it_should_be() {
    let objects = objects(HA);
    let alert = one(&objects, "VMAlert", "infra");
    holds(
        alert,
        &[
            ("spec.replicaCount", json!(2)),
            ("spec.evaluationInterval", json!("15s")),
            ("spec.selectAllByDefault", json!(true)),
            ("spec.port", json!("8080")),
            (
                "spec.datasource.url",
                json!("http://vmselect-infra:8481/select/0/prometheus"),
            ),
            // vmalert adds /api/v1/write by itself.
            (
                "spec.remoteWrite.url",
                json!("http://vminsert-infra:8480/insert/0/prometheus"),
            ),
        ],
    );
    // Each of several is told by its own name.
    let notifiers = alert
        .get("spec.notifiers")
        .and_then(Value::as_array)
        .expect("a list");
    let urls: Vec<&str> = notifiers
        .iter()
        .map(|one| one["url"].as_str().expect("a URL"))
        .collect();
    assert_eq!(
        urls,
        [
            "http://vmalertmanager-infra-0.vmalertmanager-infra:9093",
            "http://vmalertmanager-infra-1.vmalertmanager-infra:9093",
            "http://vmalertmanager-infra-2.vmalertmanager-infra:9093",
        ]
    );
    let manager = one(&objects, "VMAlertmanager", "infra");
    holds(
        manager,
        &[
            ("spec.replicaCount", json!(3)),
            ("spec.retention", json!("120h")),
            (
                "spec.storage.volumeClaimTemplate.spec.resources.requests.storage",
                json!("1Gi"),
            ),
            (
                "spec.secrets",
                json!(["alert-receivers", "dead-mans-switch"]),
            ),
        ],
    );
    let config = manager
        .get_str("spec.configRawYaml")
        .expect("a configuration");
    let config = yaml::load_one(config.as_bytes()).expect("YAML");
    let route = &config["route"];
    for (key, expected) in [
        (
            "group_by",
            json!(["alertname", "cluster", "namespace", "severity"]),
        ),
        ("group_wait", json!("30s")),
        ("group_interval", json!("5m")),
        ("repeat_interval", json!("4h")),
        ("receiver", json!("default")),
    ] {
        assert_eq!(route[key], expected, "{key}");
    }
    assert_eq!(config["global"]["resolve_timeout"], "5m");
    assert_eq!(
        config["inhibit_rules"][0]["equal"],
        json!(["alertname", "cluster", "namespace"])
    );
    // Nobody is named for warnings, so they go where all else goes.
    let of = |severity: &str| {
        let routes = route["routes"].as_array().expect("routes");
        let matcher = format!("severity = \"{severity}\"");
        let found = routes
            .iter()
            .find(|route| route["matchers"][0] == matcher.as_str());
        found.expect("a route")["receiver"].clone()
    };
    assert_eq!(of("critical"), "critical");
    assert_eq!(of("warning"), "default");

    let single = common::objects(SINGLE);
    holds(
        one(&single, "VMAlertmanager", "infra"),
        &[
            ("spec.configSecret", json!("vmalertmanager-config")),
            ("spec.configRawYaml", Value::Null),
        ],
    );
    assert!(
        single
            .iter()
            .all(|object| object.kind() != "ExternalSecret")
    );
}

/// The whole configuration may come from a store of secrets; the Alertmanager reads the Secret that is made of it.
#[test]
fn the_alertmanagers_configuration_comes_from_a_store() {
    let external = "externalSecret: {path: \"${ALERTING}/manager\", store: vault}";
    for (given, name) in [
        (external.to_owned(), "vmalertmanager-config"),
        (format!("configSecret: receivers, {external}"), "receivers"),
    ] {
        let config = SINGLE.replace("configSecret: vmalertmanager-config", &given);
        let objects = objects(&config);
        holds(
            one(&objects, "VMAlertmanager", "infra"),
            &[
                ("spec.configSecret", json!(name)),
                ("spec.configRawYaml", Value::Null),
            ],
        );
        let remote = json!({"key": "${ALERTING}/manager", "property": "alertmanager.yaml"});
        holds(
            one(&objects, "ExternalSecret", name),
            &[
                (
                    "spec.target",
                    json!({"name": name, "creationPolicy": "Owner"}),
                ),
                (
                    "spec.secretStoreRef",
                    json!({"kind": "ClusterSecretStore", "name": "vault"}),
                ),
                (
                    "spec.data",
                    json!([{"secretKey": "alertmanager.yaml", "remoteRef": remote}]),
                ),
            ],
        );
    }
}

/// A writer's password may come from a store of secrets: from the entry that the spoke reads its own from.
#[test]
fn a_writers_password_comes_from_a_store() {
    let path = "observability/${CLUSTER}-writer";
    let external = format!("secret: hub-writer-apps, externalSecret: {{path: \"{path}\"}}");
    let config = SINGLE.replace("secret: hub-writer-apps", &external);
    let objects = objects(&config);
    let remote = json!({"key": path, "property": "password"});
    let row = json!([{"secretKey": "password", "remoteRef": remote}]);
    let made = one(&objects, "ExternalSecret", "hub-writer-apps");
    holds(made, &[("spec.data", row)]);
    let count = |kind: &str| objects.iter().filter(|one| one.kind() == kind).count();
    assert_eq!((count("ExternalSecret"), count("VMUser")), (1, 2));
}

/// The Alertmanager's own tool reads the configuration; and finds what is wrong in a wrong one.
#[test]
fn the_alertmanager_takes_its_configuration() {
    let Some(amtool) = peer::or_skip("hub-amtool", "amtool") else {
        return;
    };
    let check = |text: &str| {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("alertmanager.yaml");
        std::fs::write(&file, text).expect("the file can be written");
        let output = Command::new(&amtool)
            .arg("check-config")
            .arg(&file)
            .output();
        output.expect("amtool runs").status.success()
    };
    for config in [
        HA.to_owned(),
        SINGLE.replace("configSecret: vmalertmanager-config", ""),
    ] {
        let objects = objects(&config);
        let manager = one(&objects, "VMAlertmanager", "infra");
        let text = manager
            .get_str("spec.configRawYaml")
            .expect("a configuration");
        assert!(check(text), "{text}");
        assert!(!check(
            &text.replace("receiver: default", "receiver: nobody")
        ));
    }
}

/// Hub and spoke are made of two resources, and have to agree on names, ports, paths, tenants and users.
#[test]
fn a_spoke_writes_where_the_hub_listens() {
    let routed = HA.replace(
        "expose: loadbalancer",
        "expose: httproute\n      host: hub.example.com\n      gateway: {name: internal, namespace: network}",
    );
    for (hub, expose) in [
        (SINGLE, "clustermesh"),
        (HA, "loadbalancer"),
        (&routed, "httproute"),
    ] {
        let hub = objects(hub);
        let gateway = one(&hub, "VMAuth", "infra");
        let port = gateway.get_str("spec.port").expect("a port");
        // The operator's name for its Service; with ClusterMesh it is the same on both sides.
        let service = format!("vmauth-{}", gateway.name());
        let (via, host) = match expose {
            "clustermesh" => {
                let shared = gateway.get("spec.serviceSpec.metadata.annotations");
                assert_eq!(shared, Some(&json!({"service.cilium.io/global": "true"})));
                (
                    "clustermesh",
                    format!("{service}.{}.svc", gateway.namespace()),
                )
            }
            "httproute" => {
                holds(
                    one(&hub, "HTTPRoute", "vmauth"),
                    &[
                        ("spec.hostnames", json!(["hub.example.com"])),
                        (
                            "spec.parentRefs",
                            json!([{"name": "internal", "namespace": "network"}]),
                        ),
                        ("spec.rules[0].backendRefs[0].name", json!(service)),
                    ],
                );
                ("url", "hub.example.com".to_owned())
            }
            _ => {
                holds(
                    gateway,
                    &[("spec.serviceSpec.spec.type", json!("LoadBalancer"))],
                );
                ("url", "hub.example.com".to_owned())
            }
        };
        let spoke = objects(&format!(
            "apiVersion: leafpack.dev/v1alpha1\nkind: ObservabilityStack\nmetadata: {{name: apps}}\nspec:\n  \
             cluster: apps\n  role: spoke\n  tenants: {{apps: '2:0'}}\n  logs: {{tenant: apps}}\n  hub:\n    via: {via}\n    \
             logsURL: http://{host}:{port}\n    metricsURL: http://{host}:{port}\n    auth: {{kind: basic, secret: hub-writer-apps}}\n"
        ));
        let user = one(&hub, "VMUser", "infra-apps");
        let targets = user
            .get("spec.targetRefs")
            .and_then(Value::as_array)
            .expect("targets");
        let takes = |path: &str| targets.iter().any(|target| target["paths"][0] == path);

        let remote = one(&spoke, "VMAgent", "apps")
            .get_str("spec.remoteWrite[0].url")
            .expect("a URL");
        let path = remote
            .strip_prefix(&format!("http://{host}:{port}"))
            .expect(remote);
        assert!(takes(path), "{path}");

        let pipeline = one(&spoke, "ConfigMap", "fluent-bit")
            .get_str("data[fluent-bit.conf]")
            .expect("the pipeline");
        let value = |name: &str| {
            let mut values = pipeline
                .lines()
                .filter_map(|line| line.trim().strip_prefix(name));
            values.next().expect(name).trim().to_owned()
        };
        assert_eq!(value("Port "), port);
        let uri = value("URI ");
        assert!(takes(uri.split('?').next().unwrap_or_default()), "{uri}");
        // The tenant that the spoke writes to is one that it may write to.
        let account = value("Header                               AccountID ");
        let allowed = targets.iter().any(|target| {
            let headers = target["headers"].as_array();
            headers.is_some_and(|headers| headers.contains(&json!(format!("AccountID: {account}"))))
        });
        assert!(allowed, "{account}");
        if via == "clustermesh" {
            let global = one(&spoke, "Service", &service);
            assert_eq!(global.namespace(), gateway.namespace());
            let number = global
                .get("spec.ports[0].port")
                .expect("a port")
                .to_string();
            assert_eq!(number, port);
        }
    }
}
