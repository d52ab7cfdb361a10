//! What holds for every right configuration.

mod common;

use common::{references, run, run_on};
use krm_rs::{Object, Value, json, leaves, yaml};
use leafpack_function_tests::{Placeholder, items};
use proptest::prelude::*;
use proptest::{option, sample};

/// A value that is carried through, with or without Flux expressions.
fn carried() -> impl Strategy<Value = String> {
    let expression = sample::select(vec![
        "${A}",
        "${_b1:=eu-1}",
        "${C:-x}",
        "${D/./-}",
        "${E//a/}",
    ]);
    let literal = "[a-z][a-z0-9]{0,8}";
    prop_oneof![
        literal.prop_map(String::from),
        expression.clone().prop_map(String::from),
        (literal, expression.clone(), expression).prop_map(|(text, a, b)| format!("{text}-{a}{b}")),
    ]
}

fn url() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        Just("logs.example.com".to_owned()),
        Just("10.1.2.3".to_owned()),
        Just("[fd00::1]".to_owned()),
        Just("vl.obs.svc".to_owned()),
        // A name alone is refused.
        carried().prop_map(|host| if host.contains('$') {
            host
        } else {
            format!("{host}.example.com")
        }),
    ];
    let path = sample::select(vec!["", "/", "/insert/jsonline", "/a/insert/jsonline"]);
    (any::<bool>(), host, option::of(1_u16..), path).prop_map(|(tls, host, port, path)| {
        let scheme = if tls { "https" } else { "http" };
        let port = port.map_or(String::new(), |port| format!(":{port}"));
        format!("{scheme}://{host}{port}{path}")
    })
}

prop_compose! {
    fn logs()(
        kubernetes in any::<bool>(),
        pod_exclude in any::<bool>(),
        own_logs in any::<bool>(),
        exclude in prop::collection::vec("[a-z*][a-z0-9.*-]{0,5}(/[a-z*-]{1,5}){0,2}", 0..4),
        state_dir in "/(data|opt|srv)(/[a-zA-Z0-9._-]{1,5}[a-z]){1,3}/?",
        buffer in sample::select(vec!["128Mi", "1Gi", "16Gi"]),
        line in sample::select(vec!["32Ki", "1Mi", "6Mi", "100000"]),
        registry in option::of(carried()),
        limits in option::of(sample::select(vec![json!({}), json!({"memory": "1Gi", "cpu": 2})])),
        priority in sample::select(vec!["", "system-node-critical"]),
        join in sample::select(vec!["auto", "mark", "filter", "host"]),
        format in sample::select(vec!["json", "msgpack"]),
        merge in any::<bool>(),
        prefix in option::of("[a-z_.-]{0,8}"),
    ) -> Value {
        let merge = merge && format == "json";
        let join = if format == "msgpack" && join == "filter" { "mark" } else { join };
        json!({
            "join": join, "format": format, "jsonBody": {"merge": merge, "prefix": prefix.filter(|_| merge)},
            "kubernetes": kubernetes, "podExclude": kubernetes && pod_exclude, "ownLogs": own_logs, "exclude": exclude, "stateDir": state_dir,
            "bufferLimit": buffer, "lineLimit": line, "image": {"registry": registry},
            "resources": {"limits": limits}, "priorityClass": priority,
        })
    }
}

/// Namespaces and beginnings of some, each once, for two tenants.
fn routes() -> impl Strategy<Value = Value> {
    let names = prop::collection::hash_set("[a-z0-9]([a-z0-9-]{0,3}[a-z0-9])?\\*?", 0..8);
    names.prop_map(|names| {
        let names: Vec<String> = names.into_iter().collect();
        let (first, second) = names.split_at(names.len() / 2);
        let route = |tenant: &str, names: &[String]| json!({"tenant": tenant, "namespaces": names});
        let routes = [route("Route-One", first), route("Route-Two", second)];
        let is_any = |route: &Value| route["namespaces"] != json!([]);
        Value::Array(routes.into_iter().filter(is_any).collect())
    })
}

