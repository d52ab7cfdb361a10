//! The configuration language of Grafana Alloy: read as far as it takes to find blocks, attributes and objects, and
//! changed in place, such that everything else stays as it is written.
//!
//! The grammar is that of grafana/alloy, `syntax/scanner` and `syntax/parser`. Expressions are not looked into, but for
//! objects and strings.

mod change;
mod lex;
mod object;
mod parse;

pub(crate) use change::{Line, forwarders, insert, remove, replace};
pub(crate) use object::{literal, object};
pub(crate) use parse::{Block, Body, parse, refers_to};
