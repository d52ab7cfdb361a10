//! Adds who saw the record, unless it says so itself.
#![cfg_attr(target_arch = "wasm32", no_std, no_main)]

use leafpack_fluent_bit::{Call, Output, Verdict, export};

/// Adds `"seen_by":"edge"` behind the fields of the record.
pub fn seen_by(call: &Call<'_>, _settings: &(), out: &mut Output<'_>) -> Verdict {
    let mut object = out.object();
    for field in call.fields() {
        match field {
            Ok(field) if field.key == b"seen_by" => return Verdict::Keep,
            Ok(field) => object.raw(field.key, field.value.text),
            Err(_) => {
                return Verdict::Unreadable {
                    time_field: b"time",
                    reason: b"seen_by.record: no JSON object",
                };
            }
        }
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
