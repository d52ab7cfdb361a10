//! Rules that drop events: JSON, read anew for each event, so that they take no memory of their own.

use leafpack_fluent_bit::json::{Fields, Kind, Value};

use crate::fields::{DECISION_REASON, Event, by_name};
use crate::settings::Settings;
use crate::text::{Items, same};

/// The most rules that `drop` may hold, and the most values of one condition.
const MAX: usize = 32;

/// What `noise` stands for: what every cluster writes most of, and nobody looks for. A request that failed is none.
///
/// The users are components of the control plane and nodes; other service accounts are not among them.
pub const NOISE: &str = r#"[{"stage":"RequestReceived"},{"code":"2*","resource":["leases","endpoints","endpointslices","events"],"user":["system:apiserver","system:kube-*","system:node:*","system:serviceaccount:kube-system:*"]},{"code":"2*","verb":"watch","user":["system:apiserver","system:kube-*","system:node:*","system:serviceaccount:kube-system:*"]},{"code":"2*","uri":["/healthz*","/livez*","/readyz*","/metrics*","/version*","/openapi*"]}]"#;

/// Whether a rule says that this event is dropped.
#[inline(never)]
pub(crate) fn drop(event: &Event<'_>, settings: &Settings) -> bool {
    let noise = Value {
        text: NOISE.as_bytes(),
        kind: Kind::Array,
    };
    any_holds(event, &settings.drop) || (settings.noise() && any_holds(event, &noise))
}

#[inline(never)]
fn any_holds(event: &Event<'_>, rules: &Value<'_>) -> bool {
    let mut rules = Items::new(rules);
    while rules.next() {
        let mut conditions = Fields::new(rules.now.text);
        let mut holds = true;
        while holds && conditions.advance() {
            let value = event.get(by_name(conditions.field().key));
            holds = is_like(&value, &conditions.field().value);
        }
        if holds {
            return true;
        }
    }
    false
}

/// Whether a value (or one of a list) is what a pattern says (or one of a list): equal, or, where that ends in `*`,
/// starting so. What is not there is empty.
#[inline(never)]
fn is_like(value: &Value<'_>, pattern: &Value<'_>) -> bool {
    let mut patterns = Items::new(pattern);
    while patterns.next() {
        let pattern = patterns.content();
        let start = pattern.strip_suffix(b"*").unwrap_or(pattern);
        let mut values = Items::new(value);
        while values.next() {
            if same(start, values.content(), start.len() < pattern.len()) {
                return true;
            }
        }
    }
    false
}

/// Whether this is an array of rules, each with a condition at least: an unknown name would make a rule drop more than is
/// meant, so that it is refused.
#[inline(never)]
pub(crate) fn are_rules(value: &Value<'_>) -> bool {
    let mut rules = Items::new(value);
    let mut count = 0;
    while rules.next() {
        count += 1;
        let mut conditions = Fields::new(rules.now.text);
        let mut of_rule = 0;
        while conditions.advance() {
            of_rule += 1;
            if by_name(conditions.field().key) > DECISION_REASON
                || !is_condition(&conditions.field().value)
            {
                return false;
            }
        }
        // What is no object has no members.
        if of_rule == 0 || count > MAX {
            return false;
        }
    }
    value.kind == Kind::Array
}

/// Strings, and whole numbers for `code`; or a list of some.
#[inline(never)]
fn is_condition(value: &Value<'_>) -> bool {
    let mut values = Items::new(value);
    let mut count = 0;
    while values.next() {
        count += 1;
        if values.now.kind != Kind::String && !values.now.text.iter().all(u8::is_ascii_digit) {
            return false;
        }
    }
    count > 0 && count <= MAX
}
