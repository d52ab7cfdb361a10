//! Presets for sizes.

use crate::spec::{Mode, Profile};
use krm_rs::{Value, json};

/// A container's resources under a profile: names and quantities.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Preset {
    /// What is set aside.
    pub(crate) requests: &'static [(&'static str, &'static str)],
    /// What is not exceeded.
    pub(crate) limits: &'static [(&'static str, &'static str)],
}

/// Fluent Bit, on one node.
pub(crate) fn fluent_bit(profile: Profile) -> Preset {
    match profile {
        Profile::Small => Preset {
            requests: &[("cpu", "50m"), ("memory", "64Mi")],
            limits: &[("cpu", "200m"), ("memory", "128Mi")],
        },
        Profile::Production => Preset {
            requests: &[("cpu", "100m"), ("memory", "128Mi")],
            limits: &[("cpu", "500m"), ("memory", "256Mi")],
        },
    }
}

/// kube-state-metrics.
pub(crate) fn kube_state_metrics(profile: Profile) -> Preset {
    match profile {
        Profile::Small => Preset {
            requests: &[("cpu", "10m"), ("memory", "64Mi")],
            limits: &[("cpu", "200m"), ("memory", "128Mi")],
        },
        Profile::Production => Preset {
            requests: &[("cpu", "50m"), ("memory", "128Mi")],
            limits: &[("cpu", "200m"), ("memory", "256Mi")],
        },
    }
}

/// node-exporter, on one node.
pub(crate) fn node_exporter(_: Profile) -> Preset {
    Preset {
        requests: &[("cpu", "50m"), ("memory", "64Mi")],
        limits: &[("cpu", "200m"), ("memory", "128Mi")],
    }
}

/// vmagent. Its processor is limited by whole cores or not at all: Go takes a part of one for a whole one, and is then
/// held back.
pub(crate) fn vmagent(profile: Profile) -> Preset {
    match profile {
        Profile::Small => Preset {
            requests: &[("cpu", "100m"), ("memory", "256Mi")],
            limits: &[("memory", "512Mi")],
        },
        Profile::Production => Preset {
            requests: &[("cpu", "200m"), ("memory", "512Mi")],
            limits: &[("cpu", "1"), ("memory", "1Gi")],
        },
    }
}

/// VMSingle, or each vmstorage.
pub(crate) fn metrics_store(profile: Profile, mode: Mode) -> Preset {
    match (profile, mode) {
        (Profile::Small, Mode::Single) => Preset {
            requests: &[("cpu", "100m"), ("memory", "512Mi")],
            limits: &[("memory", "1Gi")],
        },
        (Profile::Small, Mode::Cluster) | (Profile::Production, Mode::Single) => Preset {
            requests: &[("cpu", "500m"), ("memory", "1Gi")],
            limits: &[("cpu", "1"), ("memory", "2Gi")],
        },
        (Profile::Production, Mode::Cluster) => Preset {
            requests: &[("cpu", "500m"), ("memory", "2Gi")],
            limits: &[("cpu", "2"), ("memory", "4Gi")],
        },
    }
}

/// Each vmselect.
pub(crate) fn metrics_select(profile: Profile) -> Preset {
    match profile {
        Profile::Small => SMALL_METRICS_PART,
        Profile::Production => Preset {
            requests: &[("cpu", "200m"), ("memory", "500Mi")],
            limits: &[("cpu", "2"), ("memory", "2Gi")],
        },
    }
}

/// Each vminsert, which holds nothing for long.
pub(crate) fn metrics_insert(profile: Profile) -> Preset {
    match profile {
        Profile::Small => SMALL_METRICS_PART,
        Profile::Production => Preset {
            requests: &[("cpu", "200m"), ("memory", "500Mi")],
            limits: &[("cpu", "1"), ("memory", "1Gi")],
        },
    }
}

const SMALL_METRICS_PART: Preset = Preset {
    requests: &[("cpu", "100m"), ("memory", "256Mi")],
    limits: &[("memory", "512Mi")],
};

/// VLSingle, or each part of a VLCluster.
pub(crate) fn logs_store(profile: Profile) -> Preset {
    match profile {
        Profile::Small => Preset {
            requests: &[("cpu", "100m"), ("memory", "128Mi")],
            limits: &[("memory", "384Mi")],
        },
        Profile::Production => Preset {
            requests: &[("cpu", "500m"), ("memory", "1Gi")],
            limits: &[("cpu", "2"), ("memory", "2Gi")],
        },
    }
}

/// The gateway.
pub(crate) fn gateway(profile: Profile) -> Preset {
    match profile {
        Profile::Small => Preset {
            requests: &[("cpu", "50m"), ("memory", "32Mi")],
            limits: &[("memory", "64Mi")],
        },
        Profile::Production => Preset {
            requests: &[("cpu", "100m"), ("memory", "64Mi")],
            limits: &[("cpu", "1"), ("memory", "256Mi")],
        },
    }
}

/// Grafana. Its processor is not limited: opening a dashboard takes much, and for a moment.
pub(crate) fn grafana(_: Profile) -> Preset {
    Preset {
        requests: &[("cpu", "100m"), ("memory", "128Mi")],
        limits: &[("memory", "512Mi")],
    }
}

/// VMAlert.
pub(crate) fn vmalert(profile: Profile) -> Preset {
    match profile {
        Profile::Small => Preset {
            requests: &[("cpu", "50m"), ("memory", "128Mi")],
            limits: &[("memory", "256Mi")],
        },
        Profile::Production => Preset {
            requests: &[("cpu", "100m"), ("memory", "256Mi")],
            limits: &[("cpu", "1"), ("memory", "512Mi")],
        },
    }
}

/// VMAlertmanager.
pub(crate) fn alertmanager(profile: Profile) -> Preset {
    match profile {
        Profile::Small => Preset {
            requests: &[("cpu", "50m"), ("memory", "64Mi")],
            limits: &[("memory", "128Mi")],
        },
        Profile::Production => Preset {
            requests: &[("cpu", "50m"), ("memory", "128Mi")],
            limits: &[("cpu", "1"), ("memory", "256Mi")],
        },
    }
}

/// The VictoriaMetrics operator.
pub(crate) const OPERATOR: Preset = Preset {
    requests: &[("cpu", "50m"), ("memory", "128Mi")],
    limits: &[("memory", "256Mi")],
};

/// How many nodes' collectors may be down at a time during an update.
pub(crate) fn max_unavailable(profile: Profile) -> Value {
    match profile {
        Profile::Small => json!(1),
        Profile::Production => json!("10%"),
    }
}
