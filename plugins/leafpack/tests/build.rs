//! `leafpack build`: what it writes, what it leaves alone, and what it says. Most of it with a stand-in for kustomize.
#![cfg(unix)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use common::{CATALOG, Folder, Left, STACK, call_with};

/// What the stand-in gives: a stack whose parts, with the Kustomizations, are there already.
const BUILT: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: observability, labels: {leafpack.dev/part: namespace, leafpack.dev/stack: apps}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: x, namespace: observability, labels: {leafpack.dev/part: stack, leafpack.dev/stack: apps}}
data: {country: \"no\", log.json: '{\"cluster\": \"${CLUSTER}\"}'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: x, namespace: theirs}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: for-the-tools, annotations: {config.kubernetes.io/local-config: \"true\"}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps-observability-namespace, namespace: flux-system, labels: {leafpack.dev/part: flux}}
spec: {path: ./namespace, sourceRef: {kind: GitRepository, name: flux-system}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps-observability-stack, namespace: flux-system, labels: {leafpack.dev/part: flux}}
spec: {path: ./stack, sourceRef: {kind: GitRepository, name: flux-system}}
";

const CONFIG: &str = "\
apiVersion: leafpack.dev/v1alpha1
kind: ObservabilityStack
metadata: {name: apps}
spec: {cluster: apps}
";

/// A build in `src`, with what kustomize makes of it beside.
fn folder(files: &[(&str, &str)]) -> Folder {
    let all = [
        &[
            ("built.yaml", BUILT),
            ("src/kustomization.yaml", "generators: [stack.yaml]\n"),
            ("src/stack.yaml", CONFIG),
        ],
        files,
    ]
    .concat();
    Folder::new(&all)
}

/// Not written by a test: a program that is being written can't be run, and a test that runs another at that moment
/// holds it open.
const KUSTOMIZE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kustomize.sh");

fn build(folder: &Folder, more: &[&str]) -> Left {
    let (src, out) = (folder.path("src"), folder.path("out"));
    let words = [
        "leafpack",
        "build",
        &src,
        "--output",
        &out,
        "--kustomize",
        KUSTOMIZE,
    ];
    let path = std::env::var("PATH").unwrap();
    call_with(&[&words[..], more].concat(), "", &[("PATH", &path)], &STACK)
}

/// A build that succeeds.
fn built(folder: &Folder) -> Left {
    let left = build(folder, &[]);
    assert_eq!(left.status, 0, "{}", left.text());
    left
}

/// Every file of the output, with when it was written.
fn files(folder: &Folder) -> BTreeMap<String, (String, SystemTime)> {
    fn collect(root: &Path, folder: &Path, out: &mut BTreeMap<String, (String, SystemTime)>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(root, &path, out);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().display().to_string();
            let written = entry.metadata().unwrap().modified().unwrap();
            out.insert(name, (fs::read_to_string(&path).unwrap(), written));
        }
    }
    let mut all = BTreeMap::new();
    let root = folder.path_of().join("out");
    if root.is_dir() {
        collect(&root, &root, &mut all);
    }
    all
}

