//! What the tests of leafpack's KRM functions share.
//!
//! A function is run in this process by [`run`] and [`run_on`], and as a program under the real kustomize by
//! [`kustomize`]. What comes out is held to [`golden`] files, to [`snapshot!`]s, to strict [`schemas`], and to what the
//! function's [`readme`] says.
//!
//! Everything here panics where a test is to fail, and says what was found.
#![forbid(unsafe_code)]

pub mod golden;
pub mod kustomize;
mod modules;
pub mod readme;
mod run;
pub mod schemas;

pub use modules::{Large, Placeholder, Unbuilt, has_filters};
pub use run::{emit, items, objects, objects_on, parse, results, run, run_on, tree};

#[doc(hidden)]
pub use insta;

/// Holds a text to the snapshot of this name: `snapshots/<name>.snap` beside the file of the test.
///
/// `INSTA_UPDATE=always cargo test` writes it anew.
#[macro_export]
macro_rules! snapshot {
    ($name:expr, $text:expr) => {{
        let (name, text): (&str, &str) = (&$name, &$text);
        let mut settings = $crate::insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| $crate::insta::assert_snapshot!(name, text));
    }};
}
