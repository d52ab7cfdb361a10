//! Filters outside of Fluent Bit: the same code in an ordinary process, for tests, profilers and the curious.

use std::format;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::call::Call;
use crate::run::{Answer, Filter, Format, first_size, next_size, no_memory, run};
use crate::settings::{Notes, Settings, Source};
use crate::time::Time;

/// Runs a filter on one record, as Fluent Bit would: the new record, the same one, or `None` where it is
/// dropped.
pub fn call<S: Settings>(filter: Filter<S>, settings: &S, call: &Call<'_>) -> Option<Vec<u8>> {
    let mut size = first_size(call);
    loop {
        let mut buffer = std::vec![0; size];
        let answer = run(filter, call, settings, &mut buffer);
        if answer != Answer::TooSmall {
            settings.answered(true);
        }
        match answer {
            Answer::Record { len } => {
                buffer.truncate(len);
                return Some(buffer);
            }
            Answer::Same => return Some(as_it_came(call)),
            Answer::Dropped => return None,
            Answer::TooSmall => match next_size(size, call) {
                Some(next) => size = next,
                None => {
                    settings.answered(false);
                    return Some(as_it_came(call));
                }
            },
        }
    }
}

fn as_it_came(call: &Call<'_>) -> Vec<u8> {
    let answer = no_memory(Format::Json);
    let answer = answer.strip_suffix(b"\0").unwrap_or(answer);
    call.record.unwrap_or(answer).to_vec()
}

/// Settings from the text of a `<module>.json` (`None`: there is none), and the notes for stderr.
pub fn load<S: Settings>(module: &str, text: Option<&str>) -> (S, String) {
    let mut buffer = [0; 4096];
    let mut notes = Notes::new(module, &mut buffer);
    // Settings live as long as the process, as they do in a module.
    let source = text.map_or(Source::Missing, |text| {
        Source::Text(text.to_string().leak().as_bytes())
    });
    let mut settings = S::load(source, &mut notes);
    settings.keep(std::vec![0; settings.memory()].leak());
    let text = String::from_utf8_lossy(notes.text()).into_owned();
    (settings, text)
}

/// The `main` that [`crate::export!`] makes: reads records from stdin, one JSON object a line, and writes
/// what the filter makes of them. `[FUNCTION] [TAG]` are the arguments; the first function by default.
pub fn main<S: Settings>(module: &str, functions: &[(&str, Filter<S>)]) -> ExitCode {
    let mut args = std::env::args().skip(1);
    let wanted = args.next();
    let tag = args.next().unwrap_or_default();
    let found = match &wanted {
        None => functions.first(),
        Some(name) => functions.iter().find(|(known, _)| known == name),
    };
    let Some((_, filter)) = found else {
        let known: Vec<&str> = functions.iter().map(|(name, _)| *name).collect();
        std::eprintln!(
            "error: {module} has no function {:?}; it has {}",
            wanted.unwrap_or_default(),
            known.join(", ")
        );
        return ExitCode::FAILURE;
    };
    let file = format!("{module}.json");
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            std::eprintln!("error: {file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (settings, notes) = load::<S>(module, text.as_deref());
    std::eprint!("{notes}");
    match pump(*filter, &settings, tag.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            std::eprintln!("error: {module}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn pump<S: Settings>(filter: Filter<S>, settings: &S, tag: &[u8]) -> std::io::Result<()> {
    let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line?;
        let now = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default();
        let time = Time {
            seconds: now.as_secs() as u32,
            nanoseconds: now.subsec_nanos(),
        };
        if let Some(record) = call(
            filter,
            settings,
            &Call {
                tag,
                time,
                record: Some(&line),
            },
        ) {
            stdout.write_all(&record)?;
            stdout.write_all(b"\n")?;
        }
    }
    stdout.flush()
}
