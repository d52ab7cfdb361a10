//! JSON text, read in place: no allocation, no recursion, no panic.
//!
//! Everything here is strict (RFC 8259, save that bytes of 0x80 and above are not checked to be UTF-8: the
//! host passes on what applications write). Strictness is what lets a filter copy a field as it stands: what
//! was read as valid stays valid, and Fluent Bit aborts on a filter's invalid JSON.

mod fields;
mod scan;
mod text;

pub use fields::{Field, Fields, Malformed, Value, string_content};
pub(crate) use scan::{BLOCK, closing_quote, digits_end, end_of_value, key_end, words};
pub use scan::{
    Kind, MAX_DEPTH, MAX_MAGNITUDE, byte, is_plain, next_special, plain_len, same, skip_space,
    specials, string_end, value_end, word,
};
pub use text::{Unescaped, find, position, unescape};
