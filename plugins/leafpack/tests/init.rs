//! `leafpack init`: what it asks, what it takes from settings that are there, and what it writes.

mod common;

use std::fs;
use std::process::Command;

use common::{CATALOG, Folder, Left, STACK, call_with, call_with_a_person};
use leafpack_peer as peer;

const SETTINGS: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: cluster-settings, namespace: flux-system}
data:
  CLUSTER: apps
  ENVIRONMENT: production
  OBSERVABILITY_LOG_ENDPOINT_HOST: logs.example.com
  OBSERVABILITY_LOG_ENDPOINT_PORT: \"9428\"
  OBSERVABILITY_LOG_ENDPOINT_PATH: /insert
  OBSERVABILITY_LOG_TENANT: apps
  GLOBAL_VM_INSERT_ENDPOINT: metrics.example.com:8480
  GLOBAL_VM_SELECT_ENDPOINT: metrics.example.com:8481
  FLUENT_BIT_STATE_PATH: /var/lib/fluent-bit
  CONTAINERD_LOG_PATH: /var/log/containers
  SECRET_DOMAIN: example.com
";

fn init(folder: &Folder, arguments: &[&str]) -> Left {
    let target = folder.path("new");
    let words = [&["leafpack", "init", target.as_str()], arguments].concat();
    call_with(&words, "", &[], &STACK)
}

/// What it left, with the files that it wrote.
fn shown(folder: &Folder, left: &Left) -> String {
    let mut text = folder.strip(left);
    for file in ["new/stack.yaml", "new/kustomization.yaml"] {
        let written = fs::read_to_string(folder.path(file));
        text.push_str(&format!(
            "--- {file}\n{}",
            written.unwrap_or("not written\n".to_owned())
        ));
    }
    text
}

#[test]
fn options_are_enough() {
    let folder = Folder::new(&[]);
    let arguments = [
        "--cluster=eu-1.apps",
        "--role=spoke",
        "--environment=staging",
        "--logs-url=https://logs.example.com",
        "--metrics-url=none",
        "--tenant=apps=2:7",
        "--talos",
        "--policy=cilium",
        "--profile=production",
        "--flux-path=./clusters/apps/observability",
    ];
    let left = init(&folder, &arguments);
    insta::assert_snapshot!(shown(&folder, &left));
}

#[test]
fn settings_that_are_there_are_taken() {
    let folder = Folder::new(&[("settings.yaml", SETTINGS)]);
    let settings = folder.path("settings.yaml");
    // An option wins.
    let left = init(&folder, &["--from", &settings, "--environment", "staging"]);
    insta::assert_snapshot!(shown(&folder, &left));
}

/// A hub is not asked where to write: not by a prompt, not by what its settings say of another hub.
#[test]
fn a_hub_writes_to_its_own_stores() {
    let folder = Folder::new(&[("settings.yaml", SETTINGS)]);
    let settings = folder.path("settings.yaml");
    let left = init(&folder, &["--cluster=infra", "--role=hub"]);
    let mut all = format!("=== options\n{}", shown(&folder, &left));
    fs::remove_dir_all(folder.path("new")).unwrap();
    let left = init(&folder, &["--from", &settings, "--role=hub"]);
    all.push_str(&format!("=== settings\n{}", shown(&folder, &left)));
    let target = folder.path("new");
    fs::remove_dir_all(&target).unwrap();
    let words = ["leafpack", "init", &target];
    let left = call_with_a_person(&words, "infra\nhub\n\n\n\n\n\n\n", &STACK);
    all.push_str(&format!("=== a person\n{}", shown(&folder, &left)));
    insta::assert_snapshot!(all);
}

#[test]
fn a_person_is_asked() {
    let folder = Folder::new(&[("settings.yaml", SETTINGS)]);
    let (target, settings) = (folder.path("new"), folder.path("settings.yaml"));
    let words = [
        "leafpack", "init", &target, "--from", &settings, "--policy", "none",
    ];
    // What has no proposal is asked again; the rest is taken by return.
    let typed = "edge\n\nproduction\n\nnone\n\nyes\n\n\n";
    let left = call_with_a_person(&words, typed, &STACK);
    let mut all = shown(&folder, &left);
    let folder = Folder::new(&[]);
    let words = ["leafpack", "init", &folder.path("new")];
    let left = call_with_a_person(&words, "\n\nedge\n\n\n", &STACK);
    assert_eq!(left.status, 1);
    all.push_str(&format!("=== it ends too soon\n{}", shown(&folder, &left)));
    insta::assert_snapshot!(all);
}

