//! The README's example, as it is printed there.

use leafpack_fluent_bit::{Call, Time, native};

#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "../examples/seen_by.rs"]
mod example;

#[test]
fn the_readme_prints_the_example() {
    let readme = include_str!("../README.md");
    let example = include_str!("../examples/seen_by.rs");
    let code = readme
        .split("```rust,no_run\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("a Rust block in README.md");
    assert_eq!(code, example);
}

#[test]
fn the_example_does_what_it_says() {
    let run = |record: &str| {
        let call = Call {
            tag: b"t",
            time: Time::default(),
            record: Some(record.as_bytes()),
        };
        let output = native::call(example::seen_by, &(), &call).expect("a record");
        String::from_utf8(output).unwrap()
    };
    assert_eq!(run(r#"{"log":"x"}"#), r#"{"log":"x","seen_by":"edge"}"#);
    assert_eq!(run("{}"), r#"{"seen_by":"edge"}"#);
    assert_eq!(run(r#"{"seen_by":"me"}"#), r#"{"seen_by":"me"}"#);
    // Kept as it came, this would make Fluent Bit abort.
    let unreadable = run(r#"{"seen_by":"me","n":nan}"#);
    assert!(
        unreadable.contains(r#""leafpack_record":"{\"seen_by\""#),
        "{unreadable}"
    );
    assert_eq!(
        run(r#"{"n":nan}"#),
        r#"{"time":"1970-01-01T00:00:00.000000000Z","leafpack_error":"seen_by.record: no JSON object","leafpack_record":"{\"n\":nan}"}"#
    );
}
