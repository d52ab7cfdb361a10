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
    /// the address `end`. 0 where it cannot. (An `Option` would be returned through memory, and the host's `malloc` is
    /// called twice a record.)
    #[inline(always)]
    pub fn allocate(
        &mut self,
        size: usize,
        floor: usize,
        grow: impl FnOnce(usize) -> bool,
    ) -> usize {
        let start = self.top;
        // `top` is never beyond `limit`, and both are multiples of the alignment, so that nothing wraps.
        if size > self.limit.wrapping_sub(start) {
            return self.grow(size, floor, grow);
        }
        self.top = start.wrapping_add(size).wrapping_add(ALIGN - 1) & !(ALIGN - 1);
        start
    }

    /// Where memory must grow, or nothing was allocated yet.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, size: usize, floor: usize, grow: impl FnOnce(usize) -> bool) -> usize {
        let start = self.top.max(floor.wrapping_add(ALIGN - 1) & !(ALIGN - 1));
        let end = start.wrapping_add(size).wrapping_add(ALIGN - 1) & !(ALIGN - 1);
        // What wraps is below its start, unless the size is beyond all memory.
        if size > usize::MAX - ALIGN || end < start || !grow(end) {
            return 0;
        }
        if self.base == 0 {
            self.base = start;
        }
        self.limit = end;
        self.top = end;
        start
    }

    /// The address up to which memory is known to reach: beyond all that was allocated.
    #[inline]
    pub fn limit(&self) -> usize {
        self.limit
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
        let tag = arena.allocate(5, 1000, grow);
        let record = arena.allocate(100, 1000, grow);
        assert_eq!((tag, record), (1008, 1024));
        arena.release();
        assert_eq!(arena.allocate(5, 1000, grow), tag);
        assert_eq!(
            arena.allocate(9, 1000, grow),
            record,
            "one reset a call, not one an allocation"
        );
    }

    #[test]
    fn keeps_what_it_is_told_to() {
        let mut arena = Arena::new();
        arena.allocate(100, 1000, grow);
        let settings = arena.allocate(50, 1000, grow);
        arena.keep();
        arena.release();
        assert!(arena.allocate(1, 1000, grow) >= settings + 50);
    }

    #[test]
    fn a_failure_leaves_it_as_it_was() {
        let mut arena = Arena::new();
        assert_eq!(arena.allocate(65_536, 16, grow), 0);
        assert_eq!(arena.allocate(usize::MAX, 16, grow), 0);
        assert_eq!(arena.allocate(65_520, 16, grow), 16);
    }

    #[test]
    fn stays_flat() {
        let mut arena = Arena::new();
        let mut highest = 0;
        for _ in 0..1_000_000 {
            arena.allocate(30, 1000, grow);
            highest = highest.max(arena.allocate(200, 1000, grow));
            arena.release();
        }
        assert_eq!(highest, 1040);
    }
}
