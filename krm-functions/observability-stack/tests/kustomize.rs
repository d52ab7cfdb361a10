//! The function under the real kustomize, as a native program: the names that it derives survive what kustomizations
//! do to names.

mod common;

use common::references;
use krm_rs::Object;
use leafpack_function_tests::kustomize::{self, Kustomize, Place};
use std::fs;
use std::path::PathBuf;

const PLACE: Place = Place {
    folder: env!("CARGO_TARGET_TMPDIR"),
    program: env!("CARGO_BIN_EXE_observability-stack"),
};

/// A folder of this name with a kustomization in it.
fn kustomization(name: &str, text: &str) -> PathBuf {
    PLACE.write(
        name,
        &[("kustomization.yaml", kustomize::kustomization(text))],
    )
}

/// As [`kustomization`], with a stack that is listed in this field.
fn stack(name: &str, field: &str, config: &str) -> PathBuf {
    kustomization(name, &format!("{field}: [stack.yaml]\n"));
    let function = "\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: leafpack}\nspec:";
    PLACE.write(name, &[("stack.yaml", config.replace("\nspec:", function))])
}

const CONFIGS: [(&str, &str); 3] = [
    ("minimal", include_str!("../fixtures/minimal/config.yaml")),
    ("spoke", include_str!("../fixtures/spoke/config.yaml")),
    ("cilium", include_str!("../fixtures/cilium/config.yaml")),
];

#[test]
fn a_generator_and_a_transformer_give_the_same() {
    let Some(kustomize) = Kustomize::with_filters_or_skip("stack-kustomize") else {
        return;
    };
    for (name, config) in CONFIGS {
        let generator = stack(&format!("{name}-generator"), "generators", config);
        let first = kustomize.build(&generator);
        assert_eq!(
            first.stream,
            kustomize.build(&generator).stream,
            "{name}, run twice"
        );
        let transformer = stack(&format!("{name}-transformer"), "transformers", config);
        let generated = first.objects();
        references::check(&generated);
        assert_eq!(kustomize.build(&transformer).objects(), generated, "{name}");
    }
}

/// What people do to labels, and Flux with `commonMetadata`, which is kustomize's `labels` without selectors.
#[test]
fn references_hold_under_other_labels() {
    let Some(kustomize) = Kustomize::with_filters_or_skip("stack-kustomize-labels") else {
        return;
    };
    let name = "app.kubernetes.io/name: observability";
    let instance = "app.kubernetes.io/instance: foo";
    let labels = [
        format!("labels: [{{pairs: {{{name}, {instance}}}}}]\n"),
        format!("labels: [{{pairs: {{{name}, {instance}}}, includeTemplates: true}}]\n"),
        format!("labels: [{{pairs: {{{name}, {instance}}}, includeSelectors: true}}]\n"),
        format!("commonLabels: {{{instance}}}\n"),
    ];
    for (name, config) in CONFIGS {
        for (index, labels) in labels.iter().enumerate() {
            let base = format!("{name}-labels-base");
            stack(&base, "generators", config);
            let text = format!("resources: [../{base}]\n{labels}");
            let above = kustomization(&format!("{name}-labels-{index}"), &text);
            let objects = kustomize.build(&above).objects();
            let all = objects.iter();
            let changed =
                all.filter(|object| object.label("app.kubernetes.io/instance") == Some("foo"));
            assert_eq!(changed.count(), objects.len(), "{labels}");
            references::check(&objects);
        }
    }
}

/// Two stacks in one kustomization: side by side in two namespaces, refused in one.
#[test]
fn two_transformers_do_not_replace_each_other() {
    let Some(kustomize) = Kustomize::with_filters_or_skip("stack-kustomize-two") else {
        return;
    };
    let config = include_str!("../fixtures/minimal/config.yaml");
    for (namespace, right) in [("observability", false), ("elsewhere", true)] {
        let folder = stack(&format!("two-{namespace}"), "transformers", config);
        let first = fs::read_to_string(folder.join("stack.yaml")).expect("the first stack");
        let second =
            first.replace("name: edge", "name: other") + &format!("  namespace: {namespace}\n");
        fs::write(folder.join("second.yaml"), second).expect("the file can be written");
        kustomization(
            &format!("two-{namespace}"),
            "transformers: [stack.yaml, second.yaml]\n",
        );
        let built = kustomize.try_build(&folder);
        assert_eq!(built.is_ok(), right, "{built:?}");
        match built {
            Ok(built) => assert_eq!(built.objects().len(), 2 * common::objects(config).len()),
            Err(said) => assert!(
                said.contains("found an object of this name in the build"),
                "{said}"
            ),
        }
    }
}

/// A transformer takes out what an earlier run left in the build.
#[test]
fn what_is_no_longer_made_goes() {
    let Some(kustomize) = Kustomize::with_filters_or_skip("stack-kustomize-gone") else {
        return;
    };
    let config = include_str!("../fixtures/minimal/config.yaml");
    let folder = stack("gone-before", "generators", config);
    let before = kustomize.build(&folder).stream;
    let changed = format!("{config}  metrics: {{scrape: none}}\n  network: {{policy: cilium}}\n");
    let folder = stack("gone-after", "transformers", &changed);
    fs::write(folder.join("before.yaml"), before).expect("the file can be written");
    kustomization(
        "gone-after",
        "resources: [before.yaml]\ntransformers: [stack.yaml]\n",
    );
    let after = kustomize.build(&folder).objects();
    let expected = stack("gone-expected", "generators", &changed);
    assert_eq!(after, kustomize.build(&expected).objects());
}

#[test]
fn references_hold_under_another_name_and_namespace() {
    let Some(kustomize) = Kustomize::with_filters_or_skip("stack-kustomize-names") else {
        return;
    };
    for (name, config) in CONFIGS {
        let base = format!("{name}-base");
        stack(&base, "generators", config);
        let above = kustomization(
            &format!("{name}-above"),
            &format!(
                "resources: [../{base}]\nconfigurations: [kustomizeconfig.yaml]\nnamePrefix: pre-\nnameSuffix: -post\nnamespace: elsewhere\n\
                 labels: [{{pairs: {{team: x}}, includeSelectors: true}}]\n"
            ),
        );
        let known = include_str!("../kustomizeconfig.yaml");
        fs::write(above.join("kustomizeconfig.yaml"), known).expect("the file can be written");
        let objects = kustomize.build(&above).objects();
        let sets = objects.iter().filter(|object| object.kind() == "DaemonSet");
        let ids: Vec<_> = sets.map(Object::id).collect();
        let is_it = |id: &krm_rs::ObjectId| &*id.name == "pre-fluent-bit-post";
        let id = ids.iter().find(|id| is_it(id)).expect("Fluent Bit");
        assert_eq!(&*id.namespace, "elsewhere");
        references::check(&objects);
    }
}
