//! A filter that gives every record back: what is left is the host's own work, below which no filter can get.
#![cfg_attr(target_arch = "wasm32", no_std, no_main)]

use leafpack_fluent_bit::{Call, Output, Verdict, export};

/// Copies the record, whatever its format: msgpack comes without the NUL that the answer needs.
pub fn identity(call: &Call<'_>, _settings: &(), out: &mut Output<'_>) -> Verdict {
    out.push(call.record.unwrap_or_default());
    Verdict::Emit
}

export! {
    module: "identity",
    settings: (),
    functions: { identity => identity },
    msgpack: { identity_msgpack => identity },
}
