//! What a [`Spec`] means: checked, with its defaults filled in.

use crate::spec::{Auth, AuthKind, Existing, Spec, Target};
use krm_rs::{Object, Path, ResultItem, Results, Value, json};
use leafpack_fn_common::check::{Check, is_dns_label, is_dns_subdomain, is_label_value};
use leafpack_fn_common::duration::duration_ms;
use leafpack_fn_common::endpoint::{Api, Endpoint};
use leafpack_fn_common::flux::{self, DISABLED};

/// What every collector gets.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The resource's own name.
    pub(crate) name: String,
    /// External labels, in the order in which they are added. Values may hold Flux expressions.
    pub(crate) labels: Vec<(String, String)>,
    /// Where metrics go.
    pub(crate) write: Option<Write>,
    /// Which collector is meant.
    pub(crate) target: Target,
    /// Whether several are.
    pub(crate) all: bool,
    /// What becomes of other values.
    pub(crate) existing: Existing,
    /// One of the values that Flux has to replace, if there is any.
    expression: Option<String>,
}

/// Where metrics go.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    /// With its path. The host may hold Flux expressions.
    pub(crate) url: String,
    /// How long one request may take.
    pub(crate) timeout: Option<String>,
    /// Credentials.
    pub(crate) login: Option<Login>,
}

/// Credentials, as they stand in a Secret.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    /// The Secret.
    pub(crate) secret: String,
    /// What is in it.
    pub(crate) kind: LoginKind,
}

/// What is in a Secret, by the keys of it.
#[derive(Debug, Clone)]
pub(crate) enum LoginKind {
    /// The key of a token.
    Bearer(String),
    /// The keys of a user's name and of a password.
    Basic(String, String),
}

impl Plan {
    /// Checks a configuration and says everything that is wrong with it. `name` is the resource's own name.
    ///
    /// `None` after an error.
    pub(crate) fn read(spec: &Spec, name: &str, results: &mut Results) -> Option<Plan> {
        let mut check = Check::new(results);
        check.cluster(&spec.cluster, "apps");
        check.word("spec.environment", spec.environment.as_ref(), "production");
        further_labels(spec, &mut check);
        target(&spec.target, &mut check);
        let write = spec.remote_write.as_ref().map(|_| write(spec, &mut check));
        check.finish()?;
        let mut labels = vec![("cluster".to_owned(), spec.cluster.clone())];
        labels.extend(spec.environment.clone().map(|e| ("environment".into(), e)));
        labels.extend(spec.labels.clone());
        let write = match write {
            Some(write) => Some(write?),
            None => None,
        };
        let mut carried = labels.iter().map(|(_, value)| value);
        let expression = carried
            .find(|value| flux::has_dollars(value))
            .or_else(|| Some(&write.as_ref()?.url).filter(|url| flux::has_dollars(url)))
            .cloned();
        Some(Plan {
            name: name.to_owned(),
            labels,
            write,
            target: spec.target.clone(),
            all: spec.all,
            existing: spec.existing,
            expression,
        })
    }

    /// Whether Flux would replace in this object what it has to replace. Where not, says so.
    pub(crate) fn reaches(&self, object: &Object, results: &mut Results) -> bool {
        let Some(expression) = &self.expression else {
            return true;
        };
        let disabled = object.annotation(DISABLED.0) == Some(DISABLED.1)
            || object.label(DISABLED.0) == Some(DISABLED.1);
        if disabled {
            let item = ResultItem::error(
                format!(
                    "found {}: {}, so Flux would never replace {expression}",
                    DISABLED.0, DISABLED.1
                ),
                "write the values without Flux expressions in CollectorSettings",
            );
            results.push(item.on(object));
        }
        !disabled
    }
}

/// The name of a label, as Prometheus has it; those that begin with two underscores are its own.
fn is_label_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.starts_with("__")
        && text.chars().all(inner)
}

fn further_labels(spec: &Spec, check: &mut Check<'_>) {
    for (name, value) in &spec.labels {
        let path = Path::root().key("spec").key("labels").key(name).to_string();
        if matches!(name.as_str(), "cluster" | "environment") {
            check.error(
                "spec.labels",
                &format!("found {name}, expected it as spec.{name}"),
                json!({}),
            );
        } else if !is_label_name(name) {
            check.error(
                "spec.labels",
                &format!(
                    "found the name {name:?}, expected letters, digits and '_', no digit first, no two '_' first"
                ),
                json!({"region": "eu-1"}),
            );
        } else {
            check.carried(
                &path,
                value,
                "a word of letters, digits, '-', '_' and '.', of at most 63 characters",
                is_label_value,
                "eu-1",
            );
        }
    }
}

