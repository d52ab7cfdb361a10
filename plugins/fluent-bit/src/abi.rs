//! Fluent Bit's filter ABI on wasm32: the only file with `unsafe`.
//!
//! The host (`src/wasm/flb_wasm.c` in versions 3.0 to 5.1) asks the exported `malloc` for the tag and the
//! record, copies each in with its NUL, and calls
//! `fn(tag, tag_len, seconds, nanoseconds, record, record_len) -> *const u8`, one call a record. It reads the
//! answer up to its NUL and copies it before it calls anything else; an empty answer drops the record. Some
//! versions then call `free`. A module is single-threaded, and no call is made inside another.
#![allow(unsafe_code)]

use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::UnsafeCell;

use crate::arena::Arena;
use crate::call::{Call, Verdict};
use crate::output::Output;
use crate::run::{Answer, Format, first_size, next_size, no_memory, run};
use crate::settings::{Notes, Settings, Source};
use crate::time::Time;

/// Size of a page of wasm memory, in bytes.
const PAGE: usize = 65_536;

/// Settings files beyond this many bytes are refused, with [`ERRNO_TOO_BIG`].
const MAX_SETTINGS: usize = 1 << 20;

/// Numbers of `wasi_snapshot_preview1`'s `errno`.
const ERRNO_BADF: u16 = 8;
const ERRNO_TOO_BIG: u16 = 22;
const ERRNO_NOENT: u16 = 44;
const ERRNO_NOMEM: u16 = 48;

/// A value that only this single-threaded module touches.
struct Single<T>(UnsafeCell<T>);

// SAFETY: a filter module has one thread: Fluent Bit builds WAMR without thread support for filters and the
// module declares no shared memory.
unsafe impl<T> Sync for Single<T> {}

static ARENA: Single<Arena> = Single(UnsafeCell::new(Arena::new()));

/// Runs `body` on the arena.
#[inline]
fn with_arena<T>(body: impl FnOnce(&mut Arena) -> T) -> T {
    // SAFETY: one thread, and no body passed here calls `with_arena` again.
    body(unsafe { &mut *ARENA.0.get() })
}

/// The first address behind the data and the stack.
#[inline]
fn heap_base() -> usize {
    unsafe extern "C" {
        /// From the linker; only its address means anything.
        static __heap_base: u8;
    }
    (&raw const __heap_base).addr()
}

/// Makes sure that memory reaches up to the address `end`.
fn grow(end: usize) -> bool {
    let pages = memory_size::<0>();
    let Some(missing) = end.div_ceil(PAGE).checked_sub(pages) else {
        return true;
    };
    missing == 0 || memory_grow::<0>(missing) != usize::MAX
}

/// The host's `malloc`, and the module's own. Its presence makes WAMR drop its own application heap of 8 KiB.
#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> usize {
    with_arena(|arena| arena.allocate(size, heap_base(), grow))
}

/// The host's `free`, called by 4.0.14 and by 4.1.2 and later: the arena is reset by the next call instead.
#[unsafe(no_mangle)]
extern "C" fn free(_address: usize) {}

/// Tells WAMR that this is a reactor, which it instantiates without looking for a `main`.
#[unsafe(no_mangle)]
extern "C" fn _initialize() {}

/// Whether the `len` bytes at `address` are all below the arena's end, and the address is not null.
#[inline(always)]
fn is_inside(address: usize, len: usize) -> bool {
    let limit = with_arena(|arena| arena.limit());
    // Less one, so that one comparison finds a null too.
    address.wrapping_sub(1) < limit && len <= limit - address
}

/// Bytes that the host wrote, or that this module did and does not write again.
///
/// # Safety
/// They must be inside of memory: see [`is_inside`].
#[inline(always)]
unsafe fn bytes_inside(address: usize, len: usize) -> &'static [u8] {
    // SAFETY: linear memory reaches up to the arena's end. The host wrote there before the call and does not before the
    // next; this module writes only to what `malloc` gave out after it.
    unsafe { core::slice::from_raw_parts(core::ptr::with_exposed_provenance(address), len) }
}

/// The `len` bytes at `address`, or `None` where they are not all inside of memory or the address is null.
#[inline]
fn bytes(address: usize, len: usize) -> Option<&'static [u8]> {
    // SAFETY: only where it is inside.
    is_inside(address, len).then(|| unsafe { bytes_inside(address, len) })
}

