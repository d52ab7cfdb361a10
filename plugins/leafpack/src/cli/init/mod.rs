//! `leafpack init`: the first configuration, from options, from answers, or from the settings that a cluster has.

mod answers;
mod settings;

use std::fs;
use std::path::Path;

use krm_rs::{Items, Value, json, yaml};

use super::build::STACK;
use super::{Done, Failed, World, in_file, is_stdin, name, print, read, render};
use crate::catalog::{Catalog, without_modules};
use crate::cli::args::InitArgs;
use answers::Answers;
use settings::Found;

const STACK_FILE: &str = "stack.yaml";
const KUSTOMIZATION_FILE: &str = "kustomization.yaml";
const KUSTOMIZATION: &str = "\
# leafpack build DIR --output OUT
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
generators:
  - stack.yaml
";

pub(super) fn run(args: &InitArgs, catalog: &Catalog, world: &mut World<'_>) -> Done {
    let Some((api_version, _)) = catalog.kinds().find(|(_, kind)| *kind == STACK) else {
        return Err(without_modules().into());
    };
    let limits = args.limits.over(world)?;
    let files = [STACK_FILE, KUSTOMIZATION_FILE].map(|file| args.folder.join(file));
    // Before anybody has answered anything.
    for file in files.iter().filter(|_| !args.force) {
        refuse_existing(file)?;
    }
    let found = match &args.from {
        Some(path) => from(path, world)?,
        None => Found::default(),
    };
    let given = answers::given(args);
    let answers = match world.stdin_is_terminal {
        true => answers::ask(given, &found.answers, world)?,
        false => answers::complete(given, found.answers)?,
    };
    let config = config(api_version, &answers, found.state_dir.as_deref())?;
    let head = format!("# All options: leafpack schema {STACK}\n");
    let stack = head + &yaml::emit(&config);
    let step = render::step(config, 0, &Items::default(), catalog, limits);
    render::say(world, STACK_FILE, &step.said);
    let Some(items) = step.items else {
        let _ = writeln!(world.stderr, "nothing was written");
        return Err(Failed::Said);
    };
    fs::create_dir_all(&args.folder).map_err(|why| in_file(&args.folder, why))?;
    for (file, text) in files.iter().zip([stack.as_str(), KUSTOMIZATION]) {
        fs::write(file, text).map_err(|why| in_file(file, why))?;
        print(world.stdout, format!("{}\n", file.display()).as_bytes())?;
    }
    let next = format!(
        "\n{} objects come of it. To see them, and to build what Flux applies:\n  \
         leafpack render {}\n  leafpack build {} --output OUT\n",
        items.deployable().count(),
        files[0].display(),
        args.folder.display()
    );
    print(world.stdout, next.as_bytes())
}

fn refuse_existing(file: &Path) -> Done {
    match fs::symlink_metadata(file) {
        Ok(_) => Err(in_file(
            file,
            "it is there already; give another folder, or --force to write it anew",
        )),
        Err(_) => Ok(()),
    }
}

/// What the settings of a cluster say.
fn from(path: &Path, world: &mut World<'_>) -> Result<Found, Failed> {
    if is_stdin(path) && world.stdin_is_terminal {
        return Err("found a terminal, where --from - would read a file; give the file".into());
    }
    let text = read(path, world)?;
    let found = settings::read(&text).map_err(|why| in_file(path, why))?;
    for note in &found.notes {
        let _ = writeln!(world.stderr, "{}: {note}", name(path));
    }
    Ok(found)
}

/// The resource: what was answered, and nothing that is a default anyway.
///
/// # Errors
/// An answer that is none of those that there are; what else is wrong is the function's to say.
fn config(api_version: &str, answers: &Answers, state_dir: Option<&str>) -> Result<Value, Failed> {
    let answer = |option: &str| answers.get(option).map_or("", String::as_str);
    let mut spec = json!({});
    let mut set = |path: &[&str], value: Value| {
        let place = path.iter().fold(&mut spec, |place, name| &mut place[*name]);
        *place = value;
    };
    set(&["cluster"], json!(answer("cluster")));
    let spoke = answer("role") != answers::HUB;
    for (option, default) in [("environment", ""), ("role", ""), ("profile", "small")] {
        if answer(option) != default {
            set(&[option], json!(answer(option)));
        }
    }
    if spoke || !answer("logs-url").is_empty() {
        set(&["hub", "logsURL"], json!(answer("logs-url")));
    }
    match answer("metrics-url") {
        "" if !spoke => {}
        "none" => set(&["collectors", "vmagent", "install"], json!("none")),
        url => set(&["hub", "metricsURL"], json!(url)),
    }
    match answer("tenant") {
        "" => {}
        tenant => {
            let (name, ids) = tenant.split_once('=').ok_or_else(|| {
                format!(
                    "--tenant: found {tenant:?}, expected a name and two numbers, such as apps=2:0"
                )
            })?;
            set(&["tenants", name], json!(ids));
            set(&["logs", "tenant"], json!(name));
        }
    }
    if let Some(folder) = state_dir {
        set(&["logs", "stateDir"], json!(folder));
    }
    match answer("talos") {
        "no" => {}
        "yes" => {
            set(&["logs", "audit", "enabled"], json!(true));
            set(&["logs", "talos", "services"], json!(true));
        }
        other => return Err(format!("--talos: found {other:?}, expected yes or no").into()),
    }
    if answer("policy") != "kubernetes" {
        set(&["network", "policy"], json!(answer("policy")));
    }
    if !answer("flux-path").is_empty() {
        set(&["flux", "path"], json!(answer("flux-path")));
    }
    Ok(json!({
        "apiVersion": api_version,
        "kind": STACK,
        "metadata": {
            "name": stack_name(answer("cluster")),
            "annotations": {"config.kubernetes.io/function": "exec: {path: leafpack}\n"},
        },
        "spec": spec,
    }))
}

/// A name for the stack of a cluster, which may be a Flux expression or have dots.
fn stack_name(cluster: &str) -> String {
    if cluster.contains('$') {
        return "observability".to_owned();
    }
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let name: String = cluster.chars().map(plain).take(39).collect();
    match name.trim_matches('-') {
        "" => "observability".to_owned(),
        name => name.to_owned(),
    }
}
