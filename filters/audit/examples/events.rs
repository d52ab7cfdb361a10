//! Prints made-up audit events, one a line, with secrets in them to look for: `events COUNT [BYTES]` prints so many,
//! and one whose body has so many bytes.

#[path = "../tests/events/mod.rs"]
mod events;

use std::io::Write;

fn main() -> std::io::Result<()> {
    let mut args = std::env::args()
        .skip(1)
        .map(|arg| arg.parse::<u64>().expect("numbers"));
    let (count, bytes) = (args.next().unwrap_or(100), args.next().unwrap_or(0));
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    // Every kind of secret is in the events, and so is what shows that it is gone.
    assert!(events::SHAPES > 0 && !events::SECRET.is_empty() && !events::CONFIG.is_empty());
    for n in 0..count {
        writeln!(out, "{}", events::event(n))?;
    }
    if bytes > 0 {
        let mut event = events::event(count / events::SHAPES * events::SHAPES + 2);
        event["auditID"] = events::id(count).into();
        event["requestObject"]["note"] = "0123456789 \"é\" \\ ".repeat(bytes as usize / 20).into();
        writeln!(out, "{event}")?;
    }
    out.flush()
}
