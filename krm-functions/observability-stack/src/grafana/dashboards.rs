//! Dashboards: the stack's own, those of grafana.com, and those in other ConfigMaps.

use super::datasources::METRICS;
use super::{COMPONENT, world};
use crate::image::{self, Image};
use crate::plan::Plan as StackPlan;
use crate::spec::{SidecarNamespaces, Spec};
use krm_rs::{Object, Value, json, yaml};
use leafpack_fn_common::check::Check;
use leafpack_fn_common::endpoint::Endpoint;
use std::collections::BTreeSet;

const PATH: &str = "spec.grafana.dashboards";

/// The stack's own: names of files, and what is in them. No text in them is one that Flux replaces.
pub(super) const OWN: [(&str, &str); 2] = [
    (
        "log-collection.json",
        include_str!("../../dashboards/log-collection.json"),
    ),
    (
        "stack-health.json",
        include_str!("../../dashboards/stack-health.json"),
    ),
];

/// Where dashboards are in Grafana: the stack's own; those that are downloaded, on the volume; those that are found.
const OWN_FOLDER: &str = "/leafpack/dashboards";
pub(super) const DOWNLOAD_FOLDER: &str = "/var/lib/grafana/leafpack-dashboards";
const FOUND_FOLDER: &str = "/leafpack/found";

/// Downloads; each line is explained there.
pub(super) const DOWNLOAD: &str = include_str!("download.sh");

/// Where dashboards are downloaded from.
const SITE: &str = "https://grafana.com/api/dashboards";

const DOWNLOADER: image::Default = image::Default {
    registry: "docker.io",
    repository: "curlimages/curl",
    tag: "8.22.0",
};

const SIDECAR: image::Default = image::Default {
    registry: "quay.io",
    repository: "kiwigrid/k8s-sidecar",
    tag: "2.5.0",
};

/// By which other ConfigMaps are known, and the annotation that names a dashboard's folder.
const LABEL: (&str, &str) = ("grafana_dashboard", "1");
const FOLDER_ANNOTATION: &str = "grafana_folder";

/// What `spec.grafana.dashboards` and `spec.grafana.sidecar` mean.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    own: bool,
    folder: String,
    /// Number, revision and folder of each.
    downloads: Vec<(u32, u32, String)>,
    downloader: Image,
    sidecar: Option<(Image, SidecarNamespaces)>,
}

