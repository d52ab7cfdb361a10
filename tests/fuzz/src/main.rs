//! libFuzzer over one export: `LEAFPACK_FUZZ_TARGET` names it, arguments are libFuzzer's. Without it, prints the names.
//! `cargo xtask fuzz` builds and runs this.
#![no_main]

use std::sync::OnceLock;

use leafpack_fuzz::{TARGETS, Target, check, target};

static TARGET: OnceLock<&Target> = OnceLock::new();

fn chosen() -> &'static Target {
    TARGET.get_or_init(|| {
        let Ok(name) = std::env::var("LEAFPACK_FUZZ_TARGET") else {
            for target in TARGETS {
                println!("{}", target.export);
            }
            std::process::exit(0);
        };
        target(&name).unwrap_or_else(|error| {
            eprintln!("error: LEAFPACK_FUZZ_TARGET: {error}");
            std::process::exit(1);
        })
    })
}

libfuzzer_sys::fuzz_target!(init: { chosen(); }, |input: &[u8]| {
    if let Err(error) = check(chosen(), input) {
        panic!("{error}");
    }
});
