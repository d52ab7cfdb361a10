//! The examples through the real kustomize and kubectl.

use std::path::{Path, PathBuf};
use std::process::Command;

use leafpack_tests::objects::{assert_same, read};
use leafpack_tests::{peer, workspace};

struct Hosts {
    leafpack: PathBuf,
    bin: PathBuf,
}

impl Hosts {
    fn find(test: &str) -> Option<Self> {
        let leafpack = peer::dist_or_skip(test, "bin/leafpack")?;
        let bin = leafpack.parent().expect("a folder").to_path_buf();
        Some(Self { leafpack, bin })
    }

    fn run(command: &mut Command) -> Vec<u8> {
        let output = command.output().expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}\n{stderr}");
        output.stdout
    }

    /// A kustomize that finds `leafpack` on its `PATH`.
    fn kustomize_command(&self, kustomize: &Path, folder: &Path) -> Command {
        let mut path = self.bin.clone().into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new(kustomize);
        command
            .env("PATH", path)
            .args(["build", "--enable-alpha-plugins", "--enable-exec"])
            .arg(folder);
        command
    }

    fn kustomize(&self, kustomize: &Path, folder: &Path) -> Vec<u8> {
        Self::run(&mut self.kustomize_command(kustomize, folder))
    }

    fn render(&self, file: &Path) -> Vec<u8> {
        Self::run(Command::new(&self.leafpack).arg("render").arg(file))
    }
}

fn spoke() -> PathBuf {
    workspace().join("examples/spoke")
}

/// A kustomization in a folder of its own, with the example's resource beside it.
fn kustomization(text: &str, stack: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("kustomization.yaml"), text).expect("written");
    std::fs::write(folder.path().join("stack.yaml"), stack).expect("written");
    folder
}

fn example() -> String {
    std::fs::read_to_string(spoke().join("stack.yaml")).expect("the example")
}

#[test]
fn the_example_builds_twice_the_same() {
    let test = "the example through kustomize";
    let (Some(hosts), Some(kustomize)) = (Hosts::find(test), peer::or_skip(test, "kustomize"))
    else {
        return;
    };
    let first = hosts.kustomize(&kustomize, &spoke());
    assert_eq!(hosts.kustomize(&kustomize, &spoke()), first);
    let rendered = read(&hosts.render(&spoke().join("stack.yaml")));
    assert_same(&read(&first), &rendered, "kustomize, and `leafpack render`");
}

#[test]
fn generators_and_transformers_give_the_same() {
    let test = "the example as a transformer";
    let (Some(hosts), Some(kustomize)) = (Hosts::find(test), peer::or_skip(test, "kustomize"))
    else {
        return;
    };
    let expected = read(&hosts.kustomize(&kustomize, &spoke()));
    for text in [
        "generators: [stack.yaml]\n",
        "transformers: [stack.yaml]\n",
        // A generator, and the transformer finds its objects there already.
        "generators: [stack.yaml]\ntransformers: [stack.yaml]\n",
    ] {
        let folder = kustomization(text, &example());
        let first = hosts.kustomize(&kustomize, folder.path());
        assert_same(&read(&first), &expected, text);
        assert_eq!(hosts.kustomize(&kustomize, folder.path()), first, "{text}");
    }
}

#[test]
fn kubectl_gives_the_same_objects() {
    let test = "the example through kubectl";
    let (Some(hosts), Some(kubectl)) = (Hosts::find(test), peer::or_skip(test, "kubectl")) else {
        return;
    };
    let home = tempfile::tempdir().expect("a folder");
    let mut install = Command::new(&hosts.leafpack);
    Hosts::run(
        install
            .args(["plugin", "install", "--home"])
            .arg(home.path()),
    );
    let build = || {
        let mut command = Command::new(&kubectl);
        command
            .env("KUSTOMIZE_PLUGIN_HOME", home.path())
            .args(["kustomize", "--enable-alpha-plugins"])
            .arg(workspace().join("examples/spoke-kubectl"));
        Hosts::run(&mut command)
    };
    let first = build();
    assert_eq!(build(), first);
    let rendered = read(&hosts.render(&spoke().join("stack.yaml")));
    assert_same(&read(&first), &rendered, "kubectl, and `leafpack render`");
}

