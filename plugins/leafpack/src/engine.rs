//! How machine code is made and how it is run: one answer for both sides.
//!
//! The launcher runs code that `leafpack-precompile` made earlier. Both take their settings from this
//! file (the compiler includes it by path), so that they can't drift apart; wasmtime checks the same
//! again when it loads a module, and refuses one that was made otherwise.

use wasmtime::Config;

/// The settings that change the machine code, and those that change how it is run.
#[must_use]
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    // Code that looks at the epoch on every loop and call can be stopped from outside: the time limit.
    config.epoch_interruption(true);
    // Modules are built without names, so a backtrace would say nothing; its tables only cost size.
    config.wasm_backtrace_max_frames(None);
    config.generate_address_map(false);
    // A module is instantiated once per process: a copy of its data is cheaper than a memfd to map.
    config.memory_init_cow(false);
    // Nothing that the project's modules are built with needs these; off, they can't be used by mistake.
    config.wasm_simd(false);
    config.wasm_relaxed_simd(false);
    config.wasm_tail_call(false);
    config.wasm_multi_memory(false);
    config.wasm_memory64(false);
    config
}
