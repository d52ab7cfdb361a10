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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fluent_bit::settings::tests::plan;

    #[test]
    fn an_outage_is_covered_by_chunks_or_bytes() {
        // 1Gi with lines of at most 1Mi: chunks of at most 3,096,576 bytes.
        let plan = plan("bufferLimit: 1Gi");
        assert_eq!(plan.max_chunks, 346);
        let outage = |bytes: u64, files: u64| plan.outage(Rate { bytes, files });
        for (bytes, files, seconds, bound) in [
            // Thirty containers that say little: six chunks a second.
            (3_000, 30, 57, Bound::Chunks),
            // One that says much: half a chunk for its bytes, and a fifth for its file.
            (1_024_000, 1, 494, Bound::Bytes),
            (2_048_000, 5, 173, Bound::Bytes),
            (0, 1, 1_730, Bound::Chunks),
            (0, 0, u64::MAX, Bound::Bytes),
        ] {
            let found = outage(bytes, files);
            assert_eq!(found, Outage { seconds, bound }, "{bytes} {files}");
        }
    }
}
