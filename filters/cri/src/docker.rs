//! A line of Docker's json-file log driver: `{"log":"message\n","stream":"stdout","time":"…"}`.

use leafpack_fluent_bit::Output;
use leafpack_fluent_bit::json::unescape;

/// Whether the escaped content of a JSON string looks like such a line.
#[inline]
pub(crate) fn looks_like(content: &[u8]) -> bool {
    content.starts_with(br#"{\""#)
}

/// The line without the escapes that it has as a JSON string, in scratch memory of the output. `None`: there
/// is too little, and the output now says so.
pub(crate) fn unescaped<'a>(content: &[u8], out: &mut Output<'a>) -> Option<&'a [u8]> {
    // Unescaping never makes a text longer.
    let scratch = out.scratch(content.len())?;
    let mut len = 0;
    for (place, byte) in scratch.iter_mut().zip(unescape(content)) {
        *place = byte;
        len += 1;
    }
    scratch.get(..len)
}

/// The message of a parsed Docker line, still escaped, and whether the line goes on: Docker cuts at 16 KiB and
/// ends only the last part with a line feed.
#[inline]
pub(crate) fn message(log: &[u8]) -> (&[u8], bool) {
    let [message @ .., b'\\', b'n'] = log else {
        return (log, true);
    };
    // An escaped backslash before an `n` is no line feed.
    let mut rest = message;
    let mut escaped = false;
    while let [before @ .., b'\\'] = rest {
        rest = before;
        escaped = !escaped;
    }
    if escaped {
        (log, true)
    } else {
        (message, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_line_feed_from_a_backslash() {
        for (log, expected) in [
            (r"hello\n", ("hello", false)),
            (r"hello", ("hello", true)),
            (r"", ("", true)),
            (r"\n", ("", false)),
            (r"C:\\n", (r"C:\\n", true)),
            (r"C:\\\n", (r"C:\\", false)),
        ] {
            let (message, partial) = message(log.as_bytes());
            assert_eq!(
                (std::str::from_utf8(message).unwrap(), partial),
                expected,
                "{log}"
            );
        }
    }
}
