//! The function under the real kustomize, as a native program: the names that it derives survive what kustomizations
//! do to names.

mod common;

use common::{peer, references, root};
use krm_rs::{Object, ResourceList};
use observability_stack::{Embedded, Source};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TOOL: &str = "kustomize";

/// kustomize, unless the test is skipped.
fn kustomize(test: &str) -> Option<PathBuf> {
    if Embedded::modules().cri.is_empty() {
        peer::skip(test, "dist/filters/cri.wasm", "run cargo xtask build");
        return None;
    }
    let named = std::env::var_os("KUSTOMIZE").map(PathBuf::from);
    let installed = root().join("../../target/tools/bin").join(TOOL);
    let found = named
        .or_else(|| installed.is_file().then_some(installed))
        .or_else(|| peer::on_path(TOOL));
    if found.is_none() {
        peer::skip(test, TOOL, "cargo xtask tools kustomize");
    }
    found
}

/// A folder of this name with a kustomization in it.
fn kustomization(name: &str, text: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("the folder can be made");
    let text = format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{text}");
    fs::write(folder.join("kustomization.yaml"), text).expect("the file can be written");
    folder
}

/// As [`kustomization`], with a stack that is listed in this field.
fn stack(name: &str, field: &str, config: &str) -> PathBuf {
    let folder = kustomization(name, &format!("{field}: [stack.yaml]\n"));
    let function = format!(
        "\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {{path: {}}}\nspec:",
        env!("CARGO_BIN_EXE_observability-stack")
    );
    let config = config.replace("\nspec:", &function);
    fs::write(folder.join("stack.yaml"), config).expect("the file can be written");
    folder
}

fn build(kustomize: &Path, folder: &Path) -> Vec<u8> {
    let output = Command::new(kustomize)
        .args(["build", "--enable-alpha-plugins", "--enable-exec"])
        .arg(folder)
        .output()
        .expect("kustomize runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    output.stdout
}

fn objects(stream: &[u8]) -> Vec<Object> {
    let list = ResourceList::read(stream).expect("kustomize writes YAML");
    let mut objects: Vec<_> = list.items.into_iter().collect();
    objects.sort_by_key(Object::id);
    objects
}

const CONFIGS: [(&str, &str); 3] = [
    ("minimal", include_str!("../fixtures/minimal/config.yaml")),
    ("spoke", include_str!("../fixtures/spoke/config.yaml")),
    ("cilium", include_str!("../fixtures/cilium/config.yaml")),
];

#[test]
fn a_generator_and_a_transformer_give_the_same() {
    let Some(kustomize) = kustomize("stack-kustomize") else {
        return;
    };
    for (name, config) in CONFIGS {
        let generator = stack(&format!("{name}-generator"), "generators", config);
        let first = build(&kustomize, &generator);
        assert_eq!(first, build(&kustomize, &generator), "{name}, run twice");
        let transformer = stack(&format!("{name}-transformer"), "transformers", config);
        let generated = objects(&first);
        references::check(&generated);
        assert_eq!(
            objects(&build(&kustomize, &transformer)),
            generated,
            "{name}"
        );
    }
}

#[test]
fn references_hold_under_another_name_and_namespace() {
    let Some(kustomize) = kustomize("stack-kustomize-names") else {
        return;
    };
    for (name, config) in CONFIGS {
        let base = format!("{name}-base");
        stack(&base, "generators", config);
        let above = kustomization(
            &format!("{name}-above"),
            &format!(
                "resources: [../{base}]\nnamePrefix: pre-\nnameSuffix: -post\nnamespace: elsewhere\n\
                 labels: [{{pairs: {{team: x}}, includeSelectors: true}}]\n"
            ),
        );
        let objects = objects(&build(&kustomize, &above));
        let daemon_set = objects.iter().find(|object| object.kind() == "DaemonSet");
        let id = daemon_set.expect("a DaemonSet").id();
        assert_eq!(
            (&*id.name, &*id.namespace),
            ("pre-fluent-bit-post", "elsewhere")
        );
        references::check(&objects);
    }
}
