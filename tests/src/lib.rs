//! What the tests under `tests/` share: where things are, the peers that they drive, log lines to send, and an
//! oracle that says what must come of them.
//!
//! Nothing in here uses code of a filter or of `leafpack-fluent-bit`: what is held against them must not share
//! their mistakes.

pub mod corpus;
pub mod fluent_bit;
pub mod host_json;
pub mod objects;
pub mod oracle;
mod rng;
#[cfg(feature = "wamr")]
pub mod wamr;

pub use leafpack_peer::{self as peer, dist, workspace};