impl Plan {
    /// Checks them.
    pub(super) fn read(spec: &Spec, check: &mut Check<'_>) -> Self {
        let given = &spec.grafana.dashboards;
        let folder = |path: &str, text: &str, check: &mut Check<'_>| {
            check.literal(
                path,
                text,
                "a folder's name: letters, digits, spaces, '-' and '_', at most 63 characters",
                is_folder,
                "Observability",
            );
        };
        folder(&format!("{PATH}.folder"), &given.folder, check);
        let mut seen = BTreeSet::new();
        let mut downloads = Vec::new();
        for (index, one) in given.ids.iter().enumerate() {
            let path = format!("{PATH}.ids[{index}]");
            for (field, number, example) in
                [("id", one.id, 15757_u32), ("revision", one.revision, 43)]
            {
                if number == 0 {
                    check.error(
                        &format!("{path}.{field}"),
                        "found nothing or 0, expected the number that grafana.com shows",
                        json!(example),
                    );
                }
            }
            if !one.folder.is_empty() {
                folder(&format!("{path}.folder"), &one.folder, check);
            }
            if one.id != 0 && !seen.insert(one.id) {
                check.error(
                    &format!("{path}.id"),
                    &format!("found {} twice, expected each dashboard once", one.id),
                    json!(1860),
                );
            }
            let folder = match one.folder.as_str() {
                "" => &given.folder,
                _ => &one.folder,
            };
            downloads.push((one.id, one.revision, folder.clone()));
        }
        let downloader = Image::read(
            &given.image,
            &DOWNLOADER,
            &spec.images,
            &format!("{PATH}.image"),
            check,
        );
        let sidecar = &spec.grafana.sidecar;
        let path = "spec.grafana.sidecar.image";
        let image = Image::read(&sidecar.image, &SIDECAR, &spec.images, path, check);
        Plan {
            own: given.own,
            folder: given.folder.clone(),
            downloads,
            downloader,
            sidecar: sidecar.enabled.then_some((image, sidecar.namespaces)),
        }
    }

    /// Whether something looks for ConfigMaps.
    pub(super) fn has_sidecar(&self) -> bool {
        self.sidecar.is_some()
    }

    /// The file that says where dashboards are. Files are looked at again and again, so a change of one needs no restart.
    pub(super) fn providers(&self) -> String {
        let mut providers = Vec::new();
        let mut provide = |name: &str, path: &str, folder: Option<&str>| {
            let mut provider = json!({
                "name": name,
                "type": "file",
                "disableDeletion": false,
                "allowUiUpdates": false,
                "updateIntervalSeconds": 30,
                "options": {"path": path},
            });
            match folder {
                Some(folder) => provider["folder"] = json!(folder),
                None => provider["options"]["foldersFromFilesStructure"] = json!(true),
            }
            providers.push(provider);
        };
        if self.own {
            provide("leafpack", OWN_FOLDER, Some(&self.folder));
        }
        if !self.downloads.is_empty() {
            provide("grafana.com", DOWNLOAD_FOLDER, None);
        }
        if self.has_sidecar() {
            provide("configmaps", FOUND_FOLDER, None);
        }
        yaml::emit(&json!({"apiVersion": 1, "providers": providers}))
    }

    /// The ConfigMap of the stack's own.
    pub(super) fn objects(&self, plan: &StackPlan) -> Option<Object> {
        let data: Value = OWN
            .iter()
            .map(|(name, text)| ((*name).to_owned(), json!(text)))
            .collect();
        let name = COMPONENT.named("dashboards");
        let object = COMPONENT.object(plan, "v1", "ConfigMap", &name);
        self.own.then(|| object.with("data", data))
    }

    /// What the sidecar may read in the whole cluster.
    pub(super) fn cluster_rules(&self) -> Option<Value> {
        match self.sidecar {
            Some((_, SidecarNamespaces::All)) => Some(rules()),
            _ => None,
        }
    }

    /// What it may read in the stack's namespace, where that is all.
    pub(super) fn namespace_access(&self, plan: &StackPlan) -> Vec<Object> {
        let Some((_, SidecarNamespaces::Own)) = self.sidecar else {
            return Vec::new();
        };
        const RBAC: &str = "rbac.authorization.k8s.io/v1";
        let role = COMPONENT
            .object(plan, RBAC, "Role", COMPONENT.name)
            .with("rules", rules());
        let binding = COMPONENT
            .object(plan, RBAC, "RoleBinding", COMPONENT.name)
            .with(
                "roleRef",
                json!({
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "Role",
                    "name": role.name(),
                }),
            )
            .with(
                "subjects",
                json!([{
                    "kind": "ServiceAccount",
                    "name": COMPONENT.name,
                    "namespace": plan.namespace,
                }]),
            );
        vec![role, binding]
    }

    /// What downloads, before Grafana starts.
    pub(super) fn init(&self, security: &Value, data: &Value) -> Option<Value> {
        if self.downloads.is_empty() {
            return None;
        }
        let mut command = vec![
            "sh".to_owned(),
            "-c".to_owned(),
            DOWNLOAD.to_owned(),
            "download".to_owned(),
        ];
        for (id, revision, folder) in &self.downloads {
            command.extend([id.to_string(), revision.to_string(), folder.clone()]);
        }
        let variable = |name: &str, value: &str| json!({"name": name, "value": value});
        Some(json!({
            // Not as the sidecar is called: no two containers of a pod share a name, whatever they are.
            "name": "download-dashboards",
            "image": self.downloader.text(),
            "command": command,
            "env": [
                variable("FOLDER", DOWNLOAD_FOLDER),
                variable("SITE", SITE),
                variable("SOURCE", METRICS),
            ],
            "resources": {
                "requests": {"cpu": "10m", "memory": "32Mi"},
                "limits": {"memory": "128Mi"},
            },
            "securityContext": security,
            "volumeMounts": [data],
        }))
    }

    /// What finds dashboards while Grafana runs.
    pub(super) fn sidecar(&self, security: &Value) -> Option<Value> {
        let (image, namespaces) = self.sidecar.as_ref()?;
        let variable = |name: &str, value: &str| json!({"name": name, "value": value});
        let mut environment = vec![
            variable("LABEL", LABEL.0),
            variable("LABEL_VALUE", LABEL.1),
            variable("RESOURCE", "configmap"),
            variable("METHOD", "WATCH"),
            variable("FOLDER", FOUND_FOLDER),
            variable("FOLDER_ANNOTATION", FOLDER_ANNOTATION),
            // Two ConfigMaps may have a file of the same name.
            variable("UNIQUE_FILENAMES", "true"),
        ];
        // Without a word it looks in its own.
        if *namespaces == SidecarNamespaces::All {
            environment.push(variable("NAMESPACE", "ALL"));
        }
        Some(json!({
            "name": "dashboards",
            "image": image.text(),
            "env": environment,
            "resources": {
                "requests": {"cpu": "10m", "memory": "64Mi"},
                "limits": {"memory": "128Mi"},
            },
            "securityContext": security,
            "volumeMounts": [
                {"name": "found", "mountPath": FOUND_FOLDER},
                {"name": "tmp", "mountPath": "/tmp"},
            ],
        }))
    }

    /// Volumes of Grafana's pod, and where it has them.
    pub(super) fn volumes(&self) -> Vec<(Value, Value)> {
        let mut all = Vec::new();
        if self.own {
            let name = COMPONENT.named("dashboards");
            all.push((
                json!({"name": "dashboards", "configMap": {"name": name}}),
                json!({"name": "dashboards", "mountPath": OWN_FOLDER, "readOnly": true}),
            ));
        }
        if self.has_sidecar() {
            all.push((
                json!({"name": "found", "emptyDir": {}}),
                json!({"name": "found", "mountPath": FOUND_FOLDER, "readOnly": true}),
            ));
        }
        all
    }

    /// Who is asked for them.
    pub(super) fn downloads(&self) -> Option<Endpoint> {
        (!self.downloads.is_empty()).then(|| world("grafana.com"))
    }
}

fn rules() -> Value {
    json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}])
}

/// A folder's name, which is that of a folder on disk too.
fn is_folder(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || " -_".contains(c);
    let is_end = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&text.len())
        && text.starts_with(is_end)
        && text.ends_with(is_end)
        && text.chars().all(fits)
}
