#![cfg_attr(target_arch = "wasm32", no_std)]
#![doc = include_str!("../README.md")]

#[cfg(not(target_arch = "wasm32"))]
extern crate std;

#[cfg(target_arch = "wasm32")]
pub mod abi;
pub mod arena;
mod call;
pub mod json;
mod memo;
pub mod msgpack;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
mod output;
pub mod run;
pub mod settings;
pub mod time;

pub use call::{Call, Verdict};
pub use memo::Memo;
pub use output::{ERROR_FIELD, Object, OpenString, Output, RECORD_FIELD};
pub use settings::{Notes, Settings, Source};
pub use time::Time;

/// Exports filters to Fluent Bit and, natively, makes a `main` that runs them over JSON lines.
///
/// `module` is the name of the `.wasm` file, and so of the settings file `<module>.json`; `settings` is
/// the type that holds them (`()` for none); each function of `functions` becomes a `Function_Name` for the host's
/// default `Event_Format json`, each of `msgpack` one for `Event_Format msgpack` (see [`crate::msgpack`]).
///
/// A filter is a plain function `fn(&Call<'_>, &S, &mut Output<'_>) -> Verdict`. It is called again with
/// a larger buffer where its output did not fit, so it must not count calls.
#[macro_export]
macro_rules! export {
    (module: $module:literal, settings: $settings:ty, functions: { $($name:ident => $filter:path),+ $(,)? }
        $(, msgpack: { $($packed:ident => $packed_filter:path),+ $(,)? })? $(,)?) => {
        #[cfg(target_arch = "wasm32")]
        $crate::export_wasm!($module, $settings, $(Json $name => $filter),+ $($(, Msgpack $packed => $packed_filter)+)?);

        #[cfg(not(target_arch = "wasm32"))]
        fn main() -> ::std::process::ExitCode {
            $crate::native::main::<$settings>($module, &[$((stringify!($name), $filter)),+])
        }
    };
}
