//! What became of a line, for people: what it was recognised as, what each filter changed, and why.
//!
//! It is told from the records before and after each filter, whatever the filter; only the codes of marks have a table.

mod change;
mod codes;
mod shape;
mod style;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

pub(crate) use style::{Style, difference, shorten, visible};

use crate::chain::{Answer, Section, Step, marks};
use crate::record::Record;
pub(crate) use change::Call;
use change::{Change, changes};
use style::label;

/// The mark's own field, which is spelt out.
const MARK: &str = "leafpack_error";

/// Explains line after line, and counts.
#[derive(Debug)]
pub(crate) struct Explainer {
    filters: Vec<&'static str>,
    key: String,
    style: Style,
    lines: u64,
    records: u64,
    dropped: u64,
    marks: BTreeMap<String, u64>,
    /// Codes that have been spelt out.
    told: BTreeSet<String>,
}

impl Explainer {
    /// `key` is the field that the tail input puts a line into.
    pub(crate) fn new(sections: &[Section], key: &str, style: Style) -> Self {
        Explainer {
            filters: sections.iter().map(|section| section.filter.name).collect(),
            key: key.to_owned(),
            style,
            lines: 0,
            records: 0,
            dropped: 0,
            marks: BTreeMap::new(),
            told: BTreeSet::new(),
        }
    }

    /// The `number`-th line of a log: the record that was made of it, and what the filters did.
    pub(crate) fn line(
        &mut self,
        number: u64,
        input: &[u8],
        call: Call<'_>,
        steps: &[Step],
    ) -> String {
        self.lines += 1;
        let style = self.style;
        let mut before = Record::read(input).unwrap_or_default();
        let shown = match before.0.as_slice() {
            [(key, value)] if *key == self.key && value.is_string() => {
                before.text(key).unwrap_or_default().to_owned()
            }
            _ => String::from_utf8_lossy(input).into_owned(),
        };
        let mut out = format!(
            "{} {}\n",
            style.bold(&format!("{number}:")),
            shorten(&shown)
        );
        for what in shape::describe(&before, &self.key) {
            let _ = writeln!(out, "  {what}");
        }
        for step in steps {
            let name = self.filters[step.filter];
            match &step.answer {
                Answer::Record(json) => {
                    let after = Record::read(json).unwrap_or_default();
                    let _ = writeln!(out, "  {}", style.bold(name));
                    self.changed(&before, &after, call, &mut out);
                    before = after;
                }
                Answer::Dropped => {
                    self.dropped += 1;
                    let _ = writeln!(
                        out,
                        "  {}\n    {} the record; only a rule of its settings does that",
                        style.bold(name),
                        style.removed("dropped")
                    );
                }
                Answer::NotJson(_) | Answer::Lost(_) => {
                    let lost = style.mark("the record is lost; see the error");
                    let _ = writeln!(out, "  {}\n    {lost}", style.bold(name));
                }
            }
        }
        if let Some(Step {
            answer: Answer::Record(_),
            ..
        }) = steps.last()
        {
            self.records += 1;
            for (code, _) in marks(&before) {
                *self.marks.entry(code.to_owned()).or_default() += 1;
            }
        }
        out.push('\n');
        out
    }

    /// What one filter changed, a line each.
    fn changed(&mut self, before: &Record, after: &Record, call: Call<'_>, out: &mut String) {
        let style = self.style;
        let changes = changes(before, after, call, MARK);
        let width = changes
            .iter()
            .map(|change| label(change).chars().count())
            .max();
        for change in &changes {
            let (sign, text) = match change {
                Change::Added { value, from, .. } => (
                    style.added("+"),
                    match from {
                        Some(from) => {
                            format!("{}  {}", shorten(&value.to_string()), style.dim(from))
                        }
                        None => shorten(&value.to_string()),
                    },
                ),
                Change::Removed { value, .. } => (style.removed("-"), shorten(&value.to_string())),
                Change::Replaced { old, new, .. } => {
                    let [old, new] =
                        difference(&old.to_string(), &new.to_string()).map(|text| visible(&text));
                    let was = style.dim(&format!("was {old}"));
                    (style.changed("~"), format!("{new}  {was}"))
                }
                Change::Renamed { value, .. } => (style.changed(">"), shorten(&value.to_string())),
            };
            let name = label(change);
            let pad = width.unwrap_or(0) - name.chars().count();
            let _ = writeln!(out, "    {sign} {name}{:pad$}  {text}", "");
        }
        let old = marks(before);
        let new: Vec<_> = marks(after)
            .into_iter()
            .filter(|mark| !old.contains(mark))
            .collect();
        for (code, reason) in &new {
            let name = if code.is_empty() { MARK } else { code };
            let _ = writeln!(
                out,
                "    {} {}: {reason}",
                style.mark("!"),
                style.mark(name)
            );
            // Once is enough.
            if !self.told.insert((*code).to_owned()) {
                continue;
            }
            if let Some(known) = codes::find(code) {
                let _ = writeln!(out, "      what it means: {}", known.meaning);
                let _ = writeln!(out, "      what to do: {}", known.remedy);
            }
        }
        if changes.is_empty() && new.is_empty() {
            let _ = writeln!(out, "    = left as it came, without a mark");
        }
    }

    /// The counts, when all is done.
    pub(crate) fn summary(&self) -> String {
        let mut out = format!(
            "{}, {}, {} dropped",
            count(self.lines, "line"),
            count(self.records, "record"),
            self.dropped
        );
        if !self.marks.is_empty() {
            let marks: Vec<String> = self
                .marks
                .iter()
                .map(|(code, count)| match code.as_str() {
                    "" => format!("{count} × {MARK} without a code"),
                    code => format!("{count} × {code}"),
                })
                .collect();
            let _ = write!(out, "; marked: {}", marks.join(", "));
        }
        out.push('\n');
        out
    }
}

/// `1 line`, `2 lines`.
pub(crate) fn count(number: u64, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{s}")
}
