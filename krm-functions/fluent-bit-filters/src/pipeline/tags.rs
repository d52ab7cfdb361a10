//! Tags, and which patterns they match (`flb_router_match`: `*` stands for any text).

use super::section::Match;
use super::{Kind, Pipeline, Plugin};

/// Whether there is a tag that both patterns match. `*` may stand in either.
pub(crate) fn overlap(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // Whether what is left of `a` from a place, and of `b` from another, can be one text; from behind.
    let mut next = vec![false; b.len() + 1];
    for i in (0..=a.len()).rev() {
        let mut row = vec![false; b.len() + 1];
        for j in (0..=b.len()).rev() {
            row[j] = match (a.get(i), b.get(j)) {
                (None, None) => true,
                (Some('*'), _) => next[j] || (j < b.len() && row[j + 1]),
                (_, Some('*')) => row[j + 1] || (i < a.len() && next[j]),
                (Some(x), Some(y)) => x == y && next[j + 1],
                _ => false,
            };
        }
        next = row;
    }
    next[0]
}

/// The tags of an input's records, with `*` for what is known at run time only. `None` where the tag is a variable or a
/// template.
pub(crate) fn of_input(input: &Plugin) -> Option<String> {
    if let Some(tag) = input.get("Tag") {
        if tag.contains("${") || tag.contains("{{") {
            return None;
        }
        // With `Tag_Regex`, `<name>` is what the expression found.
        let mut out = String::new();
        let mut rest = tag;
        while let Some((before, after)) = rest.split_once('<') {
            let Some((_, after)) = after.split_once('>') else {
                break;
            };
            out.push_str(before);
            out.push('*');
            rest = after;
        }
        return Some(out + rest);
    }
    // The instance's own name.
    Some(format!("{}.{}", input.name(), input.number))
}

/// What a section matches, if it says so with a pattern or an expression that is plain text.
pub(crate) fn of_section(plugin: &Plugin) -> Option<Match> {
    let is_plain = |text: &&str| !text.contains("${") && !text.contains("{{");
    if let Some(regex) = plugin.get("Match_Regex") {
        return Some(regex)
            .filter(is_plain)
            .map(|r| Match::Regex(r.to_owned()));
    }
    plugin
        .get("Match")
        .filter(is_plain)
        .map(|pattern| Match::Pattern(pattern.to_owned()))
}

/// Whether a section may see records that another pattern matches. What is not known counts as yes.
pub(crate) fn may_meet(plugin: &Plugin, matching: &Match) -> bool {
    match (of_section(plugin), matching) {
        (Some(Match::Pattern(a)), Match::Pattern(b)) => overlap(&a, b),
        // A section without either property matches nothing.
        (None, _) => plugin.get("Match").is_some() || plugin.get("Match_Regex").is_some(),
        _ => true,
    }
}

/// Whether an input's records may be matched. What is not known counts as yes.
pub(crate) fn may_reach(input: &Plugin, matching: &Match) -> bool {
    match (of_input(input), matching) {
        (Some(tag), Match::Pattern(pattern)) => overlap(&tag, pattern),
        _ => true,
    }
}

impl Pipeline {
    /// Its inputs.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Plugin> {
        let plugins = self.plugins.iter();
        plugins.filter(|plugin| plugin.kind == Kind::Input)
    }

    /// Tags that `rewrite_tag` gives, with `*` for what is known at run time only.
    pub(crate) fn rewritten(&self) -> Vec<String> {
        self.plugins.iter().flat_map(new_tags).collect()
    }
}

/// The tags that a `rewrite_tag` gives: `Rule $key regex newtag keep`.
pub(crate) fn new_tags(plugin: &Plugin) -> Vec<String> {
    if !plugin.is_filter("rewrite_tag") {
        return Vec::new();
    }
    let rules = plugin.properties.iter().filter(|p| p.is("Rule"));
    let values = rules.flat_map(|property| &property.values);
    let tags = values.filter_map(|rule| rule.split_whitespace().nth(2));
    tags.map(|tag| {
        // `$TAG[1]` and its like end at a dot.
        let parts = tag.split('.');
        let parts: Vec<&str> = parts
            .map(|part| if part.contains('$') { "*" } else { part })
            .collect();
        parts.join(".")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_overlap_where_one_tag_fits_both() {
        for (a, b, expected) in [
            ("kube.*", "kube.*", true),
            ("kube.*", "kube.var.log", true),
            ("kube.*", "*", true),
            ("kube.*", "kube", false),
            ("kube.*", "host.*", false),
            ("*.audit", "kube.*", true),
            ("a*c", "*b*", true),
            ("a*c", "b*", false),
            ("", "*", true),
            ("", "a", false),
        ] {
            assert_eq!(overlap(a, b), expected, "{a} {b}");
            assert_eq!(overlap(b, a), expected, "{b} {a}");
        }
    }
}
