//! What a filter made of recent records, for the next one that differs in its line alone.
//!
//! All but the line is the same in every record of a file, the metadata of its pod too. A filter that knows that its answer to
//! the rest does not depend on the line makes it once for each file, and copies it from then on.

use core::cell::Cell;
use core::fmt;

use crate::json::{same as same_text, word};

/// How many files are remembered at a time, at most: each has one place, by its metadata or its tag, and gives way to the
/// next one there.
const PLACES: usize = 64;

/// Bytes of a place: enough for nearly every pod's metadata, with its labels, and what becomes of it.
const PLACE: usize = 6144;
type Place = [u8; PLACE];

/// At the start of a place: the kind plus 1 (0: nothing is known), and where tag, rest and answer end.
const CELLS: usize = 4;

/// Remembers answers by three things: a number that says of what kind they are, the tag, and how the record ends. Without memory
/// it remembers nothing.
#[derive(Default)]
pub struct Memo {
    /// Taken out while it is in use.
    places: Cell<&'static mut [Place]>,
    /// The place that was of use last: the records of a chunk come from one file.
    last: Cell<usize>,
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

impl Memo {
    /// Bytes that [`Self::new`] wants.
    pub const MEMORY: usize = PLACES * PLACE;

    /// The longest end of a record whose answer surely fits, in bytes.
    pub const REST: usize = PLACE / 2 - 512;

    /// A memo that keeps what it knows in `memory`, which is all zeros.
    pub fn new(memory: &'static mut [u8]) -> Self {
        Self {
            places: Cell::new(memory.as_chunks_mut().0),
            last: Cell::new(0),
        }
    }

    /// What `found` makes of the answer, if there is one for this kind, this tag (or any, as it was learnt) and the end of
    /// this record. `found` also gets the length of the record's start, which the answer does not depend on.
    #[inline(always)]
    pub fn recall<'t, R>(
        &self,
        kind: u32,
        tag: impl Fn() -> &'t [u8],
        record: &[u8],
        found: impl FnOnce(usize, &[u8]) -> R,
    ) -> Option<R> {
        let places = self.places.take();
        let recalled = self.find(places, kind, tag, record, found);
        self.places.set(places);
        recalled
    }

    #[inline(always)]
    fn find<'t, R>(
        &self,
        places: &[Place],
        kind: u32,
        tag: impl Fn() -> &'t [u8],
        record: &[u8],
        found: impl FnOnce(usize, &[u8]) -> R,
    ) -> Option<R> {
        let mut place = places.get(self.last.get())?;
        if !is_known(place, kind, &tag, record) {
            let other = search(places, kind, tag(), record);
            place = places.get(other)?;
            self.last.set(other);
        }
        let start = record.len().wrapping_sub(rest_len(place));
        Some(found(start, place.get(cell(place, 2)..cell(place, 3))?))
    }

    /// Remembers an answer; nothing where it does not fit. `by_tag`: it is good for this tag only.
    #[inline(never)]
    pub fn learn(&self, kind: u32, tag: &[u8], by_tag: bool, rest: &[u8], answer: &[&[u8]]) {
        let places = self.places.take();
        write(places, kind, tag, by_tag, rest, answer);
        self.places.set(places);
    }
}

/// As [`Memo::learn`].
fn write(places: &mut [Place], kind: u32, tag: &[u8], by_tag: bool, rest: &[u8], answer: &[&[u8]]) {
    let hash = match sample(rest) {
        0 => last_of(tag),
        sample => sample,
    };
    let Some(place) = places.get_mut(place_of(kind, hash)) else {
        return;
    };
    set_cell(place, 0, 0);
    let mut end = CELLS * 4;
    // In a place an empty tag stands for any.
    if by_tag && tag.is_empty() {
        return;
    }
    let tag = if by_tag { tag } else { b"" };
    let fits = put(place, &mut end, tag) && {
        set_cell(place, 1, end);
        put(place, &mut end, rest)
    };
    set_cell(place, 2, end);
    if fits && answer.iter().all(|part| put(place, &mut end, part)) {
        set_cell(place, 3, end);
        set_cell(place, 0, kind as usize + 1);
    }
}

