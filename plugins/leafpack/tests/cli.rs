//! What people and hosts read: every text that the program writes.

mod common;

use std::fs;

use common::{CATALOG, Folder, STACK, call, call_with};
use leafpack::Catalog;

const NOTHING: Catalog = Catalog {
    functions: &[],
    filters: &[],
};

/// A ResourceList as kustomize writes it, for one kind.
fn list(kind: &str) -> String {
    format!(
        "apiVersion: config.kubernetes.io/v1\n\
         functionConfig:\n  apiVersion: leafpack.dev/v1alpha1\n  kind: {kind}\n  metadata:\n    name: x\n\
         items:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: kept\n\
         kind: ResourceList\n"
    )
}

fn config(kind: &str) -> String {
    format!("apiVersion: leafpack.dev/v1alpha1\nkind: {kind}\nmetadata:\n  name: x\n")
}

#[test]
fn kustomize_gets_the_modules_answer() {
    let left = call(&["leafpack"], &list("Echo"));
    assert_eq!((left.status, left.stdout), (0, list("Echo")));
    assert_eq!(left.stderr, "info: Echo/x: nothing to do\n");
    let left = call(&["leafpack"], &list("Exit"));
    assert_eq!(left.status, 3);
    insta::assert_snapshot!(left.text());
}

