//! A message that is a JSON object.

use leafpack_fluent_bit::json::{Fields, unescape};

use crate::settings::Settings;

/// The escaped message of a record that `cri` made of a line, if it looks like an object.
#[inline(never)]
pub(crate) fn message<'a>(record: &'a [u8], settings: &Settings) -> Option<&'a [u8]> {
    let name = settings.cri.names.message();
    let mut fields = Fields::new(record);
    while fields.advance() {
        let field = fields.field();
        if field.key == name {
            let text = field.value.string()?;
            let looks_like_one = text.starts_with(b"{") && text.ends_with(b"}");
            return looks_like_one.then_some(text);
        }
    }
    None
}

/// Writes the object that an escaped message is to `memory`, and returns its length: 0 where it is none. `None`: there is
/// too little memory.
#[inline(never)]
pub(crate) fn unescaped(message: &[u8], memory: &mut [u8]) -> Option<usize> {
    // Unescaping makes no text longer.
    let place = memory.get_mut(..message.len())?;
    let mut len = 0;
    for (place, byte) in place.iter_mut().zip(unescape(message)) {
        *place = byte;
        len += 1;
    }
    let mut fields = Fields::new(place.get(..len).unwrap_or_default());
    while fields.advance() {}
    Some(if fields.malformed().is_none() { len } else { 0 })
}
