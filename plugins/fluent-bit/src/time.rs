//! The host's time, and RFC 3339 text.

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
        let (year, month, day) = civil(self.seconds / 86_400);
        let second_of_day = self.seconds % 86_400;
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        let [
            y0,
            y1,
            y2,
            y3,
            _,
            m0,
            m1,
            _,
            d0,
            d1,
            _,
            h0,
            h1,
            _,
            i0,
            i1,
            _,
            s0,
            s1,
            _,
            fraction @ ..,
            _,
        ] = &mut text;
        digits([y3, y2, y1, y0], year);
        digits([m1, m0], month);
        digits([d1, d0], day);
        digits([h1, h0], second_of_day / 3600);
        digits([i1, i0], second_of_day / 60 % 60);
        digits([s1, s0], second_of_day % 60);
        let mut rest = self.nanoseconds % 1_000_000_000;
        for digit in fraction.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        text
    }
}

/// Writes `value` into decimal places, the least significant first.
fn digits<const N: usize>(places: [&mut u8; N], mut value: u32) {
    for place in places {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Year, month and day of a day counted from 1970-01-01, by the proleptic Gregorian calendar: the days are
/// counted from 1 March of a leap cycle of 400 years, so that the leap day comes last.
fn civil(days: u32) -> (u32, u32, u32) {
    let days = days + 719_468;
    let cycle = days / 146_097;
    let day_of_cycle = days % 146_097;
    let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524
        - day_of_cycle / 146_096)
        / 365;
    let day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = cycle * 400 + year_of_cycle + u32::from(month <= 2);
    (year, month, day)
}

/// Length in bytes of the RFC 3339 time at the start of `text`, or `None` where there is none.
///
/// Takes what runtimes write of Go's layout `2006-01-02T15:04:05.999999999Z07:00`, by which the kubelet reads: no
/// fraction or 1 to 9 digits, `Z` or a numeric offset, real months and days, seconds below 60. (Go also reads more
/// digits, a comma, and hours of one digit.)
#[inline(never)]
pub fn rfc3339_prefix(text: &[u8]) -> Option<usize> {
    let (date, rest) = text.split_first_chunk::<8>()?;
    let (day_hour_minute, rest) = rest.split_first_chunk::<8>()?;
    let (second, mut rest) = rest.split_first_chunk::<3>()?;
    let date = places(*date, *b"0000-00-")?;
    let day_hour_minute = places(*day_hour_minute, *b"00T00:00")?;
    let &[b':', s1, s0] = second else { return None };
    if !(b'0'..=b'5').contains(&s1) || !s0.is_ascii_digit() {
        return None;
    }
    let year = two(date, 0) * 100 + two(date, 2);
    let (month, day) = (two(date, 5), two(day_hour_minute, 0));
    let (hour, minute) = (two(day_hour_minute, 3), two(day_hour_minute, 6));
    if hour > 23 || minute > 59 || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let mut len = 19;
    if let Some((b'.', fraction)) = rest.split_first() {
        let count = fraction_len(fraction);
        if count == 0 || count > 9 {
            return None;
        }
        rest = fraction.get(count..)?;
        len += 1 + count;
    }
    match rest {
        [b'Z', ..] => Some(len + 1),
        [b'+' | b'-', h1, h0, b':', m1, m0, ..]
            if h0.is_ascii_digit()
                && m0.is_ascii_digit()
                && (matches!(h1, b'0' | b'1') || (*h1 == b'2' && *h0 <= b'4'))
                && (b'0'..=b'5').contains(m1) =>
        {
            Some(len + 6)
        }
        _ => None,
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
    #[inline]
    pub fn is_nine_digit_utc(&self, text: &[u8; RFC3339_LEN]) -> bool {
        let (&date, rest) = text.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        let (&hour, rest) = rest.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        let minute = [u64::from_le_bytes(date), u64::from_le_bytes(hour)];
        let &[b':', b'0'..=b'5', s0, b'.', ref fraction @ .., last, b'Z'] = rest else {
            return false;
        };
        let Some(eight) = fraction.first_chunk::<8>() else {
            return false;
        };
        if !s0.is_ascii_digit() || !last.is_ascii_digit() || places(*eight, [b'0'; 8]).is_none() {
            return false;
        }
        if self.0.get() == minute {
            return true;
        }
        let valid = rfc3339_prefix(text) == Some(RFC3339_LEN);
        if valid {
            self.0.set(minute);
        }
        valid
    }
}

/// The digits of eight bytes that must look like `template` (a `0` stands for any digit), as nibbles in
/// place; the first byte is the lowest.
#[inline]
fn places(text: [u8; 8], template: [u8; 8]) -> Option<u64> {
    // A digit plus 6 stays below 16; a separator must be equal, and 0 plus 15 is the last below 16.
    let mut spread = [0u8; 8];
    let mut i = 0;
    while i < 8 {
        spread[i] = if template[i] == b'0' { 6 } else { 15 };
        i += 1;
    }
    let place = u64::from_le_bytes(text) ^ u64::from_le_bytes(template);
    let high = 0xf0f0_f0f0_f0f0_f0f0;
    // The first test keeps the addition of the second from carrying into the next byte.
    if place & high != 0 || (place + u64::from_le_bytes(spread)) & high != 0 {
        return None;
    }
    Some(place)
}

/// The two digits at `index`, as a number.
#[inline]
fn two(places: u64, index: u32) -> u32 {
    let pair = (places >> (8 * index)) as u32;
    (pair & 15) * 10 + (pair >> 8 & 15)
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

/// How many digits `text` starts with.
fn fraction_len(text: &[u8]) -> usize {
    // Nine digits are by far the most frequent: two tests instead of nine.
    if let Some((eight, [ninth, rest @ ..])) = text.split_first_chunk::<8>()
        && ninth.is_ascii_digit()
        && places(*eight, [b'0'; 8]).is_some()
        && !rest.first().is_some_and(u8::is_ascii_digit)
    {
        return 9;
    }
    text.iter()
        .take(10)
        .take_while(|byte| byte.is_ascii_digit())
        .count()
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