#[test]
fn a_mistake_stops_kustomize_and_says_why() {
    let test = "a mistake under kustomize";
    let (Some(hosts), Some(kustomize)) = (Hosts::find(test), peer::or_skip(test, "kustomize"))
    else {
        return;
    };
    let folder = kustomization(
        "generators: [stack.yaml]\n",
        &example().replace("role: spoke", "role: spok"),
    );
    let output = hosts
        .kustomize_command(&kustomize, folder.path())
        .output()
        .expect("kustomize starts");
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("error: ObservabilityStack/apps: spec.role: found \"spok\""),
        "{stderr}"
    );
    assert!(stderr.contains("fix: role: spoke"), "{stderr}");
    assert!(output.stdout.is_empty());
}

/// The hubs: the same bytes twice, what `leafpack render` gives, and no two objects of one name.
#[test]
fn the_examples_of_hubs_build() {
    let test = "the examples of hubs through kustomize";
    let (Some(hosts), Some(kustomize)) = (Hosts::find(test), peer::or_skip(test, "kustomize"))
    else {
        return;
    };
    for (name, kinds) in [
        ("hub-single", ["VMSingle", "VLSingle"]),
        ("hub-ha", ["VMCluster", "VLCluster"]),
    ] {
        let folder = workspace().join("examples").join(name);
        let first = hosts.kustomize(&kustomize, &folder);
        assert_eq!(hosts.kustomize(&kustomize, &folder), first, "{name}");
        let built = read(&first);
        let rendered = read(&hosts.render(&folder.join("stack.yaml")));
        assert_same(&built, &rendered, name);
        let every = ["VMAuth", "VMUser", "VMAlert", "VMAlertmanager", "VMAgent"];
        for kind in kinds.iter().chain(&every) {
            let of_kind = |id: &&String| id.starts_with(&format!("{kind} "));
            assert!(built.keys().any(|id| of_kind(&id)), "{name}: {kind}");
        }
    }
}

/// What teams have already: the same bytes twice, and what the functions add is there.
#[test]
fn the_examples_of_existing_collectors_build() {
    let test = "the examples of existing collectors through kustomize";
    let (Some(hosts), Some(kustomize)) = (Hosts::find(test), peer::or_skip(test, "kustomize"))
    else {
        return;
    };
    for (folder, added) in [
        (
            "existing-fluent-bit/config-map",
            &["container-logs.wasm:", "container-logs.json:", "Name wasm"][..],
        ),
        (
            "existing-fluent-bit/helm-release",
            &["container-logs.wasm:", "extraVolumeMounts:", "wasm"],
        ),
        (
            "existing-collectors",
            &["externalLabels:", "cluster: apps", "/api/v1/write"],
        ),
    ] {
        let folder = workspace().join("examples").join(folder);
        let first = hosts.kustomize(&kustomize, &folder);
        assert_eq!(hosts.kustomize(&kustomize, &folder), first, "{folder:?}");
        // Spaces stand in columns.
        let text = String::from_utf8_lossy(&first);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in added {
            assert!(text.contains(word), "{folder:?}: {word}");
        }
    }
}

/// A namespace, a component and a patch above the example: each does its work, and all else is as it was.
#[test]
fn a_namespace_a_component_and_a_patch_work_on_the_example() {
    let test = "a component and a patch above the example";
    let (Some(hosts), Some(kustomize)) = (Hosts::find(test), peer::or_skip(test, "kustomize"))
    else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    write("base/kustomization.yaml", "generators: [stack.yaml]\n");
    write("base/stack.yaml", &example());
    write(
        "component/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {team: platform}}]\n",
    );
    write(
        "kustomization.yaml",
        "resources: [base]\ncomponents: [component]\nnamespace: elsewhere\npatches:\n- target: {kind: DaemonSet, name: fluent-bit}\n  \
         patch: '[{\"op\": \"add\", \"path\": \"/spec/minReadySeconds\", \"value\": 7}]'\n",
    );
    let built = read(&hosts.kustomize(&kustomize, folder.path()));
    let plain = read(&hosts.render(&spoke().join("stack.yaml")));
    assert_eq!(built.len(), plain.len());
    for (id, object) in &built {
        assert_eq!(object["metadata"]["labels"]["team"], "platform", "{id}");
        let namespace = object["metadata"].get("namespace");
        assert!(namespace.is_none_or(|name| name == "elsewhere"), "{id}");
    }
    let set = &built["DaemonSet elsewhere/fluent-bit"];
    assert_eq!(set["spec"]["minReadySeconds"], 7);
    let was = &plain["DaemonSet observability/fluent-bit"];
    assert_eq!(set["spec"]["selector"], was["spec"]["selector"]);
    assert_eq!(
        built["VMAgent elsewhere/apps"]["spec"],
        plain["VMAgent observability/apps"]["spec"]
    );
}
