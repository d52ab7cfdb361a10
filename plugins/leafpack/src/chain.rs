//! Filters one behind the other, as the `[FILTER]` sections of a pipeline.

use serde::de::IgnoredAny;

use crate::catalog::Filter;
use crate::filter::{FilterInstance, LoadError, Lost, RecordTime};
use crate::host_json;
use crate::record::Record;
use crate::sandbox::Limits;

/// What is asked for: a filter, one of its functions, and the text of its settings file.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) filter: &'static Filter,
    pub(crate) function: String,
    pub(crate) settings: Option<Vec<u8>>,
}

/// What a filter answered with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// A record: one JSON object.
    Record(Vec<u8>),
    /// It drops the record.
    Dropped,
    /// Something that is not one JSON object.
    NotJson(Vec<u8>),
    /// Nothing that could be used.
    Lost(Lost),
}

/// What one filter did with a record.
#[derive(Debug)]
pub(crate) struct Step {
    /// Which of the chain's filters, from 0.
    pub(crate) filter: usize,
    pub(crate) answer: Answer,
    /// Lines that it wrote meanwhile.
    pub(crate) notes: Vec<String>,
}

/// Filters, instantiated.
#[derive(Debug)]
pub(crate) struct Chain(Vec<FilterInstance>);

impl Chain {
    /// # Errors
    /// If one of the filters can't be called.
    pub(crate) fn load(sections: &[Section], limits: Limits) -> Result<Self, LoadError> {
        let instances = sections.iter().map(|section| section.load(limits));
        instances.collect::<Result<_, _>>().map(Chain)
    }

    /// Hands a record to the filters in turn, until one has no record to hand on; returns what each did.
    pub(crate) fn call(&mut self, tag: &str, time: RecordTime, record: Vec<u8>) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::with_capacity(self.0.len());
        let mut input = record;
        for (filter, instance) in self.0.iter_mut().enumerate() {
            if let Some(Step {
                answer: Answer::Record(json),
                ..
            }) = steps.last()
            {
                // It is an object, so there is something to pass on.
                input = host_json::passed_on(json).unwrap_or_default();
            }
            let answer = match instance.call(tag.as_bytes(), time, &input) {
                Ok(Some(json)) if is_object(&json) => Answer::Record(json),
                Ok(Some(json)) => Answer::NotJson(json),
                Ok(None) => Answer::Dropped,
                Err(lost) => Answer::Lost(lost),
            };
            let goes_on = matches!(answer, Answer::Record(..));
            steps.push(Step {
                filter,
                answer,
                notes: lines(&instance.take_notes()),
            });
            if !goes_on {
                break;
            }
        }
        steps
    }
}

impl Section {
    fn load(&self, limits: Limits) -> Result<FilterInstance, LoadError> {
        FilterInstance::load(
            self.filter,
            &self.function,
            self.settings.as_deref(),
            limits,
        )
    }

    /// How a filter begins what it says about its settings file.
    fn prefix(&self) -> String {
        format!("leafpack: {}.json: ", self.filter.name)
    }

    /// What the filter itself has to say about its settings: it goes on with bad ones, for a pipeline must. An instance
    /// of its own reads them, with an empty record.
    ///
    /// # Errors
    /// If the filter can't be called.
    pub(crate) fn complaints(&self, limits: Limits) -> Result<Vec<String>, LoadError> {
        if self.settings.is_none() {
            return Ok(Vec::new());
        }
        let mut instance = self.load(limits)?;
        let start = RecordTime {
            seconds: 0,
            nanoseconds: 0,
        };
        let answer = instance.call(b"leafpack", start, b"{}");
        let mut complaints: Vec<String> = lines(&instance.take_notes())
            .iter()
            .filter_map(|note| self.complaint(note))
            .collect();
        if let (true, Ok(Some(json))) = (complaints.is_empty(), answer) {
            complaints.extend(
                settings_mark(&json).map(|mark| format!("records are marked with {mark:?}")),
            );
        }
        Ok(complaints)
    }

