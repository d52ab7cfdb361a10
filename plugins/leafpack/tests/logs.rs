//! `leafpack logs`: records, explanations, and what is said when something is wrong.

mod common;

use common::{Folder, call, call_on_terminal};

#[test]
fn prints_a_record_a_line() {
    let log =
        "2024-05-01T10:00:00Z stdout F a \"quoted\" word\r\n\ncaf\u{e9}\nlast, without a newline";
    let folder = Folder::new(&[("web-0_shop_web-abc.log", log)]);
    let left = call(
        &[
            "leafpack",
            "logs",
            "--filter",
            "filter",
            &folder.path("web-0_shop_web-abc.log"),
        ],
        "",
    );
    insta::assert_snapshot!(left.text());
    let from_stdin = call(&["leafpack", "logs", "--filter", "filter"], log);
    assert_eq!(from_stdin.text(), left.text());
}

#[test]
fn takes_its_options() {
    let filter = ["leafpack", "logs", "--filter", "filter"];
    let mut all = String::new();
    for (options, input) in [
        (vec!["--function", "drop"], "a\nb\n"),
        (vec!["--key", "message"], "a\n"),
        (
            vec!["--json-lines"],
            "{\"log\":\"a\",\"n\":1}\nplain\n[1]\n",
        ),
        (vec!["--function", "tag", "--tag", "{}"], "a\n"),
        (
            vec![
                "--function",
                "numbers",
                "--tag",
                "t",
                "--time",
                "1970-01-01T00:00:01.000000002Z",
            ],
            "a\n",
        ),
        (vec!["--function", "lines"], "a\n"),
    ] {
        let words: Vec<&str> = filter
            .iter()
            .copied()
            .chain(options.iter().copied())
            .collect();
        all.push_str(&format!(
            "=== {}\n{}",
            options.join(" "),
            call(&words, input).text()
        ));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn chains_filters() {
    let folder = Folder::new(&[("mine.json", "{\"log\": \"café\", \"n\": 1e3}")]);
    let settings = format!("settings={}", folder.path("mine.json"));
    let plain = folder.path("mine.json");
    let mut all = String::new();
    for options in [
        // The second one gets what Fluent Bit makes of the first one's answer.
        &[
            "--filter",
            "settings",
            "--filter",
            "filter",
            "--settings",
            &settings,
        ][..],
        &[
            "--filter",
            "filter",
            "--filter",
            "settings",
            "--function",
            "filter=drop",
        ],
        &[
            "--filter",
            "filter",
            "--filter",
            "settings",
            "--function",
            "filter=text",
        ],
        &[
            "--filter",
            "filter",
            "--filter",
            "filter",
            "--function",
            "drop",
        ],
        &[
            "--filter",
            "filter",
            "--filter",
            "settings",
            "--function",
            "drop",
        ],
        &[
            "--filter",
            "filter",
            "--filter",
            "settings",
            "--settings",
            &plain,
        ],
        &[
            "--filter",
            "settings",
            "--settings",
            &settings,
            "--settings",
            &plain,
        ],
    ] {
        let words: Vec<&str> = ["leafpack", "logs"]
            .iter()
            .chain(options)
            .copied()
            .collect();
        let path = format!("{}/", folder.path_of().display());
        all.push_str(&format!(
            "=== {}\n{}",
            options.join(" ").replace(&path, ""),
            folder.strip(&call(&words, "a\n"))
        ));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn explains_lines() {
    let words = |function| {
        [
            "leafpack",
            "logs",
            "--explain",
            "--filter",
            "filter",
            "--filter",
            "settings",
            "--function",
            function,
        ]
    };
    let mut all = String::new();
    for function in ["filter=echo", "filter=drop", "filter=text"] {
        all.push_str(&format!(
            "=== {function}\n{}",
            call(&words(function), "a\u{1b}[31m\nb\n").text()
        ));
    }
    // A code that nobody knows is shown as it is, a mark without a code too.
    let marked = r#"{"log":"a","leafpack_error":"mine; demo.odd: it is odd; demo.record: no"}"#;
    let folder = Folder::new(&[("marked.json", marked)]);
    let path = folder.path("marked.json");
    let settings = format!("settings={path}");
    let marks = [&words("filter=echo")[..], &["--settings", &settings]].concat();
    all.push_str(&format!("=== marks\n{}", call(&marks, "a\na\n").text()));
    insta::assert_snapshot!(all);
    let words = words("filter=lines");
    let coloured = call_on_terminal(&words, "a\n", &[]);
    assert!(
        coloured.stdout.contains("\u{1b}[32m+\u{1b}[0m"),
        "{}",
        coloured.stdout
    );
    let plain = call_on_terminal(&words, "a\n", &[("NO_COLOR", "1")]);
    assert!(!plain.stdout.contains('\u{1b}'), "{}", plain.stdout);
}

#[test]
fn derives_the_tag_from_the_file() {
    let name = "web-0_shop_web-abc.log";
    let folder = Folder::new(&[(name, "a\n")]);
    let left = call(
        &[
            "leafpack",
            "logs",
            "--filter",
            "filter",
            "--function",
            "tag",
            &folder.path(name),
        ],
        "",
    );
    // The filter answers with the tag, which is no JSON and therefore shown.
    assert!(
        left.stderr
            .contains(": kube.var.log.containers.web-0_shop_web-abc.log\n"),
        "{}",
        left.stderr
    );
}

#[test]
fn tells_what_fluent_bit_would_lose() {
    let mut all = String::new();
    let folder = Folder::new(&[]);
    for (options, input) in [
        (vec!["--function", "picky"], "a\n1\nb\n"),
        (vec!["--function", "null"], "a\n"),
        (vec!["--function", "endless"], "a\n"),
        (vec!["--function", "text"], "a\nb\n"),
        (vec!["--function", "spin", "--timeout", "50ms"], "a\nb\n"),
        (vec!["--function", "cry"], "a\n"),
        (vec!["--function", "echo_msgpack"], "a\n"),
        (vec!["--settings", "gone.json"], "a\n"),
        (vec!["gone.log"], ""),
    ] {
        let words: Vec<&str> = ["leafpack", "logs", "--filter", "filter"]
            .into_iter()
            .chain(options.iter().copied())
            .collect();
        all.push_str(&format!(
            "=== {}\n{}",
            options.join(" "),
            folder.strip(&call(&words, input))
        ));
    }
    all.push_str(&format!(
        "=== an unknown filter\n{}",
        call(&["leafpack", "logs", "--filter", "cri"], "").text()
    ));
    insta::assert_snapshot!(all);
}

#[test]
fn warns_of_lines_that_the_tail_input_does_not_take() {
    let input = format!("{}\n{}\n", "a".repeat(32_766), "b".repeat(32_767));
    let left = call(
        &[
            "leafpack",
            "logs",
            "--filter",
            "filter",
            "--function",
            "drop",
        ],
        &input,
    );
    insta::assert_snapshot!(left.text());
}

#[test]
fn hands_over_settings() {
    let folder = Folder::new(&[("mine.json", "{\"x\":2}")]);
    let words = ["leafpack", "logs", "--filter", "settings"];
    let without = call(&words, "a\nb\n");
    assert_eq!(
        without.text(),
        "status: 0\n--- stdout\n{\"missing\":1}\n{\"missing\":1}\n--- stderr\n"
    );
    let path = folder.path("mine.json");
    let with: Vec<&str> = words.into_iter().chain(["--settings", &path]).collect();
    insta::assert_snapshot!(folder.strip(&call(&with, "a\nb\n")));
}

/// A filter that says nothing, but marks its records.
#[test]
fn looks_for_marks_about_settings() {
    let folder = Folder::new(&[("mine.json", "{}")]);
    let words = ["leafpack", "logs", "--filter", "filter", "--json-lines"];
    let path = folder.path("mine.json");
    let with: Vec<&str> = words.into_iter().chain(["--settings", &path]).collect();
    let marked = "{\"a\":1}\n{\"leafpack_error\":\"cri.time: no; cri.settings: cri.json cannot be used\"}\n{}\n";
    let left = call(&with, marked);
    assert_eq!(
        (left.status, &*folder.strip(&left).replace(marked, "…\n")),
        (
            1,
            "status: 1\n--- stdout\n…\n--- stderr\nmine.json: error: records are marked with \"cri.settings: \
             cri.json cannot be used\"\n"
        )
    );
    // Without settings there is nobody to blame, and a message may say what it likes.
    assert_eq!(call(&words, marked).status, 0);
    let other = "{\"_msg\":\"cri.settings: x\",\"leafpack_error\":\"cri.time: no.settings: y\"}\n";
    assert_eq!(call(&with, other).status, 0);
}
