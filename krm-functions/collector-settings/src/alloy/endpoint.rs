//! The `endpoint` of a `prometheus.remote_write`, and the Secret that it takes credentials from.

use super::{Config, OWN, WRITER};
use crate::edit::{same_time, show};
use crate::plan::{Login, LoginKind, Write};
use crate::river::{self, Block, Line};
use crate::write::{Likeness, compare};
use krm_rs::Value;
use std::ops::Range;

/// The component that reads a Secret.
const SECRET: &str = "remote.kubernetes.secret";

/// Every attribute and block by which an endpoint can have credentials, of which only one may be used.
const LOGINS: [&str; 8] = [
    "bearer_token",
    "bearer_token_file",
    "basic_auth",
    "authorization",
    "oauth2",
    "sigv4",
    "azuread",
    "google_iam",
];

/// The endpoint that leads where this URL does: its place among the endpoints, and how alike they are.
pub(super) fn find(text: &str, writer: &Block, url: &str) -> Option<(usize, Likeness)> {
    let endpoints = endpoints(writer);
    let likeness = |endpoint: &&Block| {
        let at = &endpoint.body.attribute("url")?.value;
        Some(compare(&river::literal(&text[at.clone()])?, url))
    };
    let of = |wanted| {
        let position = endpoints.iter().position(|e| likeness(e) == Some(wanted));
        position.map(|index| (index, wanted))
    };
    of(Likeness::Same).or_else(|| of(Likeness::Server))
}

fn endpoints(writer: &Block) -> Vec<&Block> {
    let blocks = writer.body.blocks.iter();
    blocks.filter(|block| block.name == "endpoint").collect()
}

impl Config<'_, '_> {
    /// Makes sure that a component writes to the hub.
    pub(super) fn endpoint(&mut self, index: usize, write: &Write) -> Option<()> {
        let writer = self.writer(index)?;
        let of = format!("{WRITER} {:?}", writer.label);
        let place = match find(&self.text, &writer, &write.url) {
            Some((place, Likeness::Same)) => place,
            Some((place, _)) => {
                let at = endpoints(&writer)[place]
                    .body
                    .attribute("url")?
                    .value
                    .clone();
                let found = river::literal(&self.text[at.clone()]).unwrap_or_default();
                let found = show(&Value::String(found));
                let wanted = format!("{:?}, which is the same server", write.url);
                if !self.gives_way(&format!("{of}: endpoint.url"), &found, &wanted) {
                    return Some(());
                }
                self.text = river::replace(&self.text, &at, &format!("\"{}\"", write.url));
                place
            }
            None => {
                let before = endpoints(&writer).len();
                let lines: [Line; 3] = [
                    (0, "endpoint {".to_owned()),
                    (1, format!("url = \"{}\"", write.url)),
                    (0, "}".to_owned()),
                ];
                self.text = river::insert(&self.text, Some(&writer), &lines);
                self.info(format!("{of}: added the endpoint {}", write.url));
                before
            }
        };
        if let Some(timeout) = &write.timeout {
            self.timeout(index, place, &of, timeout)?;
        }
        if let Some(login) = &write.login {
            self.login(index, place, &of, login)?;
            let endpoint = self.endpoint_block(index, place)?;
            // Others may have been kept.
            if self.has_login(&endpoint, login) {
                self.is_reachable(index)?;
                self.secret(login)?;
            }
        }
        Some(())
    }

    fn endpoint_block(&mut self, writer: usize, place: usize) -> Option<Block> {
        let writer = self.writer(writer)?;
        endpoints(&writer).get(place).map(|block| (*block).clone())
    }

    fn timeout(&mut self, writer: usize, place: usize, of: &str, timeout: &str) -> Option<()> {
        let endpoint = self.endpoint_block(writer, place)?;
        let what = format!("{of}: endpoint.remote_timeout");
        let quoted = format!("\"{timeout}\"");
        let Some(attribute) = endpoint.body.attribute("remote_timeout") else {
            let lines: [Line; 1] = [(0, format!("remote_timeout = {quoted}"))];
            self.text = river::insert(&self.text, Some(&endpoint), &lines);
            self.info(format!("{what}: set to {quoted}"));
            return Some(());
        };
        let found = self.text[attribute.value.clone()].to_owned();
        let text = river::literal(&found).unwrap_or_default();
        let is_right = text == timeout || same_time(&text, timeout);
        if !is_right && self.gives_way(&what, &found, &quoted) {
            self.text = river::replace(&self.text, &attribute.value, &quoted);
        }
        Some(())
    }

    fn login(&mut self, writer: usize, place: usize, of: &str, login: &Login) -> Option<()> {
        let endpoint = self.endpoint_block(writer, place)?;
        let lines = login_lines(login);
        if self.has_login(&endpoint, login) {
            return Some(());
        }
        let what = format!("{of}: endpoint");
        let others = logins(&endpoint);
        if others.is_empty() {
            self.info(format!("{what}: added credentials of {SECRET} {OWN:?}"));
        } else if !self.gives_way(&what, "other credentials", "those of CollectorSettings") {
            return Some(());
        }
        // From the end, so that the places before it stay right.
        for at in others.iter().rev() {
            self.text = river::remove(&self.text, at);
        }
        let endpoint = self.endpoint_block(writer, place)?;
        self.text = river::insert(&self.text, Some(&endpoint), &lines);
        Some(())
    }

