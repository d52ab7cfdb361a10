//! `leafpack list`.

use super::{Done, World, print};
use crate::catalog::{Catalog, without_modules};

pub(super) fn run(catalog: &Catalog, world: &mut World<'_>) -> Done {
    if catalog.functions.is_empty() && catalog.filters.is_empty() {
        return Err(without_modules().into());
    }
    let mut rows = vec![["MODULE", "FOR", "BYTES", "SHA-256"].map(str::to_owned)];
    for function in catalog.functions {
        let kinds: Vec<_> = function
            .kinds
            .iter()
            .map(|kind| format!("{} {kind}", function.api_version))
            .collect();
        rows.push([
            format!("krm-functions/{}", function.name),
            kinds.join(", "),
            function.size.to_string(),
            function.sha256.to_owned(),
        ]);
    }
    for filter in catalog.filters {
        rows.push([
            format!("filters/{}", filter.name),
            format!("Function_Name {}", filter.functions.join(", ")),
            filter.wasm.len().to_string(),
            filter.sha256.to_owned(),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (first, second, third) = (width(0), width(1), width(2));
    for [module, what, bytes, sha] in &rows {
        print(
            world.stdout,
            format!("{module:first$}  {what:second$}  {bytes:>third$}  {sha}\n").as_bytes(),
        )?;
    }
    Ok(())
}
