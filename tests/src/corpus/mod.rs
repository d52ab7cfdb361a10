//! Log lines as container runtimes write them, and as they should not: any number, the same in every run, each
//! with a number that its record can be known by.
//!
//! The forms are those of containerd, CRI-O's conmon and conmon-rs: fractions of 0 to 9 digits, `Z` and numeric
//! offsets, partial lines, further tags, messages that are empty or that JSON has to escape. About one line in
//! fifty is malformed.

mod records;

pub use records::{POD_COUNT, Records, file_name, pod};

use crate::rng::Rng;

/// A sequence of lines; line `n` is made when it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corpus {
    /// Another seed is another sequence.
    pub seed: u64,
    /// How many lines there are.
    pub count: usize,
    /// Every line is ASCII.
    pub ascii_only: bool,
    /// Every line is well formed.
    pub valid_only: bool,
}

/// Every line's time is this many seconds after [`EPOCH`] as its number says, in the line's own offset: so the
/// first 19 characters tell the number.
const EPOCH: &str = "2024-02-28T00:00:00";

/// Carries the number of a line that has no time.
const TOKEN: &str = "line=";

/// Lengths in bytes at which something has gone wrong somewhere: what containerd and conmon split at, Fluent
/// Bit's buffers, and a mebibyte. The line with this number (and others, a period apart) has such a message.
const LONG: [(usize, usize, usize); 5] = [
    (40, 20_000, 8 << 10),
    (80, 20_000, 16 << 10),
    (120, 20_000, 32 << 10),
    (160, 50_000, 64 << 10),
    (200, 100_000, 1 << 20),
];

impl Corpus {
    /// `count` lines of every form.
    pub fn new(count: usize) -> Self {
        Self {
            seed: 1,
            count,
            ascii_only: false,
            valid_only: false,
        }
    }

    /// Every line, in order.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.count).map(|n| self.line(n))
    }

    /// Line `n`, without its line feed.
    pub fn line(&self, n: usize) -> String {
        let mut rng = Rng::new(self.seed, n as u64);
        if let Some((.., length)) = LONG.iter().find(|(first, period, _)| n % period == *first) {
            let message = self.of_length(*length, &mut rng);
            let tags = rng.pick(&["F", "P"]);
            return format!(
                "{} {} {tags} {message}",
                time(n, &mut rng),
                stream(&mut rng)
            );
        }
        if !self.valid_only && rng.below(50) == 0 {
            return malformed(n, &mut rng);
        }
        let (time, stream) = (time(n, &mut rng), stream(&mut rng));
        match rng.below(200) {
            // Without the space that an empty message should have before it.
            0..4 => {
                let tags = rng.pick(&["F", "F", "P", "F:TAG"]);
                format!("{time} {stream} {tags}")
            }
            kind => {
                let tags = match kind {
                    4..20 => "P",
                    20..24 => "F:TAG",
                    24..28 => "P:TAG1:TAG2",
                    28..30 => "FULL",
                    _ => "F",
                };
                let mut line = format!("{time} {stream} {tags} {}", self.message(n, &mut rng));
                // conmon keeps the carriage return of a line that ends in both.
                if rng.below(100) == 0 {
                    line.push('\r');
                }
                line
            }
        }
    }

    fn message(&self, n: usize, rng: &mut Rng) -> String {
        let level = rng.pick(&["info", "warn", "error", "debug"]);
        let words = words(1 + rng.below(12), rng);
        match rng.below(if self.ascii_only { 16 } else { 20 }) {
            0 => String::new(),
            1..6 => format!("{level} {TOKEN}{n} {words}"),
            6..9 => {
                format!(r#"{{"level":"{level}","{TOKEN}":{n},"msg":"{words}","n":[1,2.5,null]}}"#)
            }
            9 => format!(r#""{words}" said "\"{level}\"" \ C:\new\table \u00e9 \\ \"#),
            10 => format!("\t{words}\t{TOKEN}{n}\t"),
            11 => {
                let control = [0x00, 0x01, 0x08, 0x0b, 0x0c, 0x1b, 0x1f, 0x7f][rng.below(8)];
                format!(
                    "\u{1b}[31m{words}\u{1b}[0m{}{TOKEN}{n}",
                    char::from(control)
                )
            }
            12 => format!("  {words}   "),
            13 => format!("{} stderr P {words}", time(n + 1, rng)),
            14 => self.of_length(256 * (1 + rng.below(8)), rng),
            15 => words.replace(' ', "/").repeat(1 + rng.below(4)),
            16 => format!("grüße {words} ñandú {TOKEN}{n}"),
            17 => format!("日本語 {words} ☃ кириллица"),
            18 => format!("😀{words}👩‍👩‍👧 {TOKEN}{n} 𝄞"),
            _ => "é".repeat(1 + rng.below(40)),
        }
    }

    /// A message of exactly this many bytes.
    fn of_length(&self, length: usize, rng: &mut Rng) -> String {
        let unit = match rng.below(3) {
            0 => "abcdefgh 0123456",
            1 => r#"{"a":"b\\c"}, "#,
            _ if self.ascii_only => "x",
            _ => "ünï ☃ 😀 ",
        };
        let mut text = String::with_capacity(length + unit.len());
        while text.len() < length {
            text.push_str(unit);
        }
        let mut end = length;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        while text.len() < length {
            text.push('.');
        }
        text
    }
}

/// The number of the line that a text stands for: of a whole malformed line, or of the time of one that was
/// parsed. `None`: it is not of a corpus.
pub fn number(text: &str) -> Option<usize> {
    if let Some(rest) = text.strip_prefix(TOKEN) {
        let end = rest.find(|c: char| !c.is_ascii_digit());
        return rest[..end.unwrap_or(rest.len())].parse().ok();
    }
    let seconds = seconds(text.get(..EPOCH.len())?)?;
    seconds.checked_sub(self::seconds(EPOCH)?)
}

/// The time `n` seconds after the first line's, without fraction and offset.
pub fn civil_time(n: usize) -> String {
    civil(seconds(EPOCH).expect("a valid time") + n)
}

/// RFC 3339, with any fraction and offset that a runtime writes.
fn time(n: usize, rng: &mut Rng) -> String {
    let mut text = civil_time(n);
    // Go trims the zeros of a fraction, so every number of digits occurs; nine by far the most.
    let digits = match rng.below(20) {
        digits @ 0..10 => digits,
        _ => 9,
    };
    if digits > 0 {
        text.push('.');
        for _ in 0..digits {
            text.push(char::from(b'0' + rng.below(10) as u8));
        }
    }
    text.push_str(match rng.below(12) {
        0 => "+00:00",
        1 => "+02:00",
        2 => "-07:30",
        3 => "+05:45",
        4 => "+14:00",
        _ => "Z",
    });
    text
}

fn stream(rng: &mut Rng) -> &'static str {
    rng.pick(&["stdout", "stdout", "stderr"])
}

