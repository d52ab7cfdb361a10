//! `leafpack test`, on filters of the fixtures: the format, what is said of mistakes, and what a failure looks like.

mod common;

use common::{Folder, call, call_on_terminal};

/// `leafpack test` in a folder of its own.
struct Tests(Folder);

impl Tests {
    fn new(files: &[(&str, &str)]) -> Self {
        Tests(Folder::new(files))
    }

    /// Runs `leafpack test` on one of the folder's files, or on the whole.
    fn test(&self, options: &[&str], name: &str) -> String {
        let path = self.0.path(name);
        let mut words = vec!["leafpack", "test"];
        words.extend(options);
        words.push(path.trim_end_matches('/'));
        let text = call(&words, "").text();
        let folder = self.0.path_of().display().to_string();
        text.replace(&format!("{folder}/"), "")
            .replace(&folder, "FOLDER")
    }
}

/// One case for the filter `filter`, which hands the record back.
fn one_case(case: &str) -> String {
    format!("filters: [{{name: filter}}]\ncases:\n- name: x\n{case}")
}

#[test]
fn all_kinds_of_expectation_hold() {
    let text = "\
filters: [{name: filter}]
cases:
- name: lines of a text
  input: |
    one

    café \"three\" \\d
  expect:
  - exact: {log: one}
  - exact: {log: ''}
  - exact: {log: 'café \"three\" \\d'}
- name: one expectation for all lines
  input: [a b, {log: a c, n: 1}]
  expect: {matches: {log: ^a}, absent: [leafpack_error]}
- name: a record keeps its types
  input: {n: 1, f: 1.5, t: true, z: null, s: '1', o: {a: [1, {}]}}
  expect: {exact: {o: {a: [1, {}]}, s: '1', z: null, t: true, f: 1.5, n: 1}}
- name: numbers are matched by their digits
  input: {n: 42}
  expect: {subset: {n: 42}, matches: {n: ^4.$}}
- name: another key
  key: message
  input: a
  expect: {exact: {message: a}}
- name: another function
  filters: [{name: filter, function: drop}]
  input: a
  expect: {dropped: true}
- name: a chain
  filters: [{name: filter}, {name: filter, function: drop}]
  input: a
  expect: {dropped: true}
- name: settings
  filters: [{name: settings, settings: {y: [1]}}]
  input: a
  expect: {exact: {y: [1]}}
- name: settings of a file
  filters: [{name: settings, settingsFrom: {file: beside/settings.json}}]
  input: a
  expect: {exact: {y: 2}}
- name: settings of a ConfigMap
  filters: [{name: settings, settingsFrom: {file: beside/rendered.yaml, configMap: one, namespace: b}}]
  input: a
  expect: {exact: {y: 3}}
- name: settings under another key
  filters: [{name: settings, settingsFrom: {file: beside/rendered.yaml, configMap: two, key: other}}]
  input: a
  expect: {exact: {y: 4}}
";
    let map = |name: &str, namespace: &str, key: &str, y: u32| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
             data: {{{key}: '{{\"y\":{y}}}'}}\n"
        )
    };
    let rendered = [
        map("one", "a", "settings.json", 9),
        map("one", "b", "settings.json", 3),
        map("two", "a", "other", 4),
    ]
    .join("---\n");
    let folder = Tests::new(&[
        ("all.test.yaml", text),
        ("beside/settings.json", "{\"y\":2}"),
        ("beside/rendered.yaml", &rendered),
    ]);
    insta::assert_snapshot!(folder.test(&[], "all.test.yaml"));
}