#[test]
fn each_part_gets_a_folder() {
    let folder = folder(&[]);
    let left = built(&folder);
    let mut all = folder.strip(&left);
    for (name, (text, _)) in files(&folder) {
        all.push_str(&format!("--- {name}\n{text}"));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_second_build_touches_nothing() {
    let folder = folder(&[]);
    built(&folder);
    let first = files(&folder);
    let left = built(&folder);
    assert_eq!(files(&folder), first);
    let lines: Vec<&str> = left.stdout.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines.iter().all(|line| line.ends_with(", unchanged")),
        "{lines:?}"
    );
    let check = build(&folder, &["--check"]);
    assert_eq!((check.status, check.stdout.as_str()), (0, ""));
}

/// What is made no more goes; the folder of a part that stays the same is not touched.
#[test]
fn what_is_no_longer_made_goes() {
    let folder = folder(&[]);
    built(&folder);
    let first = files(&folder);
    fs::write(folder.path("out/README.md"), "ours\n").unwrap();
    let (namespace, rest) = BUILT.split_once("---\n").unwrap();
    let (_, flux) = rest.split_once("kind: Kustomization").unwrap();
    let only = format!(
        "{namespace}---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization{flux}"
    );
    fs::write(folder.path("built.yaml"), only).unwrap();

    let check = build(&folder, &["--check"]);
    assert_eq!(check.status, 1);
    insta::assert_snapshot!(folder.strip(&check));
    assert_eq!(
        files(&folder).len(),
        first.len() + 1,
        "--check writes nothing"
    );

    built(&folder);
    let second = files(&folder);
    let names: Vec<&str> = second.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            ".leafpack-build",
            "README.md",
            "flux.yaml",
            "kustomization.yaml",
            "namespace/kustomization.yaml",
            "namespace/namespace-observability.yaml"
        ]
    );
    for same in ["flux.yaml", "namespace/namespace-observability.yaml"] {
        assert_eq!(second[same], first[same], "{same}");
    }
    assert!(!folder.path_of().join("out/stack").exists());
    // And back again.
    fs::write(folder.path("built.yaml"), BUILT).unwrap();
    built(&folder);
    let texts = |files: BTreeMap<String, (String, SystemTime)>| -> BTreeMap<String, String> {
        files
            .into_iter()
            .map(|(name, (text, _))| (name, text))
            .collect()
    };
    let mut expected = texts(first);
    expected.insert("README.md".into(), "ours\n".into());
    assert_eq!(texts(files(&folder)), expected);
}

