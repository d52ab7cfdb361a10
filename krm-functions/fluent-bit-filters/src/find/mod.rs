//! Finds Fluent Bit among the items.

pub(crate) mod helm;
pub(crate) mod operator;
pub(crate) mod workload;

use crate::Fault;
use crate::image::Version;
use crate::names;
use crate::pipeline::Config;
use crate::spec::Target;
use krm_rs::{Items, Object, ObjectId, ResultItem};

/// A Fluent Bit, with its configuration.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The workload.
    pub(crate) workload: ObjectId,
    /// The namespace of its pods.
    pub(crate) namespace: String,
    /// Its release.
    pub(crate) version: Version,
    /// Where volumes and such go.
    pub(crate) slots: Slots,
    /// What it runs.
    pub(crate) written: Written,
    /// What else there is to say.
    pub(crate) remarks: Vec<ResultItem>,
}

/// Fields of a workload, by their paths.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    /// The list of volumes.
    pub(crate) volumes: String,
    /// The list of mounts of Fluent Bit's container.
    pub(crate) mounts: String,
    /// The pods' annotations.
    pub(crate) annotations: String,
}

/// How a pipeline is written.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    /// In files.
    Files(Config),
    /// In fluent-operator's objects, by the name of its ClusterFluentBitConfig.
    Objects(ObjectId),
}

/// A Fluent Bit, or what looks like one.
struct Candidate {
    workload: ObjectId,
    found: Result<Found, Fault>,
}

impl Candidate {
    fn is(&self, target: &Target) -> bool {
        let fits =
            |asked: &Option<String>, found: &str| asked.as_ref().is_none_or(|asked| asked == found);
        fits(&target.kind, &self.workload.kind)
            && fits(&target.name, &self.workload.name)
            && fits(&target.namespace, &self.workload.namespace)
    }

    /// As `spec.target` names it.
    fn as_target(&self) -> String {
        let ObjectId {
            kind,
            name,
            namespace,
            ..
        } = &self.workload;
        match namespace.as_str() {
            "" => format!("{{kind: {kind}, name: {name}}}"),
            _ => format!("{{kind: {kind}, name: {name}, namespace: {namespace}}}"),
        }
    }
}

/// The Fluent Bit that is meant.
///
/// # Errors
/// Where there is none, where several could be meant, and where its configuration is not in the build.
pub(crate) fn find(items: &Items, target: &Target) -> Result<Found, Fault> {
    let mut candidates = Vec::new();
    for object in items.deployable() {
        // What a stack made has its filters.
        if object.label(names::STACK_LABEL).is_some() {
            continue;
        }
        let found = workload::look(items, object)
            .or_else(|| helm::look(items, object))
            .or_else(|| operator::look(items, object));
        candidates.extend(found.map(|found| Candidate {
            workload: object.id(),
            found,
        }));
    }
    let all: Vec<String> = candidates.iter().map(Candidate::as_target).collect();
    let mut meant: Vec<Candidate> = candidates
        .into_iter()
        .filter(|candidate| candidate.is(target))
        .collect();
    match (meant.pop(), meant.len()) {
        (Some(only), 0) => only.found,
        (Some(_), _) => Err(ResultItem::error(
            format!(
                "found several Fluent Bits, expected which one is meant: {}",
                all.join(", ")
            ),
            format!("spec:\n  target: {}", all[0]),
        )
        .at("spec.target").into()),
        (None, _) if all.is_empty() => Err(ResultItem::error(
            format!(
                "found no Fluent Bit among {} objects, expected a DaemonSet, Deployment or StatefulSet whose image is called fluent-bit, a HelmRelease of the chart fluent-bit, or a FluentBit of fluent-operator",
                items.deployable().count()
            ),
            "list this function under transformers: of the kustomization that has Fluent Bit",
        ).into()),
        (None, _) => Err(ResultItem::error(
            format!(
                "found no such Fluent Bit, expected one of: {}",
                all.join(", ")
            ),
            format!("spec:\n  target: {}", all[0]),
        )
        .at("spec.target").into()),
    }
}

/// The ConfigMap of this name and namespace.
pub(crate) fn config_map<'i>(items: &'i Items, name: &str, namespace: &str) -> Option<&'i Object> {
    items.deployable().find(|object| {
        object.kind() == "ConfigMap"
            && object.group().is_empty()
            && object.name() == name
            && object.namespace() == namespace
    })
}

/// Where a command line says that the configuration is.
pub(crate) fn config_path<'a>(words: &[&'a str]) -> Option<&'a str> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if ["-c", "--config"].contains(word) {
            return words.next().copied();
        }
        if let Some(path) = word.strip_prefix("--config=") {
            return Some(path);
        }
    }
    None
}

/// How a file is written, by its name, as Fluent Bit tells it (`flb_config_format.c`).
pub(crate) fn syntax(name: &str) -> crate::pipeline::Syntax {
    match name.ends_with(".yaml") || name.ends_with(".yml") {
        true => crate::pipeline::Syntax::Yaml,
        false => crate::pipeline::Syntax::Classic,
    }
}
