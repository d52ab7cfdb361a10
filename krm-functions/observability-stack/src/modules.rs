//! The filter modules that the stack puts into the cluster.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A ConfigMap may be applied with `kubectl apply` as long as its JSON fits the annotation in which kubectl keeps it:
/// 262,144 bytes (`TotalAnnotationSizeLimitB` in Kubernetes' `apimachinery`). The API server itself would take 1 MiB.
pub(crate) const LIMIT: usize = 262_144;

/// What the rest of the ConfigMap may take of [`LIMIT`], in bytes: its name, labels and annotations.
const REST: usize = 4_096;

/// The built filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modules<'a> {
    /// `container-logs.wasm`.
    pub container_logs: &'a [u8],
}

/// Why modules cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The function was compiled without them.
    Missing,
    /// They do not fit their ConfigMap; in bytes, as base64.
    TooLarge(usize),
}

impl Modules<'_> {
    /// Makes sure that the modules are there, and fit a ConfigMap.
    ///
    /// # Errors
    /// Where they are not, or do not.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if self.container_logs.is_empty() {
            return Err(Fault::Missing);
        }
        let size = encoded(self.container_logs).len();
        if size > LIMIT - REST {
            return Err(Fault::TooLarge(size));
        }
        Ok(())
    }
}

/// As a ConfigMap's `binaryData` holds it.
pub(crate) fn encoded(module: &[u8]) -> String {
    STANDARD.encode(module)
}

/// Where the modules come from: built in, or given by a test.
pub trait Source {
    /// The modules.
    fn modules() -> Modules<'static>;
}

/// The modules that `cargo xtask build` had made when this was compiled.
#[derive(Debug, Clone, Copy)]
pub struct Embedded;

impl Source for Embedded {
    fn modules() -> Modules<'static> {
        Modules {
            container_logs: include_bytes!(concat!(env!("OUT_DIR"), "/container-logs.wasm")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_fits() {
        let check = |size: usize| {
            Modules {
                container_logs: &vec![0; size],
            }
            .check()
        };
        assert_eq!(check(0), Err(Fault::Missing));
        assert_eq!(check(32 * 1024), Ok(()));
        // 258,048 bytes of base64 are 193,536 bytes of module.
        assert_eq!(check(193_536), Ok(()));
        assert_eq!(check(193_537), Err(Fault::TooLarge(258_052)));
    }
}
