//! Results for people.

use std::fmt::Write as _;

use super::expect::Line;
use super::run::{Failure, Results, Verdict};
use crate::explain::{Style, count, visible};

/// What is printed: a line for each file, what failed in it, and a summary. What is wrong with a file that can't be used
/// is not in it.
pub(crate) fn text(results: &Results, style: Style) -> String {
    let mut out = String::new();
    let paint = |line: &Line, text: &str| match line {
        Line::Same(_) => text.to_owned(),
        Line::Expected(_) => style.removed(text),
        Line::Found(_) => style.added(text),
    };
    for result in &results.0 {
        let file = &result.file;
        match &result.verdict {
            Verdict::Bad(_) => {
                let _ = writeln!(out, "{file}: {}", style.mark("can't be used"));
            }
            // None of its cases was asked for.
            Verdict::Ran(cases) if cases.is_empty() => {}
            Verdict::Ran(cases) => {
                let failed = result.failed();
                let verdict = match failed {
                    0 => style.added("ok"),
                    failed => style.mark(&format!("{failed} FAILED")),
                };
                let all = count(cases.len() as u64, "case");
                let _ = writeln!(out, "{file}: {all}: {verdict}");
                for case in cases.iter().filter(|case| !case.failures.is_empty()) {
                    let name = style.bold(&visible(&case.name));
                    let _ = writeln!(
                        out,
                        "\n{file}:{}: {}: {name}",
                        case.line,
                        style.mark("FAILED")
                    );
                    for failure in &case.failures {
                        out += &failure.text(case.inputs, &paint);
                    }
                }
            }
        }
    }
    let outcome = results.outcome();
    if outcome.failed > 0 {
        out += "\nleafpack logs --explain shows what each filter does to a line, and why.\n";
    }
    let passed = outcome.cases - outcome.failed;
    let _ = write!(
        out,
        "{} in {}: {passed} passed, {} failed",
        count(outcome.cases as u64, "case"),
        count(results.0.len() as u64, "file"),
        outcome.failed
    );
    if outcome.bad_files > 0 {
        let _ = write!(
            out,
            "; {} can't be used",
            count(outcome.bad_files as u64, "file")
        );
    }
    out.push('\n');
    out
}

/// One failure, indented.
pub(super) fn failure(
    failure: &Failure,
    of: usize,
    paint: &dyn Fn(&Line, &str) -> String,
) -> String {
    let mut out = format!(
        "  input {} of {of}: {}\n  - expected on line {}, + found:\n",
        failure.number, failure.input, failure.line
    );
    for line in &failure.difference {
        let text = match line {
            Line::Same(text) => format!("      {text}"),
            Line::Expected(text) => format!("    - {text}"),
            Line::Found(text) => format!("    + {text}"),
        };
        let _ = writeln!(out, "{}", paint(line, &text));
    }
    if let Some(record) = &failure.record {
        let _ = writeln!(out, "    the whole record: {record}");
    }
    out
}
