//! What holds for any pipeline: nothing of it is lost or moved, the filter stands where it has to, and a second run changes
//! nothing.

mod common;

use common::{changed, classic, in_yaml, named, run};
use krm_rs::{Object, yaml};
use leafpack_function_tests::{Placeholder, items};
use proptest::prelude::*;
use proptest::{option, sample};

const CONFIG: &str = "apiVersion: leafpack.dev/v1alpha1\nkind: FluentBitFilters\nmetadata: {name: fluent-bit}\nspec: {cluster: apps}\n";

/// The whole of `before` is in `after`, in one piece but for one place, at which something was put in.
fn is_put_in(before: &str, after: &str) -> bool {
    let Some(more) = after.len().checked_sub(before.len()) else {
        return false;
    };
    let same = before
        .bytes()
        .zip(after.bytes())
        .take_while(|(a, b)| a == b);
    let same = same.count();
    (0..=same).any(|at| before.as_bytes()[at..] == after.as_bytes()[at + more..])
}

/// Headers and names of the sections of a classic configuration, in order.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            out.push((header.to_ascii_uppercase(), String::new()));
        } else if let (Some(section), Some((key, value))) =
            (out.last_mut(), line.trim().split_once(' '))
            && key.eq_ignore_ascii_case("name")
        {
            section.1 = value.trim().to_owned();
        }
    }
    out
}

/// What stands between sections.
fn gap() -> impl Strategy<Value = &'static str> {
    sample::select(vec![
        "",
        "\n",
        "\n\n",
        "# a comment\n",
        "\n#[FILTER]\n\n",
        "  \n",
        "@SET a=b\n",
    ])
}

/// A section, with `%` for the indentation.
fn section() -> impl Strategy<Value = String> {
    let filter = sample::select(vec![
        "[FILTER]\n%Name kubernetes\n%Match kube.*\n",
        "[Filter]\n%name   kubernetes\n%Merge_Log Off\n\n%match   *\n",
        "[FILTER]\n%Name kubernetes\n%Match other.*\n",
        "[FILTER]\n%Name grep\n%Match *\n%# not this one\n%Regex log .*[a-z]  \n",
        "[FILTER]\n%Name lua\n%Match kube.*\n%code function f(t, ts, r) return 0, ts, r end\n",
        "[FILTER]\n%Name wasm\n%Match kube.*\n%WASM_Path /elsewhere/a.wasm\n%Function_Name f\n",
    ]);
    let other = sample::select(vec![
        "[SERVICE]\n%Flush 1\n%Log_Level info\n",
        "[INPUT]\n%Name tail\n%Path /var/log/containers/*.log\n%Tag kube.*\n",
        "[INPUT]\n%Name cpu\n%Tag other.cpu\n",
        "[OUTPUT]\n%Name stdout\n%Match *\n",
        "[OUTPUT]\n%Name http\n%Match kube.*\n%Header A ${B}\n",
        "[PARSER]\n%Name p\n%Format json\n",
        "[CUSTOM]\n%Name calyptia\n",
        "[OTHER]\n%Name x\n",
    ]);
    prop_oneof![filter, other].prop_map(str::to_owned)
}

prop_compose! {
    fn pipeline()(
        parts in prop::collection::vec((gap(), section()), 0..8),
        at in any::<sample::Index>(),
        indent in sample::select(vec!["    ", "  ", "\t", " "]),
        end in sample::select(vec!["\n", "", "\n\n", "\n# the end"]),
        line_break in sample::select(vec!["\n", "\n", "\r\n"]),
    ) -> String {
        let input = "[INPUT]\n%Name tail\n%Path /var/log/containers/*.log\n%Tag kube.*\n".to_owned();
        let mut parts = parts;
        parts.insert(at.index(parts.len() + 1), ("", input));
        let text: String = parts.iter().map(|(gap, section)| format!("{gap}{section}")).collect();
        let text = text.replace('%', indent);
        format!("{}{end}", text.trim_end()).replace('\n', line_break)
    }
}

