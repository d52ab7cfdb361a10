//! What Flux's own code makes of the output, in its post-build substitution.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use krm_rs::{Object, Value};
use leafpack_tests::objects::{Objects, assert_same, read};
use leafpack_tests::{peer, workspace};

struct Flux {
    leafpack: PathBuf,
    substitute: PathBuf,
}

impl Flux {
    fn find(test: &str) -> Option<Self> {
        let leafpack = peer::dist_or_skip(test, "bin/leafpack")?;
        let substitute = peer::or_skip(test, "flux-substitute")?;
        Some(Self {
            leafpack,
            substitute,
        })
    }

    fn render(&self, text: &str) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("stack.yaml");
        std::fs::write(&file, text).expect("written");
        let output = Command::new(&self.leafpack)
            .arg("render")
            .arg(&file)
            .output()
            .expect("leafpack starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        output.stdout
    }

    /// What kustomize makes of a stream, where it is there.
    fn through_kustomize(&self, stream: &[u8]) -> Option<Vec<u8>> {
        let kustomize = peer::or_skip("expressions through kustomize and Flux", "kustomize")?;
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text);
        write("all.yaml", stream).expect("written");
        write(
            "kustomization.yaml",
            b"resources: [all.yaml]\nlabels: [{pairs: {team: x}}]\n",
        )
        .expect("written");
        let output = Command::new(kustomize)
            .arg("build")
            .arg(folder.path())
            .output();
        let output = output.expect("kustomize starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        Some(output.stdout)
    }

    fn run(&self, input: &[u8], args: &[&str]) -> Output {
        let mut child = Command::new(&self.substitute)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("flux-substitute starts");
        let mut stdin = child.stdin.take().expect("stdin");
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().expect("it ends");
        let _ = writer.join();
        output
    }

    fn substituted(&self, input: &[u8], args: &[&str]) -> Objects {
        let output = self.run(input, args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {stderr}");
        read(&output.stdout)
    }
}

/// The annotations that make a changed configuration roll the pods: of what was known at build, and of what Flux
/// puts in.
const ROLLING: [&str; 2] = [
    "spec.template.metadata.annotations[leafpack.dev/config-hash]",
    "spec.template.metadata.annotations[leafpack.dev/config-values]",
];

/// Takes these annotations out of the DaemonSet.
fn take_rolling(objects: &mut Objects) -> Vec<Option<String>> {
    let daemon_set = objects
        .values_mut()
        .find(|object| object["kind"] == "DaemonSet")
        .expect("a DaemonSet");
    let mut object = Object::try_from(daemon_set.clone()).expect("an object");
    let values = ROLLING.map(|path| {
        let value = object.remove(path)?;
        Some(
            value
                .as_str()
                .expect("a string, whatever was substituted")
                .to_owned(),
        )
    });
    *daemon_set = object.into();
    values.to_vec()
}

/// The filter's settings, which hold what Flux puts in inside of JSON; no one keeps Flux away from them.
fn settings(objects: &Objects) -> Value {
    let file = "container-logs.json";
    let mut maps = objects
        .values()
        .filter(|object| !object["data"][file].is_null());
    let map = maps.next().expect("a ConfigMap with the filter's settings");
    let annotation = &map["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/substitute"];
    assert!(annotation.is_null(), "{annotation}");
    let text = map["data"][file].as_str().expect("a file");
    let fields = peer::json::fields(text.as_bytes()).unwrap_or_else(|fault| panic!("{fault}"));
    Value::Object(fields.into_iter().collect())
}

fn example(path: &str) -> String {
    let path = workspace().join(path);
    std::fs::read_to_string(Path::new(&path)).expect("the example")
}

/// A build without any expression means the same after the substitution, strict or not, with and without
/// variables.
#[test]
fn literal_output_survives_every_way() {
    let Some(flux) = Flux::find("the example through Flux's substitution") else {
        return;
    };
    for file in ["spoke", "hub-single", "hub-ha"] {
        let rendered = flux.render(&example(&format!("examples/{file}/stack.yaml")));
        let expected = read(&rendered);
        for args in [
            &[][..],
            &["--strict"],
            &["--always"],
            &["--always", "--strict"],
            &["--var", "OTHER=x"],
            &["--strict", "--var", "OTHER=x"],
        ] {
            let what = format!("{file} {}", args.join(" "));
            assert_same(&flux.substituted(&rendered, args), &expected, &what);
        }
    }
}

/// Labels that Flux has a part in are given to vmagent as one text, so that a value such as `8` stays text; here they are
/// written as those that are known beforehand.
fn name_labels(objects: &mut Objects) {
    let agents = objects
        .iter_mut()
        .filter(|(id, _)| id.starts_with("VMAgent "));
    for (_, agent) in agents {
        let Some(arguments) = agent["spec"]["extraArgs"].as_object_mut() else {
            continue;
        };
        let Some(text) = arguments.shift_remove("remoteWrite.label") else {
            continue;
        };
        let pairs = text.as_str().expect("a text").split(',');
        let labels = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').expect("a label");
            (name.to_owned(), Value::from(value))
        });
        agent["spec"]["externalLabels"] = labels.collect();
    }
}

