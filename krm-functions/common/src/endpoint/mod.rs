//! Where logs and metrics go: one URL, and the parts that follow from it.

mod host;

use crate::flux;
use std::net::IpAddr;

pub use host::Host;

/// What is spoken at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// VictoriaLogs' handler for one JSON object a line; `/insert` alone is unsupported there.
    JsonLines,
    /// Prometheus' remote write: of a single VictoriaMetrics, and behind `/insert/<tenant>/prometheus` of a vminsert.
    RemoteWrite,
}

impl Api {
    /// What the path ends in.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Api::JsonLines => "/insert/jsonline",
            Api::RemoteWrite => "/api/v1/write",
        }
    }

    /// What a path that was meant for this one may hold instead of its end.
    fn begins(self) -> &'static str {
        match self {
            Api::JsonLines => "/insert",
            Api::RemoteWrite => "/api",
        }
    }

    fn rule(self) -> &'static str {
        match self {
            Api::JsonLines => "VictoriaLogs takes these logs at /insert/jsonline",
            Api::RemoteWrite => "VictoriaMetrics takes these metrics at /api/v1/write",
        }
    }

    /// A name for hosts in examples, and for a variable that holds one.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Api::JsonLines => ("logs.example.com", "LOGS_HOST"),
            Api::RemoteWrite => ("metrics.example.com", "METRICS_HOST"),
        }
    }

    fn usual_port(self) -> u16 {
        match self {
            Api::JsonLines => 9428,
            Api::RemoteWrite => 8428,
        }
    }

    /// A URL that is right.
    fn example(self) -> String {
        format!("https://{}{}", self.names().0, self.path())
    }
}

/// A store of the hub, as the spoke reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether to speak TLS.
    pub tls: bool,
    /// The host.
    pub host: Host,
    /// The port: the URL's, or that of its scheme.
    pub port: u16,
    /// The path, without parameters; ends in [`Api::path`].
    pub path: String,
}

/// Why a URL is refused, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A clause, to follow "found …:".
    pub reason: String,
    /// The URL that was probably meant.
    pub fix: String,
    /// The URL holds what must not be repeated; the other two do not.
    pub secret: bool,
}

impl Fault {
    fn new(reason: impl Into<String>, fix: String) -> Self {
        Fault {
            reason: reason.into(),
            fix,
            secret: false,
        }
    }
}

impl Endpoint {
    /// A Service of the same namespace, without TLS; `path` has no slash at its end.
    #[must_use]
    pub fn own(service: &str, port: u16, path: &str) -> Self {
        Endpoint {
            tls: false,
            host: Host::Own(service.to_owned()),
            port,
            path: path.to_owned(),
        }
    }

    /// The whole URL.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let host = match &self.host {
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
            host => host.text(),
        };
        format!("{scheme}://{host}:{}{}", self.port, self.path)
    }

    /// Reads `http[s]://host[:port][/prefix/insert/jsonline]`, or with the path of another API, as a pod of `namespace` would have to use it. The host, and
    /// nothing else, may hold Flux expressions: it is carried through unchanged, and the rest decides on TLS, ports and
    /// policies.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(url: &str, namespace: &str, api: Api) -> Result<Self, Fault> {
        // Before anything of the URL can get into a message.
        without_secrets(url, namespace, api)?;
        let (tls, rest) = scheme(url, api)?;
        let scheme = if tls { "https" } else { "http" };
        let (authority, path) = rest.split_at(authority_end(rest));
        if flux::has_dollars(path) {
            return Err(Fault::new(
                "only the host may hold a Flux expression",
                format!("{scheme}://{authority}{}", api.path()),
            ));
        }
        let path = read_path(path, api)
            .map_err(|path| Fault::new(api.rule(), format!("{scheme}://{authority}{path}")))?;
        if let Some((host, _)) = authority.split_once(":${") {
            return Err(Fault::new(
                "the port is needed when this is built; only the host may be a Flux expression",
                format!("{scheme}://{host}:{}", if tls { 443 } else { 80 }),
            ));
        }
        let (host, port) = split_port(authority);
        let port = match port {
            None => Some(if tls { 443 } else { 80 }),
            // `parse` would take a plus sign.
            Some(port) if !port.bytes().all(|b| b.is_ascii_digit()) => None,
            Some(port) => port.parse().ok().filter(|port: &u16| *port != 0),
        };
        let Some(port) = port else {
            return Err(Fault::new(
                "the port has to be a number from 1 to 65535",
                format!("{scheme}://{host}:{}", api.usual_port()),
            ));
        };
        let host = host::parse(host, namespace).map_err(|wrong| {
            let host = wrong.instead.as_deref().unwrap_or(api.names().0);
            Fault::new(wrong.reason, format!("{scheme}://{host}:{port}"))
        })?;
        Ok(Endpoint {
            tls,
            host,
            port,
            path,
        })
    }
}

