//! The filters that a function carries.

use leafpack_fn_common::modules::{Embedded, Modules, Source};

/// The smallest module that there is: its magic number and version, and no section.
const SMALLEST: &[u8] = b"\0asm\x01\0\0\0";

/// The smallest modules there are: golden files stay readable, and do not change with the filters.
#[derive(Debug, Clone, Copy)]
pub struct Placeholder;

impl Source for Placeholder {
    fn modules() -> Modules<'static> {
        Modules {
            audit: SMALLEST,
            container_logs: SMALLEST,
            cri: SMALLEST,
            tenant: SMALLEST,
        }
    }
}

/// No modules, as where functions were compiled before the filters.
#[derive(Debug, Clone, Copy)]
pub struct Unbuilt;

impl Source for Unbuilt {
    fn modules() -> Modules<'static> {
        Modules::default()
    }
}

/// A module that fits no ConfigMap: in base64 it alone is longer than `leafpack_fn_common::modules::LIMIT`.
#[derive(Debug, Clone, Copy)]
pub struct Large;

impl Source for Large {
    fn modules() -> Modules<'static> {
        Modules {
            container_logs: &[0; 200_000],
            ..Modules::default()
        }
    }
}

/// Whether functions carry the real filters; says that `test` is skipped where they were compiled without.
///
/// # Panics
/// Where the filters were built after the functions.
pub fn has_filters(test: &str) -> bool {
    let built = leafpack_peer::dist_or_skip(test, "filters/container-logs.wasm").is_some();
    assert!(
        !built || !Embedded::modules().container_logs.is_empty(),
        "dist/ has the filters and this crate was built without them: build it again"
    );
    built
}
