//! `spec.parts` and `spec.flux`.

use serde::Deserialize;

/// What belongs together when it is applied, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The Namespace.
    Namespace,
    /// Where charts come from: Flux's OCIRepositories and HelmRepositories.
    Sources,
    /// What brings the custom resource definitions.
    Operator,
    /// Everything else.
    Stack,
}

/// The Flux Kustomizations that `leafpack build` writes, one for each part.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Flux {
    /// Flux's source of what `leafpack build` wrote.
    pub source: FluxSource,
    /// The folder of the source that `leafpack build` wrote to.
    pub path: String,
    /// The namespace of the Kustomizations.
    pub namespace: String,
    /// How often each is reconciled.
    pub interval: String,
    /// When a failed one is tried again.
    pub retry_interval: String,
    /// How long one may take, with what it waits for.
    pub timeout: String,
    /// Kustomizations of the same namespace that have to be ready before the first part.
    pub depends_on: Vec<String>,
    /// ConfigMaps and Secrets with the variables that Flux replaces after the build; in this order, later ones win.
    pub substitute_from: Vec<SubstituteFrom>,
}

impl Default for Flux {
    fn default() -> Self {
        Flux {
            source: FluxSource::default(),
            path: "./".into(),
            namespace: "flux-system".into(),
            interval: "10m".into(),
            retry_interval: "1m".into(),
            timeout: "10m".into(),
            depends_on: Vec::new(),
            substitute_from: Vec::new(),
        }
    }
}

/// A source of Flux's.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct FluxSource {
    /// Its kind.
    pub kind: SourceKind,
    /// Its name.
    pub name: String,
    /// Its namespace; that of the Kustomizations when empty.
    pub namespace: String,
}

impl Default for FluxSource {
    fn default() -> Self {
        FluxSource {
            kind: SourceKind::default(),
            name: "flux-system".into(),
            namespace: String::new(),
        }
    }
}

/// A kind of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
pub enum SourceKind {
    /// A Git repository: what was built is committed.
    #[default]
    GitRepository,
    /// An OCI artifact: what was built is pushed, with `flux push artifact`.
    #[serde(rename = "OCIRepository")]
    OciRepository,
}

/// An object with variables.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SubstituteFrom {
    /// Its kind.
    pub kind: SubstituteKind,
    /// Its name. Required.
    pub name: String,
    /// Whether it may be missing.
    pub optional: bool,
}

/// A kind of object with variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
pub enum SubstituteKind {
    /// A ConfigMap.
    #[default]
    ConfigMap,
    /// A Secret.
    Secret,
}

impl SubstituteKind {
    /// As Kubernetes calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SubstituteKind::ConfigMap => "ConfigMap",
            SubstituteKind::Secret => "Secret",
        }
    }
}