/// Refuses credentials and parameters, wherever they stand and whatever else is wrong, without a word of them.
fn without_secrets(url: &str, namespace: &str, api: Api) -> Result<(), Fault> {
    let (before, parameters) = url.split_at(parameters_start(url));
    let credentials = "credentials, which do not belong into a URL that everybody may read";
    let (reason, rest) = match before.rsplit_once('@') {
        // A password may hold whatever ends a host, so this looks beyond it; no name, address or path of ours has an @.
        _ if parameters.contains('@') => (credentials, ""),
        Some((_, host)) => (credentials, host),
        None if !parameters.is_empty() => (
            "parameters, which are leafpack's to set",
            before.split_once("://").map_or(before, |(_, rest)| rest),
        ),
        None => return Ok(()),
    };
    let scheme = if url.starts_with("http://") {
        "http"
    } else {
        "https"
    };
    let fix = format!("{scheme}://{rest}");
    let is_right = !rest.is_empty() && Endpoint::parse(&fix, namespace, api).is_ok();
    Err(Fault {
        reason: reason.to_owned(),
        fix: if is_right { fix } else { api.example() },
        secret: true,
    })
}

/// Where the parameters begin: at the first `?` or `#` that is not within an expression.
fn parameters_start(url: &str) -> usize {
    find_outside(url, |c| matches!(c, '?' | '#'))
}

/// Whether to speak TLS, and what follows the scheme.
fn scheme(url: &str, api: Api) -> Result<(bool, &str), Fault> {
    if let Some(rest) = url.strip_prefix("https://") {
        return Ok((true, rest));
    }
    if let Some(rest) = url.strip_prefix("http://") {
        return Ok((false, rest));
    }
    if url.starts_with('$') {
        return Err(Fault::new(
            "scheme, port and path are needed when this is built; only the host may be a Flux expression",
            format!("https://${{{}}}:443{}", api.names().1, api.path()),
        ));
    }
    let fix = if url.is_empty() || url.contains("://") {
        api.example()
    } else {
        format!("https://{url}")
    };
    Err(Fault::new("it has to begin with https:// or http://", fix))
}

/// The path, with the API's own where there is none.
///
/// # Errors
/// The path that was probably meant: a gateway's prefix stays.
fn read_path(path: &str, api: Api) -> Result<String, String> {
    let is_path = |path: &str| path.chars().all(is_path) && !path.contains("//");
    if matches!(path, "" | "/") {
        return Ok(api.path().to_owned());
    }
    if path.ends_with(api.path()) && is_path(path) {
        return Ok(path.to_owned());
    }
    let before = path.split(api.begins()).next().unwrap_or_default();
    let parts: Vec<&str> = before.split('/').filter(|part| !part.is_empty()).collect();
    let prefix: String = parts.iter().map(|part| format!("/{part}")).collect();
    let prefix = if is_path(&prefix) { &*prefix } else { "" };
    Err(format!("{prefix}{}", api.path()))
}

/// Where the host and port end: at the first `/` that is not within an expression.
fn authority_end(rest: &str) -> usize {
    find_outside(rest, |c| c == '/')
}

