//! The filter modules that functions put into a cluster.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use krm_rs::ResultItem;

/// The first release of Fluent Bit, as major and minor version, that keeps one instance of a filter for the life of the
/// process; before, each call has its own, and the first half of a line would be lost with it.
pub const INSTANCES_LAST: [u32; 2] = [4, 1];

/// A ConfigMap may be applied with `kubectl apply` as long as its JSON fits the annotation in which kubectl keeps it:
/// 262,144 bytes (`TotalAnnotationSizeLimitB` in Kubernetes' `apimachinery`). The API server itself would take 1 MiB.
pub const LIMIT: usize = 262_144;

/// What the rest of the ConfigMap may take of [`LIMIT`], in bytes: its name, labels and annotations.
const REST: usize = 4_096;

/// A filter, by its module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    /// `audit.wasm`.
    Audit,
    /// `container-logs.wasm`.
    ContainerLogs,
    /// `cri.wasm`.
    Cri,
    /// `tenant.wasm`.
    Tenant,
}

impl Filter {
    /// The name of the module, without `.wasm`; that of its settings file, without `.json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Filter::Audit => "audit",
            Filter::ContainerLogs => "container-logs",
            Filter::Cri => "cri",
            Filter::Tenant => "tenant",
        }
    }

    /// The function that it exports for `Event_Format json`; the one for msgpack has `_msgpack` behind it.
    #[must_use]
    pub fn function(self) -> &'static str {
        match self {
            Filter::ContainerLogs => "container_logs",
            other => other.name(),
        }
    }

    /// The module's file.
    #[must_use]
    pub fn module_file(self) -> String {
        format!("{}.wasm", self.name())
    }

    /// The file of its settings.
    #[must_use]
    pub fn settings_file(self) -> String {
        format!("{}.json", self.name())
    }
}

/// The built filters; an empty one was not built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Modules<'a> {
    /// `audit.wasm`.
    pub audit: &'a [u8],
    /// `container-logs.wasm`.
    pub container_logs: &'a [u8],
    /// `cri.wasm`.
    pub cri: &'a [u8],
    /// `tenant.wasm`.
    pub tenant: &'a [u8],
}

/// Why modules cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The function was compiled without them.
    Missing,
    /// They do not fit their ConfigMap; in bytes, as base64.
    TooLarge(usize),
}

impl<'a> Modules<'a> {
    /// One of them.
    #[must_use]
    pub fn get(&self, filter: Filter) -> &'a [u8] {
        match filter {
            Filter::Audit => self.audit,
            Filter::ContainerLogs => self.container_logs,
            Filter::Cri => self.cri,
            Filter::Tenant => self.tenant,
        }
    }

    /// Makes sure that these are there, and fit a ConfigMap together.
    ///
    /// # Errors
    /// Where they are not, or do not.
    pub fn check(&self, filters: &[Filter]) -> Result<(), Fault> {
        let mut size = 0;
        for filter in filters {
            let module = self.get(*filter);
            if module.is_empty() {
                return Err(Fault::Missing);
            }
            size += encoded(module).len();
        }
        if size > LIMIT - REST {
            return Err(Fault::TooLarge(size));
        }
        Ok(())
    }
}

impl Fault {
    /// What is said of it.
    #[must_use]
    pub fn result(&self) -> ResultItem {
        match self {
            Fault::Missing => ResultItem::error(
                "this function was built without its filter modules",
                "run cargo xtask build",
            ),
            Fault::TooLarge(size) => ResultItem::error(
                format!(
                    "the filter modules take {size} bytes of a ConfigMap, of which {LIMIT} fit"
                ),
                "build them with cargo xtask build, which checks their size",
            ),
        }
    }
}

/// As a ConfigMap's `binaryData` holds it.
pub fn encoded(module: &[u8]) -> String {
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
            audit: include_bytes!(concat!(env!("OUT_DIR"), "/audit.wasm")),
            container_logs: include_bytes!(concat!(env!("OUT_DIR"), "/container-logs.wasm")),
            cri: include_bytes!(concat!(env!("OUT_DIR"), "/cri.wasm")),
            tenant: include_bytes!(concat!(env!("OUT_DIR"), "/tenant.wasm")),
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
                audit: b"\0asm",
                ..Modules::default()
            }
            .check(&[Filter::ContainerLogs, Filter::Audit])
        };
        assert_eq!(check(0), Err(Fault::Missing));
        assert_eq!(check(32 * 1024), Ok(()));
        // 258,048 bytes of base64 are 193,536 bytes of module; the other one takes eight.
        assert_eq!(check(193_530), Ok(()));
        assert_eq!(check(193_531), Err(Fault::TooLarge(258_052)));
    }
}
