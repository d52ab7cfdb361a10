//! What holds for whatever a collector says of other things.

mod common;

use common::run;
use krm_rs::{Map, Object, Value, json, yaml};
use leafpack_function_tests::{items, parse};
use proptest::prelude::*;
use proptest::{option, sample};

/// Any value that YAML may hold.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-zA-Z0-9 :#{}$\n-]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-zA-Z.]{1,6}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Fields that have nothing to do with labels and remote writes, in any order.
fn others() -> impl Strategy<Value = Vec<(String, Value)>> {
    prop::collection::vec(("x[a-zA-Z.]{1,6}", value()), 0..6)
}

/// Remote writes to other places.
fn writes() -> impl Strategy<Value = Vec<Value>> {
    let entry = ("[a-z]{1,8}", others()).prop_map(|(host, others)| {
        let mut entry = Map::from_iter(others);
        entry.insert("url".into(), format!("http://{host}.example.org/w").into());
        Value::Object(entry)
    });
    prop::collection::vec(entry, 0..3)
}

prop_compose! {
    /// A collector: its kind, its fields, and where in them its labels and remote writes stand.
    fn collector()(
        kind in sample::select(vec![
            ("operator.victoriametrics.com/v1beta1", "VMAgent"),
            ("monitoring.coreos.com/v1", "Prometheus"),
            ("monitoring.coreos.com/v1alpha1", "PrometheusAgent"),
        ]),
        fields in others(),
        labels in option::of(prop::collection::vec(("l[a-z]{1,4}", "[a-z]{0,4}"), 0..3)),
        writes in option::of(writes()),
        at in any::<(sample::Index, sample::Index)>(),
    ) -> Object {
        let mut fields = fields;
        if let Some(labels) = labels {
            let labels: Map<String, Value> =
                labels.into_iter().map(|(key, value)| (key, value.into())).collect();
            fields.insert(at.0.index(fields.len() + 1), ("externalLabels".into(), labels.into()));
        }
        if let Some(writes) = writes {
            fields.insert(at.1.index(fields.len() + 1), ("remoteWrite".into(), writes.into()));
        }
        Object::new(kind.0, kind.1, "collector").with("spec", Map::from_iter(fields))
    }
}

prop_compose! {
    fn config()(
        cluster in sample::select(vec!["apps", "${CLUSTER}", "edge-1"]),
        environment in option::of(sample::select(vec!["production", "${ENV:=x}"])),
        labels in prop::collection::btree_map("[a-c]", "[a-z]{1,4}", 0..3),
        write in any::<bool>(),
        timeout in option::of(sample::select(vec!["30s", "500ms"])),
        auth in option::of(sample::select(vec!["bearer", "basic"])),
    ) -> String {
        let mut spec = json!({"cluster": cluster, "labels": labels});
        if let Some(environment) = environment {
            spec["environment"] = environment.into();
        }
        if write {
            spec["remoteWrite"] = json!({"url": "https://metrics.example.com"});
            if let Some(timeout) = timeout {
                spec["remoteWrite"]["sendTimeout"] = timeout.into();
            }
            if let Some(kind) = auth {
                spec["remoteWrite"]["auth"] = json!({"secret": "remote-write", "kind": kind});
            }
        }
        yaml::emit(&json!({
            "apiVersion": "leafpack.dev/v1alpha1", "kind": "CollectorSettings",
            "metadata": {"name": "apps"}, "spec": spec,
        }))
    }
}

/// Whether `after` has everything of `before`, unchanged and in its order, and only new keys behind it.
fn begins_with(after: &Value, before: &Value, path: &str) -> Result<(), String> {
    match (after, before) {
        (Value::Object(after), Value::Object(before)) => {
            let keys: Vec<_> = after.keys().take(before.len()).collect();
            let expected: Vec<_> = before.keys().collect();
            if keys != expected {
                return Err(format!("{path}: {keys:?} is not {expected:?}"));
            }
            let mut pairs = after.values().zip(before.iter());
            pairs.try_for_each(|(a, (key, b))| begins_with(a, b, &format!("{path}.{key}")))
        }
        (Value::Array(after), Value::Array(before)) if path.ends_with(".remoteWrite") => {
            let same = after.len() >= before.len() && after.iter().zip(before).all(|(a, b)| a == b);
            same.then_some(()).ok_or_else(|| path.to_owned())
        }
        (after, before) => (after == before)
            .then_some(())
            .ok_or_else(|| format!("{path}: {after} is not {before}")),
    }
}

