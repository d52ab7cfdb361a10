//! `leafpack test` and `leafpack schema` with the built modules.

use std::process::{Command, Output};

use leafpack_tests::{objects, peer, workspace};

fn leafpack(test: &str, args: &[&str]) -> Option<Output> {
    let program = peer::dist_or_skip(test, "bin/leafpack")?;
    let output = Command::new(program)
        .current_dir(workspace())
        .args(args)
        .output()
        .expect("leafpack starts");
    Some(output)
}

/// Status, standard output and standard error, for a snapshot.
fn text(output: &Output) -> String {
    format!(
        "status: {}\n--- stdout\n{}--- stderr\n{}",
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

const WRONG: &str = "tests/fixtures/log-tests/wrong.test.yaml";

#[test]
fn the_examples_pass() {
    let args = ["test", "examples/log-tests"];
    let Some(first) = leafpack("log tests", &args) else {
        return;
    };
    insta::assert_snapshot!(text(&first));
    let second = leafpack("log tests", &args).expect("as before");
    assert_eq!(second.stdout, first.stdout, "run twice, the same bytes");
}

#[test]
fn a_wrong_expectation_fails_with_a_difference() {
    let Some(output) = leafpack("log tests", &["test", WRONG]) else {
        return;
    };
    insta::assert_snapshot!(text(&output));
}

#[test]
fn a_report_for_ci_systems() {
    let args = ["test", "--format", "junit", WRONG];
    let Some(output) = leafpack("log tests", &args) else {
        return;
    };
    insta::assert_snapshot!(text(&output));
    // Another parser's opinion.
    let Some(python) = peer::find("python3") else {
        peer::skip("junit", "python");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.xml");
    std::fs::write(&report, &output.stdout).expect("written");
    let script = "import sys, xml.etree.ElementTree as E\n\
        r = E.parse(sys.argv[1]).getroot()\n\
        print(len(r.findall('.//testcase')), len(r.findall('.//failure')), r.get('tests'), r.get('failures'))";
    let counted = Command::new(python)
        .args(["-c", script])
        .arg(&report)
        .output()
        .expect("python3 starts");
    assert_eq!(String::from_utf8_lossy(&counted.stdout), "4 3 4 3\n");
}

/// The settings that the examples are tested with are those that the stack's example renders.
#[test]
fn the_rendered_settings_are_up_to_date() {
    let Some(output) = leafpack("log tests", &["render", "examples/spoke/stack.yaml"]) else {
        return;
    };
    let rendered = objects::read(&output.stdout);
    let kept = workspace().join("examples/log-tests/rendered/spoke-settings.yaml");
    let kept = objects::read(&std::fs::read(kept).expect("the example"));
    assert_eq!(kept.len(), 1);
    for (id, kept) in &kept {
        assert_eq!(
            Some(kept),
            rendered.get(id),
            "copy {id} of `leafpack render examples/spoke/stack.yaml` to examples/log-tests/rendered"
        );
    }
}

/// The test files that the help and the documentation show.
#[test]
fn what_is_shown_can_be_run() {
    let Some(help) = leafpack("log tests", &["test", "--help"]) else {
        return;
    };
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    let (_, shown) = help.split_once("A test file:\n").expect("a file");
    let (shown, _) = shown.split_once("An expectation").expect("its end");
    let of_help = shown
        .lines()
        .map(|line| line.strip_prefix("  ").unwrap_or(line));
    let of_help = of_help.collect::<Vec<_>>().join("\n");
    let docs =
        std::fs::read_to_string(workspace().join("docs/log-tests.md")).expect("the documentation");
    let of_docs = docs
        .split("```yaml\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap_or_default());
    let files: Vec<String> = of_docs
        .filter(|block| block.contains("cases:"))
        .map(str::to_owned)
        .chain([of_help])
        .collect();
    assert!(files.len() >= 2);
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write(
        "rendered.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fluent-bit-settings}\ndata: {tenant.json: '{}', cri.json: '{}'}\n",
    );
    for (index, file) in files.iter().enumerate() {
        write(&format!("{index}.test.yaml"), file);
    }
    let folder = folder.path().to_str().expect("UTF-8");
    let output = leafpack("log tests", &["test", folder]).expect("as before");
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn bad_settings_in_a_test_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all = String::new();
    for settings in [
        "{nmaes: native}",
        "{from_tag: true, names: elastic}",
        "{input: _msg}",
    ] {
        let file = folder.path().join("x.test.yaml");
        let test = format!(
            "filters:\n- name: cri\n  settings: {settings}\ncases:\n- {{name: x, input: a, expect: {{absent: [b]}}}}\n"
        );
        std::fs::write(&file, test).expect("written");
        let Some(output) = leafpack("log tests", &["test", file.to_str().expect("UTF-8")]) else {
            return;
        };
        assert_eq!(output.status.code(), Some(1));
        all += &format!(
            "=== {settings}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let all = all.replace(&format!("{}/", folder.path().display()), "");
    insta::assert_snapshot!(all);
}

#[test]
fn schemas_are_printed_as_they_are_written() {
    let Some(list) = leafpack("schemas", &["schema"]) else {
        return;
    };
    let list = String::from_utf8(list.stdout).expect("UTF-8");
    assert!(list.lines().count() >= 2, "{list}");
    for line in list.lines() {
        let name = line.split(' ').next().unwrap_or_default();
        let printed = leafpack("schemas", &["schema", name]).expect("as before");
        let kind = format!("krm-functions/observability-stack/schemas/{name}.schema.json");
        let filter = format!("filters/{name}/settings.schema.json");
        let mut places = [kind, filter]
            .map(|place| workspace().join(place))
            .into_iter();
        let written = places
            .find(|place| place.is_file())
            .expect("a schema beside the code");
        let written = std::fs::read(written).expect("it can be read");
        assert!(printed.stdout == written, "{name}: build again");
    }
}
