//! The memory behind the `malloc` that the host calls: a bump arena that starts anew with the first
//! allocation after a call has returned.
//!
//! Hosts from 3.0 to 4.0.13, 4.1.0 and 4.1.1 never free the tag and the record that they pass in. With this
//! rule their leak cannot hurt: between two calls nothing of the first is needed, and the answer has been
//! copied out before the next allocation (`flb_wasm_call_function_format_json`).

/// Alignment of every allocation, in bytes; what C's `malloc` promises on wasm32.
const ALIGN: usize = 16;

/// Addresses only: whoever owns the memory gives the bounds and grows it.
#[derive(Debug)]
pub struct Arena {
    /// Where the first allocation after a call starts; 0 before there was any.
    base: usize,
    top: usize,
    /// Memory is known to reach up to here.
    limit: usize,
}

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}

impl Arena {
    /// An arena that was given nothing yet.
    pub const fn new() -> Self {
        Self {
            base: 0,
            top: 0,
            limit: 0,
        }
    }

    /// Address of `size` bytes, at `floor` or above, where `grow(end)` makes sure that memory reaches up to
    /// the address `end`. `None` where it cannot.
    #[inline]
    pub fn allocate(
        &mut self,
        size: usize,
        floor: usize,
        grow: impl FnOnce(usize) -> bool,
    ) -> Option<usize> {
        let start = self.top;
        let end = start.checked_add(size)?.checked_next_multiple_of(ALIGN)?;
        if end > self.limit {
            return self.grow(size, floor, grow);
        }
        self.top = end;
        Some(start)
    }

    /// Where memory must grow, or nothing was allocated yet.
    #[cold]
    #[inline(never)]
    fn grow(
        &mut self,
        size: usize,
        floor: usize,
        grow: impl FnOnce(usize) -> bool,
    ) -> Option<usize> {
        let start = self.top.max(floor).checked_next_multiple_of(ALIGN)?;
        let end = start.checked_add(size)?.checked_next_multiple_of(ALIGN)?;
        if !grow(end) {
            return None;
        }
        if self.base == 0 {
            self.base = start;
        }
        self.limit = end;
        self.top = end;
        Some(start)
    }

    /// The call has returned: all but what was kept may be overwritten from the next allocation on.
    #[inline]
    pub fn release(&mut self) {
        self.top = self.base;
    }

    /// Everything allocated so far stays for good.
    pub fn keep(&mut self) {
        self.base = self.top;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 64 KiB of memory that cannot grow.
    fn grow(end: usize) -> bool {
        end <= 65_536
    }

    #[test]
    fn starts_anew_after_a_call() {
        let mut arena = Arena::new();
        let tag = arena.allocate(5, 1000, grow).unwrap();
        let record = arena.allocate(100, 1000, grow).unwrap();
        assert_eq!((tag, record), (1008, 1024));
        arena.release();
        assert_eq!(arena.allocate(5, 1000, grow), Some(tag));
        assert_eq!(
            arena.allocate(9, 1000, grow),
            Some(record),
            "one reset a call, not one an allocation"
        );
    }

    #[test]
    fn keeps_what_it_is_told_to() {
        let mut arena = Arena::new();
        arena.allocate(100, 1000, grow).unwrap();
        let settings = arena.allocate(50, 1000, grow).unwrap();
        arena.keep();
        arena.release();
        assert!(arena.allocate(1, 1000, grow).unwrap() >= settings + 50);
    }

    #[test]
    fn a_failure_leaves_it_as_it_was() {
        let mut arena = Arena::new();
        assert_eq!(arena.allocate(65_536, 16, grow), None);
        assert_eq!(arena.allocate(usize::MAX, 16, grow), None);
        assert_eq!(arena.allocate(65_520, 16, grow), Some(16));
    }

    #[test]
    fn stays_flat() {
        let mut arena = Arena::new();
        let mut highest = 0;
        for _ in 0..1_000_000 {
            arena.allocate(30, 1000, grow).unwrap();
            highest = highest.max(arena.allocate(200, 1000, grow).unwrap());
            arena.release();
        }
        assert_eq!(highest, 1040);
    }
}
