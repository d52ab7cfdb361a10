//! The parts of a stack, and the Flux Kustomizations that apply them.

mod common;

use common::{objects, root, run};
use krm_rs::{Object, Outcome, Value};
use leafpack_function_tests::schemas::Schemas;
use leafpack_function_tests::{self as functions, Placeholder, emit, golden, items, parse};
use observability_stack::ObservabilityParts;
use std::collections::BTreeSet;

const MINIMAL: &str = include_str!("../fixtures/minimal/config.yaml");
const PARTS: &str = include_str!("../fixtures/parts/parts.yaml");
const ITEMS: &str = include_str!("../fixtures/parts/items.yaml");
const LABEL: &str = "leafpack.dev/part";

/// Runs ObservabilityParts.
fn parts(config: &str, items: Vec<Object>) -> Outcome {
    functions::run_on::<ObservabilityParts>(config, items)
}

/// What ObservabilityParts leaves of good items.
fn good(config: &str, given: Vec<Object>) -> Vec<Object> {
    functions::objects_on::<ObservabilityParts>(config, given)
}

/// The Kustomizations among items.
fn kustomizations(items: &[Object]) -> Vec<Object> {
    let is_one = |object: &&Object| object.label(LABEL) == Some("flux");
    items.iter().filter(is_one).cloned().collect()
}

fn configs() -> Vec<(String, String)> {
    golden::texts(root(), "config.yaml", 4)
}

#[test]
fn every_object_is_of_one_part_and_only_its_metadata_says_so() {
    let mut seen = BTreeSet::new();
    for (name, config) in configs() {
        for mut object in objects(&config) {
            let id = object.id();
            let part = object
                .remove_label(LABEL)
                .and_then(|part| Some(part.as_str()?.to_owned()));
            let part = part.unwrap_or_else(|| panic!("{name}: {id} has no part"));
            let expected = match (object.group(), object.kind()) {
                ("", "Namespace") => Some("namespace"),
                ("source.toolkit.fluxcd.io", _) => Some("sources"),
                ("operator.victoriametrics.com", _) => Some("stack"),
                _ => None,
            };
            assert!(
                expected.is_none_or(|expected| part == expected),
                "{name}: {id}: {part}"
            );
            assert!(
                !object.as_value().to_string().contains(LABEL),
                "{name}: {id}"
            );
            seen.insert(part);
        }
    }
    assert!(
        seen.contains("namespace") && seen.contains("stack"),
        "{seen:?}"
    );
}

/// Flux checks everything in a part before it applies any of it, so no part may hold a custom resource and the release
/// that brings its definition.
#[test]
fn what_needs_a_definition_comes_after_what_brings_it() {
    let mut custom = 0;
    for (name, config) in configs() {
        let objects = objects(&config);
        let of = |is: &dyn Fn(&Object) -> bool| -> BTreeSet<&str> {
            let found = objects.iter().filter(|object| is(object));
            found.filter_map(|object| object.label(LABEL)).collect()
        };
        let bring = of(&|object| {
            object.kind() == "CustomResourceDefinition"
                || object.kind() == "HelmRelease"
                    && object.to_text().contains("victoria-metrics-operator")
        });
        let need = of(&|object| object.group() == "operator.victoriametrics.com");
        custom += need.len();
        assert!(bring.is_disjoint(&need), "{name}: {bring:?}, {need:?}");
        assert!(
            bring.is_subset(&BTreeSet::from(["operator"])),
            "{name}: {bring:?}"
        );
        assert!(
            need.is_subset(&BTreeSet::from(["stack"])),
            "{name}: {need:?}"
        );
    }
    assert!(custom > 0);
}

trait Text {
    fn to_text(&self) -> String;
}

impl Text for Object {
    fn to_text(&self) -> String {
        self.as_value().to_string()
    }
}

