//! The record around the line: which shape it has, and what is written for it.

use leafpack_fluent_bit::json::{Field, Fields, Malformed, Value};
use leafpack_fluent_bit::time::rfc3339_prefix;
use leafpack_fluent_bit::{Call, ERROR_FIELD, Object, Output};

use crate::docker;
use crate::line::{Fault, Line, Stream, is_partial};
use crate::settings::{Names, Settings};
use crate::tag::Pod;

/// Names of fields that mean something here, as a set of bits.
type Roles = u16;

const TIME: Roles = 1;
const STREAM: Roles = 1 << 1;
const P: Roles = 1 << 2;
const LOGTAG: Roles = 1 << 3;
const LOG: Roles = 1 << 4;
const UNDERSCORE_TIME: Roles = 1 << 5;
const UNDERSCORE_MSG: Roles = 1 << 6;
const PARTIAL: Roles = 1 << 7;
const ERROR: Roles = 1 << 8;
/// What else a line of Docker's json-file driver holds: labels and tags of its container.
const ATTRS: Roles = 1 << 12;
const NAMESPACE: Roles = 1 << 9;
const POD: Roles = 1 << 10;
const CONTAINER: Roles = 1 << 11;
const POD_FIELDS: [(Roles, &[u8]); 3] = [
    (NAMESPACE, b"k8s_namespace_name"),
    (POD, b"k8s_pod_name"),
    (CONTAINER, b"k8s_container_name"),
];

/// The output names that can replace a field of the record, for the mark that says so.
const REPLACEABLE: [(Roles, &[u8]); 8] = [
    (UNDERSCORE_TIME, b" _time"),
    (UNDERSCORE_MSG, b" _msg"),
    (TIME, b" time"),
    (STREAM, b" stream"),
    (LOGTAG, b" logtag"),
    (LOG, b" log"),
    (PARTIAL, b" partial_message"),
    (ERROR, b" leafpack_error"),
];

#[inline(never)]
fn role(key: &[u8]) -> Roles {
    match key {
        b"log" => LOG,
        b"time" => TIME,
        b"stream" => STREAM,
        b"_p" => P,
        b"logtag" => LOGTAG,
        b"_time" => UNDERSCORE_TIME,
        b"_msg" => UNDERSCORE_MSG,
        b"partial_message" => PARTIAL,
        b"leafpack_error" => ERROR,
        b"attrs" => ATTRS,
        b"k8s_namespace_name" => NAMESPACE,
        b"k8s_pod_name" => POD,
        b"k8s_container_name" => CONTAINER,
        _ => 0,
    }
}

/// Whether the input may have this name: it must not be one that the output gives a meaning to, save `log`.
pub(crate) fn can_be_input(name: &[u8]) -> bool {
    matches!(role(name), 0 | LOG)
}

/// A record, read once from end to end.
pub(crate) struct Record<'a> {
    text: &'a [u8],
    /// From the first field's start to the last one's end.
    body: (usize, usize),
    input: Option<Field<'a>>,
    time: Option<Value<'a>>,
    stream: Option<Value<'a>>,
    /// `_p` or `logtag`, whichever came first, and which it was.
    tags: Option<(Roles, Value<'a>)>,
    attrs: Option<Value<'a>>,
    error: Option<Value<'a>>,
    seen: Roles,
    twice: Roles,
    /// There are fields without a role.
    others: bool,
}

/// The line in parts; strings are still escaped.
struct Parsed<'a> {
    time: &'a [u8],
    stream: Stream,
    /// Empty where the shape has none.
    tags: &'a [u8],
    partial: bool,
    message: &'a [u8],
    /// Fields of the record (beside the input) that went into this.
    consumed: Roles,
    /// The one field that a Docker line may bring beside the line itself.
    attrs: Option<Value<'a>>,
}

/// Why the record goes on as it came.
enum Unparsed {
    /// The input field's text is no line.
    Fault(Fault),
    /// There is no input field.
    NoInput,
    /// The input field is no string.
    NotString,
}

