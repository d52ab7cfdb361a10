//! Quantities as Kubernetes writes them, so far as this function has to compare or convert them.

/// A quantity in thousandths of its unit: of a core, or of a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(u128);

/// Suffixes and what they stand for, in thousandths (`apimachinery/pkg/api/resource`, `suffix.go`).
const SUFFIXES: [(&str, u128); 13] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("Pi", 1 << 50),
    ("Ei", 1 << 60),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000),
    ("", 1),
];

impl Quantity {
    /// Reads `100m`, `0.5`, `2`, `128Mi`, `1Gi`, `1.5G` and the like. Exponents (`1e3`) and what is finer than a
    /// thousandth are not taken.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, scale) = match text.strip_suffix('m') {
            Some(number) => (number, 1),
            None => SUFFIXES.iter().find_map(|(suffix, factor)| {
                text.strip_suffix(suffix)
                    .map(|number| (number, factor * 1_000))
            })?,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && text.len() <= 15;
        if whole.is_empty() || !digits(whole) || !digits(fraction) || number.ends_with('.') {
            return None;
        }
        let unit = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
        let value: u128 = format!("{whole}{fraction}").parse().ok()?;
        let scaled = value * scale;
        scaled
            .is_multiple_of(unit)
            .then_some(Quantity(scaled / unit))
    }

    /// Whether nothing is left below one: of a byte, there is nothing smaller.
    pub fn whole_bytes(self) -> bool {
        self.0.is_multiple_of(1_000)
    }

    /// Whole bytes, for a quantity of bytes.
    pub fn bytes(self) -> u64 {
        u64::try_from(self.0 / 1_000).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_kubernetes_reads() {
        for (text, thousandths) in [
            ("0", 0),
            ("1", 1_000),
            ("100m", 100),
            ("0.5", 500),
            ("1.25", 1_250),
            ("128Mi", 134_217_728_000),
            ("1.5Gi", 1_610_612_736_000),
            ("2k", 2_000_000),
            ("1G", 1_000_000_000_000),
        ] {
            assert_eq!(Quantity::parse(text), Some(Quantity(thousandths)), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            "m",
            "Mi",
            "1 Gi",
            "1gi",
            "1GB",
            "-1",
            "+1",
            "1e3",
            "1.",
            ".5",
            "0.0001",
            "1,5",
            "1_000",
            "1m5",
            "${X}",
            "9999999999999999",
        ] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }
}
