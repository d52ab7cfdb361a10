//! The names that messages had, as a tree: an application writes the same few over and over, in the same order. What
//! stands between two values is read, checked and put into the record's form once, and from then on only compared and
//! copied.

use leafpack_fluent_bit::json::{byte, next_special, same, value_end, word};

use crate::escaped::{QUOTE, Room, nested_end, pair, string_end};

/// A node: what stands before a value, from the end of the value before it on, and what is written for that. Its first
/// bytes are [`KIND`], [`CHILD`] and [`SIBLING`]; then comes [`READ`] with its length before it, and [`WRITTEN`] with its.
type Node = [u8; NODE];
const NODE: usize = 192;
/// What follows.
const KIND: usize = 0;
/// The first of the nodes behind this one, and the next one behind the same; 0 where there is none.
const CHILD: usize = 1;
const SIBLING: usize = 2;
/// Where in a node the text is that the record has.
const READ: usize = 4;
/// And what is written.
const WRITTEN: usize = 92;

/// Nodes that there can be; their numbers are bytes.
const NODES: usize = 256;

/// The tree of messages of which a field is the record's message, and that of others. Both are nodes with children.
pub(crate) const WITH_MESSAGE: u8 = 1;
pub(crate) const WITHOUT_MESSAGE: u8 = 2;
const FIRST: usize = 3;

/// Kinds of what follows a node: a string, an object or a list, the end of the message; else another value.
pub(crate) const STRING: u8 = 1;
pub(crate) const NESTED: u8 = 2;
const END: u8 = 4;
/// The string has to be empty, or must not be: whether a field is the message depends on it.
pub(crate) const EMPTY: u8 = 8;
pub(crate) const FILLED: u8 = 16;

/// A field of a message, as places in the record.
pub(crate) struct Field<'a> {
    /// What is written for its name.
    pub(crate) name: &'a [u8],
    /// [`STRING`], [`NESTED`] or 0, with [`EMPTY`] or [`FILLED`].
    pub(crate) kind: u8,
    /// Where the value starts, and where it ends; of a string without its quotes.
    pub(crate) value: usize,
    pub(crate) stop: usize,
}

/// The tree.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    nodes: &'static mut [Node],
    used: usize,
}

impl Shapes {
    /// Bytes of memory that [`Self::new`] wants.
    pub(crate) const MEMORY: usize = NODES * NODE;

    /// An empty tree in `memory`, which is all zeros.
    pub(crate) fn new(memory: &'static mut [u8]) -> Self {
        Self {
            nodes: memory.as_chunks_mut().0,
            used: FIRST,
        }
    }

    /// Forgets everything.
    #[inline(never)]
    pub(crate) fn clear(&mut self) {
        for root in self.nodes.iter_mut().take(FIRST) {
            root[CHILD] = 0;
        }
        self.used = FIRST;
    }

    /// Writes the fields of the object between two places of the record, if the tree `root` knows its names. `None`: it
    /// does not, or there is no room, or the object is none.
    #[inline(never)]
    pub(crate) fn write(
        &self,
        root: u8,
        record: &[u8],
        start: usize,
        end: usize,
        room: &mut Room<'_>,
    ) -> Option<()> {
        let mut at = start;
        let mut node = self.nodes.get(usize::from(root))?;
        loop {
            let mut index = node[CHILD];
            loop {
                if index == 0 {
                    return None;
                }
                node = self.nodes.get(usize::from(index))?;
                if is_at(node, record, at) {
                    break;
                }
                index = node[SIBLING];
            }
            at += usize::from(node[READ]);
            let len = usize::from(node[WRITTEN]);
            room.put(node.get(WRITTEN + 1..WRITTEN + 1 + len)?)?;
            let kind = node[KIND];
            let from = at;
            if kind & STRING != 0 {
                at = next_special(record, at);
                if pair(record, at) == QUOTE {
                    room.put(record.get(from..at)?)?;
                } else {
                    at = string_end(record, at)?;
                    room.put_unescaped(record.get(from..at)?)?;
                }
                if kind & (EMPTY | FILLED) != 0 && (kind & EMPTY != 0) != (at == from) {
                    return None;
                }
                continue;
            }
            if kind & END != 0 {
                return (at == end).then_some(());
            }
            let is_nested = matches!(byte(record, at), b'{' | b'[');
            if is_nested != (kind & NESTED != 0) {
                return None;
            }
            if is_nested {
                at = nested_end(record, at)?;
                let written = room.len;
                room.put_unescaped(record.get(from..at)?)?;
                if !room.is_value(written) {
                    return None;
                }
            } else {
                // A bare quote ends the record's string, and with it what was taken for the message.
                if byte(record, at) == b'"' {
                    return None;
                }
                (at, _) = value_end(record, at)?;
                room.put(record.get(from..at)?)?;
            }
        }
    }

