//! What the reader refuses, and how it says so.

use krm_rs::yaml::{self, Limits};
use std::fmt::Write as _;

#[test]
fn refusals() {
    let deep_list = format!("a: {}", "[".repeat(200));
    let deep_json = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let deep_alias: String = (1..200).fold("a0: &a0 [x]\n".to_owned(), |mut text, n| {
        let _ = writeln!(text, "a{n}: &a{n} [*a{}]", n - 1);
        text
    });
    let bomb: String = (1..20).fold("a0: &a0 [x, x, x]\n".to_owned(), |mut text, n| {
        let _ = writeln!(text, "a{n}: &a{n} [*a{0}, *a{0}, *a{0}]", n - 1);
        text
    });
    let long_strings = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(1 << 20),
        "*a, ".repeat(100)
    );
    let many_nodes = format!("- [{}]\n", "0, ".repeat(1_000_001));
    let many_json = format!("[{}0]", "0, ".repeat(1_000_001));
    let table: &[(&str, &[u8])] = &[
        ("a key twice", b"a: 1\nb: 2\n\"a\": 3\n"),
        (
            "a key twice, deeper",
            b"spec:\n  replicas: 1\n  x:\n  - y\n  replicas: 2\n",
        ),
        ("a key twice, in JSON", b"{\n  \"a\": 1,\n  \"a\": 2\n}"),
        ("a key twice, in flow style", b"{a: 1, a: 2}"),
        ("a mapping as a key", b"{{ .Values.x }}: 1"),
        ("a template", b"image: {{ .Values.image }}"),
        ("a list as a key", b"? [a]\n: 1"),
        ("a key that is missing", b"a: 1\n: 2\n"),
        ("a mapping in a line", b"message: found: nothing\n"),
        ("tabs", b"a:\n\tb: 1\n"),
        ("indentation", b"a:\n    b: 1\n  c: 2\n"),
        ("a list item beside keys", b"a: 1\n- b\n"),
        ("a bracket left open", b"a: [1, 2\nb: 3\n"),
        ("a quote left open", b"a: \"x\nb: 3\n"),
        ("a reserved character", b"a: @x\n"),
        ("a percent", b"a: 1\n%b\n"),
        ("an unknown escape", b"a: \"\\d\"\n"),
        ("a surrogate escape", b"a: \"\\ud83d\\ude00\"\n"),
        ("an unknown alias", b"a: *nobody\n"),
        ("an alias of another document", b"a: &x 1\n---\nb: *x\n"),
        ("an alias of itself", b"a: &a [*a]\n"),
        ("an alias as a key", b"a: &a 1\n*a : 2\n"),
        ("a merge of a text", b"a: &a x\nb:\n  <<: *a\n"),
        ("two merges", b"a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n"),
        ("a tag of its own", b"a: !Ref x\n"),
        ("a tag on a mapping", b"a: !!set {x: null}\n"),
        ("a binary", b"a: !!binary aGVsbG8=\n"),
        ("a tag that is not kept", b"a: !!int x\n"),
        ("a handle that is not declared", b"a: !e!x y\n"),
        ("not a number", b"a: .nan\n"),
        ("infinity", b"a: !!float -.inf\n"),
        ("not UTF-8", b"a: caf\xe9\n"),
        ("UTF-16", b"\xff\xfea\0:\0 \x001\0"),
        ("a NUL", b"a: b\0c\n"),
        ("too deep", deep_list.as_bytes()),
        ("too deep, in JSON", deep_json.as_bytes()),
        ("too deep, by aliases", deep_alias.as_bytes()),
        ("a billion laughs", bomb.as_bytes()),
        ("a long text, copied", long_strings.as_bytes()),
        ("too many values", many_nodes.as_bytes()),
        ("too many values, in JSON", many_json.as_bytes()),
    ];
    let mut shown = String::new();
    for (name, input) in table {
        let text = String::from_utf8_lossy(input);
        let short: String = text.chars().take(60).collect();
        let _ = match yaml::load(input) {
            Ok(read) => panic!("{name}: read {read:?}"),
            Err(error) => writeln!(shown, "# {name}: {short:?}\n{error}\n"),
        };
    }
    let limits = Limits {
        bytes: 10,
        ..Limits::default()
    };
    let error = yaml::load_with(b"a: 12345678", limits).unwrap_err();
    let _ = writeln!(shown, "# too long\n{error}");
    insta::assert_snapshot!(shown);
}
