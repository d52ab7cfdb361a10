//! One record: where its event is, and what is written for it.

mod others;

use leafpack_fluent_bit::json::{Field, Fields, Kind, Value};
use leafpack_fluent_bit::time::rfc3339_prefix;
use leafpack_fluent_bit::{Call, ERROR_FIELD, Output};

use crate::fields::{
    ALL_ANNOTATIONS, ANNOTATIONS, COUNT, ERROR, Event, NAMELESS, RECEIVED, REQUEST_OBJECT,
    STAGE_TIME, field,
};
use crate::message::Sentence;
use crate::redact::{self, first_of};
use crate::rules;
use crate::settings::{Settings, Shape};
use crate::text::{NO_FIELD, NOWHERE, position};
use crate::write::{Style, Writer};

/// Names of the settings' labels.
static LABELS: [&[u8]; 3] = [b"cluster", b"environment", b"tenant"];

/// Foreign fields that keep their names, at most; each is compared with those before it.
const MOST_OTHERS: usize = 16;

/// Reads a record and writes what becomes of it. `false`: it is dropped.
#[inline(never)]
pub(crate) fn process<'t, 'o: 't>(
    call: &Call<'t>,
    settings: &Settings,
    out: &mut Output<'o>,
) -> bool {
    let mut writer = Writer::new(out, settings);
    let mut event = Event::new();
    let record = call.record.unwrap_or_default();
    if !event.read(record, settings.input) {
        writer.unreadable(call);
        return true;
    }
    let mut job = Job {
        writer: &mut writer,
        record,
        mark: event.get(ERROR),
        input: NO_FIELD,
        alone: false,
        place: Place::Record,
        event: &mut event,
        names: [b""; MOST_OTHERS],
        named: 0,
        bad_time: false,
        left_out: false,
        opened: false,
        hidden: 0,
    };
    job.look();
    if job.has_event() && rules::drop(job.event, settings) {
        return false;
    }
    job.write(call);
    true
}

/// Where the event is, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Record,
    /// In the input field.
    Inner,
    NoInput,
    NoJson,
    OtherKind,
}

impl Place {
    fn reason(self) -> &'static [u8] {
        match self {
            Self::NoInput => {
                b"audit.input: neither the record nor its input field is an audit.k8s.io/v1 Event"
            }
            Self::NoJson => b"audit.line: the line is no JSON object",
            Self::OtherKind => b"audit.kind: the object is no audit.k8s.io/v1 Event",
            _ => b"",
        }
    }
}

/// The last field of this name in an object; [`NO_FIELD`] where there is none.
#[inline(never)]
fn last<'t>(object: &'t [u8], key: &[u8]) -> Field<'t> {
    let mut found = NO_FIELD;
    let mut fields = Fields::new(object);
    while fields.advance() {
        if fields.field().key == key {
            found = *fields.field();
        }
    }
    found
}

struct Job<'j, 'w, 'a, 't> {
    writer: &'j mut Writer<'w, 'a, 't>,
    record: &'t [u8],
    /// What another filter said.
    mark: Value<'t>,
    /// The field that the event was looked for in.
    input: Field<'t>,
    /// The record has no other.
    alone: bool,
    place: Place,
    /// The object that was read last: the record, or what is in the input.
    event: &'j mut Event<'t>,
    /// Foreign fields that were written under their own names.
    names: [&'t [u8]; MOST_OTHERS],
    named: usize,
    bad_time: bool,
    /// Fields could not keep their names.
    left_out: bool,
    /// A text of several members was started.
    opened: bool,
    /// Known fields that the settings hide, a bit each.
    hidden: u64,
}

impl<'a: 't, 't> Job<'_, '_, 'a, 't> {
    fn has_event(&self) -> bool {
        matches!(self.place, Place::Record | Place::Inner)
    }

    /// Looks for the event in the input field, if the record is none.
    #[inline(never)]
    fn look(&mut self) {
        if self.event.is_event() {
            return;
        }
        self.input = self.event.named;
        self.alone = self.event.len == 1;
        let value = self.input.value;
        let text = match value.string() {
            Some(content) => self.writer.unescaped(content),
            None => value.text,
        };
        self.place = if value.kind != Kind::String && value.kind != Kind::Object {
            self.event.clear();
            Place::NoInput
        } else if !self.event.read(text, b"") {
            self.event.clear();
            Place::NoJson
        } else if self.event.is_event() {
            Place::Inner
        } else {
            Place::OtherKind
        };
    }

