//! What is said about wrong configurations: `fixtures/errors/<name>.yaml`, each with its snapshot.

mod common;

use common::{root, run, run_on};
use krm_rs::Object;
use leafpack_function_tests::golden::mistakes;
use leafpack_function_tests::{Large, Placeholder, Unbuilt, items, results, snapshot};
use observability_stack::{Modules, Source};

const GOOD: &str = include_str!("../fixtures/minimal/config.yaml");

#[test]
fn every_mistake_is_named_with_a_fix() {
    for (name, config) in mistakes(root(), 16) {
        let outcome = run::<Placeholder>(&config);
        assert!(!outcome.success, "{name} is right after all");
        assert_eq!(items(&outcome), [], "{name}: nothing is made of a mistake");
        assert!(
            !outcome.stderr.contains("hunter2"),
            "{name}: {}",
            outcome.stderr
        );
        // Nor in the results; the functionConfig itself comes back as it came.
        let results = results(&outcome);
        assert!(!results.contains("hunter2"), "{name}: {results}");
        snapshot!(name, outcome.stderr);
    }
}

struct WithoutAudit;

impl Source for WithoutAudit {
    fn modules() -> Modules<'static> {
        Modules {
            audit: b"",
            ..Placeholder::modules()
        }
    }
}

#[test]
fn modules_have_to_be_there_and_fit() {
    let none = run::<Unbuilt>(GOOD);
    let large = run::<Large>(GOOD);
    assert!(!none.success && !large.success);
    snapshot!("modules", none.stderr + &large.stderr);
}

#[test]
fn an_object_of_somebody_elses_is_not_replaced() {
    let namespace = Object::new("v1", "Namespace", "observability").with_label("team", "x");
    let service = Object::new("v1", "Service", "fluent-bit").with_namespace("observability");
    let theirs = vec![namespace, service];
    let outcome = run_on::<Placeholder>(GOOD, theirs.clone());
    assert!(!outcome.success);
    assert_eq!(items(&outcome), theirs);
    snapshot!("not-ours", outcome.stderr);

    // With the fix that it names, the namespace is left as it is.
    let fixed = format!("{GOOD}  createNamespace: false\n");
    let outcome = run_on::<Placeholder>(&fixed, theirs[..1].to_vec());
    assert!(outcome.success, "{}", outcome.stderr);
    assert_eq!(items(&outcome)[0], theirs[0]);

    // Nor one that never reaches a cluster, for its file would be overwritten.
    let local = Object::new("v1", "ConfigMap", "fluent-bit")
        .with_namespace("observability")
        .with_annotation("config.kubernetes.io/local-config", "true");
    let outcome = run_on::<Placeholder>(GOOD, vec![local.clone()]);
    assert!(!outcome.success);
    assert_eq!(items(&outcome), [local]);
}

/// Two stacks in one build need two namespaces; the second does not take the first one's place.
#[test]
fn an_object_of_another_stack_is_not_replaced() {
    let first = items(&run::<Placeholder>(GOOD));
    let other = GOOD.replace("name: edge", "name: other");
    let outcome = run_on::<Placeholder>(&other, first.clone());
    assert!(!outcome.success);
    assert_eq!(items(&outcome), first);
    snapshot!("another-stack", outcome.stderr);

    let apart = format!("{other}  namespace: elsewhere\n");
    let outcome = run_on::<Placeholder>(&apart, first.clone());
    assert!(outcome.success, "{}", outcome.stderr);
    assert_eq!(items(&outcome)[..first.len()], first);
    assert_eq!(items(&outcome).len(), 2 * first.len());
}

/// What Cilium can match by neither name nor label, as far as that can be told.
#[test]
fn hosts_that_policies_may_not_know_are_named() {
    let mut all = String::new();
    for (host, policy, tag, warned) in [
        ("logs.example.com", "cilium", "5.1.1", false),
        ("vl.observability.svc", "cilium", "5.1.1", false),
        (
            "vl-0.vl.observability.svc.cluster.local",
            "cilium",
            "5.1.1",
            false,
        ),
        ("vl.observability", "cilium", "5.1.1", true),
        ("vl.observability", "kubernetes", "5.1.1", false),
        ("vl.obs.svc.cluster.example.com", "cilium", "5.1.1", true),
        ("[fd00::1]", "kubernetes", "5.1.1", false),
        ("[fd00::1]", "kubernetes", "latest", false),
        ("[fd00::1]", "kubernetes", "3.2.2", true),
        ("10.1.2.3", "kubernetes", "3.2.2", false),
    ] {
        let config = GOOD.replace("logs.example.com", host)
            + &format!("  network: {{policy: {policy}}}\n  logs: {{image: {{tag: {tag}}}}}\n");
        let outcome = run::<Placeholder>(&config);
        assert!(outcome.success, "{host}: {}", outcome.stderr);
        assert_eq!(
            !outcome.stderr.is_empty(),
            warned,
            "{host}: {}",
            outcome.stderr
        );
        all += &outcome.stderr;
    }
    snapshot!("hosts", all);
}

