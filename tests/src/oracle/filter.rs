//! What each filter must make of a record, written from its README.

use serde_json::{Map, Value};

use super::body::{Body, body, take_apart};
use super::{cri as cri_line, docker};

/// Stands for a time of the host's.
pub const ANY_TIME: &str = "\u{1}a time";
/// Stands for a reason that is not empty.
pub const ANY_REASON: &str = "\u{1}a reason";

/// The filters that this oracle knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// `filters/cri`
    Cri,
    /// `filters/tenant`
    Tenant,
    /// `filters/container-logs`, without joining
    ContainerLogs,
}

pub(super) type Record = Map<String, Value>;

/// The record that comes out, its fields in order. `settings` is the filter's settings file.
pub fn expected(filter: Filter, tag: &str, record: &Record, settings: &Value) -> Record {
    match filter {
        Filter::Cri => cri(tag, record, settings).0,
        Filter::Tenant => tenant(record.clone(), None, settings),
        Filter::ContainerLogs => {
            let (record, is_line) = cri(tag, record, settings);
            let body = is_line.then(|| body(&record, settings)).flatten();
            tenant(record, body, settings)
        }
    }
}

pub(super) fn is_native(settings: &Value) -> bool {
    settings["names"] == "native"
}

pub(super) fn text<'a>(settings: &'a Value, key: &str, default: &'a str) -> &'a str {
    settings[key].as_str().unwrap_or(default)
}

/// What `cri` makes of it, and whether it was a line.
fn cri(tag: &str, record: &Record, settings: &Value) -> (Record, bool) {
    let input = text(settings, "input", "log");
    let line = record.get(input).and_then(Value::as_str);
    let parsed = line.and_then(|line| cri_line(line).or_else(|| docker(line)));
    let is_line = parsed.is_some();
    let mut out = match (&parsed, is_native(settings)) {
        (Some(fields), false) => fields.clone(),
        (Some(fields), true) => {
            let line = line.unwrap_or_default();
            let tags = if line.starts_with('{') {
                if fields.contains_key("partial_message") {
                    "P"
                } else {
                    "F"
                }
            } else {
                line.split(' ').nth(2).unwrap_or_default()
            };
            let mut native = Record::new();
            native.insert("time".into(), fields["_time"].clone());
            native.insert("stream".into(), fields["stream"].clone());
            native.insert("logtag".into(), tags.into());
            native.insert("log".into(), fields["_msg"].clone());
            native
        }
        (None, native) => {
            let name = if native { "time" } else { "_time" };
            Record::from_iter([(name.to_string(), Value::from(ANY_TIME))])
        }
    };
    if settings["from_tag"] == true {
        for (name, value) in of_tag(tag).into_iter().flatten() {
            if !record.contains_key(name) {
                out.insert(name.into(), value.into());
            }
        }
    }
    for (name, value) in record {
        if !is_line || name != input {
            out.insert(name.clone(), value.clone());
        }
    }
    if !is_line {
        out.insert("leafpack_error".into(), ANY_REASON.into());
    }
    (out, is_line)
}

