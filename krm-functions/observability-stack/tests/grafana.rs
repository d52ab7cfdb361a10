//! Grafana: what it asks, who may sign in, what it shows, and how people reach it.

mod common;

use common::{objects, root};
use krm_rs::{Object, Value, json, yaml};
use leafpack_function_tests::schemas::Schemas;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A hub of one line, with these lines below `spec`.
fn hub(more: &str) -> String {
    format!(
        "apiVersion: leafpack.dev/v1alpha1\nkind: ObservabilityStack\nmetadata: {{name: infra}}\nspec:\n  cluster: infra\n  role: hub\n{more}"
    )
}

fn made(more: &str) -> Vec<Object> {
    objects(&hub(more))
}

fn find<'o>(objects: &'o [Object], kind: &str, name: &str) -> &'o Object {
    let is_it = |object: &&Object| object.kind() == kind && object.name() == name;
    let found = objects.iter().find(is_it);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}

fn has(objects: &[Object], kind: &str, name: &str) -> bool {
    let is_it = |object: &Object| object.kind() == kind && object.name() == name;
    objects.iter().any(is_it)
}

fn value(object: &Object, path: &str) -> Value {
    let path = krm_rs::Path::parse(path).expect("a path");
    path.get(object.as_value()).cloned().unwrap_or_default()
}

fn pod(objects: &[Object]) -> Value {
    value(find(objects, "Deployment", "grafana"), "spec.template.spec")
}

/// The value of a variable of Grafana's, where it has one.
fn variable(objects: &[Object], name: &str) -> Option<Value> {
    let pod = pod(objects);
    let all = pod["containers"][0]["env"].as_array()?.clone();
    let found = all.into_iter().find(|variable| variable["name"] == name)?;
    Some(found.get("value").or(found.get("valueFrom"))?.clone())
}

/// A file of Grafana's ConfigMap.
fn file(objects: &[Object], name: &str) -> Value {
    let map = find(objects, "ConfigMap", "grafana");
    let text = map.get_str(&format!("data[{name}]")).expect("the file");
    yaml::load_one(text.as_bytes()).expect("YAML")
}

fn sources(objects: &[Object]) -> Vec<Value> {
    let file = file(objects, "datasources.yaml");
    file["datasources"].as_array().expect("a list").clone()
}

#[test]
fn is_where_the_stores_are() {
    assert!(has(&made(""), "Deployment", "grafana"));
    assert!(!has(
        &made("  grafana: {enabled: false}\n"),
        "Deployment",
        "grafana"
    ));
    let spoke = objects(include_str!("../fixtures/minimal/config.yaml"));
    assert!(!has(&spoke, "Deployment", "grafana"));
}

