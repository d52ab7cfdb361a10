//! `leafpack plugin install`: kustomize's older plugins, which kubectl runs too.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use super::{Done, World, in_file, print};
use crate::catalog::{Catalog, without_modules};
use crate::cli::args::InstallArgs;

pub(super) fn install(args: &InstallArgs, catalog: &Catalog, world: &mut World<'_>) -> Done {
    if catalog.kinds().next().is_none() {
        return Err(without_modules().into());
    }
    let program = env::current_exe();
    let program = program.map_err(|why| format!("this program's own file: {why}"))?;
    for (api_version, kind) in catalog.kinds() {
        let place = args
            .home
            .join(api_version)
            .join(kind.to_lowercase())
            .join(kind);
        place_program(&program, &place, args.copy).map_err(|why| in_file(&place, why))?;
        print(world.stdout, format!("{}\n", place.display()).as_bytes())?;
    }
    let home = std::path::absolute(&args.home).unwrap_or_else(|_| args.home.clone());
    print(
        world.stdout,
        format!(
            "\nNow, for a folder whose generators or transformers list one of these kinds:\n  \
         KUSTOMIZE_PLUGIN_HOME={} kubectl kustomize --enable-alpha-plugins DIR\n",
            quoted(&home)
        )
        .as_bytes(),
    )?;
    Ok(())
}

/// A link follows the binary when that is replaced by a newer one, and takes no room; a copy is for where the binary
/// won't be. What is already right stays as it is.
fn place_program(program: &Path, place: &Path, copy: bool) -> io::Result<()> {
    let folder = place.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    match fs::symlink_metadata(place) {
        Err(_) => {}
        Ok(found) if found.is_dir() => {
            return Err(io::Error::other(
                "found a folder; remove it, or give another --home",
            ));
        }
        Ok(found) if found.is_symlink() => {
            if !copy && fs::read_link(place)? == program {
                return Ok(());
            }
            fs::remove_file(place)?;
        }
        // The copy may be the very file that runs.
        Ok(_) if fs::canonicalize(place)? == fs::canonicalize(program)? => return Ok(()),
        Ok(_) => fs::remove_file(place)?,
    }
    match copy {
        true => fs::copy(program, place).map(|_| ()),
        false => link(program, place),
    }
}

#[cfg(unix)]
fn link(program: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(program, place)
}

/// Links need a privilege elsewhere.
#[cfg(not(unix))]
fn link(program: &Path, place: &Path) -> io::Result<()> {
    fs::copy(program, place).map(|_| ())
}

/// For a shell.
fn quoted(path: &Path) -> String {
    let text = PathBuf::from(path).display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    match text.chars().all(plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}
