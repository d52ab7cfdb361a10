//! Fluent Bit's own metrics.

use super::{COMPONENT, HTTP};
use crate::collectors::service;
use crate::plan::Plan;
use crate::targets::Target;
use krm_rs::Object;

/// Version 2 knows what version 1 does not: whether an input stands still because the buffer is full.
const PATH: &str = "/api/v2/metrics/prometheus";

/// The Service.
pub(super) fn objects(plan: &Plan) -> Vec<Object> {
    vec![service(plan, &COMPONENT, &[(HTTP.name, HTTP.number)])]
}

/// What is scraped.
pub(crate) fn target() -> Target {
    Target {
        path: PATH,
        ..Target::of(&COMPONENT, HTTP.name)
    }
}
