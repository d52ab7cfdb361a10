//! Runs a module so that it can't do more than it should.
//!
//! A module sees standard input, output and error, and (a filter) one read-only folder in memory; see [`wasi`].
//! There are no files, no network, no environment, no arguments and no clock. Memory, time and output are bounded by
//! [`Limits`].

mod code;
mod host;
mod limits;
mod ticker;
mod wasi;

use std::fmt;

use wasmtime::{Engine, Instance, Linker, Module, Store, Trap};

pub use code::Code;
pub(crate) use code::EMBEDDED;
pub(crate) use host::{File, Host};
pub use limits::{BadLimit, Limit, Limits};

/// Why a module's run came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The module's name.
    pub module: &'static str,
    /// What happened.
    pub cause: Cause,
    /// The limits that it ran under.
    pub limits: Limits,
}

/// What can happen to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// It went beyond a limit.
    Limit(Limit),
    /// It trapped (a panic in Rust traps too), or ran out of stack: wasmtime's reason.
    Trap(String),
    /// It is not made for this host: what it needs, or what it lacks.
    Unfit(String),
    /// It ended itself, with this status, where it should have returned.
    Exit(u8),
}

impl Failure {
    /// The sentence that says what happened.
    #[must_use]
    pub fn message(&self) -> String {
        let Failure {
            module,
            cause,
            limits,
        } = self;
        match cause {
            Cause::Limit(limit) => {
                let bound = limits.text(*limit, 1);
                let what = match limit {
                    Limit::Memory => format!("needed more than {bound} of memory"),
                    Limit::Time => format!("ran for more than {bound}"),
                    Limit::Output => format!("wrote more than {bound} of output"),
                };
                format!("the module {module} {what}, and was stopped")
            }
            Cause::Trap(why) => format!("the module {module} crashed: {why}"),
            Cause::Unfit(why) => format!("the module {module} can't be run: {why}"),
            Cause::Exit(status) => format!("the module {module} ended itself with status {status}"),
        }
    }

    /// What a user can do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        match &self.cause {
            Cause::Limit(limit) => {
                let more = self.limits.text(*limit, 2).replace(' ', "");
                format!(
                    "to allow more, set {}={more}, or give {} {more} on the command line",
                    limit.variable(),
                    limit.option()
                )
            }
            Cause::Trap(_) | Cause::Exit(_) => {
                "this is a mistake in the module: please report it, with the input".to_owned()
            }
            Cause::Unfit(_) => "build launcher and modules together: cargo xtask build".to_owned(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message(), self.fix())
    }
}

impl std::error::Error for Failure {}

/// A module, instantiated, with its limits in force.
pub(crate) struct Sandbox {
    pub(crate) store: Store<Host>,
    pub(crate) instance: Instance,
    name: &'static str,
    limits: Limits,
    ticks: u64,
}

impl Sandbox {
    /// Loads and instantiates `code`. What the module does while it starts counts against `limits`.
    pub(crate) fn new(
        name: &'static str,
        code: Code,
        host: Host,
        limits: Limits,
    ) -> Result<Self, Failure> {
        Self::try_new(name, code, host, limits).map_err(|cause| Failure {
            module: name,
            cause,
            limits,
        })
    }

    fn try_new(name: &'static str, code: Code, host: Host, limits: Limits) -> Result<Self, Cause> {
        let unfit = |why: wasmtime::Error| Cause::Unfit(format!("{why:#}"));
        let engine = Engine::new(&crate::engine::config()).map_err(unfit)?;
        let module = code.load(&engine).map_err(unfit)?;
        let mut linker = Linker::new(&engine);
        wasi::add_to(&mut linker).map_err(unfit)?;
        let mut store = Store::new(&engine, host);
        check_imports(&linker, &mut store, &module)?;
        store.limiter(|host| host);
        let ticks = ticker::start(&engine, limits.time)
            .map_err(|why| Cause::Unfit(format!("no thread to watch the time: {why}")))?;
        store.set_epoch_deadline(ticks);
        let instance = linker
            .instantiate(&mut store, &module)
            .map_err(|why| cause(&why).unwrap_or_else(|| unfit(why)))?;
        Ok(Sandbox {
            store,
            instance,
            name,
            limits,
            ticks,
        })
    }

    /// Gives the next call its full time.
    pub(crate) fn restart_clock(&mut self) {
        self.store.set_epoch_deadline(self.ticks);
    }

    /// A cause as this module's failure.
    pub(crate) fn failure(&self, cause: Cause) -> Failure {
        Failure {
            module: self.name,
            cause,
            limits: self.limits,
        }
    }

    /// The error of a call as this module's failure.
    pub(crate) fn failed(&self, error: &wasmtime::Error) -> Failure {
        let cause = cause(error).unwrap_or_else(|| Cause::Trap(format!("{error:#}")));
        self.failure(cause)
    }
}

/// What stands behind wasmtime's error, if the code ran: one of our reasons to stop it, or a trap.
fn cause(error: &wasmtime::Error) -> Option<Cause> {
    match error.downcast_ref::<host::Stop>() {
        Some(host::Stop::Limit(limit)) => return Some(Cause::Limit(*limit)),
        Some(host::Stop::Exit(status)) => return Some(Cause::Exit(*status)),
        None => {}
    }
    match error.downcast_ref::<Trap>()? {
        Trap::Interrupt => Some(Cause::Limit(Limit::Time)),
        trap => Some(Cause::Trap(trap.to_string())),
    }
}

/// Names an import that isn't there; wasmtime's own message would do, but for the reader it needs the reason.
fn check_imports(
    linker: &Linker<Host>,
    store: &mut Store<Host>,
    module: &Module,
) -> Result<(), Cause> {
    for import in module.imports() {
        let (from, name) = (import.module(), import.name());
        if linker.get(&mut *store, from, name).is_err() {
            return Err(Cause::Unfit(format!(
                "it imports {from}.{name}, which the sandbox doesn't have (no files, network, environment or clock)"
            )));
        }
    }
    Ok(())
}
