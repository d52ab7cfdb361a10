//! The function under the real kustomize, as a native program.

mod common;

use common::{items, objects, read, root, run};
use krm_rs::Object;
use leafpack_peer as peer;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const EXAMPLE: &str = "../../examples/existing-collectors";

/// A folder of this name with these files; `leafpack` in them is the function as it was built here.
fn folder(name: &str, files: &[(&str, String)]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("the folder can be made");
    let program = format!("{{path: {}}}", env!("CARGO_BIN_EXE_collector-settings"));
    for (file, text) in files {
        let text = text.replace("{path: leafpack}", &program);
        fs::write(folder.join(file), text).expect("the file can be written");
    }
    folder
}

/// What comes out, and what is said.
fn build(kustomize: &Path, folder: &Path) -> Result<(Vec<Object>, String), String> {
    let output = Command::new(kustomize)
        .args(["build", "--enable-alpha-plugins", "--enable-exec"])
        .arg(folder)
        .output()
        .expect("kustomize runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(said);
    }
    let text = String::from_utf8(output.stdout).expect("kustomize writes YAML");
    let mut objects = objects(&text);
    objects.sort_by_key(Object::id);
    Ok((objects, said))
}

fn example(name: &str) -> PathBuf {
    let files = [
        "kustomization.yaml",
        "collector-settings.yaml",
        "vmagent.yaml",
        "kube-prometheus-stack.yaml",
    ];
    folder(
        name,
        &files.map(|file| (file, read(&root().join(EXAMPLE), file))),
    )
}

/// The same as without kustomize, twice; and what was changed is told.
#[test]
fn the_example_is_built() {
    let Some(kustomize) = peer::or_skip("collector-kustomize", "kustomize") else {
        return;
    };
    let folder = example("example");
    let (first, said) = build(&kustomize, &folder).expect("it is right");
    let again = build(&kustomize, &folder).expect("it is right");
    assert_eq!(again, (first.clone(), said));

    let config = read(&root().join(EXAMPLE), "collector-settings.yaml");
    let texts = ["vmagent.yaml", "kube-prometheus-stack.yaml"];
    let texts = texts
        .map(|file| read(&root().join(EXAMPLE), file))
        .join("---\n");
    let mut all = objects(&texts);
    for object in &mut all {
        object.set_namespace("monitoring");
    }
    let mut expected = items(&run(&config, all));
    expected.sort_by_key(Object::id);
    // kustomize sorts the fields of what transformers give back; for values that is one and the same.
    assert_eq!(first, expected);
}

/// What kustomize itself does to names, namespaces and fields before the transformer runs and above it.
#[test]
fn other_transformations_go_with_it() {
    let Some(kustomize) = peer::or_skip("collector-kustomize-above", "kustomize") else {
        return;
    };
    example("base");
    let kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../base]\nnamePrefix: eu-\nnamespace: observability\npatches:\n  - target: {kind: VMAgent}\n    patch: |\n      - {op: add, path: /spec/externalLabels/region, value: eu-1}\n";
    let above = folder("above", &[("kustomization.yaml", kustomization.to_owned())]);
    let (objects, _) = build(&kustomize, &above).expect("it is right");
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
    let Some(kustomize) = peer::or_skip("collector-kustomize-hash", "kustomize") else {
        return;
    };
    let alloy = "prometheus.remote_write \"hub\" { }\n\nprometheus.scrape \"s\" {\n  targets    = []\n  forward_to = [prometheus.remote_write.hub.receiver]\n}\n";
    let names = ["apps", "edge"].map(|cluster| {
        let config = read(&root().join(EXAMPLE), "collector-settings.yaml");
        let config = config.replace("cluster: apps", &format!("cluster: {cluster}"));
        let kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: monitoring\nconfigMapGenerator: [{name: alloy, files: [config.alloy]}]\ntransformers: [collector-settings.yaml]\n";
        let folder = folder(
            &format!("hash-{cluster}"),
            &[
                ("kustomization.yaml", kustomization.to_owned()),
                ("config.alloy", alloy.to_owned()),
                ("collector-settings.yaml", config),
            ],
        );
        let (objects, _) = build(&kustomize, &folder).expect("it is right");
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
    let Some(kustomize) = peer::or_skip("collector-kustomize-error", "kustomize") else {
        return;
    };
    let folder = example("mistake");
    let file = folder.join("collector-settings.yaml");
    let text = fs::read_to_string(&file).expect("the file is there");
    fs::write(&file, text.replace("  all: true\n", "")).expect("the file can be written");
    let said = build(&kustomize, &folder).expect_err("which one?");
    assert!(
        said.contains("spec.target: found several collectors"),
        "{said}"
    );
    assert!(said.contains("# or all: true"), "{said}");
}