/// What a user leaves to Flux comes out as if it had been written down.
#[test]
fn expressions_become_what_they_stand_for() {
    let Some(flux) = Flux::find("expressions through Flux's substitution") else {
        return;
    };
    let literal = example("examples/spoke/stack.yaml");
    assert!(literal.contains("environment: production"));
    let written =
        |value: &str| literal.replace("environment: production", &format!("environment: {value}"));

    let rendered = flux.render(&written("${ENVIRONMENT}"));
    let mut seen = BTreeSet::new();
    for value in ["staging", "eu-1", "production", "1", "on"] {
        let variable = format!("ENVIRONMENT={value}");
        for args in [&["--var", &variable][..], &["--strict", "--var", &variable]] {
            let mut substituted = flux.substituted(&rendered, args);
            seen.insert(take_rolling(&mut substituted));
            name_labels(&mut substituted);
            assert_eq!(settings(&substituted)["environment"], value);
            let quoted = format!("\"{value}\"");
            let mut expected = read(&flux.render(&written(&quoted)));
            take_rolling(&mut expected);
            assert_same(&substituted, &expected, &args.join(" "));
        }
    }
    assert_eq!(seen.len(), 5, "another value rolls the pods: {seen:?}");

    // Whole builds go through kustomize first: as it spells the file, it survives too.
    let both = literal.replace("cluster: apps", "cluster: ${CLUSTER}");
    let both = both.replace("environment: production", "environment: e-${ENVIRONMENT}.x");
    let built = flux.render(&both);
    let vars = [
        "--strict",
        "--var",
        "CLUSTER=8",
        "--var",
        "ENVIRONMENT=a.b-c",
    ];
    let mut builds = vec![built.clone()];
    builds.extend(flux.through_kustomize(&built));
    for build in builds {
        let found = settings(&flux.substituted(&build, &vars));
        assert_eq!(found["cluster"], "8");
        assert_eq!(found["environment"], "e-a.b-c.x");
    }

    // Strict, and nobody says what it is: Flux refuses, and names it.
    let refused = flux.run(&rendered, &["--strict", "--always"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("ENVIRONMENT"));

    // A default serves where there is no variable.
    let rendered = flux.render(&written("${ENVIRONMENT:=production}"));
    for args in [&["--always"][..], &["--always", "--strict"]] {
        let mut substituted = flux.substituted(&rendered, args);
        take_rolling(&mut substituted);
        name_labels(&mut substituted);
        let mut expected = read(&flux.render(&literal));
        take_rolling(&mut expected);
        assert_same(&substituted, &expected, &args.join(" "));
    }
}