/// What is somebody else's is neither replaced nor removed, and stops the build before anything is written.
#[test]
fn what_others_wrote_stays() {
    let mut all = String::new();
    let mut refused = |what: &str, prepare: &dyn Fn(&Folder)| {
        let folder = folder(&[]);
        prepare(&folder);
        let before = files(&folder);
        let left = build(&folder, &[]);
        assert_eq!(left.status, 1, "{what}");
        assert_eq!(files(&folder), before, "{what}");
        all.push_str(&format!("=== {what}\n{}", folder.strip(&left)));
    };
    let write = |folder: &Folder, name: &str, text: &str| {
        let path = folder.path_of().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let changed = |folder: &Folder| {
        built(folder);
        fs::write(folder.path("built.yaml"), BUILT.replace("theirs", "others")).unwrap();
    };
    refused("a folder of somebody's", &|folder| {
        write(folder, "out/notes.txt", "mine")
    });
    refused("a file in place of the folder", &|folder| {
        write(folder, "out", "mine")
    });
    refused("a file in a part's folder", &|folder| {
        changed(folder);
        write(folder, "out/stack/mine.yaml", "mine");
    });
    refused("a folder in a part's folder", &|folder| {
        changed(folder);
        write(folder, "out/namespace/more/mine.yaml", "mine");
    });
    refused("a file where a part's folder goes", &|folder| {
        changed(folder);
        fs::remove_dir_all(folder.path("out/stack")).unwrap();
        write(folder, "out/stack", "mine");
    });
    refused("a link to elsewhere", &|folder| {
        changed(folder);
        fs::rename(folder.path("out/stack"), folder.path("elsewhere")).unwrap();
        std::os::unix::fs::symlink(folder.path("elsewhere"), folder.path("out/stack")).unwrap();
    });
    refused("a list that leads elsewhere", &|folder| {
        changed(folder);
        write(
            folder,
            "out/.leafpack-build",
            "flux.yaml\n../src/stack.yaml\n",
        );
    });
    refused("a file that the list does not have", &|folder| {
        changed(folder);
        write(folder, "out/.leafpack-build", "kustomization.yaml\n");
    });
    insta::assert_snapshot!(all);
}

/// Where the stack is found: written out, in files and folders, in bases and components, and but once.
#[test]
fn the_stack_is_found_wherever_it_is_listed() {
    let inline = "generators:\n- |\n  apiVersion: leafpack.dev/v1alpha1\n  kind: ObservabilityStack\n  metadata: {name: apps}\n";
    for files in [
        vec![("src/kustomization.yaml", "transformers: [stack.yaml]\n")],
        vec![("src/kustomization.yaml", inline)],
        vec![
            (
                "src/kustomization.yaml",
                "resources: [../base, https://example.com/x?ref=v1, theirs.yaml]\n",
            ),
            ("src/theirs.yaml", CONFIG),
            (
                "base/kustomization.yml",
                "components: [../component, ../component]\nresources: [../src]\n",
            ),
            (
                "component/Kustomization",
                "generators: [../src/stack.yaml]\n",
            ),
        ],
    ] {
        let folder = folder(&files);
        let left = built(&folder);
        assert_eq!(left.stdout.lines().count(), 3, "{files:?}: {}", left.text());
    }
}

#[test]
fn mistakes_are_told() {
    let mut all = String::new();
    let mut tell = |what: &str, files: &[(&str, &str)], more: &[&str]| {
        let folder = folder(files);
        let left = build(&folder, more);
        assert_eq!(left.status, 1, "{what}: {}", left.text());
        assert!(!folder.path_of().join("out").exists(), "{what}");
        all.push_str(&format!("=== {what}\n{}", folder.strip(&left)));
    };
    tell(
        "no stack",
        &[("src/kustomization.yaml", "resources: []\n")],
        &[],
    );
    let two = CONFIG.replace("name: apps", "name: edge");
    let lists = "generators: [stack.yaml]\ntransformers: [two.yaml]\n";
    tell(
        "two stacks",
        &[("src/kustomization.yaml", lists), ("src/two.yaml", &two)],
        &[],
    );
    tell(
        "nothing of it",
        &[(
            "built.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
        )],
        &[],
    );
    tell("no YAML", &[("built.yaml", "a: [\n")], &[]);
    let twice = format!(
        "{BUILT}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x, namespace: theirs}}\n"
    );
    tell("an object twice", &[("built.yaml", &twice)], &[]);
    let part = BUILT.replace("part: stack", "part: ../elsewhere");
    tell("a part that is none", &[("built.yaml", &part)], &[]);
    tell("kustomize fails", &[("fails", "")], &[]);

    let folder = folder(&[]);
    let (src, out) = (folder.path("src"), folder.path("out"));
    for (what, words, path, catalog) in [
        (
            "no kustomize",
            vec!["build", &src, "--output", &out],
            "",
            &*STACK,
        ),
        (
            "no such kustomize",
            vec!["build", &src, "--output", &out, "--kustomize", "missing"],
            "",
            &*STACK,
        ),
        (
            "no folder",
            vec!["build", "missing", "--output", &out],
            "",
            &*STACK,
        ),
        (
            "without the function",
            vec!["build", &src, "--output", &out, "--kustomize", KUSTOMIZE],
            "",
            &*CATALOG,
        ),
    ] {
        let left = call_with(
            &[&["leafpack"], &words[..]].concat(),
            "",
            &[("PATH", path)],
            catalog,
        );
        assert_eq!(left.status, 1, "{what}");
        all.push_str(&format!("=== {what}\n{}", folder.strip(&left)));
    }
    insta::assert_snapshot!(all);
}

/// In a Git repository it can be told where Flux would look in vain.
#[test]
fn a_path_that_is_another_is_told() {
    let folder = folder(&[(".git/HEAD", "")]);
    let left = built(&folder);
    insta::assert_snapshot!(left.stderr.replace(&folder.path(""), ""));
    let right = BUILT.replace("path: ./", "path: ./out/");
    fs::write(folder.path("built.yaml"), right).unwrap();
    assert_eq!(built(&folder).stderr.matches("spec.flux.path").count(), 0);
    // Of an OCI artifact nothing is known here.
    let artifact = BUILT.replace("GitRepository", "OCIRepository");
    fs::write(folder.path("built.yaml"), artifact).unwrap();
    assert_eq!(built(&folder).stderr.matches("spec.flux.path").count(), 0);
}

/// kustomize gets what is given behind `--`, the limits of modules, and a leafpack that is this one.
#[test]
fn kustomize_finds_its_surroundings() {
    let folder = folder(&[("talks", "")]);
    let left = build(&folder, &["--timeout", "7s", "--", "--enable-helm"]);
    assert_eq!(left.status, 0, "{}", left.text());
    let own = std::env::current_exe().unwrap();
    let mut lines = left.stderr.lines();
    assert_eq!(lines.next(), Some(own.display().to_string().as_str()));
    let expected = format!(
        "7s build --enable-alpha-plugins --enable-exec --enable-helm {}",
        folder.path("src")
    );
    assert_eq!(lines.next(), Some(expected.as_str()));
}
