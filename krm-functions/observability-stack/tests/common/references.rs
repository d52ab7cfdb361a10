//! Whether what the objects say of each other is true.

use krm_rs::{Object, Value};

const GLOBAL: [&str; 3] = ["Namespace", "ClusterRole", "ClusterRoleBinding"];
const WORKLOADS: [&str; 3] = ["DaemonSet", "Deployment", "StatefulSet"];

fn named<'o>(objects: &'o [Object], kind: &str, name: &str) -> Option<&'o Object> {
    let mut all = objects.iter();
    all.find(|object| object.kind() == kind && object.name() == name)
}

fn of_kind<'o>(objects: &'o [Object], kind: &'o str) -> impl Iterator<Item = &'o Object> {
    objects.iter().filter(move |object| object.kind() == kind)
}

fn value<'o>(object: &'o Object, path: &str) -> &'o Value {
    object
        .get(path)
        .unwrap_or_else(|| panic!("{} has no {path}", object.id()))
}

fn text<'o>(object: &'o Object, path: &str) -> &'o str {
    let found = value(object, path);
    found.as_str().unwrap_or_else(|| panic!("{path}: {found}"))
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

/// Whether labels that a selector asks for are an object's; nothing asked for is no selector.
fn has_labels(wanted: &Value, labels: &Value) -> bool {
    let Some(wanted) = wanted.as_object() else {
        return false;
    };
    !wanted.is_empty() && wanted.iter().all(|(key, value)| labels[key] == *value)
}

/// Whether a selector of labels and expressions takes an object with these labels, and is not empty.
fn selects(selector: &Value, labels: &Value) -> bool {
    let expressions = list(selector, "matchExpressions");
    let is_in = |expression: &Value| {
        assert_eq!(expression["operator"], "In", "{expression}");
        let label = &labels[expression["key"].as_str().unwrap_or_default()];
        list(expression, "values").contains(label)
    };
    let by_labels = selector["matchLabels"]
        .as_object()
        .is_none_or(|labels| labels.is_empty());
    (!by_labels || !expressions.is_empty())
        && (by_labels || has_labels(&selector["matchLabels"], labels))
        && expressions.iter().all(is_in)
}

/// Pods that there will be: of a workload, or of what an operator or a chart makes.
struct Pods<'o> {
    labels: Value,
    /// Name and number of each port.
    ports: Vec<(String, u64)>,
    /// The workload, where it is one.
    workload: Option<&'o Object>,
}

fn pods(objects: &[Object]) -> Vec<Pods<'_>> {
    let mut all = Vec::new();
    for object in objects {
        let (labels, workload) = match object.kind() {
            kind if WORKLOADS.contains(&kind) => (
                value(object, "spec.template.metadata.labels").clone(),
                Some(object),
            ),
            "VMAgent" => (value(object, "spec.podMetadata.labels").clone(), None),
            "HelmRelease" => match object.get("spec.values.podLabels") {
                Some(labels) => (labels.clone(), None),
                None => continue,
            },
            _ => continue,
        };
        let chart_port = object
            .get("spec.values.metricsPort")
            .and_then(Value::as_u64);
        let ports = match workload {
            // Fluent Bit's, by its chart.
            None if chart_port.is_some() => vec![("http".to_owned(), chart_port.unwrap_or(0))],
            // vmagent's, by the operator and by its chart.
            None => vec![("http".to_owned(), 8429)],
            Some(object) => list(
                &value(object, "spec.template.spec")["containers"][0],
                "ports",
            )
            .iter()
            .map(|port| {
                let name = port["name"].as_str().expect("a port's name").to_owned();
                (name, port["containerPort"].as_u64().expect("a number"))
            })
            .collect(),
        };
        all.push(Pods {
            labels,
            ports,
            workload,
        });
    }
    all
}

/// The values of a property of Fluent Bit's configuration, in either of its forms.
fn properties<'c>(config: &'c str, name: &str) -> Vec<&'c str> {
    let values = config.lines().filter_map(|line| {
        let (key, value) = line.trim_start().trim_start_matches("- ").split_once(' ')?;
        let is_it = key.trim_end_matches(':').eq_ignore_ascii_case(name);
        is_it.then(|| value.trim_start().trim_matches('\''))
    });
    let values: Vec<&str> = values.collect();
    assert!(!values.is_empty(), "the configuration has no {name}");
    values
}