/// What the requirements say of its size, and what one volume that one pod may mount asks for.
#[test]
fn is_one_pod_with_a_volume() {
    let objects = made("  store: {storageClass: ceph-block}\n");
    let deployment = find(&objects, "Deployment", "grafana");
    assert_eq!(value(deployment, "spec.replicas"), json!(1));
    assert_eq!(
        value(deployment, "spec.strategy"),
        json!({"type": "Recreate"})
    );
    let pod = pod(&objects);
    let container = &pod["containers"][0];
    assert_eq!(container["image"], "docker.io/grafana/grafana:12.4.3");
    assert_eq!(
        container["resources"],
        json!({"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}})
    );
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        assert_eq!(
            container[probe]["httpGet"],
            json!({"path": "/api/health", "port": "http"})
        );
    }
    assert_eq!(
        container["securityContext"]["readOnlyRootFilesystem"],
        json!(true)
    );
    for (field, expected) in [
        ("runAsNonRoot", json!(true)),
        ("runAsUser", json!(472)),
        ("fsGroup", json!(472)),
    ] {
        assert_eq!(pod["securityContext"][field], expected, "{field}");
    }
    assert_eq!(pod["automountServiceAccountToken"], json!(false));
    let volume = find(&objects, "PersistentVolumeClaim", "grafana");
    assert_eq!(
        value(volume, "spec"),
        json!({
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "5Gi"}},
            "storageClassName": "ceph-block",
        })
    );
    let other = made("  store: {storageClass: a}\n  grafana: {size: 10Gi, storageClass: b}\n");
    let volume = find(&other, "PersistentVolumeClaim", "grafana");
    assert_eq!(value(volume, "spec.storageClassName"), json!("b"));
    assert_eq!(
        value(volume, "spec.resources.requests.storage"),
        json!("10Gi")
    );
    // Everything that is mounted is a volume of the pod, and is mounted once.
    for more in ["", SIDECAR_IMAGE_IDS] {
        let pod = common_pod(more);
        let all = ["initContainers", "containers"];
        let volumes: BTreeSet<&str> = names(&pod["volumes"]).collect();
        let mut containers = BTreeSet::new();
        for name in all.iter().flat_map(|kind| names(&pod[*kind])) {
            assert!(containers.insert(name), "two containers {name}");
        }
        for container in all
            .iter()
            .flat_map(|kind| pod[*kind].as_array().into_iter().flatten())
        {
            let mut paths = BTreeSet::new();
            for mount in container["volumeMounts"].as_array().into_iter().flatten() {
                assert!(
                    volumes.contains(mount["name"].as_str().unwrap_or_default()),
                    "{mount}"
                );
                assert!(paths.insert(mount["mountPath"].to_string()), "{mount}");
            }
        }
    }
}

const SIDECAR_IMAGE_IDS: &str = "  grafana:
    sidecar: {enabled: true}
    dashboards: {ids: [{id: 15757, revision: 43, folder: Kubernetes}, {id: 1860, revision: 37}]}
    plugins: {source: image, image: {registry: mirror.example.com, repository: plugins/logs, tag: v1}}
";

fn common_pod(more: &str) -> Value {
    pod(&made(more))
}

fn names(list: &Value) -> impl Iterator<Item = &str> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(|item| item["name"].as_str())
}

/// A second default keeps Grafana from starting, and dashboards find their data by uid.
#[test]
fn data_sources_have_fixed_uids_and_one_default() {
    let more = "  metrics: {scrapeInterval: 15s}\n  tenants: {apps: \"2:0\", same: \"2:0\", audit: \"1:7\", zero: \"0:0\"}\n";
    let objects = made(more);
    let sources = sources(&objects);
    let field = |name: &str| -> Vec<&str> {
        let values = sources.iter().map(|source| source[name].as_str());
        values.map(Option::unwrap_or_default).collect()
    };
    assert_eq!(
        field("uid"),
        [
            "VictoriaMetrics",
            "VictoriaLogs",
            "VictoriaLogs-1-7",
            "VictoriaLogs-2-0",
            "Alertmanager"
        ]
    );
    assert_eq!(
        field("name"),
        [
            "VictoriaMetrics",
            "VictoriaLogs",
            "VictoriaLogs audit",
            "VictoriaLogs apps, same",
            "Alertmanager"
        ]
    );
    let logs = "victoriametrics-logs-datasource";
    assert_eq!(
        field("type"),
        ["prometheus", logs, logs, logs, "alertmanager"]
    );
    // The operator calls the Services of stores `<part>-<name>`; their ports are what the stores say.
    let url = |kind: &str| {
        let port = value(find(&objects, kind, "infra"), "spec.port");
        let port = port.as_str().expect("a port").to_owned();
        format!("http://{}-infra:{port}", kind.to_lowercase())
    };
    let (metrics, store) = (url("VMSingle"), url("VLSingle"));
    let alerts = "http://vmalertmanager-infra:9093".to_owned();
    assert_eq!(field("url"), [&metrics, &store, &store, &store, &alerts]);
    let defaults: Vec<bool> = sources
        .iter()
        .map(|source| source["isDefault"] == true)
        .collect();
    assert_eq!(defaults, [true, false, false, false, false]);
    assert_eq!(sources[0]["jsonData"]["timeInterval"], "15s");
    assert_eq!(
        sources[2]["jsonData"]["multitenancyHeaders"],
        json!({"AccountID": "1", "ProjectID": "7"})
    );
    for source in &sources {
        let uid = source["uid"].as_str().unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        assert!(uid.len() <= 40 && uid.chars().all(fits), "{uid}");
    }
    // The longest there can be.
    let long = made("  tenants: {long: \"4294967295:4294967295\"}\n");
    let uid = self::sources(&long)[2]["uid"].as_str().map(str::len);
    assert!(uid.is_some_and(|length| length <= 40), "{uid:?}");
}

