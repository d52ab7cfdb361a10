//! Which compiler makes the modules: rustup's, where it has or can add the targets, else Debian's with its
//! sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{answer, on_path, quietly, remap_crates};
use crate::workspace::Workspace;
use crate::{Result, process, progress, sysroot};

/// Target of the filters: no system interface but what they import themselves.
pub(crate) const FILTER_TARGET: &str = "wasm32-unknown-unknown";
/// Target of the KRM functions: a command with stdin and stdout.
pub(crate) const FUNCTION_TARGET: &str = "wasm32-wasip1";

/// Set to `rustup`, `debian`, or the path of a `rustc` to use that and nothing else.
const CHOICE: &str = "LEAFPACK_WASM_TOOLCHAIN";

/// Debian's packages that the second way needs. `lld` only where rustup brings no `rust-lld`.
const PACKAGES: [&str; 6] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "wasi-libc",
    "llvm",
    "lld",
];

/// A compiler that has both targets.
pub(crate) struct Toolchain {
    /// The compiler; `None` is the one that cargo uses anyway.
    rustc: Option<PathBuf>,
}

impl Toolchain {
    /// Finds a compiler with both targets, installs what is missing where it may, and says in one line what
    /// it took.
    pub(crate) fn find(workspace: &Workspace) -> Result<Self> {
        let choice = std::env::var(CHOICE).unwrap_or_default();
        let found = match choice.as_str() {
            "" => Self::rustup().or_else(|why| Self::debian(workspace, &why)),
            "rustup" => Self::rustup(),
            "debian" => Self::debian(workspace, "as asked for"),
            path => Self::at(Path::new(path)),
        };
        found.map_err(|why| {
            format!(
                "no compiler for {FILTER_TARGET} and {FUNCTION_TARGET}: {why}\n\
                 Install one of:\n  rustup target add {FILTER_TARGET} {FUNCTION_TARGET}\n  \
                 apt-get install -y {}\n\
                 or set {CHOICE} to the path of a rustc that has both.",
                PACKAGES.join(" ")
            )
        })
    }

    fn at(path: &Path) -> Result<Self> {
        if has_targets(path) {
            eprintln!("toolchain: {} ({CHOICE})", version(path));
            return Ok(Self {
                rustc: Some(path.to_path_buf()),
            });
        }
        Err(format!("{} ({CHOICE}) lacks them", path.display()))
    }

    /// The compiler that cargo uses, with the targets that it has or that rustup adds to it.
    fn rustup() -> Result<Self> {
        let rustc = Path::new("rustc");
        if !has_targets(rustc) {
            if on_path("rustup").is_none() {
                return Err(
                    "rustc has not both targets, and there is no rustup to add them".into(),
                );
            }
            let add = ["target", "add", FILTER_TARGET, FUNCTION_TARGET];
            progress::step("adding the WebAssembly targets with rustup", || {
                quietly(Command::new("rustup").args(add))
            })
            .map_err(|error| error.lines().last().unwrap_or("rustup failed").to_string())?;
            if !has_targets(rustc) {
                return Err("rustup added the targets, and rustc does not see them".into());
            }
        }
        eprintln!(
            "toolchain: {} with its own WebAssembly targets",
            version(rustc)
        );
        Ok(Self { rustc: None })
    }

    /// Debian's compiler, with standard libraries built from Debian's sources.
    fn debian(workspace: &Workspace, why: &str) -> Result<Self> {
        if on_path("apt-get").is_none() {
            return Err(why.to_string());
        }
        if !sysroot::installed() {
            if answer(Command::new("id").arg("-u")).as_deref() != Some("0") {
                return Err(format!(
                    "{why}; Debian's packages can be installed by root only"
                ));
            }
            progress::step("installing Debian's Rust for WebAssembly", || {
                quietly(Command::new("apt-get").args(["update", "-qq"]))?;
                let mut install = Command::new("apt-get");
                install
                    .args(["install", "-y", "-qq", "--no-install-recommends"])
                    .args(PACKAGES);
                quietly(install.env("DEBIAN_FRONTEND", "noninteractive"))
            })?;
        }
        let rustc = sysroot::ensure(&workspace.root.join("target/wasm-toolchain"))?;
        eprintln!(
            "toolchain: {} from Debian, its standard libraries built from source ({why})",
            version(&rustc)
        );
        Ok(Self { rustc: Some(rustc) })
    }

    /// `cargo build` for a module, free of settings that would change its bytes.
    pub(crate) fn cargo_build(&self, workspace: &Workspace, target: &str) -> Command {
        let mut cargo = process::cargo();
        cargo
            .current_dir(&workspace.root)
            .env("CARGO_TARGET_DIR", &workspace.target);
        for name in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
        ] {
            cargo.env_remove(name);
        }
        if let Some(rustc) = &self.rustc {
            cargo.env("RUSTC", rustc);
        }
        cargo.args(["build", "--quiet", "--target", target]);
        // Panic messages name source files: the same ones wherever the checkout and cargo's folder are.
        let mut flags = vec![format!(
            "--remap-path-prefix={}=leafpack",
            workspace.root.display()
        )];
        flags.extend(remap_crates());
        cargo
            .arg("--config")
            .arg(format!("target.{target}.rustflags={flags:?}"));
        cargo
    }
}

/// Whether the compiler has the standard library (or its core) for both targets.
fn has_targets(rustc: &Path) -> bool {
    [FILTER_TARGET, FUNCTION_TARGET].iter().all(|target| {
        let folder =
            answer(Command::new(rustc).args(["--print", "target-libdir", "--target", target]));
        folder
            .and_then(|folder| std::fs::read_dir(folder).ok())
            .is_some_and(|entries| {
                entries.flatten().any(|entry| {
                    let name = entry.file_name();
                    let name = name.to_string_lossy();
                    name.starts_with("libstd-") && name.ends_with(".rlib")
                })
            })
    })
}

fn version(rustc: &Path) -> String {
    answer(Command::new(rustc).arg("--version")).unwrap_or_else(|| rustc.display().to_string())
}