/// Panics with what does not hold.
pub(crate) fn check(objects: &[Object]) {
    let pods = pods(objects);
    let namespace = pods
        .iter()
        .find_map(|pods| pods.workload)
        .expect("a workload")
        .namespace();
    for object in objects {
        let is_global = GLOBAL.contains(&object.kind());
        let expected = if is_global { "" } else { namespace };
        assert_eq!(object.namespace(), expected, "{}", object.id());
    }
    if let Some(found) = of_kind(objects, "Namespace").next() {
        assert_eq!(found.name(), namespace);
    }
    for pods in &pods {
        if let Some(object) = pods.workload {
            workload(objects, object, pods);
        }
    }
    for binding in of_kind(objects, "ClusterRoleBinding") {
        let role = text(binding, "roleRef.name");
        assert!(named(objects, "ClusterRole", role).is_some(), "{role}");
        let account = text(binding, "subjects[0].name");
        assert!(
            named(objects, "ServiceAccount", account).is_some(),
            "{account}"
        );
        assert_eq!(text(binding, "subjects[0].namespace"), namespace);
    }
    for service in of_kind(objects, "Service") {
        // A global Service has no pods here.
        let Some(selector) = service.get("spec.selector") else {
            assert_eq!(service.annotation("service.cilium.io/global"), Some("true"));
            continue;
        };
        let behind: Vec<_> = pods
            .iter()
            .filter(|pods| has_labels(selector, &pods.labels))
            .collect();
        assert_eq!(behind.len(), 1, "{}", service.id());
        for port in list(value(service, "spec"), "ports") {
            let target = port["targetPort"].as_str().unwrap_or_default();
            let known = behind[0].ports.iter().any(|(name, _)| name == target);
            assert!(known, "{}: {port}", service.id());
        }
    }
    for scrape in of_kind(objects, "VMServiceScrape") {
        if scrape.get("spec.namespaceSelector").is_some() {
            continue;
        }
        let selector = value(scrape, "spec.selector.matchLabels");
        let found: Vec<_> = of_kind(objects, "Service")
            .filter(|service| {
                service
                    .get("metadata.labels")
                    .is_some_and(|labels| has_labels(selector, labels))
            })
            .collect();
        assert_eq!(found.len(), 1, "{}", scrape.id());
        let port = text(scrape, "spec.endpoints[0].port");
        let ports = list(value(found[0], "spec"), "ports");
        assert!(ports.iter().any(|one| one["name"] == port), "{port}");
        // The job's name is the same whatever is done to names and labels.
        let job = value(scrape, "spec.endpoints[0].relabelConfigs[0]");
        assert_eq!(job["targetLabel"], "job");
    }
    for release in of_kind(objects, "HelmRelease") {
        let source = text(release, "spec.chartRef.name");
        let kind = text(release, "spec.chartRef.kind");
        assert!(named(objects, kind, source).is_some(), "{kind}/{source}");
    }
    for policy in objects
        .iter()
        .filter(|object| object.kind().ends_with("NetworkPolicy"))
    {
        check_policy(policy, &pods);
    }
}

fn workload(objects: &[Object], object: &Object, pods: &Pods<'_>) {
    let pod = value(object, "spec.template.spec");
    let container = &pod["containers"][0];
    assert!(
        has_labels(value(object, "spec.selector.matchLabels"), &pods.labels),
        "{}",
        object.id()
    );
    let account = text(object, "spec.template.spec.serviceAccountName");
    assert!(
        named(objects, "ServiceAccount", account).is_some(),
        "{account}"
    );
    let has_token = pod["automountServiceAccountToken"] == true;
    let is_bound = of_kind(objects, "ClusterRoleBinding")
        .any(|binding| text(binding, "subjects[0].name") == account);
    assert_eq!(has_token, is_bound, "{}", object.id());
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let port = &container[probe]["httpGet"]["port"];
        let is_known = pods.ports.iter().any(|(name, _)| port == name.as_str());
        assert!(port.is_null() || is_known, "{}: {probe}", object.id());
    }
    for volume in list(pod, "volumes") {
        if let Some(map) = volume["configMap"]["name"].as_str() {
            assert!(named(objects, "ConfigMap", map).is_some(), "{map}");
        }
        let mounts = list(container, "volumeMounts");
        assert!(
            mounts.iter().any(|mount| mount["name"] == volume["name"]),
            "{}: {volume} is not mounted",
            object.id()
        );
    }
    if account.contains("fluent-bit") {
        files(objects, pod, container);
    }
}

