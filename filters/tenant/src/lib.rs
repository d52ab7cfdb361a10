#![cfg_attr(target_arch = "wasm32", no_std)]
#![doc = include_str!("../README.md")]

mod index;
mod list;
mod name;
mod namespaces;
mod record;
mod settings;
mod write;

pub use list::{List, MAX_NAMES, is_ascii_text};
pub use namespaces::{MAX_NAME, MAX_NAMESPACES, Namespaces};
pub use settings::{Existing, KNOWN, Kubernetes, KubernetesNames, Labels, Settings};

pub use index::Body;
use index::Stop;
use leafpack_fluent_bit::{Call, Output, Verdict, msgpack};

/// The filter `tenant`: adds `cluster`, `environment` and `tenant`, lifts the `kubernetes` map, picks the message,
/// and drops what the settings name.
///
/// A record that is no JSON object goes on as one string, with `leafpack_error` and the host's time.
pub fn tenant(call: &Call<'_>, settings: &Settings, out: &mut Output<'_>) -> Verdict {
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

/// [`tenant`] for `Event_Format msgpack`.
pub fn tenant_msgpack(call: &Call<'_>, settings: &Settings, out: &mut Output<'_>) -> Verdict {
    msgpack::through_json(tenant, call, settings, out)
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