#[test]
fn kustomize_gets_a_resource_list_whatever_happens() {
    let mut all = String::new();
    for (kind, limit) in [
        // Only what never ends gets little time: the others must not fail for a busy machine.
        ("Spin", Some(("LEAFPACK_TIMEOUT", "50ms"))),
        ("Hog", Some(("LEAFPACK_MAX_MEMORY", "1MiB"))),
        ("Chatter", Some(("LEAFPACK_MAX_OUTPUT", "64KiB"))),
        ("Crash", None),
        ("Foreign", None),
        ("Ehco", None),
    ] {
        let left = call_with(&["leafpack"], &list(kind), limit.as_slice(), &CATALOG);
        all.push_str(&format!("=== {kind}\n{}", left.text()));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn what_is_no_resource_list_is_told() {
    let mut all = String::new();
    for input in [
        "",
        "items: [\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n",
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n",
        "apiVersion: config.kubernetes.io/v1\nfunctionConfig: x\nkind: ResourceList\nitems: []\n",
        "apiVersion: config.kubernetes.io/v1\nfunctionConfig: {}\nkind: ResourceList\nitems: []\n",
    ] {
        all.push_str(&format!("=== {input}{}", call(&["leafpack"], input).text()));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_bad_limit_in_the_environment_is_told() {
    let variables = [("LEAFPACK_TIMEOUT", "soon")];
    let left = call_with(&["leafpack"], &list("Echo"), &variables, &CATALOG);
    // The host is answered with what it gave.
    let answer = krm_rs::ResourceList::read(left.stdout.as_bytes()).unwrap();
    assert_eq!(answer.items.len(), 1);
    let folder = Folder::new(&[("config", &config("Echo"))]);
    let plugin = ["Echo", &folder.path("config")];
    let plugin = call_with(&plugin, "", &variables, &CATALOG);
    insta::assert_snapshot!(format!("{}=== as a plugin\n{}", left.text(), plugin.text()));
}

/// JSON's pairs of escapes aren't YAML's, and may stand before the functionConfig.
#[test]
fn a_resource_list_in_json_is_read_to_the_end() {
    let input = r#"{"apiVersion":"config.kubernetes.io/v1","kind":"ResourceList","items":[{"apiVersion":"v1","kind":"A","metadata":{"name":"a"},"x":"\ud83d\ude00"}],"functionConfig":{"apiVersion":"leafpack.dev/v1alpha1","kind":"Echo","metadata":{"name":"x"}}}"#;
    let left = call(&["leafpack"], input);
    assert_eq!((left.status, &*left.stdout), (0, input), "{}", left.stderr);
}

#[test]
fn standard_input_is_read_once() {
    let mut all = String::new();
    for words in [
        &["leafpack", "logs", "--filter", "filter", "--settings", "-"][..],
        &[
            "leafpack",
            "logs",
            "--filter",
            "filter",
            "--settings",
            "-",
            "-",
        ],
        &["leafpack", "render", "--input", "-", "-"],
    ] {
        let left = call(words, "{}\n");
        all.push_str(&format!("=== {}\n{}", words.join(" "), left.text()));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn without_modules_it_says_so() {
    let folder = Folder::new(&[("stack.yaml", &config("Echo"))]);
    let mut all = String::new();
    for (arguments, stdin) in [
        (vec!["leafpack"], list("Echo")),
        (vec!["leafpack", "list"], String::new()),
        (
            vec!["leafpack", "render", &folder.path("stack.yaml")],
            String::new(),
        ),
        (vec!["leafpack", "logs", "--filter", "cri"], String::new()),
        (vec!["leafpack", "export", "x"], String::new()),
        (vec!["leafpack", "test", "x"], String::new()),
        (vec!["leafpack", "schema"], String::new()),
        (
            vec!["leafpack", "plugin", "install", "--home", "x"],
            String::new(),
        ),
    ] {
        let left = call_with(&arguments, &stdin, &[], &NOTHING);
        let arguments = arguments.join(" ").replace(&folder.path(""), "");
        all.push_str(&format!("=== {arguments}\n{}", folder.strip(&left)));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_legacy_plugin_gets_a_file_and_documents() {
    let folder = Folder::new(&[("config", &config("Echo"))]);
    let resources = "apiVersion: v1\nkind: A\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: B\nmetadata:\n  name: b\n";
    let by_name = call(
        &[
            "plugins/leafpack.dev/v1alpha1/echo/Echo",
            &folder.path("config"),
        ],
        resources,
    );
    insta::assert_snapshot!(by_name.text());
    // A copy under another name is known by the variable.
    let variables = [("KUSTOMIZE_PLUGIN_CONFIG_STRING", "unused")];
    let by_variable = call_with(
        &["leafpack", &folder.path("config")],
        resources,
        &variables,
        &CATALOG,
    );
    assert_eq!(by_variable.text(), by_name.text());
    // A generator gets nothing.
    let generator = call(&["Echo", &folder.path("config")], "");
    assert_eq!(generator.status, 0);
    assert!(
        generator.stdout.contains("items: []\n"),
        "{}",
        generator.stdout
    );
}

#[test]
fn a_legacy_plugins_bad_input_is_told() {
    let folder = Folder::new(&[
        ("broken", "a: [\n"),
        ("list", "- a\n"),
        ("config", &config("Echo")),
    ]);
    let mut all = String::new();
    for (file, stdin) in [
        ("broken", ""),
        ("list", ""),
        ("gone", ""),
        ("config", "- a\n"),
    ] {
        let left = call(&["Echo", &folder.path(file)], stdin);
        all.push_str(&format!("=== {file}\n{}", folder.strip(&left)));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn render_prints_objects() {
    let both = format!("{}---\n{}", config("Echo"), config("Echo"));
    let resources = "apiVersion: v1\nkind: A\nmetadata: {name: a}\n---\napiVersion: v1\nkind: B\nmetadata: {name: b}\n";
    let folder = Folder::new(&[("stack.yaml", &both), ("in.yaml", resources)]);
    let left = call(
        &[
            "leafpack",
            "render",
            &folder.path("stack.yaml"),
            "--input",
            &folder.path("in.yaml"),
        ],
        "",
    );
    insta::assert_snapshot!(folder.strip(&left));
}

#[test]
fn render_names_the_file_of_an_error() {
    let documents = ["Exit", "Garbage", "Crash", "Ehco"]
        .map(config)
        .join("---\n");
    let documents = format!("{documents}---\n- a\n");
    let folder = Folder::new(&[
        ("stack.yaml", &documents),
        ("spin.yaml", &config("Spin")),
        ("broken.yaml", "a: [\n"),
        ("empty.yaml", "# nothing\n"),
        (
            "nameless.yaml",
            "kind: Echo\n---\napiVersion: leafpack.dev/v1alpha1\n---\nspec: {}\n",
        ),
    ]);
    let mut all = String::new();
    for arguments in [
        vec!["stack.yaml"],
        vec!["spin.yaml", "--timeout", "50ms"],
        vec!["broken.yaml"],
        vec!["empty.yaml"],
        vec!["gone.yaml"],
        vec!["nameless.yaml"],
        vec!["stack.yaml", "--input", "broken.yaml"],
    ] {
        let shown = arguments.join(" ");
        let with_paths: Vec<String> = arguments
            .iter()
            .map(|word| {
                if word.ends_with(".yaml") {
                    folder.path(word)
                } else {
                    (*word).to_owned()
                }
            })
            .collect();
        let mut words = vec!["leafpack", "render"];
        words.extend(with_paths.iter().map(String::as_str));
        all.push_str(&format!("=== {shown}\n{}", folder.strip(&call(&words, ""))));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn schema_prints_and_lists() {
    let mut all = String::new();
    for words in [
        &["leafpack", "schema"][..],
        &["leafpack", "schema", "settings"],
        &["leafpack", "schema", "filter"],
        &["leafpack", "schema", "setings"],
    ] {
        all.push_str(&format!(
            "=== {}\n{}",
            words.join(" "),
            call(words, "").text()
        ));
    }
    for words in [
        &["leafpack", "schema"][..],
        &["leafpack", "schema", "observabilityStack"],
        &["leafpack", "schema", "ObservabilityParts"],
    ] {
        let left = call_with(words, "", &[], &STACK);
        all.push_str(&format!("=== kinds: {}\n{}", words.join(" "), left.text()));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn list_shows_all() {
    insta::assert_snapshot!(call(&["leafpack", "list"], "").text());
}

#[test]
fn export_writes_modules_and_a_config_map() {
    let folder = Folder::new(&[]);
    let out = folder.path("new/out");
    let left = call(&["leafpack", "export", &out], "");
    insta::assert_snapshot!(folder.strip(&left));
    for name in ["filter", "settings", "bare"] {
        assert!(fs::read(format!("{out}/{name}.wasm")).unwrap() == common::wasm(name));
    }
    let text = fs::read_to_string(format!("{out}/leafpack-filters.configmap.yaml")).unwrap();
    let objects = krm_rs::ResourceList::read(text.as_bytes()).unwrap().items;
    assert_eq!(objects.len(), 1);
    assert_eq!(
        (objects[0].kind(), objects[0].name()),
        ("ConfigMap", "leafpack-filters")
    );
    use base64::Engine as _;
    let data = objects[0].get_str("binaryData[bare.wasm]").unwrap();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(data)
        .unwrap();
    assert!(bytes == common::wasm("bare"));
    // Again, the same.
    assert_eq!(call(&["leafpack", "export", &out], "").text(), left.text());
    assert_eq!(
        fs::read_to_string(format!("{out}/leafpack-filters.configmap.yaml")).unwrap(),
        text
    );
}

#[test]
fn plugin_install_lays_out_a_folder() {
    let folder = Folder::new(&[]);
    let home = folder.path("home");
    let place = folder
        .path_of()
        .join("home/leafpack.dev/v1alpha1/echo/Echo");
    let install = |more: &[&str]| {
        let words: Vec<&str> = ["leafpack", "plugin", "install", "--home", &home]
            .iter()
            .chain(more)
            .copied()
            .collect();
        call(&words, "")
    };
    let left = install(&[]);
    insta::assert_snapshot!(folder.strip(&left));
    let program = std::env::current_exe().unwrap();
    assert_eq!(fs::read_link(&place).unwrap(), program);
    assert_eq!(install(&[]).text(), left.text());
    // From a link to a copy and back, and over what was there before.
    assert_eq!(install(&["--copy"]).status, 0);
    assert!(fs::symlink_metadata(&place).unwrap().is_file());
    assert_eq!(
        fs::metadata(&place).unwrap().len(),
        fs::metadata(&program).unwrap().len()
    );
    assert_eq!(install(&[]).status, 0);
    assert_eq!(fs::read_link(&place).unwrap(), program);
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    insta::assert_snapshot!(folder.strip(&install(&[])).lines().last().unwrap(), @"home/leafpack.dev/v1alpha1/echo/Echo: error: found a folder; remove it, or give another --home");
}

#[test]
fn help_teaches() {
    for words in [
        &["leafpack", "--help"][..],
        &["leafpack", "init", "--help"],
        &["leafpack", "render", "--help"],
        &["leafpack", "build", "--help"],
        &["leafpack", "logs", "--help"],
        &["leafpack", "test", "--help"],
        &["leafpack", "schema", "--help"],
        &["leafpack", "export", "--help"],
        &["leafpack", "plugin", "install", "--help"],
    ] {
        let left = call(words, "");
        assert_eq!(left.status, 0);
        let name = format!("help {}", words[1..words.len() - 1].join(" "));
        insta::assert_snapshot!(name.trim_end().replace(' ', "_"), left.text());
    }
    let version = call(&["leafpack", "--version"], "");
    assert_eq!(
        version.stdout,
        concat!("leafpack ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn a_bad_command_line_is_status_2() {
    let mut all = String::new();
    for words in [
        &["leafpack", "rendr"][..],
        &["leafpack", "logs"],
        &["leafpack", "logs", "--filter", "cri", "--timeout", "soon"],
        &["leafpack", "logs", "--filter", "cri", "--time", "noon"],
        &["leafpack", "logs", "--filter", "cri", "--max-memory", "1"],
    ] {
        let left = call(words, "");
        assert_eq!(left.status, 2);
        all.push_str(&format!("=== {}\n{}", words.join(" "), left.text()));
    }
    insta::assert_snapshot!(all);
}
