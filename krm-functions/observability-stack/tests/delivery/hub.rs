//! A real VictoriaLogs on this machine.

use super::http;
use super::link::Link;
use super::node::free_port;
use super::running::Running;
use krm_rs::{Map, Value};
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A tenant, `AccountID:ProjectID`.
pub(crate) type Tenant = &'static str;
/// A record as VictoriaLogs answers it: text by names of fields.
pub(crate) type Record = Map<String, Value>;

/// VictoriaLogs, with a folder and a port of its own that outlast an outage.
pub(crate) struct Hub {
    binary: PathBuf,
    folder: PathBuf,
    port: u16,
    running: Option<Running>,
}

impl Hub {
    /// A VictoriaLogs that does not run yet, with its data below `folder`.
    pub(crate) fn new(binary: PathBuf, folder: &Path) -> Hub {
        std::fs::create_dir_all(folder).expect("the hub's folder can be made");
        Hub {
            binary,
            folder: folder.to_owned(),
            port: free_port(),
            running: None,
        }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Starts it, with what it had stored before, and waits until it answers.
    pub(crate) fn start(&mut self) {
        let mut command = Command::new(&self.binary);
        let data = self.folder.join("victoria-logs-data");
        command
            .arg(format!("-storageDataPath={}", data.display()))
            .arg(format!("-httpListenAddr=127.0.0.1:{}", self.port))
            // Records of any time: what lies outside, VictoriaLogs drops, and only a metric tells.
            .args(["-retentionPeriod=100y", "-futureRetention=100y"])
            // The most there is. By default, lines from 256 KiB on are skipped, and only a metric tells.
            .arg("-insert.maxLineSizeBytes=2MB")
            .arg("-memory.allowedBytes=256MB");
        let log = self.folder.join("victoria-logs.log");
        let mut running = Running::start("VictoriaLogs", &mut command, log);
        running.wait_until("its health", |_| self.get("/health", &[]).is_ok());
        self.running = Some(running);
    }

    /// Ends it. It writes down what it has taken.
    pub(crate) fn stop(&mut self) {
        self.running.take().expect("it runs").stop();
    }

    /// Moves it to another port, with a link from the one where it listened to its new one.
    pub(crate) fn move_behind_link(&mut self) -> Link {
        self.stop();
        let old = self.port;
        self.port = free_port();
        self.start();
        Link::open(old, self.port)
    }

    /// What a tenant finds.
    pub(crate) fn query(&self, tenant: Tenant, query: &str) -> Vec<Record> {
        // What has just come cannot be searched for a second or so.
        self.get("/internal/force_flush", &[])
            .and_then(|_| {
                let (account, project) = tenant.split_once(':').expect("AccountID:ProjectID");
                let headers = [("AccountID", account), ("ProjectID", project)];
                let query = percent_encoded(query);
                self.get(&format!("/select/logsql/query?query={query}"), &headers)
            })
            .unwrap_or_else(|error| panic!("VictoriaLogs: {query}: {error}"))
            .lines()
            .map(|line| match line.parse() {
                Ok(Value::Object(record)) => record,
                _ => panic!("VictoriaLogs answers no record: {line}"),
            })
            .collect()
    }

    /// How many records a tenant finds.
    pub(crate) fn count(&self, tenant: Tenant, query: &str) -> usize {
        let answer = self.query(tenant, &format!("{query} | count() as n"));
        let count = answer.first().and_then(|record| record["n"].as_str());
        let count = count.and_then(|count| count.parse().ok());
        count.unwrap_or_else(|| panic!("VictoriaLogs counts {answer:?}"))
    }

    /// The sum of a metric, over all of its labels, since the start.
    pub(crate) fn metric(&self, name: &str) -> usize {
        let metrics = self.get("/metrics", &[]).expect("VictoriaLogs has metrics");
        let lines = metrics.lines().filter(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
        });
        let values = lines.map(|line| line.rsplit(' ').next().expect("a value"));
        let values: Vec<usize> = values
            .map(|value| value.parse().expect("a count"))
            .collect();
        assert!(!values.is_empty(), "VictoriaLogs has no metric {name}");
        values.iter().sum()
    }

    /// The body of what it answers with success.
    fn get(&self, path: &str, headers: &[(&str, &str)]) -> Result<String> {
        match http::send(self.port, "GET", path, headers, b"")? {
            (200, body) => Ok(body),
            (status, body) => Err(Error::other(format!("{status}: {body}"))),
        }
    }
}

/// A text as a part of a URL's query.
pub(crate) fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes()
        .map(|byte| match byte {
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