    /// Whether an endpoint has these credentials and no others.
    fn has_login(&self, endpoint: &Block, login: &Login) -> bool {
        let is = |block: &Block, name: &str, expression: &str| {
            let attribute = block.body.attribute(name);
            attribute.is_some_and(|a| &self.text[a.value.clone()] == expression)
        };
        let one = logins(endpoint).len() == 1;
        match &login.kind {
            LoginKind::Bearer(token) => one && is(endpoint, "bearer_token", &datum(token)),
            LoginKind::Basic(user, password) => {
                let block = endpoint.body.block("basic_auth");
                one && block.is_some_and(|block| {
                    is(block, "username", &plain(user)) && is(block, "password", &datum(password))
                })
            }
        }
    }

    /// A component within another cannot see what stands outside of it.
    fn is_reachable(&mut self, writer: usize) -> Option<()> {
        let writer = self.writer(writer)?;
        let body = self.body()?;
        if body.blocks.iter().any(|block| block.start == writer.start) {
            return Some(());
        }
        self.error(
            format!(
                "found {WRITER} {:?} within another block, where the Secret cannot be read from",
                writer.label
            ),
            "spec:\n  target:\n    block: … # in CollectorSettings, one at the top of the configuration",
        );
        None
    }

    /// Makes sure that there is the component that reads the Secret.
    fn secret(&mut self, login: &Login) -> Option<()> {
        let Some(namespace) = self.namespace() else {
            self.error(
                "found no namespace of the collector, expected one: Alloy reads the Secret by namespace and name",
                "metadata:\n  namespace: monitoring",
            );
            return None;
        };
        let body = self.body()?;
        let own = |block: &&Block| block.name == SECRET && block.label == OWN;
        if !body.blocks.iter().any(|block| own(&block)) {
            let lines: [Line; 4] = [
                (0, format!("{SECRET} \"{OWN}\" {{")),
                (1, format!("namespace = \"{namespace}\"")),
                (1, format!("name = \"{}\"", login.secret)),
                (0, "}".to_owned()),
            ];
            self.text = river::insert(&self.text, None, &lines);
            self.info(format!(
                "added {SECRET} {OWN:?}; Alloy's ServiceAccount has to be allowed to read that Secret"
            ));
            return Some(());
        }
        for (field, wanted) in [("namespace", &namespace), ("name", &login.secret)] {
            let body = self.body()?;
            let block = body.blocks.iter().find(own)?;
            let quoted = format!("\"{wanted}\"");
            match block.body.attribute(field) {
                None => {
                    let lines: [Line; 1] = [(0, format!("{field} = {quoted}"))];
                    self.text = river::insert(&self.text, Some(block), &lines);
                }
                Some(attribute) => {
                    let found = self.text[attribute.value.clone()].to_owned();
                    let what = format!("{SECRET} {OWN:?}: {field}");
                    if river::literal(&found).as_ref() != Some(wanted)
                        && self.gives_way(&what, &found, &quoted)
                    {
                        self.text = river::replace(&self.text, &attribute.value, &quoted);
                    }
                }
            }
        }
        Some(())
    }

    /// Where the collector runs.
    fn namespace(&self) -> Option<String> {
        let given = |path: &str| self.editor.get(path).and_then(Value::as_str);
        let of_chart = given("spec.values.namespaceOverride").or(given("spec.targetNamespace"));
        let namespace = of_chart.unwrap_or(self.editor.object.namespace());
        (!namespace.is_empty()).then(|| namespace.to_owned())
    }
}

/// Where the credentials of an endpoint stand, in the order of the text.
fn logins(endpoint: &Block) -> Vec<Range<usize>> {
    let body = &endpoint.body;
    let attributes = body.attributes.iter();
    let attributes = attributes.map(|a| (a.name.as_str(), a.start..a.value.end));
    let blocks = body.blocks.iter();
    let blocks = blocks.map(|b| (b.name.as_str(), b.start..b.body.close + 1));
    let all = attributes.chain(blocks);
    let mut found: Vec<_> = all
        .filter(|(name, _)| LOGINS.contains(name))
        .map(|(_, at)| at)
        .collect();
    found.sort_by_key(|at| at.start);
    found
}

fn login_lines(login: &Login) -> Vec<Line> {
    match &login.kind {
        LoginKind::Bearer(token) => vec![(0, format!("bearer_token = {}", datum(token)))],
        LoginKind::Basic(user, password) => vec![
            (0, "basic_auth {".to_owned()),
            (1, format!("username = {}", plain(user))),
            (1, format!("password = {}", datum(password))),
            (0, "}".to_owned()),
        ],
    }
}

/// The expression for what a Secret has under a key.
fn datum(key: &str) -> String {
    format!("{SECRET}.{OWN}.data[\"{key}\"]")
}

/// The same where no secret is taken.
fn plain(key: &str) -> String {
    format!("convert.nonsensitive({})", datum(key))
}