impl From<Fault> for Unparsed {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Unparsed {
    fn reason(&self) -> &'static [u8] {
        match self {
            Self::Fault(Fault::Time) => b"cri.time: the line does not start with an RFC 3339 time",
            Self::Fault(Fault::Stream) => b"cri.stream: neither stdout nor stderr follows the time",
            Self::Fault(Fault::Tag) => b"cri.tag: neither F nor P follows the stream",
            Self::NoInput => b"cri.input: the record has no input field",
            Self::NotString => b"cri.input: the input field is no string",
        }
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
            time: None,
            stream: None,
            tags: None,
            attrs: None,
            error: None,
            seen: 0,
            twice: 0,
            others: false,
        };
        for field in Fields::new(text) {
            let field = field?;
            if record.body.1 == 0 {
                record.body.0 = field.start;
            }
            record.body.1 = field.end;
            if record.input.is_none() && field.key == input {
                record.input = Some(field);
                continue;
            }
            let role = role(field.key);
            record.others |= role == 0;
            record.twice |= record.seen & role;
            record.seen |= role;
            let place = match role {
                TIME => &mut record.time,
                STREAM => &mut record.stream,
                ATTRS => &mut record.attrs,
                ERROR => &mut record.error,
                P | LOGTAG => {
                    record.tags.get_or_insert((role, field.value));
                    continue;
                }
                _ => continue,
            };
            place.get_or_insert(field.value);
        }
        Ok(record)
    }

    /// Writes the new record.
    #[inline]
    pub(crate) fn write<'o: 'a>(&self, call: &Call<'_>, settings: &Settings, out: &mut Output<'o>) {
        match self.parse(out) {
            Ok(parsed) => self.write_parsed(&parsed, call, settings, out),
            Err(unparsed) => self.write_unparsed(&unparsed, call, settings, out),
        }
    }

    #[inline(never)]
    fn parse<'o: 'a>(&self, out: &mut Output<'o>) -> Result<Parsed<'a>, Unparsed> {
        let input = self.input.ok_or(Unparsed::NoInput)?;
        let content = input.value.string().ok_or(Unparsed::NotString)?;
        if let Some(parsed) = self.already_parsed(content) {
            return Ok(parsed);
        }
        match Line::parse(content) {
            Ok(line) => Ok(Parsed {
                time: line.time,
                stream: line.stream,
                tags: line.tags,
                partial: line.is_partial(),
                message: line.message,
                consumed: 0,
                attrs: None,
            }),
            Err(fault) => self.docker_line(content, out).ok_or(fault.into()),
        }
    }

    /// The shape that `multiline.parser cri` leaves (`time`, `stream`, `_p`, `log`), and that of a Docker line
    /// that was parsed (`time`, `stream`, and a `log` that ends with its line feed).
    #[inline(never)]
    fn already_parsed(&self, content: &'a [u8]) -> Option<Parsed<'a>> {
        let time = self.time?.string()?;
        let stream = Stream::of(self.stream?.string()?)?;
        if rfc3339_prefix(time) != Some(time.len()) {
            return None;
        }
        let (tags, partial, message, consumed) = match self.tags {
            // The multiline parser leaves the tag of the first piece on the whole line, so that it says nothing.
            Some((P, _)) => (&b""[..], false, content, TIME | STREAM | P),
            Some((_, tags)) => {
                let tags = tags.string()?;
                (tags, is_partial(tags), content, TIME | STREAM | LOGTAG)
            }
            None => {
                let (message, partial) = docker::message(content);
                (&b""[..], partial, message, TIME | STREAM)
            }
        };
        Some(Parsed {
            time,
            stream,
            tags,
            partial,
            message,
            consumed,
            attrs: None,
        })
    }

    /// A Docker line as the input field's text: with the fields that the driver writes, and no other, so that
    /// an application's own JSON is not taken for one.
    fn docker_line<'o: 'a>(&self, content: &[u8], out: &mut Output<'o>) -> Option<Parsed<'a>> {
        if !docker::looks_like(content) {
            return None;
        }
        let inner = Record::read(docker::unescaped(content, out)?, b"log").ok()?;
        let foreign =
            inner.others || inner.twice != 0 || inner.seen & !(TIME | STREAM | ATTRS) != 0;
        if foreign || inner.seen & self.seen & ATTRS != 0 {
            return None;
        }
        let parsed = inner.already_parsed(inner.input?.value.string()?)?;
        Some(Parsed {
            attrs: inner.attrs,
            consumed: 0,
            ..parsed
        })
    }

    fn write_parsed<'o: 'a>(
        &self,
        parsed: &Parsed<'a>,
        call: &Call<'_>,
        settings: &Settings,
        out: &mut Output<'o>,
    ) {
        let names = settings.names;
        let mut object = out.object();
        object.string(names.time(), parsed.time);
        object.string(b"stream", parsed.stream.name());
        let mut written = STREAM;
        match names {
            Names::VictoriaLogs => {
                object.string(names.message(), parsed.message);
                written |= UNDERSCORE_TIME | UNDERSCORE_MSG;
                if parsed.partial {
                    object.string(b"partial_message", b"true");
                    written |= PARTIAL;
                }
                // `F` and `P` are said already; what else a runtime wrote there must not be lost.
                if !matches!(parsed.tags, b"F" | b"P") && !parsed.tags.is_empty() {
                    object.string(b"logtag", parsed.tags);
                    written |= LOGTAG;
                }
            }
            Names::Native => {
                let tags = match parsed.tags {
                    b"" if parsed.partial => b"P",
                    b"" => b"F",
                    tags => tags,
                };
                object.string(b"logtag", tags);
                object.string(names.message(), parsed.message);
                written |= TIME | LOGTAG | LOG;
            }
        }
        self.write_pod(call, settings, &mut object);

        if let Some(attrs) = parsed.attrs {
            object.raw(b"attrs", attrs.text);
        }
        let replaced = written & self.seen & !parsed.consumed | parsed.consumed & self.twice;
        let gone = written | parsed.consumed | ERROR;
        if self.seen & gone == 0 {
            let (start, end) = self.input.map_or((0, 0), |input| (input.start, input.end));
            object.fields(self.slice(self.body.0, start));
            object.fields(self.slice(end, self.body.1));
        } else {
            let input = self.input.map_or(0, |input| input.start);
            self.each(|field| {
                if field.start != input && role(field.key) & gone == 0 {
                    object.raw(field.key, field.value.text);
                }
            });
        }
        self.write_error(b"", replaced, settings, &mut object);
        object.end();
    }

    fn write_unparsed(
        &self,
        unparsed: &Unparsed,
        call: &Call<'_>,
        settings: &Settings,
        out: &mut Output<'_>,
    ) {
        let mut object = out.object();
        let time_role = match settings.names {
            Names::VictoriaLogs => UNDERSCORE_TIME,
            Names::Native => TIME,
        };
        // A time that the record brings is better than the one at which it was read.
        if self.seen & time_role == 0 {
            object.string(settings.names.time(), &call.time.rfc3339());
        }
        self.write_pod(call, settings, &mut object);
        if self.seen & ERROR == 0 {
            object.fields(self.slice(self.body.0, self.body.1));
        } else {
            self.each(|field| {
                if role(field.key) & ERROR == 0 {
                    object.raw(field.key, field.value.text);
                }
            });
        }
        self.write_error(unparsed.reason(), 0, settings, &mut object);
        object.end();
    }

    /// Pod, namespace and container from the tag, where the record does not have them.
    fn write_pod(&self, call: &Call<'_>, settings: &Settings, object: &mut Object<'_, '_>) {
        if !settings.from_tag {
            return;
        }
        let Some(pod) = Pod::of(call.tag) else { return };
        for ((role, name), value) in POD_FIELDS
            .iter()
            .zip([pod.namespace, pod.name, pod.container])
        {
            if self.seen & role == 0 {
                object.string(name, value);
            }
        }
    }

    /// Why the record is marked, if it is: `reason`, what was replaced, broken settings, and what an earlier
    /// filter said.
    fn write_error(
        &self,
        reason: &[u8],
        replaced: Roles,
        settings: &Settings,
        object: &mut Object<'_, '_>,
    ) {
        let earlier = self.error.and_then(|value| value.string());
        // A mark that is no string, or a second one, is not taken over.
        let lost = earlier.is_none() && self.error.is_some() || self.twice & ERROR != 0;
        let replaced = if lost { replaced | ERROR } else { replaced };
        let earlier = earlier.unwrap_or_default();
        if reason.is_empty() && replaced == 0 && !settings.broken && earlier.is_empty() {
            return;
        }
        let mut text = object.open_string(ERROR_FIELD);
        let mut separator: &[u8] = b"";
        let mut add = |part: &[u8]| {
            text.push(separator);
            text.push(part);
            separator = b"; ";
        };
        if !earlier.is_empty() {
            add(earlier);
        }
        if !reason.is_empty() {
            add(reason);
        }
        if settings.broken {
            add(b"cri.settings: cri.json cannot be used, defaults are");
        }
        if replaced != 0 {
            add(b"cri.replaced: fields of the record gave way:");
            for (role, name) in REPLACEABLE {
                if replaced & role != 0 {
                    text.push(name);
                }
            }
        }
        text.close();
    }

    /// The fields in order.
    fn each(&self, mut body: impl FnMut(&Field<'a>)) {
        for field in Fields::new(self.text).flatten() {
            body(&field);
        }
    }

    #[inline]
    fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }
}
