//! Whether what a README says of options, defaults and the example is so.

use krm_rs::{Map, Object, Path, Value, yaml};

use crate::run::tree;

/// The table of options: each row's option and default.
///
/// # Panics
/// If there is no table with this head.
pub fn rows(readme: &str) -> Vec<(&str, &str)> {
    let table = readme
        .split("| option | default | |\n")
        .nth(1)
        .expect("the table of options");
    let lines = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let cells = lines.map(|line| {
        let mut cells = line.split('|').map(|cell| cell.trim().trim_matches('`'));
        (
            cells.nth(1).unwrap_or_default(),
            cells.next().unwrap_or_default(),
        )
    });
    cells.collect()
}

/// The options that the table has, sorted.
///
/// # Panics
/// As [`rows`].
pub fn names(readme: &str) -> Vec<String> {
    let rows = rows(readme).into_iter();
    let mut names: Vec<String> = rows.map(|(option, _)| option.to_owned()).collect();
    names.sort();
    names
}

/// Every option that a `spec` sets, sorted: a mapping's fields, but for a mapping with `names` of the user's as keys,
/// which is one option by its path; a list and the fields of its first entry.
pub fn options(spec: &Value, names: impl Fn(&str) -> bool) -> Vec<String> {
    fn collect(
        prefix: &str,
        fields: &Map<String, Value>,
        names: &dyn Fn(&str) -> bool,
        out: &mut Vec<String>,
    ) {
        for (name, value) in fields {
            let path = format!("{prefix}{name}");
            match value {
                Value::Object(inner) if !names(&path) => {
                    collect(&format!("{path}."), inner, names, out);
                    continue;
                }
                Value::Array(items) => {
                    if let Some(Value::Object(inner)) = items.first() {
                        collect(&format!("{path}[0]."), inner, names, out);
                    }
                }
                _ => {}
            }
            out.push(path);
        }
    }

    let mut out = Vec::new();
    collect("", spec.as_object().expect("a spec"), &names, &mut out);
    out.sort();
    out
}

/// Writes each default of the table into the configuration `minimal`, and holds what is `made` of that to what is made
/// of `minimal`, which leaves out what it can. Gives the number of defaults.
///
/// # Panics
/// Where a default that is written changes something, with its option.
pub fn defaults_change_nothing(
    readme: &str,
    minimal: &str,
    made: impl Fn(&str) -> Vec<Object>,
) -> usize {
    let expected = made(minimal);
    let rows = rows(readme).into_iter();
    let mut count = 0;
    for (option, default) in rows.filter(|(_, default)| !default.is_empty()) {
        let config = with(minimal, option, default);
        let found = made(&yaml::emit(&config));
        assert_eq!(found, expected, "{option}: {default}");
        count += 1;
    }
    count
}

/// A configuration with an option, a path below `spec`, set to a value in YAML.
///
/// # Panics
/// If there is no place for such an option.
pub fn with(config: &str, option: &str, value: &str) -> Value {
    let mut config = tree(config);
    let path = Path::parse(&format!("spec.{option}")).expect("an option is a path");
    path.set(&mut config, tree(value)).expect("it can be set");
    config
}

/// The first example that is shown in YAML.
pub fn example(readme: &str) -> Option<&str> {
    let (_, rest) = readme.split_once("```yaml\n")?;
    rest.split("```").next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "
| option | default | |
|---|---|---|
| `size` | `2` | how many |
| `of.what` | `\"\"` | of what |
| `name` | | which |

```yaml
spec: {name: a}
```
";
    const MINIMAL: &str = "apiVersion: v1\nkind: X\nmetadata: {name: a}\nspec: {name: a}\n";

    /// As a function whose own default of `size` is this.
    fn made(size: u64) -> impl Fn(&str) -> Vec<Object> {
        move |config| {
            let mut object = Object::try_from(tree(config)).expect("an object");
            let size = object.get("spec.size").cloned().unwrap_or(size.into());
            let what = object
                .get_str("spec.of.what")
                .unwrap_or_default()
                .to_owned();
            let spec = krm_rs::json!({"size": size, "what": what});
            object.set("spec", spec).expect("it can be set");
            vec![object]
        }
    }

    #[test]
    fn a_table_is_read() {
        assert_eq!(
            rows(README),
            [("size", "2"), ("of.what", "\"\""), ("name", "")]
        );
        assert_eq!(names(README), ["name", "of.what", "size"]);
        assert_eq!(example(README), Some("spec: {name: a}\n"));
        assert_eq!(example(""), None);
    }

    #[test]
    fn options_are_told_from_names() {
        let spec = tree("{a: {b: 1, c: {}}, d: {e: f}, g: [{h: 1}], i: [], j: [k]}");
        let found = options(&spec, |path| path == "d");
        assert_eq!(found, ["a.b", "d", "g", "g[0].h", "i", "j"]);
    }

    #[test]
    fn defaults_are_tried() {
        assert_eq!(defaults_change_nothing(README, MINIMAL, made(2)), 2);
    }

    #[test]
    #[should_panic(expected = "size: 2")]
    fn a_wrong_default_is_found() {
        defaults_change_nothing(README, MINIMAL, made(3));
    }
}
