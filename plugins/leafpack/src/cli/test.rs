//! `leafpack test`: log samples, and the records that are expected.

use super::{Done, Failed, World, colours, print};
use crate::catalog::{Catalog, without_modules};
use crate::cli::args::{Format, TestArgs};
use crate::explain::Style;
use crate::log_test::{Outcome, find, junit, run, text};

pub(super) fn run_command(args: &TestArgs, catalog: &Catalog, world: &mut World<'_>) -> Done {
    if catalog.filters.is_empty() {
        return Err(without_modules().into());
    }
    let limits = args.limits.over(world)?;
    let files =
        find(&args.paths).map_err(|(path, why)| Failed::In(path.display().to_string(), why))?;
    let results = run(&files, &args.cases, catalog, limits);
    let report = match args.format {
        Format::Text => text(&results, Style::new(colours(world))).into_bytes(),
        Format::Junit => junit(&results)?,
    };
    // Standard output may go to a file.
    let _ = world.stderr.write_all(results.problems().as_bytes());
    print(world.stdout, &report)?;
    match results.outcome() {
        Outcome {
            failed: 0,
            bad_files: 0,
            cases: 0,
        } => Err(format!(
            "no case has {} in its name; nothing was tested",
            args.cases
                .iter()
                .map(|name| format!("{name:?}"))
                .collect::<Vec<_>>()
                .join(" or ")
        )
        .into()),
        Outcome {
            failed: 0,
            bad_files: 0,
            ..
        } => Ok(()),
        _ => Err(Failed::Said),
    }
}
