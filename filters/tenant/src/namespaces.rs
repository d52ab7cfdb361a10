//! The map from namespaces to tenants: a hash table over the settings' own text, filled when they are loaded.

use core::sync::atomic::{AtomicU32, Ordering};

use leafpack_fluent_bit::json::{Value, find, string_end};

use crate::list::is_ascii_text;
use crate::name::{NO_HASH, Name, mix};

/// The most entries of the map.
pub const MAX_NAMESPACES: usize = 1000;

/// Length of the longest name of a namespace, in bytes (an RFC 1123 label).
pub const MAX_NAME: usize = 63;

/// A power of two, twice [`MAX_NAMESPACES`], so that searches end soon.
const SLOTS: usize = 2048;

/// Where entries' keys stand in the text, behind their quotes; 0 for none. Atomic only so that it can be a static.
type Slots = [AtomicU32; SLOTS];

/// The module's one table. It is no part of the settings, for these are moved over a stack of twice its size.
#[cfg(target_arch = "wasm32")]
fn slots() -> &'static Slots {
    static TABLE: Slots = [const { AtomicU32::new(0) }; SLOTS];
    &TABLE
}

/// A table for as long as the process lives, as the settings' text does.
#[cfg(not(target_arch = "wasm32"))]
fn slots() -> &'static Slots {
    Box::leak(Box::new([const { AtomicU32::new(0) }; SLOTS]))
}

/// Names of namespaces, and of those that start alike (`prefix-*`), with the tenant of each. A module holds one.
#[derive(Debug, Default)]
pub struct Namespaces {
    /// The JSON object.
    text: &'static [u8],
    entries: usize,
    /// Bit n: there is a prefix of n bytes.
    prefixes: u64,
    slots: Option<&'static Slots>,
}

impl Namespaces {
    /// Forgets all entries.
    pub fn clear(&mut self) {
        self.text = b"";
        self.entries = 0;
        self.prefixes = 0;
        for slot in self.slots.into_iter().flatten() {
            slot.store(0, Ordering::Relaxed);
        }
    }

    /// Takes the entries of a JSON object in place of those it had. `None`: it is no object, has more than
    /// [`MAX_NAMESPACES`] entries, or one that is no `"name": "tenant"`; what was taken is then of no use.
    #[inline(never)]
    pub fn fill(&mut self, value: Value<'static>) -> Option<()> {
        self.clear();
        self.text = value.text;
        let slots = *self.slots.get_or_insert_with(slots);
        let mut fields = value.fields()?;
        while fields.advance() {
            let field = fields.field();
            let (name, is_prefix) = match field.key {
                [prefix @ .., b'*'] => (prefix, true),
                name => (name, false),
            };
            let fits =
                name.len() <= MAX_NAME && is_ascii_text(name) && find(name, b'*') == name.len();
            if !fits || field.key.is_empty() || field.value.string()?.is_empty() {
                return None;
            }
            let hash = Name::of(name).hash();
            let slot = slots.get(self.search(hash, name, is_prefix))?;
            if slot.load(Ordering::Relaxed) == 0 {
                self.entries += 1;
                if self.entries > MAX_NAMESPACES {
                    return None;
                }
            }
            // A name that is there twice: the last one counts.
            slot.store(field.start as u32 + 1, Ordering::Relaxed);
            if is_prefix {
                self.prefixes |= 1u64.wrapping_shl(name.len() as u32);
            }
        }
        Some(())
    }

    /// What follows the quote of the key in a slot; empty where the slot is free.
    #[inline(never)]
    fn key(&self, slot: usize) -> &'static [u8] {
        let slot = self.slots.and_then(|slots| slots.get(slot));
        match slot.map_or(0, |slot| slot.load(Ordering::Relaxed)) {
            0 => b"",
            at => self.text.get(at as usize..).unwrap_or_default(),
        }
    }

    /// The slot that holds a name, or the free one where it would be.
    #[inline(never)]
    fn search(&self, hash: u32, name: &[u8], is_prefix: bool) -> usize {
        // A prefix is told from a whole name by one byte that no name holds.
        let mut at = if is_prefix { mix(hash, b'*') } else { hash } as usize;
        loop {
            at &= SLOTS - 1;
            let key = self.key(at);
            // At least half of the slots are free.
            if key.is_empty() || is_key(key, name, is_prefix) {
                return at;
            }
            at += 1;
        }
    }

    /// The tenant of a namespace: of its own name, else of the longest prefix that it starts with. Still escaped, as
    /// the settings spell it.
    #[inline(never)]
    pub fn tenant(&self, namespace: &[u8]) -> Option<&'static [u8]> {
        if self.entries == 0 {
            return None;
        }
        let mut found: &[u8] = b"";
        let mut hash = NO_HASH;
        let mut len = 0;
        loop {
            if self.prefixes & 1u64.wrapping_shl(len as u32) != 0 {
                let prefix = namespace.get(..len).unwrap_or_default();
                let key = self.key(self.search(hash, prefix, true));
                if !key.is_empty() {
                    found = key;
                }
            }
            match namespace.get(len) {
                Some(byte) if len < MAX_NAME => hash = mix(hash, *byte),
                _ => break,
            }
            len += 1;
        }
        if len == namespace.len() {
            let key = self.key(self.search(hash, namespace, false));
            if !key.is_empty() {
                found = key;
            }
        }
        // Behind the key and its quote only a colon and white space come before the tenant's quote.
        let value = found.get(find(found, b'"') + 1..)?;
        let tenant = value.get(find(value, b'"') + 1..)?;
        tenant.get(..string_end(tenant, 0)?)
    }
}

/// Whether `key` starts with this name and its end.
#[inline]
fn is_key(key: &[u8], name: &[u8], is_prefix: bool) -> bool {
    let Some((start, rest)) = key.split_at_checked(name.len()) else {
        return false;
    };
    let ends = match rest {
        [b'*', b'"', ..] => is_prefix,
        [b'"', ..] => !is_prefix,
        _ => false,
    };
    ends && start == name
}
