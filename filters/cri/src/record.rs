//! The record around the line: which shape it has, and what is written for it.

use leafpack_fluent_bit::json::{Field, Fields, Malformed, position, string_content as string};
use leafpack_fluent_bit::time::rfc3339_prefix;
use leafpack_fluent_bit::{Call, ERROR_FIELD, Object, Output};

use crate::docker;
use crate::line::{Fault, Line, Stream, is_partial};
use crate::settings::{Names, Settings};
use crate::tag::Pod;

/// Names of fields that mean something here; a field's place in this list is its role. Those that the output can put
/// in place of a field of the record come first, in the order in which the mark names them.
const NAMES: [&[u8]; 13] = [
    b"_time",
    b"_msg",
    b"time",
    b"stream",
    b"logtag",
    b"log",
    b"partial_message",
    ERROR_FIELD,
    b"k8s_namespace_name",
    b"k8s_pod_name",
    b"k8s_container_name",
    b"_p",
    b"attrs",
];
const UNDERSCORE_TIME: usize = 0;
const UNDERSCORE_MSG: usize = 1;
const TIME: usize = 2;
const STREAM: usize = 3;
const LOGTAG: usize = 4;
const LOG: usize = 5;
const PARTIAL: usize = 6;
const ERROR: usize = 7;
const NAMESPACE: usize = 8;
/// What `multiline.parser cri` calls the tag.
const P: usize = 11;
/// What else a line of Docker's json-file driver holds: labels and tags of its container.
const ATTRS: usize = 12;

/// A set of roles: bit n is the role n.
type Roles = u32;

const fn bit(role: usize) -> Roles {
    1 << role
}

/// Whether the input may have this name: it must not be one that the output gives a meaning to, save `log`.
pub(crate) fn can_be_input(name: &[u8]) -> bool {
    matches!(position(name, &NAMES), LOG | 13..)
}

/// A record, read once from end to end.
pub(crate) struct Record<'a> {
    text: &'a [u8],
    /// From the first field's start to the last one's end.
    body: (usize, usize),
    input: Option<Field<'a>>,
    /// The first value of each role, empty where there is none; those without a role come last.
    values: [&'a [u8]; NAMES.len() + 1],
    /// `_p` or `logtag`, whichever came first.
    tags: usize,
    seen: Roles,
    twice: Roles,
}

/// What is made of a record. Strings are still escaped.
#[derive(Default)]
struct Parsed<'a> {
    /// Why the record goes on as it came, if it does; the rest then says nothing.
    reason: &'static [u8],
    time: &'a [u8],
    stream: &'a [u8],
    /// Empty where the shape has none.
    tags: &'a [u8],
    partial: bool,
    message: &'a [u8],
    /// Fields of the record (beside the input) that went into this.
    consumed: Roles,
    /// The one field that a Docker line may bring beside the line itself; empty where there is none.
    attrs: &'a [u8],
}

/// Writes fields by their roles, and keeps in mind which there were.
struct Writer<'o, 'a> {
    object: Object<'o, 'a>,
    written: Roles,
}

impl Writer<'_, '_> {
    #[inline(never)]
    fn string(&mut self, role: usize, content: &[u8]) {
        self.written |= bit(role);
        let name = NAMES.get(role).copied().unwrap_or_default();
        self.object.string(name, content);
    }
}

impl<'a> Record<'a> {
    /// Reads the fields of `text`, which holds the line in the field `input`.
    ///
    /// # Errors
    /// Where `text` is not one JSON object.
    #[inline(never)]
    pub(crate) fn read(text: &'a [u8], input: &[u8]) -> Result<Self, Malformed> {
        let mut record = Self {
            text,
            body: (0, 0),
            input: None,
            values: [b""; NAMES.len() + 1],
            tags: LOGTAG,
            seen: 0,
            twice: 0,
        };
        let mut fields = Fields::new(text);
        while fields.advance() {
            let field = fields.field();
            if record.body.1 == 0 {
                record.body.0 = field.start;
            }
            record.body.1 = field.end;
            if record.input.is_none() && field.key == input {
                record.input = Some(*field);
                continue;
            }
            let role = position(field.key, &NAMES);
            if role == P && !record.has(LOGTAG) {
                record.tags = P;
            }
            record.twice |= record.seen & bit(role);
            record.seen |= bit(role);
            if let Some(value) = record.values.get_mut(role)
                && value.is_empty()
            {
                *value = field.value.text;
            }
        }
        match fields.malformed() {
            None => Ok(record),
            Some(malformed) => Err(malformed),
        }
    }

