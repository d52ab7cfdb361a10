//! The files that a build becomes.

use std::collections::{BTreeMap, BTreeSet};

use krm_rs::{Items, Object, ResultItem, json, yaml};

use super::super::Failed;

/// The label with an object's part.
const PART_LABEL: &str = "leafpack.dev/part";
/// The part of objects without the label.
const REST: &str = "stack";
/// The part of the Flux Kustomizations, which go to a file of their own.
pub(super) const FLUX: &str = "flux";
/// That file.
const FLUX_FILE: &str = "flux.yaml";
/// What makes a folder one that kustomize builds.
const KUSTOMIZATION: &str = "kustomization.yaml";
/// The first line of what is no object.
const HEAD: &str = "# Written by leafpack build; what is changed here is lost with the next one.\n";
/// No file system takes longer names than 255 bytes; this leaves room for a number and an extension.
const MAX_NAME: usize = 230;

/// The part of an object.
pub(super) fn part(object: &Object) -> &str {
    object.label(PART_LABEL).unwrap_or(REST)
}

/// Files by folder and name; those beside the folders are in `""`.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) folders: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// How many objects a folder, or `flux.yaml`, holds.
    pub(super) objects: BTreeMap<String, usize>,
}

impl Tree {
    /// A folder for each part, and the Flux Kustomizations.
    ///
    /// # Errors
    /// A part's name that is none, and an object that is there twice.
    pub(super) fn of(items: &Items) -> Result<Self, Failed> {
        let mut parts: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        let mut kustomizations = Vec::new();
        let mut seen = BTreeSet::new();
        for object in items.deployable() {
            if !seen.insert(object.id()) {
                let message = "found it twice in the build, expected it once";
                let item = ResultItem::error(message, "leave one of them out").on(object);
                return Err(said(&item));
            }
            match part(object) {
                FLUX => kustomizations.push(object),
                part if is_folder(part) => parts.entry(part).or_default().push(object),
                part => {
                    let message = format!(
                        "found the part {part:?}, expected lower-case letters, digits and '-'"
                    );
                    let fix = format!("metadata:\n  labels:\n    {PART_LABEL}: {REST}");
                    return Err(said(&ResultItem::error(message, fix).on(object)));
                }
            }
        }
        let mut tree = Tree::default();
        for (part, objects) in parts {
            tree.objects.insert(part.to_owned(), objects.len());
            let mut files = named(&objects);
            let names: Vec<&String> = files.keys().collect();
            let kustomization = kustomization(&names);
            files.insert(KUSTOMIZATION.to_owned(), kustomization);
            tree.folders.insert(part.to_owned(), files);
        }
        tree.objects
            .insert(FLUX_FILE.to_owned(), kustomizations.len());
        let flux = yaml::emit_all(kustomizations.into_iter().map(Object::as_value));
        let beside = BTreeMap::from([
            (FLUX_FILE.to_owned(), format!("{HEAD}{flux}").into_bytes()),
            // So that Flux, told to apply the whole folder, does not apply the parts in it too.
            (
                KUSTOMIZATION.to_owned(),
                kustomization(&[&FLUX_FILE.to_owned()]),
            ),
        ]);
        tree.folders.insert(String::new(), beside);
        Ok(tree)
    }
}

fn said(item: &ResultItem) -> Failed {
    let text = item.to_text();
    // The severity is said again by whoever prints it.
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    Failed::Because(text.trim_end().to_owned())
}

fn is_folder(part: &str) -> bool {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !part.is_empty() && part.len() <= 63 && !part.starts_with('-') && part.chars().all(is_name)
}

fn kustomization(resources: &[&String]) -> Vec<u8> {
    let kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    });
    format!("{HEAD}{}", yaml::emit(&kustomization)).into_bytes()
}

/// Objects as files. A name is as short as tells the object from all others: kind and name, then the namespace too, then
/// the group.
fn named(objects: &[&Object]) -> BTreeMap<String, Vec<u8>> {
    let forms = FORMS.map(|form| objects.iter().map(|object| form(object)).collect());
    let uses: [BTreeMap<&str, usize>; 3] = std::array::from_fn(|level| {
        let forms: &Vec<String> = &forms[level];
        forms.iter().fold(BTreeMap::new(), |mut uses, form| {
            *uses.entry(form.as_str()).or_default() += 1;
            uses
        })
    });
    // By identity: the order of a build is nothing that names may hang on.
    let mut order: Vec<usize> = (0..objects.len()).collect();
    order.sort_by_key(|index| objects[*index].id());
    let mut files = BTreeMap::new();
    for index in order {
        let names = (0..forms.len()).map(|level| (&forms[level][index], &uses[level]));
        let mut names = names.filter(|(name, uses)| uses[name.as_str()] == 1);
        let name = names.next().map_or(&forms[0][index], |(name, _)| name);
        let mut file = format!("{name}.yaml");
        let mut number = 2;
        while files.contains_key(&file) || file == KUSTOMIZATION {
            file = format!("{name}-{number}.yaml");
            number += 1;
        }
        files.insert(file, yaml::emit(objects[index].as_value()).into_bytes());
    }
    files
}

/// Names for an object's file, without extension.
const FORMS: [fn(&Object) -> String; 3] = [
    |object| joined(&[object.kind(), object.name()]),
    |object| joined(&[object.kind(), object.namespace(), object.name()]),
    |object| {
        let (group, kind) = (object.group(), object.kind());
        joined(&[group, kind, object.namespace(), object.name()])
    },
];

/// Parts with hyphens between them. Names of RBAC hold colons, which not every file system takes.
fn joined(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    let plain = |c: char| match c {
        'a'..='z' | '0'..='9' | '-' | '.' => c,
        _ => '-',
    };
    let name = parts.join("-").to_lowercase();
    name.chars().map(plain).take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(api_version: &str, kind: &str, namespace: &str, name: &str) -> Object {
        let object = Object::new(api_version, kind, name);
        match namespace {
            "" => object,
            namespace => object.with_namespace(namespace),
        }
    }

    #[test]
    fn names_are_as_short_as_they_can_be() {
        let objects = [
            object("v1", "ConfigMap", "a", "x"),
            object("v1", "ConfigMap", "b", "x"),
            object("v1", "ConfigMap", "b", "y"),
            object("v1", "Service", "a", "x"),
            object("serving.knative.dev/v1", "Service", "a", "x"),
            object(
                "rbac.authorization.k8s.io/v1",
                "ClusterRole",
                "",
                "system:x",
            ),
            object(
                "rbac.authorization.k8s.io/v1",
                "ClusterRole",
                "",
                "system-x",
            ),
            object("example.com/v1", "Kustomization", "", ""),
        ];
        let files = named(&objects.iter().collect::<Vec<_>>());
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "clusterrole-system-x-2.yaml",
                "clusterrole-system-x.yaml",
                "configmap-a-x.yaml",
                "configmap-b-x.yaml",
                "configmap-y.yaml",
                "kustomization-2.yaml",
                "service-a-x.yaml",
                "serving.knative.dev-service-a-x.yaml",
            ]
        );
    }
}
