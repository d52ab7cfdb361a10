//! Runs a KRM function: bytes in, bytes out.

use std::sync::Arc;

use crate::catalog::Function;
use crate::sandbox::{Cause, Failure, Host, Limits, Sandbox};

/// What a function's run left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its exit status: 0, or the failure that its output tells about.
    pub status: u8,
    /// What it wrote to standard output: a ResourceList.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error: the results as text.
    pub stderr: Vec<u8>,
}

/// A run that was stopped, or never began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Why.
    pub failure: Failure,
    /// What it had written to standard error until then, such as a panic's message.
    pub stderr: Vec<u8>,
}

impl Function {
    /// Runs the function with `input` on its standard input.
    ///
    /// # Errors
    /// [`Stopped`], if it passed a limit, crashed, or is not made for this host. Its output so far is thrown away:
    /// half a ResourceList is none.
    pub fn run(&self, input: impl Into<Arc<Vec<u8>>>, limits: Limits) -> Result<Run, Stopped> {
        let host = Host::for_function(input.into(), &limits);
        let mut sandbox =
            Sandbox::new(self.name, self.code, host, limits).map_err(|failure| Stopped {
                failure,
                stderr: Vec::new(),
            })?;
        let run = sandbox
            .instance
            .get_typed_func::<(), ()>(&mut sandbox.store, "_start");
        let ended = match run {
            Ok(start) => start.call(&mut sandbox.store, ()),
            Err(_) => {
                let why = "it exports no _start, so it isn't a wasm32-wasip1 command".to_owned();
                let failure = sandbox.failure(Cause::Unfit(why));
                return Err(Stopped {
                    failure,
                    stderr: Vec::new(),
                });
            }
        };
        let failure = ended.err().map(|error| sandbox.failed(&error));
        let (stdout, stderr) = sandbox.store.data_mut().take_written();
        match failure.map(|failure| (failure.cause.clone(), failure)) {
            None => Ok(Run {
                status: 0,
                stdout,
                stderr,
            }),
            Some((Cause::Exit(status), _)) => Ok(Run {
                status,
                stdout,
                stderr,
            }),
            Some((_, failure)) => Err(Stopped { failure, stderr }),
        }
    }
}
