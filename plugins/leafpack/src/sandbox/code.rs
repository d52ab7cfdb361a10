//! The only `unsafe` of the launcher: taking machine code that was made earlier.
#![allow(unsafe_code)]

use wasmtime::{Engine, Module};

use crate::catalog::Catalog;

/// Machine code that `leafpack-precompile` made, embedded in the binary at build time.
///
/// Bytes that a user brings are never taken for code.
#[derive(Debug, Clone, Copy)]
pub struct Code(&'static [u8]);

impl Code {
    /// Vouches for `bytes`.
    ///
    /// # Safety
    /// They must be the unchanged output of `leafpack-precompile`. wasmtime checks the settings and the version that
    /// they name, not the machine code: any other bytes can do all that this process can.
    #[must_use]
    pub const unsafe fn new(bytes: &'static [u8]) -> Self {
        Self(bytes)
    }

    /// The module of this code.
    pub(super) fn load(self, engine: &Engine) -> wasmtime::Result<Module> {
        // SAFETY: whoever made this `Code` vouched for the bytes.
        unsafe { Module::deserialize(engine, self.0) }
    }
}

/// What `build.rs` found in the build's folders.
// SAFETY, for each block of the included expression: the bytes are files that `cargo xtask build` had
// `leafpack-precompile` write.
pub(crate) static EMBEDDED: Catalog = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
