//! Going through values: what of them is shown, and the writing of what is.

use leafpack_fluent_bit::json::{Field, Value, skip_space, string_end, value_end};

use super::{Style, Writer};
use crate::fields::GROUPS;
use crate::redact::{BODIES, first_of, is_header, is_sensitive};
use crate::text::{Items, NOWHERE, position};

/// What to do with a member of an object.
enum Action {
    Keep,
    Drop,
    Redact,
    /// Write it as one JSON string, cut at the size of the settings.
    Body,
}

impl<'t> Writer<'_, '_, 't> {
    /// Whether the settings name the place that the first `len` keys of the stack lead to, or one above it.
    #[inline(never)]
    fn is_hidden(&self, len: usize) -> bool {
        if !self.settings.hides() {
            return false;
        }
        let mut paths = Items::new(&self.settings.redact);
        while paths.next() {
            let mut rest = paths.content();
            for key in self.stack.get(..len).unwrap_or_default() {
                let after = match (rest.strip_prefix(*key), rest.strip_prefix(b"*")) {
                    (Some(after @ ([] | [b'.', ..])), _) | (_, Some(after @ ([] | [b'.', ..]))) => {
                        after
                    }
                    _ => break,
                };
                match after.strip_prefix(b".") {
                    Some(after) => rest = after,
                    None => return true,
                }
            }
        }
        false
    }

    /// Sets one key of those that lead to the value.
    #[inline(never)]
    fn set_key(&mut self, index: usize, key: &'t [u8]) {
        if let Some(place) = self.stack.get_mut(index) {
            *place = key;
        }
    }

    /// Puts the keys on the stack that lead to a member of a group, and says how many they are and whether the settings
    /// hide it.
    #[inline(never)]
    pub(crate) fn enter(&mut self, group: usize, key: &'t [u8]) -> (usize, bool) {
        let outer: &[u8] = GROUPS.get(group).copied().unwrap_or_default();
        let mut len = 0;
        if !outer.is_empty() {
            self.set_key(0, outer);
            len = 1;
        }
        self.set_key(len, key);
        len += 1;
        (len, self.is_hidden(len))
    }

    /// A member of a group, as it is but for what must not be shown.
    #[inline(never)]
    pub(crate) fn member(&mut self, prefix: &[u8], group: usize, field: &Field<'t>) {
        let (len, hidden) = self.enter(group, field.key);
        self.long_key(prefix, field.key);
        let first = first_of(field.value.kind);
        if hidden || (self.settings.redaction() && is_sensitive(field.key, first, self.about)) {
            self.put_redacted();
        } else {
            self.walk(field.value.text, len, false);
        }
    }

    fn action(&self, index: usize, key: &[u8], first: u8, whole: bool) -> Action {
        let settings = self.settings;
        let top = whole && index == 0;
        let body = top && position(key, BODIES) != NOWHERE;
        if (self.event && key == b"managedFields")
            || (top && key == b"leafpack_error")
            || (body && !settings.bodies())
        {
            Action::Drop
        } else if self.is_hidden(index + 1)
            || (settings.redaction() && is_sensitive(key, first, self.about))
        {
            Action::Redact
        } else if body {
            Action::Body
        } else {
            Action::Keep
        }
    }

    /// Writes a JSON value without what must not be shown. The first `base` keys of the stack lead to it; `whole`: it is
    /// the event itself.
    ///
    /// Nested values are told apart by one bit a level, set for an object, as the SDK's own reader does.
    #[inline(never)]
    pub(crate) fn walk(&mut self, text: &'t [u8], base: usize, whole: bool) {
        let mut at = 0;
        let mut objects: u64 = 0;
        let mut depth = 0u32;
        // A value is due that needs no comma: the first, or one behind its key.
        let mut bare = true;
        // Where the body that is being written ends, and at which depth.
        let mut body: Option<(usize, u32)> = None;
        let mut key: &[u8] = b"";
        // The name of a header was `Authorization`.
        let mut header = false;
        while let Some(&byte) = text.get(at) {
            if self.cut {
                // Nothing more of this is written.
                let Some((end, of_depth)) = body else { return };
                at = end;
                objects = objects
                    .checked_shr(depth.wrapping_sub(of_depth))
                    .unwrap_or(0);
                depth = of_depth;
                body = None;
                self.close_text();
                bare = false;
                header = false;
                continue;
            }
            let index = (base + objects.count_ones() as usize).wrapping_sub(1);
            if matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':') {
                at += 1;
                continue;
            }
            if matches!(byte, b'}' | b']') {
                at += 1;
                objects >>= 1;
                depth = depth.wrapping_sub(1);
                header = false;
                self.put(&[byte]);
                self.comma = true;
            } else if byte == b'"' && !bare && objects & 1 == 1 {
                let Some(end) = string_end(text, at + 1) else {
                    return;
                };
                key = text.get(at + 1..end).unwrap_or_default();
                let colon = skip_space(text, end + 1);
                at = skip_space(text, colon + 1);
                let Some(&first) = text.get(at) else { return };
                self.set_key(index, key);
                let mut action = self.action(index, key, first, whole);
                if header && key == b"value" {
                    action = Action::Redact;
                }
                bare = true;
                match action {
                    Action::Keep => self.key(key),
                    Action::Body => {
                        self.key(key);
                        let Some((end, _)) = value_end(text, at) else {
                            return;
                        };
                        body = Some((end, depth));
                        self.open_text(self.settings.body_size);
                    }
                    Action::Drop | Action::Redact => {
                        if matches!(action, Action::Redact) {
                            self.redact(key);
                        }
                        let Some((end, _)) = value_end(text, at) else {
                            return;
                        };
                        at = end;
                        bare = false;
                    }
                }
                continue;
            } else {
                if !bare {
                    self.put_comma();
                }
                if matches!(byte, b'{' | b'[') {
                    at += 1;
                    objects = objects << 1 | u64::from(byte == b'{');
                    depth += 1;
                    bare = false;
                    header = false;
                    self.put(&[byte]);
                    self.comma = false;
                    continue;
                }
                let Some((end, kind)) = value_end(text, at) else {
                    return;
                };
                let value = text.get(at..end).unwrap_or_default();
                at = end;
                if let Some(content) = (Value { text: value, kind }).string() {
                    self.quoted(content, Style::Plain);
                    header =
                        bare && self.settings.redaction() && key == b"name" && is_header(content);
                } else {
                    self.put(value);
                }
                self.comma = true;
                bare = false;
            }
            // A value has ended.
            if body.is_some_and(|(_, of_depth)| of_depth == depth) && !self.cut {
                body = None;
                self.close_text();
            }
        }
    }
}
