//! Where logs go: one URL, and the parts that follow from it.

use crate::flux::{self, Part};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// VictoriaLogs' handler for one JSON object a line; `/insert` alone is unsupported there.
pub(crate) const JSON_LINES_PATH: &str = "/insert/jsonline";

/// The hub's log store, as the spoke reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Whether to speak TLS.
    pub(crate) tls: bool,
    /// The host.
    pub(crate) host: Host,
    /// The port: the URL's, or that of its scheme.
    pub(crate) port: u16,
    /// The path, without parameters; ends in [`JSON_LINES_PATH`].
    pub(crate) path: String,
}

/// A host, and what a network policy can know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// An address.
    Address(IpAddr),
    /// A Service: `<name>.<namespace>.svc`, alone or with `cluster.local`, `clusterset.local` and their like behind it.
    Service {
        /// The whole name.
        name: String,
        /// The Service's namespace.
        namespace: String,
    },
    /// Another name in DNS.
    Name(String),
    /// Holds a Flux expression, and so is known only when Flux has applied it.
    Expression(String),
}

impl Host {
    /// As Fluent Bit takes it.
    pub(crate) fn text(&self) -> String {
        match self {
            Host::Address(address) => address.to_string(),
            Host::Service { name, .. } | Host::Name(name) | Host::Expression(name) => name.clone(),
        }
    }
}

/// Why a URL is refused, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// A clause, to follow "found …:".
    pub(crate) reason: String,
    /// The URL that was probably meant.
    pub(crate) fix: String,
    /// The URL holds what must not be repeated.
    pub(crate) secret: bool,
}

impl Endpoint {
    /// Reads `http[s]://host[:port][/prefix/insert/jsonline]`. The host, and nothing else, may hold Flux expressions:
    /// it is carried through unchanged, and the rest decides on TLS, ports and policies.
    ///
    /// # Errors
    /// Anything else.
    pub(crate) fn parse(url: &str) -> Result<Self, Fault> {
        let fault = |reason: &str, fix: String| {
            Err(Fault {
                reason: reason.to_owned(),
                fix,
                secret: false,
            })
        };
        let example = || format!("https://logs.example.com{JSON_LINES_PATH}");
        let (tls, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) if url.starts_with('$') => {
                return fault(
                    "scheme, port and path are needed when this is built; only the host may be a Flux expression",
                    format!("https://${{LOGS_HOST}}:443{JSON_LINES_PATH}"),
                );
            }
            (None, None) if url.is_empty() || url.contains("://") => {
                return fault("it has to begin with https:// or http://", example());
            }
            (None, None) => {
                return fault(
                    "it has to begin with https:// or http://",
                    format!("https://{url}"),
                );
            }
        };
        let scheme = if tls { "https" } else { "http" };
        let at = authority_end(rest);
        let (authority, path) = rest.split_at(at);
        if flux::has_dollars(path) {
            return fault(
                "only the host may hold a Flux expression",
                format!("{scheme}://{authority}{JSON_LINES_PATH}"),
            );
        }
        if let Some((path, _)) = path.split_once(['?', '#']) {
            return fault(
                "the parameters are leafpack's to set",
                format!("{scheme}://{authority}{path}"),
            );
        }
        if let Some((_, host)) = authority.rsplit_once('@') {
            return Err(Fault {
                reason: "credentials, which do not belong into a URL that everybody may read"
                    .to_owned(),
                fix: format!("{scheme}://{host}{path}"),
                secret: true,
            });
        }
        let path = match path {
            "" | "/" => JSON_LINES_PATH,
            path if path.ends_with(JSON_LINES_PATH) && path.chars().all(is_path) => path,
            _ => {
                return fault(
                    &format!("VictoriaLogs takes these logs at {JSON_LINES_PATH}"),
                    format!("{scheme}://{authority}{JSON_LINES_PATH}"),
                );
            }
        };
        if let Some((host, _)) = authority.split_once(":${") {
            return fault(
                "the port is needed when this is built; only the host may be a Flux expression",
                format!("{scheme}://{host}:{}", if tls { 443 } else { 80 }),
            );
        }
        let (host, port) = split_port(authority);
        let port = match port {
            None => Some(if tls { 443 } else { 80 }),
            Some(port) => port.parse().ok().filter(|port: &u16| *port != 0),
        };
        let Some(port) = port else {
            return fault(
                "the port has to be a number from 1 to 65535",
                format!("{scheme}://{host}:9428"),
            );
        };
        let host = match parse_host(host) {
            Ok(host) => host,
            Err(reason) => return fault(&reason, format!("{scheme}://logs.example.com:{port}")),
        };
        Ok(Endpoint {
            tls,
            host,
            port,
            path: path.to_owned(),
        })
    }
}