/// Instead of a place.
const NONE: usize = usize::MAX;

/// The place that knows the answer to this record, or [`NONE`].
#[inline(never)]
fn search(places: &[[u8; PLACE]], kind: u32, tag: &[u8], record: &[u8]) -> usize {
    for hash in [last_of(tag), sample(record)] {
        let index = place_of(kind, hash);
        if let Some(place) = places.get(index)
            && is_known(place, kind, &|| tag, record)
        {
            return index;
        }
    }
    NONE
}

/// Length of the rest that a place knows the answer to.
#[inline(always)]
fn rest_len(place: &[u8; PLACE]) -> usize {
    cell(place, 2).wrapping_sub(cell(place, 1))
}

/// Whether a place knows the answer to this record.
#[inline(always)]
fn is_known<'t>(
    place: &[u8; PLACE],
    kind: u32,
    tag: &impl Fn() -> &'t [u8],
    record: &[u8],
) -> bool {
    let (a, b) = (cell(place, 1), cell(place, 2));
    let start = record.len().wrapping_sub(rest_len(place));
    cell(place, 0) == kind as usize + 1
        && same(place.get(a..b), record.get(start..))
        // Most answers do not depend on the tag.
        && (a == CELLS * 4 || same(place.get(CELLS * 4..a), Some(tag())))
}

/// The end of a tag, which has the last digits of the container's id, and `.log`.
fn last_of(tag: &[u8]) -> u64 {
    word(tag, tag.len().saturating_sub(12))
}

/// Bytes at the end of a record that [`sample`] looks at.
const SAMPLE: usize = 320;