prop_compose! {
    /// What other logs there are, and how the pipeline comes about.
    fn pipeline()(
        routes in routes(),
        audit in any::<bool>(),
        noise in any::<bool>(),
        bodies in sample::select(vec!["drop", "string"]),
        rule in option::of(sample::select(vec![json!({"code": 404}), json!({"user": ["a", "\u{e9}\"\\*"], "verb": "get"})])),
        talos in any::<bool>(),
        native in any::<bool>(),
        syntax in sample::select(vec!["auto", "classic", "yaml"]),
    ) -> Value {
        let native = native && (!audit || (!noise && bodies == "drop" && rule.is_none()));
        json!({
            "routes": routes,
            "audit": {"enabled": audit, "noise": noise, "bodies": bodies, "drop": rule.into_iter().collect::<Vec<_>>()},
            "talos": {"services": talos},
            "filters": if native { "native" } else { "wasm" },
            "syntax": syntax,
        })
    }
}

prop_compose! {
    fn collectors()(
        install in sample::select(vec!["operator", "chart", "deployment", "none"]),
        replicas in 1..4_u16,
        class in sample::select(vec!["", "ceph-block"]),
        discover in sample::select(vec!["all", "own"]),
        state in any::<bool>(),
        flux in any::<bool>(),
        nodes in any::<bool>(),
        targets in prop::collection::hash_map(
            sample::select(vec![
                "kubelet", "cadvisor", "apiServer", "coreDNS", "etcd", "controllerManager", "scheduler", "cilium",
                "hubble", "envoyGateway", "certManager", "externalSecrets", "rookCeph", "cnpg", "flux",
            ]),
            any::<bool>(),
            0..15,
        ),
    ) -> Value {
        let targets: Value = targets.into_iter().map(|(name, on)| (name.to_owned(), json!(on))).collect();
        json!({
            "vmagent": {"install": install, "replicas": replicas, "storageClass": class, "discover": discover},
            "kubeStateMetrics": {"enabled": state, "flux": flux},
            "nodeExporter": {"enabled": nodes},
            "targets": targets,
        })
    }
}

prop_compose! {
    fn config()(
        name in "[a-z]([a-z0-9-]{0,8}[a-z0-9])?",
        cluster in carried(),
        environment in option::of(carried()),
        namespace in "[a-z]([a-z0-9-]{0,8}[a-z0-9])?",
        create in any::<bool>(),
        profile in sample::select(vec!["small", "production"]),
        url in url(),
        tenant in option::of(("[A-Za-z]([a-z0-9_.-]{0,6}[a-z0-9])?", any::<u32>(), any::<u32>())),
        mut logs in logs(),
        pipeline in pipeline(),
        metrics_url in url(),
        auth in sample::select(vec!["none", "basic", "bearer"]),
        collectors in collectors(),
        scrape in sample::select(vec!["victoriametrics", "none"]),
        interval in sample::select(vec!["5s", "30s", "1500ms", "2m"]),
        policy in sample::select(vec!["none", "kubernetes", "cilium"]),
        ipv6 in any::<bool>(),
        scrape_from in prop::collection::vec("[a-z]{1,8}", 0..3),
    ) -> Value {
        let mut tenants = json!({"Route-One": "7:1", "Route-Two": "7:2"});
        if let (Value::Object(logs), Value::Object(more)) = (&mut logs, pipeline) {
            logs.extend(more);
        }
        if logs["filters"] == "native" {
            logs["format"] = json!("json");
            logs["jsonBody"]["prefix"] = Value::Null;
            if logs["join"] == "filter" {
                logs["join"] = json!("auto");
            }
        }
        if let Some((name, account, project)) = tenant {
            logs["tenant"] = json!(name);
            tenants[name] = json!(format!("{account}:{project}"));
        }
        json!({
            "apiVersion": "leafpack.dev/v1alpha1", "kind": "ObservabilityStack", "metadata": {"name": name},
            "spec": {
                "cluster": cluster, "role": "spoke", "environment": environment, "namespace": namespace,
                "createNamespace": create, "profile": profile, "hub": {"logsURL": url, "metricsURL": metrics_url.replace("/insert/jsonline", "/api/v1/write"), "auth": {"kind": auth}},
                "collectors": collectors, "tenants": tenants,
                "logs": logs, "metrics": {"scrape": scrape, "scrapeInterval": interval},
                "network": {"policy": policy, "scrapeFrom": scrape_from, "ipv6": ipv6},
            },
        })
    }
}

