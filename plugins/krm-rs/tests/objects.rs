//! Objects, their fields by path, and lists of them.

use krm_rs::{Items, Object, Path, ResourceList, Results, Upserted, Value, json, leaves, yaml};
use proptest::prelude::*;

fn pod() -> Object {
    Object::new("v1", "Pod", "app")
        .with_namespace("shop")
        .with_label("app", "shop")
        .with_annotation("config.kubernetes.io/path", "a.yaml")
        .with(
            "spec",
            json!({"containers": [
                {"name": "app", "image": "app:1", "ports": [{"containerPort": 80}]},
                {"name": "log", "image": "log:1"},
            ]}),
        )
}

#[test]
fn identity() {
    let pod = pod();
    assert_eq!((pod.group(), pod.version(), pod.kind()), ("", "v1", "Pod"));
    assert_eq!(pod.id().to_string(), "Pod/shop/app");
    let one = Object::new("apps/v1", "Deployment", "x");
    let other = Object::new("apps/v1beta2", "Deployment", "x");
    assert!(one.is_same(&other));
    assert_eq!(one.id(), other.id());
    assert_eq!(one.id().to_string(), "Deployment/x");
    for other in [
        Object::new("v1", "Deployment", "x"),
        Object::new("apps/v1", "DaemonSet", "x"),
        Object::new("apps/v1", "Deployment", "y"),
        one.clone().with_namespace("z"),
    ] {
        assert!(!one.is_same(&other));
        assert_ne!(one.id(), other.id());
    }
    assert!(Object::try_from(json!([1])).is_err());
    let nothing = Object::try_from(json!({"metadata": "x"})).unwrap();
    assert_eq!(
        (nothing.name(), nothing.kind(), nothing.api_version()),
        ("", "", "")
    );
}

#[test]
fn labels_and_annotations() {
    let mut pod = pod();
    pod.set_label("a", "b");
    pod.set_label("app", "other");
    assert_eq!(
        pod.labels().collect::<Vec<_>>(),
        [("app", "other"), ("a", "b")]
    );
    assert_eq!(pod.remove_label("app"), Some(json!("other")));
    assert_eq!(pod.remove_label("app"), None);
    pod.remove_label("a");
    assert_eq!(
        pod.get("metadata.labels"),
        None,
        "the last takes the mapping with it"
    );
    assert_eq!(pod.annotation("config.kubernetes.io/path"), Some("a.yaml"));
    assert_eq!(pod.annotations().count(), 1);
    // What is no mapping becomes one.
    let mut broken = Object::try_from(json!({"metadata": {"labels": null}})).unwrap();
    broken.set_label("a", "b");
    assert_eq!(
        broken.as_value(),
        &json!({"metadata": {"labels": {"a": "b"}}})
    );
    let mut broken = Object::try_from(json!({"metadata": 1})).unwrap();
    broken.set_name("x");
    assert_eq!(broken.name(), "x");
    for (value, local) in [
        (Some("true"), true),
        (Some(""), true),
        (Some("false"), false),
        (None, false),
    ] {
        let mut object = Object::new("v1", "Pod", "x");
        if let Some(value) = value {
            object.set_annotation("config.kubernetes.io/local-config", value);
        }
        assert_eq!(object.is_local_config(), local);
    }
}

#[test]
fn fields_are_found() {
    let pod = pod();
    for (path, expected) in [
        ("kind", json!("Pod")),
        ("spec.containers[1].image", json!("log:1")),
        ("spec.containers[name=log].image", json!("log:1")),
        (
            "spec.containers[0].ports[containerPort=80].containerPort",
            json!(80),
        ),
        (
            "metadata.annotations[config.kubernetes.io/path]",
            json!("a.yaml"),
        ),
        (
            "metadata[annotations][\"config.kubernetes.io/path\"]",
            json!("a.yaml"),
        ),
        ("[\"kind\"]", json!("Pod")),
        ("", pod.as_value().clone()),
    ] {
        assert_eq!(pod.get(path), Some(&expected), "{path}");
    }
    for path in [
        "nothing",
        "spec.containers[2]",
        "spec.containers[name=x]",
        "spec.containers.name",
        "kind.x",
        "kind[0]",
        "spec[0]",
        "a..b",
        ".a",
        "a.",
        "a[",
        "a]",
        "a[]",
        "a[0]b",
        "a[\"b\"c]",
        "a[\"b",
    ] {
        assert_eq!(pod.get(path), None, "{path}");
    }
    assert_eq!(pod.get_str("spec.containers[0].image"), Some("app:1"));
    assert_eq!(pod.get_str("spec"), None);
}

