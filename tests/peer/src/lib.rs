//! How tests find what they drive: the checkout, what was built in it, and other programs; and what happens where
//! one is not there. Also the one independent reader of what filters write, and of their tables of cases.
//!
//! `cargo xtask test` sets two variables: `LEAFPACK_SKIPS`, a file to which each skipped test appends a line,
//! and `LEAFPACK_REQUIRE`, a list as `kustomize,fluent-bit=3.2.2,4.1.1` of what must not be skipped.

pub mod json;
mod place;
pub mod table;
mod tools;
pub mod vmagent;

pub use place::{dist, dist_or_skip, workspace};
pub use tools::{
    FluentBit, find, fluent_bits, fluent_bits_or_skip, or_skip, schemas_or_skip, skip,
};
