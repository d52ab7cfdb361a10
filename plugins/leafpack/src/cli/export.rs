//! `leafpack export`: the filters as files, and as a ConfigMap.

use std::fmt::Write as _;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Done, World, in_file, print};
use crate::catalog::{Catalog, without_modules};
use crate::cli::args::ExportArgs;

const CONFIG_MAP: &str = "leafpack-filters.configmap.yaml";

/// What all annotations of an object may hold, in bytes (`TotalAnnotationSizeLimitB` of Kubernetes). Client-side
/// `kubectl apply` puts the whole object into one.
const ANNOTATIONS_MAX: usize = 262_144;

pub(super) fn run(args: &ExportArgs, catalog: &Catalog, world: &mut World<'_>) -> Done {
    if catalog.filters.is_empty() {
        return Err(without_modules().into());
    }
    let folder = &args.folder;
    fs::create_dir_all(folder).map_err(|why| in_file(folder, why))?;
    let mut text =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: leafpack-filters\nbinaryData:\n"
            .to_owned();
    let mut applied = text.len();
    for filter in catalog.filters {
        let path = folder.join(format!("{}.wasm", filter.name));
        fs::write(&path, filter.wasm).map_err(|why| in_file(&path, why))?;
        let base64 = STANDARD.encode(filter.wasm);
        print(
            world.stdout,
            format!("{}: {} bytes\n", path.display(), filter.wasm.len()).as_bytes(),
        )?;
        let _ = writeln!(text, "  {}.wasm: {base64}", filter.name);
        // As JSON: two pairs of quotes, a colon and a comma.
        applied += filter.name.len() + ".wasm".len() + base64.len() + 6;
    }
    let path = folder.join(CONFIG_MAP);
    fs::write(&path, text).map_err(|why| in_file(&path, why))?;
    let advice = match applied <= ANNOTATIONS_MAX {
        true => "fits",
        false => "too large; use kubectl apply --server-side",
    };
    print(world.stdout, format!("{}: {applied} bytes, of {ANNOTATIONS_MAX} that client-side kubectl apply can take: {advice}\n",
        path.display()).as_bytes())?;
    Ok(())
}