    /// What a note says about the settings, if it does.
    pub(crate) fn complaint(&self, note: &str) -> Option<String> {
        match note.strip_prefix(&self.prefix()) {
            Some(rest) => Some(with_suggestion(rest)),
            None => note.starts_with("leafpack: ").then(|| note.to_owned()),
        }
    }
}

/// Names the known key that was most likely meant, where a note lists the known ones.
fn with_suggestion(note: &str) -> String {
    let near = note.strip_prefix("unknown key \"").and_then(|rest| {
        let (key, rest) = rest.split_once('"')?;
        let (_, known) = rest.split_once(" are ")?;
        let distance = |known: &str| strsim::damerau_levenshtein(known, key);
        let near = known.split(", ").min_by_key(|known| distance(known))?;
        (distance(near) <= (key.chars().count() / 3).max(1)).then_some(near)
    });
    match near {
        Some(near) => format!("{note}; did you mean {near}?"),
        None => note.to_owned(),
    }
}

/// Whether a text is one JSON object.
pub(crate) fn is_object(text: &[u8]) -> bool {
    text.trim_ascii_start().first() == Some(&b'{')
        && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

fn lines(notes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(notes);
    text.lines().map(str::to_owned).collect()
}

/// The parts of the field in which our filters say what is wrong with a record: `<code>: <reason>`, several with `; `
/// between them.
pub(crate) fn marks(record: &Record) -> Vec<(&str, &str)> {
    let text = record.text("leafpack_error").unwrap_or_default();
    let mut marks: Vec<(&str, &str)> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        // A reason may hold a `; ` itself: a new part begins with a code.
        let end = rest
            .match_indices("; ")
            .map(|(at, _)| at)
            .find(|at| code(&rest[at + 2..]).is_some())
            .unwrap_or(rest.len());
        let part = &rest[..end];
        marks.push(code(part).unwrap_or(("", part)));
        rest = rest.get(end + 2..).unwrap_or_default();
    }
    marks
}

/// The code that a part of the mark begins with, as `cri.time`, and what follows it.
fn code(part: &str) -> Option<(&str, &str)> {
    let (code, reason) = part.split_once(':')?;
    let (filter, what) = code.split_once('.')?;
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
            })
    };
    (is_name(filter) && is_name(what)).then_some((code, reason.trim_start()))
}

/// The part of a record's mark that is about settings: its code ends in `.settings`.
pub(crate) fn settings_mark(json: &[u8]) -> Option<String> {
    const CODE: &[u8] = b".settings:";
    // Most records have none, and needn't be read for it.
    if !json.windows(CODE.len()).any(|text| text == CODE) {
        return None;
    }
    let record = Record::read(json).ok()?;
    let mark = marks(&record)
        .into_iter()
        .find(|(code, _)| code.ends_with(".settings"))?;
    Some(format!("{}: {}", mark.0, mark.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_has_parts() {
        let marks_of = |text: &str| {
            let record = Record(vec![("leafpack_error".into(), text.into())]);
            let marks = marks(&record);
            marks
                .iter()
                .map(|(code, reason)| format!("{code}|{reason}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(marks_of("cri.time: no time"), ["cri.time|no time"]);
        assert_eq!(
            marks_of("cri.time: a; b; container-logs.settings: cannot be used; x.y: z"),
            [
                "cri.time|a; b",
                "container-logs.settings|cannot be used",
                "x.y|z"
            ]
        );
        assert_eq!(marks_of("an application's own"), ["|an application's own"]);
        assert!(marks_of("").is_empty());
    }

    #[test]
    fn a_near_key_is_named() {
        assert_eq!(
            with_suggestion("unknown key \"nmaes\" is ignored; known are input, names"),
            "unknown key \"nmaes\" is ignored; known are input, names; did you mean names?"
        );
        for note in [
            "unknown key \"elasticsearch\" is ignored; known are input, names",
            "\"names\" is 5, should be x",
        ] {
            assert_eq!(with_suggestion(note), note);
        }
    }
}
