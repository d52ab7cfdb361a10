//! How long the buffer lasts while the hub is away.

use super::pipeline::FLUSH_SECONDS;
use super::settings::{CHUNK, Plan};

/// What a node writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Bytes of records a second, as they are stored: some 400 beside the message, for names, labels and times.
    pub(crate) bytes: u64,
    /// Log files that get new lines within [`FLUSH_SECONDS`].
    pub(crate) files: u64,
}

/// What counts for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// The bytes: chunks are full.
    Bytes,
    /// The number of chunks: each holds what one file got within [`FLUSH_SECONDS`], however little that is.
    Chunks,
}

/// An outage that the buffer covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outage {
    /// How long, in seconds. The reading stands still after that, and nothing is lost until the kubelet has rotated a
    /// file twice.
    pub(crate) seconds: u64,
    /// Why no longer.
    pub(crate) bound: Bound,
}

impl Plan {
    /// How long an outage of the hub `logs.bufferLimit` covers on a node that writes so much.
    ///
    /// `storage.max_chunks_up` chunks may wait. A delivery every [`FLUSH_SECONDS`] closes one chunk for each file with
    /// new lines, and whatever is written besides fills chunks of [`CHUNK`] bytes:
    ///
    /// ```text
    /// seconds = max_chunks / (files / FLUSH_SECONDS + bytes / CHUNK)
    /// ```
    ///
    /// It is at least so long: a chunk that is closed holds some of the bytes, too. A node that writes nothing is covered
    /// for ever, `u64::MAX`.
    pub(crate) fn outage(&self, rate: Rate) -> Outage {
        let flush = u128::from(FLUSH_SECONDS);
        // Both in chunks a second, times the two denominators.
        let by_chunks = u128::from(rate.files) * u128::from(CHUNK);
        let by_bytes = u128::from(rate.bytes) * flush;
        let seconds = (u128::from(self.max_chunks) * flush * u128::from(CHUNK))
            .checked_div(by_chunks + by_bytes)
            .and_then(|seconds| u64::try_from(seconds).ok());
        Outage {
            seconds: seconds.unwrap_or(u64::MAX),
            bound: if by_bytes < by_chunks {
                Bound::Chunks
            } else {
                Bound::Bytes
            },
        }
    }
}
