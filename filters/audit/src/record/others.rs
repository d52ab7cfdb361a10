//! Fields that are neither known nor the event: each under its own name, or among the rest.

use leafpack_fluent_bit::json::{Field, Fields, Kind, find};

use super::{Job, Place};
use crate::fields::{ANNOTATIONS, COUNT, GROUPS, by_name, group_of};
use crate::settings::Shape;
use crate::text::{NOWHERE, position};
use crate::write::Style;

/// Names of the settings' labels.
const LABEL_NAMES: &[u8] = b"cluster;environment;tenant;";

/// Names that the output has besides those and those of the known fields.
const NAMES: &[u8] = b"log_type;audit_other;redacted;leafpack_error;";
/// Names that it has with an event.
const EVENT_NAMES: &[u8] = b"_time;_msg;annotations;audit_event;";

impl<'a: 't, 't> Job<'_, '_, 'a, 't> {
    /// Writes the members of a group that are not known fields into one text.
    #[inline(never)]
    pub(super) fn rest_of(&mut self, group: usize, name: &[u8], object: &'t [u8]) {
        let prefix: &[u8] = match group {
            ANNOTATIONS => b"",
            _ => GROUPS.get(group).copied().unwrap_or_default(),
        };
        let mut members = Fields::new(object);
        while members.advance() {
            if !self.event.has(group, members.field()) {
                self.start_text(name);
                self.writer.member(prefix, group, members.field());
            }
        }
    }

    /// Starts a text that holds an object, with its first member.
    #[inline(never)]
    fn start_text(&mut self, name: &[u8]) {
        if !self.opened {
            self.opened = true;
            self.writer.key(name);
            self.writer.open_text(usize::MAX);
            self.writer.open_object();
        }
    }

    #[inline(never)]
    pub(super) fn end_text(&mut self) {
        if self.opened {
            self.opened = false;
            self.writer.close_object();
            self.writer.close_text();
        }
    }

    /// What is neither known nor the event: first the fields that keep their names, then those that cannot.
    #[inline(never)]
    pub(super) fn others(&mut self, rest: bool) {
        if self.place != Place::Record && !(self.alone && self.has_event()) {
            let mut fields = Fields::new(self.record);
            while fields.advance() {
                self.of_record(fields.field(), rest);
            }
        }
        // In other shapes all of the event is written already.
        let flat = self.writer.settings.shape() == Shape::Flat;
        if self.has_event() && flat && self.event.has_others {
            let mut fields = Fields::new(self.event.text);
            while fields.advance() {
                self.of_event(fields.field(), rest);
            }
        }
    }

    /// A field of the event that may be none of the known ones.
    #[inline(never)]
    fn of_event(&mut self, field: &Field<'t>, rest: bool) {
        let group = group_of(field);
        if self.event.has(0, field) {
        } else if group == 0 || group == ANNOTATIONS {
            self.other(field, true, rest);
        } else if rest {
            self.rest_of(group, b"audit_other", field.value.text);
        } else {
            self.left_out = true;
        }
    }

    /// A field of the record that the event is in, or that there is none in.
    #[inline(never)]
    fn of_record(&mut self, field: &Field<'t>, rest: bool) {
        let value = field.value;
        if core::ptr::eq(value.text, self.mark.text) && value.kind == Kind::String {
            // It is taken over.
        } else if field.start != self.input.start {
            self.other(field, false, rest);
        } else if !self.has_event() && self.is_due(field.key, rest) {
            // A line: what it holds is known, if it is JSON.
            let Some(content) = value.string() else {
                return self.writer.member(b"", 0, field);
            };
            self.writer.key(field.key);
            if self.place == Place::NoJson {
                self.writer.quoted(content, Style::Line);
            } else {
                self.writer.text(self.event.text, 0, usize::MAX, false);
            }
        }
    }

    /// A foreign field: nested values of the event as JSON text.
    #[inline(never)]
    fn other(&mut self, field: &Field<'t>, of_event: bool, rest: bool) {
        if !self.is_due(field.key, rest) {
            return;
        }
        let (len, hidden) = self.writer.enter(0, field.key);
        if of_event && !rest && !hidden && matches!(field.value.kind, Kind::Object | Kind::Array) {
            self.writer.key(field.key);
            self.writer.text(field.value.text, len, usize::MAX, false);
        } else {
            self.writer.member(b"", 0, field);
        }
    }

    /// Whether a foreign field is to be written now: under its own name, where no other has it, or later among the rest.
    #[inline(never)]
    fn is_due(&mut self, key: &'t [u8], rest: bool) -> bool {
        let due = self.is_free(key, rest);
        self.left_out |= !due;
        due
    }

    #[inline]
    fn is_free(&mut self, key: &'t [u8], rest: bool) -> bool {
        if rest {
            for name in &self.names {
                if core::ptr::eq(*name, key) {
                    return false;
                }
            }
            self.start_text(b"audit_other");
            return true;
        }
        let mut taken = position(key, NAMES) != NOWHERE;
        let label = self.writer.settings.labels.get(position(key, LABEL_NAMES));
        taken |= label.is_some_and(|label| !label.is_empty());
        if self.has_event() {
            taken |= position(key, EVENT_NAMES) != NOWHERE;
            taken |= self.writer.settings.shape() == Shape::Flat && by_name(key) != COUNT;
        }
        for name in self.names.get(..self.named).unwrap_or_default() {
            taken |= *name == key;
        }
        // A name with an escape could be any.
        if taken || find(key, b'\\') < key.len() {
            return false;
        }
        let Some(place) = self.names.get_mut(self.named) else {
            return false;
        };
        *place = key;
        self.named += 1;
        true
    }
}
