//! What becomes of a message that is a JSON object, by the README of `container-logs`.

use serde_json::Value;

use super::filter::{Record, is_native, lift, message_names, text};

/// A message that is a JSON object.
pub(super) struct Body {
    text: String,
    fields: Record,
    /// The name of the message's field in the record.
    message: &'static str,
}

/// The object that a record's message is, if it is one.
pub(super) fn body(record: &Record, settings: &Value) -> Option<Body> {
    if settings["json_body"]["merge"] == false {
        return None;
    }
    let message = if is_native(settings) { "log" } else { "_msg" };
    let text = record.get(message)?.as_str()?;
    // White space around it would make it something else than one object.
    if !text.starts_with('{') || !text.ends_with('}') {
        return None;
    }
    let fields = serde_json::from_str(text).ok()?;
    Some(Body {
        text: text.into(),
        fields,
        message,
    })
}

/// The fields of a body that become the record's, and those that do not.
pub(super) fn take_apart(body: &Body, own: &mut Record, settings: &Value) -> (Record, Record) {
    let prefix = settings["json_body"]["prefix"].as_str().unwrap_or_default();
    let says = |name: &&str| {
        body.fields
            .get(*name)
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
    };
    let chosen = message_names(settings).into_iter().find(says);
    if chosen.is_some() {
        own.shift_remove(body.message);
    }
    let (mut fields, mut astray) = (Record::new(), Record::new());
    for (name, value) in &body.fields {
        if chosen == Some(name.as_str()) {
            let message_field = text(settings, "message_field", "_msg");
            fields.insert(message_field.into(), value.clone());
            continue;
        }
        let full = format!("{prefix}{name}");
        if own.get(&full) == Some(value) {
            continue;
        }
        let escaped = !body.text.contains(&format!("\"{name}\":"));
        if escaped || own.contains_key(&full) || is_ours(&full, settings) {
            astray.insert(name.clone(), value.clone());
        } else {
            fields.insert(full, value.clone());
        }
    }
    if !astray.is_empty()
        && let Some(value) = fields.shift_remove("json_body")
    {
        astray.insert("json_body".into(), value);
    }
    (fields, astray)
}

/// Whether a name says where a record is from, or what became of it.
fn is_ours(name: &str, settings: &Value) -> bool {
    const NAMES: [&str; 16] = [
        "cluster",
        "environment",
        "tenant",
        "kubernetes",
        "kubernetes_namespace",
        "_time",
        "_msg",
        "stream",
        "logtag",
        "partial_message",
        "_stream",
        "_stream_id",
        "leafpack_error",
        "leafpack_record",
        "leafpack_rest",
        "leafpack_key",
    ];
    let short = settings["kubernetes"]["names"] == "short"
        && ["namespace", "pod", "container", "node", "labels"].contains(&name);
    NAMES.contains(&name) || short || name.starts_with(lift(settings).unwrap_or("k8s_"))
}