/// Newly allocated bytes to write to.
fn new_bytes(len: usize) -> Option<(usize, &'static mut [u8])> {
    let address = malloc(len);
    if address == 0 {
        return None;
    }
    // SAFETY: `malloc` gives each address range out once between two resets, and a reset comes only after
    // the call that used the range has returned. Linear memory is always initialised.
    let slice = unsafe {
        core::slice::from_raw_parts_mut(core::ptr::with_exposed_provenance_mut(address), len)
    };
    Some((address, slice))
}

/// One module's settings, loaded at its first call.
#[derive(Debug)]
pub struct Instance<S> {
    module: &'static str,
    file: &'static str,
    settings: UnsafeCell<Option<S>>,
    /// Memory for quick answers.
    room: UnsafeCell<&'static mut [u8]>,
}

// SAFETY: as for `Single`: one thread.
unsafe impl<S> Sync for Instance<S> {}

impl<S: Settings> Instance<S> {
    /// For the module of this name, whose settings file is `file`.
    pub const fn new(module: &'static str, file: &'static str) -> Self {
        Self {
            module,
            file,
            settings: UnsafeCell::new(None),
            room: UnsafeCell::new(&mut []),
        }
    }

    /// The address of the answer that [`Settings::quick`] has for one call of the host; 0 where it has none. The numbers
    /// are the host's arguments as they are; that they lie inside of memory is checked here.
    ///
    /// # Safety
    /// Only for the function that the host calls: the addresses must come from this module's `malloc`, and no
    /// call may be made inside another.
    #[inline(always)]
    pub unsafe fn quick(
        &self,
        (tag, tag_len): (usize, usize),
        (record, record_len): (usize, usize),
        format: Format,
    ) -> usize {
        if S::QUICK == 0 {
            return 0;
        }
        // SAFETY: one thread, no call inside another, and nothing else touches these cells.
        let (settings, room) = unsafe { (&*self.settings.get(), &mut *self.room.get()) };
        let (Some(settings), true) = (settings, is_inside(record, record_len)) else {
            return 0;
        };
        // SAFETY: it is inside.
        let record = unsafe { bytes_inside(record, record_len) };
        let tag = move || bytes(tag, tag_len).unwrap_or_default();
        if settings.quick(format, tag, record, room) == 0 {
            return 0;
        }
        with_arena(Arena::release);
        room.as_ptr().expose_provenance()
    }

    /// Answers one call of the host with the address of a NUL-terminated text: as the filter does, its settings loaded
    /// first where that has not been done.
    ///
    /// # Safety
    /// As for [`Self::quick`].
    #[inline(always)]
    pub unsafe fn answer(
        &self,
        filter: impl Fn(&Call<'_>, &S, &mut Output<'_>) -> Verdict,
        (tag, tag_len): (usize, usize),
        time: Time,
        (record, record_len): (usize, usize),
        format: Format,
    ) -> usize {
        // SAFETY: one thread, no call inside another, and nothing else touches the cell.
        let slot = unsafe { &mut *self.settings.get() };
        let settings = slot.get_or_insert_with(|| self.load());
        let call = Call {
            tag: bytes(tag, tag_len).unwrap_or_default(),
            time,
            record: bytes(record, record_len),
        };
        let answer = answer(&filter, &call, settings, record, format);
        with_arena(Arena::release);
        answer
    }

    #[cold]
    #[inline(never)]
    fn load(&self) -> S {
        let source = read_settings(self.file);
        let mut buffer = [0; 1024];
        let mut notes = Notes::new(self.module, &mut buffer);
        let mut settings = S::load(source, &mut notes);
        write_stderr(notes.text());
        let wanted = settings.memory();
        if wanted > 0
            && let Some((_, memory)) = new_bytes(wanted)
        {
            // All zeros: nobody had these addresses before the first call, and linear memory starts so. To write them would
            // have the host find a page for each, which before 4.1 it does for each chunk.
            settings.keep(memory);
        }
        if S::QUICK > 0
            && let Some((_, memory)) = new_bytes(S::QUICK)
        {
            // SAFETY: as for the call that this is a part of.
            unsafe { *self.room.get() = memory };
        }
        // What came before (the first call's tag and record too) stays where it is, for the settings point
        // into it.
        with_arena(Arena::keep);
        settings
    }
}

