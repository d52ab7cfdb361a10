//! Images: a component's own, with what the user says otherwise.

use crate::spec;
use krm_rs::{Value, json};
use leafpack_fn_common::check::{Check, is_dns_subdomain};

/// Where a component's image comes from when nothing is said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Default {
    /// Host and path; the runtime's own when empty.
    pub(crate) registry: &'static str,
    /// The repository.
    pub(crate) repository: &'static str,
    /// The tag.
    pub(crate) tag: &'static str,
}

/// An image, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    /// Host and path; may hold Flux expressions.
    pub(crate) registry: String,
    /// The repository.
    pub(crate) repository: String,
    /// The tag.
    pub(crate) tag: String,
    /// `sha256:…`, or empty.
    pub(crate) digest: String,
}

impl Image {
    /// Reads `given`, at `path`. A registry of `images` stands for every one that is not said here.
    pub(crate) fn read(
        given: &spec::Image,
        own: &Default,
        images: &spec::Images,
        path: &str,
        check: &mut Check<'_>,
    ) -> Self {
        let or = |given: &Option<String>, own: &str| given.clone().unwrap_or_else(|| own.into());
        let all = Some(&images.registry).filter(|all| !all.is_empty());
        let image = Image {
            registry: or(&given.registry, all.map_or(own.registry, |all| all)),
            repository: or(&given.repository, own.repository),
            tag: or(&given.tag, own.tag),
            digest: given.digest.clone(),
        };
        if given.registry.is_some() && !image.registry.is_empty() {
            registry(&format!("{path}.registry"), &image.registry, check);
        }
        check.literal(
            &format!("{path}.repository"),
            &image.repository,
            "a repository, without registry and tag",
            |text| text.split('/').all(is_name),
            own.repository,
        );
        let is_tag = |text: &str| {
            let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            (1..=128).contains(&text.len())
                && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && text.chars().all(inner)
        };
        check.literal(
            &format!("{path}.tag"),
            &image.tag,
            &format!("a tag such as {}", own.tag),
            is_tag,
            own.tag,
        );
        let digest = image.digest.strip_prefix("sha256:");
        let is_hex = |hex: &str| {
            hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !image.digest.is_empty() {
            check.literal(
                &format!("{path}.digest"),
                &image.digest,
                "sha256: and 64 hexadecimal digits, or \"\"",
                |_| digest.is_some_and(is_hex),
                "",
            );
        }
        image
    }

    /// Registry and repository.
    pub(crate) fn name(&self) -> String {
        let slash = if self.registry.is_empty() { "" } else { "/" };
        format!("{}{slash}{}", self.registry, self.repository)
    }

    /// The tag, with the digest behind it. What joins it to a name with a colon then names the digest too, as the
    /// VictoriaMetrics operator and charts do, which have no field for one.
    pub(crate) fn tag_and_digest(&self) -> String {
        let at = if self.digest.is_empty() { "" } else { "@" };
        format!("{}{at}{}", self.tag, self.digest)
    }

    /// All of it, as a container has it.
    pub(crate) fn text(&self) -> String {
        format!("{}:{}", self.name(), self.tag_and_digest())
    }

    /// As the VictoriaMetrics operator's resources have it.
    pub(crate) fn operator(&self) -> Value {
        json!({"repository": self.name(), "tag": self.tag_and_digest()})
    }
}

/// Checks a registry: `host[:port][/path]`.
pub(crate) fn registry(path: &str, text: &str, check: &mut Check<'_>) {
    check.carried(
        path,
        text,
        "host[:port][/path] of a registry",
        |text| {
            let (host, path) = text.split_once('/').unwrap_or((text, "x"));
            let (host, port) = host.split_once(':').unwrap_or((host, "1"));
            is_dns_subdomain(host)
                && port.parse::<u16>().is_ok_and(|port| port != 0)
                && path.split('/').all(is_name)
        },
        "registry.example.com/mirror",
    );
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(is_end) && text.ends_with(is_end) && text.chars().all(fits)
}
