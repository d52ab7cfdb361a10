//! `leafpack schema`: JSON Schemas, for editors.

use serde_json::Value;

use super::{Done, World, print};
use crate::catalog::{Catalog, without_modules};
use crate::cli::args::SchemaArgs;

pub(super) fn run(args: &SchemaArgs, catalog: &Catalog, world: &mut World<'_>) -> Done {
    if catalog.filters.is_empty() && catalog.functions.is_empty() {
        return Err(without_modules().into());
    }
    let Some(name) = &args.name else {
        return list(catalog, world);
    };
    let schema = match kind(name, catalog) {
        Some(schema) => schema.ok_or_else(|| {
            format!("the kind {name} has no schema in this build; its README lists its options")
        })?,
        None => catalog.filter(name)?.schema.ok_or_else(|| {
            format!("the filter {name} has no schema in this build; its README lists its settings")
        })?,
    };
    print(world.stdout, schema.as_bytes())
}

/// The schema of a function's kind, if there is such a kind, and if it has one. Case does not matter.
fn kind(name: &str, catalog: &Catalog) -> Option<Option<&'static str>> {
    let mut kinds = catalog.functions.iter().flat_map(|function| {
        let known = function.kinds.iter();
        known.map(|kind| (*kind, function.schemas))
    });
    let (kind, schemas) = kinds.find(|(kind, _)| kind.eq_ignore_ascii_case(name))?;
    let schema = schemas.iter().find(|(of, _)| *of == kind);
    Some(schema.map(|(_, schema)| *schema))
}

/// What can be asked for, and what it is.
fn list(catalog: &Catalog, world: &mut World<'_>) -> Done {
    let kinds = catalog
        .functions
        .iter()
        .flat_map(|function| function.schemas.iter().copied());
    let filters = catalog
        .filters
        .iter()
        .filter_map(|filter| Some((filter.name, filter.schema?)));
    let schemas: Vec<(&str, String)> = kinds
        .chain(filters)
        .filter_map(|(name, schema)| {
            let schema: Value = serde_json::from_str(schema).ok()?;
            let title = schema["title"].as_str().unwrap_or_default().to_owned();
            Some((name, title))
        })
        .collect();
    let width = schemas.iter().map(|(name, _)| name.len()).max();
    for (name, title) in &schemas {
        let width = width.unwrap_or(0);
        print(world.stdout, format!("{name:width$}  {title}\n").as_bytes())?;
    }
    Ok(())
}
