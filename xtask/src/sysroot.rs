//! A sysroot with the WebAssembly standard libraries, built once from Debian's `rust-web-src`.
//!
//! Debian ships rustc and its sources, and no libraries for wasm32. Built once into a folder of their own, with
//! a wrapper that names this folder as sysroot, they serve plain stable cargo from then on: no `-Z` flag, no
//! rebuild for each profile, and nothing in `Cargo.lock`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::process::{answer, on_path, quietly, remap_crates};
use crate::toolchain::{FILTER_TARGET, FUNCTION_TARGET};
use crate::workspace::{create_folder, read, write_if_changed};
use crate::{Result, progress};

const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const WASI_LIBC: &str = "/usr/lib/wasm32-wasi";
/// The C start-up code that rustc links into commands and reactors of wasm32-wasip1.
const SELF_CONTAINED: [&str; 3] = ["crt1-command.o", "crt1-reactor.o", "libc.a"];

/// Raised when the recipe changes, so that older folders are built anew.
const RECIPE: u32 = 2;

/// What today's std links against and the wasi-libc of Debian 12 (2022) lacks. There are no threads on
/// wasm32-wasip1: each answers with an error number of wasi-libc (6 EAGAIN, 28 EINVAL) or null.
const STUBS: &str = "\
#![no_std]
macro_rules! stub {
    ($($name:ident($($arg:ident),*) -> $result:expr;)*) => {
        $(#[unsafe(no_mangle)] pub extern \"C\" fn $name($($arg: usize),*) -> i32 { $(let _ = $arg;)* $result })*
    };
}
stub! {
    pthread_create(thread, attributes, start, argument) -> 6;
    pthread_join(thread, value) -> 28;
    pthread_detach(thread) -> 28;
    pthread_attr_init(attributes) -> 0;
    pthread_attr_destroy(attributes) -> 0;
    pthread_attr_setstacksize(attributes, size) -> 0;
    realpath(path, resolved) -> 0;
}
";

/// Whether everything from Debian that [`ensure`] needs is there.
pub(crate) fn installed() -> bool {
    let files = [
        Path::new(RUSTC),
        Path::new(CARGO),
        &Path::new(WASI_LIBC).join("libc.a"),
    ];
    files.iter().all(|file| file.is_file())
        && sources().is_some()
        && on_path("llvm-ar").is_some()
        && linker().is_some()
}

/// Root of the sources of std that belong to Debian's compiler.
fn sources() -> Option<PathBuf> {
    let root = answer(Command::new(RUSTC).args(["--print", "sysroot"]))?;
    let library = Path::new(&root).join("lib/rustlib/src/rust/library");
    library.join("std/Cargo.toml").is_file().then_some(library)
}

/// `rust-lld` of a rustup toolchain, or `wasm-ld` of Debian's lld: rustc calls either as "lld -flavor wasm".
fn linker() -> Option<PathBuf> {
    let native = answer(Command::new("rustc").args(["--print", "sysroot"]))?;
    let host = host("rustc")?;
    let lld = Path::new(&native)
        .join("lib/rustlib")
        .join(host)
        .join("bin/rust-lld");
    if lld.is_file() {
        return Some(lld);
    }
    on_path("rust-lld")
        .or_else(|| on_path("wasm-ld"))?
        .canonicalize()
        .ok()
}

fn host(rustc: &str) -> Option<String> {
    let text = answer(Command::new(rustc).arg("-vV"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_string)
}

/// Path of the wrapped compiler inside of `folder`, after building what is not there yet. The folder's name
/// holds a digest of the compiler's version: cargo asks only the wrapper, and would not see an upgrade.
pub(crate) fn ensure(folder: &Path) -> Result<PathBuf> {
    let version = answer(Command::new(RUSTC).arg("-vV")).ok_or("Debian's rustc does not run")?;
    let digest = Sha256::digest(format!("{RECIPE}\n{version}"));
    let key: String = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let folder = folder.join(key);
    let rustc = folder.join("bin/rustc");
    if !folder.join("complete").is_file() {
        progress::step("building the WebAssembly standard libraries, once", || {
            build(&folder)
        })?;
    }
    Ok(rustc)
}

fn build(folder: &Path) -> Result<()> {
    let host = host(RUSTC).ok_or("Debian's rustc does not say its host")?;
    let root = answer(Command::new(RUSTC).args(["--print", "sysroot"]))
        .ok_or("Debian's rustc has no sysroot")?;
    let linker = linker().ok_or("there is neither rust-lld nor wasm-ld")?;
    let seed = folder.join("seed");
    for made in [
        &seed.join("src"),
        &folder.join("bin"),
        &folder.join("lib/rustlib").join(&host).join("bin"),
    ] {
        create_folder(made)?;
    }
    link(
        &Path::new(&root).join("lib/rustlib").join(&host).join("lib"),
        &host_lib(folder, &host),
    )?;
    link(
        &linker,
        &folder.join("lib/rustlib").join(&host).join("bin/rust-lld"),
    )?;
    let wrapper = folder.join("bin/rustc");
    let text = format!(
        "#!/bin/sh\nexec {RUSTC} --sysroot '{}' \"$@\"\n",
        folder.display()
    );
    write_if_changed(&wrapper, text.as_bytes())?;
    executable(&wrapper)?;

    let manifest = "[package]\nname = \"seed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[profile.release]\n\
                    opt-level = 3\ncodegen-units = 1\n\n[workspace]\n";
    write_if_changed(&seed.join("Cargo.toml"), manifest.as_bytes())?;
    write_if_changed(&seed.join("src/lib.rs"), b"#![no_std]\n")?;
    for target in [FUNCTION_TARGET, FILTER_TARGET] {
        libraries(folder, &seed, target)?;
    }
    let self_contained = target_lib(folder, FUNCTION_TARGET).join("self-contained");
    create_folder(&self_contained)?;
    for file in SELF_CONTAINED {
        write_if_changed(
            &self_contained.join(file),
            &read(&Path::new(WASI_LIBC).join(file))?,
        )?;
    }
    stubs(&wrapper, &seed, &self_contained.join("libc.a"))?;
    // 300 MB that nobody needs again.
    let _ = std::fs::remove_dir_all(seed.join("target"));
    write_if_changed(&folder.join("complete"), b"")
}

/// Builds std for one target and puts its libraries where the compiler looks.
fn libraries(folder: &Path, seed: &Path, target: &str) -> Result<()> {
    let mut cargo = Command::new(CARGO);
    cargo
        .current_dir(seed)
        .args(["build", "--quiet", "--release", "--target", target]);
    cargo.arg("-Zbuild-std=std,panic_abort");
    cargo
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTUP_TOOLCHAIN");
    cargo.env("RUSTC", RUSTC).env("RUSTC_BOOTSTRAP", "1");
    cargo.env("CARGO_TARGET_DIR", seed.join("target"));
    // Bitcode, so that modules can be linked with fat LTO.
    let mut flags = vec!["-Cembed-bitcode=yes".to_string(), format!("-L{WASI_LIBC}")];
    flags.extend(remap_crates());
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    quietly(&mut cargo)?;
    let lib = target_lib(folder, target);
    let _ = std::fs::remove_dir_all(&lib);
    create_folder(&lib)?;
    let built = seed.join("target").join(target).join("release/deps");
    let entries = std::fs::read_dir(&built)
        .map_err(|error| format!("cannot read {}: {error}", built.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let is_seed = entry.file_name().to_string_lossy().starts_with("libseed-");
        if path.extension() == Some(OsStr::new("rlib")) && !is_seed {
            write_if_changed(&lib.join(entry.file_name()), &read(&path)?)?;
        }
    }
    Ok(())
}

/// Adds [`STUBS`] to the C library.
fn stubs(rustc: &Path, seed: &Path, libc: &Path) -> Result<()> {
    let source = seed.join("stubs.rs");
    let object = seed.join("stubs.o");
    write_if_changed(&source, STUBS.as_bytes())?;
    let mut compile = Command::new(rustc);
    compile.args([
        "--edition",
        "2024",
        "--crate-type",
        "lib",
        "--emit",
        "obj",
        "-Cpanic=abort",
        "-Copt-level=s",
    ]);
    compile
        .args(["--target", FUNCTION_TARGET])
        .arg(&source)
        .arg("-o")
        .arg(&object);
    quietly(&mut compile)?;
    quietly(Command::new("llvm-ar").arg("r").arg(libc).arg(&object))?;
    Ok(())
}

fn target_lib(folder: &Path, target: &str) -> PathBuf {
    folder.join("lib/rustlib").join(target).join("lib")
}

fn host_lib(folder: &Path, host: &str) -> PathBuf {
    target_lib(folder, host)
}

fn link(target: &Path, link: &Path) -> Result<()> {
    let _ = std::fs::remove_file(link);
    std::os::unix::fs::symlink(target, link)
        .map_err(|error| format!("cannot link {}: {error}", link.display()))
}

fn executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
        .map_err(|error| format!("cannot make {} executable: {error}", path.display()))
}
