//! Durations, as they are written.

/// A duration of one unit, such as `30s`, in milliseconds; units are `ms`, `s`, `m` and `h`.
#[must_use]
pub fn duration_ms(text: &str) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(at);
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// A duration in milliseconds, as text: `30s`, `1500ms`.
#[must_use]
pub fn duration_text(ms: u64) -> String {
    if ms.is_multiple_of(1_000) {
        format!("{}s", ms / 1_000)
    } else {
        format!("{ms}ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_unit() {
        assert_eq!(duration_ms("500ms"), Some(500));
        assert_eq!(duration_ms("30s"), Some(30_000));
        assert_eq!(duration_ms("2h"), Some(7_200_000));
        for text in ["", "30", "s", "1m30s", "-1s", "1 s", "1d"] {
            assert_eq!(duration_ms(text), None, "{text}");
        }
    }

    #[test]
    fn text_comes_back() {
        for ms in [1, 999, 1_000, 30_000, 1_500, 3_600_000] {
            assert_eq!(duration_ms(&duration_text(ms)), Some(ms));
        }
    }
}