/// Every `${…}` of a text, cut as Flux would cut the simple ones.
fn expressions(text: &str) -> Vec<String> {
    let starts = text.match_indices("${").map(|(at, _)| &text[at..]);
    starts
        .map(|rest| rest[..=rest.find('}').expect("a closing brace")].to_owned())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_right_configuration_gives_a_sound_stack(config in config()) {
        let text = yaml::emit(&config);
        let outcome = run::<Placeholder>(&text);
        if cannot_be_substituted(&config) {
            prop_assert!(outcome.stderr.contains("which it has to leave alone"), "{}", outcome.stderr);
            return Ok(());
        }
        prop_assert!(outcome.success, "{}{}", text, outcome.stderr);
        let objects = items(&outcome);
        references::check(&objects);

        let again = run_on::<Placeholder>(&text, objects.clone());
        prop_assert_eq!(again.stdout, outcome.stdout);

        let given: Vec<String> = leaves(&config)
            .iter()
            .filter_map(|(_, value)| value.as_str())
            .flat_map(expressions)
            .collect();
        let has_auth = config["spec"]["hub"]["auth"]["kind"] != "none";
        for object in &objects {
            // Where the pipeline reads credentials, Flux is kept from it: Fluent Bit's variables look like Flux's.
            let is_pipeline = (object.kind(), object.name()) == ("ConfigMap", "fluent-bit");
            if is_pipeline && has_auth {
                let kept = object.annotation("kustomize.toolkit.fluxcd.io/substitute");
                prop_assert_eq!(kept, Some("disabled"));
                for (path, value) in leaves(object.as_value()) {
                    for found in value.as_str().into_iter().flat_map(expressions) {
                        prop_assert!(found.starts_with("${HUB_"), "{}: {}", path, found);
                    }
                }
                continue;
            }
            for (path, value) in leaves(object.as_value()) {
                let Some(text) = value.as_str() else { continue };
                prop_assert!(!text.contains("$$"), "{} {}: {}", object.id(), path, text);
                for found in expressions(text) {
                    prop_assert!(given.contains(&found), "{} {}: {}", object.id(), path, found);
                }
            }
            // Nothing here is a dollar of somebody else's, so Flux may see everything.
            prop_assert_eq!(object.annotation("kustomize.toolkit.fluxcd.io/substitute"), None);
        }
        let spec = &config["spec"];
        if spec["logs"]["filters"] == "wasm" {
            let settings = common::filter_settings(&objects);
            for name in ["cluster", "environment"] {
                prop_assert_eq!(settings.get(name).unwrap_or(&Value::Null), &spec[name]);
            }
            let tenant = spec["logs"].get("tenant").and_then(Value::as_str);
            prop_assert_eq!(settings["tenant"]["default"].as_str(), Some(tenant.unwrap_or("default")));
            let routes = spec["logs"]["routes"].as_array().map_or(&[][..], Vec::as_slice);
            for route in routes {
                for namespace in route["namespaces"].as_array().into_iter().flatten() {
                    let namespace = namespace.as_str().unwrap_or_default();
                    prop_assert_eq!(&settings["tenant"]["namespaces"][namespace], &route["tenant"]);
                }
            }
        }
        let values = common::pod_annotation(&objects, "leafpack.dev/config-values");
        prop_assert_eq!(values.is_some(), has_substituted(&config));
    }
}