    #[inline(never)]
    fn write(&mut self, call: &Call<'_>) {
        let settings = self.writer.settings;
        let mut about = redact::about(self.event.text);
        if !self.has_event() {
            about |= redact::about(self.record);
        }
        self.writer.set_about(about);
        self.writer.open_object();
        self.write_time(call);
        if self.has_event() {
            self.writer.event = true;
            self.write_message();
        }
        self.writer.string(b"log_type", b"audit");
        for (name, value) in LABELS.iter().zip(settings.labels) {
            if !value.is_empty() {
                self.writer.string(name, value);
            }
        }
        if self.has_event() {
            if settings.shape() == Shape::Flat {
                self.write_flat();
            } else {
                self.writer.key(b"audit_event");
                if settings.shape() == Shape::Text {
                    self.writer.text(self.event.text, 0, usize::MAX, true);
                } else {
                    self.writer.walk(self.event.text, 0, true);
                }
            }
        }
        self.others(false);
        if self.left_out {
            self.others(true);
        }
        self.end_text();
        if self.writer.redacted {
            self.writer.string(b"redacted", b"true");
        }
        self.write_error();
        self.writer.close_object();
    }

    /// `_time`: the event's, else the host's; a record without an event keeps its own.
    #[inline(never)]
    fn write_time(&mut self, call: &Call<'_>) {
        let now = call.time.rfc3339();
        let mut time: &[u8] = &now;
        if self.has_event() {
            let said = self.event.string(self.time_index());
            self.bad_time = rfc3339_prefix(said) != Some(said.len());
            if !self.bad_time {
                time = said;
            }
        } else if last(self.record, b"_time").end > 0 {
            return;
        }
        self.writer.string(b"_time", time);
    }

    fn time_index(&self) -> usize {
        if self.writer.settings.received() {
            RECEIVED
        } else {
            STAGE_TIME
        }
    }

    #[inline(never)]
    fn write_message(&mut self) {
        for index in 0..COUNT {
            let known = field(index);
            let (_, hidden) = self.writer.enter(known.group, known.key);
            self.hidden |= u64::from(hidden) << index;
        }
        self.writer.key(b"_msg");
        self.writer.put(b"\"");
        let mut sentence = Sentence {
            writer: self.writer,
            event: self.event,
            hidden: self.hidden,
        };
        sentence.write();
        self.writer.put(b"\"");
    }

    #[inline(never)]
    fn write_flat(&mut self) {
        let skipped = if self.bad_time {
            NOWHERE
        } else {
            self.time_index()
        };
        let bodies = self.writer.settings.bodies();
        for index in 0..NAMELESS {
            let known = field(index);
            let value = self.event.get(index);
            // What says nothing is left out, so that a field that is there says something.
            let empty =
                value.text.len() < 5 && position(value.text, b"null;\"\";[];{};") != NOWHERE;
            let body = index >= REQUEST_OBJECT;
            if index == skipped || empty || (body && !bodies) {
                continue;
            }
            let sensitive = body
                && self.writer.settings.redaction()
                && redact::is_sensitive_body(first_of(value.kind), self.writer.about);
            if self.hidden >> index & 1 == 1 || sensitive {
                self.writer.redact(known.name);
                continue;
            }
            let (len, _) = self.writer.enter(known.group, known.key);
            if body {
                self.writer.key(known.name);
                let most = self.writer.settings.body_size;
                self.writer.text(value.text, len, most, false);
            } else {
                self.writer.known(known.name, value, len);
            }
        }
        let annotations = self.event.get(ALL_ANNOTATIONS);
        if annotations.kind == Kind::Object {
            self.rest_of(ANNOTATIONS, b"annotations", annotations.text);
        }
        self.end_text();
    }

    /// Why the record is marked, if it is; what an earlier filter said comes first.
    #[inline(never)]
    fn write_error(&mut self) {
        let mut any = self.say(false, self.mark.string().unwrap_or_default());
        any = self.say(any, self.place.reason());
        if self.has_event() {
            let annotations = self.event.get(ALL_ANNOTATIONS);
            if last(annotations.text, b"audit.k8s.io/truncated").end > 0 {
                any = self.say(any, b"audit.truncated: the API server cut the event");
            }
        }
        if self.bad_time {
            any = self.say(
                any,
                b"audit.time: the event has no such timestamp, _time is the host's",
            );
        }
        if self.writer.settings.broken {
            any = self.say(
                any,
                b"audit.settings: audit.json cannot be used, defaults are",
            );
        }
        if any {
            self.writer.put(b"\"");
        }
    }

    /// Adds a sentence to the mark; the first one starts it.
    #[inline(never)]
    fn say(&mut self, any: bool, said: &[u8]) -> bool {
        if said.is_empty() {
            return any;
        }
        if any {
            self.writer.put(b"; ");
        } else {
            self.writer.key(ERROR_FIELD);
            self.writer.put(b"\"");
        }
        self.writer.scrub(said, Style::Plain);
        true
    }
}
