//! Running a function in this process.

use krm_rs::{Dispatcher, Function, Object, Outcome, ResourceList, Results, Value, yaml};

/// Runs a function on a functionConfig and no items.
///
/// # Panics
/// If the functionConfig is not one object in YAML.
pub fn run<F: Function>(config: &str) -> Outcome {
    run_on::<F>(config, Vec::new())
}

/// Runs a function on a functionConfig and items, from bytes to bytes.
///
/// # Panics
/// If the functionConfig is not one object in YAML.
pub fn run_on<F: Function>(config: &str, items: Vec<Object>) -> Outcome {
    let config = Object::try_from(tree(config)).expect("a test's config is an object");
    let input = ResourceList::new(items, Some(config)).write(&Results::new());
    Dispatcher::new().with::<F>().process(input.as_bytes())
}

/// The objects that a good functionConfig makes of nothing.
///
/// # Panics
/// As [`run`], and with the errors where there are any.
pub fn objects<F: Function>(config: &str) -> Vec<Object> {
    objects_on::<F>(config, Vec::new())
}

/// The objects that a good functionConfig makes of items.
///
/// # Panics
/// As [`run_on`], and with the errors where there are any.
pub fn objects_on<F: Function>(config: &str, given: Vec<Object>) -> Vec<Object> {
    let outcome = run_on::<F>(config, given);
    assert!(outcome.success, "{}", outcome.stderr);
    items(&outcome)
}

/// The items of an answer.
///
/// # Panics
/// If the answer is no `ResourceList`.
pub fn items(outcome: &Outcome) -> Vec<Object> {
    let list = ResourceList::read(&outcome.stdout).expect("the answer is a ResourceList");
    list.items.into_iter().collect()
}

/// The results of an answer that has some, as they stand there: whatever else the answer holds came in.
///
/// # Panics
/// If the answer has none.
pub fn results(outcome: &Outcome) -> String {
    let answer = String::from_utf8_lossy(&outcome.stdout);
    let (_, results) = answer.split_once("\nresults:").expect("results");
    results.to_owned()
}

/// The objects of a stream of YAML documents.
///
/// # Panics
/// If it is none, or not of objects.
pub fn parse(stream: impl AsRef<[u8]>) -> Vec<Object> {
    let list = ResourceList::read(stream.as_ref()).expect("a stream of objects");
    list.items.into_iter().collect()
}

/// The stream of YAML documents that objects are.
pub fn emit(objects: &[Object]) -> String {
    yaml::emit_all(objects.iter().map(Object::as_value))
}

/// A text that is one YAML document.
///
/// # Panics
/// If it is not.
pub fn tree(text: &str) -> Value {
    yaml::load_one(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}
