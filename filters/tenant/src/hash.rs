//! A hash of names that come in pieces: the same however a name is cut.

use crate::name::{Name, is_plain};

/// Takes bytes and gives a number. Not keyed: whoever uses it bounds what collisions can cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hasher {
    state: u64,
    /// Bytes that do not make up a word yet, and how many bits of it they fill.
    word: u64,
    filled: u32,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self {
            state: 0,
            word: 0,
            filled: 0,
        }
    }

    /// Takes the text of a JSON string, as the bytes that it stands for.
    pub(crate) fn push(&mut self, escaped: &[u8]) {
        if is_plain(escaped) {
            self.push_plain(escaped);
        } else {
            for byte in Name::of(escaped).bytes() {
                self.push_byte(byte);
            }
        }
    }

    fn push_plain(&mut self, bytes: &[u8]) {
        let (words, tail) = bytes.as_chunks::<8>();
        for word in words {
            self.push_word(u64::from_le_bytes(*word), 64);
        }
        let last = tail
            .iter()
            .rfold(0, |word, byte| word << 8 | u64::from(*byte));
        self.push_word(last, tail.len() as u32 * 8);
    }

    pub(crate) fn push_byte(&mut self, byte: u8) {
        self.push_word(u64::from(byte), 8);
    }

    /// Takes the lowest bits of a word, whose others are 0.
    #[inline(never)]
    fn push_word(&mut self, word: u64, bits: u32) {
        self.word |= word.wrapping_shl(self.filled);
        self.filled += bits;
        if self.filled >= 64 {
            self.mix(self.word);
            self.filled -= 64;
            self.word = word.checked_shr(bits - self.filled).unwrap_or(0);
        }
    }

    #[inline]
    fn mix(&mut self, word: u64) {
        let product = (self.state ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.state = product ^ (product >> 29);
    }

    pub(crate) fn finish(mut self) -> u32 {
        self.mix(self.word ^ u64::from(self.filled));
        (self.state >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cuts_do_not_matter(name in "[a-z_./]{0,40}", at: usize, again: usize) {
            let whole = { let mut h = Hasher::new(); h.push(name.as_bytes()); h.finish() };
            let at = at % (name.len() + 1);
            let again = at + again % (name.len() - at + 1);
            let mut pieces = Hasher::new();
            for piece in [&name[..at], &name[at..again], &name[again..]] {
                pieces.push(piece.as_bytes());
            }
            prop_assert_eq!(pieces.finish(), whole);
        }

        #[test]
        fn escapes_do_not_matter(name in "[a-z]{0,20}") {
            let escaped: String = name.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
            let [plain, escaped] = [name, escaped].map(|text| {
                let mut hasher = Hasher::new();
                hasher.push(text.as_bytes());
                hasher.finish()
            });
            prop_assert_eq!(plain, escaped);
        }
    }
}