#[test]
fn asks_the_parts_of_a_cluster_that_answer() {
    let objects = made("  store: {metrics: {mode: cluster}, logs: {mode: cluster}}\n");
    let urls: Vec<Value> = sources(&objects).iter().map(|s| s["url"].clone()).collect();
    assert_eq!(
        urls[..2],
        [
            "http://vmselect-infra:8481/select/0/prometheus",
            "http://vlselect-infra:9471"
        ]
    );
}

#[test]
fn a_change_of_what_it_asks_restarts_it() {
    let hash = |more: &str| {
        let objects = made(more);
        let deployment = find(&objects, "Deployment", "grafana");
        let path = "spec.template.metadata.annotations[leafpack.dev/config-hash]";
        deployment.get_str(path).expect("a hash").to_owned()
    };
    assert_eq!(hash(""), hash("  grafana: {size: 6Gi}\n"));
    assert_ne!(hash(""), hash("  tenants: {apps: \"2:0\"}\n"));
    assert_ne!(hash(""), hash("  grafana: {dashboards: {folder: Other}}\n"));
}

#[test]
fn the_administrator_comes_from_a_secret() {
    let key = |name: &str, key: &str| json!({"secretKeyRef": {"name": name, "key": key}});
    let there = made("");
    assert!(!has(&there, "ExternalSecret", "grafana-admin"));
    let user = variable(&there, "GF_SECURITY_ADMIN_USER");
    assert_eq!(user, Some(key("grafana-admin", "admin-user")));
    let password = variable(&there, "GF_SECURITY_ADMIN_PASSWORD");
    assert_eq!(password, Some(key("grafana-admin", "admin-password")));
    let objects = made(
        "  grafana: {admin: {externalSecret: {path: \"${OBSERVABILITY_GRAFANA_SECRET_PATH}\"}}}\n",
    );
    let secret = find(&objects, "ExternalSecret", "grafana-admin");
    let path = "${OBSERVABILITY_GRAFANA_SECRET_PATH}";
    assert_eq!(
        value(secret, "spec"),
        json!({
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": "onepassword"},
            "target": {"name": "grafana-admin", "creationPolicy": "Owner"},
            "data": [
                {"secretKey": "admin-user", "remoteRef": {"key": path, "property": "username"}},
                {"secretKey": "admin-password", "remoteRef": {"key": path, "property": "password"}},
            ],
        })
    );
}

#[test]
fn the_plugin_comes_from_the_internet_a_mirror_or_an_image() {
    let text = |objects: &[Object], name: &str| -> Option<String> {
        Some(variable(objects, name)?.as_str()?.to_owned())
    };
    const SYNC: &str = "GF_PLUGINS_PREINSTALL_SYNC";
    const DISABLED: &str = "GF_PLUGINS_PREINSTALL_DISABLED";
    let internet = made("");
    let plugin = "victoriametrics-logs-datasource@0.26.3";
    assert_eq!(text(&internet, SYNC).as_deref(), Some(plugin));
    assert_eq!(text(&internet, DISABLED), None);
    assert_eq!(pod(&internet)["initContainers"], Value::Null);
    let url = "https://mirror.example.com:8443/logs-${VERSION}.zip";
    let mirror = made(&format!(
        "  grafana: {{plugins: {{source: url, url: \"{url}\"}}}}\n"
    ));
    assert_eq!(text(&mirror, SYNC), Some(format!("{plugin}@{url}")));
    let image = made(SIDECAR_IMAGE_IDS);
    // It would go for everything, not only for this.
    assert_eq!(text(&image, SYNC), None);
    assert_eq!(text(&image, DISABLED).as_deref(), Some("true"));
    let init = &pod(&image)["initContainers"][0];
    assert_eq!(init["image"], "mirror.example.com/plugins/logs:v1");
    assert_eq!(
        init["command"],
        json!([
            "cp",
            "-r",
            "/victoriametrics-logs-datasource",
            "/var/lib/grafana/plugins/victoriametrics-logs-datasource"
        ])
    );
}

