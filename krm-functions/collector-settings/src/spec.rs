//! The `spec` of a CollectorSettings, as it is written. [`Plan`](crate::plan::Plan) says what it means.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What collectors get, and which.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Spec {
    /// The cluster's name, the external label `cluster`. Required; may hold Flux expressions.
    pub cluster: String,
    /// Production, staging and the like: the external label `environment`, when given. May hold Flux expressions.
    pub environment: Option<String>,
    /// Further external labels. Values may hold Flux expressions.
    pub labels: BTreeMap<String, String>,
    /// Where metrics go; without it remote writes stay as they are.
    pub remote_write: Option<RemoteWrite>,
    /// Which collector is meant, where there are several.
    pub target: Target,
    /// Whether all collectors are meant that `target` fits.
    pub all: bool,
    /// What becomes of a value that is there already and is another.
    pub existing: Existing,
}

/// Where metrics go.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RemoteWrite {
    /// `http[s]://host[:port]`, with or without a path that ends in `/api/v1/write`. Required. The host may hold Flux
    /// expressions.
    pub url: String,
    /// How long one request may take, such as `30s`; the collector's default when empty.
    pub send_timeout: String,
    /// Credentials; none when absent.
    pub auth: Option<Auth>,
}

/// Credentials, in a Secret of the collector's namespace.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Auth {
    /// The Secret's name. Required.
    pub secret: String,
    /// What is in it. Required.
    pub kind: Option<AuthKind>,
    /// The key of the token, for [`AuthKind::Bearer`].
    pub token_key: String,
    /// The key of the user's name, for [`AuthKind::Basic`].
    pub username_key: String,
    /// The key of the password, for [`AuthKind::Basic`].
    pub password_key: String,
}

impl Default for Auth {
    fn default() -> Self {
        Auth {
            secret: String::new(),
            kind: None,
            token_key: "token".into(),
            username_key: "username".into(),
            password_key: "password".into(),
        }
    }
}

/// How a collector says who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthKind {
    /// A token.
    Bearer,
    /// A user's name and a password.
    Basic,
}

/// Which collector is meant; a part that is empty fits any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Target {
    /// Its kind, such as `VMAgent` or `HelmRelease`.
    pub kind: String,
    /// Its name, as the build has it when transformers run: with the prefixes of this kustomization.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// In the configuration of Alloy: the label of the `prometheus.remote_write` that is meant, where there are several.
    pub block: String,
}

/// What becomes of a value that is there already and is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Existing {
    /// An error names it.
    #[default]
    Refuse,
    /// It stays.
    Keep,
    /// It is replaced.
    Replace,
}
