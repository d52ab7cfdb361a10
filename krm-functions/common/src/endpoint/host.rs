//! The host of a URL, and what a network policy can know of it.

use crate::flux::{self, Part};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host, and what a network policy can know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// A Service of the namespace of whoever asks, by its name alone. No URL of a user's is read so: it tells no policy
    /// where it leads.
    Own(String),
    /// A Service, or a pod of it: `[<pod>.]<name>.<namespace>.svc`, alone or with `cluster.local`, `clusterset.local` and
    /// their like behind it.
    Service {
        /// The whole name.
        name: String,
        /// The Service's namespace.
        namespace: String,
    },
    /// Another name in DNS.
    Name(String),
    /// A name that may be a Service's, and may be one of the world's: `<name>.<namespace>`, or `….svc.` before a domain
    /// that the cluster may have or the world.
    Ambiguous(String),
    /// Holds a Flux expression, and so is known only when Flux has applied it.
    Expression(String),
}

impl Host {
    /// As Fluent Bit takes it.
    pub fn text(&self) -> String {
        match self {
            Host::Address(address) => address.to_string(),
            Host::Own(name)
            | Host::Service { name, .. }
            | Host::Name(name)
            | Host::Ambiguous(name)
            | Host::Expression(name) => name.clone(),
        }
    }
}

/// Why a host is refused.
pub(super) struct WrongHost {
    pub(super) reason: String,
    /// The host that was probably meant, where that can be told.
    pub(super) instead: Option<String>,
}

impl<S: Into<String>> From<S> for WrongHost {
    fn from(reason: S) -> Self {
        WrongHost {
            reason: reason.into(),
            instead: None,
        }
    }
}

/// Reads a host, as a pod of `namespace` would use it.
///
/// # Errors
/// What is neither a name, an address nor made of Flux expressions, and names that lead nowhere from there.
pub(super) fn parse(host: &str, namespace: &str) -> Result<Host, WrongHost> {
    if let Some(inner) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return inner
            .parse::<Ipv6Addr>()
            .map(|address| Host::Address(address.into()))
            .map_err(|_| "within brackets an IPv6 address has to stand".into());
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Ok(Host::Address(address.into()));
    }
    let parts = flux::split(host).map_err(|fault| fault.to_string())?;
    if parts.iter().any(|part| matches!(part, Part::Expression(_))) {
        let fits = |part: &Part<'_>| match part {
            Part::Literal(text) => text.chars().all(|c| is_label(c) || c == '.'),
            Part::Expression(_) => true,
        };
        if !parts.iter().all(fits) {
            return Err("the host has to be a name in DNS, an address or a Flux expression".into());
        }
        return Ok(Host::Expression(host.to_owned()));
    }
    let labels: Vec<&str> = host.split('.').collect();
    let is_name = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.chars().all(is_label)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A name that ends in a number is a mistyped address.
    let is_number = |label: &&str| label.chars().all(|c| c.is_ascii_digit());
    if host.len() > 253 || !labels.iter().all(is_name) || labels.last().is_some_and(is_number) {
        return Err("the host has to be a name in DNS or an address".into());
    }
    name(host, &labels, namespace)
}

/// What a name in DNS, in its labels, stands for.
fn name(host: &str, labels: &[&str], namespace: &str) -> Result<Host, WrongHost> {
    let service = |name: &str| format!("{name}.{namespace}.svc");
    if labels.last() == Some(&"localhost") {
        return Err(WrongHost {
            reason: "in a pod that is the pod itself; a Service is <service>.<namespace>.svc"
                .into(),
            instead: Some(service("victorialogs")),
        });
    }
    if labels.len() == 1 {
        return Err(WrongHost {
            reason: "a name alone tells no policy where it leads; a Service is <service>.<namespace>.svc".into(),
            instead: Some(service(host)),
        });
    }
    let svc = labels.iter().rposition(|label| *label == "svc");
    Ok(match svc {
        Some(at) if at >= 2 => match labels[at + 1..] {
            [] | [.., "local"] => Host::Service {
                name: host.to_owned(),
                namespace: labels[at - 1].to_owned(),
            },
            // A cluster may have any domain, and so may somebody who calls a host `svc`.
            _ => Host::Ambiguous(host.to_owned()),
        },
        // With the search domains of a pod, `<name>.<namespace>` is a Service.
        _ if labels.len() == 2 => Host::Ambiguous(host.to_owned()),
        _ => Host::Name(host.to_owned()),
    })
}

fn is_label(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{Api, Endpoint};

    #[test]
    fn tells_hosts_apart() {
        let host = |url: &str| {
            Endpoint::parse(url, "observability", Api::JsonLines)
                .expect(url)
                .host
        };
        for url in [
            "http://vl.obs.svc:9428",
            "http://vl.obs.svc.cluster.local:9428",
            "http://vl.obs.svc.clusterset.local:9428",
            "http://vlinsert-0.vlinsert.obs.svc.cluster.local:9481",
            "http://vl-0.vl.obs.svc",
        ] {
            assert!(
                matches!(host(url), Host::Service { namespace, .. } if namespace == "obs"),
                "{url}"
            );
        }
        for url in [
            "http://vl.obs:9428",
            "https://example.com",
            "http://vl.svc",
            "http://vl.obs.svc.cluster.example.com",
            "http://logs.eu.svc.example.com",
        ] {
            assert!(matches!(host(url), Host::Ambiguous(_)), "{url}");
        }
        for url in [
            "http://svc.example.com",
            "http://eu.svc.example.com",
            "https://logs.example.com",
        ] {
            assert!(matches!(host(url), Host::Name(_)), "{url}");
        }
        assert!(matches!(host("http://10.1.2.3"), Host::Address(_)));
        assert!(matches!(host("http://a${B}"), Host::Expression(_)));
    }
}
