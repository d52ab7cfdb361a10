//! The configuration of Grafana Alloy: `prometheus.remote_write`, its `external_labels` and its `endpoint`
//! (grafana/alloy, `docs/sources/reference/components/prometheus/prometheus.remote_write.md`).

mod endpoint;

use crate::edit::{Editor, kind_of};
use crate::river::{self, Block, Body, Line};
use crate::write::Likeness;
use krm_rs::{Path, Value};

/// The component that is looked for, and the label of one that is added.
const WRITER: &str = "prometheus.remote_write";
const OWN: &str = "leafpack";

/// The report holds nothing of a text in which there may be passwords.
const HIDDEN: &str = "(not shown)";

/// A configuration, while it is changed. It is read anew after each change, so that places are always right.
struct Config<'e, 'a> {
    editor: &'e mut Editor<'a>,
    /// The field that holds it.
    field: String,
    text: String,
    /// Whether Helm's templates run over it.
    templates: bool,
}

/// Changes the text at a path.
pub(crate) fn configuration(editor: &mut Editor<'_>, path: &Path, templates: bool) {
    let field = path.to_string();
    let text = match editor.get(&field) {
        Some(Value::String(text)) => text.clone(),
        other => {
            let found = other.map_or("nothing", kind_of);
            let message = format!("found {found}, expected Alloy's configuration as text");
            editor.error(&field, message, "content: |\n  …", HIDDEN);
            return;
        }
    };
    let mut config = Config {
        editor,
        field,
        text,
        templates,
    };
    if config.change().is_some() {
        let Config {
            editor,
            field,
            text,
            ..
        } = config;
        if editor.get(&field).and_then(Value::as_str) != Some(&text) {
            editor.set(&field, text);
        }
    }
}

impl Config<'_, '_> {
    fn error(&mut self, message: impl Into<String>, fix: impl Into<String>) {
        self.editor.error(&self.field, message, fix, HIDDEN);
    }

    fn info(&mut self, message: impl Into<String>) {
        self.editor.info(&self.field, message, HIDDEN);
    }

    fn gives_way(&mut self, what: &str, found: &str, wanted: &str) -> bool {
        self.editor.gives_way(&self.field, what, found, wanted)
    }

    fn body(&mut self) -> Option<Body> {
        match river::parse(&self.text, self.templates) {
            Ok(body) => Some(body),
            Err(fault) => {
                self.error(
                    fault.to_string(),
                    "mend that line: alloy fmt names what is wrong with it",
                );
                None
            }
        }
    }

    /// The component of this place among its kind.
    fn writer(&mut self, index: usize) -> Option<Block> {
        let body = self.body()?;
        body.all(WRITER).get(index).map(|block| (*block).clone())
    }

    /// Does everything; `None` after an error.
    fn change(&mut self) -> Option<()> {
        let body = self.body()?;
        let wanted = self.editor.plan.target.block.clone();
        let labels: Vec<String> = body.all(WRITER).iter().map(|b| b.label.clone()).collect();
        let is_wanted = |label: &String| !wanted.is_empty() && *label == wanted;
        let named = labels.iter().position(is_wanted);
        if !wanted.is_empty() && named.is_none() {
            let found = match labels.join(", ") {
                none if none.is_empty() => "none".to_owned(),
                some => some,
            };
            self.error(
                format!("found no {WRITER} {wanted:?}, expected one of: {found}"),
                format!(
                    "spec:\n  target:\n    block: {} # in CollectorSettings",
                    labels.first().map_or("…", |label| label)
                ),
            );
            return None;
        }
        if body.has_templates {
            self.editor.warning(
                &self.field,
                "found templates between blocks: what they leave out or add is not seen here",
                HIDDEN,
            );
        }
        let write = self.editor.plan.write.clone();
        let mut is_new = false;
        if labels.is_empty() {
            if write.is_none() {
                self.error(
                    format!("found no {WRITER}, so nothing that labels could be added to"),
                    "spec:\n  remoteWrite: # in CollectorSettings\n    url: https://metrics.example.com",
                );
                return None;
            }
            let lines: [Line; 2] = [(0, format!("{WRITER} \"{OWN}\" {{")), (0, "}".to_owned())];
            self.text = river::insert(&self.text, None, &lines);
            self.info(format!("added {WRITER} {OWN:?}"));
            is_new = true;
        }
        let count = labels.len().max(1);
        let range = named.map_or(0..count, |index| index..index + 1);
        for index in range {
            self.labels(index)?;
        }
        if let Some(write) = write {
            let index = self.destination(named, &write.url)?;
            self.endpoint(index, &write)?;
            self.check_forwarding(index, is_new)?;
        }
        Some(())
    }

