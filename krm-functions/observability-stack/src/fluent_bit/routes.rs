//! Records of some namespaces go to tenants of their own.
//!
//! The tag of a container's records is the path of its log file, and that holds the namespace. So each tenant's output
//! takes the tags that are its own, and nothing is tagged anew. `rewrite_tag` would copy each record into an emitter, and
//! what an emitter does not take, because its `Emitter_Mem_Buf_Limit` is reached, keeps its old tag (`rewrite_tag.c`,
//! `process_record`), which here is another tenant's: with 1M of it and the hub away 59,194 of 141,600 records went to the
//! wrong one in 5.1.1, with its storage on disk.

use super::config::LINE_LIMIT;
use super::containers::TAG_FOLDER;
use super::output::Matching;
use super::settings::Syntax;
use crate::spec::Logs;
use crate::tenants::{Tenant, Tenants};
use krm_rs::{Map, Value, json};
use leafpack_fn_common::check::Check;
use std::collections::BTreeMap;

/// Some namespaces' tenant.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// Where their records go.
    pub(crate) tenant: Tenant,
    /// Which.
    pub(crate) namespaces: Vec<Pattern>,
}

/// A namespace, or some.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pattern {
    /// The name, or how it begins.
    text: String,
    /// Whether more may follow.
    is_prefix: bool,
}

impl Pattern {
    /// Reads a name of a namespace, or the beginning of some with a `*` behind it.
    fn parse(text: &str) -> Option<Self> {
        let (name, is_prefix) = match text.strip_suffix('*') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let is_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = (1..=63).contains(&name.len())
            && name.chars().all(is_char)
            && !name.starts_with('-')
            && (is_prefix || !name.ends_with('-'));
        fits.then(|| Pattern {
            text: name.to_owned(),
            is_prefix,
        })
    }

    /// As it was written.
    fn text(&self) -> String {
        let star = if self.is_prefix { "*" } else { "" };
        format!("{}{star}", self.text)
    }

    /// The same as a regular expression. The names hold nothing that means anything there.
    fn regex(&self) -> String {
        let rest = if self.is_prefix { "[^_]*" } else { "" };
        format!("{}{rest}", self.text)
    }

    /// Whether this one counts for a namespace that both take: as in the filter (filters/tenant, `Namespaces::tenant`)
    /// a whole name does, else the longest beginning.
    fn is_within(&self, other: &Pattern) -> bool {
        other.is_prefix && self != other && self.text.starts_with(&other.text)
    }
}

/// Checks `spec.logs.routes`; `None` after an error.
pub(super) fn read(
    logs: &Logs,
    syntax: Syntax,
    tenants: &Tenants,
    check: &mut Check<'_>,
) -> Option<Vec<Route>> {
    let mut routes = Vec::new();
    let mut seen = BTreeMap::new();
    let mut failed = false;
    for (index, given) in logs.routes.iter().enumerate() {
        let path = format!("spec.logs.routes[{index}]");
        let tenant = tenants.get(&format!("{path}.tenant"), &given.tenant, check);
        let earlier = logs.routes[..index]
            .iter()
            .position(|route| route.tenant == given.tenant);
        if let Some(earlier) = earlier {
            let both = [&logs.routes[earlier].namespaces[..], &given.namespaces[..]].concat();
            check.error(
                &format!("spec.logs.routes[{earlier}].namespaces"),
                &format!(
                    "found another route to {}, {path}, expected one for each tenant",
                    given.tenant
                ),
                json!(both),
            );
            failed = true;
        } else if given.tenant == logs.tenant {
            check.error(
                &format!("{path}.tenant"),
                &format!(
                    "found {}, expected another tenant: records of no route go to spec.logs.tenant anyway",
                    given.tenant
                ),
                json!("payments"),
            );
            failed = true;
        }
        let list = format!("{path}.namespaces");
        if given.namespaces.is_empty() {
            check.error(
                &list,
                "found none, expected namespaces",
                json!(["payments", "pay-*"]),
            );
            failed = true;
        }
        let mut namespaces = Vec::new();
        for (index, text) in given.namespaces.iter().enumerate() {
            let at = format!("{list}[{index}]");
            let pattern = Pattern::parse(text);
            check.literal(
                &at,
                text,
                "a namespace, or how some begin and *",
                |_| pattern.is_some(),
                "pay-*",
            );
            let Some(pattern) = pattern else {
                failed = true;
                continue;
            };
            if let Some(earlier) = seen.insert(pattern.clone(), at.clone()) {
                check.error(
                    &at,
                    &format!("found {text}, which is in {earlier} already, expected it once"),
                    json!("another-namespace"),
                );
                failed = true;
            }
            namespaces.push(pattern);
        }
        routes.extend(tenant.map(|tenant| Route { tenant, namespaces }));
    }
    failed |= routes.len() != logs.routes.len();
    if !failed {
        check_length(&routes, syntax, check);
    }
    (!failed).then_some(routes)
}

