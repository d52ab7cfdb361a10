//! Adds who saw the record, unless it says so itself.
#![cfg_attr(target_arch = "wasm32", no_std, no_main)]

use leafpack_fluent_bit::{Call, Output, Verdict, export};

/// Adds `"seen_by":"edge"` behind the fields of the record.
pub fn seen_by(call: &Call<'_>, _settings: &(), out: &mut Output<'_>) -> Verdict {
    let mut object = out.object();
    let mut seen = false;
    for field in call.fields() {
        match field {
            Ok(field) => {
                seen |= field.key == b"seen_by";
                object.raw(field.key, field.value.text);
            }
            Err(_) => {
                return Verdict::Unreadable {
                    time_field: b"time",
                    reason: b"seen_by.record: no JSON object",
                };
            }
        }
    }
    if seen {
        // Only now: all of the record is known to be JSON.
        return Verdict::Keep;
    }
    object.string(b"seen_by", b"edge");
    object.end();
    Verdict::Emit
}

export! {
    module: "seen_by",
    settings: (),
    functions: { seen_by => seen_by },
}
