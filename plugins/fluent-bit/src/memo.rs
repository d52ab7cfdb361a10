//! What a filter made of the last record, for the next one that differs in its line alone.
//!
//! The records of a chunk come from one file: all but the line is the same in each, the metadata of the pod too. A
//! filter that knows that its answer to the rest does not depend on the line writes the answer once and copies it from
//! then on.

use core::cell::RefCell;

use crate::json::word;

/// Remembers one pair of a key (two texts) and an answer. Without memory it remembers nothing.
#[derive(Debug, Default)]
pub struct Memo(RefCell<Entry>);

#[derive(Debug, Default)]
struct Entry {
    /// The key's two parts and the answer, one behind the other.
    memory: &'static mut [u8],
    /// Where the second part, the answer, and what is free behind it start.
    ends: [usize; 3],
    known: bool,
}

impl Memo {
    /// Bytes that are enough for nearly all records: a tag, the metadata of a pod with its labels and annotations, and
    /// what becomes of them.
    pub const MEMORY: usize = 16_384;

    /// A memo that keeps what it knows in `memory`.
    pub fn new(memory: &'static mut [u8]) -> Self {
        Self(RefCell::new(Entry {
            memory,
            ..Entry::default()
        }))
    }

    /// What `found` makes of the answer for this key, if it is known: of a tag, and of how a record ends. `found` also
    /// gets the length of the record's start, which the answer does not depend on.
    #[inline(always)]
    pub fn recall<'t, R>(
        &self,
        tag: impl FnOnce() -> &'t [u8],
        record: &[u8],
        found: impl FnOnce(usize, &[u8]) -> R,
    ) -> Option<R> {
        let entry = self.0.try_borrow().ok()?;
        let [a, b, c] = entry.ends;
        let start = record.len().checked_sub(b - a)?;
        if !entry.known || !same(entry.memory.get(a..b)?, record.get(start..)?) {
            return None;
        }
        // Most answers do not depend on the tag.
        if a > 0 && !same(entry.memory.get(..a)?, tag()) {
            return None;
        }
        Some(found(start, entry.memory.get(b..c)?))
    }

    /// Remembers this answer in place of the last one; nothing where it does not fit.
    pub fn learn(&self, (first, second): (&[u8], &[u8]), answer: &[u8]) {
        let Ok(mut entry) = self.0.try_borrow_mut() else {
            return;
        };
        entry.known = false;
        let mut ends = [0; 3];
        let mut end = 0;
        for (part, ended) in [first, second, answer].iter().zip(&mut ends) {
            let Some(place) = entry.memory.get_mut(end..end + part.len()) else {
                return;
            };
            place.copy_from_slice(part);
            end += part.len();
            *ended = end;
        }
        entry.ends = ends;
        entry.known = true;
    }
}

/// Whether two texts are equal. (`memcmp` of the runtime library goes byte by byte.)
#[inline(never)]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let (mut rest_a, mut rest_b) = (a, b);
    // Spelt out, for a module that is compiled for size has no loop unrolled.
    while let (Some((block_a, after_a)), Some((block_b, after_b))) = (
        rest_a.split_first_chunk::<32>(),
        rest_b.split_first_chunk::<32>(),
    ) {
        let difference = (word(block_a, 0) ^ word(block_b, 0))
            | (word(block_a, 8) ^ word(block_b, 8))
            | (word(block_a, 16) ^ word(block_b, 16))
            | (word(block_a, 24) ^ word(block_b, 24));
        if difference != 0 {
            return false;
        }
        (rest_a, rest_b) = (after_a, after_b);
    }
    // The last block of a longer text shares bytes with the one before.
    if let (Some(a), Some(b)) = (a.last_chunk::<32>(), b.last_chunk::<32>()) {
        let difference = (word(a, 0) ^ word(b, 0))
            | (word(a, 8) ^ word(b, 8))
            | (word(a, 16) ^ word(b, 16))
            | (word(a, 24) ^ word(b, 24));
        return difference == 0;
    }
    while let (Some((byte_a, after_a)), Some((byte_b, after_b))) =
        (rest_a.split_first(), rest_b.split_first())
    {
        if byte_a != byte_b {
            return false;
        }
        (rest_a, rest_b) = (after_a, after_b);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn memo(size: usize) -> Memo {
        Memo::new(std::vec![0; size].leak())
    }

    fn recalled(memo: &Memo, first: &[u8], second: &[u8]) -> Option<Vec<u8>> {
        let record = [b"line", second].concat();
        memo.recall(
            || first,
            &record,
            |start, answer| {
                // The record's own start may be part of a longer key.
                assert_eq!(&record[start..], second);
                answer.to_vec()
            },
        )
    }

    #[test]
    fn remembers_the_last_pair() {
        let memo = memo(32);
        assert_eq!(
            recalled(&memo, b"", b""),
            None,
            "an empty key is no known key"
        );
        memo.learn((b"tag", b"rest"), b"answer");
        assert_eq!(recalled(&memo, b"tag", b"rest").unwrap(), b"answer");
        assert_eq!(recalled(&memo, b"tagr", b"est"), None);
        assert_eq!(recalled(&memo, b"ta", b"rest"), None);
        assert_eq!(recalled(&memo, b"tag", b"resT"), None);
        memo.learn((b"", b""), b"");
        assert_eq!(recalled(&memo, b"", b"").unwrap(), b"");
        memo.learn((b"", b"other"), b"x");
        assert_eq!(recalled(&memo, b"tag", b"rest"), None);
        assert_eq!(recalled(&memo, b"", b"other").unwrap(), b"x");
    }

    #[test]
    fn forgets_where_there_is_no_room() {
        let memo = memo(8);
        memo.learn((b"a", b"b"), b"c");
        memo.learn((b"a", b"b"), b"more than fits");
        assert_eq!(recalled(&memo, b"a", b"b"), None);
        assert_eq!(recalled(&Memo::default(), b"", b""), None);
    }

    proptest! {
        #[test]
        fn tells_texts_apart(text in proptest::collection::vec(0u8..3, 0..100), at: usize) {
            prop_assert!(same(&text, &text.clone()));
            if !text.is_empty() {
                let mut other = text.clone();
                other[at % text.len()] ^= 0x80;
                prop_assert!(!same(&text, &other));
            }
        }
    }
}
