//! The time limit: a thread that advances the engine's epoch, which the code looks at.

use std::thread;
use std::time::Duration;

use wasmtime::Engine;

/// Ticks in a full time limit, where that makes ticks between [`SHORTEST`] and [`LONGEST`].
const TICKS: u32 = 20;
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(250);

/// Starts the thread; it ends with the engine. Returns the number of ticks that last at least as long as `limit`.
pub(super) fn start(engine: &Engine, limit: Duration) -> std::io::Result<u64> {
    let tick = (limit / TICKS).clamp(SHORTEST, LONGEST);
    let engine = engine.weak();
    thread::Builder::new()
        .name("leafpack-ticker".to_owned())
        .spawn(move || {
            loop {
                thread::sleep(tick);
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        })?;
    // One more, because the tick that is under way is only partly left.
    let ticks = limit.as_nanos().div_ceil(tick.as_nanos()) + 1;
    Ok(u64::try_from(ticks).unwrap_or(u64::MAX))
}
