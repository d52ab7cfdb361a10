//! The collectors of metrics, value by value: what the documents behind them ask for, where they are right.

mod common;

use common::objects;
use krm_rs::{Object, Value, json, yaml};
use leafpack_peer::vmagent::VmAgent;

const MINIMAL: &str = include_str!("../fixtures/minimal/config.yaml");
const DEPLOYMENT: &str = include_str!("../fixtures/deployment/config.yaml");
const CHART: &str = include_str!("../fixtures/chart/config.yaml");
const CLUSTERMESH: &str = include_str!("../fixtures/clustermesh/config.yaml");

fn one<'o>(objects: &'o [Object], kind: &str, name: &str) -> &'o Object {
    let mut all = objects.iter();
    all.find(|object| object.kind() == kind && object.name() == name)
        .unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

fn at<'o>(object: &'o Object, path: &str) -> &'o Value {
    object
        .get(path)
        .unwrap_or_else(|| panic!("{} has no {path}", object.id()))
}

/// Holds values against paths.
fn holds(object: &Object, rows: &[(&str, Value)]) {
    for (path, expected) in rows {
        assert_eq!(at(object, path), expected, "{} {path}", object.id());
    }
}

const CONTAINER: &str = "spec.template.spec.containers[0]";

fn args(object: &Object) -> Vec<&str> {
    let args = at(object, &format!("{CONTAINER}.args"));
    args.as_array()
        .expect("a list")
        .iter()
        .map(|arg| arg.as_str().expect("a string"))
        .collect()
}

#[test]
fn kube_state_metrics_is_as_it_should_be() {
    let objects = objects(MINIMAL);
    let deployment = one(&objects, "Deployment", "kube-state-metrics");
    holds(
        deployment,
        &[
            ("spec.replicas", json!(1)),
            (
                &format!("{CONTAINER}.image"),
                json!("registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.14.0"),
            ),
            (
                &format!("{CONTAINER}.ports"),
                json!([
                    {"name": "http-metrics", "containerPort": 8080, "protocol": "TCP"},
                    {"name": "telemetry", "containerPort": 8081, "protocol": "TCP"},
                ]),
            ),
            // The other way round each would answer 404, and the pod would never be ready.
            (
                &format!("{CONTAINER}.livenessProbe.httpGet"),
                json!({"path": "/livez", "port": "http-metrics"}),
            ),
            (
                &format!("{CONTAINER}.readinessProbe.httpGet"),
                json!({"path": "/readyz", "port": "telemetry"}),
            ),
            (
                &format!("{CONTAINER}.resources"),
                json!({"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}}),
            ),
            (
                &format!("{CONTAINER}.securityContext.readOnlyRootFilesystem"),
                json!(true),
            ),
        ],
    );
    let role = one(&objects, "ClusterRole", "observability-kube-state-metrics");
    let rules = at(role, "rules").as_array().expect("rules");
    let groups: Vec<&str> = rules
        .iter()
        .map(|rule| rule["apiGroups"][0].as_str().expect("a group"))
        .collect();
    for group in [
        "storage.k8s.io",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "admissionregistration.k8s.io",
        "kustomize.toolkit.fluxcd.io",
        "helm.toolkit.fluxcd.io",
        "source.toolkit.fluxcd.io",
    ] {
        assert!(groups.contains(&group), "{group}");
    }
    for rule in rules {
        assert_eq!(rule["verbs"], json!(["list", "watch"]));
        assert!(!rule["resources"].to_string().contains("secrets"), "{rule}");
    }
    // What it shall tell of is what it may read.
    let told = args(deployment)
        .into_iter()
        .find_map(|arg| arg.strip_prefix("--resources="))
        .expect("a list");
    for resource in told.split(',') {
        let is_allowed = rules.iter().any(|rule| {
            let resources = rule["resources"].as_array().expect("resources");
            resources.iter().any(|allowed| allowed == resource)
        });
        assert!(is_allowed, "{resource}");
    }
}

/// The labels that the alerts on Flux ask for, and a text of its own for each kind (kube-state-metrics 2.12 on).
#[test]
fn flux_objects_are_told_of() {
    let objects = objects(MINIMAL);
    let map = one(&objects, "ConfigMap", "kube-state-metrics");
    let config = at(map, "data[flux-state.yaml]").as_str().expect("a file");
    let config = yaml::load_one(config.as_bytes()).expect("YAML");
    let resources = config["spec"]["resources"].as_array().expect("a list");
    let mut texts: Vec<&str> = Vec::new();
    for resource in resources {
        let metric = &resource["metrics"][0];
        assert_eq!(resource["metricNamePrefix"], "gotk");
        assert_eq!(metric["name"], "resource_info");
        let labels = &metric["each"]["info"]["labelsFromPath"];
        assert_eq!(labels["name"], json!(["metadata", "name"]));
        assert_eq!(
            labels["exported_namespace"],
            json!(["metadata", "namespace"])
        );
        assert_eq!(
            labels["ready"],
            json!(["status", "conditions", "[type=Ready]", "status"])
        );
        texts.push(metric["help"].as_str().expect("a text"));
    }
    assert_eq!(texts.len(), 7);
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), 7);
    assert!(
        args(one(&objects, "Deployment", "kube-state-metrics"))
            .contains(&"--custom-resource-state-config-file=/leafpack/config/flux-state.yaml")
    );
}