/// The classic form has a limit for its lines.
fn check_length(routes: &[Route], syntax: Syntax, check: &mut Check<'_>) {
    if syntax != Syntax::Classic {
        return;
    }
    let mut all = (0..routes.len()).map(|index| matching(routes, index));
    let too_long = |matching: Matching| matching.property().1.len() > LINE_LIMIT;
    if all.any(too_long) || too_long(default(routes)) {
        check.error(
            "spec.logs.routes",
            &format!(
                "found more namespaces than fit a line of Fluent Bit's configuration, {LINE_LIMIT} bytes, expected fewer, or spec.logs.syntax yaml, which has no such limit"
            ),
            json!([{"tenant": "payments", "namespaces": ["pay-*"]}]),
        );
    }
}

/// `tenant.namespaces` of the filter: who each namespace belongs to.
pub(super) fn settings(routes: &[Route]) -> Map<String, Value> {
    let mut namespaces = Map::new();
    for route in routes {
        for pattern in &route.namespaces {
            namespaces.insert(pattern.text(), json!(route.tenant.name));
        }
    }
    namespaces
}

/// The tags of a route: those of its namespaces, without the ones that another route names more exactly.
pub(super) fn matching(routes: &[Route], index: usize) -> Matching {
    let (mine, others): (Vec<_>, Vec<_>) = routes
        .iter()
        .enumerate()
        .partition(|(other, _)| *other == index);
    let others = || others.iter().flat_map(|(_, route)| &route.namespaces);
    let mine = mine.iter().flat_map(|(_, route)| &route.namespaces);
    let alternatives: Vec<String> = mine
        .map(|pattern| {
            let within: Vec<String> = others()
                .filter(|other| other.is_within(pattern))
                .map(Pattern::regex)
                .collect();
            let except = match within[..] {
                [] => String::new(),
                _ => format!("(?!(?:{})_)", within.join("|")),
            };
            format!("{except}{}", pattern.regex())
        })
        .collect();
    Matching::Regex(format!(
        "^{}[^_]+_(?:{})_",
        tag_regex(),
        alternatives.join("|")
    ))
}

/// The tags of no route.
pub(super) fn default(routes: &[Route]) -> Matching {
    let every = super::containers::tags();
    if routes.is_empty() {
        return Matching::Tags(every);
    }
    let all: Vec<String> = routes
        .iter()
        .flat_map(|route| &route.namespaces)
        .map(Pattern::regex)
        .collect();
    Matching::Regex(format!(
        "^(?!{}[^_]+_(?:{})_){}",
        tag_regex(),
        all.join("|"),
        start_regex()
    ))
}

/// How the tags of all containers begin, up to the pod's name.
fn tag_regex() -> String {
    escaped(&format!("{}{TAG_FOLDER}", super::containers::TAG_PREFIX))
}

fn start_regex() -> String {
    escaped(super::containers::TAG_PREFIX)
}

fn escaped(text: &str) -> String {
    text.replace('.', r"\.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(name: &str, namespaces: &[&str]) -> Route {
        let namespaces = namespaces.iter();
        Route {
            tenant: Tenant {
                name: name.into(),
                account: 1,
                project: 0,
            },
            namespaces: namespaces
                .map(|text| Pattern::parse(text).expect("a pattern"))
                .collect(),
        }
    }

    #[test]
    fn patterns_are_names_or_beginnings() {
        for (text, right) in [
            ("shop", true),
            ("pay-*", true),
            ("p*", true),
            ("1", true),
            ("", false),
            ("*", false),
            ("*-x", false),
            ("a*b", false),
            ("a**", false),
            ("-a", false),
            ("a-", false),
            ("A", false),
            ("a_b", false),
            ("a.b", false),
        ] {
            assert_eq!(Pattern::parse(text).is_some(), right, "{text}");
        }
    }

    #[test]
    fn the_more_exact_name_counts() {
        let routes = [
            route("a", &["pay-*", "shop"]),
            route("b", &["pay-x-*", "pay-y", "sho*"]),
        ];
        assert_eq!(
            matching(&routes, 0),
            Matching::Regex(
                r"^kube\.var\.log\.containers\.[^_]+_(?:(?!(?:pay-x-[^_]*|pay-y)_)pay-[^_]*|shop)_"
                    .into()
            )
        );
        assert_eq!(
            matching(&routes, 1),
            Matching::Regex(
                r"^kube\.var\.log\.containers\.[^_]+_(?:pay-x-[^_]*|pay-y|(?!(?:shop)_)sho[^_]*)_"
                    .into()
            )
        );
        assert_eq!(
            default(&routes),
            Matching::Regex(
                r"^(?!kube\.var\.log\.containers\.[^_]+_(?:pay-[^_]*|shop|pay-x-[^_]*|pay-y|sho[^_]*)_)kube\."
                    .into()
            )
        );
        assert_eq!(default(&[]), Matching::Tags("kube.*".into()));
    }
}
