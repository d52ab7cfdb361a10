//! Writing what the index says.

use leafpack_fluent_bit::json::Fields;
use leafpack_fluent_bit::{ERROR_FIELD, Output};

use crate::index::{Entry, Fate, Index, Kind, Texts};
use crate::name::Name;
use crate::record::next_label;

/// Writes the fields that are alive, and the mark where there is something to say.
pub(crate) fn write(
    index: &mut Index<'_>,
    texts: &Texts<'_>,
    error: Option<(usize, Entry)>,
    out: &mut Output<'_>,
) {
    let mut fates = [false; 4];
    for at in 0..index.len() {
        if let Some(entry) = index.get(at)
            && let Some(seen) = fates.get_mut(entry.fate as usize)
        {
            *seen = true;
        }
    }
    let [_, _, replaced, kept] = fates;
    // An earlier filter's mark stays as it is where this one has nothing to add.
    let marked = replaced || kept || texts.settings.broken;
    let mut earlier = None;
    let mut lost = false;
    if marked && let Some((at, mut entry)) = error {
        earlier = texts.string(&entry).filter(|text| !text.is_empty());
        lost = texts.string(&entry).is_none();
        entry.fate = if lost { Fate::Replaced } else { Fate::Gone };
        index.set(at, &entry);
    }
    let mut separator: &[u8] = b"{";
    write_fields(index, texts, &mut separator, out);
    if marked {
        put(out, separator);
        separator = b",";
        put(out, b"\"");
        put(out, ERROR_FIELD);
        put(out, b"\":\"");
        let mut between: &[u8] = b"";
        if let Some(text) = earlier {
            put(out, text);
            between = b"; ";
        }
        if texts.settings.broken {
            put(out, between);
            put(
                out,
                b"tenant.settings: tenant.json cannot be used, defaults are",
            );
            between = b"; ";
        }
        if replaced || lost {
            put(out, between);
            put(out, b"tenant.replaced: fields gave way:");
            write_names(index, texts, Fate::Replaced, out);
            between = b"; ";
        }
        if kept {
            put(out, between);
            put(out, b"tenant.kept: fields of the kubernetes map gave way:");
            write_names(index, texts, Fate::Kept, out);
        }
        put(out, b"\"");
    }
    if separator == b"{" {
        put(out, b"{");
    }
    put(out, b"}");
}

fn write_fields(
    index: &Index<'_>,
    texts: &Texts<'_>,
    separator: &mut &'static [u8],
    out: &mut Output<'_>,
) {
    let mut at = 0;
    while let Some(entry) = index.get(at) {
        at += 1;
        if entry.fate != Fate::Alive {
            continue;
        }
        put(out, separator);
        *separator = b",";
        if entry.kind == Kind::Own {
            // The record's own fields that follow each other are copied in one piece, from the first one's quote on.
            let mut end = entry.value.1;
            while let Some(next) = index.get(at)
                && next.kind == Kind::Own
                && next.fate == Fate::Alive
            {
                end = next.value.1;
                at += 1;
            }
            put(out, texts.slice((entry.key.0.saturating_sub(1), end)));
            continue;
        }
        put(out, b"\"");
        write_name(&texts.name(&entry), out);
        put(out, b"\":");
        let value = texts.slice(entry.value);
        match texts.added(entry.kind) {
            Some(content) => {
                put(out, b"\"");
                put(out, content);
                put(out, b"\"");
            }
            None if entry.kind == Kind::SomeLabels => write_some_labels(value, texts, out),
            None => put(out, value),
        }
    }
}

fn write_some_labels(text: &[u8], texts: &Texts<'_>, out: &mut Output<'_>) {
    let mut separator: &[u8] = b"{";
    let mut labels = Fields::new(text);
    while let Some(label) = next_label(&mut labels, texts.settings) {
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
fn write_names(index: &Index<'_>, texts: &Texts<'_>, fate: Fate, out: &mut Output<'_>) {
    for at in 0..index.len() {
        if let Some(entry) = index.get(at)
            && entry.fate == fate
        {
            put(out, b" ");
            write_name(&texts.name(&entry), out);
        }
    }
}

/// There once: the module has to stay small.
#[inline(never)]
fn put(out: &mut Output<'_>, bytes: &[u8]) {
    out.push(bytes);
}
