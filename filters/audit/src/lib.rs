#![cfg_attr(target_arch = "wasm32", no_std)]
#![doc = include_str!("../README.md")]

mod fields;
mod message;
mod record;
mod redact;
mod rules;
mod settings;
mod text;
mod write;

pub use rules::NOISE;
pub use settings::{MAX_BODY, MAX_PATHS, Settings, Shape};

use leafpack_fluent_bit::{Call, Output, Verdict};

/// The filter `audit`: an event of `audit.k8s.io/v1` becomes flat fields and a sentence, without secrets.
///
/// The event is the record itself, or text (or an object) in the field `input`. Anything else goes on as it came, but for
/// what looks like a secret, with `leafpack_error`. Records are dropped only by the rules of the settings.
pub fn audit(call: &Call<'_>, settings: &Settings, out: &mut Output<'_>) -> Verdict {
    // Verdicts that are never given need no code in the module.
    match record::process(call, settings, out) {
        true => Verdict::Emit,
        false => Verdict::Drop,
    }
}