    /// Adds the external labels to one component.
    fn labels(&mut self, index: usize) -> Option<()> {
        for (name, value) in self.editor.plan.labels.clone() {
            let block = self.writer(index)?;
            let of = format!("{WRITER} {:?}", block.label);
            let what = format!("{of}: external_labels.{name}");
            let quoted = format!("\"{value}\"");
            let Some(attribute) = block.body.attribute("external_labels") else {
                let lines: [Line; 3] = [
                    (0, "external_labels = {".to_owned()),
                    (1, format!("{name} = {quoted},")),
                    (0, "}".to_owned()),
                ];
                self.text = river::insert(&self.text, Some(&block), &lines);
                self.info(format!("{what}: set to {quoted}"));
                continue;
            };
            let object = river::object(&self.text, &attribute.value, self.templates);
            let Some(object) = object else {
                self.error(
                    format!("{of}: found external_labels that are no object written out, expected labels in braces"),
                    format!("external_labels = {{\n  {name} = {quoted},\n}}"),
                );
                return None;
            };
            let Some((_, at)) = object.fields.iter().find(|(key, _)| *key == name) else {
                self.text = object.insert(&self.text, attribute.start, &name, &quoted);
                self.info(format!("{what}: set to {quoted}"));
                continue;
            };
            let found = self.text[at.clone()].to_owned();
            if river::literal(&found).as_deref() == Some(&*value) {
                continue;
            }
            if self.gives_way(&what, &found, &quoted) {
                self.text = river::replace(&self.text, at, &quoted);
            }
        }
        Some(())
    }

    /// The component that is to write to the hub: the one that is named, or that does so already, or the only one.
    fn destination(&mut self, named: Option<usize>, url: &str) -> Option<usize> {
        let body = self.body()?;
        let writers = body.all(WRITER);
        if let Some(index) = named {
            return Some(index);
        }
        let found = writers
            .iter()
            .map(|block| endpoint::find(&self.text, block, url));
        let found: Vec<_> = found
            .map(|found| found.map(|(_, likeness)| likeness))
            .collect();
        let of = |wanted| found.iter().position(|likeness| *likeness == Some(wanted));
        let already = of(Likeness::Same).or_else(|| of(Likeness::Server));
        let own = || writers.iter().position(|block| block.label == OWN);
        let only = (writers.len() == 1).then_some(0);
        let index = already.or(only).or_else(own);
        if index.is_none() {
            let labels: Vec<_> = writers.iter().map(|block| block.label.clone()).collect();
            self.error(
                format!(
                    "found several {WRITER}, and none that writes to {url}, expected to be told which: {}",
                    labels.join(", ")
                ),
                format!(
                    "spec:\n  target:\n    block: {} # in CollectorSettings",
                    labels[0]
                ),
            );
        }
        index
    }

    /// Metrics arrive only at what something forwards to.
    fn check_forwarding(&mut self, index: usize, is_new: bool) -> Option<()> {
        let block = self.writer(index)?;
        let label = block.label;
        let receiver = ["prometheus", "remote_write", &label, "receiver"];
        // A ConfigMap may have the configuration in several files.
        let is_fed = {
            let data = self.editor.get("data").and_then(Value::as_object);
            let others = data.into_iter().flatten().filter_map(|(_, v)| v.as_str());
            let mut texts = others.chain([self.text.as_str()]);
            texts.any(|text| river::refers_to(text, self.templates, &receiver))
        };
        if is_fed {
            return Some(());
        }
        let body = self.body()?;
        let senders = match river::forwarders(&body).join(", ") {
            none if none.is_empty() => "prometheus.scrape and the like".to_owned(),
            some => some,
        };
        let receiver = receiver.join(".");
        let message = format!(
            "found nothing that forwards to {WRITER} {label:?}, so no metric would leave; those that could are: {senders}"
        );
        let fix = format!("forward_to = [{receiver}]");
        if is_new {
            self.error(message, fix);
            return None;
        }
        let message = format!("{message}; the line is {fix}");
        self.editor.warning(&self.field, message, HIDDEN);
        Some(())
    }
}
