#![cfg_attr(target_arch = "wasm32", no_std)]
#![doc = include_str!("../README.md")]

mod index;
mod list;
mod name;
mod namespaces;
mod quick;
mod record;
mod settings;
mod write;

pub use list::{List, MAX_NAMES, is_ascii_text};
pub use namespaces::{MAX_NAME, MAX_NAMESPACES, Namespaces};
pub use settings::{Existing, KNOWN, Kubernetes, KubernetesNames, Labels, Settings};

pub use index::Body;
use index::Stop;
use leafpack_fluent_bit::run::Format;
use leafpack_fluent_bit::{Call, Notes, Output, Source, Verdict, msgpack};
use quick::Quick;

/// What an instance of the filter holds.
#[derive(Debug)]
pub struct State {
    settings: Settings,
    quick: Quick,
}

impl From<Settings> for State {
    fn from(settings: Settings) -> Self {
        Self {
            quick: Quick::new(&settings),
            settings,
        }
    }
}

impl leafpack_fluent_bit::Settings for State {
    fn load(source: Source, notes: &mut Notes<'_>) -> Self {
        Settings::load(source, notes).into()
    }

    fn memory(&self) -> usize {
        Quick::MEMORY
    }

    fn keep(&mut self, memory: &'static mut [u8]) {
        self.quick.keep(memory);
    }

    const QUICK: usize = Quick::ROOM;

    #[inline(always)]
    fn quick<'t>(
        &self,
        format: Format,
        tag: impl Fn() -> &'t [u8],
        record: &[u8],
        room: &mut [u8],
    ) -> usize {
        match format {
            Format::Json => self.quick.answer(tag(), record, room),
            Format::Msgpack => 0,
        }
    }
}

/// The filter `tenant`: adds `cluster`, `environment` and `tenant`, lifts the `kubernetes` map, picks the message,
/// and drops what the settings name.
///
/// A record that is no JSON object goes on as one string, with `leafpack_error` and the host's time.
pub fn tenant(call: &Call<'_>, state: &State, out: &mut Output<'_>) -> Verdict {
    // What it finds out is for the next record.
    let _ = state.quick.learn(call, &state.settings, out, whole);
    whole(call, &state.settings, out)
}

/// [`tenant`] for `Event_Format msgpack`.
pub fn tenant_msgpack(call: &Call<'_>, state: &State, out: &mut Output<'_>) -> Verdict {
    msgpack::through_json(quick_or_whole, call, state, out)
}

fn quick_or_whole(call: &Call<'_>, state: &State, out: &mut Output<'_>) -> Verdict {
    if let Some(record) = call.record
        && let Some(room) = out.scratch(out.room() / 2)
    {
        let len = state.quick.answer(call.tag, record, room);
        if len > 0 {
            out.push(room.get(..len).unwrap_or_default());
            return Verdict::Emit;
        }
    }
    tenant(call, state, out)
}

/// The filter without what it remembers.
#[inline(never)]
fn whole(call: &Call<'_>, settings: &Settings, out: &mut Output<'_>) -> Verdict {
    match call.record {
        None => unreadable(b"tenant.record: the host had no memory for the record"),
        Some(text) => {
            let body = Body {
                start: text.len(),
                prefix: b"",
                message: b"",
            };
            process(text, body, settings, out)
        }
    }
}

/// What [`tenant`] does with the record of this text, for a filter that made the text itself, and with the message's
/// fields behind it.
#[inline(never)]
pub fn process(text: &[u8], body: Body<'_>, settings: &Settings, out: &mut Output<'_>) -> Verdict {
    match record::process(text, body, settings, out) {
        // Without room the host's side calls again with a larger buffer.
        Ok(()) | Err(Stop::NoRoom | Stop::Full) => Verdict::Emit,
        Err(Stop::Malformed) => unreadable(b"tenant.record: the record is no JSON object"),
        Err(Stop::Crowded) => unreadable(b"tenant.record: names of fields collide"),
    }
}

fn unreadable(reason: &'static [u8]) -> Verdict {
    Verdict::Unreadable {
        time_field: b"_time",
        reason,
    }
}
