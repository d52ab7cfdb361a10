//! `leafpack build`: what a kustomization makes, as plain YAML that Flux applies without plugins.

mod find;
mod kustomize;
mod output;
mod tree;

use std::path::{Component, Path, PathBuf};

use krm_rs::{Items, Object, ResourceList, ResultItem, Value};

use super::{Done, Failed, World, in_file, print, render};
use crate::catalog::Catalog;
use crate::cli::args::BuildArgs;
use find::Stack;
use kustomize::Kustomize;
use output::Output;
use tree::Tree;

/// The kind of the resource that a build is made of.
pub(crate) const STACK: &str = "ObservabilityStack";
/// The kind of the function that makes the Flux Kustomizations of what was built.
const PARTS: &str = "ObservabilityParts";
/// The label with the name of an object's stack.
const STACK_LABEL: &str = "leafpack.dev/stack";

pub(super) fn run(args: &BuildArgs, catalog: &Catalog, world: &mut World<'_>) -> Done {
    if !catalog.kinds().any(|(_, kind)| kind == PARTS) {
        return Err(crate::catalog::without_modules().into());
    }
    let limits = args.limits.over(world)?;
    let folder = &args.folder;
    if !folder.is_dir() {
        return Err(in_file(
            folder,
            "found no folder, expected one with a kustomization",
        ));
    }
    // Before anything takes time.
    let output = Output::read(&args.output)?;
    let kustomize = Kustomize::find(args, world)?;
    let built = kustomize.build(folder, world)?;
    let items = ResourceList::read(&built)
        .map_err(|why| in_file(folder, format!("kustomize's output: {why}")))?
        .items;
    let stack = find::stack(folder, &mut |folder| kustomize.build(folder, world))?;
    if !items
        .deployable()
        .any(|object| object.label(STACK_LABEL) == Some(stack.config.name()))
    {
        let message = format!(
            "found nothing of it in the build of {}, so kustomize did not call the function",
            folder.display()
        );
        let fix = "metadata:\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: leafpack}";
        let item = ResultItem::error(message, fix).on(&stack.config);
        render::say(world, &stack.file, &item.to_text());
        return Err(Failed::Said);
    }
    let step = render::step(stack.parts(), 0, &items, catalog, limits);
    render::say(world, &stack.file, &step.said);
    let items = step.items.ok_or(Failed::Said)?;
    warn_of_path(&stack, &items, &args.output, world);
    let tree = Tree::of(&items)?;
    let changes = output.compare(&tree)?;
    if args.check {
        return match changes.differing() {
            differing if differing.is_empty() => Ok(()),
            differing => {
                for path in &differing {
                    print(world.stdout, format!("{}\n", path.display()).as_bytes())?;
                }
                Err(in_file(
                    &args.output,
                    format!(
                        "found other content than what is built now, in {}; run leafpack build without --check",
                        count(differing.len(), "file")
                    ),
                ))
            }
        };
    }
    changes.apply()?;
    for (name, objects, changed) in changes.summary() {
        let changed = if changed { "" } else { ", unchanged" };
        let path = args.output.join(name);
        let objects = count(objects, "object");
        print(
            world.stdout,
            format!("{}: {objects}{changed}\n", path.display()).as_bytes(),
        )?;
    }
    Ok(())
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

impl Stack {
    /// The configuration of the function that makes the Kustomizations: the same spec, under its kind.
    fn parts(&self) -> Value {
        let mut value = self.config.as_value().clone();
        value["kind"] = PARTS.into();
        value
    }
}

/// Says where Flux would look for the output in vain: in a Git repository it can be told.
fn warn_of_path(stack: &Stack, items: &Items, output: &Path, world: &mut World<'_>) {
    let Some(expected) = in_repository(output) else {
        return;
    };
    let is_ours = |object: &&Object| {
        tree::part(object) == tree::FLUX
            && object.get_str("spec.sourceRef.kind") == Some("GitRepository")
    };
    let mut paths = items
        .deployable()
        .filter(is_ours)
        .filter_map(|object| object.get_str("spec.path"));
    let Some((found, _)) = paths.next().and_then(|path| path.rsplit_once('/')) else {
        return;
    };
    if normal(Path::new(found)) != expected {
        let expected = format!("./{}", expected.display().to_string().replace('\\', "/"));
        let item = ResultItem::warning(format!(
            "found {found}, and the output is in {expected} of this Git repository; where Flux reads this one, write path: {expected}"
        ));
        let text = item.at("spec.flux.path").on(&stack.config).to_text();
        render::say(world, &stack.file, &text);
    }
}

/// Where a folder is in its Git repository, from the root; `None` outside of one.
fn in_repository(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    // The last parts of it may not be there yet; what is there may be reached by links.
    let there = folder.ancestors().find(|folder| folder.is_dir())?;
    let rest = folder.strip_prefix(there).ok()?;
    let real = there.canonicalize().ok()?.join(rest);
    let root = real
        .ancestors()
        .find(|folder| folder.join(".git").exists())?;
    Some(normal(real.strip_prefix(root).ok()?))
}

fn normal(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| !matches!(part, Component::CurDir))
        .collect()
}
