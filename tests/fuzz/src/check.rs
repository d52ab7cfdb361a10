//! The properties.

use std::borrow::Cow;
use std::collections::HashSet;

use rmpv::Value;

use crate::case::Case;
use crate::leaves::{Leaves, has_twins};
use crate::read::{self, Fields};
use crate::rules;
use crate::target::{Format, Instance, Loses, Target};

/// What a filter writes beside the record, at most: times, names, its mark.
const OWN_BYTES: usize = 1024;

/// Says what does not hold of this export for this input ([`Case`]).
///
/// For every record:
/// - the answer is one JSON object (or one map in msgpack without a NUL), and no name is there twice that was not
///   there twice before;
/// - it is no longer than a few times what came in;
/// - what is no JSON object comes back whole, as text, and marked;
/// - each text and each number of the record is found in the answer, unless it is marked as replaced, or settings
///   may drop it;
/// - it is the same for another instance, to which the calls come in reverse;
/// - in msgpack it is what the same export gives in JSON, by the rules of `leafpack_fluent_bit::msgpack`;
/// - a piece of a line that is held back comes with what follows.
///
/// # Errors
/// The property, with the call and its answer.
pub fn check(target: &Target, input: &[u8]) -> Result<(), String> {
    let case = Case::of(input);
    let records: Vec<Cow<'_, [u8]>> = case
        .calls
        .iter()
        .map(|(_, record)| target.record(record))
        .collect();
    let calls = || {
        case.calls
            .iter()
            .zip(&records)
            .map(|((tag, _), record)| (*tag, &**record))
    };

    let instance = target.start(case.settings);
    // In msgpack nothing is joined.
    let settings = case.settings.map(without_join);
    let in_json = target
        .in_json()
        .map(|target| target.start(settings.as_deref()));
    let mut answers = Vec::with_capacity(records.len());
    for (tag, record) in calls() {
        let answer = instance.call(tag, record);
        one_answer(target, &case, (tag, record), answer.as_deref())
            .and_then(|()| match &in_json {
                Some(in_json) => same_in_json(&**in_json, (tag, record), answer.as_deref()),
                None => Ok(()),
            })
            .map_err(|error| describe(&error, &case, (tag, record), answer.as_deref()))?;
        answers.push(answer);
    }
    if answers.contains(&None) && remembers(&case) {
        let calls: Vec<_> = calls().collect();
        held_pieces_come(target, &*instance, &case, &calls, &mut answers)?;
    }

    if !remembers(&case) {
        let other = target.start(case.settings);
        for ((tag, record), answer) in calls().zip(&answers).rev() {
            let again = other.call(tag, record);
            if again != *answer {
                let error = format!(
                    "another answer in another order: {}",
                    show(again.as_deref())
                );
                return Err(describe(&error, &case, (tag, record), answer.as_deref()));
            }
        }
    }
    Ok(())
}

fn one_answer(
    target: &Target,
    case: &Case<'_>,
    (tag, record): (&[u8], &[u8]),
    answer: Option<&[u8]>,
) -> Result<(), String> {
    let Some(answer) = answer else {
        return if target.loses >= Loses::Records && case.settings.is_some() {
            Ok(())
        } else {
            Err("the record is dropped".into())
        };
    };
    if answer.contains(&0) {
        return Err("there is a NUL in the answer".into());
    }
    let (before, after) = match target.format {
        Format::Json => (read::json(record), read::json(answer)),
        Format::Msgpack => (read::msgpack(record), read::msgpack(answer)),
    };
    let after = after.map_err(|error| format!("the answer is not one record: {error}"))?;
    let most = longest_answer(case, tag, record);
    if answer.len() > most {
        return Err(format!(
            "the answer has {} bytes, expected at most {most}",
            answer.len()
        ));
    }
    if target.format == Format::Msgpack {
        // Whether it is right is said by the same export in JSON.
        let is_record = record.first().is_some_and(|byte| is_map(*byte));
        let unmarked = before.is_err() && !is_record;
        return match unmarked && mark(&after).is_none() {
            true => Err("no map came, and nothing says so".into()),
            false => Ok(()),
        };
    }
    match before {
        Ok(before) => {
            no_new_twins(&before, &after)?;
            if target.loses == Loses::Fields || may_drop_fields(case) || has_twins(&before) {
                return Ok(());
            }
            nothing_lost(&before, &after, remembers(case))
        }
        // Of a joined line the pieces are parts of another text.
        Err(_) if remembers(case) => Ok(()),
        Err(_) => comes_back_whole(target, record, &after),
    }
}

