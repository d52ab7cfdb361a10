//! The corpus with a few changes: what is left of fuzzing where there is no C++ compiler. `PROPTEST_CASES` sets how many
//! inputs each export gets.

use leafpack_fuzz::{TARGETS, check, corpus};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

/// One change of an input.
#[derive(Debug, Clone)]
enum Edit {
    Put(Index, u8),
    Insert(Index, &'static [u8]),
    Remove(Index, usize),
    /// Goes on with a part of another file.
    Join(Index, Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        any::<(Index, u8)>().prop_map(|(at, byte)| Edit::Put(at, byte)),
        (any::<Index>(), select(tokens())).prop_map(|(at, token)| Edit::Insert(at, token)),
        (any::<Index>(), 1usize..40).prop_map(|(at, len)| Edit::Remove(at, len)),
        any::<(Index, Index, Index)>().prop_map(|(at, file, from)| Edit::Join(at, file, from)),
    ]
}

/// What libFuzzer takes as its dictionary: a string in quotes on each line.
fn tokens() -> Vec<&'static [u8]> {
    include_str!("../tokens.dict")
        .lines()
        .filter(|line| line.starts_with('"'))
        .map(|line| {
            let token: String = serde_json::from_str(line).expect("escapes are those of JSON");
            &*token.into_bytes().leak()
        })
        .collect()
}

fn apply(edits: &[Edit], mut input: Vec<u8>, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    for edit in edits {
        let at = |index: &Index| index.index(input.len() + 1);
        match edit {
            Edit::Put(index, byte) => {
                let at = at(index);
                if let Some(place) = input.get_mut(at) {
                    *place = *byte;
                }
            }
            Edit::Insert(index, token) => {
                let at = at(index);
                input.splice(at..at, token.iter().copied());
            }
            Edit::Remove(index, len) => {
                let at = at(index);
                input.drain(at..(at + len).min(input.len()));
            }
            Edit::Join(index, file, from) => {
                input.truncate(at(index));
                let (_, other) = file.get(files);
                input.extend_from_slice(&other[from.index(other.len() + 1)..]);
            }
        }
    }
    input
}

/// An input, which a failure prints as text.
struct Input(Vec<u8>);

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

#[test]
fn every_property_holds_for_mutations_of_the_corpus() {
    for target in TARGETS {
        let files = corpus(target);
        let mut runner = TestRunner::new(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let inputs = (any::<Index>(), vec(edit(), 0..8)).prop_map(|(file, edits)| {
            let (_, input) = file.get(&files);
            Input(apply(&edits, input.clone(), &files))
        });
        runner
            .run(&inputs, |input| {
                check(target, &input.0).map_err(TestCaseError::fail)
            })
            .unwrap_or_else(|error| panic!("{}: {error}", target.export));
    }
}
