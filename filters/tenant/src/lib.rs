#![cfg_attr(target_arch = "wasm32", no_std)]
#![doc = include_str!("../README.md")]

mod hash;
mod index;
mod list;
mod name;
mod namespaces;
mod record;
mod settings;
mod write;

pub use list::{List, MAX_NAMES};
pub use namespaces::{MAX_NAME, MAX_NAMESPACES, Namespaces};
pub use settings::{Existing, Kubernetes, KubernetesNames, Labels, Settings};

use index::Stop;
use leafpack_fluent_bit::{Call, Output, Verdict};

/// The filter `tenant`: adds `cluster`, `environment` and `tenant`, lifts the `kubernetes` map, picks the message,
/// and drops what the settings name.
///
/// A record that is no JSON object goes on as one string, with `leafpack_error` and the host's time.
pub fn tenant(call: &Call<'_>, settings: &Settings, out: &mut Output<'_>) -> Verdict {
    let reason: &[u8] = match call.record {
        None => b"tenant.record: the host had no memory for the record",
        Some(text) => match record::process(text, settings, out) {
            // Without room the host's side calls again with a larger buffer.
            Ok(()) | Err(Stop::NoRoom | Stop::Full) => return Verdict::Emit,
            Err(Stop::Malformed) => b"tenant.record: the record is no JSON object",
            Err(Stop::Crowded) => b"tenant.record: names of fields collide",
        },
    };
    Verdict::Unreadable {
        time_field: b"_time",
        reason,
    }
}
