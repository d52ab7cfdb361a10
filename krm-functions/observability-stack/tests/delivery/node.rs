//! A node of a cluster, as far as the stack's Fluent Bit sees it: a folder with its log files, its state, and what the
//! DaemonSet mounts.

use super::running::Running;
use krm_rs::{Object, Value};
use leafpack_peer as peer;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A node, with one Fluent Bit that runs on it or not.
pub(crate) struct Node {
    folder: PathBuf,
    binary: PathBuf,
    arguments: Vec<String>,
    fluent_bit: Option<Running>,
}

impl Node {
    /// A node with the stack's `objects`, whose logs go to `hub_port` of this machine, in `folder`, which must be
    /// new. `deliver.py` says what else is changed in the configuration.
    pub(crate) fn new(
        binary: &peer::FluentBit,
        objects: &[Object],
        hub_port: u16,
        folder: &Path,
    ) -> Node {
        let objects: Vec<Value> = objects.iter().cloned().map(Value::from).collect();
        std::fs::create_dir_all(folder).expect("the node's folder can be made");
        let file = folder.join("objects.json");
        std::fs::write(&file, Value::from(objects).to_string()).expect("objects can be written");
        let http_port = free_port();
        let output = Command::new("python3")
            .arg(crate::common::root().join("tests/deliver.py"))
            .arg("--lay-out")
            .arg(folder)
            .args([hub_port.to_string(), http_port.to_string()])
            .arg(file)
            .output()
            .expect("python3 runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}{errors}");
        Node {
            folder: folder.to_owned(),
            binary: binary.path.clone(),
            arguments: said.lines().map(str::to_owned).collect(),
            fluent_bit: None,
        }
    }

    /// Its log files.
    pub(crate) fn logs(&self) -> Logs {
        Logs(self.folder.join("var/log"))
    }

    /// Starts Fluent Bit, with the state that an earlier one left.
    pub(crate) fn start(&mut self) {
        let mut command = Command::new(&self.binary);
        command.args(&self.arguments);
        let log = self.folder.join("fluent-bit.log");
        self.fluent_bit = Some(Running::start("Fluent Bit", &mut command, log));
    }

    /// The Fluent Bit that runs.
    pub(crate) fn fluent_bit(&mut self) -> &mut Running {
        self.fluent_bit.as_mut().expect("Fluent Bit runs")
    }

    /// Waits until Fluent Bit has nothing to deliver any more of what it has read.
    pub(crate) fn wait_until_delivered(&mut self) {
        let folder = self.state();
        self.fluent_bit()
            .wait_until("an empty buffer", |_| chunks_in(&folder) == 0);
    }

    /// How many chunks of what is read are not delivered.
    pub(crate) fn chunks(&self) -> usize {
        chunks_in(&self.state())
    }

    fn state(&self) -> PathBuf {
        self.folder.join("leafpack/state")
    }

    /// SIGTERM.
    pub(crate) fn stop(&mut self) {
        self.fluent_bit.take().expect("it runs").stop();
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.fluent_bit.take().expect("it runs").kill();
    }
}

/// The folder `/var/log` of a node.
pub(crate) struct Logs(PathBuf);

impl Logs {
    /// Adds `lines`, each with its line feed, to a file.
    pub(crate) fn write(&self, file: &str, lines: &[u8]) {
        let path = self.0.join(file);
        std::fs::create_dir_all(path.parent().expect("it lies in a folder"))
            .and_then(|()| File::options().create(true).append(true).open(&path))
            .and_then(|mut open| open.write_all(lines))
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }
}

/// A port of this machine where nobody listens now.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("this machine has a free port")
        .port()
}

/// How many chunks there are: files, in a folder for each input.
fn chunks_in(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let count = |path: PathBuf| {
        if path.is_dir() {
            chunks_in(&path)
        } else {
            usize::from(path.extension().is_some_and(|extension| extension == "flb"))
        }
    };
    entries.flatten().map(|entry| count(entry.path())).sum()
}