#[test]
fn dashboards_are_where_grafana_looks_for_them() {
    let providers = |more: &str| -> Vec<(String, Value)> {
        let file = file(&made(more), "providers.yaml");
        let all = file["providers"].as_array().expect("a list").clone();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        all.iter()
            .map(|one| (text(&one["options"]["path"]), one["folder"].clone()))
            .collect()
    };
    let own = ("/leafpack/dashboards".to_owned(), json!("Observability"));
    assert_eq!(providers(""), std::slice::from_ref(&own));
    let none = "  grafana: {dashboards: {own: false}}\n";
    assert_eq!(providers(none), []);
    assert!(!has(&made(none), "ConfigMap", "grafana-dashboards"));
    let downloaded = "/var/lib/grafana/leafpack-dashboards".to_owned();
    let found = "/leafpack/found".to_owned();
    assert_eq!(
        providers(SIDECAR_IMAGE_IDS),
        [own, (downloaded, Value::Null), (found, Value::Null)]
    );
    let objects = made("");
    let map = find(&objects, "ConfigMap", "grafana-dashboards");
    for file in ["log-collection.json", "stack-health.json"] {
        let expected = fs::read_to_string(root().join("dashboards").join(file)).expect("a file");
        assert_eq!(
            map.get_str(&format!("data[{file}]")),
            Some(expected.as_str()),
            "{file}"
        );
    }
    // Nothing in it is Flux's, so it needs no annotation.
    assert_eq!(
        map.annotation("kustomize.toolkit.fluxcd.io/substitute"),
        None
    );
}

#[test]
fn the_sidecar_may_read_what_it_looks_for() {
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]);
    let none = made("");
    assert!(!has(&none, "Role", "grafana") && !has(&none, "RoleBinding", "grafana"));
    let own = made("  grafana: {sidecar: {enabled: true}}\n");
    assert_eq!(value(find(&own, "Role", "grafana"), "rules"), rules);
    assert_eq!(
        value(
            find(&own, "RoleBinding", "grafana"),
            "subjects[0].namespace"
        ),
        json!("observability")
    );
    let sidecar = &pod(&own)["containers"][1];
    assert!(
        sidecar["env"].as_array().is_some_and(
            |env| env.contains(&json!({"name": "LABEL", "value": "grafana_dashboard"}))
        )
    );
    assert!(!sidecar.to_string().contains("NAMESPACE"));
    assert_eq!(pod(&own)["automountServiceAccountToken"], json!(true));
    let all = made("  grafana: {sidecar: {enabled: true, namespaces: all}}\n");
    assert!(!has(&all, "Role", "grafana"));
    let role = find(&all, "ClusterRole", "observability-grafana");
    assert_eq!(value(role, "rules"), rules);
    assert!(
        pod(&all)
            .to_string()
            .contains(r#"{"name":"NAMESPACE","value":"ALL"}"#)
    );
}

