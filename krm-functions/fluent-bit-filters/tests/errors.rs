//! What is said about wrong configurations: `fixtures/errors/<name>.yaml`, each with its snapshot. The first document is
//! the configuration; the others are the items, or those of `fixtures/classic`.

mod common;

use common::{classic, root, run};
use krm_rs::yaml;
use leafpack_function_tests::golden::mistakes;
use leafpack_function_tests::{Large, Placeholder, Unbuilt, items, parse, snapshot};

const GOOD: &str = include_str!("../fixtures/classic/config.yaml");
const INPUT: &str = include_str!("../fixtures/classic/input.yaml");

#[test]
fn every_mistake_is_named_with_a_fix() {
    for (name, text) in mistakes(root(), 31) {
        let mut documents = parse(&text);
        let config = yaml::emit(documents.remove(0).as_value());
        if documents.is_empty() {
            documents = parse(INPUT);
        }
        let outcome = run::<Placeholder>(&config, documents.clone());
        assert!(!outcome.success, "{name} is right after all");
        assert_eq!(items(&outcome), documents, "{name}: everything stays");
        for line in outcome
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "))
        {
            let mut rest = outcome.stderr.split(line).skip(1);
            let next = rest.next().and_then(|rest| rest.lines().nth(1));
            assert!(
                next.is_some_and(|next| next.starts_with("  fix:")),
                "{name}: {line}"
            );
        }
        snapshot!(name, outcome.stderr);
    }
}

#[test]
fn modules_have_to_be_there_and_fit() {
    let none = run::<Unbuilt>(GOOD, parse(INPUT));
    let large = run::<Large>(GOOD, parse(INPUT));
    assert!(!none.success && !large.success);
    snapshot!("modules", none.stderr + &large.stderr);
}

/// What works, but perhaps not as it is meant.
#[test]
fn what_does_not_fit_together_is_said() {
    let input = "[INPUT]\n    Name tail\n    Path /var/log/containers/*.log\n    Tag kube.*\n";
    let kubernetes = "[FILTER]\n    Name kubernetes\n    Match kube.*\n";
    let merged = format!("{kubernetes}    Merge_Log On\n    Keep_Log Off\n");
    let filter =
        |name: &str, rest: &str| format!("[FILTER]\n    Name {name}\n    Match kube.*\n{rest}");
    let rule = "    Rule $kubernetes['namespace_name'] ^a$";
    let cases = [
        ("a parser", format!("{input}    Parser cri\n{kubernetes}")),
        (
            "merged",
            format!("{input}    multiline.parser cri\n{merged}"),
        ),
        (
            "a wide match",
            format!(
                "{input}[INPUT]\n    Name systemd\n    Tag host.*\n[FILTER]\n    Name kubernetes\n    Match *\n"
            ),
        ),
        (
            "lifted twice",
            input.to_owned()
                + kubernetes
                + &filter("nest", "    Operation lift\n    Nested_under kubernetes\n"),
        ),
        (
            "set again",
            input.to_owned() + kubernetes + &filter("modify", "    Set cluster dev\n"),
        ),
        (
            "rewritten behind",
            input.to_owned()
                + kubernetes
                + &filter("rewrite_tag", &format!("{rule} kube.$TAG[1] false\n")),
        ),
        (
            "rewritten before",
            input.to_owned() + &filter("rewrite_tag", "    Rule $log . a.b false\n") + kubernetes,
        ),
        (
            "joined behind",
            input.to_owned() + kubernetes + &filter("multiline", "    multiline.parser go\n"),
        ),
        (
            "reads the line",
            input.to_owned() + kubernetes + &filter("grep", "    Exclude log healthz\n"),
        ),
        (
            "reads the map",
            input.to_owned()
                + kubernetes
                + &filter("grep", "    Exclude $kubernetes['labels']['a'] b\n"),
        ),
    ];
    let mut said = String::new();
    for (name, config) in cases {
        let outcome = run::<Placeholder>(GOOD, classic(&config));
        assert!(outcome.success, "{name}: {}", outcome.stderr);
        assert!(
            outcome.stderr.starts_with("warning: "),
            "{name}: {}",
            outcome.stderr
        );
        said += &format!("{name}\n{}", outcome.stderr);
    }
    snapshot!("warnings", said);
    // And nothing where everything fits.
    let outcome = run::<Placeholder>(GOOD, classic(&format!("{input}{kubernetes}")));
    assert_eq!(outcome.stderr, "");
}

/// A Fluent Bit that a stack made is none to change.
#[test]
fn a_stack_is_left_alone() {
    let mut input = parse(INPUT);
    let mut stack = input[1].clone().with_label("leafpack.dev/stack", "apps");
    stack.set_name("stack");
    stack.set_namespace("observability");
    input.push(stack.clone());
    let outcome = run::<Placeholder>(GOOD, input);
    assert!(outcome.success, "{}", outcome.stderr);
    assert_eq!(items(&outcome)[3], stack);
    // With nothing else there is none.
    let outcome = run::<Placeholder>(GOOD, vec![stack]);
    assert!(
        outcome.stderr.contains("found no Fluent Bit"),
        "{}",
        outcome.stderr
    );
}
