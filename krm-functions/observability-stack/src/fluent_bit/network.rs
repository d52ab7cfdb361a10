//! Who may talk to Fluent Bit, and to whom it may talk.

use super::{COMPONENT, HTTP};
use crate::plan::Plan;
use crate::policy::{self, Egress, Ingress, Rules};
use krm_rs::Object;

/// The policy, if one is asked for.
pub(super) fn objects(plan: &Plan) -> Option<Object> {
    let mut rules = Rules {
        scraped: vec![HTTP.number],
        ..Rules::default()
    };
    if let Some(talos) = &plan.logs.talos {
        rules.ingress.push(Ingress::Node(talos.port));
    }
    if plan.logs.kubernetes {
        rules.egress.push(Egress::ApiServer);
    }
    rules.egress.push(Egress::Hub(&plan.hub_logs));
    policy::object(plan, &COMPONENT, &rules)
}