/// Lines of a configuration of Alloy in which there is nothing of ours.
fn alloy() -> impl Strategy<Value = String> {
    let block = sample::select(vec![
        "// a comment {",
        "logging {\n  level = \"info\"\n}",
        "discovery.kubernetes \"pods\" {\n\trole = \"pod\"\n}",
        "prometheus.relabel \"r\" {\n  rule {\n    replacement = \"$1\" /* } */\n  }\n  forward_to = []\n}",
        "local.file \"a\" {\n  filename = `a\\\"b`\n}",
        "prometheus.remote_write \"other\" {\n  endpoint {\n    url = \"http://other.example.com\"\n  }\n}",
        "",
    ]);
    let labels = sample::select(vec![
        "",
        "  external_labels = {\n    z = \"b\", // c\n  }\n",
        "  external_labels = {\n  }\n\n",
    ]);
    let endpoint = sample::select(vec![
        "",
        "  endpoint {\n    url = \"https://metrics.example.com/api/v1/write\"\n  }\n",
        "  // why\n  endpoint {\n    url = \"http://x.example.com\"\n    queue_config { }\n  }\n",
    ]);
    let blocks = || prop::collection::vec(block.clone(), 0..4);
    (blocks(), labels, endpoint, blocks(), any::<bool>()).prop_map(
        |(before, labels, endpoint, after, end)| {
            let writer = format!("prometheus.remote_write \"leafpack\" {{\n{labels}{endpoint}}}");
            let scrape =
                "prometheus.scrape \"s\" {\n  forward_to = [prometheus.remote_write.leafpack.receiver]\n}";
            let parts = [before, vec![scrape, &writer], after].concat().join("\n");
            if end { parts + "\n" } else { parts }
        },
    )
}

fn config_map(text: &str) -> Object {
    Object::new("v1", "ConfigMap", "alloy")
        .with_namespace("monitoring")
        .with(
            "data",
            json!({"config.alloy": text, "other": "prometheus.x"}),
        )
}

proptest! {
    /// Everything else is as it was and where it was, and a second run changes nothing.
    #[test]
    fn everything_else_stays(config in config(), collector in collector()) {
        let outcome = run(&config, vec![collector.clone()]);
        prop_assert!(outcome.success, "{}", outcome.stderr);
        let first = items(&outcome);
        let spec = |object: &Object| object.as_value()["spec"].clone();
        prop_assert_eq!(begins_with(&spec(&first[0]), &spec(&collector), ""), Ok(()));
        let cluster = first[0].get_str("spec.externalLabels.cluster");
        prop_assert!(cluster.is_some_and(|cluster| config.contains(cluster)));
        let second = run(&config, first.clone());
        prop_assert!(second.success && second.stderr.is_empty(), "{}", second.stderr);
        prop_assert_eq!(items(&second), first);
    }

    /// Every line of a configuration of Alloy is still there, in order; a second run changes nothing.
    #[test]
    fn every_line_stays(config in config(), text in alloy()) {
        let outcome = run(&config, vec![config_map(&text)]);
        prop_assert!(outcome.success, "{}\n{text}", outcome.stderr);
        let first = items(&outcome);
        let after = first[0].get_str("data[config.alloy]").expect("text");
        let mut lines = after.lines();
        for line in text.lines() {
            prop_assert!(lines.any(|found| found == line), "{line}\n--- in\n{after}");
        }
        let wanted = if config.contains("${CLUSTER}") { "cluster = \"${CLUSTER}\"" } else { "cluster = \"" };
        prop_assert!(after.contains(wanted), "{}", after);
        prop_assert_eq!(first[0].get_str("data.other"), Some("prometheus.x"));
        let second = run(&config, first.clone());
        prop_assert!(second.success, "{}", second.stderr);
        prop_assert_eq!(items(&second), first);
    }

    /// Whatever a collector is made of, it is changed or given back.
    #[test]
    fn nothing_is_lost_of_what_is_not_understood(
        config in config(),
        spec in value(),
        text in "[a-z.= \n{}\\[\\]()\",`$/*é]{0,60}",
        values in value(),
        labels in value(),
        writes in value(),
    ) {
        let agent = ("operator.victoriametrics.com/v1beta1", "VMAgent");
        let release = |chart: &str, values: &Value| {
            let spec = json!({"chart": {"spec": {"chart": chart, "version": "1.0.0"}}, "values": values});
            Object::new("helm.toolkit.fluxcd.io/v2", "HelmRelease", chart).with("spec", spec)
        };
        let known = json!({"externalLabels": labels, "remoteWrite": writes, "remoteWriteSettings": values});
        for object in [
            Object::new(agent.0, agent.1, "a").with("spec", spec),
            Object::new(agent.0, agent.1, "a").with("spec", known.clone()),
            release("victoria-metrics-k8s-stack", &json!({"vmagent": {"spec": known}})),
            release("victoria-metrics-agent", &json!({"remoteWrite": writes, "config": labels})),
            release("kube-prometheus-stack", &values),
            release("alloy", &json!({"alloy": {"configMap": {"content": format!("prometheus.{text}")}}})),
            config_map(&format!("prometheus.{text}")),
        ] {
            let before = vec![object];
            let outcome = run(&config, before.clone());
            let after = items(&outcome);
            if outcome.success {
                let second = run(&config, after.clone());
                prop_assert!(second.success, "{}", second.stderr);
                prop_assert_eq!(items(&second), after);
            } else {
                prop_assert!(outcome.stderr.contains("fix:"), "{}", outcome.stderr);
                let text = yaml::emit(before[0].as_value());
                prop_assert_eq!(after, parse(&text));
            }
        }
    }
}