#[test]
fn parts_can_be_chosen() {
    for (name, config) in configs() {
        let all = objects(&config);
        let mut together = Vec::new();
        for part in ["namespace", "sources", "operator", "stack"] {
            let one = objects(&format!("{config}  parts: [{part}]\n"));
            assert!(
                one.iter().all(|object| object.label(LABEL) == Some(part)),
                "{name}: {part}"
            );
            together.extend(one);
        }
        assert_eq!(together.len(), all.len(), "{name}");
        assert!(all.iter().all(|object| together.contains(object)), "{name}");
        let two = objects(&format!("{config}  parts: [stack, namespace]\n"));
        let of_two = |object: &&Object| matches!(object.label(LABEL), Some("stack" | "namespace"));
        let of_two: Vec<&Object> = all.iter().filter(of_two).collect();
        assert_eq!(two.iter().collect::<Vec<_>>(), of_two, "{name}");
    }
    let outcome = run::<Placeholder>(&format!("{MINIMAL}  parts: [stack, crds]\n"));
    assert!(!outcome.success);
    insta::assert_snapshot!(outcome.stderr);
}

#[test]
fn each_part_gets_a_kustomization() {
    let after = good(PARTS, parse(ITEMS));
    let made = kustomizations(&after);
    golden::same(&root().join("fixtures/parts/flux.yaml"), &emit(&made));
    // Nothing else is touched, but for the Namespace, which the parts before the last need too.
    let mut before = parse(ITEMS);
    before[0].set_label(LABEL, "namespace");
    assert_eq!(after[..before.len()], before);
    assert_eq!(after.len(), before.len() + made.len());

    // Run again, all stays.
    let again = parts(PARTS, after.clone());
    assert_eq!(items(&again), after);
    // Fewer parts: what an earlier run made for the others goes.
    let fewer = after.into_iter().filter(|object| {
        object.label(LABEL) != Some("operator") && object.label(LABEL) != Some("sources")
    });
    let names: Vec<String> = kustomizations(&good(PARTS, fewer.collect()))
        .iter()
        .map(|object| object.name().to_owned())
        .collect();
    assert_eq!(
        names,
        ["apps-observability-namespace", "apps-observability-stack"]
    );
}

