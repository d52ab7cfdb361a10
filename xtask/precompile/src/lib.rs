//! Compiles WebAssembly modules to machine code ahead of time, so that the launcher carries no compiler.
//!
//! The code is for the host's architecture at its baseline (plain x86-64, plain ARMv8), not for the
//! processor that happens to build it: the launcher runs wherever its own binary runs.

use std::fmt;

use target_lexicon::Triple;
use wasmtime::{Config, Engine};

#[path = "../../../plugins/leafpack/src/engine.rs"]
mod engine;

/// Why a module could not be compiled, as one sentence or two.
#[derive(Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// A compiler with the launcher's settings. Making one costs little; it may compile many modules.
pub struct Compiler(Engine);

impl Compiler {
    /// A compiler for the host's architecture, at its baseline.
    ///
    /// # Errors
    /// On an architecture that Cranelift has no code generator for.
    pub fn new() -> Result<Self, Error> {
        let triple = Triple::host().to_string();
        let engine = |mut config: Config| Engine::new(config.target(&triple)?);
        match engine(engine::config()) {
            Ok(engine) => Ok(Self(engine)),
            Err(why) => Err(Error(format!("no compiler for {triple}: {why:#}"))),
        }
    }

    /// Machine code for the module `wasm` (the binary format), as the launcher embeds it.
    ///
    /// # Errors
    /// If `wasm` is not a valid module within the features that the launcher allows.
    pub fn compile(&self, wasm: &[u8]) -> Result<Vec<u8>, Error> {
        self.0
            .precompile_module(wasm)
            .map_err(|why| Error(format!("{why:#}")))
    }
}
