//! The JSON text in which Fluent Bit hands a record to a filter, for tests that stand in for it.
//!
//! No white space; `/` is not escaped; control characters without a short escape are `\u00xx` in lower case, and
//! so is 0x7f (`flb_utils_write_str` in `src/flb_utils.c`; 4.1 and later leave 0x7f in runs of 16 plain bytes
//! where they are built with SIMD).

use std::fmt::Write;

/// How characters beyond ASCII are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As they are: up to 3.2.2, and later with `json.escape_unicode off`.
    Raw,
    /// As `\uXXXX`, in pairs beyond U+FFFF: from 3.2.3, and the default of 4.1 and later.
    Escaped,
}

/// A record whose fields are all strings.
pub fn record(fields: &[(&str, &str)], style: Style) -> String {
    let mut json = String::from("{");
    for (name, value) in fields {
        if json.len() > 1 {
            json.push(',');
        }
        string(name, style, &mut json);
        json.push(':');
        string(value, style, &mut json);
    }
    json.push('}');
    json
}

/// Appends a JSON string.
pub fn string(text: &str, style: Style, json: &mut String) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\0'..' ' | '\u{7f}' => escape(c as u16, json),
            _ if c.is_ascii() || style == Style::Raw => json.push(c),
            _ => {
                let mut units = [0; 2];
                c.encode_utf16(&mut units)
                    .iter()
                    .for_each(|unit| escape(*unit, json));
            }
        }
    }
    json.push('"');
}

fn escape(unit: u16, json: &mut String) {
    write!(json, "\\u{unit:04x}").expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Corpus;
    use serde_json::{Value, json};

    /// What Fluent Bit 3.2.2 and 5.1.1 were seen to hand over.
    #[test]
    fn writes_as_the_host_does() {
        let fields = [("log", "\u{1}/\"\\\n\r\t\u{8}\u{c}\0\u{7f}aé☃😀"), ("", "")];
        assert_eq!(
            record(&fields, Style::Raw),
            r#"{"log":"\u0001/\"\\\n\r\t\b\f\u0000\u007faé☃😀","":""}"#
        );
        assert_eq!(
            record(&fields, Style::Escaped),
            r#"{"log":"\u0001/\"\\\n\r\t\b\f\u0000\u007fa\u00e9\u2603\ud83d\ude00","":""}"#
        );
        assert_eq!(record(&[], Style::Raw), "{}");
    }

    #[test]
    fn reads_back() {
        for line in Corpus::new(2000).lines() {
            for style in [Style::Raw, Style::Escaped] {
                let text = record(&[("log", &line)], style);
                assert_eq!(
                    serde_json::from_str::<Value>(&text).unwrap(),
                    json!({"log": line})
                );
                assert!(style == Style::Raw || text.is_ascii());
            }
        }
    }
}