/// Where the host and port end: at the first `/`, `?` or `#` that is not within an expression.
fn authority_end(rest: &str) -> usize {
    let mut at = 0;
    while let Some(c) = rest[at..].chars().next() {
        if rest[at..].starts_with("${") {
            match rest[at..].find('}') {
                Some(end) => at += end + 1,
                None => return rest.len(),
            }
        } else if matches!(c, '/' | '?' | '#') {
            break;
        } else {
            at += c.len_utf8();
        }
    }
    at
}

/// Host and port; brackets and expressions may hold colons of their own.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rfind([':', ']', '}']) {
        Some(at) if authority[at..].starts_with(':') => {
            (&authority[..at], Some(&authority[at + 1..]))
        }
        _ => (authority, None),
    }
}

fn parse_host(host: &str) -> Result<Host, String> {
    if let Some(inner) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return inner
            .parse::<Ipv6Addr>()
            .map(|address| Host::Address(address.into()))
            .map_err(|_| "within brackets an IPv6 address has to stand".to_owned());
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
            return Err(
                "the host has to be a name in DNS, an address or a Flux expression".to_owned(),
            );
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
        return Err("the host has to be a name in DNS or an address".to_owned());
    }
    Ok(match labels[..] {
        // Elsewhere than under `local`, `svc` is a label like any other.
        [_, namespace, "svc"] | [_, namespace, "svc", .., "local"] => Host::Service {
            name: host.to_owned(),
            namespace: namespace.to_owned(),
        },
        _ => Host::Name(host.to_owned()),
    })
}

fn is_label(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

fn is_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> (bool, String, u16, String) {
        let e = Endpoint::parse(url).unwrap_or_else(|fault| panic!("{url}: {fault:?}"));
        (e.tls, e.host.text(), e.port, e.path)
    }

    #[test]
    fn reads_urls() {
        for (url, tls, host, port, path) in [
            (
                "https://logs.example.com",
                true,
                "logs.example.com",
                443,
                JSON_LINES_PATH,
            ),
            (
                "http://logs.example.com/",
                false,
                "logs.example.com",
                80,
                JSON_LINES_PATH,
            ),
            (
                "http://10.0.0.1:9428/insert/jsonline",
                false,
                "10.0.0.1",
                9428,
                JSON_LINES_PATH,
            ),
            (
                "https://[fd00::1]:9428",
                true,
                "fd00::1",
                9428,
                JSON_LINES_PATH,
            ),
            ("https://[fd00::1]", true, "fd00::1", 443, JSON_LINES_PATH),
            (
                "https://x.org/logs/insert/jsonline",
                true,
                "x.org",
                443,
                "/logs/insert/jsonline",
            ),
            (
                "https://${HOST}:8427",
                true,
                "${HOST}",
                8427,
                JSON_LINES_PATH,
            ),
            (
                "https://${HOST:=a.b}",
                true,
                "${HOST:=a.b}",
                443,
                JSON_LINES_PATH,
            ),
            (
                "https://logs.${D/./-}:1/insert/jsonline",
                true,
                "logs.${D/./-}",
                1,
                JSON_LINES_PATH,
            ),
        ] {
            assert_eq!(parsed(url), (tls, host.into(), port, path.into()), "{url}");
        }
    }

    #[test]
    fn tells_hosts_apart() {
        let host = |url: &str| Endpoint::parse(url).expect(url).host;
        for url in [
            "http://vl.obs.svc:9428",
            "http://vl.obs.svc.cluster.local:9428",
        ] {
            assert!(
                matches!(host(url), Host::Service { namespace, .. } if namespace == "obs"),
                "{url}"
            );
        }
        assert!(matches!(host("http://svc.example.com"), Host::Name(_)));
        assert!(matches!(
            host("http://logs.eu.svc.example.com"),
            Host::Name(_)
        ));
        assert!(matches!(host("http://10.1.2.3"), Host::Address(_)));
        assert!(matches!(host("http://a${B}"), Host::Expression(_)));
    }

    #[test]
    fn refuses_others_with_a_fix_that_is_right() {
        for url in [
            "",
            "logs.example.com",
            "ftp://logs.example.com",
            "${URL}",
            "https://",
            "https://a b",
            "https://LOGS.example.com",
            "https://10.0.0.300",
            "https://-x.org",
            "https://x.org:0",
            "https://x.org:99999",
            "https://x.org:${PORT}",
            "https://x.org/${PATH}",
            "https://x.org/insert",
            "https://x.org/insert/jsonline?x=1",
            "https://me:secret@x.org",
            "https://${A-x}.org",
            "https://$$x.org",
            "https://${A",
            "https://[::g]",
        ] {
            let fault = Endpoint::parse(url).expect_err(url);
            assert!(Endpoint::parse(&fault.fix).is_ok(), "{url}: {fault:?}");
        }
    }
}