#[inline]
fn answer<S: Settings>(
    filter: &impl Fn(&Call<'_>, &S, &mut Output<'_>) -> Verdict,
    call: &Call<'_>,
    settings: &S,
    record: usize,
    format: Format,
) -> usize {
    let mut size = first_size(call);
    while let Some((address, buffer)) = new_bytes(size) {
        let answer = run(filter, call, settings, buffer);
        if answer != Answer::TooSmall {
            settings.answered(true);
        }
        match answer {
            Answer::Record { .. } => return address,
            Answer::Same => return unchanged(call, record, format),
            Answer::Dropped => return nothing(format).as_ptr().expose_provenance(),
            Answer::TooSmall => match next_size(size, call) {
                Some(next) => size = next,
                None => break,
            },
        }
    }
    settings.answered(false);
    unchanged(call, record, format)
}

/// The answer that drops a record. With msgpack there is none: an empty map comes next to it.
fn nothing(format: Format) -> &'static [u8] {
    match format {
        Format::Json => b"\0",
        Format::Msgpack => b"\x80\0",
    }
}

/// The record as it came, where the host put it: it wrote the NUL too. (Of msgpack it does not, and it would read it up
/// to the first zero byte.)
fn unchanged(call: &Call<'_>, record: usize, format: Format) -> usize {
    match call.record {
        Some(text)
            if format == Format::Json
                && bytes(record, text.len() + 1).and_then(<[u8]>::last) == Some(&0) =>
        {
            record
        }
        _ => no_memory(format).as_ptr().expose_provenance(),
    }
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn path_open(
        folder: u32,
        lookup: u32,
        path: *const u8,
        path_len: usize,
        open: u32,
        rights: u64,
        inheriting: u64,
        flags: u32,
        opened: *mut u32,
    ) -> u32;
    fn fd_read(file: u32, vectors: *const Vector, count: usize, done: *mut usize) -> u32;
    fn fd_write(file: u32, vectors: *const Vector, count: usize, done: *mut usize) -> u32;
    fn fd_close(file: u32) -> u32;
}

/// `iovec` and `ciovec` of WASI.
#[repr(C)]
struct Vector {
    address: *mut u8,
    len: usize,
}

/// `lookupflags::symlink_follow`: Kubernetes mounts a ConfigMap as a folder of symbolic links.
const FOLLOW: u32 = 1;
/// `rights::fd_read`.
const RIGHT_READ: u64 = 1 << 1;
/// The first file descriptor that can be a preopened folder; the others follow without a gap.
const FIRST_FOLDER: u32 = 3;
/// Nobody has more.
const LAST_FOLDER: u32 = 66;

/// Looks for the settings file in the folders of `accessible_paths`, in their order.
fn read_settings(file: &str) -> Source {
    let mut folder = FIRST_FOLDER;
    while folder <= LAST_FOLDER {
        let opened = open(folder, file, FOLLOW);
        match opened.wrapping_sub(FAILED) as u16 {
            _ if opened < FAILED => {
                let content = read_all(opened);
                // SAFETY: a plain call; `opened` is ours.
                let _ = unsafe { fd_close(opened) };
                return content;
            }
            // No such descriptor: there are no more folders.
            ERRNO_BADF => break,
            // A link that leads nowhere is there without following it; there is only its own kind of error then.
            ERRNO_NOENT if open(folder, file, 0) == FAILED + u32::from(ERRNO_NOENT) => folder += 1,
            errno => return Source::Unreadable(errno),
        }
    }
    Source::Missing
}

/// What [`open`] returns for a file that cannot be opened, plus WASI's error number. File descriptors are smaller.
const FAILED: u32 = 1 << 31;

/// Opens a file of a preopened folder for reading.
#[inline(never)]
fn open(folder: u32, file: &str, lookup: u32) -> u32 {
    let mut opened = 0;
    // SAFETY: all pointers are to live values of this frame, or into `file`.
    let errno = unsafe {
        path_open(
            folder,
            lookup,
            file.as_ptr(),
            file.len(),
            0,
            RIGHT_READ,
            0,
            0,
            &raw mut opened,
        )
    };
    if errno == 0 { opened } else { FAILED + errno }
}

