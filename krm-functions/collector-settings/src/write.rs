//! Remote writes that are entries of a list, each a mapping with a `url`.

use crate::edit::{Editor, kind_of, says, show};
use krm_rs::{Map, Value};

/// Where a collector has its remote writes.
pub(crate) struct Places<'a> {
    /// Lists of entries. What is new goes to the end of the first.
    pub(crate) lists: &'a [&'a str],
    /// Fields that hold one entry.
    pub(crate) single: &'a [&'a str],
}

/// What an entry has to say.
pub(crate) struct Entry {
    /// Its fields in the order in which they are written. The first is `url`.
    pub(crate) fields: Vec<(&'static str, Value)>,
    /// Every field by which such an entry can have credentials, of which only one way may be used.
    pub(crate) logins: &'static [&'static str],
}

impl Entry {
    fn url(&self) -> &str {
        self.fields[0].1.as_str().unwrap_or_default()
    }

    fn is_login(&self, field: &str) -> bool {
        self.logins.contains(&field)
    }
}

/// How two URLs of remote writes compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// They lead to the same place.
    Same,
    /// They lead to one server, and only the path differs: every sample would come twice, or never.
    Server,
    /// They lead to different places.
    Other,
}

/// Compares two URLs. Tenants of a vminsert (`/insert/<tenant>/…`) are different places.
pub(crate) fn compare(a: &str, b: &str) -> Likeness {
    let (a, b) = (split(a), split(b));
    match (a, b) {
        (Some(a), Some(b)) if a.0 == b.0 => {
            let tenant = |path: &str| {
                let rest = path.strip_prefix("/insert/")?;
                Some(rest.split('/').next()?.to_owned())
            };
            match (tenant(&a.1), tenant(&b.1)) {
                _ if a.1 == b.1 => Likeness::Same,
                (Some(a), Some(b)) if a != b => Likeness::Other,
                _ => Likeness::Server,
            }
        }
        _ => Likeness::Other,
    }
}

/// Host with port, and path.
fn split(url: &str) -> Option<(String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    // What an expression holds may have slashes: `${A/./-}`.
    let mut depth = 0_usize;
    let end = rest.char_indices().find(|(_, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && *c == '/'
    });
    let (authority, path) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let (_, authority) = authority.rsplit_once('@').unwrap_or(("", authority));
    let has_port = authority
        .rfind([':', ']', '}'])
        .is_some_and(|at| authority[at..].starts_with(':'));
    let port = match (has_port, scheme) {
        (true, _) => "",
        (false, "https") => ":443",
        (false, _) => ":80",
    };
    Some((
        format!("{}{port}", authority.to_ascii_lowercase()),
        path.trim_end_matches('/').to_owned(),
    ))
}

/// Makes sure that a collector has this remote write: completes the one that it has, or adds it.
pub(crate) fn apply(editor: &mut Editor<'_>, places: &Places<'_>, entry: &Entry) {
    let Some(candidates) = candidates(editor, places, entry) else {
        return;
    };
    let of = |likeness| candidates.iter().find(|(_, found)| *found == likeness);
    match of(Likeness::Same).or_else(|| of(Likeness::Server)) {
        Some((path, Likeness::Same)) => complete(editor, path, &entry.fields[1..], entry),
        Some((path, _)) => {
            let field = format!("{path}.url");
            let found = editor.get(&field).map_or_else(String::new, show);
            let wanted = format!("{:?}, which is the same server", entry.url());
            if editor.gives_way(&field, "", &found, &wanted) {
                complete(editor, path, &entry.fields[1..], entry);
                editor.set(&field, entry.url());
            }
        }
        None => add(editor, places.lists[0], entry),
    }
}

/// The entries that lead to the server that is wanted. `None` after an error.
fn candidates(
    editor: &mut Editor<'_>,
    places: &Places<'_>,
    entry: &Entry,
) -> Option<Vec<(String, Likeness)>> {
    let mut entries = Vec::new();
    let mut faults = Vec::new();
    for list in places.lists {
        match editor.get(list) {
            None => {}
            Some(Value::Array(items)) => {
                let items = items.iter().enumerate();
                entries.extend(items.map(|(index, item)| (format!("{list}[{index}]"), item)));
            }
            Some(other) => {
                let message = format!("found {}, expected a list", kind_of(other));
                faults.push(((*list).to_owned(), message, "[]"));
            }
        }
    }
    for path in places.single {
        let single = editor.get(path).filter(|value| value.is_object());
        entries.extend(single.map(|value| ((*path).to_owned(), value)));
    }
    let mut found = Vec::new();
    for (path, value) in entries {
        match value.get("url") {
            Some(Value::String(url)) => found.push((path, compare(url, entry.url()))),
            None | Some(Value::Null) if value.is_object() => {}
            other => {
                let kind = kind_of(other.unwrap_or(value));
                let message = format!("found {kind}, expected a mapping with a url");
                faults.push((path, message, "{url: …}"));
            }
        }
    }
    let sound = faults.is_empty();
    for (path, message, right) in faults {
        let last = path.rsplit('.').next().unwrap_or(&path);
        let fix = match last.split_once('[') {
            Some((list, _)) => format!("{list}: [{right}]"),
            None => format!("{last}: {right}"),
        };
        editor.error(&path, message, fix, "(not shown)");
    }
    sound.then_some(found)
}