fn config_of(objects: &[Object]) -> String {
    let map = named(objects, "ConfigMap", "fluent-bit");
    map.get_str("data[fluent-bit.conf]")
        .expect("a configuration")
        .to_owned()
}

fn text(objects: &[Object]) -> String {
    yaml::emit_all(objects.iter().map(Object::as_value))
}

/// What YAML pipelines are made of, each with its dash.
const ITEMS: [&str; 5] = [
    "- name: kubernetes\n  match: kube.*\n",
    "- name: grep\n  match: '*'\n\n  # why\n  exclude: log a # b\n",
    "- match: kube.*\n  name: lua\n  code: |\n    function f()\n\n      return 0\n    end\n\n",
    "-\n  name: modify\n  match: kube.*\n  add:\n  - a b\n  - c d\n",
    "- {name: stdout, match: '*'}\n",
];

prop_compose! {
    fn yaml_pipeline()(
        filters in option::of(prop::collection::vec(sample::select(ITEMS.to_vec()), 0..5)),
        outputs_first in any::<bool>(),
        step in sample::select(vec!["", "  ", "    "]),
        comment in sample::select(vec!["", "  # a comment\n", "\n"]),
        end in sample::select(vec!["\n", "", "\n# the end\n"]),
    ) -> String {
        let list = |name: &str, items: &[&str]| {
            let lines = items.iter().flat_map(|item| item.lines());
            let lines: String = lines
                .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {step}{line}\n") })
                .collect();
            format!("  {name}:\n{lines}")
        };
        let inputs = list("inputs", &["- name: tail\n  path: /var/log/containers/*.log\n  tag: kube.*\n"]);
        let outputs = list("outputs", &["- name: stdout\n  match: '*'\n"]);
        let filters = filters.map_or(String::new(), |items| list("filters", &items));
        let rest = match outputs_first {
            true => [outputs, comment.to_owned(), inputs, filters],
            false => [inputs, filters, comment.to_owned(), outputs],
        };
        let text = format!("service:\n  flush: 1\npipeline:\n{}", rest.concat());
        format!("{}{end}", text.trim_end())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_classic_pipeline_keeps_everything(config in pipeline()) {
        let made = changed(CONFIG, classic(&config));
        let after = config_of(&made);
        prop_assert!(is_put_in(&config, &after), "{}\n---\n{}", config, after);

        let sections = sections(&after);
        let ours = |(header, name): &(String, String)| header == "FILTER" && name == "wasm";
        let added = after.rfind("/leafpack/filters/").expect("a filter of ours");
        let at = sections_before(&after[..added]) - 1;
        prop_assert!(ours(&sections[at]), "{}", after);
        let is = |at: usize, header: &str, name: &str| {
            sections[at].0 == header && (name.is_empty() || sections[at].1 == name)
        };
        let matching = |at: usize| {
            let text = section_text(&after, at).to_ascii_lowercase();
            let (_, rest) = text.split_once("match").expect("a filter matches something");
            rest.split_whitespace().next().expect("a pattern").to_owned()
        };
        let own = matching(at);
        prop_assert!(["*", "kube.*"].contains(&own.as_str()), "{}", after);
        let sees_ours = |at: usize| own == "*" || [own.as_str(), "*"].contains(&matching(at).as_str());
        let kubernetes = (0..sections.len())
            .rev()
            .find(|at| is(*at, "FILTER", "kubernetes") && sees_ours(*at));
        if let Some(kubernetes) = kubernetes {
            prop_assert_eq!(at, kubernetes + 1, "{}", after);
        }
        let first_output = (0..sections.len()).find(|at| is(*at, "OUTPUT", ""));
        let last_filter = (0..at).rev().find(|at| is(*at, "FILTER", ""));
        if let Some(output) = first_output {
            // Behind an output only where a filter that it has to follow is there too.
            prop_assert!(at < output || last_filter.is_some_and(|filter| filter > output), "{}", after);
        }

        let again = run::<Placeholder>(CONFIG, made.clone());
        prop_assert_eq!(text(&items(&again)), text(&made));
        // With other filters and back it is what it was.
        let other = CONFIG.replace("cluster: apps", "cluster: apps, filters: [{filter: audit, match: 'kube.*', position: first}]");
        let back = changed(CONFIG, changed(&other, made.clone()));
        prop_assert_eq!(config_of(&back), after);
    }

    #[test]
    fn a_yaml_pipeline_keeps_everything(config in yaml_pipeline()) {
        let before = in_yaml(&config);
        let made = changed(CONFIG, before);
        let map = named(&made, "ConfigMap", "fluent-bit");
        let after = map.get_str("data[fluent-bit.yaml]").expect("a configuration");
        prop_assert!(is_put_in(&config, after), "{}\n---\n{}", config, after);

        let [old, new] = [config.as_str(), after]
            .map(|text| yaml::load_one(text.as_bytes()).expect("YAML"));
        prop_assert_eq!(&old["pipeline"]["inputs"], &new["pipeline"]["inputs"]);
        prop_assert_eq!(&old["pipeline"]["outputs"], &new["pipeline"]["outputs"]);
        let list = |value: &krm_rs::Value| value["pipeline"]["filters"].as_array().cloned().unwrap_or_default();
        let (old, mut new) = (list(&old), list(&new));
        let at = new.iter().position(|filter| filter["name"] == "wasm").expect("a filter of ours");
        let kubernetes = new.iter().rposition(|filter| filter["name"] == "kubernetes");
        match kubernetes {
            Some(kubernetes) => prop_assert_eq!(at, kubernetes + 1),
            None => prop_assert_eq!(at, new.len() - 1),
        }
        prop_assert_eq!(new[at]["match"].as_str(), Some("kube.*"));
        new.remove(at);
        prop_assert_eq!(new, old);

        let again = run::<Placeholder>(CONFIG, made.clone());
        prop_assert_eq!(text(&items(&again)), text(&made));
    }

    /// Whatever a ConfigMap holds, there is an answer; and a second run changes nothing of a good one.
    #[test]
    fn no_text_is_too_odd(
        config in "([ \\t]{0,3}([\\[\\]@#{}:$-]|\\PC|FILTER|INPUT|OUTPUT|Name|Tag|Match|kube|tail|WASM_Path /leafpack/filters/x|INCLUDE fluent-bit.conf| )*(\\r?\\n)?){0,12}",
        replace in any::<bool>(),
        is_yaml in any::<bool>(),
    ) {
        let config = config.replace('\0', "");
        let input = if is_yaml { in_yaml(&format!("pipeline:\n  inputs:\n  - {{name: tail, tag: a}}\n{config}")) } else { classic(&config) };
        let spec = CONFIG.replace("cluster: apps", &format!("cluster: apps, replace: {replace}, filters: [{{match: '*'}}]"));
        let outcome = run::<Placeholder>(&spec, input.clone());
        if outcome.success {
            let made = items(&outcome);
            let again = run::<Placeholder>(&spec, made.clone());
            prop_assert_eq!(text(&items(&again)), text(&made), "{}", config);
        } else {
            prop_assert_eq!(items(&outcome), input);
        }
    }
}

/// How many sections begin in a text.
fn sections_before(text: &str) -> usize {
    text.lines().filter(|line| line.starts_with('[')).count()
}

/// The lines of a section, by its place.
fn section_text(text: &str, at: usize) -> String {
    let mut seen = 0;
    let lines = text.lines().filter(|line| {
        seen += usize::from(line.starts_with('['));
        seen == at + 1
    });
    lines.map(|line| format!("{line}\n")).collect()
}
