//! What a [`Spec`] means: checked, and ready to be put into a pipeline.

use crate::settings;
use crate::spec::{Entry as SpecEntry, FilterName, Format, Position, Spec, Target, Tenant};
use krm_rs::{Map, Results, Value, json};
use leafpack_fn_common::check::{Check, is_dns_label, is_dns_subdomain, is_label_value};
use leafpack_fn_common::flux::Expressions;
use leafpack_fn_common::modules::Filter;

/// Checked configuration.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The resource's own name.
    pub(crate) name: String,
    /// The cluster's name; may hold Flux expressions.
    pub(crate) cluster: String,
    /// May hold Flux expressions.
    pub(crate) environment: Option<String>,
    /// Whose records these are.
    pub(crate) tenant: Tenant,
    /// Which Fluent Bit.
    pub(crate) target: Target,
    /// What is added, in this order.
    pub(crate) entries: Vec<Entry>,
    /// Whether sections that do the same go.
    pub(crate) replace: bool,
    /// The user's Flux expressions.
    pub(crate) expressions: Expressions,
}

/// One filter of the pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Where it stands in `spec.filters`.
    pub(crate) index: usize,
    /// Which.
    pub(crate) filter: FilterName,
    /// The tags that it is told, if it is.
    pub(crate) matching: Option<String>,
    /// Where.
    pub(crate) position: Position,
    /// How it gets records.
    pub(crate) format: Format,
    /// The user's settings.
    pub(crate) settings: Map<String, Value>,
}

impl Entry {
    /// `spec.filters[n].<field>`.
    pub(crate) fn path(&self, field: &str) -> String {
        format!("spec.filters[{}].{field}", self.index)
    }

    /// The exported function that is called.
    pub(crate) fn function(&self) -> String {
        let name = self.filter.module().function();
        match self.format {
            Format::Json => name.to_owned(),
            Format::Msgpack => format!("{name}_msgpack"),
        }
    }
}

/// The workloads that may be named in `spec.target.kind`.
pub(crate) const KINDS: [&str; 5] = [
    "DaemonSet",
    "Deployment",
    "StatefulSet",
    "HelmRelease",
    "FluentBit",
];

impl Plan {
    /// Checks a configuration and says everything that is wrong with it.
    ///
    /// `name` is the resource's own name. `None` after an error.
    pub(crate) fn read(spec: &Spec, name: &str, results: &mut Results) -> Option<Plan> {
        let mut check = Check::new(results);
        check.literal(
            "metadata.name",
            name,
            "a name of lower-case letters, digits and '-', of at most 63 characters",
            is_dns_label,
            "fluent-bit",
        );
        check.cluster(&spec.cluster, "apps");
        for (path, value, example) in [
            ("spec.environment", &spec.environment, "production"),
            ("spec.tenant.default", &spec.tenant.default, "apps"),
        ] {
            check.word(path, value.as_ref(), example);
        }
        tenant(&spec.tenant, &mut check);
        target(&spec.target, &mut check);
        let entries = entries(&spec.filters, &mut check);
        let expressions = check.finish()?;
        Some(Plan {
            name: name.to_owned(),
            cluster: spec.cluster.clone(),
            environment: spec.environment.clone(),
            tenant: spec.tenant.clone(),
            target: spec.target.clone(),
            entries,
            replace: spec.replace,
            expressions,
        })
    }

    /// The modules that are needed, each once.
    pub(crate) fn filters(&self) -> Vec<Filter> {
        let mut filters: Vec<Filter> = self.entries.iter().map(|e| e.filter.module()).collect();
        filters.sort();
        filters.dedup();
        filters
    }
}

fn tenant(tenant: &Tenant, check: &mut Check<'_>) {
    for (namespace, name) in &tenant.namespaces {
        let path = format!("spec.tenant.namespaces[{namespace}]");
        let plain = namespace.strip_suffix('*').unwrap_or(namespace);
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if namespace.is_empty() || plain.len() > 63 || !plain.chars().all(fits) {
            check.error(
                "spec.tenant.namespaces",
                &format!("found {namespace:?}, expected a namespace, or the start of one and *"),
                json!({"team-a-*": name}),
            );
        }
        check.carried(
            &path,
            name,
            "a word of letters, digits, '-', '_' and '.', of at most 63 characters",
            is_label_value,
            "finance",
        );
    }
    if let Some(label) = &tenant.label {
        check.literal(
            "spec.tenant.label",
            label,
            "the name of a label",
            is_label_name,
            "leafpack.dev/tenant",
        );
    }
}

/// A label's name, with or without its domain.
fn is_label_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((domain, name)) => is_dns_subdomain(domain) && is_label_value(name),
        None => is_label_value(text),
    }
}

fn target(target: &Target, check: &mut Check<'_>) {
    if let Some(kind) = target
        .kind
        .as_ref()
        .filter(|k| !KINDS.contains(&k.as_str()))
    {
        check.error(
            "spec.target.kind",
            &format!("found {kind:?}, expected one of: {}", KINDS.join(", ")),
            json!("DaemonSet"),
        );
    }
}

fn entries(entries: &[SpecEntry], check: &mut Check<'_>) -> Vec<Entry> {
    if entries.is_empty() {
        check.error(
            "spec.filters",
            "found an empty list, expected at least one filter",
            json!([{"filter": "container-logs"}]),
        );
    }
    let mut made: Vec<Entry> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let path = |field: &str| format!("spec.filters[{index}].{field}");
        if !entry.matching.is_empty() {
            // It stands on a line of its own, and in quotes in YAML.
            check.literal(
                &path("match"),
                &entry.matching,
                "a tag, with * for any text",
                |text| {
                    text.chars()
                        .all(|c| c.is_ascii_graphic() && !"'\"#".contains(c))
                },
                "kube.*",
            );
        }
        if entry.filter == FilterName::Audit && entry.format == Format::Msgpack {
            check.error(
                &path("format"),
                "found \"msgpack\", expected json: the filter audit knows no other",
                json!("json"),
            );
        }
        settings::check(&path("settings"), entry, check);
        if let Some(twin) = made.iter().find(|other| other.filter == entry.filter) {
            check_twin(twin, index, entry, check);
        }
        made.push(Entry {
            index,
            filter: entry.filter,
            matching: Some(entry.matching.clone()).filter(|text| !text.is_empty()),
            position: entry.position,
            format: entry.format,
            settings: entry.settings.clone(),
        });
    }
    made
}

/// A filter reads one settings file, however often it stands in the pipeline.
fn check_twin(twin: &Entry, index: usize, entry: &SpecEntry, check: &mut Check<'_>) {
    let path = |field: &str| format!("spec.filters[{index}].{field}");
    if twin.matching.as_deref().unwrap_or_default() == entry.matching {
        check.error(
            &path("match"),
            &format!(
                "found the same filter for the same tags as {}, expected other tags",
                twin.path("match")
            ),
            json!("other.*"),
        );
    }
    for (field, same, fix) in [
        (
            "settings",
            twin.settings == entry.settings,
            json!(twin.settings),
        ),
        (
            "format",
            twin.format == entry.format,
            json!(twin.format.name()),
        ),
    ] {
        if !same {
            check.error(
                &path(field),
                &format!(
                    "found another value than {} has, expected the same: a filter has one settings file",
                    twin.path(field)
                ),
                fix,
            );
        }
    }
}
