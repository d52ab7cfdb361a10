//! Test files, run.

use std::fs;
use std::path::{Path, PathBuf};

use super::expect::{Expect, Line, show_record};
use super::format::{self, Case};
use super::{Problem, text};
use crate::catalog::Catalog;
use crate::chain::{Answer, Chain};
use crate::record::Record;
use crate::sandbox::Limits;

/// What became of all files.
#[derive(Debug, Default)]
pub(crate) struct Results(pub(crate) Vec<FileResult>);

/// What became of one file.
#[derive(Debug)]
pub(crate) struct FileResult {
    pub(crate) file: String,
    pub(crate) verdict: Verdict,
}

/// A file's cases, or why it can't be used.
#[derive(Debug)]
pub(crate) enum Verdict {
    Bad(Vec<Problem>),
    Ran(Vec<CaseResult>),
}

/// What became of one case.
#[derive(Debug)]
pub(crate) struct CaseResult {
    pub(crate) name: String,
    /// Where it begins in the file.
    pub(crate) line: usize,
    /// How many lines or records went in.
    pub(crate) inputs: usize,
    /// None, if it passed.
    pub(crate) failures: Vec<Failure>,
}

/// One line or record that did not become what was expected.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Which of the case's, from 1, as it is shown.
    pub(crate) number: usize,
    pub(crate) input: String,
    /// Where the expectation stands in the file.
    pub(crate) line: usize,
    pub(crate) difference: Vec<Line>,
    /// What came out, in one line, where the difference does not have all of it.
    pub(crate) record: Option<String>,
}

/// The sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Outcome {
    pub(crate) cases: usize,
    pub(crate) failed: usize,
    pub(crate) bad_files: usize,
}

impl Results {
    pub(crate) fn outcome(&self) -> Outcome {
        let mut outcome = Outcome::default();
        for result in &self.0 {
            match &result.verdict {
                Verdict::Bad(_) => outcome.bad_files += 1,
                Verdict::Ran(cases) => {
                    outcome.cases += cases.len();
                    outcome.failed += cases
                        .iter()
                        .filter(|case| !case.failures.is_empty())
                        .count();
                }
            }
        }
        outcome
    }

    /// What is wrong with files that can't be used, as a person reads it.
    pub(crate) fn problems(&self) -> String {
        let bad = self.0.iter().filter_map(|result| match &result.verdict {
            Verdict::Bad(problems) => Some((&result.file, problems)),
            Verdict::Ran(_) => None,
        });
        bad.flat_map(|(file, problems)| problems.iter().map(|problem| problem.in_file(file)))
            .collect()
    }
}

impl FileResult {
    pub(crate) fn failed(&self) -> usize {
        match &self.verdict {
            Verdict::Bad(_) => 0,
            Verdict::Ran(cases) => cases
                .iter()
                .filter(|case| !case.failures.is_empty())
                .count(),
        }
    }
}

/// Runs the cases of these files whose names hold one of `names`, or all, if there are none.
pub(crate) fn run(
    files: &[PathBuf],
    names: &[String],
    catalog: &Catalog,
    limits: Limits,
) -> Results {
    let files = files.iter().map(|path| FileResult {
        file: path.display().to_string(),
        verdict: run_file(path, names, catalog, limits),
    });
    Results(files.collect())
}

fn run_file(path: &Path, names: &[String], catalog: &Catalog, limits: Limits) -> Verdict {
    let bad = |why: String| {
        Verdict::Bad(vec![Problem {
            line: 0,
            text: format!("error: {why}\n"),
        }])
    };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(why) => return bad(why.to_string()),
    };
    let cases = match format::read(path, &bytes, catalog, limits) {
        Ok(cases) => cases,
        Err(problems) => return Verdict::Bad(problems),
    };
    let wanted =
        |case: &&Case| names.is_empty() || names.iter().any(|name| case.name.contains(name));
    let mut results = Vec::new();
    for case in cases.iter().filter(wanted) {
        match run_case(case, limits) {
            Ok(failures) => results.push(CaseResult {
                name: case.name.clone(),
                line: case.line,
                inputs: case.inputs.len(),
                failures,
            }),
            Err(why) => return bad(why),
        }
    }
    Verdict::Ran(results)
}

/// Each case has filters of its own, which remember nothing of other cases.
fn run_case(case: &Case, limits: Limits) -> Result<Vec<Failure>, String> {
    let mut chain = Chain::load(&case.sections, limits).map_err(|why| why.to_string())?;
    let mut failures = Vec::new();
    for (index, input) in case.inputs.iter().enumerate() {
        let steps = chain.call(&case.tag, case.time, input.record.clone());
        let Some(step) = steps.last() else {
            return Err("a case without filters".to_owned());
        };
        let filter = case.sections[step.filter].filter.name;
        let difference = input.expect.difference(&step.answer, filter);
        if difference.is_empty() {
            continue;
        }
        let record = match (&step.answer, &*input.expect) {
            (Answer::Record(json), Expect::Parts { .. }) => {
                Record::read(json).ok().map(|record| show_record(&record))
            }
            // The difference has all of it.
            _ => None,
        };
        failures.push(Failure {
            number: index + 1,
            input: input.shown.clone(),
            line: input.line,
            difference,
            record,
        });
    }
    Ok(failures)
}

impl Failure {
    /// `line 2 of 3: …`, the difference, and what came out.
    pub(crate) fn text(&self, of: usize, paint: &dyn Fn(&Line, &str) -> String) -> String {
        text::failure(self, of, paint)
    }
}
