//! The CRI line: `<time> <stream> <tags> <message>`.
//!
//! The rules are those of the kubelet's reader (`cri-client/pkg/logs/logs.go`): the tags are split at `:`, and
//! a first tag `P` is a partial line while anything else is a full one. Taken beyond it is a line that ends
//! right behind `F` or `P`, without the space, as some writers leave an empty message (fluent-bit issue 5554).

use leafpack_fluent_bit::time::rfc3339_prefix;

/// Where the line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// `stdout`
    Stdout,
    /// `stderr`
    Stderr,
}

impl Stream {
    /// Its name in the line.
    #[inline]
    pub fn name(self) -> &'static [u8] {
        match self {
            Stream::Stdout => b"stdout",
            Stream::Stderr => b"stderr",
        }
    }

    /// The stream of this name.
    pub fn of(name: &[u8]) -> Option<Self> {
        match name {
            b"stdout" => Some(Stream::Stdout),
            b"stderr" => Some(Stream::Stderr),
            _ => None,
        }
    }
}

/// A line in parts, as slices of the text that it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// RFC 3339, with the fraction and the offset that the runtime wrote.
    pub time: &'a [u8],
    /// Where it was written to.
    pub stream: Stream,
    /// The tags: `F` or `P`, maybe followed by `:` and others.
    pub tags: &'a [u8],
    /// The rest of the line; a `\r` at its end stays.
    pub message: &'a [u8],
}

/// Why a text is no CRI line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not start with a time.
    Time,
    /// No stream follows the time.
    Stream,
    /// No tag follows the stream.
    Tag,
}

impl<'a> Line<'a> {
    /// Reads a line, without its line feed. `text` may be the escaped content of a JSON string: all but the
    /// message has no character that JSON escapes, and the message is not looked at.
    ///
    /// # Errors
    /// The first part that is not there.
    #[inline]
    pub fn parse(text: &'a [u8]) -> Result<Self, Fault> {
        let (time, rest) = rfc3339_prefix(text)
            .and_then(|len| text.split_at_checked(len))
            .ok_or(Fault::Time)?;
        let (stream, rest) = match rest {
            [b' ', rest @ ..] => rest.split_at_checked(6).ok_or(Fault::Stream)?,
            _ => return Err(Fault::Stream),
        };
        let stream = Stream::of(stream).ok_or(Fault::Stream)?;
        let rest = match rest {
            [b' ', rest @ ..] => rest,
            [] => return Err(Fault::Tag),
            _ => return Err(Fault::Stream),
        };
        // The tags end at a space, or with the text; they hold nothing that JSON escapes.
        let mut len = 0;
        while !matches!(rest.get(len), None | Some(b' ' | b'\\' | b'"')) {
            len += 1;
        }
        let (tags, behind) = rest.split_at_checked(len).unwrap_or_default();
        let message = match behind {
            [b' ', message @ ..] => message,
            [] if matches!(tags, [b'F' | b'P'] | [b'F' | b'P', b':', ..]) => behind,
            _ => return Err(Fault::Tag),
        };
        Ok(Self {
            time,
            stream,
            tags,
            message,
        })
    }

    /// Whether more of the same line follows.
    #[inline]
    pub fn is_partial(&self) -> bool {
        is_partial(self.tags)
    }
}

/// Whether these tags are those of a partial line.
#[inline]
pub(crate) fn is_partial(tags: &[u8]) -> bool {
    matches!(tags, [b'P'] | [b'P', b':', ..])
}