#[test]
fn fields_are_set() {
    let mut pod = pod();
    let mut set = |path: &str, value: Value| {
        pod.set(path, value)
            .unwrap_or_else(|error| panic!("{error}"))
    };
    set("spec.containers[0].image", json!("app:2"));
    set("spec.containers[name=log].args[0]", json!("-v"));
    set("spec.containers[name=new].image", json!("new:1"));
    set("spec.containers[3]", json!({"name": "fourth"}));
    set("metadata.annotations[a.b/c]", json!("d"));
    set("spec.tolerations[0].key", json!("x"));
    set("spec.nodeSelector[kubernetes.io/os]", json!("linux"));
    insta::assert_snapshot!(yaml::emit(pod.as_value()));
}

#[test]
fn fields_that_can_not_be_set() {
    let before = pod();
    let mut shown = String::new();
    for path in [
        "",
        "a..b",
        "kind.x",
        "kind[0]",
        "spec.containers.image",
        "spec.containers[image]",
        "spec.containers[7].image",
        "spec.missing[1]",
    ] {
        let mut pod = before.clone();
        shown += &format!("{path:?}: {}\n", pod.set(path, 1).unwrap_err());
        assert_eq!(pod, before);
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn fields_are_removed_and_changed() {
    let mut pod = pod();
    assert_eq!(
        pod.remove("spec.containers[0].ports"),
        Some(json!([{"containerPort": 80}]))
    );
    assert_eq!(
        pod.remove("spec.containers[name=app]").unwrap()["image"],
        "app:1"
    );
    assert_eq!(pod.remove("spec.nothing"), None);
    assert_eq!(pod.remove(""), None);
    *pod.get_mut("spec.containers[0].image").unwrap() = json!("x");
    assert_eq!(
        pod.get("spec"),
        Some(&json!({"containers": [{"name": "log", "image": "x"}]}))
    );
    assert_eq!(pod.get_mut(""), None, "the object itself stays a mapping");
    // What is left keeps its order.
    pod.remove("kind");
    let keys: Vec<_> = pod.as_value().as_object().unwrap().keys().collect();
    assert_eq!(keys, ["apiVersion", "metadata", "spec"]);
}

#[test]
fn typed_reading_of_a_part() {
    #[derive(serde::Deserialize)]
    struct Container {
        name: String,
        image: String,
    }
    let containers: Vec<Container> = pod().to_typed_at("spec.containers").unwrap();
    assert_eq!(
        (containers[1].name.as_str(), containers[1].image.as_str()),
        ("log", "log:1")
    );
    assert!(
        pod()
            .to_typed_at::<Option<Container>>("spec.nothing")
            .unwrap()
            .is_none()
    );
    let Err(error) = pod().to_typed_at::<Container>("spec.containers[0].ports[0]") else {
        panic!("ports are no containers");
    };
    assert_eq!(
        error.to_string(),
        "spec.containers[0].ports[0].name: missing, and there is no default"
    );
    let Err(error) = pod().to_typed::<Container>() else {
        panic!("a pod is no container");
    };
    assert_eq!(error.to_string(), "name: missing, and there is no default");
}

#[test]
fn items_are_replaced_in_place() {
    let mut old = Object::new("apps/v1beta1", "Deployment", "b").with("spec", json!({"old": true}));
    for key in [
        "internal.config.kubernetes.io/id",
        "internal.config.kubernetes.io/needsHashSuffix",
        "config.kubernetes.io/path",
        "config.kubernetes.io/index",
        "config.k8s.io/id",
        "kustomize.config.k8s.io/id",
        "example.com/of-the-user",
    ] {
        old.set_annotation(key, "kept");
    }
    let mut items = Items::from(vec![
        Object::new("v1", "A", "a"),
        old,
        Object::new("v1", "C", "c"),
    ]);
    let new = Object::new("apps/v1", "Deployment", "b").with("spec", json!({"new": true}));
    assert_eq!(items.upsert(new.clone()), Upserted::Replaced);
    let once = items.clone();
    assert_eq!(items.upsert(new), Upserted::Replaced);
    assert_eq!(items, once);
    assert_eq!(items.upsert(Object::new("v1", "D", "d")), Upserted::Added);
    let names: Vec<_> = items.iter().map(|object| object.id().to_string()).collect();
    assert_eq!(names, ["A/a", "Deployment/b", "C/c", "D/d"]);
    let deployment = items.find(&once[1].id()).unwrap();
    assert_eq!(deployment.get("spec"), Some(&json!({"new": true})));
    assert_eq!(
        deployment
            .annotations()
            .filter(|(_, value)| *value == "kept")
            .count(),
        6
    );
    assert_eq!(deployment.annotation("example.com/of-the-user"), None);
    items.find_mut(&once[0].id()).unwrap().set_label("x", "y");
    assert_eq!(items[0].label("x"), Some("y"));
}

#[test]
fn forms_of_a_list() {
    let items = "- apiVersion: v1\n  kind: B\n  metadata:\n    name: b\n- apiVersion: v1\n  kind: A\n  metadata:\n    name: a\n";
    let stream = "apiVersion: v1\nkind: B\nmetadata:\n  name: b\n---\napiVersion: v1\nkind: A\nmetadata:\n  name: a\n";
    let written = [
        format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n{items}"),
        format!(
            "kind: ResourceList\napiVersion: config.kubernetes.io/v1beta1\nitems:\n{items}x: z\nfunctionConfig:\n  kind: F\n"
        ),
        format!("apiVersion: v1\nitems:\n{items}kind: List\n"),
        stream.to_owned(),
    ];
    for text in &written {
        let list = ResourceList::read(text.as_bytes()).unwrap();
        assert_eq!(
            list.items.iter().map(Object::name).collect::<Vec<_>>(),
            ["b", "a"]
        );
        assert_eq!(&list.write(&Results::new()), text);
    }
    // Empty documents and comments fall away, as does what a Kubernetes List wraps.
    let nested = format!(
        "---\n# c\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  {}---\n",
        items.trim_end().replace('\n', "\n  ") + "\n"
    );
    let list = ResourceList::read(nested.as_bytes()).unwrap();
    assert_eq!(list.items.len(), 2);
    let inside = format!(
        "{}- apiVersion: v1\n  kind: List\n  items:\n  {}\n",
        written[0],
        items.trim_end().replace('\n', "\n  ")
    );
    assert_eq!(
        ResourceList::read(inside.as_bytes()).unwrap().items.len(),
        4
    );
    // Another kind that happens to end in List is an object like any other.
    let other = b"apiVersion: example.com/v1\nkind: List\nitems: [1]\n";
    assert_eq!(ResourceList::read(other).unwrap().items.len(), 1);
    assert_eq!(ResourceList::read(b"").unwrap().items.len(), 0);
    let config = Object::new("example.com/v1", "F", "f");
    let made = ResourceList::new(vec![pod()], Some(config)).write(&Results::new());
    let read = ResourceList::read(made.as_bytes()).unwrap();
    assert_eq!(
        (read.items.len(), read.function_config.unwrap().kind()),
        (1, "F")
    );
}

#[test]
fn results_of_earlier_functions_stay() {
    let mut results = Results::new();
    results.warning("spec.x", "mine");
    for earlier in [
        "results:\n- message: earlier\n",
        "results: {items: [{message: earlier}]}\n",
    ] {
        let input = format!(
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n{earlier}"
        );
        let list = ResourceList::read(input.as_bytes()).unwrap();
        let written = list.write(&results);
        let read = yaml::load_one(written.as_bytes()).unwrap();
        assert_eq!(read["results"][0], json!({"message": "earlier"}));
        assert_eq!(
            read["results"][1],
            json!({"message": "mine", "severity": "warning", "field": {"path": "spec.x"}})
        );
    }
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,4}",
        "[a-z./]{0,6}",
        "[0-9]{1,2}",
        ".{0,4}",
        "[\\[\\]\"\\\\=.]{0,4}"
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,3}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn paths_lead_back(value in tree()) {
        for (path, leaf) in leaves(&value) {
            let text = path.to_string();
            let read = Path::parse(&text).unwrap();
            prop_assert_eq!(read.get(&value), Some(leaf), "{}", text);
            prop_assert_eq!(read.to_string(), text);
            let mut copy = value.clone();
            read.set(&mut copy, json!("new")).unwrap();
            prop_assert_eq!(read.get(&copy), Some(&json!("new")));
        }
    }

    #[test]
    fn any_path_can_be_tried(value in tree(), path in "[a-c.\\[\\]\"=0-2\\\\]{0,12}") {
        let mut copy = value.clone();
        let Ok(read) = Path::parse(&path) else { return Ok(()) };
        match read.set(&mut copy, json!("new")) {
            // What was selected by its fields may be gone with them.
            Ok(()) if path.contains('=') => {}
            Ok(()) => prop_assert_eq!(read.get(&copy), Some(&json!("new"))),
            Err(_) => prop_assert_eq!(&copy, &value),
        }
        let mut copy = value.clone();
        prop_assert_eq!(read.remove(&mut copy).is_some(), !path.is_empty() && read.get(&value).is_some());
    }

    #[test]
    fn lists_are_written_as_read(values in prop::collection::vec(tree(), 0..4), version in "v1|v1beta1") {
        let objects = values.into_iter().enumerate().map(|(index, value)| {
            Object::new("example.com/v1", "Thing", &index.to_string()).with("spec", value)
        });
        let items: Vec<Value> = objects.map(Value::from).collect();
        let list = json!({
            "apiVersion": format!("config.kubernetes.io/{version}"),
            "kind": "ResourceList",
            "items": items,
            "functionConfig": {"apiVersion": "a/v1", "kind": "F", "metadata": {"name": "f"}},
        });
        let text = yaml::emit(&list);
        let read = ResourceList::read(text.as_bytes()).unwrap();
        prop_assert_eq!(read.write(&Results::new()), text);
    }
}
