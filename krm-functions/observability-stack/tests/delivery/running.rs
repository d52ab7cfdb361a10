//! A program that runs beside a test.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// For a machine that is busy otherwise; nothing is measured.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);
/// Between two looks at what is waited for.
const PAUSE: Duration = Duration::from_millis(100);

/// A program that runs until it is told to end. What is left of a test that failed is killed.
pub(crate) struct Running {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `command`; what it says is added to the file `log`.
    pub(crate) fn start(name: &'static str, command: &mut Command, log: PathBuf) -> Running {
        let open = || {
            let mut options = File::options();
            let file = options.create(true).append(true).open(&log);
            file.unwrap_or_else(|error| panic!("cannot write {}: {error}", log.display()))
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(open())
            .stderr(open())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {name}: {error}"));
        Running { name, child, log }
    }

    /// All that it has said, by this start and by earlier ones with the same file.
    pub(crate) fn said(&self) -> String {
        let said = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Waits until it is so.
    ///
    /// # Panics
    /// Where the program ends first, and at the deadline.
    pub(crate) fn wait_until(&mut self, what: &str, is_so: impl FnMut(&Running) -> bool) {
        assert!(
            self.comes_to(is_so),
            "{what}: waited {} s in vain for {}:\n{}",
            DEADLINE.as_secs(),
            self.name,
            self.end_of_said()
        );
    }

    /// Waits until it is so; whether it is, before the deadline.
    ///
    /// # Panics
    /// Where the program ends first.
    pub(crate) fn comes_to(&mut self, mut is_so: impl FnMut(&Running) -> bool) -> bool {
        let deadline = Instant::now() + DEADLINE;
        while !is_so(self) {
            if let Some(status) = self.status() {
                panic!("{} ended ({status}):\n{}", self.name, self.end_of_said());
            }
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(PAUSE);
        }
        true
    }

    /// Asks it to end, as a kubelet does, and waits for that.
    ///
    /// # Panics
    /// Where it does not end well.
    pub(crate) fn stop(mut self) {
        // SIGTERM, which std cannot send.
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").arg(pid).status();
        assert!(sent.is_ok_and(|sent| sent.success()), "kill");
        let deadline = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.status() {
                break status;
            }
            assert!(Instant::now() < deadline, "{} does not end", self.name);
            std::thread::sleep(PAUSE);
        };
        let end = self.end_of_said();
        assert!(status.success(), "{} ended ({status}):\n{end}", self.name);
    }

    /// Ends it as a node that loses its power does: SIGKILL.
    pub(crate) fn kill(self) {
        drop(self);
    }

    fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    fn end_of_said(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
