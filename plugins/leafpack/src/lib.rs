//! Runs leafpack's WebAssembly modules: KRM functions for kustomize and kubectl, Fluent Bit filters for people.
//!
//! The binary is [`run`] with the process's own streams. As a library this crate runs a filter the way Fluent Bit
//! does ([`FilterInstance`]) and a function the way kustomize does ([`Function::run`]), in the same sandbox.
//!
//! The modules are embedded as machine code that `cargo xtask build` made; plain `cargo build` gives a binary without
//! any, which says so when one is needed.

mod catalog;
mod chain;
mod cli;
mod engine;
mod exec;
mod explain;
mod filter;
mod function;
mod host_json;
mod log_test;
mod peek;
mod record;
mod sandbox;
pub mod tail;

pub use catalog::{Catalog, Filter, Function, Unknown};
pub use cli::{World, run};
pub use filter::{FilterInstance, LoadError, Lost, RecordTime};
pub use function::{Run, Stopped};
pub use sandbox::{BadLimit, Cause, Code, Failure, Limit, Limits};
