//! What the real vmagent says of a scrape configuration.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::tools::or_skip;

/// A vmagent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VmAgent(PathBuf);

impl VmAgent {
    /// vmagent, found as [`crate::find`] finds it; where it is not there, says that `test` is skipped.
    ///
    /// # Panics
    /// Where `LEAFPACK_REQUIRE` names vmagent and it is not there.
    pub fn or_skip(test: &str) -> Option<VmAgent> {
        or_skip(test, "vmagent").map(VmAgent)
    }

    /// Whether vmagent takes `config`, a scrape configuration in YAML, as it stands: every field known, every job and
    /// relabelling rule understood.
    ///
    /// `-dryRun` alone would not do: it answers with success where it only logs that it skips a job
    /// (`lib/promscrape/config.go`), so anything that it logs as an error or a warning counts. It asks nobody
    /// anything; what is looked at only when targets are discovered or scraped is not tried: whether `role` in
    /// `kubernetes_sd_configs` is one, and whether the files of tokens and certificates are there.
    ///
    /// # Errors
    /// What vmagent says.
    ///
    /// # Panics
    /// Where vmagent cannot be run.
    pub fn accepts(&self, config: &str) -> Result<(), String> {
        let mut vmagent = Command::new(&self.0)
            .args(["-dryRun", "-loggerLevel=WARN"])
            .arg("-promscrape.config=/dev/stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", self.0.display()));
        let mut input = vmagent.stdin.take().expect("it is piped");
        // It says why, where it ends before it has read all.
        let written = input.write_all(config.as_bytes());
        drop(input);
        let output = vmagent.wait_with_output().expect("its output can be read");
        let said = String::from_utf8_lossy(&output.stderr);
        // Lines of its logger: time, level and place, with tabs between. Go's own logger, which complains of the
        // machine, writes others.
        let faults = ["\terror\t", "\twarn\t", "\tfatal\t", "\tpanic\t"];
        let fault = faults.iter().any(|level| said.contains(level));
        if output.status.success() && !fault && written.is_ok() {
            return Ok(());
        }
        Err(format!("vmagent ({}): {}", output.status, said.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "\
global:
  scrape_interval: 30s
  external_labels: {cluster: apps}
scrape_configs:
- job_name: kubelet
  scheme: https
  kubernetes_sd_configs:
  - role: node
  bearer_token_file: /var/run/secrets/kubernetes.io/serviceaccount/token
  tls_config:
    ca_file: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
  relabel_configs:
  - action: labelmap
    regex: __meta_kubernetes_node_label_(.+)
";

    /// Each of these changes is found, and what is said of it names it.
    const WRONG: [(&str, &str, &str); 7] = [
        ("job_name", "jobname", "field jobname not found"),
        (
            "scrape_interval",
            "scrape_intervall",
            "field scrape_intervall not found",
        ),
        ("labelmap", "labelmup", "unknown `action` \"labelmup\""),
        ("(.+)", "(.+", "missing closing )"),
        ("30s", "half", "half"),
        ("https", "gopher", "unexpected `scheme`"),
        ("- job_name", "job_name", "yaml"),
    ];

    #[test]
    fn a_wrong_configuration_is_found() {
        let Some(vmagent) = VmAgent::or_skip("vmagent-accepts") else {
            return;
        };
        vmagent.accepts(RIGHT).unwrap();
        for (right, wrong, says) in WRONG {
            assert!(RIGHT.contains(right), "{right}");
            let error = vmagent.accepts(&RIGHT.replacen(right, wrong, 1));
            let error = error.expect_err(wrong);
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }
}
