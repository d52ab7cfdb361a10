//! Writing what the index says.

use leafpack_fluent_bit::json::Fields;
use leafpack_fluent_bit::{ERROR_FIELD, Output};

use crate::index::{Fate, Index, KEY, Kind, NONE, VALUE};
use crate::name::Name;
use crate::record::next_label;

/// Name of the object that holds a message's fields whose names are taken.
const BODY_FIELD: &[u8] = b"json_body";

/// Writes the fields that are alive, and the mark where there is something to say.
#[inline]
pub(crate) fn write(index: &mut Index<'_, '_>, out: &mut Output<'_>) {
    let moves = first(index, Fate::Moved) != NONE;
    if moves {
        // The object's name is given here alone.
        let field = index.named(BODY_FIELD);
        if field != NONE {
            let is_body = index.kind(field) == Kind::Body;
            index.set_fate(field, if is_body { Fate::Moved } else { Fate::Replaced });
        }
    }
    let error = index.named(ERROR_FIELD);
    let kept = first(index, Fate::Kept) != NONE;
    let mut replaced = first(index, Fate::Replaced) != NONE;
    // An earlier filter's mark stays as it is where this one has nothing to add.
    let marked = replaced || kept || !index.settings.broken.is_empty();
    let mut earlier: &[u8] = b"";
    if marked && error != NONE {
        let text = index.string(error);
        replaced |= text.is_none();
        earlier = text.unwrap_or_default();
        index.set_fate(
            error,
            if text.is_none() {
                Fate::Replaced
            } else {
                Fate::Gone
            },
        );
    }
    let mut separator: &[u8] = b"{";
    write_fields(index, &mut separator, out);
    if moves && !index.settings.drop.has(BODY_FIELD) {
        write_moved(index, &mut separator, out);
    }
    if marked {
        put(out, separator);
        separator = b",";
        put(out, b"\"");
        put(out, ERROR_FIELD);
        put(out, b"\":");
        let mut between: &[u8] = b"\"";
        part(&mut between, earlier, out);
        part(&mut between, index.settings.broken, out);
        if replaced {
            part(&mut between, b"tenant.replaced: fields gave way:", out);
            write_names(index, Fate::Replaced, out);
        }
        if kept {
            let text = b"tenant.kept: fields of the kubernetes map gave way:";
            part(&mut between, text, out);
            write_names(index, Fate::Kept, out);
        }
        put(out, b"\"");
    }
    if separator == b"{" {
        put(out, separator);
    }
    put(out, b"}");
}

/// Writes the object of a message's fields whose names are taken.
#[inline]
fn write_moved(index: &Index<'_, '_>, separator: &mut &'static [u8], out: &mut Output<'_>) {
    put(out, separator);
    *separator = b",";
    put(out, b"\"");
    put(out, BODY_FIELD);
    put(out, b"\":");
    let mut between: &[u8] = b"{";
    let mut field = index.next(NONE);
    while field != NONE {
        if index.is(field, Fate::Moved) {
            put(out, between);
            between = b",";
            let start = index.cell(field + KEY).wrapping_sub(1);
            let end = index.cell(field + VALUE + 1);
            put(out, index.record.get(start..end).unwrap_or_default());
        }
        field = index.next(field);
    }
    put(out, b"}");
}

/// Writes a part of the mark, if it is not empty.
#[inline(never)]
fn part(separator: &mut &'static [u8], text: &[u8], out: &mut Output<'_>) {
    if !text.is_empty() {
        put(out, separator);
        put(out, text);
        *separator = b"; ";
    }
}

/// The first field that met this fate, or [`NONE`].
#[inline(never)]
fn first(index: &Index<'_, '_>, fate: Fate) -> usize {
    let mut field = index.next(NONE);
    while field != NONE && !index.is(field, fate) {
        field = index.next(field);
    }
    field
}

#[inline]
fn write_fields(index: &Index<'_, '_>, separator: &mut &'static [u8], out: &mut Output<'_>) {
    let mut field = NONE;
    loop {
        field = index.next(field);
        if field == NONE {
            return;
        }
        if !index.is(field, Fate::Alive) {
            continue;
        }
        put(out, separator);
        *separator = b",";
        let kind = index.kind(field);
        if kind == Kind::Own {
            // The record's own fields that follow each other are copied in one piece, from the first one's quote on.
            let start = index.cell(field + KEY).wrapping_sub(1);
            let mut next = field;
            while next != NONE && index.kind(next) == Kind::Own && index.is(next, Fate::Alive) {
                field = next;
                next = index.next(next);
            }
            let end = index.cell(field + VALUE + 1);
            put(out, index.record.get(start..end).unwrap_or_default());
            continue;
        }
        put(out, b"\"");
        write_name(&index.name(field), out);
        put(out, b"\":");
        let added = index.added(kind);
        let value = index.text(field + VALUE);
        if kind == Kind::SomeLabels {
            write_some_labels(value, index, out);
        } else if added.is_empty() {
            put(out, value);
        } else {
            put(out, b"\"");
            put(out, added);
            put(out, b"\"");
        }
    }
}

#[inline]
fn write_some_labels(text: &[u8], index: &Index<'_, '_>, out: &mut Output<'_>) {
    let mut separator: &[u8] = b"{";
    let mut labels = Fields::new(text);
    while next_label(&mut labels, index.settings) {
        let label = labels.field();
        put(out, separator);
        separator = b",";
        put(out, text.get(label.start..label.end).unwrap_or_default());
    }
    put(out, b"}");
}

#[inline(never)]
fn write_name(name: &Name<'_>, out: &mut Output<'_>) {
    for piece in name.0 {
        put(out, piece);
    }
}

/// The names of the fields that met this fate.
#[inline(never)]
fn write_names(index: &Index<'_, '_>, fate: Fate, out: &mut Output<'_>) {
    let mut field = index.next(NONE);
    while field != NONE {
        if index.is(field, fate) {
            put(out, b" ");
            write_name(&index.name(field), out);
        }
        field = index.next(field);
    }
}

/// There once: the module has to stay small.
#[inline(never)]
fn put(out: &mut Output<'_>, bytes: &[u8]) {
    out.push(bytes);
}