/// Reads an open file to its end, into memory that stays.
fn read_all(file: u32) -> Source {
    let mut buffer: &'static mut [u8] = &mut [];
    let mut len = 0;
    loop {
        if len == buffer.len() {
            if len >= MAX_SETTINGS {
                return Source::Unreadable(ERRNO_TOO_BIG);
            }
            let Some((_, new_buffer)) = new_bytes((len * 2).max(4096)) else {
                return Source::Unreadable(ERRNO_NOMEM);
            };
            if let Some(start) = new_buffer.get_mut(..len) {
                start.copy_from_slice(buffer);
            }
            buffer = new_buffer;
        }
        let free = buffer.get_mut(len..).unwrap_or_default();
        let vector = Vector {
            address: free.as_mut_ptr(),
            len: free.len(),
        };
        let mut done = 0;
        // SAFETY: the vector names the free rest of `buffer`, which is ours.
        let errno = unsafe { fd_read(file, &raw const vector, 1, &raw mut done) };
        if errno != 0 {
            return Source::Unreadable(errno as u16);
        }
        if done == 0 {
            return Source::Text(buffer.get(..len).unwrap_or_default());
        }
        len = len.saturating_add(done).min(buffer.len());
    }
}

fn write_stderr(text: &[u8]) {
    if text.is_empty() {
        return;
    }
    let vector = Vector {
        address: text.as_ptr().cast_mut(),
        len: text.len(),
    };
    let mut done = 0;
    // SAFETY: the vector names `text`, which lives through the call; nothing can be done about a failure.
    let _ = unsafe { fd_write(2, &raw const vector, 1, &raw mut done) };
}

#[link(wasm_import_module = "leafpack")]
unsafe extern "C" {
    /// Does not exist. A panic path that is linked in makes it an import, and `cargo xtask build` (or `cargo xtask
    /// check FILE`) then fails.
    fn panic_path_is_linked() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: diverges, as a panic must: WAMR loads a module with an import that it cannot resolve, and traps when it
    // is called. The checks refuse such a module.
    unsafe { panic_path_is_linked() }
}

/// What [`crate::export!`] expands to on wasm32.
#[doc(hidden)]
#[macro_export]
macro_rules! export_wasm {
    ($module:literal, $settings:ty, $($format:ident $name:ident => $filter:path),+) => {
        static INSTANCE: $crate::abi::Instance<$settings> =
            $crate::abi::Instance::new($module, concat!($module, ".json"));

        const _: () = {
            /// The functions by number, and not by pointer, which a module with several would call indirectly: WAMR
            /// 1.3.0 does not load that.
            #[allow(non_camel_case_types)]
            #[derive(Clone, Copy)]
            enum Function { $($name),+ }

            /// All that is not quick, once for all functions, and apart from them: they stay small.
            #[inline(never)]
            fn answer(
                function: Function,
                format: $crate::run::Format,
                tag: (usize, usize),
                time: $crate::Time,
                record: (usize, usize),
            ) -> usize {
                let filter = |call: &$crate::Call<'_>, settings: &$settings, out: &mut $crate::Output<'_>| {
                    match function {
                        $(Function::$name => $filter(call, settings, out)),+
                    }
                };
                // SAFETY: only called below, with what the host passed.
                unsafe { INSTANCE.answer(filter, tag, time, record, format) }
            }

            $(const _: () = {
                const FORMAT: $crate::run::Format = $crate::run::Format::$format;

                /// One record: the host's arguments in, the address of the answer out.
                #[unsafe(no_mangle)]
                extern "C" fn $name(
                    tag: usize,
                    tag_len: usize,
                    seconds: u32,
                    nanoseconds: u32,
                    record: usize,
                    record_len: usize,
                ) -> usize {
                    let (tag, record) = ((tag, tag_len), (record, record_len));
                    // SAFETY: this is the function that the host calls, with what it got of `malloc`.
                    match unsafe { INSTANCE.quick(tag, record, FORMAT) } {
                        0 => {
                            let time = $crate::Time { seconds, nanoseconds };
                            answer(Function::$name, FORMAT, tag, time, record)
                        }
                        address => address,
                    }
                }
            };)+
        };
    };
}
