//! `leafpack schema`: JSON Schemas, for editors.

use serde_json::Value;

use super::{Done, World, print};
use crate::catalog::{Catalog, without_modules};
use crate::cli::args::SchemaArgs;

pub(super) fn run(args: &SchemaArgs, catalog: &Catalog, world: &mut World<'_>) -> Done {
    if catalog.filters.is_empty() {
        return Err(without_modules().into());
    }
    let Some(name) = &args.name else {
        return list(catalog, world);
    };
    let filter = catalog.filter(name)?;
    let schema = filter.schema.ok_or_else(|| {
        format!("the filter {name} has no schema in this build; its README lists its settings")
    })?;
    print(world.stdout, schema.as_bytes())
}

/// What can be asked for, and what it is.
fn list(catalog: &Catalog, world: &mut World<'_>) -> Done {
    let schemas: Vec<(&str, String)> = catalog
        .filters
        .iter()
        .filter_map(|filter| {
            let schema: Value = serde_json::from_str(filter.schema?).ok()?;
            let title = schema["title"].as_str().unwrap_or_default().to_owned();
            Some((filter.name, title))
        })
        .collect();
    let width = schemas.iter().map(|(name, _)| name.len()).max();
    for (name, title) in &schemas {
        let width = width.unwrap_or(0);
        print(world.stdout, format!("{name:width$}  {title}\n").as_bytes())?;
    }
    Ok(())
}
