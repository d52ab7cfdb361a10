//! Whether what the objects say of each other is true.

use krm_rs::{Object, Value};

/// One object of this kind.
fn one<'o>(objects: &'o [Object], kind: &str) -> &'o Object {
    let mut found = objects.iter().filter(|object| object.kind() == kind);
    let first = found.next().unwrap_or_else(|| panic!("there is no {kind}"));
    assert!(found.next().is_none(), "there is more than one {kind}");
    first
}

fn named<'o>(objects: &'o [Object], kind: &str, name: &str) -> Option<&'o Object> {
    let mut all = objects.iter();
    all.find(|object| object.kind() == kind && object.name() == name)
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

/// Whether a selector takes an object with these labels, and is not empty.
fn selects(selector: &Value, labels: &Value) -> bool {
    let Some(selector) = selector.as_object() else {
        return false;
    };
    !selector.is_empty() && selector.iter().all(|(key, value)| labels[key] == *value)
}

/// The value of a property in the first section of Fluent Bit's configuration that has it.
fn property<'c>(config: &'c str, name: &str) -> &'c str {
    let mut values = config.lines().filter_map(|line| {
        let (key, value) = line.trim_start().split_once(' ')?;
        (key == name).then(|| value.trim_start())
    });
    values
        .next()
        .unwrap_or_else(|| panic!("the configuration has no {name}"))
}

/// Panics with what does not hold.
pub(crate) fn check(objects: &[Object]) {
    let daemon_set = one(objects, "DaemonSet");
    let namespace = daemon_set.namespace();
    for object in objects {
        let is_global = matches!(
            object.kind(),
            "Namespace" | "ClusterRole" | "ClusterRoleBinding"
        );
        let expected = if is_global { "" } else { namespace };
        assert_eq!(object.namespace(), expected, "{}", object.id());
    }
    if let Some(found) = objects.iter().find(|object| object.kind() == "Namespace") {
        assert_eq!(found.name(), namespace);
    }

    let pod_labels = value(daemon_set, "spec.template.metadata.labels");
    let pod = value(daemon_set, "spec.template.spec");
    let container = &pod["containers"][0];
    assert!(selects(
        value(daemon_set, "spec.selector.matchLabels"),
        pod_labels
    ));

    let account = one(objects, "ServiceAccount");
    assert_eq!(
        text(daemon_set, "spec.template.spec.serviceAccountName"),
        account.name()
    );
    let has_token = pod["automountServiceAccountToken"] == true;
    let binding = objects
        .iter()
        .find(|object| object.kind() == "ClusterRoleBinding");
    assert_eq!(has_token, binding.is_some());
    if let Some(binding) = binding {
        assert_eq!(
            text(binding, "roleRef.name"),
            one(objects, "ClusterRole").name()
        );
        assert_eq!(text(binding, "subjects[0].name"), account.name());
        assert_eq!(text(binding, "subjects[0].namespace"), namespace);
    }

    let service = one(objects, "Service");
    assert!(selects(value(service, "spec.selector"), pod_labels));
    let port = &container["ports"][0];
    assert_eq!(text(service, "spec.ports[0].targetPort"), port["name"]);
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        assert_eq!(container[probe]["httpGet"]["port"], port["name"], "{probe}");
    }
    if let Some(scrape) = objects
        .iter()
        .find(|object| object.kind() == "VMServiceScrape")
    {
        let labels = value(service, "metadata.labels");
        assert!(selects(value(scrape, "spec.selector.matchLabels"), labels));
        // The job's name is the same whatever is done to names and labels.
        assert_eq!(labels[text(scrape, "spec.jobLabel")], "fluent-bit");
        assert_eq!(
            text(scrape, "spec.endpoints[0].port"),
            text(service, "spec.ports[0].name")
        );
    }
    for policy in objects
        .iter()
        .filter(|object| object.kind().ends_with("NetworkPolicy"))
    {
        let cilium = policy.kind().starts_with("Cilium");
        let (selector, allowed) = if cilium {
            (
                "spec.endpointSelector.matchLabels",
                "spec.ingress[0].toPorts[0].ports[0].port",
            )
        } else {
            (
                "spec.podSelector.matchLabels",
                "spec.ingress[0].ports[0].port",
            )
        };
        assert!(selects(value(policy, selector), pod_labels));
        let rule = value(policy, "spec.egress[0]").to_string();
        let dns: [&str; 2] = ["k8s-app", "kube-dns"];
        assert!(dns.iter().all(|part| rule.contains(part)), "{rule}");
        // Nothing is added to what the DNS pods have to be, or they would not be found.
        for (key, label) in pod_labels.as_object().into_iter().flatten() {
            let label = label.as_str().unwrap_or_default();
            assert!(!rule.contains(&format!("{key}\":\"{label}")), "{rule}");
        }
        let allowed = value(policy, allowed);
        let number = allowed.as_str().map_or(allowed.to_string(), str::to_owned);
        assert_eq!(number, port["containerPort"].to_string());
    }

    files(objects, pod, container);
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
    assert!(has_file(property(config, "WASM_Path")));
    assert!(has_file(&format!(
        "{}/container-logs.json",
        property(config, "accessible_paths")
    )));
    assert!(is_writable(property(config, "DB")));
    assert!(is_writable(property(config, "storage.path")));
    assert_eq!(
        property(config, "HTTP_Port"),
        container["ports"][0]["containerPort"].to_string()
    );
}