/// Namespace, pod and container of a tag that the tail input makes of a log file's path.
fn of_tag(tag: &str) -> Option<[(&'static str, &str); 3]> {
    let (_, file) = tag.split_once(".var.log.containers.")?;
    let (names, id) = file.strip_suffix(".log")?.rsplit_once('-')?;
    let mut names = names.split('_');
    let (pod, namespace, container) = (names.next()?, names.next()?, names.next()?);
    (id.len() == 64).then_some([
        ("k8s_namespace_name", namespace),
        ("k8s_pod_name", pod),
        ("k8s_container_name", container),
    ])
}

pub(super) fn message_names(settings: &Value) -> Vec<&str> {
    match settings["message"].as_array() {
        Some(names) => names.iter().filter_map(Value::as_str).collect(),
        None => vec!["log", "message", "msg"],
    }
}

/// Prefix of lifted fields; `None` where nothing is lifted.
pub(super) fn lift(settings: &Value) -> Option<&str> {
    match &settings["kubernetes"]["lift"] {
        Value::Bool(_) => None,
        other => Some(other.as_str().unwrap_or("k8s_")),
    }
}

fn tenant(mut own: Record, body: Option<Body>, settings: &Value) -> Record {
    let message_field = text(settings, "message_field", "_msg");
    let (of_body, astray) = match &body {
        Some(body) => take_apart(body, &mut own, settings),
        None => (Record::new(), Record::new()),
    };
    if !own.contains_key(message_field) && !of_body.contains_key(message_field) {
        let found = message_names(settings)
            .into_iter()
            .find(|name| own.contains_key(*name));
        if let Some(found) = found {
            let found = found.to_string();
            let rename = |(name, value)| {
                if name == found {
                    (message_field.to_string(), value)
                } else {
                    (name, value)
                }
            };
            own = own.into_iter().map(rename).collect();
        }
    }
    let map = match own.get("kubernetes") {
        Some(Value::Object(map)) => Some(map.clone()),
        _ => None,
    };
    let who = whose(&own, map.as_ref(), settings);
    let mut lifted = Record::new();
    if let (Some(map), Some(prefix)) = (&map, lift(settings)) {
        own.shift_remove("kubernetes");
        lifted = lift_fields(map, prefix, &settings["kubernetes"]);
    }
    let labels = ["cluster", "environment"]
        .into_iter()
        .filter_map(|name| Some((name.to_string(), settings[name].as_str()?.to_string())))
        .chain(who.map(|who| ("tenant".to_string(), who)))
        // An empty one is none: a variable that nobody set.
        .filter(|(_, value)| !value.is_empty());
    let keep = settings["existing"] == "keep";
    let mut marks = Vec::new();
    for (name, value) in &lifted {
        match own.get(name) {
            Some(there) if there == value => {}
            Some(_) => marks.push(name.clone()),
            None => {}
        }
    }
    let mut kind = "tenant.replaced: fields gave way: ";
    if keep {
        kind = "tenant.kept: fields of the kubernetes map gave way: ";
        lifted.retain(|name, _| !own.contains_key(name));
    } else {
        own.retain(|name, _| !lifted.contains_key(name));
    }
    let mut added = Record::new();
    for (name, value) in labels {
        match own.get(&name) {
            Some(_) if keep => continue,
            Some(there) => {
                if *there != value.as_str() {
                    marks.push(name.clone());
                }
                own.shift_remove(&name);
            }
            None => {}
        }
        added.insert(name, value.into());
    }
    let mut out = own;
    out.extend(of_body);
    out.extend(lifted);
    out.extend(added);
    if !astray.is_empty() {
        out.insert("json_body".into(), Value::Object(astray));
    }
    if !marks.is_empty() {
        let mark = format!("{kind}{}", marks.join(" "));
        let mark = match out.shift_remove("leafpack_error") {
            Some(earlier) => format!("{}; {mark}", earlier.as_str().unwrap_or_default()),
            None => mark,
        };
        out.insert("leafpack_error".into(), mark.into());
    }
    for name in settings["drop"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        out.shift_remove(name);
    }
    out
}

fn lift_fields(map: &Record, prefix: &str, settings: &Value) -> Record {
    let short = settings["names"] == "short";
    let name = |key: &str| match key {
        "namespace_name" if short => "namespace".to_string(),
        "pod_name" if short => "pod".to_string(),
        "container_name" if short => "container".to_string(),
        "host" if short => "node".to_string(),
        "labels" if short => "labels".to_string(),
        _ => format!("{prefix}{key}"),
    };
    let dropped = |key: &str| {
        settings["drop"]
            .as_array()
            .is_some_and(|list| list.iter().any(|one| one == key))
    };
    let mut lifted = Record::new();
    for (key, value) in map.iter().filter(|(key, _)| !dropped(key)) {
        match (key.as_str(), value, &settings["labels"]) {
            ("labels", Value::Object(_), mode) if mode == "drop" => {}
            ("labels", Value::Object(labels), mode) if mode == "flat" => {
                let flat = |(label, value): (&String, &Value)| {
                    (format!("{}_{label}", name("labels")), value.clone())
                };
                lifted.extend(labels.iter().map(flat));
            }
            ("labels", Value::Object(labels), Value::Array(list)) => {
                let mut kept = labels.clone();
                kept.retain(|label, _| list.iter().any(|one| one == label));
                if !kept.is_empty() {
                    lifted.insert(name("labels"), kept.into());
                }
            }
            _ => {
                lifted.insert(name(key), value.clone());
            }
        }
    }
    lifted
}

/// The tenant.
fn whose(own: &Record, map: Option<&Record>, settings: &Value) -> Option<String> {
    let tenant = &settings["tenant"];
    let of = |key: &str| map.and_then(|map| map.get(key));
    if let Some(label) = tenant["label"].as_str() {
        let beside = own
            .get("kubernetes_namespace")
            .and_then(|map| map.get("labels"));
        let said = [of("labels"), of("namespace_labels"), beside]
            .into_iter()
            .flatten()
            .filter_map(|labels| labels.get(label)?.as_str())
            .find(|value| !value.is_empty());
        if said.is_some() {
            return said.map(str::to_string);
        }
    }
    let short = settings["kubernetes"]["names"] == "short";
    let field = match lift(settings) {
        _ if short => "namespace".to_string(),
        prefix => format!("{}namespace_name", prefix.unwrap_or_default()),
    };
    let namespace = of("namespace_name")
        .or_else(|| own.get(&field))
        .and_then(Value::as_str);
    let namespaces = tenant["namespaces"].as_object();
    let by_name = namespace.zip(namespaces).and_then(|(namespace, known)| {
        let by_prefix = known
            .iter()
            .filter(|(name, _)| {
                name.strip_suffix('*')
                    .is_some_and(|prefix| namespace.starts_with(prefix))
            })
            .max_by_key(|(name, _)| name.len())
            .map(|(_, tenant)| tenant);
        known.get(namespace).or(by_prefix)
    });
    by_name
        .unwrap_or(&tenant["default"])
        .as_str()
        .map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::found::{Carried, difference};
    use crate::workspace;

    /// The tables of the filters' folders are this oracle's too.
    #[test]
    fn agrees_with_the_tables_of_the_filters() {
        let default_tag = "kube.test";
        for (name, filter) in [
            ("tenant", Filter::Tenant),
            ("container-logs", Filter::ContainerLogs),
        ] {
            let path = workspace().join(format!("filters/{name}/fixtures/cases.json"));
            let cases: Vec<Value> =
                serde_json::from_slice(&std::fs::read(path).expect("the table")).expect("JSON");
            let mut held = 0;
            for case in &cases {
                let record = match (&case["record"], &case["line"], &case["gives"]) {
                    (Value::Object(record), _, Value::Object(_)) => record.clone(),
                    (_, Value::String(line), Value::Object(_)) => {
                        Record::from_iter([("log".to_string(), Value::from(line.as_str()))])
                    }
                    _ => continue,
                };
                let settings = &case["settings"];
                // What this oracle leaves to the filters' own tests.
                let beyond = record.contains_key("time")
                    || record.contains_key("leafpack_error")
                    || case["gives"]["leafpack_error"]
                        .as_str()
                        .is_some_and(|error| error.contains(".settings"))
                    || case["name"]
                        .as_str()
                        .is_some_and(|name| name.starts_with("two sources"));
                if beyond {
                    continue;
                }
                held += 1;
                let tag = case["tag"].as_str().unwrap_or(default_tag);
                let found = expected(filter, tag, &record, settings);
                let wanted = case["gives"].as_object().expect("an object");
                if let Some(text) = difference(&found, wanted, Carried::Json, false) {
                    panic!("{name}: {}: {text}", case["name"]);
                }
            }
            assert!(held > 25, "{name}: {held}");
        }
    }
}