/// Whether a value that begins so is a map in msgpack.
fn is_map(byte: u8) -> bool {
    matches!(byte, 0x80..=0x8f | 0xde | 0xdf)
}

/// From so many containers one in the other a record may be too deep for a filter.
const DEEPEST: usize = leafpack_fluent_bit::json::MAX_DEPTH as usize;

/// How many containers a value has one in the other.
fn depth(value: &rmpv::Value) -> usize {
    match value {
        rmpv::Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        rmpv::Value::Map(pairs) => {
            1 + pairs
                .iter()
                .map(|(_, value)| depth(value))
                .max()
                .unwrap_or(0)
        }
        _ => 0,
    }
}

/// Holds an answer in msgpack against that of the same export in JSON.
fn same_in_json(
    in_json: &dyn Instance,
    (tag, record): (&[u8], &[u8]),
    answer: Option<&[u8]>,
) -> Result<(), String> {
    let Some(text) = read::msgpack(record)
        .ok()
        .and_then(|fields| read::to_json(&fields))
    else {
        return Ok(());
    };
    let (answer, expected) = match (answer, in_json.call(tag, &text)) {
        (Some(answer), Some(expected)) => (answer, expected),
        (None, None) => return Ok(()),
        (_, expected) => {
            let expected = show(expected.as_deref());
            return Err(format!("in JSON the answer is {expected}"));
        }
    };
    let expected_fields = read::json(&expected)?;
    // What is too deep comes back as what came, which is not the same here. At the limit itself the one may be read and
    // the other not.
    let is_at_limit = || depth(&read::map(&read::msgpack(record).unwrap_or_default())) >= DEEPEST;
    let comes_back = |fields: &Fields| fields.iter().any(|(name, _)| name == "leafpack_record");
    if comes_back(&expected_fields) || (is_at_limit() && comes_back(&read::msgpack(answer)?)) {
        return Ok(());
    }
    rules::compare(&expected_fields, &read::msgpack(answer)?)
        .map_err(|error| format!("{error}; in JSON the answer is {}", show(Some(&expected))))
}

/// The message of each piece that was held back is in a later answer: lines that end all that is open are added. Other
/// fields of a joined line are those of its last piece.
fn held_pieces_come(
    target: &Target,
    instance: &dyn Instance,
    case: &Case<'_>,
    calls: &[(&[u8], &[u8])],
    answers: &mut Vec<Option<Vec<u8>>>,
) -> Result<(), String> {
    // Where lines are in another field, these would end nothing.
    if String::from_utf8_lossy(case.settings.unwrap_or_default()).contains("input") {
        return Ok(());
    }
    for (tag, _) in calls {
        for stream in ["stdout", "stderr"] {
            let last = format!("{{\"log\":\"2026-01-31T12:00:00Z {stream} F \"}}");
            answers.push(instance.call(tag, &target.record(last.as_bytes())));
        }
    }
    let read = |bytes: &[u8]| match target.format {
        Format::Json => read::json(bytes),
        Format::Msgpack => read::msgpack(bytes),
    };
    for (n, (tag, record)) in calls
        .iter()
        .enumerate()
        .filter(|(n, _)| answers[*n].is_none())
    {
        let fault = |error: &str| describe(error, case, (tag, record), None);
        let fields = read(record);
        let line = match &fields {
            Ok(fields) => text_of(fields, "log").map(Cow::from),
            // Held before all of it was read; what matters is that it comes.
            Err(_) => Some(read::text(record)),
        };
        let line = line.ok_or_else(|| fault("what is no line is held back"))?;
        let message = match line.splitn(4, ' ').collect::<Vec<_>>()[..] {
            [_, _, tags, message] if tags.split(':').next() == Some("P") => message,
            [_, _, tags] if tags.split(':').next() == Some("P") => "",
            _ => return Err(fault("what is no piece of a line is held back")),
        };
        // Of text that is no record, up to where the message ends or an escape stands.
        let message = match &fields {
            Ok(_) => message,
            Err(_) => message.split(['"', '\\']).next().unwrap_or_default(),
        };
        // Bytes at its ends that are no UTF-8 may be a character together with those of its neighbours.
        let message = message.trim_matches(|c: char| c >= '\u{10ff00}');
        let comes = answers[n + 1..]
            .iter()
            .flatten()
            .any(|answer| read(answer).is_ok_and(|fields| Leaves::of(&fields).holds(message)));
        if !comes {
            return Err(fault("the piece is held back for ever"));
        }
    }
    Ok(())
}

