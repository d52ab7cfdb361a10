//! What `leafpack build` makes of the example, with the real kustomize and Flux's own substitution: plain objects, that
//! mean the same without plugins.

mod common;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use common::Folder;
use krm_rs::{Object, Value, yaml};
use leafpack_peer as peer;

const PARTS: [&str; 4] = ["namespace", "sources", "operator", "stack"];

struct Programs {
    leafpack: PathBuf,
    kustomize: PathBuf,
}

impl Programs {
    fn find(test: &str) -> Option<Self> {
        let leafpack = peer::dist_or_skip(test, "bin/leafpack")?;
        let kustomize = peer::or_skip(test, "kustomize")?;
        Some(Programs {
            leafpack,
            kustomize,
        })
    }

    /// `leafpack build`. Its PATH has no leafpack: kustomize has to find this one all the same.
    fn build(&self, folder: &Path, out: &str, more: &[&str]) -> Output {
        Command::new(&self.leafpack)
            .arg("build")
            .arg(folder)
            .args(["--output", out, "--kustomize"])
            .arg(&self.kustomize)
            .args(more)
            .env("PATH", "")
            .output()
            .unwrap()
    }

    /// A build of plain kustomize, without functions.
    fn plain(&self, folder: &str) -> Vec<Object> {
        let mut command = Command::new(&self.kustomize);
        objects(&done(command.args(["build", folder])))
    }

    /// A build of kustomize that runs the functions.
    fn with_functions(&self, folder: &Path) -> Vec<Object> {
        let mut command = Command::new(&self.kustomize);
        command
            .args(["build", "--enable-alpha-plugins", "--enable-exec"])
            .arg(folder);
        objects(&done(command.env("PATH", self.leafpack.parent().unwrap())))
    }
}

fn done(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{stderr}");
    output.stdout
}

/// By identity, for kustomize has an order of its own.
fn objects(stream: &[u8]) -> Vec<Object> {
    let documents = yaml::load(stream).unwrap();
    let mut objects: Vec<Object> = documents
        .into_iter()
        .map(|document| Object::try_from(document).unwrap())
        .collect();
    objects.sort_by_key(Object::id);
    objects
}

fn example() -> PathBuf {
    peer::workspace().join("examples/flux")
}

fn files(root: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut all = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let written = entry.metadata().unwrap().modified().unwrap();
                    all.insert(path.clone(), (fs::read(&path).unwrap(), written));
                }
            }
        }
    }
    all
}

#[test]
fn the_example_builds_twice_the_same() {
    let Some(programs) = Programs::find("the Flux example") else {
        return;
    };
    let (one, other) = (Folder::new(&[]), Folder::new(&[]));
    let out = one.path("out");
    let first = programs.build(&example(), &out, &[]);
    assert!(
        first.status.success(),
        "{}",
        String::from_utf8_lossy(&first.stderr)
    );
    let before = files(&one.path_of().join("out"));
    assert!(before.len() > 12, "{:?}", before.keys());
    let second = programs.build(&example(), &out, &[]);
    assert!(second.status.success());
    assert_eq!(files(&one.path_of().join("out")), before);
    assert!(
        programs
            .build(&example(), &out, &["--check"])
            .status
            .success()
    );
    // And elsewhere too.
    programs.build(&example(), &other.path("out"), &[]);
    let texts = |folder: &Folder| -> Vec<(PathBuf, Vec<u8>)> {
        let root = folder.path_of().join("out");
        let all = files(&root).into_iter();
        all.map(|(path, (text, _))| (path.strip_prefix(&root).unwrap().to_owned(), text))
            .collect()
    };
    assert_eq!(texts(&one), texts(&other));
}

/// Without plugins kustomize gives what it gave with them: each object once, in its part.
#[test]
fn parts_are_plain_and_nothing_is_lost() {
    let Some(programs) = Programs::find("the parts of the Flux example") else {
        return;
    };
    let folder = Folder::new(&[]);
    let out = folder.path("out");
    assert!(programs.build(&example(), &out, &[]).status.success());
    let mut together = Vec::new();
    for part in PARTS {
        let objects = programs.plain(&format!("{out}/{part}"));
        assert!(
            objects
                .iter()
                .all(|object| object.label("leafpack.dev/part") == Some(part)),
            "{part}"
        );
        assert!(!objects.is_empty(), "{part}");
        together.extend(objects);
    }
    together.sort_by_key(Object::id);
    assert_eq!(together, programs.with_functions(&example()));

    // The folder as a whole is the Kustomizations alone, in their order: a Kustomization that applies it, applies these.
    let whole = programs.plain(&out);
    let flux = fs::read(folder.path("out/flux.yaml")).unwrap();
    assert_eq!(whole, objects(&flux));
    let flux: Vec<Value> = yaml::load(&flux).unwrap();
    let mut before = "apps-infrastructure".to_owned();
    assert_eq!(flux.len(), PARTS.len());
    for (kustomization, part) in flux.iter().zip(PARTS) {
        let spec = &kustomization["spec"];
        assert_eq!(
            spec["path"],
            format!("./clusters/apps/observability/{part}")
        );
        assert_eq!(spec["dependsOn"][0]["name"], before.as_str());
        assert_eq!(
            spec["postBuild"]["substituteFrom"][0]["name"],
            "cluster-settings"
        );
        before = kustomization["metadata"]["name"]
            .as_str()
            .unwrap()
            .to_owned();
    }
}