/// A hash of how a record ends, where files are told apart by their metadata and not by the tag; 0 for one that is
/// short.
fn sample(record: &[u8]) -> u64 {
    let Some(end) = record.last_chunk::<SAMPLE>() else {
        return 0;
    };
    let mut mixed = 1u64;
    let mut at = 0;
    while at < SAMPLE {
        mixed = (mixed ^ word(end, at)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        at += 8;
    }
    mixed
}

/// The place for a kind and a hash.
fn place_of(kind: u32, hash: u64) -> usize {
    let mixed = (hash ^ u64::from(kind)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 58) as usize % PLACES
}

#[inline(always)]
fn cell(place: &[u8; PLACE], index: usize) -> usize {
    let (cells, _) = place.as_chunks::<4>();
    cells
        .get(index)
        .map_or(0, |cell| u32::from_le_bytes(*cell) as usize)
}

#[inline(never)]
fn set_cell(place: &mut [u8; PLACE], index: usize, value: usize) {
    if let Some(cell) = place.as_chunks_mut::<4>().0.get_mut(index) {
        *cell = (value as u32).to_le_bytes();
    }
}

/// Copies a text to a place, and moves the end. Whether it fits.
#[inline(never)]
fn put(place: &mut [u8; PLACE], end: &mut usize, text: &[u8]) -> bool {
    let Some(free) = place.get_mut(*end..*end + text.len()) else {
        return false;
    };
    free.copy_from_slice(text);
    *end += text.len();
    true
}

/// Whether two texts are there and equal. (`memcmp` of the runtime library goes byte by byte.)
#[inline(always)]
fn same(a: Option<&[u8]>, b: Option<&[u8]>) -> bool {
    match (a, b) {
        (Some([]), Some([])) => true,
        // Often only a quote and a brace.
        (Some([a, b]), Some([c, d])) => a == c && b == d,
        (Some(a), Some(b)) => a.len() == b.len() && same_text(a, b),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn memo() -> Memo {
        Memo::new(vec![0; Memo::MEMORY].leak())
    }

    fn recalled(memo: &Memo, kind: u32, tag: &[u8], rest: &[u8]) -> Option<Vec<u8>> {
        let record = [b"line", rest].concat();
        memo.recall(
            kind,
            || tag,
            &record,
            |start, answer| {
                assert_eq!(&record[start..], rest);
                answer.to_vec()
            },
        )
    }

    #[test]
    fn remembers_by_kind_tag_and_rest() {
        let memo = memo();
        assert_eq!(recalled(&memo, 0, b"", b""), None);
        memo.learn(0, b"tag", true, b"rest", &[b"ans", b"wer"]);
        assert_eq!(recalled(&memo, 0, b"tag", b"rest").unwrap(), b"answer");
        for (kind, tag, rest) in [
            (1, &b"tag"[..], &b"rest"[..]),
            (0, b"tagr", b"est"),
            (0, b"tag", b"resT"),
            (0, b"taG", b"rest"),
        ] {
            assert_eq!(recalled(&memo, kind, tag, rest), None);
        }
        memo.learn(0, b"", true, b"rest", &[b"x"]);
        assert_eq!(
            recalled(&memo, 0, b"other", b"rest"),
            None,
            "an empty tag is a tag"
        );
        memo.learn(0, b"tag", false, b"", &[]);
        assert_eq!(recalled(&memo, 0, b"tag", b"").unwrap(), b"");
        memo.learn(0, b"tag", false, b"\"}", &[b"\"}"]);
        assert_eq!(recalled(&memo, 0, b"any", b"\"}").unwrap(), b"\"}");
    }

    #[test]
    fn forgets_where_there_is_no_room() {
        let memo = memo();
        memo.learn(0, b"a", true, b"b", &[b"c"]);
        memo.learn(0, b"a", true, b"b", &[&vec![b'x'; PLACE]]);
        assert_eq!(recalled(&memo, 0, b"a", b"b"), None);
        memo.learn(0, b"a", true, &vec![b'x'; PLACE], &[b"c"]);
        assert_eq!(recalled(&memo, 0, b"a", b"b"), None);
        assert_eq!(recalled(&Memo::default(), 0, b"", b""), None);
    }

    #[test]
    fn knows_many_files_at_once() {
        let memo = memo();
        let tags: Vec<String> = (0..20)
            .map(|n| format!("kube.var.log.containers.p{n}_n_c-{:064x}.log", n * 7919))
            .collect();
        for tag in &tags {
            memo.learn(0, tag.as_bytes(), false, tag.as_bytes(), &[tag.as_bytes()]);
        }
        let known = tags
            .iter()
            .filter(|tag| recalled(&memo, 0, tag.as_bytes(), tag.as_bytes()).is_some())
            .count();
        assert!(known >= 14, "{known} of 20");
        // With the same tag for all of them, too.
        let rests: Vec<String> = (0..20)
            .map(|n| {
                format!(
                    "\",\"kubernetes\":{{\"pod\":\"p{n}\",\"id\":\"{:0>350}\"}}}}",
                    n * 7919
                )
            })
            .collect();
        for rest in &rests {
            memo.learn(0, b"tag", false, rest.as_bytes(), &[rest.as_bytes()]);
        }
        let known = rests
            .iter()
            .filter(|rest| recalled(&memo, 0, b"tag", rest.as_bytes()).is_some())
            .count();
        assert!(known >= 14, "{known} of 20");
    }

    proptest! {
        #[test]
        fn tells_texts_apart(text in proptest::collection::vec(0u8..3, 0..100), at: usize) {
            prop_assert!(same(Some(&text), Some(&text.clone())));
            if !text.is_empty() {
                let mut other = text.clone();
                other[at % text.len()] ^= 0x80;
                prop_assert!(!same(Some(&text), Some(&other)));
                prop_assert!(!same(Some(&text), Some(&text[1..])));
            }
        }
    }
}