/// A byte takes at most six, as `\u0000`. Prefixes of the settings may stand before each field, and a field has at
/// least four bytes. What was held back comes too.
fn longest_answer(case: &Case<'_>, tag: &[u8], record: &[u8]) -> usize {
    let settings = case.settings.map_or(0, <[u8]>::len);
    let held = if remembers(case) {
        case.calls.iter().map(|(_, record)| record.len()).sum()
    } else {
        0
    };
    6 * (record.len() + held + tag.len()) + settings * (record.len() / 4 + 2) + OWN_BYTES
}

fn no_new_twins(before: &Fields, after: &Fields) -> Result<(), String> {
    let mut names = HashSet::new();
    let twin = after.iter().find(|(name, _)| !names.insert(name.as_str()));
    let Some((name, _)) = twin else { return Ok(()) };
    if before.iter().filter(|(other, _)| other == name).count() > 1 {
        return Ok(());
    }
    Err(format!("the name {name:?} is there twice"))
}

/// What is no record is the text of one field, and the mark says so.
fn comes_back_whole(target: &Target, record: &[u8], after: &Fields) -> Result<(), String> {
    if mark(after).is_none() {
        return Err("no JSON object came, and nothing says so".into());
    }
    let text = text_of(after, "leafpack_record").ok_or("what came is not in leafpack_record")?;
    let redacted = target.loses == Loses::Fields && text.contains("[redacted]");
    if redacted || text == read::text(record) {
        Ok(())
    } else {
        Err(format!("leafpack_record is {text:?}"))
    }
}

fn nothing_lost(before: &Fields, after: &Fields, joined: bool) -> Result<(), String> {
    // The filter is stricter than the parser here, in what numbers and what depth it takes.
    if let Some(record) = text_of(after, "leafpack_record")
        && read::json(record.as_bytes()).as_ref() == Ok(before)
    {
        return Ok(());
    }
    let replaced =
        mark(after).is_some_and(|mark| mark.contains(".replaced:") || mark.contains(".kept:"));
    if replaced {
        return Ok(());
    }
    let after = match joined {
        true => Leaves::of_joined(after),
        false => Leaves::of(after),
    };
    for (name, value) in before {
        // What `multiline.parser cri` and a parser leave of the line's tag; `F` and `P` are said otherwise.
        if name == "_p" || name == "logtag" && matches!(value.as_str(), Some("F" | "P")) {
            continue;
        }
        if let Some(missing) = after.missing_in(name, value) {
            return Err(format!("{missing} of {name:?} is gone"));
        }
    }
    Ok(())
}

/// Whether the settings may name fields that the output does not have; they are read as text, for they may be
/// broken.
fn may_drop_fields(case: &Case<'_>) -> bool {
    let settings = String::from_utf8_lossy(case.settings.unwrap_or_default());
    // A backslash may spell either.
    ["drop", "labels", "\\"]
        .iter()
        .any(|word| settings.contains(word))
}