/// What the golden file says, in rules: `wait: true` would make Flux ignore the health checks.
#[test]
fn kustomizations_wait_for_what_can_come_true() {
    let made = kustomizations(&good(PARTS, parse(ITEMS)));
    let mut before: Vec<String> = vec!["apps-infrastructure".into(), "rook-ceph-cluster".into()];
    let mut checked = Vec::new();
    for object in &made {
        let spec = &object.as_value()["spec"];
        assert_eq!(spec["wait"], false);
        assert_eq!(
            spec["prune"],
            !object.name().ends_with("-namespace"),
            "{}",
            object.name()
        );
        let names = spec["dependsOn"].as_array().expect("a list").iter();
        let names: Vec<String> = names
            .map(|on| on["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(names, before, "{}", object.name());
        before = vec![object.name().to_owned()];
        for check in spec["healthChecks"].as_array().into_iter().flatten() {
            let expected = parse(ITEMS).into_iter().any(|item| {
                check["apiVersion"] == item.api_version()
                    && check["kind"] == item.kind()
                    && check["name"] == item.name()
                    && check["namespace"] == item.namespace()
            });
            assert!(expected, "{check}");
            checked.push(check["kind"].as_str().unwrap_or_default().to_owned());
        }
        let postbuild = spec["postBuild"]["substituteFrom"].as_array().map(Vec::len);
        assert_eq!(postbuild, Some(2), "{}", object.name());
    }
    assert_eq!(
        checked,
        [
            "OCIRepository",
            "HelmRelease",
            "VMAgent",
            "DaemonSet",
            "Deployment"
        ]
    );
    let last = made.last().expect("the stack");
    let expressions: &Value = last.get("spec.healthCheckExprs").expect("expressions");
    assert_eq!(
        expressions.as_array().map(Vec::len),
        Some(1),
        "{expressions}"
    );
    assert_eq!(expressions[0]["kind"], "VMAgent");
    let current = expressions[0]["current"].as_str().unwrap_or_default();
    assert!(
        current.ends_with("status.updateStatus == 'operational'"),
        "{current}"
    );
}

/// With every default, and only what is there.
#[test]
fn a_stack_of_two_parts_gets_two() {
    let config = MINIMAL.replace("kind: ObservabilityStack", "kind: ObservabilityParts");
    let all = objects(&format!("{MINIMAL}  parts: [namespace, stack]\n"));
    let made = kustomizations(&good(&config, all));
    let found: Vec<_> = made
        .iter()
        .map(|object| {
            (
                object.namespace(),
                object.name(),
                object.get_str("spec.path").unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("flux-system", "edge-observability-namespace", "./namespace"),
            ("flux-system", "edge-observability-stack", "./stack"),
        ]
    );
    let source = made[0].get("spec.sourceRef").map(Value::to_string);
    assert_eq!(
        source.as_deref(),
        Some(r#"{"kind":"GitRepository","name":"flux-system"}"#)
    );
    assert!(made[0].get("spec.dependsOn").is_none() && made[0].get("spec.postBuild").is_none());
}

#[test]
fn what_cannot_work_is_told() {
    let mut all = String::new();
    let mut tell = |what: &str, config: &str, given: Vec<Object>| {
        let outcome = parts(config, given.clone());
        if !outcome.success {
            assert_eq!(
                items(&outcome),
                given,
                "{what}: the items come back as they came"
            );
        }
        all.push_str(&format!(
            "=== {what}: {}\n{}",
            outcome.success, outcome.stderr
        ));
    };
    let long = "a-name-that-is-much-longer-than-names-of-clusters-are";
    tell(
        "a long name",
        &PARTS.replace("name: apps\n", &format!("name: {long}\n")),
        Vec::new(),
    );
    let label = Object::new("v1", "ConfigMap", "x").with_label(LABEL, "crds");
    tell("a part that is none", PARTS, vec![label]);
    let theirs = Object::new(
        "kustomize.toolkit.fluxcd.io/v1",
        "Kustomization",
        "apps-observability-stack",
    );
    let theirs = theirs.with_namespace("flux-apps");
    tell("a Kustomization of another's", PARTS, vec![theirs]);
    let (before, after) = PARTS
        .split_once("    substituteFrom:\n")
        .expect("the last option");
    assert!(after.contains("cluster-settings"));
    tell("nobody replaces expressions", before, parse(ITEMS));
    let hub = include_str!("../fixtures/hub-single/expected.yaml");
    let chart = include_str!("../fixtures/logs-chart/expected.yaml");
    let is_release =
        |object: &Object| object.kind() == "HelmRelease" && object.name() == "fluent-bit";
    let mut release = parse(chart)
        .into_iter()
        .find(is_release)
        .expect("a release");
    release.set_label("leafpack.dev/stack", "infra");
    let mut renamed = [parse(hub), vec![release]].concat();
    let as_they_were = renamed.clone();
    for object in &mut renamed {
        object.set_name(&format!("eu-{}", object.name()));
    }
    let config = PARTS.replace("name: apps\n", "name: infra\n");
    tell("a prefix on a hub", &config, renamed);
    let untouched = parts(&config, as_they_were);
    assert!(untouched.success, "{}", untouched.stderr);
    tell(
        "wrong options",
        "apiVersion: leafpack.dev/v1alpha1\nkind: ObservabilityParts\nmetadata: {name: apps}\nspec:\n  flux:\n    \
         source: {name: Flux_System, namespace: '${NS}'}\n    path: ../elsewhere\n    namespace: ''\n    \
         interval: '10'\n    retryInterval: 1d\n    timeout: ${TIMEOUT}\n    dependsOn: [ok, 'not ok']\n    \
         substituteFrom: [{kind: ConfigMap}, {name: 'a b'}]\n",
        Vec::new(),
    );
    tell(
        "wrong types",
        "apiVersion: leafpack.dev/v1alpha1\nkind: ObservabilityParts\nmetadata: {name: apps}\nspec:\n  flux:\n    \
         source: {kind: HelmRepository}\n    dependsOn: apps\n    substituteFrom: [{kind: Map}]\n    wait: true\n",
        Vec::new(),
    );
    insta::assert_snapshot!(all);
}

#[test]
fn kustomizations_are_valid() {
    let Some(schemas) = Schemas::or_skip("parts-schemas") else {
        return;
    };
    let checked = schemas.validate(&[root().join("fixtures/parts/flux.yaml")]);
    checked.unwrap_or_else(|problems| panic!("{problems}"));
}