#[test]
fn people_reach_it_as_they_say() {
    let none = made("");
    assert!(!has(&none, "Ingress", "grafana") && !has(&none, "HTTPRoute", "grafana"));
    assert_eq!(variable(&none, "GF_SERVER_ROOT_URL"), None);
    let service = find(&none, "Service", "grafana");
    assert_eq!(
        value(service, "spec.ports"),
        json!([{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}])
    );

    let ingress = made(
        "  grafana:\n    expose: ingress\n    host: grafana.${SECRET_DOMAIN}\n    ingress:\n      class: nginx\n      tlsSecret: grafana-tls\n      annotations: {cert-manager.io/cluster-issuer: \"${ISSUER}\"}\n",
    );
    let object = find(&ingress, "Ingress", "grafana");
    let host = "grafana.${SECRET_DOMAIN}";
    assert_eq!(
        value(object, "spec"),
        json!({
            "ingressClassName": "nginx",
            "tls": [{"hosts": [host], "secretName": "grafana-tls"}],
            "rules": [{"host": host, "http": {"paths": [{
                "path": "/",
                "pathType": "Prefix",
                "backend": {"service": {"name": "grafana", "port": {"name": "http"}}},
            }]}}],
        })
    );
    assert_eq!(
        object.annotation("cert-manager.io/cluster-issuer"),
        Some("${ISSUER}")
    );
    // What the user wrote is for Flux to replace, there and in the pod.
    for (kind, name) in [("Ingress", "grafana"), ("Deployment", "grafana")] {
        let object = find(&ingress, kind, name);
        assert_eq!(
            object.annotation("kustomize.toolkit.fluxcd.io/substitute"),
            None,
            "{kind}"
        );
    }
    let url = variable(&ingress, "GF_SERVER_ROOT_URL");
    assert_eq!(url, Some(json!(format!("https://{host}/"))));
    let plain = made("  grafana: {expose: ingress, host: grafana.example.com}\n");
    let url = variable(&plain, "GF_SERVER_ROOT_URL");
    assert_eq!(url, Some(json!("http://grafana.example.com/")));
    assert_eq!(
        value(find(&plain, "Ingress", "grafana"), "spec.tls"),
        Value::Null
    );

    let route = made(
        "  grafana:\n    expose: httproute\n    host: grafana.example.com\n    gateway: {name: internal, namespace: network, section: https}\n",
    );
    assert_eq!(
        value(find(&route, "HTTPRoute", "grafana"), "spec"),
        json!({
            "parentRefs": [{"name": "internal", "namespace": "network", "sectionName": "https"}],
            "hostnames": ["grafana.example.com"],
            "rules": [{
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [{"name": "grafana", "port": 80}],
            }],
        })
    );
    assert!(!has(&route, "Ingress", "grafana"));
}

/// What a policy of Cilium's lets out, beside DNS.
fn egress(objects: &[Object]) -> Vec<Value> {
    let policy = find(objects, "CiliumNetworkPolicy", "grafana");
    let all = value(policy, "spec.egress").as_array().cloned();
    all.expect("a list").split_off(1)
}

#[test]
fn policies_have_every_path() {
    const CILIUM: &str = "  network: {policy: cilium}\n";
    let to = |rules: &[Value]| -> Vec<String> {
        rules
            .iter()
            .map(|rule| {
                let name = rule["toFQDNs"][0]["matchName"].as_str();
                let entity = rule["toEntities"][0].as_str();
                let port = rule["toPorts"][0]["ports"][0]["port"].as_str();
                let whom = name.or(entity).unwrap_or("own");
                format!("{whom}:{}", port.unwrap_or_default())
            })
            .collect()
    };
    let stores = ["own:8429", "own:9428", "own:9093"];
    let internet = made(CILIUM);
    let with = |more: &[&str]| -> Vec<String> {
        stores
            .iter()
            .chain(more)
            .map(|text| (*text).to_owned())
            .collect()
    };
    assert_eq!(
        to(&egress(&internet)),
        with(&["grafana.com:443", "storage.googleapis.com:443"])
    );
    // grafana.com for the plugin and for dashboards is one path.
    let both = made(&format!(
        "{CILIUM}  grafana: {{dashboards: {{ids: [{{id: 1860, revision: 37}}]}}}}\n"
    ));
    assert_eq!(to(&egress(&both)), to(&egress(&internet)));
    let mirror = made(&format!(
        "{CILIUM}  grafana: {{plugins: {{source: url, url: \"https://mirror.example.com:8443/a.zip\"}}}}\n"
    ));
    assert_eq!(to(&egress(&mirror)), with(&["mirror.example.com:8443"]));
    let image = made(&format!("{CILIUM}{SIDECAR_IMAGE_IDS}"));
    assert_eq!(
        to(&egress(&image)),
        with(&["grafana.com:443", "kube-apiserver:443"])
    );
    // Nobody from elsewhere where it is not exposed; then, whoever the controller is.
    let policy = find(&internet, "CiliumNetworkPolicy", "grafana");
    assert!(
        !value(policy, "spec.ingress")
            .to_string()
            .contains("\"all\"")
    );
    let exposed = format!("{CILIUM}  grafana: {{expose: ingress, host: grafana.example.com}}\n");
    let exposed = made(&exposed);
    let policy = find(&exposed, "CiliumNetworkPolicy", "grafana");
    let ingress = value(policy, "spec.ingress").to_string();
    assert!(ingress.contains("3000"), "{ingress}");
    let kubernetes = made("");
    let policy = find(&kubernetes, "NetworkPolicy", "grafana");
    let ports: BTreeSet<String> = value(policy, "spec.egress")
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|rule| rule["ports"].as_array().cloned().unwrap_or_default())
        .map(|port| port["port"].to_string())
        .collect();
    for port in ["53", "443", "8429", "9428"] {
        assert!(ports.contains(port), "{port}: {ports:?}");
    }
}