#[test]
fn failures_are_shown_field_by_field() {
    let long = "x".repeat(400);
    let text = format!(
        "\
filters: [{{name: filter}}]
cases:
- name: passes
  input: a
  expect: {{exact: {{log: a}}}}
- name: the whole record
  input: {{a: 1, b: two, c: [3], d: \"e\\e[31m\"}}
  expect: {{exact: {{a: '1', b: two, e: null}}}}
- name: each way to fail
  input:
  - {{a: 1, b: two}}
  - {{a: 1, b: two}}
  - {{a: 1, b: two}}
  expect:
  - subset: {{a: 2, b: two, c: 3}}
    matches: {{b: '^T', d: x}}
    absent: [b, z]
  - subset: {{a: 1}}
  - dropped: true
- name: a long text
  input: {{log: {long}yz{long}}}
  expect: {{subset: {{log: {long}zy{long}}}}}
- name: dropped
  filters: [{{name: filter}}, {{name: filter, function: drop}}]
  input: a
  expect: {{absent: [b]}}
- name: twice
  filters: [{{name: settings, settingsFrom: {{file: twice.json}}}}]
  input: a
  expect: {{absent: [b]}}
"
    );
    let folder = Tests::new(&[
        ("a/fails.test.yaml", &text),
        (
            "a/passes.test.yml",
            &one_case("  input: a\n  expect: {subset: {log: a}}\n"),
        ),
        ("a/bad.test.yaml", "cases: []\n"),
        ("a/other.yaml", "kind: Kustomization\n"),
        ("a/twice.json", "{\"a\":1,\"a\":2}"),
    ]);
    insta::assert_snapshot!("failures_as_text", folder.test(&[], "a"));
    insta::assert_snapshot!(
        "failures_as_junit",
        folder.test(&["--format", "junit"], "a")
    );
    insta::assert_snapshot!(
        "failures_of_one_case",
        folder.test(&["--case", "whole"], "a/fails.test.yaml")
    );
}

#[test]
fn only_a_terminal_gets_colours() {
    let folder = Tests::new(&[(
        "x.test.yaml",
        &one_case("  input: a\n  expect: {subset: {log: b}}\n"),
    )]);
    let path = folder.0.path("x.test.yaml");
    let words = ["leafpack", "test", &path];
    let shown = call_on_terminal(&words, "", &[]);
    assert!(
        shown.stdout.contains("\u{1b}[31m    - log: \"b\"\u{1b}[0m"),
        "{}",
        shown.stdout
    );
    for plain in [
        call(&words, ""),
        call_on_terminal(&words, "", &[("NO_COLOR", "1")]),
    ] {
        assert!(plain.stdout.contains("    - log: \"b\"\n"));
        assert!(!plain.stdout.contains('\u{1b}'), "{}", plain.stdout);
    }
    // An empty NO_COLOR says nothing.
    assert_eq!(
        call_on_terminal(&words, "", &[("NO_COLOR", "")]).stdout,
        shown.stdout
    );
}

#[test]
fn mistakes_in_a_test_file_are_told() {
    let rendered = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: a}
data: {a.json: '{}'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: b}
data: {a.json: '{}'}
---
apiVersion: v1
kind: Service
metadata: {name: two}
";
    let filters = |filters: &str| {
        format!(
            "filters: {filters}\ncases: [{{name: x, input: a, expect: {{subset: {{log: a}}}}}}]\n"
        )
    };
    let from = |from: &str| filters(&format!("[{{name: settings, settingsFrom: {from}}}]"));
    let expect = |expect: &str| one_case(&format!("  input: a\n  expect: {expect}\n"));
    let mut all = String::new();
    for text in [
        "",
        "cases: [\n",
        "a: 1\n---\nb: 2\n",
        "- a\n",
        "filters: [{name: filter}]\n",
        "filter: [{name: filter}]\ncase: []\n",
        "cases:\n- nmae: x\n  input: a\n  expects: {subset: {log: a}}\n",
        "cases:\n- name: x\n  input: a\n  expect: {subset: {log: a}}\n",
        "filters: [{name: filter}]\ncases:\n- input: a\n  expect: {subset: {log: a}}\n- name: 12\n  input: a\n  expect: {subset: {log: a}}\n",
        &filters("[{name: filtre}]"),
        &filters("[{name: cri}]"),
        &filters("[filter]"),
        &filters("[{name: filter, function: dorp}]"),
        &filters("[{name: filter, function: echo_msgpack}]"),
        &filters("[{name: settings, settings: {x: 1}, settingsFrom: {file: a}}]"),
        &filters("[{name: settings, settings: '{}'}]"),
        &filters("\n- name: settings\n  settings:\n    x: 2\n    y: 1"),
        &filters("[{name: settings, setings: {}}]"),
        &from("{}"),
        &from("{file: gone.yaml}"),
        &from("{file: rendered.yaml, key: a.json}"),
        &from("{file: rendered.yaml, configMap: two}"),
        &from("{file: rendered.yaml, configMap: one}"),
        &from("{file: rendered.yaml, configMap: one, namespace: a}"),
        &from("{file: x.test.yaml, configMap: one}"),
        &one_case("  time: noon\n  input: a\n  expect: {subset: {log: a}}\n"),
        &one_case("  expect: {subset: {log: a}}\n"),
        &one_case("  input: 12\n  expect: {subset: {log: a}}\n"),
        &one_case("  input: [a, 12]\n  expect: {subset: {log: a}}\n"),
        &one_case("  input: a\n"),
        &one_case("  input: |\n    a\n    b\n  expect: [{subset: {log: a}}]\n"),
        &expect("{}"),
        &expect("{exakt: {log: a}}"),
        &expect("{exact: {log: a}, absent: [b]}"),
        &expect("{dropped: true, subset: {log: a}}"),
        &expect("{dropped: false}"),
        &expect("{absent: b}"),
        &expect("{matches: {log: '[a'}}"),
        &expect("[{subset: {log: a}}, {subset: {log: a}}]"),
    ] {
        let folder = Tests::new(&[("x.test.yaml", text), ("rendered.yaml", rendered)]);
        let left = folder.test(&[], "x.test.yaml");
        assert!(left.starts_with("status: 1\n"), "{text}\n{left}");
        let (_, stderr) = left.split_once("--- stderr\n").unwrap();
        all.push_str(&format!("=== {}\n{stderr}", text.trim_end()));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn nothing_to_test_is_no_pass() {
    let folder = Tests::new(&[
        ("empty/.hidden/x.test.yaml", "{}"),
        ("near/sub/cri.yaml", "{}"),
        (
            "x.test.yaml",
            &one_case("  input: a\n  expect: {subset: {log: a}}\n"),
        ),
    ]);
    let mut all = String::new();
    for (options, name) in [
        (&[][..], "empty"),
        (&[], "near"),
        (&[], "gone"),
        (&["--case", "y", "--case", "z"], "x.test.yaml"),
    ] {
        all.push_str(&format!("=== {name}\n{}", folder.test(options, name)));
    }
    insta::assert_snapshot!(all);
}
