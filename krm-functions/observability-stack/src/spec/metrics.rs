//! `spec.metrics`.

use serde::Deserialize;

/// What is scraped of the collectors themselves.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Metrics {
    /// Which operator's scrape objects are generated; never those of two, which would count everything twice.
    pub scrape: Scrape,
    /// How often.
    pub scrape_interval: String,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            scrape: Scrape::default(),
            scrape_interval: "30s".into(),
        }
    }
}

/// Whose scrape objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Scrape {
    /// VMServiceScrape, of the VictoriaMetrics operator.
    #[default]
    VictoriaMetrics,
    /// None: the cluster has no such operator, or finds its targets otherwise.
    None,
}
