//! `spec.grafana`.

use super::{Enabled, ExternalSecret, Image, ParentGateway, Resources};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Grafana.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Grafana {
    /// Whether it is generated. `auto`: where the stores are, which is a hub.
    pub enabled: Enabled,
    /// The size of its volume: users, preferences, dashboards that people made, and plugins.
    pub size: String,
    /// The volume's storage class; that of `store.storageClass` when empty.
    pub storage_class: String,
    /// Who may do everything.
    pub admin: GrafanaAdmin,
    /// How the plugin for VictoriaLogs gets there.
    pub plugins: GrafanaPlugins,
    /// Dashboards, beside those of other ConfigMaps.
    pub dashboards: GrafanaDashboards,
    /// What finds dashboards in other ConfigMaps.
    pub sidecar: GrafanaSidecar,
    /// How people reach it.
    pub expose: GrafanaExpose,
    /// The host by which they do; needed with `expose`. May hold Flux expressions.
    pub host: String,
    /// With `expose: ingress`.
    pub ingress: GrafanaIngress,
    /// With `expose: httproute`.
    pub gateway: ParentGateway,
    /// The image.
    pub image: Image,
    /// Requests and limits; each that is given replaces that of the profile as a whole.
    pub resources: Resources,
}

impl Default for Grafana {
    fn default() -> Self {
        Grafana {
            enabled: Enabled::default(),
            size: "5Gi".into(),
            storage_class: String::new(),
            admin: GrafanaAdmin::default(),
            plugins: GrafanaPlugins::default(),
            dashboards: GrafanaDashboards::default(),
            sidecar: GrafanaSidecar::default(),
            expose: GrafanaExpose::default(),
            host: String::new(),
            ingress: GrafanaIngress::default(),
            gateway: ParentGateway::default(),
            image: Image::default(),
            resources: Resources::default(),
        }
    }
}

/// Grafana's administrator. Grafana reads the password when it makes its database, and never again.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct GrafanaAdmin {
    /// The Secret that holds name and password.
    pub secret: String,
    /// The key of the name in it.
    pub user_key: String,
    /// The key of the password in it.
    pub password_key: String,
    /// Where external-secrets gets the Secret from; the fields there are `username` and `password`.
    pub external_secret: ExternalSecret,
}

impl Default for GrafanaAdmin {
    fn default() -> Self {
        GrafanaAdmin {
            secret: "grafana-admin".into(),
            user_key: "admin-user".into(),
            password_key: "admin-password".into(),
            external_secret: ExternalSecret::default(),
        }
    }
}

/// The plugin for VictoriaLogs.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct GrafanaPlugins {
    /// Where it comes from.
    pub source: PluginSource,
    /// Its version, with `source: internet` and `url`.
    pub version: String,
    /// The archive of a mirror, with `source: url`.
    pub url: String,
    /// An image that holds the plugin and has `cp`, with `source: image`.
    pub image: Image,
    /// The plugin's folder in that image: the one with `plugin.json`.
    pub path: String,
}

impl Default for GrafanaPlugins {
    fn default() -> Self {
        GrafanaPlugins {
            source: PluginSource::default(),
            version: "0.26.3".into(),
            url: String::new(),
            image: Image::default(),
            path: "/victoriametrics-logs-datasource".into(),
        }
    }
}

/// Where a plugin comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PluginSource {
    /// grafana.com. Without it Grafana does not start, until the plugin is on the volume.
    #[default]
    Internet,
    /// An archive at a URL.
    Url,
    /// An image: nothing is downloaded.
    Image,
}

/// Dashboards.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct GrafanaDashboards {
    /// Whether those of the stack are there: log collection, and the health of the stack.
    pub own: bool,
    /// The folder of the stack's own.
    pub folder: String,
    /// Dashboards of grafana.com. They are downloaded from there, once, when Grafana starts.
    pub ids: Vec<GrafanaDashboard>,
    /// The image that downloads them: one with a shell, sed and curl.
    pub image: Image,
}

impl Default for GrafanaDashboards {
    fn default() -> Self {
        GrafanaDashboards {
            own: true,
            folder: "Observability".into(),
            ids: Vec::new(),
            image: Image::default(),
        }
    }
}

/// A dashboard of grafana.com.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct GrafanaDashboard {
    /// Its number there. Required.
    pub id: u32,
    /// Which of its revisions. Required.
    pub revision: u32,
    /// The folder; that of the stack's own dashboards when empty.
    pub folder: String,
}

/// What finds dashboards in other ConfigMaps.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct GrafanaSidecar {
    /// Whether ConfigMaps with the label `grafana_dashboard: "1"` are looked for.
    pub enabled: bool,
    /// Where.
    pub namespaces: SidecarNamespaces,
    /// The image.
    pub image: Image,
}

/// Where ConfigMaps are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SidecarNamespaces {
    /// In the stack's namespace.
    #[default]
    Own,
    /// In all; it may then read every ConfigMap of the cluster.
    All,
}

/// How people reach Grafana.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum GrafanaExpose {
    /// Not by the stack's doing; `kubectl port-forward` always works.
    #[default]
    None,
    /// By an Ingress.
    Ingress,
    /// By an HTTPRoute of the Gateway API.
    HttpRoute,
}

/// The Ingress.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct GrafanaIngress {
    /// The IngressClass; the cluster's default when empty.
    pub class: String,
    /// The Secret with the certificate; without it nothing is said of TLS.
    pub tls_secret: String,
    /// Annotations, such as those of cert-manager. May hold Flux expressions.
    pub annotations: BTreeMap<String, String>,
}