/// What the filter `audit` is told is JSON with what was said, whatever is in it.
#[test]
fn audit_rules_are_carried_through() {
    let config = include_str!("../fixtures/minimal/config.yaml");
    let rule = json!({"user": ["system:*", "\u{e9}\"\\\n"], "verb": "get", "code": "404"});
    let mut config = yaml::load_one(config.as_bytes()).expect("YAML");
    config["spec"]["logs"] = json!({"audit": {"enabled": true, "drop": [rule]}});
    let objects = common::objects(&yaml::emit(&config));
    let mut maps = objects.iter();
    let text = maps.find_map(|object| object.get_str("data[audit.json]"));
    let fields = leafpack_peer::json::fields(text.expect("settings").as_bytes()).expect("JSON");
    let found = fields.iter().find(|(name, _)| name == "drop");
    assert_eq!(found.map(|(_, value)| value), Some(&json!([rule])));
}

/// Whether the pipeline would hold Flux's variables and Fluent Bit's: cluster or environment, which the stock filters and
/// those for Talos have there, and credentials.
fn cannot_be_substituted(config: &Value) -> bool {
    let spec = &config["spec"];
    let has = |value: &Value| value.as_str().is_some_and(|text| text.contains("${"));
    let logs = &spec["logs"];
    spec["hub"]["auth"]["kind"] != "none"
        && (has(&spec["cluster"]) || has(&spec["environment"]))
        && (logs["filters"] == "native" || logs["talos"]["services"] == true)
}

/// Whether something that the pods read holds an expression.
fn has_substituted(config: &Value) -> bool {
    let spec = &config["spec"];
    let values = [
        &spec["cluster"],
        &spec["environment"],
        &spec["hub"]["logsURL"],
    ];
    values
        .iter()
        .any(|value| value.as_str().is_some_and(|text| text.contains("${")))
}

/// What Flux reads back must still be a string, whatever the variables are: so nothing but text stands before each
/// expression that is a whole line of YAML, or behind it.
#[test]
fn no_expression_stands_alone() {
    let config = include_str!("../fixtures/flux/config.yaml");
    let objects = common::objects(config);
    let mut seen = 0;
    for object in &objects {
        for (path, value) in leaves(object.as_value()) {
            let Some(text) = value.as_str().filter(|text| text.contains("${")) else {
                continue;
            };
            seen += 1;
            let alone = expressions(text)
                .iter()
                .any(|expression| expression == text);
            assert!(!alone, "{} {path}: {text}", object.id());
        }
    }
    assert!(seen >= 3, "{seen}");
    let ids: Vec<String> = objects
        .iter()
        .map(Object::id)
        .map(|id| id.to_string())
        .collect();
    assert!(
        ids.iter().any(|id| id.starts_with("CiliumNetworkPolicy/")),
        "{ids:?}"
    );
}

/// What stands in a JSON string stays in it: with what Flux puts in, the filter's settings are those of a stack that says
/// the values itself, for every value that it could say.
#[test]
fn settings_are_json_behind_flux() {
    let config = include_str!("../fixtures/flux/config.yaml");
    let text = common::filter_settings_text(&common::objects(config)).to_owned();
    let (cluster, environment) = ("${CLUSTER}", "${ENVIRONMENT:=production}");
    assert!(
        text.contains(cluster) && text.contains(environment),
        "{text}"
    );
    for value in [
        "apps", "8", "true", "null", "1e3", "a.b-c", "0x10", "eu_1", "No",
    ] {
        let substituted = text.replace(cluster, value).replace(environment, value);
        let settings = leafpack_peer::json::fields(substituted.as_bytes()).expect("JSON");
        for name in ["cluster", "environment"] {
            let found = settings.iter().find(|(key, _)| key == name);
            assert_eq!(found.map(|(_, value)| value), Some(&json!(value)), "{name}");
        }
    }
}