/// What is lost with Fluent Bit's own filters is said each time, and nothing of what is not asked for.
#[test]
fn what_stock_filters_lose_is_said() {
    let mut all = String::new();
    for more in [
        "",
        ", kubernetes: false",
        ", jsonBody: {merge: false}",
        ", jsonBody: {merge: false}, audit: {enabled: true}",
    ] {
        let config = format!("{GOOD}  logs: {{filters: native{more}}}\n");
        let outcome = run::<Placeholder>(&config);
        assert!(outcome.success, "{more}: {}", outcome.stderr);
        all += &format!("filters: native{more}\n{}\n", outcome.stderr);
    }
    snapshot!("native-lost", all);
}

/// With stock filters no module is needed, and none is put into the cluster.
#[test]
fn stock_filters_need_no_modules() {
    let config = format!("{GOOD}  logs: {{filters: native, audit: {{enabled: true}}}}\n");
    let outcome = run::<Unbuilt>(&config);
    assert!(outcome.success, "{}", outcome.stderr);
    let all = items(&outcome);
    assert!(all.iter().all(|object| object.get("binaryData").is_none()));
    // With the filter audit, its module has to be there, too.
    let config = format!("{GOOD}  logs: {{audit: {{enabled: true}}}}\n");
    assert!(!run::<WithoutAudit>(&config).success);
    assert!(run::<WithoutAudit>(GOOD).success);
}

/// Who audit records and Talos' belong to when nothing is said.
#[test]
fn audit_has_the_tenant_of_its_name() {
    for (tenants, tenant, expected) in [
        ("{apps: \"1:0\", audit: \"2:0\"}", "", "audit"),
        ("{apps: \"1:0\"}", "", "apps"),
        ("{apps: \"1:0\", audit: \"2:0\"}", "apps", "apps"),
        ("{apps: \"1:0\", audit: \"2:0\"}", "default", "default"),
    ] {
        let config = format!(
            "{GOOD}  tenants: {tenants}\n  logs: {{tenant: apps, audit: {{enabled: true, tenant: \"{tenant}\"}}}}\n"
        );
        let objects = common::objects(&config);
        let settings = objects
            .iter()
            .find_map(|object| object.get_str("data[audit.json]"))
            .expect("the filter's settings");
        let fields = leafpack_peer::json::fields(settings.as_bytes()).expect("JSON");
        let found = fields.iter().find(|(name, _)| name == "tenant");
        let found = found.and_then(|(_, value)| value.as_str());
        assert_eq!(found, Some(expected), "{tenants} {tenant:?}");
    }
}

#[test]
fn folders_of_the_node_are_not_taken() {
    for (folder, right) in [
        ("/", false),
        ("/var", false),
        ("/var/lib", false),
        ("/var/log", false),
        ("/var/log/pods/x", false),
        ("/etc/fluent-bit", false),
        ("/proc/1", false),
        ("/var/lib/kubelet", false),
        ("/var/lib/kubelet/x", false),
        ("/run/fluent-bit", false),
        ("/usr/../var/x", false),
        ("/var/lib/kubelets", true),
        ("/var/lib/leafpack/", true),
        ("/var/log/fluent-bit", true),
        ("/data/state", true),
    ] {
        let config = format!("{GOOD}  logs: {{stateDir: {folder}}}\n");
        let outcome = run::<Placeholder>(&config);
        assert_eq!(outcome.success, right, "{folder}: {}", outcome.stderr);
    }
}

/// The filter joins cut lines where it lives on from chunk to chunk, and nowhere else unless it is asked to.
#[test]
fn lines_are_joined_where_that_loses_nothing() {
    let with = |tag: &str, join: &str, more: &str| {
        let config = format!("{GOOD}  logs: {{join: {join}, image: {{tag: {tag}}}{more}}}\n");
        let outcome = run::<Placeholder>(&config);
        outcome.success.then(|| {
            let settings = common::filter_settings(&items(&outcome));
            settings["join"].as_str().expect("a word").to_owned()
        })
    };
    let joined = |tag: &str, join: &str| with(tag, join, "");
    // By msgpack it can hold nothing back.
    let packed = |join: &str| with("5.1.1", join, ", format: msgpack, jsonBody: {merge: false}");
    assert_eq!(packed("auto").as_deref(), Some("mark"));
    assert_eq!(packed("host").as_deref(), Some("host"));
    assert_eq!(packed("filter"), None);
    for (tag, auto, filter) in [
        ("3.2.2", "mark", None),
        ("4.0.14-debug", "mark", None),
        ("\"4.0\"", "mark", None),
        ("\"4.1\"", "filter", Some("filter")),
        ("4.1.0", "filter", Some("filter")),
        ("5.1.1-debug", "filter", Some("filter")),
        ("latest", "mark", Some("filter")),
        ("\"5\"", "mark", Some("filter")),
    ] {
        assert_eq!(joined(tag, "auto").as_deref(), Some(auto), "{tag}");
        assert_eq!(joined(tag, "filter").as_deref(), filter, "{tag}");
        for given in ["mark", "host"] {
            assert_eq!(joined(tag, given).as_deref(), Some(given), "{tag}");
        }
    }
}

