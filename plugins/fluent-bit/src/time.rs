//! The host's time, and RFC 3339 text.

use crate::json::{byte, digits_end, word};

/// A point in time as Fluent Bit passes it: both halves are the event's, not the wall clock of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Time {
    /// Seconds since 1970-01-01T00:00:00Z. The host truncates to 32 bits, unsigned: good until 2106.
    pub seconds: u32,
    /// Nanoseconds within the second, 0 to 999,999,999. A larger value is taken modulo one second.
    pub nanoseconds: u32,
}

/// Length of what [`Time::rfc3339`] returns, in bytes.
pub const RFC3339_LEN: usize = 30;

impl Time {
    /// `2026-01-31T23:59:59.000000000Z`: UTC, always nine digits, as conmon writes fractions.
    pub fn rfc3339(self) -> [u8; RFC3339_LEN] {
        let [year, month, day] = civil(self.seconds / 86_400);
        let minutes = self.seconds / 60;
        let nanoseconds = self.nanoseconds % 1_000_000_000;
        // From the last digit to the first: each character that is no digit starts the next number.
        let parts = [
            year,
            month,
            day,
            minutes / 60 % 24,
            minutes % 60,
            self.seconds % 60,
            nanoseconds,
        ];
        let mut parts = parts.iter().rev();
        let mut rest = 0;
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        for place in text.iter_mut().rev() {
            if *place == b'0' {
                *place += (rest % 10) as u8;
                rest /= 10;
            } else {
                rest = *parts.next().unwrap_or(&0);
            }
        }
        text
    }
}

/// Year, month and day of a day counted from 1970-01-01, until 2106, by the Gregorian calendar: the days are counted
/// from 1 March 1968, so that the leap day comes last in its year.
#[inline]
fn civil(days: u32) -> [u32; 3] {
    // One more from 1 March 2100 on, as if that year had a leap day too.
    let days = days + 671 + u32::from(days >= 47_541);
    let years = (4 * days + 3) / 1_461;
    let day_of_year = days - 1_461 * years / 4;
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    [1968 + years + u32::from(month <= 2), month, day]
}

/// Length in bytes of the RFC 3339 time at the start of `text`, or `None` where there is none.
///
/// Takes what runtimes write of Go's layout `2006-01-02T15:04:05.999999999Z07:00`, by which the kubelet reads: no
/// fraction or 1 to 9 digits, `Z` or a numeric offset, real months and days, seconds below 60. (Go also reads more
/// digits, a comma, and hours of one digit.)
#[inline]
pub fn rfc3339_prefix(text: &[u8]) -> Option<usize> {
    let len = prefix_len(text);
    (len > 0).then_some(len)
}

/// As [`rfc3339_prefix`], or 0.
#[inline(never)]
fn prefix_len(text: &[u8]) -> usize {
    if !separated(text, 0, b"    -  -  T  :  :") {
        return 0;
    }
    let year = number(text, 0) * 100 + number(text, 2);
    let (month, day) = (number(text, 5), number(text, 8));
    // Of a number that is none, the result is beyond every bound here.
    if year > 9999
        || day.wrapping_sub(1) >= days_in_month(year, month)
        || number(text, 11) > 23
        || number(text, 14) > 59
        || number(text, 17) > 59
    {
        return 0;
    }
    let mut at = 19;
    if byte(text, at) == b'.' {
        at = digits_end(text, at + 1);
        if at > 29 {
            return 0;
        }
    }
    let zone = byte(text, at);
    if zone == b'Z' {
        return at + 1;
    }
    let is_offset = (zone == b'+' || zone == b'-')
        && separated(text, at, b"   :")
        && number(text, at + 1) <= 24
        && number(text, at + 4) <= 59;
    if is_offset { at + 6 } else { 0 }
}

/// Whether each character of `template` but its spaces is in the text at `from`.
#[inline(never)]
fn separated(text: &[u8], from: usize, template: &[u8]) -> bool {
    for (at, wanted) in (from..).zip(template) {
        if *wanted != b' ' && byte(text, at) != *wanted {
            return false;
        }
    }
    true
}

/// The number of two digits at `at`; more than 9999 where there is none.
#[inline(never)]
fn number(text: &[u8], at: usize) -> u32 {
    let tens = byte(text, at).wrapping_sub(b'0');
    let ones = byte(text, at + 1).wrapping_sub(b'0');
    if tens > 9 || ones > 9 {
        return 10_000;
    }
    u32::from(tens * 10 + ones)
}

#[inline]
fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// The last minute that [`rfc3339_prefix`] found valid: nearly every line is of the same one as the line before
/// it, and the calendar is most of the work.
#[derive(Debug)]
pub struct LastMinute(core::cell::Cell<[u64; 2]>);

impl Default for LastMinute {
    fn default() -> Self {
        let (date, hour) = (*b"1970-01-", *b"01T00:00");
        Self(core::cell::Cell::new([
            u64::from_le_bytes(date),
            u64::from_le_bytes(hour),
        ]))
    }
}

