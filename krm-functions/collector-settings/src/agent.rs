//! HelmReleases of the chart victoria-metrics-agent.

use crate::chart::newest;
use crate::edit::{Editor, says, show};
use crate::plan::{Login, LoginKind, Write};
use crate::write::{self, Entry, Likeness, Places};
use krm_rs::{Value, json};

/// The first version in which a remote write is a mapping in `remoteWrite`; before, it is a URL in `remoteWriteUrls`
/// (the chart's CHANGELOG.md).
const MAPPINGS: (u64, u64) = (0, 13);

/// The volume with the credentials, and the variable with the user's name.
const VOLUME: &str = "leafpack-remote-write";
const FOLDER: &str = "/etc/leafpack/remote-write";
const USERNAME: &str = "LEAFPACK_REMOTE_WRITE_USERNAME";

/// The chart; `version` is what the release asks for.
pub(crate) fn chart(editor: &mut Editor<'_>, version: Option<&str>) {
    labels(editor);
    let Some(write) = editor.plan.write.clone() else {
        return;
    };
    // A tag of an OCIRepository may be `latest`; so may what Flux puts in.
    let Some(newest) = newest(version.unwrap_or_default()) else {
        editor.error(
            "spec",
            format!(
                "found the chart's version {:?}, expected one that tells whether it is before 0.13, from which on remote writes are mappings",
                version.unwrap_or_default()
            ),
            "spec:\n  chart:\n    spec:\n      version: \">=0.13.0\"",
            version.unwrap_or_default(),
        );
        return;
    };
    if newest < MAPPINGS {
        old(editor, &write);
    } else {
        current(editor, &write);
    }
}

/// The scrape configuration's `global.external_labels`, where that configuration is the chart's.
fn labels(editor: &mut Editor<'_>) {
    let own = "spec.values.configMap";
    let name = editor.get(own).and_then(Value::as_str);
    if let Some(name) = name.filter(|name| !name.is_empty()).map(str::to_owned) {
        editor.error(
            own,
            format!(
                "found {name:?}: the chart takes its configuration from there, and nothing from config"
            ),
            "configMap: \"\" # and its scrape.yml as config",
            &*name,
        );
        return;
    }
    editor.labels("spec.values.config.global.external_labels");
    editor.label_flag("spec.values.extraArgs[remoteWrite.label]");
}

/// Before 0.13: a list of URLs, and flags for all of them together.
fn old(editor: &mut Editor<'_>, write: &Write) {
    const LIST: &str = "spec.values.remoteWriteUrls";
    if write.login.is_some() || write.timeout.is_some() {
        editor.error(
            LIST,
            "found a version of the chart before 0.13, which knows neither credentials nor a timeout of one remote write",
            "spec:\n  chart:\n    spec:\n      version: \">=0.13.0\"",
            Value::Null,
        );
        return;
    }
    let urls = editor.get(LIST).and_then(Value::as_array);
    let urls = urls.into_iter().flatten().map(|url| {
        let text = url.as_str().unwrap_or_default();
        (write::compare(text, &write.url), show(url))
    });
    let urls: Vec<_> = urls.collect();
    if urls.iter().any(|(likeness, _)| *likeness == Likeness::Same) {
        return;
    }
    let server = |(likeness, _): &(Likeness, String)| *likeness == Likeness::Server;
    if let Some(index) = urls.iter().position(server) {
        let path = format!("{LIST}[{index}]");
        let wanted = format!("{:?}, which is the same server", write.url);
        if editor.gives_way(&path, "", &urls[index].1, &wanted) {
            editor.set(&path, &*write.url);
        }
        return;
    }
    if editor.may_add_list(LIST) && editor.append(LIST, json!(write.url)) {
        let message = format!("added the remote write to {}", write.url);
        editor.info(LIST, message, &*write.url);
    }
}

fn current(editor: &mut Editor<'_>, write: &Write) {
    let ignored = "spec.values.remoteWriteUrls";
    if editor.get(ignored).is_some() {
        editor.warning(
            ignored,
            "found URLs that the chart ignores from 0.13 on; its remote writes are remoteWrite: [{url: …}]",
            "(not shown)",
        );
    }
    let mut fields = vec![("url", json!(write.url))];
    fields.extend(write.timeout.as_ref().map(|t| ("sendTimeout", json!(t))));
    if let Some(login) = &write.login {
        fields.extend(login_fields(login));
    }
    let places = Places {
        lists: &["spec.values.remoteWrite"],
        single: &[],
    };
    // Each field becomes the flag -remoteWrite.<field>.
    let entry = Entry {
        fields,
        logins: &[
            "bearerToken",
            "bearerTokenFile",
            "basicAuth.username",
            "basicAuth.password",
            "basicAuth.passwordFile",
            "oauth2.clientID",
            "oauth2.clientSecret",
            "oauth2.clientSecretFile",
            "aws.useSigv4",
        ],
    };
    write::apply(editor, &places, &entry);
    // Where other credentials were kept there is nothing to mount.
    let entries = editor.get("spec.values.remoteWrite");
    let text = |value: &Value| value.as_str().is_some_and(|text| text.starts_with(FOLDER));
    let is_ours = |entry: &Value| {
        entry
            .as_object()
            .is_some_and(|fields| fields.values().any(text))
    };
    let mut entries = entries.and_then(Value::as_array).into_iter().flatten();
    if let Some(login) = write.login.as_ref().filter(|_| entries.any(is_ours)) {
        login_parts(editor, login);
    }
}

/// The flags name files, which vmagent reads again when they change; for a user's name there is no such flag, so that
/// comes from the environment (`%{NAME}` in a flag is vmagent's own syntax).
fn login_fields(login: &Login) -> Vec<(&'static str, Value)> {
    match &login.kind {
        LoginKind::Bearer(token) => vec![("bearerTokenFile", json!(format!("{FOLDER}/{token}")))],
        LoginKind::Basic(_, password) => vec![
            ("basicAuth.username", json!(format!("%{{{USERNAME}}}"))),
            (
                "basicAuth.passwordFile",
                json!(format!("{FOLDER}/{password}")),
            ),
        ],
    }
}

/// What the flags need: volume, mount and variable.
fn login_parts(editor: &mut Editor<'_>, login: &Login) {
    let mut parts = vec![
        (
            "spec.values.extraVolumes",
            json!({"name": VOLUME, "secret": {"secretName": login.secret}}),
        ),
        (
            "spec.values.extraVolumeMounts",
            json!({"name": VOLUME, "mountPath": FOLDER, "readOnly": true}),
        ),
    ];
    if let LoginKind::Basic(user, _) = &login.kind {
        let variable =
            json!({"name": USERNAME, "valueFrom": {"secretKeyRef": login.selector(user)}});
        parts.push(("spec.values.env", variable));
    }
    for (list, part) in parts {
        named(editor, list, &part);
    }
}

/// Makes sure that a list has an item with this name and these fields.
fn named(editor: &mut Editor<'_>, list: &str, part: &Value) {
    let name = part["name"].as_str().unwrap_or_default();
    let path = format!("{list}[name={name}]");
    let found = editor.get(&path).map(|found| says(found, part));
    match found {
        Some(true) => {}
        Some(false) => {
            let wanted = "the one that CollectorSettings makes";
            if editor.gives_way(&path, "", "another of this name", wanted) {
                editor.set(&path, part.clone());
            }
        }
        None => {
            if editor.may_add_list(list) && editor.append(list, part.clone()) {
                editor.info(&path, "added", part.clone());
            }
        }
    }
}
