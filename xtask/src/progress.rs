//! A line a step, with the time it took.

use std::io::Write;
use std::time::Instant;

use crate::Result;

/// Says what is being done, does it, and says how long it took.
pub(crate) fn step<T>(what: &str, body: impl FnOnce() -> Result<T>) -> Result<T> {
    eprint!("  {what} …");
    let _ = std::io::stderr().flush();
    let start = Instant::now();
    let result = body();
    let seconds = start.elapsed().as_secs_f64();
    match &result {
        Ok(_) => eprintln!(" {seconds:.1} s"),
        Err(_) => eprintln!(" failed"),
    }
    result
}
