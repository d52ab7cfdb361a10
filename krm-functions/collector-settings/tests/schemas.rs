//! What is changed is still valid against strict schemas: the resources themselves, and those that a chart makes of its
//! values.
//!
//! A kind of which there is no schema is passed by, and said.

mod common;

use common::fixtures;
use krm_rs::{Object, Value, json};
use leafpack_function_tests::golden::read;
use leafpack_function_tests::schemas::Schemas;
use leafpack_function_tests::{emit, parse};
use std::path::Path;

/// The schemas, those of custom resources among them, unless the test is skipped.
fn schemas() -> Option<Schemas> {
    Schemas::or_skip("collector-schemas").filter(Schemas::has_custom_resources)
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
        for object in parse(read(&fixture, "expected.yaml")) {
            all.extend(rendered(&object));
            all.push(object);
        }
    }
    all
}

fn check(schemas: &Schemas, objects: &[Object], name: &str) -> Result<(), String> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.yaml"));
    schemas.validate_text(&file, &emit(objects))
}

#[test]
fn every_object_is_valid() {
    let Some(schemas) = schemas() else {
        return;
    };
    let (known, unknown): (Vec<_>, Vec<_>) = all().into_iter().partition(|o| schemas.know(o));
    for object in unknown {
        eprintln!("not looked at, for want of schemas: {}", object.id());
    }
    for kind in ["VMAgent", "HelmRelease"] {
        assert!(known.iter().any(|object| object.kind() == kind), "{kind}");
    }
    let checked = check(&schemas, &known, "valid");
    checked.unwrap_or_else(|problems| panic!("{problems}"));
}

/// The check can fail: on a field of a remote write that is unknown, and on a label that is no text.
#[test]
fn an_unknown_field_is_found() {
    let Some(schemas) = schemas() else {
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
        let checked = check(&schemas, &[broken], "broken");
        assert!(checked.is_err(), "{path}: {checked:?}");
    }
}