/// Whether an answer may depend on earlier records: where pieces of a line are joined.
fn remembers(case: &Case<'_>) -> bool {
    let settings = String::from_utf8_lossy(case.settings.unwrap_or_default());
    settings.contains("filter") || settings.contains('\\')
}

/// The settings with lines that are cut marked in place of joined; of one length, so that nothing else moves.
fn without_join(settings: &[u8]) -> Vec<u8> {
    const JOINED: &[u8] = b"\"filter\"";
    const MARKED: &[u8] = b"\"mark\"  ";
    let mut changed = settings.to_vec();
    // With a backslash `join` may be spelt otherwise.
    let is_escaped = settings.contains(&b'\\');
    for at in 0..settings.len() {
        if !settings[at..].starts_with(JOINED) {
            continue;
        }
        let before = settings[..at].trim_ascii_end();
        let name = before.strip_suffix(b":").map(<[u8]>::trim_ascii_end);
        if is_escaped || name.is_some_and(|name| name.ends_with(b"\"join\"")) {
            changed[at..at + MARKED.len()].copy_from_slice(MARKED);
        }
    }
    changed
}

fn mark(fields: &Fields) -> Option<&str> {
    text_of(fields, "leafpack_error").filter(|mark| !mark.is_empty())
}

fn text_of<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    let (_, value) = fields.iter().find(|(other, _)| other == name)?;
    match value {
        Value::String(text) => text.as_str(),
        _ => None,
    }
}

fn describe(
    error: &str,
    case: &Case<'_>,
    (tag, record): (&[u8], &[u8]),
    answer: Option<&[u8]>,
) -> String {
    format!(
        "{:.400}\n  settings {}\n  tag      {}\n  record   {}\n  answer   {}",
        error,
        show(case.settings),
        show(Some(tag)),
        show(Some(record)),
        show(answer),
    )
}

