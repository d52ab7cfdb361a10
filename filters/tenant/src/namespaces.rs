//! The map from namespaces to tenants: a hash table over the settings' own text, filled when they are loaded.

use core::sync::atomic::{AtomicU32, Ordering};

use leafpack_fluent_bit::json::{Value, string_end};

use crate::hash::Hasher;
use crate::list::is_ascii_text;
use crate::name::{find, trim};

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

/// One entry, read where it stands.
struct Entry {
    name: &'static [u8],
    is_prefix: bool,
    tenant: &'static [u8],
}

/// The name of a key, and whether it is only the start of one.
fn split_star(key: &[u8]) -> (&[u8], bool) {
    key.strip_suffix(b"*")
        .map_or((key, false), |prefix| (prefix, true))
}

/// A prefix is told from a whole name by one byte that no name holds.
#[inline(never)]
fn slot_of(mut hasher: Hasher, is_prefix: bool) -> usize {
    if is_prefix {
        hasher.push_byte(b'*');
    }
    hasher.finish() as usize & (SLOTS - 1)
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
        for field in value.fields()? {
            let field = field.ok()?;
            let (name, is_prefix) = split_star(field.key);
            let fits =
                name.len() <= MAX_NAME && is_ascii_text(name) && find(name, b'*') == name.len();
            let tenant = field.value.string()?;
            if !fits || tenant.is_empty() || field.key.is_empty() {
                return None;
            }
            let mut hasher = Hasher::new();
            hasher.push(name);
            let (slot, taken) = self.search(slot_of(hasher, is_prefix), name, is_prefix)?;
            if taken.is_none() {
                self.entries += 1;
                if self.entries > MAX_NAMESPACES {
                    return None;
                }
            }
            // A name that is there twice: the last one counts.
            let at = u32::try_from(field.start + 1).ok()?;
            slots.get(slot)?.store(at, Ordering::Relaxed);
            if is_prefix {
                self.prefixes |= 1u64.wrapping_shl(name.len() as u32);
            }
        }
        Some(())
    }

    /// The slot that holds a name, with its entry, or the free one where it would be.
    #[inline(never)]
    fn search(
        &self,
        mut at: usize,
        name: &[u8],
        is_prefix: bool,
    ) -> Option<(usize, Option<Entry>)> {
        let slots = self.slots?;
        for _ in 0..SLOTS {
            let slot = slots.get(at)?.load(Ordering::Relaxed);
            if slot == 0 {
                return Some((at, None));
            }
            let entry = self.entry(slot as usize)?;
            if entry.name == name && entry.is_prefix == is_prefix {
                return Some((at, Some(entry)));
            }
            at = (at + 1) & (SLOTS - 1);
        }
        None
    }

    /// Reads the entry whose key starts at `at`.
    #[inline(never)]
    fn entry(&self, at: usize) -> Option<Entry> {
        let key = self.text.get(at..)?;
        let (key, rest) = key.split_at_checked(string_end(key, 0)?)?;
        let rest = trim(rest.strip_prefix(b"\"")?);
        let rest = trim(rest.strip_prefix(b":")?);
        let tenant = rest.strip_prefix(b"\"")?;
        let (name, is_prefix) = split_star(key);
        Some(Entry {
            name,
            is_prefix,
            tenant: tenant.get(..string_end(tenant, 0)?)?,
        })
    }

    /// The tenant of a namespace: of its own name, else of the longest prefix that it starts with. Still escaped, as
    /// the settings spell it.
    #[inline(never)]
    pub fn tenant(&self, namespace: &[u8]) -> Option<&'static [u8]> {
        if self.entries == 0 {
            return None;
        }
        let mut found = None;
        let mut hasher = Hasher::new();
        for (len, byte) in namespace.iter().take(MAX_NAME).enumerate() {
            found = self.with_prefix(hasher, namespace, len).or(found);
            hasher.push_byte(*byte);
        }
        if namespace.len() <= MAX_NAME
            && let Some((_, Some(entry))) = self.search(slot_of(hasher, false), namespace, false)
        {
            return Some(entry.tenant);
        }
        let len = namespace.len().min(MAX_NAME);
        self.with_prefix(hasher, namespace, len).or(found)
    }

    /// The tenant of the prefix of `len` bytes, which `hasher` has taken.
    #[inline(never)]
    fn with_prefix(&self, hasher: Hasher, namespace: &[u8], len: usize) -> Option<&'static [u8]> {
        if self.prefixes & 1u64.wrapping_shl(len as u32) == 0 {
            return None;
        }
        let prefix = namespace.get(..len)?;
        let (_, entry) = self.search(slot_of(hasher, true), prefix, true)?;
        entry.map(|entry| entry.tenant)
    }
}