fn add(editor: &mut Editor<'_>, list: &str, entry: &Entry) {
    if !editor.may_add_list(list) {
        return;
    }
    let before = editor
        .get(list)
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    let fields = entry.fields.iter();
    let value: Map<String, Value> = fields
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    if editor.append(list, Value::Object(value.clone())) {
        let beside = match before {
            0 => String::new(),
            1 => ", beside the one that is there".to_owned(),
            n => format!(", beside the {n} that are there"),
        };
        let message = format!("added the remote write to {}{beside}", entry.url());
        editor.info(&format!("{list}[{before}]"), message, Value::Object(value));
    }
}

/// Adds to the mapping at a path what it lacks of `fields`.
fn complete(editor: &mut Editor<'_>, path: &str, fields: &[(&'static str, Value)], entry: &Entry) {
    let mut login_stays = false;
    if fields.iter().any(|(field, _)| entry.is_login(field)) {
        for other in entry.logins {
            let wanted = fields.iter().any(|(field, _)| field == other);
            let at = at(path, other);
            if wanted || editor.get(&at).is_none() {
                continue;
            }
            if editor.gives_way(&at, "", "other credentials", "those of CollectorSettings") {
                editor.object.remove(&at);
            } else {
                login_stays = true;
            }
        }
    }
    for (field, wanted) in fields {
        let is_login = entry.is_login(field);
        if is_login && login_stays {
            continue;
        }
        let at = at(path, field);
        let (found, wanted_text) = match editor.get(&at) {
            None => {
                if editor.set(&at, wanted.clone()) {
                    editor.info(&at, "added", wanted.clone());
                }
                continue;
            }
            Some(found) if says(found, wanted) => continue,
            Some(_) if is_login => (
                "other credentials".to_owned(),
                "those of CollectorSettings".to_owned(),
            ),
            Some(found) => (show(found), show(wanted)),
        };
        if editor.gives_way(&at, "", &found, &wanted_text) {
            editor.set(&at, wanted.clone());
        } else if is_login {
            // Half of each would be neither.
            login_stays = true;
        }
    }
}

/// A field of an entry; vmagent's flags have dots in their names.
fn at(path: &str, field: &str) -> String {
    if field.contains('.') {
        format!("{path}[{field}]")
    } else {
        format!("{path}.{field}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_compared_by_server_and_path() {
        const HUB: &str = "https://hub.example.com/api/v1/write";
        for (url, likeness) in [
            (HUB, Likeness::Same),
            ("https://hub.example.com:443/api/v1/write", Likeness::Same),
            ("https://HUB.example.com/api/v1/write/", Likeness::Same),
            ("https://me:x@hub.example.com/api/v1/write", Likeness::Same),
            ("https://hub.example.com/api/v1/write?a=b", Likeness::Same),
            ("https://hub.example.com/api/v1/push", Likeness::Server),
            ("https://hub.example.com", Likeness::Server),
            ("http://hub.example.com/api/v1/write", Likeness::Other),
            ("https://hub.example.com:8427/api/v1/write", Likeness::Other),
            ("https://other.example.com/api/v1/write", Likeness::Other),
            ("hub.example.com", Likeness::Other),
            ("", Likeness::Other),
        ] {
            assert_eq!(compare(url, HUB), likeness, "{url}");
        }
        let tenant = |n: &str| format!("http://vminsert:8480/insert/{n}/prometheus/api/v1/write");
        assert_eq!(compare(&tenant("0"), &tenant("1")), Likeness::Other);
        assert_eq!(compare(&tenant("0"), &tenant("0")), Likeness::Same);
        let expression = "https://${A/./-}/api/v1/write";
        assert_eq!(compare(expression, expression), Likeness::Same);
        assert_eq!(compare(expression, "https://${A/./-}/x"), Likeness::Server);
    }
}