fn target(target: &Target, check: &mut Check<'_>) {
    for (field, value) in [
        ("kind", &target.kind),
        ("name", &target.name),
        ("namespace", &target.namespace),
        ("block", &target.block),
    ] {
        if flux::has_dollars(value) {
            check.literal(
                &format!("spec.target.{field}"),
                value,
                "the text as it stands in the build",
                |_| true,
                if field == "kind" {
                    "VMAgent"
                } else {
                    "vmagent"
                },
            );
        }
    }
}

fn write(spec: &Spec, check: &mut Check<'_>) -> Option<Write> {
    let write = spec.remote_write.as_ref()?;
    let url = url(&write.url, &spec.target.namespace, check);
    let timeout = &write.send_timeout;
    if !timeout.is_empty() && duration_ms(timeout).is_none_or(|ms| ms == 0) {
        check.literal(
            "spec.remoteWrite.sendTimeout",
            timeout,
            "a duration of one unit, such as 30s or 1m",
            |_| false,
            "30s",
        );
    }
    let login = match &write.auth {
        Some(auth) => Some(login(auth, check)?),
        None => None,
    };
    Some(Write {
        url: url?,
        timeout: Some(timeout.clone()).filter(|text| !text.is_empty()),
        login,
    })
}

/// The URL with its path, as text: the host's expressions and the port stay as they are written.
fn url(text: &str, namespace: &str, check: &mut Check<'_>) -> Option<String> {
    let path = "spec.remoteWrite.url";
    let namespace = if is_dns_label(namespace) {
        namespace
    } else {
        "monitoring"
    };
    match Endpoint::parse(text, namespace, Api::RemoteWrite) {
        Ok(endpoint) if text.ends_with(&endpoint.path) => Some(text.to_owned()),
        // It is the bare host, perhaps with a slash.
        Ok(endpoint) => Some(format!("{}{}", text.trim_end_matches('/'), endpoint.path)),
        Err(fault) if fault.secret => {
            check.secret(path, &format!("found {}", fault.reason), json!(fault.fix));
            None
        }
        Err(fault) => {
            let found = match text {
                "" => "found nothing, expected where metrics go".to_owned(),
                text => format!("found {text:?}: {}", fault.reason),
            };
            check.error(path, &found, json!(fault.fix));
            None
        }
    }
}

fn login(auth: &Auth, check: &mut Check<'_>) -> Option<Login> {
    let at = |field: &str| format!("spec.remoteWrite.auth.{field}");
    check.literal(
        &at("secret"),
        &auth.secret,
        "the name of a Secret: lower-case letters, digits, '-' and '.'",
        is_dns_subdomain,
        "remote-write",
    );
    for (field, key) in [
        ("tokenKey", &auth.token_key),
        ("usernameKey", &auth.username_key),
        ("passwordKey", &auth.password_key),
    ] {
        let example = field.trim_end_matches("Key");
        check.literal(
            &at(field),
            key,
            "a key of a Secret: letters, digits, '-', '_' and '.'",
            is_secret_key,
            example,
        );
    }
    let kind = match auth.kind {
        Some(AuthKind::Bearer) => LoginKind::Bearer(auth.token_key.clone()),
        Some(AuthKind::Basic) => {
            LoginKind::Basic(auth.username_key.clone(), auth.password_key.clone())
        }
        None => {
            let expected = "found nothing, expected one of: bearer, basic";
            check.error(&at("kind"), expected, json!("bearer"));
            return None;
        }
    };
    Some(Login {
        secret: auth.secret.clone(),
        kind,
    })
}

/// A key of a Secret (`validation.IsConfigMapKey` of Kubernetes); it is a file's name too.
fn is_secret_key(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=253).contains(&text.len())
        && text.chars().all(inner)
        && text != "."
        && !text.starts_with("..")
}

impl Login {
    /// `{name, key}`, as the operators' resources select a key of a Secret.
    pub(crate) fn selector(&self, key: &str) -> Value {
        json!({"name": self.secret, "key": key})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_names_of_labels_and_keys() {
        for (text, label, key) in [
            ("region", true, true),
            ("_a1", true, true),
            ("__name__", false, true),
            ("1a", false, true),
            ("a-b", false, true),
            ("a.b", false, true),
            ("", false, false),
            ("..", false, false),
            ("a/b", false, false),
            ("é", false, false),
        ] {
            assert_eq!(is_label_name(text), label, "{text}");
            assert_eq!(is_secret_key(text), key, "{text}");
        }
    }
}
