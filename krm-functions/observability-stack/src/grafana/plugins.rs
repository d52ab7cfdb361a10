//! How the plugin for VictoriaLogs gets there.

use super::datasources::LOGS_PLUGIN;
use super::world;
use crate::image::{self, Image};
use crate::operator::is_version;
use crate::spec::{PluginSource, Spec};
use krm_rs::{Value, json};
use leafpack_fn_common::check::Check;
use leafpack_fn_common::endpoint::{Api, Endpoint};

const PATH: &str = "spec.grafana.plugins";

/// Where Grafana looks for plugins.
const FOLDER: &str = "/var/lib/grafana/plugins";

/// What Grafana installs by itself, from the Internet and in whatever version is the newest
/// (grafana/grafana, `pkg/setting/setting_plugins.go`, `defaultPreinstallPlugins`): apps that nobody asked for. What else
/// stands there are data sources that come with the image.
const UNASKED: [&str; 5] = [
    "grafana-advisor-app",
    "grafana-exploretraces-app",
    "grafana-lokiexplore-app",
    "grafana-metricsdrilldown-app",
    "grafana-pyroscope-app",
];

/// What `spec.grafana.plugins` means.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    /// From grafana.com, in this version.
    Internet(String),
    /// From a URL.
    Url {
        /// The version that is there.
        version: String,
        /// The URL.
        url: String,
        /// Its scheme, host and port.
        origin: Endpoint,
    },
    /// From a folder in an image.
    Image(Image, String),
}

impl Plan {
    /// Checks it. After an error it is whatever it is.
    pub(super) fn read(spec: &Spec, check: &mut Check<'_>) -> Self {
        let given = &spec.grafana.plugins;
        check.literal(
            &format!("{PATH}.version"),
            &given.version,
            "a version such as 0.26.3",
            is_version,
            "0.26.3",
        );
        let is_url = given.source == PluginSource::Url;
        if is_url || !given.url.is_empty() {
            if !is_url {
                check.error(
                    &format!("{PATH}.source"),
                    "found a URL beside it, expected url: nothing would be downloaded from there otherwise",
                    json!("url"),
                );
            } else if let Some(origin) = origin(&given.url, &spec.namespace, check) {
                return Plan::Url {
                    version: given.version.clone(),
                    url: given.url.clone(),
                    origin,
                };
            }
        }
        if given.source != PluginSource::Image {
            return Plan::Internet(given.version.clone());
        }
        let nobodys = image::Default {
            registry: "",
            repository: "",
            tag: "",
        };
        let image = match (&given.image.repository, &given.image.tag) {
            (Some(_), Some(_)) => {
                let path = format!("{PATH}.image");
                Image::read(&given.image, &nobodys, &spec.images, &path, check)
            }
            _ => {
                check.error(
                    &format!("{PATH}.image"),
                    "found no repository or no tag, expected the image that holds the plugin",
                    json!({"repository": "mirror/victoriametrics-logs-datasource", "tag": given.version}),
                );
                Image {
                    registry: String::new(),
                    repository: String::new(),
                    tag: String::new(),
                    digest: String::new(),
                }
            }
        };
        let is_path = |text: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
            text.len() > 1 && text.starts_with('/') && text.chars().all(fits)
        };
        check.literal(
            &format!("{PATH}.path"),
            &given.path,
            "the path of a folder, from the root of the image",
            is_path,
            "/victoriametrics-logs-datasource",
        );
        Plan::Image(image, given.path.clone())
    }

    /// What Grafana is told.
    pub(super) fn environment(&self) -> Vec<Value> {
        let variable = |name: &str, value: &str| json!({"name": name, "value": value});
        let mut plugin = format!("{LOGS_PLUGIN}@");
        match self {
            Plan::Internet(version) => plugin += version,
            Plan::Url { version, url, .. } => plugin += &format!("{version}@{url}"),
            Plan::Image(..) => {
                return vec![
                    // All of it, for nothing of it would be reached.
                    variable("GF_PLUGINS_PREINSTALL_DISABLED", "true"),
                    variable("GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED", "true"),
                ];
            }
        }
        vec![
            // Before Grafana answers: a data source without its plugin would be there, and fail. What is on the volume
            // in this version already is not fetched again.
            variable("GF_PLUGINS_PREINSTALL_SYNC", &plugin),
            variable("GF_PLUGINS_PREINSTALL_AUTO_UPDATE", "false"),
            variable("GF_PLUGINS_DISABLE_PLUGINS", &UNASKED.join(",")),
        ]
    }

    /// What copies the plugin, with its volume and where that is mounted in Grafana. The volume is empty at each start, so
    /// that no file of another version is left, which the plugin's signature would not have.
    pub(super) fn init(&self, security: &Value) -> Option<(Value, Value, Value)> {
        let Plan::Image(image, path) = self else {
            return None;
        };
        let mount = json!({"name": "plugins", "mountPath": FOLDER});
        let target = format!("{FOLDER}/{LOGS_PLUGIN}");
        let container = json!({
            "name": "plugin",
            "image": image.text(),
            "command": ["cp", "-r", path, target],
            "resources": {
                "requests": {"cpu": "10m", "memory": "32Mi"},
                "limits": {"memory": "128Mi"},
            },
            "securityContext": security,
            "volumeMounts": [mount],
        });
        let volume = json!({"name": "plugins", "emptyDir": {}});
        Some((container, volume, mount))
    }

    /// What is asked for the plugin: the catalogue of grafana.com names an archive on Google's storage.
    pub(super) fn downloads(&self) -> Vec<Endpoint> {
        match self {
            Plan::Internet(_) => vec![world("grafana.com"), world("storage.googleapis.com")],
            Plan::Url { origin, .. } => vec![origin.clone()],
            Plan::Image(..) => Vec::new(),
        }
    }
}

/// Scheme, host and port of a URL. Grafana splits its list at commas and spaces.
fn origin(url: &str, namespace: &str, check: &mut Check<'_>) -> Option<Endpoint> {
    let path = format!("{PATH}.url");
    const EXAMPLE: &str = "https://mirror.example.com/victoriametrics-logs-datasource-v0.26.3.zip";
    if url.contains('@') || url.contains('?') {
        check.secret(
            &path,
            "found credentials or parameters, which do not belong into a URL that everybody may read",
            json!(EXAMPLE),
        );
        return None;
    }
    let expected = "the URL of an archive (.zip), http:// or https://, without spaces and commas";
    let fits = |text: &str| {
        let rest = text
            .strip_prefix("https://")
            .or(text.strip_prefix("http://"));
        rest.is_some_and(|rest| rest.contains('/'))
            && text.ends_with(".zip")
            && !text
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || c == ',')
    };
    if !fits(url) {
        check.literal(&path, url, expected, |_| false, EXAMPLE);
        return None;
    }
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url[after..].find('/').map_or(url.len(), |at| after + at);
    // What the path is for does not matter: only who is asked.
    match Endpoint::parse(&url[..end], namespace, Api::RemoteWrite) {
        Ok(origin) => {
            check.note(&origin.host.text());
            check.carried(&path, url, expected, |_| true, EXAMPLE);
            Some(origin)
        }
        Err(fault) => {
            check.error(
                &path,
                &format!("found {url:?}: {}", fault.reason),
                json!(EXAMPLE),
            );
            None
        }
    }
}
