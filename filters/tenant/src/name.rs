//! Names of the output's fields, in pieces: a name is never put together before it is written.

use leafpack_fluent_bit::json::{Unescaped, position, unescape};

use crate::settings::{Kubernetes, KubernetesNames};

/// The best known keys of the `kubernetes` map.
const LONG_NAMES: [&[u8]; 5] = [
    b"namespace_name",
    b"pod_name",
    b"container_name",
    b"host",
    b"labels",
];

/// What they are called with short names.
const SHORT_NAMES: [&[u8]; 5] = [b"namespace", b"pod", b"container", b"node", b"labels"];

/// Names that a message's fields do not get.
const RESERVED: [&[u8]; 14] = [
    b"_time",
    b"_msg",
    b"_stream",
    b"_stream_id",
    b"stream",
    b"logtag",
    b"partial_message",
    b"cluster",
    b"environment",
    b"tenant",
    b"kubernetes",
    b"kubernetes_namespace",
    b"annotations",
    b"pod_id",
];

/// How many of them are of no matter where the map's fields have a prefix.
const OF_THE_MAP: usize = 2;

impl Kubernetes {
    /// Names that say where a record is from, or what became of it: a message's fields do not get them.
    pub fn reserved_names(&self) -> [&'static [&'static [u8]]; 3] {
        let bare = self.lift == Some(b"");
        let short = self.names == KubernetesNames::Short;
        let of_the_map = if bare { 0 } else { OF_THE_MAP };
        [
            RESERVED
                .get(..RESERVED.len() - of_the_map)
                .unwrap_or_default(),
            if bare { &LONG_NAMES } else { &[] },
            if short { &SHORT_NAMES } else { &[] },
        ]
    }

    /// What such names may begin with; an empty one stands for none.
    pub fn reserved_prefixes(&self) -> [&'static [u8]; 4] {
        let lift = self.lift.unwrap_or_default();
        let labels = self.names == KubernetesNames::Short || self.lift == Some(b"");
        [
            b"k8s_",
            b"leafpack_",
            lift,
            if labels { b"labels_" } else { b"" },
        ]
    }
}

/// A field's name; each piece is still escaped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a>(pub(crate) [&'a [u8]; 3]);

impl<'a> Name<'a> {
    pub(crate) fn of(name: &'a [u8]) -> Self {
        Self([b"", b"", name])
    }

    /// What a key of the `kubernetes` map is called when it is lifted.
    #[inline(never)]
    pub(crate) fn lifted(key: &'a [u8], kubernetes: &Kubernetes) -> Self {
        if kubernetes.names == KubernetesNames::Short
            && let Some(name) = SHORT_NAMES.get(position(key, &LONG_NAMES))
        {
            return Self::of(name);
        }
        // Without lifting this is only where a namespace is looked for that another filter wrote.
        Self([kubernetes.lift.unwrap_or(b"k8s_"), b"", key])
    }

    /// What a label is called that is a field of its own.
    pub(crate) fn label(key: &'a [u8], kubernetes: &Kubernetes) -> Self {
        let prefix = match kubernetes.names {
            KubernetesNames::Long => kubernetes.lift.unwrap_or_default(),
            KubernetesNames::Short => b"",
        };
        Self([prefix, b"labels_", key])
    }

    /// FNV-1a of what it stands for. Not keyed: whoever uses it bounds what collisions can cost.
    #[inline(never)]
    pub(crate) fn hash(&self) -> u32 {
        let mut hash = NO_HASH;
        for piece in self.0 {
            for byte in piece {
                if *byte == b'\\' {
                    return self.bytes().fold(NO_HASH, mix);
                }
                hash = mix(hash, *byte);
            }
        }
        hash
    }

    /// Whether both stand for the same text, however they are spelt and cut.
    #[inline(never)]
    pub(crate) fn is(&self, other: &Name<'_>) -> bool {
        match (self.0, other.0) {
            ([b"", b"", a], [b"", b"", b]) if a == b => true,
            _ => same(self.bytes(), other.bytes()),
        }
    }

    /// What it stands for.
    pub(crate) fn bytes(&self) -> Bytes<'a> {
        let [first, second, third] = self.0;
        Bytes {
            now: unescape(first),
            later: [second, third],
        }
    }
}

/// The hash of nothing.
pub(crate) const NO_HASH: u32 = 0x811c_9dc5;

/// The hash of what `hash` is of and one more byte.
#[inline]
pub(crate) fn mix(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
}

/// Whether two escaped texts stand for the same one.
pub(crate) fn same_text(a: &[u8], b: &[u8]) -> bool {
    a == b || same(Name::of(a).bytes(), Name::of(b).bytes())
}

#[inline(never)]
fn same(mut a: Bytes<'_>, mut b: Bytes<'_>) -> bool {
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (a, b) if a != b => return false,
            _ => {}
        }
    }
}

/// The bytes that the pieces of a name stand for.
pub(crate) struct Bytes<'a> {
    now: Unescaped<'a>,
    later: [&'a [u8]; 2],
}

impl Iterator for Bytes<'_> {
    type Item = u8;

    /// Rare enough, and large enough, to be there once.
    #[inline(never)]
    fn next(&mut self) -> Option<u8> {
        loop {
            if let Some(byte) = self.now.next() {
                return Some(byte);
            }
            let [next, last] = self.later;
            if next.is_empty() && last.is_empty() {
                return None;
            }
            self.now = unescape(next);
            self.later = [last, b""];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cuts_do_not_matter(name in "[a-z_./]{0,40}", at: usize, again: usize) {
            let name = name.as_bytes();
            let at = at % (name.len() + 1);
            let again = at + again % (name.len() - at + 1);
            let pieces = Name([&name[..at], &name[at..again], &name[again..]]);
            prop_assert_eq!(pieces.hash(), Name::of(name).hash());
            prop_assert!(pieces.is(&Name::of(name)));
        }

        #[test]
        fn escapes_do_not_matter(name in "[a-z]{0,20}") {
            let escaped: String = name.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
            let [plain, escaped] = [&name, &escaped].map(|text| Name::of(text.as_bytes()));
            prop_assert_eq!(plain.hash(), escaped.hash());
            prop_assert!(plain.is(&escaped));
        }
    }
}