/// Bytes as text; a long run of one letter as in a [`Case`].
fn show(bytes: Option<&[u8]>) -> String {
    const LONG: usize = 40;
    let Some(bytes) = bytes else {
        return "none".into();
    };
    let mut text = String::new();
    for run in bytes.chunk_by(|one, next| one == next) {
        match run {
            [b'x', ..] if run.len() > LONG => text.push_str(&format!("<x{}>", run.len())),
            _ => text.push_str(&run.escape_ascii().to_string()),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::target::Instance;

    /// A filter of this test: the answer by the number of the call and the record.
    struct Fake(Cell<usize>, fn(usize, &[u8]) -> Option<Vec<u8>>);

    impl Instance for Fake {
        fn call(&self, _tag: &[u8], record: &[u8]) -> Option<Vec<u8>> {
            self.0.set(self.0.get() + 1);
            (self.1)(self.0.get(), record)
        }
    }

    macro_rules! fake {
        ($format:ident, $filter:expr) => {
            Target {
                export: "fake",
                module: "fake",
                format: Format::$format,
                loses: Loses::Records,
                start: |_| Box::new(Fake(Cell::default(), $filter)),
            }
        };
    }

    /// The first line of what is wrong.
    fn fault(target: Target, input: &str) -> String {
        let error = check(&target, input.as_bytes()).expect_err("the property is broken");
        error.lines().next().unwrap_or_default().to_string()
    }

    fn text(text: &str) -> Option<Vec<u8>> {
        Some(text.into())
    }

    #[test]
    fn every_broken_property_is_seen() {
        for (target, input, expected) in [
            (fake!(Json, |_, _| None), "t\n{}", "the record is dropped"),
            (
                fake!(Json, |_, _| text("{}\0")),
                "t\n{}",
                "there is a NUL in the answer",
            ),
            (
                fake!(Json, |_, _| text("{}{}")),
                "t\n{}",
                "the answer is not one record: trailing characters at line 1 column 3",
            ),
            (
                fake!(Json, |_, record| Some(record.to_vec())),
                "t\nnan",
                "the answer is not one record: expected ident at line 1 column 2",
            ),
            (
                fake!(Json, |_, _| text(&format!(
                    "{{\"a\":\"{}\"}}",
                    "x".repeat(9_000)
                ))),
                "t\n{}",
                "the answer has 9008 bytes, expected at most 1042",
            ),
            (
                fake!(Json, |_, _| text(r#"{"b":1,"\u0062":1}"#)),
                r#"{"b":1}"#,
                r#"the name "b" is there twice"#,
            ),
            (
                fake!(Json, |_, _| text("{}")),
                r#"{"a":"x"}"#,
                r#"the text "x" of "a" is gone"#,
            ),
            (
                fake!(Json, |_, _| text(r#"{"leafpack_error":"f.x: y"}"#)),
                r#"{"a":5}"#,
                r#"the number 5 of "a" is gone"#,
            ),
            (
                fake!(Json, |_, _| text(r#"{"leafpack_record":"x"}"#)),
                "x",
                "no JSON object came, and nothing says so",
            ),
            (
                fake!(Json, |_, _| text(
                    r#"{"leafpack_error":"f.x: y","leafpack_record":"x"}"#
                )),
                "xy",
                r#"leafpack_record is "x""#,
            ),
            (
                fake!(Json, |call, _| text(&format!("{{\"a\":{call}}}"))),
                "---\n\n{}\n---\n\n{}",
                r#"another answer in another order: {\"a\":1}"#,
            ),
            (
                fake!(Msgpack, |_, _| Some(vec![0x81, 0xa1, b'a'])),
                "{}",
                "the answer is not one record: I/O error while reading marker byte: failed to fill whole buffer",
            ),
        ] {
            assert_eq!(fault(target, input), expected, "{input}");
        }
    }

    /// One that never gives a piece back, and one that comes with the next line.
    #[test]
    fn pieces_must_come() {
        let piece = "{\"log\":\"2026-01-31T12:00:00Z stdout P the piece\"}";
        let case = format!("{{\"join\":\"filter\"}}\n---\nt\n{piece}");
        let lost = fake!(Json, |_, record| {
            let is_piece = record.windows(3).any(|part| part == b" P ");
            (!is_piece).then(|| record.to_vec())
        });
        assert_eq!(fault(lost, &case), "the piece is held back for ever");
        let comes = fake!(Json, |call, _| (call > 1)
            .then(|| b"{\"log\":\"the piece\"}".to_vec()));
        assert_eq!(check(&comes, case.as_bytes()), Ok(()));
        let whole = case.replace(" P ", " F ");
        let holds = fake!(Json, |call, _| (call > 1).then(|| b"{}".to_vec()));
        assert_eq!(
            fault(holds, &whole),
            "what is no piece of a line is held back"
        );
    }

    #[test]
    fn msgpack_is_held_against_json() {
        let in_json = |answer: fn(usize, &[u8]) -> Option<Vec<u8>>| Fake(Cell::default(), answer);
        let packed = read::to_msgpack(&read::json(br#"{"a":"x"}"#).unwrap());
        let same = |in_json: Fake| same_in_json(&in_json, (b"", &packed), Some(&packed));
        assert_eq!(same(in_json(|_, record| Some(record.to_vec()))), Ok(()));
        assert!(same(in_json(|_, _| text(r#"{"a":"y"}"#))).is_err());
        assert!(same(in_json(|_, _| text(r#"{"a":"x","b":1}"#))).is_err());
        assert!(same(in_json(|_, _| None)).is_err());
    }

    #[test]
    fn what_settings_ask_for_is_no_loss() {
        let same = || fake!(Json, |_, record| Some(record.to_vec()));
        let dropped = || fake!(Json, |_, _| None);
        let empty = || fake!(Json, |_, _| text("{}"));
        for (target, input) in [
            (same(), "t\n{\"a\":1,\"a\":2}"),
            (dropped(), "{}\n---\nt\n{}"),
            (empty(), "{\"drop\":[\"a\"]}\n---\nt\n{\"a\":1}"),
            (empty(), "t\n{\"a\":1,\"a\":2}"),
        ] {
            assert_eq!(check(&target, input.as_bytes()), Ok(()), "{input}");
        }
    }
}
