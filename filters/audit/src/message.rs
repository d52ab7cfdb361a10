//! The event as a sentence.

use leafpack_fluent_bit::json::{Kind, find};

use crate::fields::{
    CODE, DECISION, DECISION_REASON, Event, IMPERSONATED_USERNAME, MESSAGE, NAME, NAMESPACE,
    REASON, RESOURCE, STAGE, SUBRESOURCE, URI, USERNAME, VERB,
};
use crate::redact::REDACTED;
use crate::text::lookup;
use crate::write::Writer;

/// The most of one piece, in bytes.
const MOST: usize = 256;

/// Verbs of resources and, as the API server writes them, HTTP methods.
const VERBS: &[u8] = b"get=read;list=listed;watch=watched;create=created;update=updated;patch=patched;delete=deleted;\
    deletecollection=deleted all;proxy=called through;post=posted to;put=put;head=probed;";

/// Subresources that are not a part of the object but something done to it, whatever the verb is.
const DEEDS: &[u8] = b"exec=ran a command in;attach=attached to;portforward=forwarded ports of;proxy=called through;\
    log=read the log of;eviction=evicted;binding=bound;token=made a token for;";

/// The sentence about an event, being written.
pub(crate) struct Sentence<'m, 'w, 'a, 't> {
    pub(crate) writer: &'m mut Writer<'w, 'a, 't>,
    pub(crate) event: &'m Event<'t>,
    /// Known fields that may not be shown, a bit each.
    pub(crate) hidden: u64,
}

impl<'t> Sentence<'_, '_, '_, 't> {
    /// A known field as far as it may be shown; empty for objects and arrays.
    #[inline(never)]
    fn shown(&self, index: usize) -> &'t [u8] {
        let value = self.event.get(index);
        if value.text == b"null" {
            b""
        } else if (self.hidden >> index) & 1 == 1 {
            REDACTED
        } else if value.kind == Kind::Scalar {
            value.text
        } else {
            self.event.string(index)
        }
    }

    /// Writes a text, if there is one, and what goes before it.
    #[inline(never)]
    fn put(&mut self, before: &[u8], text: &[u8]) -> bool {
        if !text.is_empty() {
            self.writer.put(before);
            self.writer.piece(text, MOST);
        }
        !text.is_empty()
    }

    /// Writes a known field, if it says something, and what goes before it.
    #[inline(never)]
    fn field(&mut self, before: &[u8], index: usize) -> bool {
        let text = self.shown(index);
        self.put(before, text)
    }

    /// Writes who did what to what, and what came of it.
    #[inline(never)]
    pub(crate) fn write(&mut self) {
        if !self.field(b"", USERNAME) {
            self.writer.put(b"somebody");
        }
        self.field(b" as ", IMPERSONATED_USERNAME);

        let event = self.event;
        let mut deed = lookup(event.string(SUBRESOURCE), DEEDS);
        let is_deed = !deed.is_empty();
        if !is_deed {
            deed = lookup(event.string(VERB), VERBS);
        }
        if !self.put(b" ", deed) {
            if !self.field(b" did ", VERB) {
                self.writer.put(b" did something");
            }
            self.writer.put(b" to");
        }

        if event.is(RESOURCE, b"") {
            let uri = self.shown(URI);
            let path = uri.get(..find(uri, b'?')).unwrap_or_default();
            if !self.put(b" ", path) {
                self.writer.put(b" something unnamed");
            }
        } else {
            self.field(b" ", RESOURCE);
            self.field(b"/", NAME);
            if !is_deed {
                self.field(b"/", SUBRESOURCE);
            }
            // The namespace of a namespace is itself.
            if !event.is(RESOURCE, b"namespaces") {
                self.field(b" in ", NAMESPACE);
            }
        }

        self.field(b": ", CODE);
        let code = event.get(CODE).text;
        let failed = code.len() == 3 && code.first() >= Some(&b'4');
        let forbidden = event.is(DECISION, b"forbid");
        let outcome: &[u8] = if event.is(STAGE, b"RequestReceived") {
            b"received"
        } else if event.is(STAGE, b"Panic") {
            b"panic"
        } else if forbidden {
            b"forbidden"
        } else if failed {
            b"failed"
        } else if event.is(DECISION, b"allow") {
            b"allowed"
        } else {
            return;
        };
        self.put(b" (", outcome);
        // What went well needs no reason.
        if matches!(outcome, [b'f' | b'p', ..]) {
            let _ = (forbidden && self.field(b": ", DECISION_REASON))
                || self.field(b": ", MESSAGE)
                || self.field(b": ", REASON);
        }
        self.writer.put(b")");
    }
}