#[test]
fn nothing_is_overwritten_unless_asked() {
    let folder = Folder::new(&[("new/kustomization.yaml", "resources: []\n")]);
    let arguments = ["--cluster=a", "--logs-url=https://x", "--metrics-url=none"];
    let left = init(&folder, &arguments);
    assert_eq!(left.status, 1);
    assert!(
        left.stderr.contains("it is there already"),
        "{}",
        left.stderr
    );
    assert!(!folder.path_of().join("new/stack.yaml").exists());
    assert_eq!(
        init(&folder, &[&arguments[..], &["--force"]].concat()).status,
        0
    );
    let written = fs::read_to_string(folder.path("new/kustomization.yaml")).unwrap();
    assert!(written.contains("- stack.yaml"), "{written}");
}

#[test]
fn mistakes_are_told() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n";
    let folder = Folder::new(&[("secret.yaml", secret)]);
    let secret = folder.path("secret.yaml");
    let enough = ["--cluster=a", "--logs-url=https://x", "--metrics-url=none"];
    let with = |more: &[&'static str]| [&enough[..], more].concat();
    let mut all = String::new();
    for arguments in [
        vec!["--environment=x"],
        vec!["--from", secret.as_str()],
        vec!["--from", "missing.yaml"],
        with(&["--talos=maybe"]),
        with(&["--tenant=2:0"]),
    ] {
        let left = init(&folder, &arguments);
        assert_eq!(left.status, 1, "{arguments:?}");
        assert!(!folder.path_of().join("new").exists(), "{arguments:?}");
        let what = arguments.join(" ").replace(&secret, "secret.yaml");
        all.push_str(&format!("=== {what}\n{}", folder.strip(&left)));
    }
    let left = call_with(&["leafpack", "init"], "", &[], &CATALOG);
    all.push_str(&format!("=== without the function\n{}", left.text()));
    insta::assert_snapshot!(all);
}

/// With the real function: what is written renders, from every source, and what could not is not written.
#[test]
fn what_is_written_renders() {
    let Some(leafpack) = peer::dist_or_skip("what init writes", "bin/leafpack") else {
        return;
    };
    let folder = Folder::new(&[("settings.yaml", SETTINGS)]);
    let settings = folder.path("settings.yaml");
    let run = |arguments: &[&str]| {
        let output = Command::new(&leafpack).args(arguments).output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let url = "--logs-url=https://logs.example.com";
    let metrics = "--metrics-url=https://metrics.example.com";
    for (index, arguments) in [
        vec!["--cluster=apps", url, metrics],
        vec![
            "--cluster=apps",
            url,
            "--metrics-url=none",
            "--talos",
            "--policy=cilium",
        ],
        vec![
            "--cluster=${CLUSTER}",
            url,
            metrics,
            "--tenant=apps=1:2",
            "--policy=none",
        ],
        vec![
            "--cluster=x.y",
            url,
            metrics,
            "--profile=production",
            "--flux-path=./a/b",
        ],
        vec!["--from", &settings],
        vec!["--cluster=infra", "--role=hub", "--policy=cilium"],
        vec!["--from", &settings, "--role=hub"],
    ]
    .iter()
    .enumerate()
    {
        let target = folder.path(&format!("good-{index}"));
        let (done, said) = run(&[&["init", &target], arguments.as_slice()].concat());
        assert!(done, "{arguments:?}: {said}");
        let (done, said) = run(&["render", &format!("{target}/stack.yaml")]);
        assert!(done, "{arguments:?}: {said}");
    }
    let target = folder.path("bad");
    let (done, said) = run(&["init", &target, "--cluster=Not A Name", url, metrics]);
    assert!(!done);
    assert!(
        said.contains("spec.cluster: found") && said.contains("nothing was written"),
        "{said}"
    );
    assert!(!folder.path_of().join("bad").exists());
}