/// What is no CRI line, or no longer one.
fn malformed(n: usize, rng: &mut Rng) -> String {
    let (good_time, words) = (time(n, rng), words(3, rng));
    let day = &good_time[..19];
    match rng.below(14) {
        0 => format!("{TOKEN}{n} {words}"),
        1 => format!("{TOKEN}{n} I0228 10:11:12.123456       1 main.go:42] {words}"),
        2 => format!(r#"{TOKEN}{n} {{"level":"info","msg":"{words}"}}"#),
        3 => format!("{TOKEN}{n} 2023-02-29T10:11:12Z stdout F {words}"),
        4 => format!("{good_time} stdlog F {words}"),
        5 => format!("{good_time} STDOUT F {words}"),
        6 => format!("{good_time}  stdout F {words}"),
        7 => format!("{good_time} stdout"),
        8 => format!("{good_time} stderr word"),
        9 => good_time,
        10 => format!("{day}.1234567890Z stdout F {words}"),
        11 => format!("{day},123Z stdout F {words}"),
        12 => format!("{day} stdout F {words}"),
        _ => format!(
            "{good_time} stdout F\t{TOKEN}{n}\t\"{}\"",
            words.replace(' ', "\t")
        ),
    }
}

fn words(count: usize, rng: &mut Rng) -> String {
    const WORDS: [&str; 12] = [
        "GET",
        "/healthz",
        "200",
        "connection",
        "refused",
        "timeout",
        "after",
        "30s",
        "user=42",
        "pod",
        "web-0",
        "retrying",
    ];
    let words: Vec<&str> = (0..count).map(|_| rng.pick(&WORDS)).collect();
    words.join(" ")
}

fn is_leap(year: usize) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Days of each month.
pub(crate) fn months(year: usize) -> [usize; 12] {
    let february = if is_leap(year) { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// `2024-02-28T00:00:00`, this many seconds after the start of 2000.
fn civil(seconds: usize) -> String {
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let mut year = 2000;
    while days >= months(year).iter().sum() {
        days -= months(year).iter().sum::<usize>();
        year += 1;
    }
    let mut month = 0;
    while days >= months(year)[month] {
        days -= months(year)[month];
        month += 1;
    }
    format!(
        "{year:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        month + 1,
        days + 1,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// The reverse of [`civil`]; `None` where the text is no such time.
fn seconds(text: &str) -> Option<usize> {
    let at = |range: std::ops::Range<usize>| text.get(range)?.parse::<usize>().ok();
    let (year, month, day) = (at(0..4)?, at(5..7)?, at(8..10)?);
    let (hour, minute, second) = (at(11..13)?, at(14..16)?, at(17..19)?);
    if year < 2000 || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    let years: usize = (2000..year)
        .map(|year| months(year).iter().sum::<usize>())
        .sum();
    let days = years + months(year)[..month - 1].iter().sum::<usize>() + day - 1;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::{self, Expected};
    use std::collections::BTreeSet;

    #[test]
    fn counts_time() {
        for text in [
            EPOCH,
            "2000-01-01T00:00:00",
            "2024-02-29T23:59:59",
            "2024-03-01T00:00:00",
            "2100-12-31T10:11:12",
        ] {
            assert_eq!(civil(seconds(text).unwrap()), text);
        }
        assert_eq!(seconds("2000-01-02T00:00:01"), Some(86_401));
        assert_eq!(seconds("1999-01-02T00:00:01"), None);
        assert_eq!(seconds("2024-13-02T00:00:01"), None);
    }

    #[test]
    fn is_the_same_every_time() {
        let corpus = Corpus::new(500);
        let lines: Vec<String> = corpus.lines().collect();
        assert_eq!(lines, corpus.lines().collect::<Vec<_>>());
        let other = Corpus { seed: 2, ..corpus };
        assert_ne!(lines, other.lines().collect::<Vec<_>>());
    }

    #[test]
    fn every_line_tells_its_number() {
        let corpus = Corpus::new(20_000);
        for (n, line) in corpus.lines().enumerate() {
            assert!(!line.contains('\n'));
            let told = match oracle::expected(&line) {
                Expected::Record(record) => number(record["_time"].as_str().unwrap()),
                Expected::Unparsed => number(&line),
            };
            assert_eq!(told, Some(n), "{line:?}");
        }
    }

    /// The forms that matter are really in it, and the malformed ones are about one in fifty.
    #[test]
    fn holds_every_form() {
        let corpus = Corpus::new(20_000);
        let mut forms: BTreeSet<String> = BTreeSet::new();
        let (mut unparsed, mut lengths) = (0, BTreeSet::new());
        for line in corpus.lines() {
            let Expected::Record(record) = oracle::expected(&line) else {
                unparsed += 1;
                continue;
            };
            let text = |name: &str| record.get(name).map_or("", |value| value.as_str().unwrap());
            let (time, message) = (text("_time"), text("_msg"));
            let fraction = time.split_once('.').map_or(0, |(_, rest)| {
                rest.chars().take_while(char::is_ascii_digit).count()
            });
            forms.insert(format!("fraction {fraction}"));
            forms.insert(format!(
                "zone {}",
                if time.ends_with('Z') {
                    "Z"
                } else {
                    &time[time.len() - 6..]
                }
            ));
            forms.insert(text("stream").to_string());
            forms.insert(format!("tags {}", text("logtag")));
            forms.insert(format!("partial {}", text("partial_message")));
            for (form, holds) in [
                ("empty", message.is_empty()),
                ("NUL", message.contains('\0')),
                ("carriage return", message.ends_with('\r')),
                ("backslash", message.contains('\\')),
                ("quote", message.contains('"')),
                ("escape", message.contains('\u{1b}')),
                ("delete", message.contains('\u{7f}')),
                ("two bytes", message.contains('ü')),
                ("three bytes", message.contains('☃')),
                ("four bytes", message.contains('😀')),
            ] {
                if holds {
                    forms.insert(form.to_string());
                }
            }
            if message.len().is_multiple_of(256) {
                lengths.insert(message.len());
            }
        }
        let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
        assert_eq!(
            forms.join(", "),
            "NUL, backslash, carriage return, delete, empty, escape, four bytes, fraction 0, fraction 1, \
             fraction 2, fraction 3, fraction 4, fraction 5, fraction 6, fraction 7, fraction 8, fraction 9, \
             partial , partial true, quote, stderr, stdout, tags , tags F:TAG, tags FULL, tags P:TAG1:TAG2, \
             three bytes, two bytes, zone +00:00, zone +02:00, zone +05:45, zone +14:00, zone -07:30, zone Z"
        );
        for length in [0, 256, 2048, 8192, 16_384, 32_768, 65_536, 1 << 20] {
            assert!(lengths.contains(&length), "{length}");
        }
        assert!((200..800).contains(&unparsed), "{unparsed} of 20,000");
    }

    #[test]
    fn keeps_to_what_was_asked_for() {
        let corpus = Corpus {
            ascii_only: true,
            valid_only: true,
            ..Corpus::new(10_000)
        };
        for line in corpus.lines() {
            assert!(line.is_ascii(), "{line:?}");
            assert_ne!(oracle::expected(&line), Expected::Unparsed, "{line:?}");
        }
    }
}
