//! The README's function does what the README says, and the README says what it does.

mod common;

use krm_rs::{ResourceList, yaml};
use std::path::{Path, PathBuf};
use std::process::Command;

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `cargo test` has built the examples next to the tests.
fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests
        .ancestors()
        .nth(2)
        .unwrap()
        .join("examples")
        .join(name);
    assert!(
        program.is_file(),
        "no {}; run `cargo test -p krm-rs`, which builds it",
        program.display()
    );
    program
}

/// Runs an example; gives its exit status, standard output and standard error.
fn run(name: &str, input: &str) -> (Option<i32>, String, String) {
    let output = common::run(&mut Command::new(example(name)), input.as_bytes());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Each block that names a file is that file. `README_UPDATE=1` writes it there.
#[test]
fn blocks_are_their_files() {
    let readme = file("README.md");
    let mut made = String::new();
    let mut rest = readme.as_str();
    let mut blocks = 0;
    while let Some(start) = rest.find("<!-- ") {
        let (name, after) = rest[start + 5..].split_once(" -->\n```").unwrap();
        let (language, after) = after.split_once('\n').unwrap();
        let end = after.find("```\n").unwrap();
        made += &format!(
            "{}<!-- {name} -->\n```{language}\n{}",
            &rest[..start],
            file(name)
        );
        rest = &after[end..];
        blocks += 1;
    }
    made += rest;
    assert_eq!(blocks, 3);
    if std::env::var_os("README_UPDATE").is_some() {
        std::fs::write(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"),
            &made,
        )
        .unwrap();
    }
    assert_eq!(made, file("README.md"));
}

#[test]
fn the_function_on_recorded_input() {
    let (status, stdout, stderr) = run("set_team", &file("tests/fixtures/set-team/input.yaml"));
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    assert_eq!(stdout, file("tests/fixtures/set-team/output.yaml"));
    let (status, again, _) = run("set_team", &stdout);
    assert_eq!((status, again), (Some(0), stdout));
}

#[test]
fn the_function_with_mistakes() {
    let input = file("tests/fixtures/set-team/input.yaml");
    let config = "  spec:\n    team: payments";
    assert!(input.contains(config));
    let input = input.replace(
        config,
        "  spec:\n    team: 12\n    taem: payments\n    color: red",
    );
    let (status, stdout, stderr) = run("set_team", &input);
    assert_eq!(status, Some(1));
    assert_eq!(stderr, file("tests/fixtures/set-team/mistakes.txt"));
    let before = ResourceList::read(input.as_bytes()).unwrap();
    let after = ResourceList::read(stdout.as_bytes()).unwrap();
    assert_eq!(after.items, before.items);
    assert_eq!(
        yaml::load_one(stdout.as_bytes()).unwrap()["results"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

/// A kustomization that the real kustomize builds, with the examples on its PATH.
struct Kustomization {
    kustomize: PathBuf,
    folder: PathBuf,
}

impl Kustomization {
    fn new(name: &str, files: &[(&str, &str)]) -> Option<Self> {
        let kustomize = common::find("kustomize")?;
        let folder = common::scratch(name);
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        Some(Kustomization { kustomize, folder })
    }

    /// Standard output, or standard error.
    fn build(&self) -> Result<String, String> {
        let examples = example("set_team").parent().unwrap().to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([examples].into_iter().chain(std::env::split_paths(&path)));
        let mut command = Command::new(&self.kustomize);
        command.args(["build", "--enable-alpha-plugins", "--enable-exec"]);
        let output = common::run(command.arg(&self.folder).env("PATH", path.unwrap()), b"");
        let stderr = String::from_utf8(output.stderr).unwrap();
        if output.status.success() {
            assert_eq!(stderr, "");
            Ok(String::from_utf8(output.stdout).unwrap())
        } else {
            Err(stderr)
        }
    }
}

#[test]
fn kustomize_runs_the_function() {
    let texts = ["kustomization.yaml", "resources.yaml", "set-team.yaml"]
        .map(|name| (name, file(&format!("tests/fixtures/set-team/{name}"))));
    let files = texts.each_ref().map(|(name, text)| (*name, text.as_str()));
    let Some(kustomization) = Kustomization::new("set-team", &files) else {
        return;
    };
    let built = kustomization.build().unwrap();
    assert_eq!(built, file("tests/fixtures/set-team/built.yaml"));
    // With nothing to work on: kustomize hands over the configuration itself.
    std::fs::write(
        kustomization.folder.join("kustomization.yaml"),
        "transformers: [set-team.yaml]\n",
    )
    .unwrap();
    assert_eq!(kustomization.build().unwrap(), "");
    std::fs::write(
        kustomization.folder.join("kustomization.yaml"),
        "generators: [set-team.yaml]\n",
    )
    .unwrap();
    assert_eq!(kustomization.build().unwrap(), "");
    // A mistake stops the build and is shown.
    let wrong =
        file("tests/fixtures/set-team/set-team.yaml").replace("team: payments", "teem: payments");
    std::fs::write(kustomization.folder.join("set-team.yaml"), wrong).unwrap();
    let shown = kustomization.build().unwrap_err();
    let expected = "error: SetTeam/everything: spec.teem: unknown field; did you mean team?\n  fix: team: payments\n";
    assert!(shown.starts_with(expected), "{shown}");
}

const TEAM: &str = "\
apiVersion: example.com/v1
kind: TeamNamespace
metadata:
  name: payments
  annotations:
    config.kubernetes.io/function: 'exec: {path: team_namespace}'
spec:
  pods: 50
";

#[test]
fn kustomize_runs_a_generator_either_way() {
    let files = [
        ("team.yaml", TEAM),
        ("kustomization.yaml", "generators: [team.yaml]\n"),
    ];
    let Some(kustomization) = Kustomization::new("team-namespace", &files) else {
        return;
    };
    let built = kustomization.build().unwrap();
    assert_eq!(built, file("tests/fixtures/team-namespace/built.yaml"));
    for other in [
        "transformers: [team.yaml]\n",
        // The second run finds what the first has made.
        "generators: [team.yaml]\ntransformers: [team.yaml]\n",
    ] {
        std::fs::write(kustomization.folder.join("kustomization.yaml"), other).unwrap();
        assert_eq!(kustomization.build().unwrap(), built, "{other}");
    }
    // Names that kustomize changes later, with the hash suffix and the references to it, survive a transformer.
    let more = "\
transformers: [team.yaml]
namePrefix: x-
configMapGenerator: [{name: settings, literals: [a=b]}]
resources: [pod.yaml]
";
    let pod = "\
apiVersion: v1
kind: Pod
metadata: {name: app}
spec: {containers: [{name: app, envFrom: [{configMapRef: {name: settings}}]}]}
";
    std::fs::write(kustomization.folder.join("pod.yaml"), pod).unwrap();
    std::fs::write(kustomization.folder.join("kustomization.yaml"), more).unwrap();
    let with_references = kustomization.build().unwrap();
    let objects = ResourceList::read(with_references.as_bytes())
        .unwrap()
        .items;
    let name = objects
        .iter()
        .find(|object| object.kind() == "ConfigMap")
        .unwrap()
        .name();
    assert!(name.starts_with("x-settings-"), "{name}");
    let pod = objects
        .iter()
        .find(|object| object.kind() == "Pod")
        .unwrap();
    assert_eq!(
        pod.get_str("spec.containers[0].envFrom[0].configMapRef.name"),
        Some(name)
    );
    assert!(objects.iter().any(|object| object.kind() == "Namespace"));
}
