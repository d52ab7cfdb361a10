//! A test file, read.

mod input;
mod section;

use std::path::Path as FilePath;
use std::time::UNIX_EPOCH;

use krm_rs::{Fix, Path, ResultItem, typed, yaml};
use serde::Deserialize;
use serde_json::Value;

use super::Problem;
use super::place::Places;
use crate::catalog::Catalog;
use crate::chain::Section;
use crate::explain::shorten;
use crate::filter::RecordTime;
use crate::sandbox::Limits;
use input::Input;
use section::FilterText;

/// The tag where a test gives none.
const TAG: &str = "kube.test";

/// One case, ready to be run.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    /// Where it begins in the file, from 1.
    pub(super) line: usize,
    pub(super) sections: Vec<Section>,
    pub(super) tag: String,
    pub(super) time: RecordTime,
    pub(super) inputs: Vec<Input>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct FileText {
    filters: Vec<FilterText>,
    tag: Option<String>,
    time: Option<String>,
    key: Option<String>,
    cases: Vec<CaseText>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct CaseText {
    name: String,
    filters: Option<Vec<FilterText>>,
    tag: Option<String>,
    time: Option<String>,
    key: Option<String>,
    input: Value,
    expect: Value,
}

/// Reads a test file.
///
/// # Errors
/// Every mistake in it.
pub(super) fn read(
    path: &FilePath,
    text: &[u8],
    catalog: &Catalog,
    limits: Limits,
) -> Result<Vec<Case>, Vec<Problem>> {
    let tree = yaml::load_one(text).map_err(|why| {
        vec![Problem {
            line: why.line(),
            text: format!("error: {}\n  fix: {}\n", why.message(), why.hint()),
        }]
    })?;
    let mut reader = Reader {
        path,
        catalog,
        limits,
        // It has been read as YAML, so it is UTF-8.
        places: Places::of(&String::from_utf8_lossy(text)),
        problems: Vec::new(),
    };
    let cases = reader.file(&tree);
    match reader.problems.is_empty() {
        true => Ok(cases),
        false => {
            reader.problems.sort_by_key(|problem| problem.line);
            Err(reader.problems)
        }
    }
}

struct Reader<'a> {
    path: &'a FilePath,
    catalog: &'a Catalog,
    limits: Limits,
    places: Places,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn wrong(&mut self, path: &Path, message: impl Into<String>, fix: impl Into<Fix>) {
        let item = ResultItem::error(message, fix).at(path.to_string());
        self.problems.push(Problem {
            line: self.places.line(path),
            text: item.to_text(),
        });
    }

    /// Reads a type; `None` after an error.
    fn typed<T: serde::de::DeserializeOwned>(&mut self, value: &Value, path: &Path) -> Option<T> {
        match typed::from_value_at(value, path) {
            Ok(read) => Some(read),
            Err(errors) => {
                for error in errors.0 {
                    let line = self.places.line(&error.path);
                    let text = ResultItem::from(error).to_text();
                    self.problems.push(Problem { line, text });
                }
                None
            }
        }
    }

    fn file(&mut self, tree: &Value) -> Vec<Case> {
        let root = Path::root();
        if !tree.is_object() {
            self.wrong(
                &root,
                format!(
                    "found {}, expected a mapping with filters and cases",
                    shorten(&tree.to_string())
                ),
                "filters: [{name: cri}]\ncases: […]",
            );
            return Vec::new();
        }
        let Some(file) = self.typed::<FileText>(tree, &root) else {
            return Vec::new();
        };
        let path = root.key("cases");
        if file.cases.is_empty() {
            self.wrong(&path, "found no cases, expected at least one", CASE);
        }
        // Even where every case has its own: what is written must be right.
        let filters = self.sections(&file.filters, &root.key("filters"));
        let time = self.time(file.time.as_deref(), &root.key("time"));
        let mut cases = Vec::new();
        for (index, case) in file.cases.iter().enumerate() {
            let path = path.index(index);
            let sections = match &case.filters {
                Some(filters) => self.sections(filters, &path.key("filters")),
                None => filters.clone(),
            };
            if sections.is_empty() && case.filters.as_ref().unwrap_or(&file.filters).is_empty() {
                self.wrong(
                    &path.key("filters"),
                    "found no filters, here or for the whole file",
                    "filters: [{name: cri}]",
                );
            }
            if case.name.is_empty() {
                self.wrong(
                    &path.key("name"),
                    "missing, and there is no default",
                    "name: a full line",
                );
            }
            let case_time = self.time(case.time.as_deref(), &path.key("time"));
            let key = case.key.as_deref().or(file.key.as_deref()).unwrap_or("log");
            let inputs = self.inputs(case, key, &path);
            cases.push(Case {
                name: case.name.clone(),
                line: self.places.line(&path),
                sections,
                tag: case
                    .tag
                    .clone()
                    .or_else(|| file.tag.clone())
                    .unwrap_or_else(|| TAG.to_owned()),
                time: case_time.or(time).unwrap_or(RecordTime {
                    seconds: 0,
                    nanoseconds: 0,
                }),
                inputs,
            });
        }
        cases
    }

    fn time(&mut self, text: Option<&str>, path: &Path) -> Option<RecordTime> {
        let text = text?;
        let since = humantime::parse_rfc3339(text)
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .and_then(|since| Some((u32::try_from(since.as_secs()).ok()?, since.subsec_nanos())));
        match since {
            Some((seconds, nanoseconds)) => Some(RecordTime {
                seconds,
                nanoseconds,
            }),
            None => {
                let message = format!("found {text:?}, expected a time in UTC, from 1970 to 2106");
                self.wrong(path, message, Fix::value("2026-11-18T09:15:00Z"));
                None
            }
        }
    }
}

const CASE: &str = "\
cases:
  - name: a full line
    input: 2026-11-18T09:14:02Z stdout F hello
    expect:
      subset: {_msg: hello}";