/// Before 4.1 a module is loaded for each call of the filter. In YAML the filters are the outputs', in the classic form
/// what is read at a time decides how often; it never exceeds the longest line.
#[test]
fn old_versions_load_modules_as_seldom_as_they_can() {
    for (tag, syntax, limit, expected) in [
        ("3.2.2", "auto", "1Mi", ("fluent-bit.yaml", true, 32_768)),
        (
            "4.0.14-debug",
            "yaml",
            "1Mi",
            ("fluent-bit.yaml", true, 32_768),
        ),
        (
            "3.2.2",
            "classic",
            "1Mi",
            ("fluent-bit.conf", false, 131_072),
        ),
        (
            "4.0.14-debug",
            "classic",
            "1Mi",
            ("fluent-bit.conf", false, 131_072),
        ),
        (
            "3.2.2",
            "classic",
            "64Ki",
            ("fluent-bit.conf", false, 65_536),
        ),
        ("4.1.0", "auto", "1Mi", ("fluent-bit.conf", false, 32_768)),
        ("4.1.0", "yaml", "1Mi", ("fluent-bit.yaml", false, 32_768)),
        ("5.1.1", "auto", "1Mi", ("fluent-bit.conf", false, 32_768)),
        ("latest", "auto", "1Mi", ("fluent-bit.conf", false, 32_768)),
    ] {
        let config = format!(
            "{GOOD}  logs: {{syntax: {syntax}, lineLimit: {limit}, audit: {{enabled: true}}, image: {{tag: {tag}}}}}\n"
        );
        let objects = common::objects(&config);
        let (file, at_output, read) = expected;
        let text = objects
            .iter()
            .find_map(|object| object.get_str(&format!("data[{file}]")))
            .unwrap_or_else(|| panic!("{tag}, {syntax}: {file}"));
        let is_value = |name: &str, value: &str| {
            text.lines().any(|line| {
                let words: Vec<&str> = line.split([' ', ':']).filter(|word| !word.is_empty()).collect();
                matches!(words[..], [first, second] if first.eq_ignore_ascii_case(name) && second == value)
            })
        };
        assert!(
            is_value("Buffer_Chunk_Size", &read.to_string()),
            "{tag}, {syntax}"
        );
        assert_eq!(is_value("Workers", "0"), at_output, "{tag}, {syntax}");
        // One for container logs, one for audit.
        let (before, outputs) = text
            .split_once(if file.ends_with("yaml") {
                "\n  outputs:"
            } else {
                "\n[OUTPUT]"
            })
            .expect("outputs");
        let modules = |text: &str| text.matches(".wasm\n").count();
        let found = (modules(before), modules(outputs));
        assert_eq!(
            found,
            if at_output { (0, 2) } else { (2, 0) },
            "{tag}, {syntax}"
        );
        // 128Mi, and 56Mi for an audit event.
        let limit = if at_output { "568Mi" } else { "184Mi" };
        let pod = objects
            .iter()
            .find(|object| object.kind() == "DaemonSet" && object.name() == "fluent-bit")
            .expect("Fluent Bit");
        let path = "spec.template.spec.containers[0].resources.limits.memory";
        assert_eq!(pod.get_str(path), Some(limit), "{tag}, {syntax}");
        let outcome = run::<Placeholder>(&config);
        let warned = outcome
            .stderr
            .contains("spec.logs.syntax: found \"classic\"");
        let costs = syntax == "classic" && !at_output && read > 32_768;
        assert_eq!(warned, costs, "{tag}, {syntax}: {}", outcome.stderr);
    }
}

#[test]
fn versions_with_known_faults_are_named() {
    for (tag, warned) in [
        ("3.2.2", false),
        ("4.0.3", false),
        ("4.0.4", true),
        ("4.1.1-debug", true),
        ("5.0.9", true),
        ("5.1.0", true),
        ("5.1.1", false),
        ("5.2.0", false),
        ("latest", false),
    ] {
        let config = format!("{GOOD}  logs: {{image: {{tag: {tag}}}}}\n");
        let outcome = run::<Placeholder>(&config);
        assert!(outcome.success, "{tag}: {}", outcome.stderr);
        assert_eq!(outcome.stderr.starts_with("warning: "), warned, "{tag}");
        assert_eq!(outcome.stderr.is_empty(), !warned, "{tag}");
    }
}