fn check_policy(policy: &Object, pods: &[Pods<'_>]) {
    let cilium = policy.kind().starts_with("Cilium");
    let (selector, port) = if cilium {
        ("spec.endpointSelector", "toPorts")
    } else {
        ("spec.podSelector", "ports")
    };
    let selector = value(policy, selector);
    let about: Vec<_> = pods
        .iter()
        .filter(|pods| selects(selector, &pods.labels))
        .collect();
    assert_eq!(about.len(), 1, "{}", policy.id());
    let rule = value(policy, "spec.egress[0]").to_string();
    let dns: [&str; 2] = ["k8s-app", "kube-dns"];
    assert!(dns.iter().all(|part| rule.contains(part)), "{rule}");
    // Nothing is added to what the DNS pods have to be, or they would not be found.
    for (key, label) in about[0].labels.as_object().into_iter().flatten() {
        let label = label.as_str().unwrap_or_default();
        assert!(!rule.contains(&format!("{key}\":\"{label}")), "{rule}");
    }
    for ingress in list(value(policy, "spec"), "ingress") {
        let ports = if cilium {
            list(&ingress[port][0], "ports")
        } else {
            list(ingress, port)
        };
        assert!(!ports.is_empty(), "{}: {ingress}", policy.id());
        for allowed in ports {
            let number = &allowed["port"];
            let number = number.as_str().map_or(number.to_string(), str::to_owned);
            let is_open = about[0]
                .ports
                .iter()
                .any(|(_, port)| port.to_string() == number);
            assert!(is_open, "{}: {number}", policy.id());
        }
    }
}

/// Volumes, mounts, and the files that the configuration speaks of.
fn files(objects: &[Object], pod: &Value, container: &Value) {
    // Each mount, with the files in it where a ConfigMap is mounted.
    let mut mounts = Vec::new();
    for mount in list(container, "volumeMounts") {
        let mut volumes = list(pod, "volumes").iter();
        let volume = volumes
            .find(|volume| volume["name"] == mount["name"])
            .unwrap_or_else(|| panic!("no volume for {mount}"));
        let mut files = Vec::new();
        if let Some(name) = volume["configMap"]["name"].as_str() {
            let map = named(objects, "ConfigMap", name).unwrap_or_else(|| panic!("no {name}"));
            for field in ["data", "binaryData"] {
                let data = map.get(field).and_then(Value::as_object);
                files.extend(data.into_iter().flatten().map(|(name, _)| name.as_str()));
            }
        }
        mounts.push((
            mount["mountPath"].as_str().unwrap_or_default(),
            files,
            mount,
        ));
    }
    assert_eq!(mounts.len(), list(pod, "volumes").len());
    let has_file = |path: &str| {
        let (folder, file) = path.rsplit_once('/').expect("an absolute path");
        mounts
            .iter()
            .any(|(mount, files, _)| *mount == folder && files.contains(&file))
    };
    let is_writable = |path: &str| {
        mounts.iter().any(|(mount, _, how)| {
            path.starts_with(&format!("{mount}/")) && how["readOnly"] != true
        })
    };

    let config = container["args"][0].as_str().unwrap_or_default();
    let config = config
        .strip_prefix("--config=")
        .expect("the configuration's path");
    assert!(has_file(config), "{config}");
    let name = config.rsplit('/').next().unwrap_or_default();
    let path = format!("data[{name}]");
    let mut maps = objects.iter().filter_map(|object| object.get_str(&path));
    let config = maps.next().expect("the configuration");
    for line in config.lines() {
        assert_eq!(line.trim_end(), line, "a space at the end");
        assert!(!line.contains('\t'), "{line}");
    }
    for file in properties(config, "DB") {
        assert!(is_writable(file), "{file}");
    }
    assert!(is_writable(properties(config, "storage.path")[0]));
    let port = &container["ports"][0]["containerPort"];
    assert_eq!(properties(config, "HTTP_Port"), [port.to_string()]);
    // Fluent Bit's own filters need parsers, and this project's their modules and settings.
    if config.to_lowercase().contains("parsers_file") {
        assert!(has_file(properties(config, "Parsers_File")[0]));
        assert!(mounts.iter().all(|(mount, ..)| !mount.ends_with("modules")));
        return;
    }
    let settings = properties(config, "accessible_paths")[0];
    for module in properties(config, "WASM_Path") {
        assert!(has_file(module), "{module}");
        let name = module.rsplit('/').next().unwrap_or_default();
        let name = name.trim_end_matches(".wasm");
        assert!(has_file(&format!("{settings}/{name}.json")), "{name}");
    }
}