    fn has(&self, role: usize) -> bool {
        self.seen & bit(role) != 0
    }

    fn value(&self, role: usize) -> &'a [u8] {
        self.values.get(role).copied().unwrap_or_default()
    }

    #[inline]
    fn parse<'o: 'a>(&self, out: &mut Output<'o>) -> Parsed<'a> {
        let mut parsed = Parsed::default();
        let Some(input) = self.input else {
            parsed.reason = b"cri.input: the record has no input field";
            return parsed;
        };
        let Some(content) = string(input.value.text) else {
            parsed.reason = b"cri.input: the input field is no string";
            return parsed;
        };
        if self.already_parsed(content, &mut parsed) {
            return parsed;
        }
        match Line::parse(content) {
            Ok(line) => {
                parsed.time = line.time;
                parsed.stream = line.stream.name();
                parsed.tags = line.tags;
                parsed.partial = line.is_partial();
                parsed.message = line.message;
            }
            Err(fault) => {
                if self.docker_line(content, &mut parsed, out).is_none() {
                    parsed.reason = match fault {
                        Fault::Time => b"cri.time: the line does not start with an RFC 3339 time",
                        Fault::Stream => b"cri.stream: neither stdout nor stderr follows the time",
                        Fault::Tag => b"cri.tag: neither F nor P follows the stream",
                    };
                }
            }
        }
        parsed
    }

    /// The shape that `multiline.parser cri` leaves (`time`, `stream`, `_p`, `log`), and that of a Docker line
    /// that was parsed (`time`, `stream`, and a `log` that ends with its line feed). Whether the record has it.
    #[inline(never)]
    fn already_parsed(&self, content: &'a [u8], parsed: &mut Parsed<'a>) -> bool {
        let (Some(time), Some(stream)) = (string(self.value(TIME)), string(self.value(STREAM)))
        else {
            return false;
        };
        if Stream::of(stream).is_none() || rfc3339_prefix(time) != Some(time.len()) {
            return false;
        }
        let mut consumed = bit(TIME) | bit(STREAM);
        let (mut tags, mut partial, mut message) = (&b""[..], false, content);
        if self.seen & (bit(P) | bit(LOGTAG)) == 0 {
            (message, partial) = docker::message(content);
        } else {
            consumed |= bit(self.tags);
            // The multiline parser leaves the tag of the first piece on the whole line, so that it says nothing.
            if self.tags == LOGTAG {
                let Some(content) = string(self.value(LOGTAG)) else {
                    return false;
                };
                tags = content;
                partial = is_partial(tags);
            }
        }
        parsed.time = time;
        parsed.stream = stream;
        parsed.tags = tags;
        parsed.partial = partial;
        parsed.message = message;
        parsed.consumed = consumed;
        true
    }

    /// A Docker line as the input field's text: with the fields that the driver writes, and no other, so that
    /// an application's own JSON is not taken for one.
    #[inline(never)]
    fn docker_line<'o: 'a>(
        &self,
        content: &[u8],
        parsed: &mut Parsed<'a>,
        out: &mut Output<'o>,
    ) -> Option<()> {
        if !docker::looks_like(content) {
            return None;
        }
        let inner = Record::read(docker::unescaped(content, out)?, b"log").ok()?;
        let known = bit(TIME) | bit(STREAM) | bit(ATTRS);
        let message = string(inner.input?.value.text)?;
        let foreign = inner.twice != 0 || inner.seen & !known != 0;
        if foreign
            || inner.seen & self.seen & bit(ATTRS) != 0
            || !inner.already_parsed(message, parsed)
        {
            return None;
        }
        parsed.attrs = inner.value(ATTRS);
        parsed.consumed = 0;
        Some(())
    }

    /// Writes the new record; returns whether it held a line.
    #[inline]
    pub(crate) fn write<'o: 'a>(
        &self,
        call: &Call<'_>,
        settings: &Settings,
        out: &mut Output<'o>,
    ) -> bool {
        let parsed = self.parse(out);
        let native = settings.names == Names::Native;
        let (time, message) = if native {
            (TIME, LOG)
        } else {
            (UNDERSCORE_TIME, UNDERSCORE_MSG)
        };
        let mut writer = Writer {
            object: out.object(),
            written: 0,
        };
        // What is left out of the record's own text: its input, unless all of it goes on.
        let mut left_out = (self.body.0, self.body.0);
        if parsed.reason.is_empty() {
            left_out = self
                .input
                .map_or(left_out, |input| (input.start, input.end));
            writer.string(time, parsed.time);
            writer.string(STREAM, parsed.stream);
            let tags = match parsed.tags {
                b"" if parsed.partial => b"P",
                b"" => b"F",
                tags => tags,
            };
            if native {
                writer.string(LOGTAG, tags);
            }
            writer.string(message, parsed.message);
            if !native {
                if parsed.partial {
                    writer.string(PARTIAL, b"true");
                }
                // `F` and `P` are said already; what else a runtime wrote there must not be lost.
                if !matches!(tags, b"F" | b"P") {
                    writer.string(LOGTAG, tags);
                }
            }
        } else if !self.has(time) {
            // A time that the record brings is better than the one at which it was read.
            writer
                .object
                .string(settings.names.time(), &call.time.rfc3339());
        }
        let Writer {
            mut object,
            written,
        } = writer;
        if settings.from_tag
            && let Some(pod) = Pod::of(call.tag)
        {
            for (role, value) in (NAMESPACE..).zip([pod.namespace, pod.name, pod.container]) {
                if !self.has(role) {
                    object.string(NAMES.get(role).copied().unwrap_or_default(), value);
                }
            }
        }
        if !parsed.attrs.is_empty() {
            object.raw(b"attrs", parsed.attrs);
        }
        let replaced = written & self.seen & !parsed.consumed | parsed.consumed & self.twice;
        self.write_rest(
            written | parsed.consumed | bit(ERROR),
            left_out,
            &mut object,
        );
        self.write_error(parsed.reason, replaced, settings, &mut object);
        object.end();
        parsed.reason.is_empty()
    }

    /// The record's own fields, but for those of these roles and for the one in the place that is left out.
    #[inline]
    fn write_rest(&self, gone: Roles, (start, end): (usize, usize), object: &mut Object<'_, '_>) {
        if self.seen & gone == 0 {
            object.fields(self.slice(self.body.0, start));
            object.fields(self.slice(end, self.body.1));
            return;
        }
        let mut fields = Fields::new(self.text);
        while fields.advance() {
            let field = fields.field();
            if field.end != end && bit(position(field.key, &NAMES)) & gone == 0 {
                object.raw(field.key, field.value.text);
            }
        }
    }

    /// Why the record is marked, if it is: `reason`, what was replaced, broken settings, and what an earlier
    /// filter said.
    #[inline]
    fn write_error(
        &self,
        reason: &[u8],
        mut replaced: Roles,
        settings: &Settings,
        object: &mut Object<'_, '_>,
    ) {
        let earlier = string(self.value(ERROR));
        // A mark that is no string, or a second one, is not taken over.
        if self.has(ERROR) && (earlier.is_none() || self.twice & bit(ERROR) != 0) {
            replaced |= bit(ERROR);
        }
        let broken: &[u8] = if settings.broken {
            b"cri.settings: cri.json cannot be used, defaults are"
        } else {
            b""
        };
        let gave_way: &[u8] = if replaced != 0 {
            b"cri.replaced: fields of the record gave way:"
        } else {
            b""
        };
        let parts = [earlier.unwrap_or_default(), reason, broken, gave_way];
        if parts.iter().all(|part| part.is_empty()) {
            return;
        }
        let mut text = object.open_string(ERROR_FIELD);
        let mut separator: &[u8] = b"";
        for part in parts {
            if !part.is_empty() {
                text.push(separator);
                text.push(part);
                separator = b"; ";
            }
        }
        for (role, name) in NAMES.iter().enumerate() {
            if replaced & bit(role) != 0 {
                text.push(b" ");
                text.push(name);
            }
        }
        text.close();
    }

    #[inline(never)]
    fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }
}
