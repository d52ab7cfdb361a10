//! What Grafana asks.

use super::Plan;
use crate::plan::Plan as StackPlan;
use crate::tenants::Tenants;
use krm_rs::{Value, json, yaml};
use leafpack_fn_common::duration::duration_text;
use leafpack_fn_common::endpoint::Endpoint;
use std::collections::BTreeMap;

/// The uids, by which dashboards find their data; each is the data source's name too, which old dashboards have in its
/// place.
pub(super) const METRICS: &str = "VictoriaMetrics";
const LOGS: &str = "VictoriaLogs";
const ALERTMANAGER: &str = "Alertmanager";

/// The plugin of [`LOGS`].
pub(super) const LOGS_PLUGIN: &str = "victoriametrics-logs-datasource";

/// What readers of the stores ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Datasources<'p> {
    /// What `/api/v1/query` is put behind.
    pub(crate) metrics: &'p Endpoint,
    /// What `/select/logsql/query` is put behind.
    pub(crate) logs: &'p Endpoint,
    /// The Alertmanager, where there is one.
    pub(crate) alertmanager: Option<&'p Endpoint>,
}

impl<'p> Datasources<'p> {
    /// All of them.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = &'p Endpoint> + use<'p> {
        [self.metrics, self.logs]
            .into_iter()
            .chain(self.alertmanager)
    }
}

/// A tenant of the log store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tenant {
    account: u32,
    project: u32,
    /// By which it is known; several, where one tenant has several names.
    names: Vec<String>,
}

/// Each tenant once, but for 0:0, which whoever names none gets.
pub(super) fn tenants(tenants: &Tenants) -> Vec<Tenant> {
    let mut by_numbers: BTreeMap<(u32, u32), Vec<String>> = BTreeMap::new();
    for (name, numbers) in tenants.numbers() {
        by_numbers.entry(numbers).or_default().push(name.to_owned());
    }
    by_numbers.remove(&(0, 0));
    let tenants = by_numbers.into_iter();
    tenants
        .map(|((account, project), names)| Tenant {
            account,
            project,
            names,
        })
        .collect()
}

/// The file of data sources. What it no longer has, Grafana takes out.
pub(super) fn file(plan: &StackPlan, own: &Plan, sources: &Datasources<'_>) -> String {
    let mut all = vec![source(
        METRICS,
        METRICS,
        "prometheus",
        sources.metrics,
        json!({
            "httpMethod": "POST",
            // What `$__rate_interval` is made of: at least four times this.
            "timeInterval": duration_text(plan.scrape_interval_ms),
        }),
    )];
    all[0]["isDefault"] = json!(true);
    all.push(logs(LOGS, LOGS, sources.logs, (0, 0)));
    for tenant in &own.tenants {
        let (account, project) = (tenant.account, tenant.project);
        all.push(logs(
            &format!("{LOGS} {}", tenant.names.join(", ")),
            // At most 40 letters, digits, '-' and '_'; names may be longer, and hold others.
            &format!("{LOGS}-{account}-{project}"),
            sources.logs,
            (account, project),
        ));
    }
    if let Some(alertmanager) = sources.alertmanager {
        all.push(source(
            ALERTMANAGER,
            ALERTMANAGER,
            "alertmanager",
            alertmanager,
            json!({"implementation": "prometheus", "handleGrafanaManagedAlerts": false}),
        ));
    }
    yaml::emit(&json!({"apiVersion": 1, "prune": true, "datasources": all}))
}

fn source(name: &str, uid: &str, kind: &str, endpoint: &Endpoint, settings: Value) -> Value {
    json!({
        "name": name,
        "uid": uid,
        "type": kind,
        "access": "proxy",
        "url": endpoint.url(),
        "isDefault": false,
        "editable": false,
        "jsonData": settings,
    })
}

/// The tenant goes along as headers (`multitenancyHeaders`, since 0.18 of the plugin).
fn logs(name: &str, uid: &str, endpoint: &Endpoint, (account, project): (u32, u32)) -> Value {
    let settings = json!({
        "maxLines": 1000,
        "multitenancyHeaders": {
            "AccountID": account.to_string(),
            "ProjectID": project.to_string(),
        },
    });
    source(name, uid, LOGS_PLUGIN, endpoint, settings)
}
