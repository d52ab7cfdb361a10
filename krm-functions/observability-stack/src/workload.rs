//! What every workload has: an image, requests and limits, and where it keeps something, a volume.

use crate::image::{self, Image};
use crate::profile;
use crate::resources::ContainerResources;
use crate::spec::{self, Spec};
use krm_rs::{Value, json};
use leafpack_fn_common::check::{Check, is_dns_subdomain};

/// Image and resources of a workload.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    /// The image.
    pub(crate) image: Image,
    /// The container's resources.
    pub(crate) resources: ContainerResources,
}

impl Workload {
    /// Reads `image` and `resources` at `path`, each beside what holds where nothing is given.
    pub(crate) fn read(
        spec: &Spec,
        path: &str,
        (image, own): (&spec::Image, &image::Default),
        (resources, preset): (&spec::Resources, &profile::Preset),
        check: &mut Check<'_>,
    ) -> Self {
        Workload {
            image: Image::read(image, own, &spec.images, &format!("{path}.image"), check),
            resources: ContainerResources::read(
                preset,
                resources,
                &format!("{path}.resources"),
                check,
            ),
        }
    }
}

/// Checks the name of a class of volumes; without one the cluster's default holds.
pub(crate) fn check_storage_class(path: &str, class: &str, check: &mut Check<'_>) {
    if !class.is_empty() {
        check.literal(
            path,
            class,
            "the name of a StorageClass, or \"\"",
            is_dns_subdomain,
            "ceph-block",
        );
    }
}

/// What claims a volume of this size for one node at a time, of the cluster's default class where none is named.
pub(crate) fn volume_claim(size: &str, class: Option<&str>) -> Value {
    let mut claim = json!({
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
    });
    if let Some(class) = class {
        claim["storageClassName"] = json!(class);
    }
    claim
}
