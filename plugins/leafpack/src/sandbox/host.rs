//! What one instance of a module can see, and how much of it is left.

use std::fmt;
use std::sync::Arc;

use wasmtime::ResourceLimiter;

use super::limits::{Limit, Limits};

/// Elements of a table. Modules of some 300 KB have a few hundred.
const TABLE_MAX: usize = 100_000;

/// A file in the read-only folder.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The state behind the imports of an instance.
#[derive(Debug)]
pub(crate) struct Host {
    /// Standard input, and how much of it has been read.
    pub(super) stdin: Arc<Vec<u8>>,
    pub(super) stdin_at: usize,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// The folder that is preopened, if any; it may be empty.
    pub(super) folder: Option<Vec<File>>,
    /// Open files, from descriptor 4 on: which, and how much has been read. `None` where it was closed.
    pub(super) open: Vec<Option<(usize, usize)>>,
    /// The state of `random_get`.
    pub(super) random: u64,
    memory_max: usize,
    output_left: usize,
    output_max: usize,
}

impl Host {
    /// For a function: standard input, and no folder.
    pub(crate) fn for_function(stdin: Arc<Vec<u8>>, limits: &Limits) -> Self {
        Host {
            stdin,
            stdin_at: 0,
            stdout: Vec::new(),
            stderr: Vec::new(),
            folder: None,
            open: Vec::new(),
            random: 0,
            memory_max: limits.memory,
            output_left: limits.output,
            output_max: limits.output,
        }
    }

    /// For a filter: a folder, with or without its settings file, and no input.
    pub(crate) fn for_filter(settings: Option<File>, limits: &Limits) -> Self {
        Host {
            folder: Some(settings.into_iter().collect()),
            ..Host::for_function(Arc::default(), limits)
        }
    }

    /// Takes what was written so far, output and errors, and gives back the room.
    pub(crate) fn take_written(&mut self) -> (Vec<u8>, Vec<u8>) {
        self.output_left = self.output_max;
        (
            std::mem::take(&mut self.stdout),
            std::mem::take(&mut self.stderr),
        )
    }

    /// Counts `len` bytes of output.
    pub(super) fn count_output(&mut self, len: usize) -> Result<(), Stop> {
        self.output_left = self
            .output_left
            .checked_sub(len)
            .ok_or(Stop::Limit(Limit::Output))?;
        Ok(())
    }
}

/// Why the host stops a module; unwinds it as an error.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    /// A limit was passed.
    Limit(Limit),
    /// The module asked for it, with this status.
    Exit(u8),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Limit(limit) => write!(f, "beyond {}", limit.variable()),
            Stop::Exit(status) => write!(f, "exit with status {status}"),
        }
    }
}

impl std::error::Error for Stop {}

impl ResourceLimiter for Host {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Stopped at once: told that memory is short, a module could only say so in words of its own.
        match desired > self.memory_max {
            true => Err(Stop::Limit(Limit::Memory).into()),
            false => Ok(true),
        }
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_MAX)
    }
}