impl LastMinute {
    /// Whether `text` is a whole time of the most frequent form, `2026-01-31T23:59:59.123456789Z`. `false` says
    /// nothing about other forms.
    #[inline(always)]
    pub fn is_nine_digit_utc(&self, text: &[u8; RFC3339_LEN]) -> bool {
        // Eight bytes at a time; the last two words share two digits.
        let minute = [word(text, 0), word(text, 8)];
        let (seconds, fraction) = (word(text, 16), word(text, 22));
        let odd = unlike(seconds, *b":00.0000", *b"\x0f\x0a\x06\x0f\x06\x06\x06\x06")
            | unlike(fraction, *b"0000000Z", *b"\x06\x06\x06\x06\x06\x06\x06\x0f");
        // Word by word: arrays would be compared byte by byte.
        let last = self.0.get();
        let new = (minute[0] ^ last[0]) | (minute[1] ^ last[1]);
        odd == 0 && (new == 0 || self.is_new_minute(text))
    }

    #[inline(never)]
    fn is_new_minute(&self, text: &[u8; RFC3339_LEN]) -> bool {
        let valid = prefix_len(text) == RFC3339_LEN;
        if valid {
            self.0.set([word(text, 0), word(text, 8)]);
        }
        valid
    }
}

/// Not 0 where eight bytes do not look like `template`, whose `0` stands for a digit. `spread` has, for each byte, what
/// takes the greatest digit to 15: 6, or 10 for a digit of up to 5; and 15 for a byte that must be equal.
#[inline(always)]
fn unlike(text: u64, template: [u8; 8], spread: [u8; 8]) -> u64 {
    let place = text ^ u64::from_le_bytes(template);
    // Where a sum carries into the next byte, its own byte was beyond 15 already.
    (place | place.wrapping_add(u64::from_le_bytes(spread))) & 0xf0f0_f0f0_f0f0_f0f0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    fn text(seconds: u32, nanoseconds: u32) -> String {
        String::from_utf8(
            Time {
                seconds,
                nanoseconds,
            }
            .rfc3339()
            .to_vec(),
        )
        .unwrap()
    }

    #[test]
    fn writes_the_calendar() {
        for (seconds, nanoseconds, expected) in [
            (0, 0, "1970-01-01T00:00:00.000000000Z"),
            (68_169_600, 1, "1972-02-29T00:00:00.000000001Z"),
            (951_782_400, 999_999_999, "2000-02-29T00:00:00.999999999Z"),
            (1_735_689_599, 120_000_000, "2024-12-31T23:59:59.120000000Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000000000Z"),
            (u32::MAX, 0, "2106-02-07T06:28:15.000000000Z"),
        ] {
            assert_eq!(text(seconds, nanoseconds), expected);
        }
    }

    /// With the dates above right, every day between them is.
    #[test]
    fn days_follow_each_other() {
        let mut last = String::new();
        for day in 0..=u32::MAX / 86_400 {
            let text = text(day * 86_400, 0);
            assert_eq!(rfc3339_prefix(text.as_bytes()), Some(RFC3339_LEN), "{text}");
            assert!(text > last, "{text} after {last}");
            last = text;
        }
    }

    #[test]
    fn what_it_writes_it_reads() {
        for seconds in (0..u32::MAX).step_by(86_399 * 7) {
            assert_eq!(
                rfc3339_prefix(text(seconds, seconds / 5).as_bytes()),
                Some(RFC3339_LEN)
            );
        }
    }

    #[test]
    fn takes_what_runtimes_write_and_no_more() {
        for (text, expected) in [
            ("2024-01-01T00:00:00Z x", Some(20)),
            ("2024-01-01T00:00:00.1Z", Some(22)),
            ("2024-01-01T00:00:00.123456789Z", Some(30)),
            ("2024-01-01T00:00:00.12345678Z", Some(29)),
            ("2024-01-01T00:00:00.123456789+05:30 stdout", Some(35)),
            ("2024-01-01T00:00:00-23:59", Some(25)),
            ("2024-01-01T00:00:00+24:00", Some(25)),
            ("2024-02-29T23:59:59Z", Some(20)),
            ("2000-02-29T23:59:59Z", Some(20)),
            ("2023-02-29T23:59:59Z", None),
            ("2100-02-29T23:59:59Z", None),
            ("2024-13-01T00:00:00Z", None),
            ("2024-00-01T00:00:00Z", None),
            ("2024-04-31T00:00:00Z", None),
            ("2024-01-00T00:00:00Z", None),
            ("2024-01-01T24:00:00Z", None),
            ("2024-01-01T00:60:00Z", None),
            ("2024-01-01T00:00:60Z", None),
            ("2024-01-01T00:00:0aZ", None),
            ("2024-01-01 00:00:00Z", None),
            ("2024-01-01T00:00:00", None),
            ("2024-01-01T00:00:00.Z", None),
            ("2024-01-01T00:00:00.1234567890Z", None),
            ("2024-01-01T00:00:00+25:00", None),
            ("2024-01-01T00:00:00+01:60", None),
            ("2024-01-01T00:00:00+0100", None),
            ("2024-01-01t00:00:00z", None),
            ("20a4-01-01T00:00:00Z", None),
            ("2024-01-01T0\u{e9}:00:00Z", None),
            (":0:0-;:-<=T>?:00:00Z", None),
            ("", None),
        ] {
            assert_eq!(rfc3339_prefix(text.as_bytes()), expected, "{text}");
        }
    }
}
