//! `leafpack-precompile IN.wasm OUT.cwasm [IN.wasm OUT.cwasm …]`

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use leafpack_precompile::Compiler;

const USAGE: &str = "usage: leafpack-precompile IN.wasm OUT.cwasm [IN.wasm OUT.cwasm …]";

fn main() -> ExitCode {
    let paths: Vec<_> = env::args_os().skip(1).collect();
    if paths.is_empty() || paths.len() % 2 != 0 {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    let compiled = Compiler::new()
        .map_err(|why| why.to_string())
        .and_then(|compiler| {
            paths
                .chunks(2)
                .try_for_each(|pair| compile(&compiler, Path::new(&pair[0]), Path::new(&pair[1])))
        });
    match compiled {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Compiles one module, unless its code is newer than both the module and this program.
fn compile(compiler: &Compiler, from: &Path, to: &Path) -> Result<(), String> {
    let program = env::current_exe().unwrap_or_default();
    if is_newer(to, from) && is_newer(to, &program) {
        return Ok(());
    }
    let wasm = fs::read(from).map_err(|why| format!("{}: {why}", from.display()))?;
    let code = compiler
        .compile(&wasm)
        .map_err(|why| format!("{}: {why}", from.display()))?;
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    }
    // Whoever is stopped half-way leaves no file that looks done.
    let mut unfinished = to.as_os_str().to_owned();
    unfinished.push(format!(".{}.tmp", std::process::id()));
    let written = fs::write(&unfinished, code).and_then(|()| fs::rename(&unfinished, to));
    written.map_err(|why| {
        let _ = fs::remove_file(&unfinished);
        format!("{}: {why}", to.display())
    })
}

fn is_newer(file: &Path, than: &Path) -> bool {
    let time = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    matches!((time(file), time(than)), (Some(file), Some(than)) if file > than)
}