/// It is scraped under the name by which the dashboards ask for it.
#[test]
fn is_scraped() {
    let objects = made("");
    let scrape = find(&objects, "VMServiceScrape", "grafana");
    assert_eq!(value(scrape, "spec.endpoints[0].port"), json!("http"));
    let service = find(&objects, "Service", "grafana");
    for (key, label) in value(scrape, "spec.selector.matchLabels")
        .as_object()
        .expect("labels")
    {
        assert_eq!(service.label(key), label.as_str(), "{key}");
    }
}

/// Runs the script with a `curl` that serves `files` and logs what it is asked.
fn download(folder: &Path, args: &[&str]) -> (String, String) {
    let objects = made(SIDECAR_IMAGE_IDS);
    let init = &pod(&objects)["initContainers"][1];
    let command: Vec<&str> = init["command"]
        .as_array()
        .expect("a command")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let ["sh", "-c", script, "download", configured @ ..] = command.as_slice() else {
        panic!("{command:?}");
    };
    assert_eq!(
        *configured,
        ["15757", "43", "Kubernetes", "1860", "37", "Observability"]
    );
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", script, "download"])
        .args(args)
        .env("PATH", format!("{}:{path}", folder.display()))
        .env("FOLDER", folder.join("dashboards"))
        .env("SITE", "site")
        .env("SOURCE", "VictoriaMetrics")
        .output()
        .expect("sh runs");
    assert!(output.status.success(), "{output:?}");
    let asked = fs::read_to_string(folder.join("asked")).unwrap_or_default();
    let _ = fs::remove_file(folder.join("asked"));
    (asked, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[cfg(unix)]
#[test]
fn dashboards_are_downloaded_once_and_ask_the_stack() {
    use std::os::unix::fs::PermissionsExt;

    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("grafana-download");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    // As curl: the file is behind -o, the URL comes last. The site has one dashboard only.
    let curl = folder.join("curl");
    let fake = "#!/bin/sh\nwhile [ $# -gt 1 ]; do [ \"$1\" = -o ] && out=$2; shift; done\necho \"$1\" >> \"${0%/*}/asked\"\ncase $1 in */15757/revisions/43/*) ;; *) exit 22 ;; esac\nprintf '%s' '{\"a\": \"${DS_PROMETHEUS}\", \"b\": {\"uid\": \"${ds_x-y}\"}, \"c\": \"${datasource} $d\"}' > \"$out\"\n";
    fs::write(&curl, fake).expect("a file");
    fs::set_permissions(&curl, fs::Permissions::from_mode(0o755)).expect("it can be run");
    let both = ["15757", "43", "Kubernetes", "1860", "37", "My own"];
    let (asked, said) = download(&folder, &both);
    assert_eq!(
        asked,
        "site/15757/revisions/43/download\nsite/1860/revisions/37/download\n"
    );
    // One that is not to be had keeps nobody from starting, and is named.
    assert!(said.contains("dashboard 1860, revision 37"), "{said}");
    let file = folder.join("dashboards/Kubernetes/15757-43.json");
    assert_eq!(
        fs::read_to_string(&file).expect("the dashboard"),
        r#"{"a": "VictoriaMetrics", "b": {"uid": "VictoriaMetrics"}, "c": "${datasource} $d"}"#
    );
    // What is there stays, whoever can be reached.
    let (asked, _) = download(&folder, &both);
    assert_eq!(asked, "site/1860/revisions/37/download\n");
    assert!(file.is_file());
    // What is no longer wanted goes.
    download(&folder, &["1860", "37", "My own"]);
    assert!(!file.exists());
}

/// No dashboard's text is for Flux, so the pod's image and host may be.
#[test]
fn expressions_and_downloads_get_along() {
    let more = format!("  images: {{registry: \"${{REGISTRY}}\"}}\n{SIDECAR_IMAGE_IDS}");
    let objects = made(&more);
    let deployment = find(&objects, "Deployment", "grafana");
    assert_eq!(
        deployment.annotation("kustomize.toolkit.fluxcd.io/substitute"),
        None
    );
    let init = &pod(&objects)["initContainers"][1];
    assert_eq!(init["image"], "${REGISTRY}/curlimages/curl:8.22.0");
}

#[test]
fn every_object_is_valid() {
    let Some(schemas) = Schemas::or_skip("grafana-schemas") else {
        return;
    };
    let exposed = "  grafana:\n    expose: httproute\n    host: grafana.example.com\n    gateway: {name: internal, namespace: network, section: https}\n    sidecar: {enabled: true, namespaces: all}\n    admin: {externalSecret: {path: a}}\n  network: {policy: cilium}\n";
    let ingress = "  grafana: {expose: ingress, host: grafana.example.com, ingress: {tlsSecret: a, annotations: {a.b/c: d}}}\n";
    let all: Vec<String> = ["", SIDECAR_IMAGE_IDS, exposed, ingress]
        .iter()
        .flat_map(|more| made(more))
        .filter(|object| object.label("leafpack.dev/component") == Some("grafana"))
        .map(|object| yaml::emit(object.as_value()))
        .collect();
    assert!(all.len() > 30, "{}", all.len());
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("grafana.yaml");
    let checked = schemas.validate_text(&file, &all.join("---\n"));
    checked.unwrap_or_else(|problems| panic!("{problems}"));
}

/// What the documentation shows is a configuration, with everything in it that it talks of.
#[test]
fn the_documented_example_works() {
    let page = fs::read_to_string(root().join("../../docs/dashboards.md")).expect("the page");
    let example = page.split("```yaml\n").nth(1).expect("an example");
    let (example, rest) = example.split_once("```").expect("its end");
    assert!(!rest.contains("```yaml"), "one example is tried");
    let objects = objects(example);
    for (kind, name) in [
        ("HTTPRoute", "grafana"),
        ("ExternalSecret", "grafana-admin"),
        ("Role", "grafana"),
    ] {
        assert!(has(&objects, kind, name), "{kind} {name}");
    }
    let init = &pod(&objects)["initContainers"][0];
    assert!(
        init["command"]
            .to_string()
            .contains(r#""16613","1","Network""#)
    );
    for uid in ["leafpack-log-collection", "leafpack-stack-health"] {
        assert!(page.contains(uid), "{uid}");
        let map = find(&objects, "ConfigMap", "grafana-dashboards");
        let map = map.as_value().to_string();
        assert!(map.contains(uid), "{uid}");
    }
    for source in sources(&objects) {
        let uid = source["uid"].as_str().unwrap_or_default();
        assert!(page.contains(&format!("`{uid}`")), "{uid}");
    }
}
