//! One Fluent Bit at work.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use leafpack_peer::FluentBit;
use wait4::Wait4;

use crate::config::Config;

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// The file of [`PARSERS`], in the folder of the run.
pub(crate) const PARSERS_FILE: &str = "parsers.conf";

/// `parsers.conf` of Fluent Bit has these two.
const PARSERS: &str = "[PARSER]\n    Name json\n    Format json\n[PARSER]\n    Name cri\n    Format regex\n    \
     Regex ^(?<time>[^ ]+) (?<stream>stdout|stderr) (?<logtag>[^ ]*) (?<message>.*)$\n    Time_Key time\n    \
     Time_Format %Y-%m-%dT%H:%M:%S.%L%z\n    Time_Keep On\n";

/// What one process used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Used {
    /// Seconds of CPU in user mode, of the whole process.
    pub(crate) user: f64,
    /// The most memory that it held, in bytes.
    pub(crate) memory: u64,
}

/// A process that was started; ended with the value.
pub(crate) struct Running {
    /// `None` once it was waited for.
    child: Option<Child>,
    /// Its number, of the system.
    pub(crate) id: u32,
    log: PathBuf,
    name: String,
}

/// Writes a file.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Starts one in this folder, which takes its configuration and its log.
pub(crate) fn start(bit: &FluentBit, folder: &Path, config: &Config) -> Result<Running, String> {
    write(&folder.join(PARSERS_FILE), PARSERS)?;
    let file = folder.join("fluent-bit.yaml");
    write(&file, &config.yaml())?;
    let log = folder.join("log");
    let stderr =
        File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let stdout = stderr.try_clone().map_err(|error| error.to_string())?;
    let child = Command::new(&bit.path)
        .arg("-c")
        .arg(file)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .map_err(|error| format!("cannot run {bit}: {error}"))?;
    Ok(Running {
        id: child.id(),
        child: Some(child),
        log,
        name: bit.to_string(),
    })
}

impl Running {
    /// Asks it to end.
    pub(crate) fn stop(&self) -> Result<(), String> {
        signal("-TERM", self.id)
    }

    /// Waits for its end, and says what it used, if it found no fault.
    pub(crate) fn wait(mut self) -> Result<Used, String> {
        let mut child = self.child.take().ok_or("was waited for before")?;
        // Waiting with wait4 cannot be given up, so that another thread ends what hangs.
        let id = self.id;
        let (done, ended) = channel::<()>();
        let watch = std::thread::spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let _ = signal("-KILL", id);
            }
        });
        let usage = child.wait4();
        drop(done);
        let _ = watch.join();
        let usage = usage.map_err(|error| format!("cannot wait for {}: {error}", self.name))?;
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let fault = text.lines().find(|line| {
            line.contains("[error]") || line.contains("Exception") || line.contains("warning:")
        });
        match fault {
            None if usage.status.success() => Ok(Used {
                user: usage.rusage.utime.as_secs_f64(),
                memory: usage.rusage.maxrss,
            }),
            None => Err(format!("ended with {}", usage.status)),
            Some(line) => Err(format!("ended with {}: {line}", usage.status)),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn signal(signal: &str, id: u32) -> Result<(), String> {
    let status = Command::new("kill")
        .args([signal, &id.to_string()])
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("kill {signal} {id} ended with {status}")),
        Err(error) => Err(format!("cannot run kill: {error}")),
    }
}
