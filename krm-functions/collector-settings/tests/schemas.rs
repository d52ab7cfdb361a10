//! What is changed is still valid against strict schemas: the resources themselves, and those that a chart makes of its
//! values.
//!
//! The check is the one of ObservabilityStack, `schemas.py`. Schemas of custom resources come from the folder that
//! `LEAFPACK_SCHEMAS` names (a copy of datreeio/CRDs-catalog), else from `../shared/schemas` beside the workspace. A kind
//! of which there is none is passed by, and said.

mod common;

use common::{fixtures, objects, read, root};
use krm_rs::{Object, Value, json, yaml};
use leafpack_peer as peer;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TEST: &str = "collector-schemas";

fn validate(folder: &Path, files: &[PathBuf]) -> (Option<i32>, String) {
    let output = Command::new("python3")
        .arg(root().join("../observability-stack/tests/schemas.py"))
        .arg(folder)
        .args(files)
        .output()
        .expect("python3 runs");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// The folder of schemas, unless the test is skipped.
fn folder() -> Option<PathBuf> {
    let folder = peer::schemas_or_skip(TEST)?;
    if peer::find("python3").is_none() || validate(&folder, &[]).1.starts_with("missing: ") {
        peer::skip(TEST, "python");
        return None;
    }
    Some(folder)
}

fn has_schema(folder: &Path, object: &Object) -> bool {
    let file = format!("{}_{}.json", object.kind().to_lowercase(), object.version());
    object.group().is_empty() || folder.join(object.group()).join(file).is_file()
}

/// The resource that a chart makes of these values, as far as it is made of what is looked at here.
fn rendered(release: &Object) -> Option<Object> {
    let at = |path: &str| release.get(path).cloned();
    let name = release.name();
    if let Some(Value::Object(mut spec)) = at("spec.values.vmagent.spec") {
        let more = at("spec.values.vmagent.additionalRemoteWrites")?;
        let mut writes = more.as_array()?.clone();
        let own = json!({"url": "http://vmsingle-vm.monitoring.svc:8428/api/v1/write"});
        writes.push(own);
        spec.insert("remoteWrite".into(), writes.into());
        let agent = Object::new("operator.victoriametrics.com/v1beta1", "VMAgent", name);
        return Some(agent.with("spec", Value::Object(spec)));
    }
    let spec = at("spec.values.prometheus.prometheusSpec")?;
    let prometheus = Object::new("monitoring.coreos.com/v1", "Prometheus", name);
    Some(prometheus.with("spec", spec))
}

/// Every object that there is to look at.
fn all() -> Vec<Object> {
    let mut all = Vec::new();
    for fixture in fixtures() {
        for object in objects(&read(&fixture, "expected.yaml")) {
            all.extend(rendered(&object));
            all.push(object);
        }
    }
    all
}

fn check(folder: &Path, objects: &[Object], name: &str) -> (Option<i32>, String) {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.yaml"));
    let text = yaml::emit_all(objects.iter().map(Object::as_value));
    fs::write(&file, text).expect("the file can be written");
    validate(folder, &[file])
}

#[test]
fn every_object_is_valid() {
    let Some(folder) = folder() else {
        return;
    };
    let (known, unknown): (Vec<_>, Vec<_>) =
        all().into_iter().partition(|o| has_schema(&folder, o));
    for object in unknown {
        eprintln!("not looked at, for want of schemas: {}", object.id());
    }
    for kind in ["VMAgent", "HelmRelease"] {
        assert!(known.iter().any(|object| object.kind() == kind), "{kind}");
    }
    let (code, said) = check(&folder, &known, "valid");
    assert_eq!(code, Some(0), "{said}");
    eprintln!("{}", said.trim());
}

/// The check can fail: on a field of a remote write that is unknown, and on a label that is no text.
#[test]
fn an_unknown_field_is_found() {
    let Some(folder) = folder() else {
        return;
    };
    let agents = all().into_iter().filter(|o| o.kind() == "VMAgent");
    let agent = agents.into_iter().next().expect("an agent");
    for (path, value) in [
        ("spec.remoteWrite[0].queueConfig", json!({"capacity": 1})),
        ("spec.externalLabels.cluster", json!(1)),
    ] {
        let mut broken = agent.clone();
        broken.set(path, value).expect("it can be set");
        let (code, said) = check(&folder, &[broken], "broken");
        assert_eq!(code, Some(1), "{path}: {said}");
    }
}
