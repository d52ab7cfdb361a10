//! What evaluates alerts, and whom they reach.

use super::{ExternalSecret, Image, Resources};
use serde::Deserialize;

/// What evaluates rules: a VMAlert.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct VmAlert {
    /// How many; each evaluates every rule, and the Alertmanager tells nobody twice.
    pub replicas: u16,
    /// How often.
    pub interval: String,
    /// The image.
    pub image: Image,
    /// Requests and limits; each that is given replaces that of the profile as a whole.
    pub resources: Resources,
}

impl Default for VmAlert {
    fn default() -> Self {
        VmAlert {
            replicas: 1,
            interval: "30s".into(),
            image: Image::default(),
            resources: Resources::default(),
        }
    }
}

/// What tells people: a VMAlertmanager.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Alertmanager {
    /// How many: one, or three, which know of each other.
    pub replicas: u16,
    /// The size of each volume, for silences and what was told.
    pub size: String,
    /// How long an alert that goes on is told again.
    pub repeat_interval: String,
    /// A Secret with the whole configuration under `alertmanager.yaml`; with it, the receivers here do not count.
    pub config_secret: String,
    /// Where external-secrets gets that Secret from, which is `vmalertmanager-config` then unless it is named.
    pub external_secret: ExternalSecret,
    /// Who is told of what is neither critical nor a warning.
    pub default: Receiver,
    /// Who is told of critical alerts.
    pub critical: Receiver,
    /// Who is told of warnings.
    pub warning: Receiver,
    /// Where the Watchdog goes, the alert that always fires: to something that notices when it stops.
    pub watchdog: Receiver,
    /// The image.
    pub image: Image,
    /// Requests and limits; each that is given replaces that of the profile as a whole.
    pub resources: Resources,
}

impl Default for Alertmanager {
    fn default() -> Self {
        Alertmanager {
            replicas: 1,
            size: "1Gi".into(),
            repeat_interval: "4h".into(),
            config_secret: String::new(),
            external_secret: ExternalSecret::default(),
            default: Receiver::default(),
            critical: Receiver::default(),
            warning: Receiver::default(),
            watchdog: Receiver::default(),
            image: Image::default(),
            resources: Resources::default(),
        }
    }
}

/// Somebody who is told. Where it is a URL that is a secret, it stands in a Secret.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Receiver {
    /// How.
    pub kind: ReceiverKind,
    /// The Secret that holds the URL.
    pub secret: String,
    /// Its key.
    pub key: String,
    /// The channel, with `kind: slack`.
    pub channel: String,
}

/// How somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ReceiverKind {
    /// Nobody is.
    #[default]
    None,
    /// By a webhook.
    Webhook,
    /// By a webhook of Slack, or of what speaks as it does.
    Slack,
}
