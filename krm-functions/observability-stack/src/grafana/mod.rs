//! Grafana: the workload, what it asks, who may sign in, and which dashboards it has.
//!
//! Everything that dashboards point at has a fixed uid, so that they need no input when they are loaded, and exactly one
//! data source is the default: a second one keeps Grafana from starting. There is one replica, for the database is a
//! file on a volume that one pod may mount.

mod admin;
mod dashboards;
mod datasources;
mod expose;
mod plugins;
mod workload;

pub(crate) use datasources::Datasources;

use crate::image;
use crate::names::Component;
use crate::plan::Plan as StackPlan;
use crate::policy::{self, Egress, Ingress, Rules};
use crate::spec::{Enabled, GrafanaExpose, Role, Spec};
use crate::targets::Target;
use crate::tenants::Tenants;
use crate::workload::{Workload, check_storage_class};
use crate::{access, profile};
use krm_rs::{Object, json};
use leafpack_fn_common::check::Check;
use leafpack_fn_common::endpoint::{Endpoint, Host};
use leafpack_fn_common::quantity::Quantity;

/// What everything here is called.
const COMPONENT: Component = Component {
    name: "grafana",
    component: "grafana",
};

const IMAGE: image::Default = image::Default {
    registry: "docker.io",
    repository: "grafana/grafana",
    tag: "12.4.3",
};

/// Its port, for people and for who scrapes it.
const HTTP: &str = "http";
const PORT: u16 = 3000;

/// The port of its Service.
const SERVICE_PORT: u16 = 80;

/// What `spec.grafana` means.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    workload: Workload,
    size: String,
    storage_class: Option<String>,
    admin: admin::Plan,
    plugins: plugins::Plan,
    dashboards: dashboards::Plan,
    expose: expose::Plan,
    /// Tenants of the log store that have a data source of their own, beside the first.
    tenants: Vec<datasources::Tenant>,
}

impl Plan {
    /// Checks `spec.grafana`; `None` where there is none.
    pub(crate) fn read(spec: &Spec, tenants: &Tenants, check: &mut Check<'_>) -> Option<Self> {
        const PATH: &str = "spec.grafana";
        let given = &spec.grafana;
        let has_stores = spec.role == Some(Role::Hub);
        if given.enabled == Enabled::Always && !has_stores {
            check.error(
                &format!("{PATH}.enabled"),
                "found true, expected auto or false: the stores that it would ask are the hub's",
                json!("auto"),
            );
        }
        let is_size = |text: &str| {
            Quantity::parse(text).is_some_and(|size| size.whole_bytes() && size.bytes() > 0)
        };
        check.literal(
            &format!("{PATH}.size"),
            &given.size,
            "a size such as 5Gi",
            is_size,
            "5Gi",
        );
        check_storage_class(&format!("{PATH}.storageClass"), &given.storage_class, check);
        let classes = [&given.storage_class, &spec.store.storage_class];
        let plan = Plan {
            workload: Workload::read(
                spec,
                PATH,
                (&given.image, &IMAGE),
                (&given.resources, &profile::grafana(spec.profile)),
                check,
            ),
            size: given.size.clone(),
            storage_class: classes.into_iter().find(|class| !class.is_empty()).cloned(),
            admin: admin::Plan::read(&given.admin, check),
            plugins: plugins::Plan::read(spec, check),
            dashboards: dashboards::Plan::read(spec, check),
            expose: expose::Plan::read(given, check),
            tenants: datasources::tenants(tenants),
        };
        let wanted = match given.enabled {
            Enabled::Auto | Enabled::Always => has_stores,
            Enabled::Never => false,
        };
        wanted.then_some(plan)
    }
}

/// What scrapes it.
pub(crate) fn target() -> Target {
    Target::of(&COMPONENT, HTTP)
}

/// All objects but what scrapes it.
pub(crate) fn objects(plan: &StackPlan, own: &Plan, sources: &Datasources<'_>) -> Vec<Object> {
    let provisioning = provisioning(plan, own, sources);
    let mut objects = access::objects(plan, &COMPONENT, own.dashboards.cluster_rules());
    objects.extend(own.dashboards.namespace_access(plan));
    objects.extend(own.admin.object(plan));
    objects.push(
        COMPONENT
            .object(plan, "v1", "ConfigMap", COMPONENT.name)
            .with("data", provisioning.data()),
    );
    objects.extend(own.dashboards.objects(plan));
    objects.push(workload::volume(plan, own));
    objects.push(workload::deployment(plan, own, &provisioning));
    objects.push(workload::service(plan));
    objects.extend(own.expose.object(plan));
    objects.extend(network_policy(plan, own, sources));
    objects
}

/// The files from which Grafana learns what it asks, and where dashboards are.
struct Provisioning {
    datasources: String,
    providers: String,
}

/// Their names in the ConfigMap.
const DATASOURCES_FILE: &str = "datasources.yaml";
const PROVIDERS_FILE: &str = "providers.yaml";

impl Provisioning {
    fn data(&self) -> krm_rs::Value {
        json!({DATASOURCES_FILE: self.datasources, PROVIDERS_FILE: self.providers})
    }
}

fn provisioning(plan: &StackPlan, own: &Plan, sources: &Datasources<'_>) -> Provisioning {
    Provisioning {
        datasources: datasources::file(plan, own, sources),
        providers: own.dashboards.providers(),
    }
}

/// Asked by people and scraped at one port; asks the stores, and the world for what is downloaded.
fn network_policy(plan: &StackPlan, own: &Plan, sources: &Datasources<'_>) -> Option<Object> {
    let mut downloads = own.plugins.downloads();
    if let Some(site) = own.dashboards.downloads()
        && !downloads.contains(&site)
    {
        downloads.push(site);
    }
    let mut egress: Vec<Egress<'_>> = sources.endpoints().map(Egress::Hub).collect();
    egress.extend(downloads.iter().map(Egress::Hub));
    if own.dashboards.has_sidecar() {
        egress.push(Egress::ApiServer);
    }
    let mut ingress = vec![Ingress::Node(PORT)];
    if own.expose.kind != GrafanaExpose::None {
        // Where the pods of an Ingress controller or of a Gateway run, nobody says.
        ingress = vec![Ingress::Anywhere(PORT)];
    }
    let rules = Rules {
        scraped: vec![PORT],
        ingress,
        egress,
    };
    policy::object(plan, &COMPONENT, &rules)
}

/// Somewhere in the world, by HTTPS.
fn world(host: &str) -> Endpoint {
    Endpoint {
        tls: true,
        host: Host::Name(host.to_owned()),
        port: 443,
        path: String::new(),
    }
}
