//! VictoriaLogs' tenants, by name.

use crate::spec::Spec;
use krm_rs::{Path, json};
use leafpack_fn_common::check::{Check, is_label_value};
use std::collections::BTreeMap;

/// A tenant of VictoriaLogs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tenant {
    /// Its name here; the field `tenant` of every record.
    pub(crate) name: String,
    /// `AccountID`.
    pub(crate) account: u32,
    /// `ProjectID`.
    pub(crate) project: u32,
}

/// All tenants that may be named. One whose numbers are wrong is there without them: that is told once.
#[derive(Debug, Clone)]
pub(crate) struct Tenants(BTreeMap<String, Option<(u32, u32)>>);

impl Tenants {
    /// Checks `spec.tenants`. `default` is there in any case.
    pub(crate) fn read(spec: &Spec, check: &mut Check<'_>) -> Self {
        let mut tenants = BTreeMap::from([("default".to_owned(), Some((0, 0)))]);
        for (name, text) in &spec.tenants {
            if !is_label_value(name) {
                check.error(
                    "spec.tenants",
                    &format!(
                        "found the name {name:?}, expected letters, digits, '-', '_' and '.', at most 63 characters"
                    ),
                    json!({"default": "0:0"}),
                );
            }
            let ids = ids(text);
            if ids.is_none() {
                let path = Path::root().key("spec").key("tenants").key(name);
                check.literal(
                    &path.to_string(),
                    text,
                    "AccountID:ProjectID, two numbers from 0 to 4294967295",
                    |_| false,
                    "0:0",
                );
            }
            tenants.insert(name.clone(), ids);
        }
        Tenants(tenants)
    }

    /// Whether there is one of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The name and the numbers of each tenant.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = (&str, (u32, u32))> {
        let tenants = self.0.iter();
        tenants.filter_map(|(name, numbers)| Some((name.as_str(), (*numbers)?)))
    }

    /// The tenant that is named at `path`; `None` after an error.
    pub(crate) fn get(&self, path: &str, name: &str, check: &mut Check<'_>) -> Option<Tenant> {
        let Some(ids) = self.0.get(name) else {
            let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
            check.error(
                path,
                &format!(
                    "found {name:?}, expected one of spec.tenants: {}",
                    known.join(", ")
                ),
                json!(known.first()),
            );
            return None;
        };
        ids.map(|(account, project)| Tenant {
            name: name.to_owned(),
            account,
            project,
        })
    }
}

/// `AccountID:ProjectID`, two numbers of 32 bits (VictoriaLogs, `logstorage.TenantID`).
fn ids(text: &str) -> Option<(u32, u32)> {
    let (account, project) = text.split_once(':')?;
    // `parse` would take a plus sign.
    let number = |text: &str| {
        let plain = text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    Some((number(account)?, number(project)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_two_numbers_of_32_bits() {
        assert_eq!(ids("0:0"), Some((0, 0)));
        assert_eq!(ids("4294967295:7"), Some((u32::MAX, 7)));
        for text in [
            "",
            "0",
            ":",
            "1:",
            ":1",
            "1:2:3",
            "-1:0",
            "+1:0",
            "4294967296:0",
            "a:b",
            " 1:0",
        ] {
            assert_eq!(ids(text), None, "{text}");
        }
    }
}
