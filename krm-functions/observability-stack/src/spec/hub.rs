//! `spec.hub`, and the operator.

use serde::Deserialize;

/// The hub.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Hub {
    /// Where logs go: `http[s]://host[:port]`, with or without a path that ends in `/insert/jsonline`. Required. The
    /// host may hold Flux expressions.
    #[serde(rename = "logsURL")]
    pub logs_url: String,
    /// Where metrics go: `http[s]://host[:port]`, with or without a path that ends in `/api/v1/write`. Required, unless
    /// `collectors.vmagent.install` is `none`. The host may hold Flux expressions.
    #[serde(rename = "metricsURL")]
    pub metrics_url: String,
    /// How the hub is reached.
    pub via: Via,
    /// What the hub wants to see of whoever writes.
    pub auth: Auth,
}

/// How the hub is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// By the URLs as they are: a gateway, an address, or a Service of this cluster or its clusterset.
    #[default]
    Url,
    /// By global Services of Cilium's ClusterMesh. Both sides need one of the same name and namespace; this side's is
    /// generated from the URLs.
    ClusterMesh,
}

/// Credentials for the hub.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Auth {
    /// Which kind.
    pub kind: AuthKind,
    /// The Secret that holds them.
    pub secret: String,
    /// The key of the user's name in it, with `kind: basic`.
    pub username_key: String,
    /// The key of the password, with `kind: basic`.
    pub password_key: String,
    /// The key of the token, with `kind: bearer`.
    pub token_key: String,
    /// Where external-secrets gets the Secret from.
    pub external_secret: ExternalSecret,
}

impl Default for Auth {
    fn default() -> Self {
        Auth {
            kind: AuthKind::default(),
            secret: "hub-writer".into(),
            username_key: "username".into(),
            password_key: "password".into(),
            token_key: "token".into(),
            external_secret: ExternalSecret::default(),
        }
    }
}

/// A kind of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AuthKind {
    /// None.
    #[default]
    None,
    /// A user's name and password.
    Basic,
    /// A token.
    Bearer,
}

/// Where external-secrets gets a Secret from.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ExternalSecret {
    /// The path or name in the store; without it the Secret has to be there already. May hold Flux expressions.
    pub path: String,
    /// The store's name.
    pub store: String,
    /// `ClusterSecretStore` or `SecretStore`.
    pub store_kind: String,
    /// How often it is read again.
    pub refresh_interval: String,
}

impl Default for ExternalSecret {
    fn default() -> Self {
        ExternalSecret {
            path: String::new(),
            store: "onepassword".into(),
            store_kind: "ClusterSecretStore".into(),
            refresh_interval: "1h".into(),
        }
    }
}

/// The VictoriaMetrics operator.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Operator {
    /// Whether the stack brings it, by a HelmRelease of Flux; else it has to be there already.
    pub install: bool,
    /// The version of the chart victoria-metrics-operator.
    pub chart_version: String,
    /// Where the charts are, of the operator and of vmagent, as an OCI repository. May hold Flux expressions.
    pub charts: String,
}

impl Default for Operator {
    fn default() -> Self {
        Operator {
            install: true,
            chart_version: "0.67.2".into(),
            charts: "oci://ghcr.io/victoriametrics/helm-charts".into(),
        }
    }
}
