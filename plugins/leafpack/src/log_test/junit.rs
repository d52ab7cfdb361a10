//! Results for CI systems: JUnit's XML, as Jenkins, GitLab and GitHub's actions read it.

use std::io::{Error, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::expect::Line;
use super::run::{CaseResult, FileResult, Results, Verdict};
use crate::explain::count;

/// The report: a suite for each file, in which a case that failed has a `failure`, and a file that can't be used is one
/// case with an `error`. It holds no times, so that the same results are the same bytes.
///
/// # Errors
/// None that a caller could do something about: the report is written to memory.
pub(crate) fn junit(results: &Results) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let outcome = results.outcome();
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .with_attributes([
            ("name", "leafpack test"),
            ("tests", &*(outcome.cases + outcome.bad_files).to_string()),
            ("failures", &*outcome.failed.to_string()),
            ("errors", &*outcome.bad_files.to_string()),
        ])
        .write_inner_content(|writer| {
            for result in &results.0 {
                suite(writer, result)?;
            }
            Ok(())
        })?;
    let mut report = writer.into_inner();
    report.push(b'\n');
    Ok(report)
}

fn suite<W: Write>(writer: &mut Writer<W>, result: &FileResult) -> Result<(), Error> {
    let (tests, errors) = match &result.verdict {
        Verdict::Bad(_) => (1, 1),
        Verdict::Ran(cases) => (cases.len(), 0),
    };
    let file = allowed(&result.file);
    writer
        .create_element("testsuite")
        .with_attributes([
            ("name", &*file),
            ("tests", &*tests.to_string()),
            ("failures", &*result.failed().to_string()),
            ("errors", &*errors.to_string()),
        ])
        .write_inner_content(|writer| {
            match &result.verdict {
                Verdict::Ran(cases) => {
                    for one in cases {
                        case(writer, &file, one)?;
                    }
                }
                Verdict::Bad(problems) => {
                    let text: String = problems
                        .iter()
                        .map(|problem| problem.in_file(&result.file))
                        .collect();
                    let message = "the file can't be used";
                    start(writer, &file, "the file itself", None)
                        .write_inner_content(|writer| told(writer, "error", message, &text))?;
                }
            }
            Ok(())
        })?;
    Ok(())
}

fn case<W: Write>(writer: &mut Writer<W>, file: &str, case: &CaseResult) -> Result<(), Error> {
    let element = start(writer, file, &allowed(&case.name), Some(case.line));
    if case.failures.is_empty() {
        element.write_empty()?;
        return Ok(());
    }
    let plain = |_: &Line, text: &str| text.to_owned();
    let text: String = case
        .failures
        .iter()
        .map(|failure| failure.text(case.inputs, &plain))
        .collect();
    let message = format!(
        "{} of {} did not become what was expected",
        count(case.failures.len() as u64, "input"),
        case.inputs
    );
    let text = format!("{file}:{}\n{text}", case.line);
    element.write_inner_content(|writer| told(writer, "failure", &message, &text))?;
    Ok(())
}

fn start<'w, W: Write>(
    writer: &'w mut Writer<W>,
    file: &str,
    name: &str,
    line: Option<usize>,
) -> quick_xml::writer::ElementWriter<'w, W> {
    let element = writer.create_element("testcase").with_attributes([
        ("name", name),
        ("classname", file),
        ("file", file),
    ]);
    match line {
        Some(line) => element.with_attribute(("line", &*line.to_string())),
        None => element,
    }
}

fn told<W: Write>(
    writer: &mut Writer<W>,
    element: &str,
    message: &str,
    text: &str,
) -> Result<(), Error> {
    writer
        .create_element(element)
        .with_attribute(("message", message))
        .write_text_content(BytesText::new(&allowed(text)))?;
    Ok(())
}

/// A text without the characters that XML 1.0 can't hold, escaped or not.
fn allowed(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => c,
            _ => '\u{fffd}',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn xml_can_hold_it() {
        assert_eq!(
            allowed("a\u{1b}[31m\0\u{ffff}\r\n\té😀"),
            "a\u{fffd}[31m\u{fffd}\u{fffd}\u{fffd}\n\té😀"
        );
    }
}
