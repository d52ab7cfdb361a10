//! The event as a sentence.

use crate::fields::{
    CODE, DECISION, DECISION_REASON, Event, IMPERSONATED_USERNAME, MESSAGE, NAME, NAMESPACE,
    REASON, RESOURCE, STAGE, SUBRESOURCE, URI, USERNAME, VERB,
};
use crate::text::{find, lookup};
use crate::write::Writer;

/// The most of one piece, in bytes.
const MOST: usize = 256;

/// Verbs of resources and, as the API server writes them, HTTP methods.
const VERBS: &[u8] = b"get=read;list=listed;watch=watched;create=created;update=updated;patch=patched;delete=deleted;\
    deletecollection=deleted all;proxy=called through;post=posted to;put=put;head=probed;";

/// Subresources that are not a part of the object but something done to it, whatever the verb is.
const DEEDS: &[u8] = b"exec=ran a command in;attach=attached to;portforward=forwarded ports of;proxy=called through;\
    log=read the log of;eviction=evicted;binding=bound;token=made a token for;";

/// Writes the content of `_msg`: who did what to what, and what came of it. `shown` gives a known field as far as it may
/// be shown.
#[inline(never)]
pub(crate) fn write<'t>(
    writer: &mut Writer<'_, '_, 't>,
    event: &Event<'t>,
    shown: impl Fn(usize) -> &'t [u8],
) {
    let mut put = |before: &[u8], content: &[u8]| {
        if !content.is_empty() {
            writer.put(before);
            writer.piece(content, MOST);
        }
    };
    put(b"", or(shown(USERNAME), b"somebody"));
    put(b" as ", shown(IMPERSONATED_USERNAME));

    let mut deed = lookup(event.string(SUBRESOURCE), DEEDS);
    let is_deed = !deed.is_empty();
    if !is_deed {
        deed = lookup(event.string(VERB), VERBS);
    }
    if deed.is_empty() {
        put(b" did ", or(shown(VERB), b"something"));
        deed = b"to";
    }
    put(b" ", deed);

    if event.is(RESOURCE, b"") {
        let uri = shown(URI);
        let path = find(uri, b'?');
        put(
            b" ",
            or(uri.get(..path).unwrap_or_default(), b"something unnamed"),
        );
    } else {
        put(b" ", shown(RESOURCE));
        put(b"/", shown(NAME));
        if !is_deed {
            put(b"/", shown(SUBRESOURCE));
        }
        // The namespace of a namespace is itself.
        if !event.is(RESOURCE, b"namespaces") {
            put(b" in ", shown(NAMESPACE));
        }
    }

    let code = shown(CODE);
    let mut why = 0;
    let outcome: &[u8] = if event.is(STAGE, b"RequestReceived") {
        b"received"
    } else if event.is(STAGE, b"Panic") {
        why = 1;
        b"panic"
    } else if event.is(DECISION, b"forbid") {
        why = 2;
        b"forbidden"
    } else if code.len() == 3 && code.first() >= Some(&b'4') {
        why = 1;
        b"failed"
    } else if event.is(DECISION, b"allow") {
        b"allowed"
    } else {
        b""
    };
    put(b": ", code);
    put(b" (", outcome);
    if why > 0 {
        let message = or(shown(MESSAGE), shown(REASON));
        let decision = if why == 2 {
            shown(DECISION_REASON)
        } else {
            b""
        };
        put(b": ", or(decision, message));
    }
    if !outcome.is_empty() {
        writer.put(b")");
    }
}

/// The first of the two that is not empty.
fn or<'t>(first: &'t [u8], second: &'t [u8]) -> &'t [u8] {
    if first.is_empty() { second } else { first }
}