/// Where the first such character is that is not within an expression; the end, where there is none.
fn find_outside(text: &str, is_it: impl Fn(char) -> bool) -> usize {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let expression = text[at..].starts_with("${").then(|| text[at..].find('}'));
        if let Some(Some(end)) = expression {
            at += end + 1;
        } else if is_it(c) {
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

fn is_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~')
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON_LINES_PATH: &str = "/insert/jsonline";

    fn parse(url: &str) -> Result<Endpoint, Fault> {
        Endpoint::parse(url, "observability", Api::JsonLines)
    }

    fn parsed(url: &str) -> (bool, String, u16, String) {
        let e = parse(url).unwrap_or_else(|fault| panic!("{url}: {fault:?}"));
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

    /// Each with what is proposed instead.
    #[test]
    fn a_wrong_url_keeps_what_is_right_in_it() {
        for (url, fix) in [
            ("https://x.org/logs", "https://x.org/logs/insert/jsonline"),
            ("https://x.org/logs/", "https://x.org/logs/insert/jsonline"),
            (
                "https://x.org/logs/insert/jsonline/",
                "https://x.org/logs/insert/jsonline",
            ),
            (
                "https://x.org//logs//insert/jsonline",
                "https://x.org/logs/insert/jsonline",
            ),
            ("https://x.org/a/insert", "https://x.org/a/insert/jsonline"),
            (
                "https://x.org:8427/insert/loki/api/v1/push",
                "https://x.org:8427/insert/jsonline",
            ),
            ("https://x.org/a%20b", "https://x.org/insert/jsonline"),
            ("https://x.org:+443", "https://x.org:9428"),
            (
                "http://vlsingle:9428",
                "http://vlsingle.observability.svc:9428",
            ),
            (
                "http://localhost:9428",
                "http://victorialogs.observability.svc:9428",
            ),
            ("logs.example.com", "https://logs.example.com"),
            ("https://me:x@x.org:8427", "https://x.org:8427"),
            (
                "https://x.org/a/insert/jsonline?debug=1",
                "https://x.org/a/insert/jsonline",
            ),
        ] {
            assert_eq!(parse(url).expect_err(url).fix, fix, "{url}");
        }
    }

    #[test]
    fn no_secret_is_repeated() {
        for url in [
            "https://me:secret@x.org",
            "me:secret@x.org",
            "https://me:secret@x.org?x=1",
            "https://me:secret@x.org?x=secret",
            "https://me:se/secret@x.org/insert/jsonline",
            "https://me:se?secret@x.org/insert/jsonline",
            "https://me:se#secret@x.org",
            "https://me:a@secret.org?b@x.org",
            "https://me:${A}secret@x.org",
            "https://me:${secret@x.org",
            "https://me:secret@",
            "https://me:secret@x y",
            "ftp://me:secret@x.org",
            "?token=secret",
            "https://x.org?token=secret",
            "https://x.org:0?token=secret",
            "https://x.org/insert#secret",
            "https://${A?token=secret",
            "https://${A}/?token=secret",
            "x.org?token=secret",
        ] {
            let fault = parse(url).expect_err(url);
            assert!(fault.secret, "{url}: {fault:?}");
            assert!(!fault.reason.contains("secret"), "{url}: {fault:?}");
            assert!(!fault.fix.contains("secret"), "{url}: {fault:?}");
            assert!(parse(&fault.fix).is_ok(), "{url}: {fault:?}");
        }
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
            "https://x.org:+443",
            "https://x.org:99999",
            "https://x.org:",
            "https://x.org:${PORT}",
            "https://x.org/${PATH}",
            "https://x.org/insert",
            "https://x.org//insert/jsonline",
            "https://x.org/insert/jsonline?x=1",
            "https://localhost",
            "https://x.localhost",
            "https://x",
            "https://${A-x}.org",
            "https://$$x.org",
            "https://${A",
            "https://[::g]",
        ] {
            let fault = parse(url).expect_err(url);
            assert!(parse(&fault.fix).is_ok(), "{url}: {fault:?}");
        }
    }

    /// A vminsert's path keeps its tenant; a base that takes other things is completed.
    #[test]
    fn remote_write_has_its_own_path() {
        let parse = |url: &str| Endpoint::parse(url, "observability", Api::RemoteWrite);
        for (url, path) in [
            ("https://x.org", "/api/v1/write"),
            ("https://x.org/api/v1/write", "/api/v1/write"),
            (
                "http://vminsert-infra.observability.svc:8480/insert/0/prometheus/api/v1/write",
                "/insert/0/prometheus/api/v1/write",
            ),
        ] {
            let endpoint = parse(url).expect("right");
            assert_eq!(endpoint.path, path);
            assert_eq!(parse(&endpoint.url()), Ok(endpoint));
        }
        let address = parse("http://[fd00::1]").expect("right");
        assert_eq!(address.url(), "http://[fd00::1]:80/api/v1/write");
        for (url, fix) in [
            (
                "http://x.org:8480/insert/0/prometheus",
                "http://x.org:8480/insert/0/prometheus/api/v1/write",
            ),
            ("http://x.org/api/v1/import", "http://x.org/api/v1/write"),
            ("metrics.example.com", "https://metrics.example.com"),
            ("${HOST}", "https://${METRICS_HOST}:443/api/v1/write"),
            ("https://x.org:0", "https://x.org:8428"),
        ] {
            assert_eq!(parse(url).expect_err(url).fix, fix);
        }
    }
}
