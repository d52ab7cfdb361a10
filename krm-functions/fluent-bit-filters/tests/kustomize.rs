//! The function under the real kustomize, as a native program: on `examples/existing-fluent-bit`, and twice.

mod common;

use common::{named, root, run};
use fluent_bit_filters::Embedded;
use krm_rs::{Object, Value};
use leafpack_function_tests::golden;
use leafpack_function_tests::kustomize::{Kustomize, Place, kustomization};
use leafpack_function_tests::{has_filters, items, parse};
use std::fs;
use std::path::PathBuf;

const PLACE: Place = Place {
    folder: env!("CARGO_TARGET_TMPDIR"),
    program: env!("CARGO_BIN_EXE_fluent-bit-filters"),
};

/// A copy of the example, with this crate's program for `leafpack`.
fn example(name: &str) -> PathBuf {
    PLACE.copy(name, &root().join("../../examples/existing-fluent-bit"))
}

/// Every ConfigMap that a volume names is there, in the pod's namespace.
fn volumes_are_there(made: &[Object], workload: &Object, volumes: &str) {
    let volumes = workload
        .get(volumes)
        .and_then(Value::as_array)
        .expect("volumes");
    let maps = volumes
        .iter()
        .filter_map(|volume| volume["configMap"]["name"].as_str());
    let maps: Vec<&str> = maps.collect();
    assert!(maps.len() >= 2, "{maps:?}");
    for map in maps {
        let mut all = made.iter();
        let is_there = all.any(|object| {
            object.kind() == "ConfigMap"
                && object.name() == map
                && object.namespace() == workload.namespace()
        });
        assert!(is_there, "{map}");
    }
}

#[test]
fn the_example_is_built_and_holds_together() {
    let Some(kustomize) = Kustomize::with_filters_or_skip("filters-kustomize") else {
        return;
    };
    let folder = example("example");
    let built = kustomize.build(&folder);
    assert_eq!(kustomize.build(&folder).stream, built.stream, "run twice");
    // What was replaced is told in results, which kustomize keeps to itself; and nothing was wrong.
    assert!(!built.said.contains("error"), "{}", built.said);

    let made = built.objects();
    let daemon_set = named(&made, "DaemonSet", "fluent-bit");
    volumes_are_there(&made, daemon_set, "spec.template.spec.volumes");
    let release = named(&made, "HelmRelease", "fluent-bit");
    volumes_are_there(&made, release, "spec.values.extraVolumes");
    assert_eq!(
        release.get_str("spec.values.podAnnotations[leafpack.dev/config-values]"),
        Some("cluster=${CLUSTER} environment=${ENVIRONMENT:=production}")
    );

    // The generated ConfigMap has another name, by what it holds, and the DaemonSet knows it.
    let map = made.iter().find(|object| {
        object.kind() == "ConfigMap" && object.get("data[fluent-bit.conf]").is_some()
    });
    let map = map.expect("the pipeline");
    assert!(map.name().starts_with("fluent-bit-"), "{}", map.name());
    let filters = map.get_str("data[filters.conf]").expect("the filters");
    let names: Vec<&str> = filters
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Name "))
        .collect();
    let names: Vec<&str> = names.into_iter().map(str::trim).collect();
    assert_eq!(names, ["kubernetes", "wasm"]);
    assert!(filters.contains("# Which cluster this is"), "{filters}");
    for object in &made {
        assert!(
            object
                .annotation("kustomize.toolkit.fluxcd.io/substitute")
                .is_none()
        );
    }
}

/// A build whose result is built again, with the same functions, is what it was.
#[test]
fn a_second_build_changes_nothing() {
    let Some(kustomize) = Kustomize::with_filters_or_skip("filters-kustomize-twice") else {
        return;
    };
    let folder = example("twice");
    for part in ["config-map", "helm-release"] {
        let part = folder.join(part);
        let first = kustomize.build(&part);
        fs::write(part.join("first.yaml"), &first.stream).expect("the file can be written");
        let text = kustomization("resources: [first.yaml]\ntransformers: [leafpack.yaml]\n");
        fs::write(part.join("kustomization.yaml"), text).expect("the file can be written");
        let second = kustomize.build(&part).objects();
        let first = first.objects();
        assert_eq!(first, second, "{}", part.display());
    }
}

/// A name prefix above changes the names of ConfigMaps, and with them what a DaemonSet mounts.
#[test]
fn references_hold_under_another_name() {
    let Some(kustomize) = Kustomize::with_filters_or_skip("filters-kustomize-names") else {
        return;
    };
    example("names");
    let text =
        kustomization("resources: [../config-map]\nnamePrefix: pre-\nnamespace: elsewhere\n");
    let above = PLACE.write("names/above", &[("kustomization.yaml", text)]);
    let made = kustomize.build(&above).objects();
    let daemon_set = named(&made, "DaemonSet", "pre-fluent-bit");
    volumes_are_there(&made, daemon_set, "spec.template.spec.volumes");
}

/// What is replaced in the example is said, one line each.
#[test]
fn the_example_says_what_it_replaces() {
    let folder = root().join("../../examples/existing-fluent-bit/config-map");
    let read = |name: &str| golden::read(&folder, name);
    if !has_filters("filters-example") {
        return;
    }
    let mut input = parse(read("daemon-set.yaml"));
    let mut map = Object::new("v1", "ConfigMap", "fluent-bit");
    for name in ["fluent-bit.conf", "filters.conf"] {
        map.set(&format!("data[{name}]"), read(name))
            .expect("a ConfigMap holds texts");
    }
    input.push(map);
    let outcome = run::<Embedded>(&read("leafpack.yaml"), input);
    assert!(outcome.success, "{}", outcome.stderr);
    let said: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(said.len(), 4, "{said:#?}");
    assert!(
        said.iter()
            .all(|line| line.starts_with("info: ConfigMap/fluent-bit: data[")),
        "{said:#?}"
    );
    assert_eq!(items(&outcome).len(), 5);
}