    /// Remembers the names of the object between two places of the record, in the tree `root`. `None`: there is no room
    /// for them.
    #[inline(never)]
    pub(crate) fn learn<'f>(
        &mut self,
        root: u8,
        record: &[u8],
        start: usize,
        end: usize,
        fields: impl ExactSizeIterator<Item = Field<'f>>,
    ) -> Option<()> {
        if self.used + fields.len() >= self.nodes.len() {
            self.clear();
        }
        let mut parent = root;
        let mut from = start;
        let mut quote: &[u8] = b"";
        for field in fields {
            let mut node = [0; NODE];
            node[KIND] = field.kind;
            append(&mut node, READ, record.get(from..field.value)?)?;
            let is_string = field.kind & STRING != 0;
            let behind: &[u8] = if is_string { b"\":\"" } else { b"\":" };
            for text in [quote, b",\"", field.name, behind] {
                append(&mut node, WRITTEN, text)?;
            }
            parent = self.enter(parent, node)?;
            quote = if is_string { b"\"" } else { b"" };
            from = field.stop;
        }
        let mut node = [0; NODE];
        node[KIND] = END;
        append(&mut node, READ, record.get(from..end)?)?;
        append(&mut node, WRITTEN, quote)?;
        self.enter(parent, node).map(|_| ())
    }

    /// The number of this node behind another.
    #[inline(never)]
    fn enter(&mut self, parent: u8, mut node: Node) -> Option<u8> {
        let first = self.nodes.get(usize::from(parent))?[CHILD];
        let mut index = first;
        while index != 0 {
            let other = self.nodes.get(usize::from(index))?;
            if other[KIND] == node[KIND] && same(other.get(READ..)?, node.get(READ..)?) {
                return Some(index);
            }
            index = other[SIBLING];
        }
        let index = self.used;
        node[SIBLING] = first;
        *self.nodes.get_mut(index)? = node;
        self.nodes.get_mut(usize::from(parent))?[CHILD] = index as u8;
        self.used += 1;
        Some(index as u8)
    }
}

/// Whether the record has the text of a node at this place.
#[inline(always)]
fn is_at(node: &Node, record: &[u8], place: usize) -> bool {
    let len = usize::from(node[READ]);
    let mut at = 0;
    if len < 8 {
        while at < len {
            if byte(node, READ + 1 + at) != byte(record, place + at) {
                return false;
            }
            at += 1;
        }
        return true;
    }
    loop {
        if word(node, READ + 1 + at) != word(record, place + at) {
            return false;
        }
        at += 8;
        if at >= len {
            return true;
        }
        // The word that ends with the text shares bytes with the one before.
        at = at.min(len - 8);
    }
}

/// Appends to one of the texts of a node. `None`: there is no room.
#[inline(never)]
fn append(node: &mut Node, place: usize, text: &[u8]) -> Option<()> {
    let end = if place == READ { WRITTEN } else { NODE };
    let (len, free) = node.get_mut(place..end)?.split_first_mut()?;
    let free = free.get_mut(usize::from(*len)..)?.get_mut(..text.len())?;
    free.copy_from_slice(text);
    *len += text.len() as u8;
    Some(())
}