#[test]
fn node_exporter_is_as_it_should_be() {
    let objects = objects(MINIMAL);
    let set = one(&objects, "DaemonSet", "node-exporter");
    holds(
        set,
        &[
            (
                &format!("{CONTAINER}.image"),
                json!("quay.io/prometheus/node-exporter:v1.8.2"),
            ),
            ("spec.template.spec.hostNetwork", json!(true)),
            ("spec.template.spec.hostPID", json!(true)),
            (
                "spec.template.spec.tolerations",
                json!([{"operator": "Exists"}]),
            ),
            (
                &format!("{CONTAINER}.ports"),
                json!([{"name": "metrics", "containerPort": 9100, "hostPort": 9100, "protocol": "TCP"}]),
            ),
            (
                &format!("{CONTAINER}.resources"),
                json!({"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}}),
            ),
        ],
    );
    let args = args(set);
    for arg in [
        "--path.sysfs=/host/sys",
        "--path.rootfs=/host/root",
        "--no-collector.wifi",
        "--no-collector.hwmon",
        "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys|var/lib/docker/.+|var/lib/kubelet/.+)($|/)",
        "--collector.netclass.ignored-devices=^(veth.*|[a-f0-9]{15})$",
        "--collector.netdev.device-exclude=^(veth.*|[a-f0-9]{15})$",
    ] {
        assert!(args.contains(&arg), "{arg}");
    }
    let mounts = at(set, &format!("{CONTAINER}.volumeMounts"));
    for (index, (name, path, host)) in [("sys", "/host/sys", "/sys"), ("root", "/host/root", "/")]
        .into_iter()
        .enumerate()
    {
        let expected = json!({"name": name, "mountPath": path, "readOnly": true, "mountPropagation": "HostToContainer"});
        assert_eq!(mounts[index], expected);
        let volumes = at(set, "spec.template.spec.volumes");
        assert_eq!(volumes[index]["hostPath"]["path"], host);
    }
    let service = one(&objects, "Service", "node-exporter");
    holds(service, &[("spec.clusterIP", json!("None"))]);
}

#[test]
fn vmagent_is_as_it_should_be() {
    let objects = objects(MINIMAL);
    let agent = one(&objects, "VMAgent", "edge");
    holds(
        agent,
        &[
            ("spec.externalLabels", json!({"cluster": "edge"})),
            ("spec.scrapeInterval", json!("30s")),
            ("spec.selectAllByDefault", json!(true)),
            (
                "spec.remoteWrite",
                json!([{"url": "https://metrics.example.com:443/api/v1/write", "sendTimeout": "30s"}]),
            ),
            (
                "spec.remoteWriteSettings",
                json!({"queues": 10, "maxDiskUsagePerURL": "1073741824"}),
            ),
            ("spec.port", json!("8429")),
            (
                "spec.extraArgs[promscrape.suppressDuplicateScrapeTargetErrors]",
                json!("true"),
            ),
            (
                "spec.resources",
                json!({"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}}),
            ),
        ],
    );
    let release = one(&objects, "HelmRelease", "victoria-metrics-operator");
    holds(
        release,
        &[
            ("spec.interval", json!("1h")),
            (
                "spec.chartRef",
                json!({"kind": "OCIRepository", "name": "victoria-metrics-operator"}),
            ),
            (
                "spec.install",
                json!({"crds": "CreateReplace", "remediation": {"retries": 3}}),
            ),
            ("spec.upgrade.crds", json!("CreateReplace")),
            ("spec.upgrade.cleanupOnFail", json!(true)),
            ("spec.upgrade.remediation.strategy", json!("rollback")),
            (
                "spec.values.operator",
                json!({"disable_prometheus_converter": false, "enable_converter_ownership": true}),
            ),
        ],
    );
    // Both fields would be refused (helm-controller's rules).
    assert_eq!(release.get("spec.chart"), None);
}

/// The kubelets' two paths, their relabelling, and everything else that is scraped: job, kind, port, path, interval.
#[test]
fn everything_is_scraped_as_it_should_be() {
    let objects = objects(CLUSTERMESH);
    for (kind, name, port, path, job) in [
        (
            "VMServiceScrape",
            "fluent-bit",
            "http",
            "/api/v2/metrics/prometheus",
            "fluent-bit",
        ),
        (
            "VMServiceScrape",
            "kube-state-metrics",
            "http-metrics",
            "/metrics",
            "kube-state-metrics",
        ),
        (
            "VMServiceScrape",
            "node-exporter",
            "metrics",
            "/metrics",
            "node-exporter",
        ),
        ("VMNodeScrape", "kubelet", "10250", "/metrics", "kubelet"),
        (
            "VMNodeScrape",
            "kubelet-cadvisor",
            "10250",
            "/metrics/cadvisor",
            "kubelet",
        ),
        (
            "VMServiceScrape",
            "apiserver",
            "https",
            "/metrics",
            "apiserver",
        ),
        (
            "VMServiceScrape",
            "coredns",
            "metrics",
            "/metrics",
            "coredns",
        ),
        ("VMNodeScrape", "etcd", "2381", "/metrics", "etcd"),
        (
            "VMNodeScrape",
            "kube-controller-manager",
            "10257",
            "/metrics",
            "kube-controller-manager",
        ),
        (
            "VMNodeScrape",
            "kube-scheduler",
            "10259",
            "/metrics",
            "kube-scheduler",
        ),
        (
            "VMPodScrape",
            "cilium-agent",
            "prometheus",
            "/metrics",
            "cilium-agent",
        ),
        (
            "VMPodScrape",
            "hubble",
            "hubble-metrics",
            "/metrics",
            "hubble",
        ),
        ("VMPodScrape", "flux", "http-prom", "/metrics", "flux"),
    ] {
        let scrape = one(&objects, kind, name);
        let endpoint = match kind {
            "VMServiceScrape" => &at(scrape, "spec.endpoints")[0],
            "VMPodScrape" => &at(scrape, "spec.podMetricsEndpoints")[0],
            _ => at(scrape, "spec"),
        };
        assert_eq!(endpoint["port"], port, "{name}");
        assert_eq!(endpoint["path"], path, "{name}");
        assert_eq!(endpoint["interval"], "30s", "{name}");
        assert_eq!(endpoint["scrapeTimeout"], "10s", "{name}");
        let named = &endpoint["relabelConfigs"][0];
        assert_eq!(*named, json!({"targetLabel": "job", "replacement": job}));
    }
    for name in ["kubelet", "kubelet-cadvisor"] {
        let scrape = one(&objects, "VMNodeScrape", name);
        holds(
            scrape,
            &[
                ("spec.scheme", json!("https")),
                ("spec.honorLabels", json!(true)),
                (
                    "spec.metricRelabelConfigs",
                    json!([
                        {"action": "labeldrop", "regex": "(uid|id|name)"},
                        {
                            "action": "drop",
                            "sourceLabels": ["__name__"],
                            "regex": "rest_client_request_duration_seconds_(bucket|sum|count)",
                        },
                    ]),
                ),
            ],
        );
    }
    let etcd = one(&objects, "VMNodeScrape", "etcd");
    holds(
        etcd,
        &[(
            "spec.selector.matchLabels",
            json!({"node-role.kubernetes.io/control-plane": ""}),
        )],
    );
    // By Talos' and kubeadm's defaults etcd's port for metrics has no TLS.
    assert_eq!(etcd.get("spec.scheme"), None);
    let server = one(&objects, "VMServiceScrape", "apiserver");
    let tls = &at(server, "spec.endpoints")[0]["tlsConfig"];
    assert_eq!(tls["serverName"], "kubernetes");
    assert_eq!(tls["insecureSkipVerify"], Value::Null);
}

/// What goes in is what is scraped; what goes out is DNS by both protocols, the API server behind its Service, what is
/// scraped, and the hub.
#[test]
fn policies_let_through_what_is_needed() {
    for (config, kind) in [
        (MINIMAL, "NetworkPolicy"),
        (CLUSTERMESH, "CiliumNetworkPolicy"),
    ] {
        let objects = objects(config);
        for (name, ports) in [
            ("kube-state-metrics", &[8080, 8081][..]),
            ("vmagent", &[8429]),
            ("fluent-bit", &[2020]),
        ] {
            let policy = one(&objects, kind, name);
            let ingress = &at(policy, "spec.ingress")[0];
            let allowed = match kind {
                "NetworkPolicy" => &ingress["ports"],
                _ => &ingress["toPorts"][0]["ports"],
            };
            let number = |port: &Value| {
                port["port"]
                    .as_u64()
                    .or_else(|| port["port"].as_str()?.parse().ok())
            };
            let found: Vec<u64> = allowed
                .as_array()
                .expect("ports")
                .iter()
                .filter_map(number)
                .collect();
            assert_eq!(found, ports, "{name}");
            let egress = at(policy, "spec.egress").to_string();
            for protocol in ["UDP", "TCP"] {
                let quote = if kind == "NetworkPolicy" { "" } else { "\"" };
                let dns = format!("\"port\":{quote}53{quote},\"protocol\":\"{protocol}\"");
                assert!(egress.contains(&dns), "{name}: {egress}");
            }
            let servers = if kind == "NetworkPolicy" {
                "6443"
            } else {
                "kube-apiserver"
            };
            assert!(egress.contains(servers), "{name}: {egress}");
        }
        let egress = at(one(&objects, kind, "vmagent"), "spec.egress").to_string();
        let hub = if kind == "NetworkPolicy" {
            "\"port\":443"
        } else {
            "io.cilium.k8s.policy.cluster"
        };
        assert!(egress.contains(hub), "{egress}");
        // A selector of namespaces never matches nodes, where the kubelets are.
        let nodes = if kind == "NetworkPolicy" {
            ",{},"
        } else {
            "remote-node"
        };
        assert!(egress.contains(nodes), "{egress}");
    }
}

/// A Service of the same name and namespace as in the hub, behind which this side has no pods.
#[test]
fn clustermesh_has_a_service_on_this_side_too() {
    let objects = objects(CLUSTERMESH);
    for (name, port) in [("vlsingle-infra", 9428), ("vmsingle-infra", 8428)] {
        let service = one(&objects, "Service", name);
        assert_eq!(service.namespace(), "observability");
        assert_eq!(service.annotation("service.cilium.io/global"), Some("true"));
        assert_eq!(
            service.annotation("service.cilium.io/shared"),
            Some("false")
        );
        assert_eq!(service.get("spec.selector"), None);
        // Cilium shares no headless Service.
        assert_ne!(service.get_str("spec.clusterIP"), Some("None"));
        holds(service, &[("spec.ports[0].port", json!(port))]);
    }
}

#[test]
fn credentials_come_from_a_secret() {
    let objects_of = objects(DEPLOYMENT);
    let secret = one(&objects_of, "ExternalSecret", "hub-writer");
    holds(
        secret,
        &[
            ("apiVersion", json!("external-secrets.io/v1")),
            (
                "spec.secretStoreRef",
                json!({"kind": "ClusterSecretStore", "name": "onepassword"}),
            ),
            (
                "spec.target",
                json!({"name": "hub-writer", "creationPolicy": "Owner"}),
            ),
            (
                "spec.data[0]",
                json!({"secretKey": "username", "remoteRef": {"key": "observability/hub-writer", "property": "username"}}),
            ),
        ],
    );
    let agent = one(&objects_of, "StatefulSet", "vmagent");
    let args_found = args(agent);
    for arg in [
        "-remoteWrite.basicAuth.username=$(HUB_USERNAME)",
        "-remoteWrite.basicAuth.passwordFile=/leafpack/hub/password",
    ] {
        assert!(args_found.contains(&arg), "{arg}");
    }
    let chart = objects(CHART);
    let release = one(&chart, "HelmRelease", "vmagent");
    let remote = &at(release, "spec.values.remoteWrite")[0];
    assert_eq!(remote["bearerTokenFile"], "/leafpack/hub/token");
    assert_eq!(
        remote["url"],
        "https://metrics.example.com:443/insert/0/prometheus/api/v1/write"
    );
}

/// The scrape configuration, of the Deployment and of the chart, in the real vmagent.
#[test]
fn vmagent_takes_the_scrape_configuration() {
    let Some(vmagent) = VmAgent::or_skip("collectors-vmagent") else {
        return;
    };
    let deployment = objects(DEPLOYMENT);
    let map = one(&deployment, "ConfigMap", "vmagent");
    let config = at(map, "data[scrape.yaml]")
        .as_str()
        .expect("a file")
        .to_owned();
    let jobs = config.matches("- job_name: ").count();
    assert!(jobs >= 20, "{jobs}");
    let chart = objects(CHART);
    let values = at(one(&chart, "HelmRelease", "vmagent"), "spec.values.config");
    for text in [config, yaml::emit(values)] {
        assert_eq!(vmagent.accepts(&text), Ok(()));
        let wrong = text.replacen("relabel_configs", "relabel_config", 1);
        assert!(vmagent.accepts(&wrong).is_err());
    }
}