/// Names are those of the build: a prefix and another namespace are in the health checks too, and what is the user's is
/// in the last part.
#[test]
fn overlays_reach_the_kustomizations() {
    let Some(programs) = Programs::find("an overlay on the Flux example") else {
        return;
    };
    let stack = fs::read_to_string(example().join("stack.yaml")).unwrap();
    let folder = Folder::new(&[
        ("base/stack.yaml", &stack),
        ("base/kustomization.yaml", "generators: [stack.yaml]\n"),
        (
            "team/kustomization.yaml",
            "resources: [../base, theirs.yaml]\nnamePrefix: pre-\nnamespace: elsewhere\n",
        ),
        (
            "team/theirs.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: theirs}\n",
        ),
    ]);
    let out = folder.path("out");
    let built = programs.build(&folder.path_of().join("team"), &out, &[]);
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let flux: Vec<Value> = yaml::load(&fs::read(folder.path("out/flux.yaml")).unwrap()).unwrap();
    let checks: Vec<String> = flux
        .iter()
        .flat_map(|kustomization| {
            kustomization["spec"]["healthChecks"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        })
        .map(|check| {
            format!("{} {}/{}", check["kind"], check["namespace"], check["name"]).replace('"', "")
        })
        .collect();
    for expected in [
        "DaemonSet elsewhere/pre-fluent-bit",
        "Deployment elsewhere/pre-theirs",
    ] {
        assert!(
            checks.iter().any(|check| check == expected),
            "{expected}: {checks:?}"
        );
    }
    assert!(
        checks.iter().all(|check| check.contains(" elsewhere/pre-")),
        "{checks:?}"
    );
    assert!(
        folder
            .path_of()
            .join("out/stack/deployment-pre-theirs.yaml")
            .is_file()
    );
}

/// Flux's own code, strict: every variable is known, and what comes out is still valid.
#[test]
fn the_example_survives_flux() {
    let test = "the Flux example through Flux's substitution";
    let (Some(programs), Some(substitute)) =
        (Programs::find(test), peer::or_skip(test, "flux-substitute"))
    else {
        return;
    };
    let folder = Folder::new(&[]);
    let out = folder.path("out");
    assert!(programs.build(&example(), &out, &[]).status.success());
    let mut substituted = Vec::new();
    for part in PARTS {
        let mut kustomize = Command::new(&programs.kustomize);
        let built = done(kustomize.args(["build", &format!("{out}/{part}")]));
        let run = |arguments: &[&str]| {
            let mut child = Command::new(&substitute)
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let input = built.clone();
            let writer = std::thread::spawn(move || stdin.write_all(&input));
            let output = child.wait_with_output().unwrap();
            let _ = writer.join();
            output
        };
        let output = run(&[
            "--strict",
            "--always",
            "--var",
            "ENVIRONMENT=production",
            "--var",
            "DOMAIN=example.com",
        ]);
        assert!(
            output.status.success(),
            "{part}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let file = folder.path(&format!("{part}.yaml"));
        fs::write(&file, &output.stdout).unwrap();
        substituted.push(file);
        if part == "stack" {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(text.contains("logs.example.com") && !text.contains("${DOMAIN}"));
            // Without the variable Flux refuses, and says which.
            let refused = run(&["--strict", "--always", "--var", "ENVIRONMENT=production"]);
            assert!(!refused.status.success());
            assert!(String::from_utf8_lossy(&refused.stderr).contains("DOMAIN"));
        }
    }
    // The Kustomizations go through it too, where a Kustomization above replaces variables.
    let flux = folder.path("out/flux.yaml");
    assert!(!fs::read_to_string(&flux).unwrap().contains('$'));
    substituted.push(flux);
    validate(test, &substituted);
}

/// Against strict schemas, where they are there.
fn validate(test: &str, files: &[String]) {
    let Some(python) = peer::find("python3") else {
        peer::skip(test, "python");
        return;
    };
    let script = peer::workspace().join("krm-functions/observability-stack/tests/schemas.py");
    let schemas = peer::schemas_or_skip(test).unwrap_or("none".into());
    let mut arguments: Vec<&OsStr> = vec![script.as_os_str(), schemas.as_os_str()];
    arguments.extend(files.iter().map(OsStr::new));
    let output = Command::new(python).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.starts_with("missing: ") {
        peer::skip(test, "python");
        return;
    }
    let found = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{found}{said}");
}

/// What the example's README tells to do is what its configuration is for.
#[test]
fn the_readme_fits() {
    let readme = fs::read_to_string(example().join("README.md")).unwrap();
    let stack = fs::read_to_string(example().join("stack.yaml")).unwrap();
    let stack = yaml::load_one(stack.as_bytes()).unwrap();
    let path = stack["spec"]["flux"]["path"].as_str().unwrap();
    let command = format!(
        "$ leafpack build examples/flux --output {}",
        path.trim_start_matches("./")
    );
    assert!(readme.contains(&command), "{command}");
    for word in ["ENVIRONMENT", "DOMAIN"] {
        let variable = format!("${{{word}}}");
        assert!(
            stack.to_string().contains(&variable) && readme.contains(&variable),
            "{variable}"
        );
    }
    // Every YAML in it can be read.
    let blocks = readme
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    assert_eq!(
        blocks
            .map(|text| yaml::load(text.as_bytes()).unwrap().len())
            .sum::<usize>(),
        4
    );
}
