//! The function under the real kustomize, as a native program.

mod common;

use common::{example, run};
use krm_rs::Object;
use leafpack_function_tests::golden::read;
use leafpack_function_tests::kustomize::{Kustomize, Place, kustomization};
use leafpack_function_tests::{items, parse};
use std::fs;

const PLACE: Place = Place {
    folder: env!("CARGO_TARGET_TMPDIR"),
    program: env!("CARGO_BIN_EXE_collector-settings"),
};

/// The same as without kustomize, twice; and what was changed is told.
#[test]
fn the_example_is_built() {
    let Some(kustomize) = Kustomize::or_skip("collector-kustomize") else {
        return;
    };
    let folder = PLACE.copy("example", &example());
    let first = kustomize.build(&folder);
    assert_eq!(kustomize.build(&folder), first);

    let config = read(example(), "collector-settings.yaml");
    let texts = ["vmagent.yaml", "kube-prometheus-stack.yaml"];
    let texts = texts.map(|file| read(example(), file)).join("---\n");
    let mut all = parse(&texts);
    for object in &mut all {
        object.set_namespace("monitoring");
    }
    let mut expected = items(&run(&config, all));
    expected.sort_by_key(Object::id);
    // kustomize sorts the fields of what transformers give back; for values that is one and the same.
    assert_eq!(first.objects(), expected);
}

/// What kustomize itself does to names, namespaces and fields before the transformer runs and above it.
#[test]
fn other_transformations_go_with_it() {
    let Some(kustomize) = Kustomize::or_skip("collector-kustomize-above") else {
        return;
    };
    PLACE.copy("base", &example());
    let text = kustomization(
        "resources: [../base]\nnamePrefix: eu-\nnamespace: observability\npatches:\n  - target: {kind: VMAgent}\n    patch: |\n      - {op: add, path: /spec/externalLabels/region, value: eu-1}\n",
    );
    let above = PLACE.write("above", &[("kustomization.yaml", text)]);
    let objects = kustomize.build(&above).objects();
    let agent = objects.iter().find(|o| o.kind() == "VMAgent");
    let agent = agent.expect("the agent");
    assert_eq!(
        (agent.name(), agent.namespace()),
        ("eu-vmagent", "observability")
    );
    let labels = agent.get("spec.externalLabels").expect("labels");
    let expected =
        krm_rs::json!({"cluster": "apps", "environment": "production", "region": "eu-1"});
    assert_eq!(*labels, expected);
}

/// Alloy's configuration by a generator: its name gets the hash of what the function made of it.
#[test]
fn a_generated_configuration_is_changed_before_it_is_hashed() {
    let Some(kustomize) = Kustomize::or_skip("collector-kustomize-hash") else {
        return;
    };
    let alloy = "prometheus.remote_write \"hub\" { }\n\nprometheus.scrape \"s\" {\n  targets    = []\n  forward_to = [prometheus.remote_write.hub.receiver]\n}\n";
    let names = ["apps", "edge"].map(|cluster| {
        let config = read(example(), "collector-settings.yaml");
        let config = config.replace("cluster: apps", &format!("cluster: {cluster}"));
        let text = kustomization(
            "namespace: monitoring\nconfigMapGenerator: [{name: alloy, files: [config.alloy]}]\ntransformers: [collector-settings.yaml]\n",
        );
        let folder = PLACE.write(
            &format!("hash-{cluster}"),
            &[
                ("kustomization.yaml", text),
                ("config.alloy", alloy.to_owned()),
                ("collector-settings.yaml", config),
            ],
        );
        let objects = kustomize.build(&folder).objects();
        let text = objects[0].get_str("data[config.alloy]").expect("text");
        assert!(text.contains(&format!("cluster = \"{cluster}\"")), "{text}");
        assert!(text.contains("namespace = \"monitoring\""), "{text}");
        objects[0].name().to_owned()
    });
    assert_ne!(names[0], names[1]);
}

/// A mistake fails the build, and its fix is what the user reads.
#[test]
fn a_mistake_fails_the_build() {
    let Some(kustomize) = Kustomize::or_skip("collector-kustomize-error") else {
        return;
    };
    let folder = PLACE.copy("mistake", &example());
    let file = folder.join("collector-settings.yaml");
    let text = fs::read_to_string(&file).expect("the file is there");
    fs::write(&file, text.replace("  all: true\n", "")).expect("the file can be written");
    let said = kustomize.try_build(&folder).expect_err("which one?");
    assert!(
        said.contains("spec.target: found several collectors"),
        "{said}"
    );
    assert!(said.contains("# or all: true"), "{said}");
}
