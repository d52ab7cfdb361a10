//! An input of the fuzzer, as a file that a person can read.

use std::borrow::Cow;

/// Stands on a line of its own between settings and calls.
const SEPARATOR: &[u8] = b"\n---\n";

/// More calls than this are not made: every one is repeated, and history shows with few.
const MAX_CALLS: usize = 8;

/// How many letters `<x…>` may make in a case: more take longer, and the same happens.
const MAX_LETTERS: usize = 250_000;

/// One instance's settings, and the calls that it gets, in order.
///
/// In a file, parts are separated by `---` on a line of its own. The first part is the text of the settings file, empty
/// where there is none; each further one is a call: its first line is the tag, the rest is the record. A file of one
/// part is that of a call without settings. In a record, `<x4096>` stands for so many letters x: what depends on
/// lengths need not be as long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case<'a> {
    /// Bytes of the settings file; `None`: there is none.
    pub settings: Option<&'a [u8]>,
    /// Tag and record of each call.
    pub calls: Vec<(&'a [u8], Cow<'a, [u8]>)>,
}

impl<'a> Case<'a> {
    /// Any bytes are a case.
    pub fn of(bytes: &'a [u8]) -> Self {
        let mut parts = split(bytes);
        let settings = if parts.len() > 1 {
            Some(parts.remove(0)).filter(|settings| !settings.is_empty())
        } else {
            None
        };
        let mut letters = MAX_LETTERS;
        let calls = parts.into_iter().take(MAX_CALLS).map(|call| {
            let (tag, record) = match call.iter().position(|byte| *byte == b'\n') {
                Some(end) => (&call[..end], &call[end + 1..]),
                None => (&b""[..], call),
            };
            (tag, expand(record, &mut letters))
        });
        Self {
            settings,
            calls: calls.collect(),
        }
    }
}

/// Writes out each `<x4096>`, as long as there are letters left.
fn expand<'r>(record: &'r [u8], letters: &mut usize) -> Cow<'r, [u8]> {
    let mut rest = record;
    let mut text = Vec::new();
    while let Some((before, run, behind)) = next_run(rest).filter(|(_, run, _)| run <= letters) {
        text.extend_from_slice(before);
        text.resize(text.len() + run, b'x');
        *letters -= run;
        rest = behind;
    }
    if rest.len() == record.len() {
        return record.into();
    }
    text.extend_from_slice(rest);
    text.into()
}

/// The first `<x4096>`: what stands before it, its number, and what stands behind it.
fn next_run(text: &[u8]) -> Option<(&[u8], usize, &[u8])> {
    let mut from = 0;
    loop {
        let at = from + text[from..].windows(2).position(|two| two == b"<x")?;
        let digits = &text[at + 2..];
        let len = digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if (1..=6).contains(&len) && digits.get(len) == Some(&b'>') {
            let run = digits[..len]
                .iter()
                .fold(0, |run, digit| run * 10 + usize::from(digit - b'0'));
            return Some((&text[..at], run, &digits[len + 1..]));
        }
        from = at + 2;
    }
}

fn split(mut rest: &[u8]) -> Vec<&[u8]> {
    // So that a file without settings can begin with its separator.
    let mut parts = Vec::new();
    if let Some(calls) = rest.strip_prefix(&SEPARATOR[1..]) {
        parts.push(&rest[..0]);
        rest = calls;
    }
    while let Some(at) = rest
        .windows(SEPARATOR.len())
        .position(|part| part == SEPARATOR)
    {
        parts.push(&rest[..at]);
        rest = &rest[at + SEPARATOR.len()..];
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_settings_and_calls() {
        let case = |settings: Option<&'static str>, calls: &[(&'static str, &'static str)]| Case {
            settings: settings.map(str::as_bytes),
            calls: calls
                .iter()
                .map(|(tag, record)| (tag.as_bytes(), record.as_bytes().into()))
                .collect(),
        };
        for (text, expected) in [
            ("", case(None, &[("", "")])),
            ("{}", case(None, &[("", "{}")])),
            ("tag\n{}\n", case(None, &[("tag", "{}\n")])),
            ("---\nt\n{}", case(None, &[("t", "{}")])),
            ("\n---\nt\n{}", case(None, &[("t", "{}")])),
            ("s\ns\n---\nt\n{}", case(Some("s\ns"), &[("t", "{}")])),
            (
                "s\n---\nt\na\n---\nu\nb",
                case(Some("s"), &[("t", "a"), ("u", "b")]),
            ),
        ] {
            assert_eq!(Case::of(text.as_bytes()), expected, "{text:?}");
        }
        let many = "\n---\nx".repeat(MAX_CALLS + 2);
        assert_eq!(Case::of(many.as_bytes()).calls.len(), MAX_CALLS);
    }

    #[test]
    fn writes_runs_out() {
        for (text, expected) in [
            ("a<x3>b<x1>", "axxxbx".to_string()),
            ("<x0>", String::new()),
            ("<x><x7654321><xx2><<x2>", "<x><x7654321><xx2><xx".into()),
            ("<x5><x6><x1>", "xxxxx<x6><x1>".into()),
            ("<x999999>", "<x999999>".into()),
        ] {
            assert_eq!(
                expand(text.as_bytes(), &mut 10),
                expected.as_bytes(),
                "{text}"
            );
        }
    }
}
