//! What a function answers, whole: standard output and standard error.

use krm_rs::{Dispatcher, Function, Items, Object, ResourceList, ResultItem, Results, json, yaml};
use proptest::prelude::*;
use serde::Deserialize;

/// Labels objects, and says something of every kind.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct SetTeam {
    team: String,
    limit: u32,
}

impl Function for SetTeam {
    const API_VERSION: &'static str = "example.com/v1";
    const KIND: &'static str = "SetTeam";

    fn set_defaults(&mut self, config: &Object) {
        if self.team.is_empty() {
            self.team = config.name().to_owned();
        }
    }

    fn validate(&self, _config: &Object, results: &mut Results) {
        if self.team.contains(' ') {
            let message = format!("found {:?}, expected a name without spaces", self.team);
            results.error("spec.team", message, json!(self.team.replace(' ', "-")));
        }
        if self.limit > 10 {
            results.error(
                "spec.limit",
                "found more than 10",
                "limit: 10\nteam: a-smaller-one",
            );
        }
    }

    fn run(self, config: &Object, items: &mut Items, results: &mut Results) {
        for object in items.deployable_mut() {
            object.set_label("team", &self.team);
            if object.kind() == "Secret" {
                results.push(
                    ResultItem::error("found a Secret, expected none", "remove it, or encrypt it")
                        .on(&*object)
                        .at("data")
                        .in_file("secret.yaml", 1)
                        .tag("rule", "no-secrets"),
                );
            }
            if object
                .get("spec.replicas")
                .is_some_and(|replicas| replicas == 1)
            {
                results.push(
                    ResultItem::warning("found one replica")
                        .on(&*object)
                        .at("spec.replicas")
                        .with_fix(json!(2)),
                );
            }
        }
        if config.label("verbose").is_some() {
            results.info("", format!("{} objects", items.len()));
        }
    }
}

/// A function that is configured by a ConfigMap, as `kpt fn eval -- key=value` does.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Annotate {
    #[serde(alias = "name")]
    key: String,
    value: String,
}

impl Function for Annotate {
    const API_VERSION: &'static str = "v1";
    const KIND: &'static str = "ConfigMap";
    const SECTION: &'static str = "data";

    fn run(self, _config: &Object, items: &mut Items, _results: &mut Results) {
        for object in items.iter_mut() {
            object.set_annotation(&self.key, &self.value);
        }
    }
}

fn dispatcher() -> Dispatcher {
    Dispatcher::new().with::<SetTeam>().with::<Annotate>()
}

fn answer(input: &str) -> String {
    let outcome = dispatcher().process(input.as_bytes());
    let again = dispatcher().process(input.as_bytes());
    assert_eq!(outcome, again);
    // Whatever happened, the list can be read.
    ResourceList::read(&outcome.stdout).unwrap();
    format!(
        "# exit {}\n# standard error\n{}# standard output\n{}",
        i32::from(!outcome.success),
        outcome.stderr,
        String::from_utf8(outcome.stdout).unwrap(),
    )
}

const ITEMS: &str = "\
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: app
    namespace: shop
    annotations:
      internal.config.kubernetes.io/id: '7'
      config.kubernetes.io/path: a.yaml
  spec:
    replicas: 1
    on: 012
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: local
    annotations: {config.kubernetes.io/local-config: 'true'}
";

fn list(version: &str, config: &str) -> String {
    format!(
        "apiVersion: config.kubernetes.io/{version}\nkind: ResourceList\n{ITEMS}functionConfig:{config}\n"
    )
}

fn set_team(spec: &str) -> String {
    list(
        "v1",
        &format!(
            " {{apiVersion: example.com/v1, kind: SetTeam, metadata: {{name: x}}, spec: {spec}}}"
        ),
    )
}

#[test]
fn success() {
    insta::assert_snapshot!(answer(&set_team("{team: payments}")));
}

#[test]
fn v1beta1_goes_out_as_it_came_in() {
    let config = "\n  apiVersion: example.com/v1\n  kind: SetTeam\n  metadata: {name: x, labels: {verbose: 'y'}}";
    let input =
        list("v1beta1", config) + "other: kept\nresults:\n- message: earlier\n  severity: info\n";
    insta::assert_snapshot!(answer(&input));
}

#[test]
fn json_is_answered_with_yaml() {
    let value = yaml::load_one(set_team("{team: payments}").as_bytes()).unwrap();
    let from_json = answer(&value.to_string());
    assert_eq!(from_json, answer(&set_team("{team: payments}")));
}

#[test]
fn a_config_map_as_configuration() {
    let config =
        " {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {name: a, value: 'on'}}";
    insta::assert_snapshot!(answer(&list("v1", config)));
}

#[test]
fn a_wrong_configuration() {
    insta::assert_snapshot!(answer(&set_team("{teem: a, limit: '3', x: {}}")));
}

#[test]
fn a_refused_configuration() {
    insta::assert_snapshot!(answer(&set_team("{team: a b, limit: 11}")));
}

#[test]
fn errors_give_the_items_back_as_they_came() {
    let secret = "- apiVersion: v1\n  kind: Secret\n  metadata: {name: s, namespace: shop}\n  data: {a: Yg==}\n";
    let input =
        set_team("{team: a}").replace("functionConfig:", &format!("{secret}functionConfig:"));
    let shown = answer(&input);
    assert!(!shown.contains("labels:"));
    assert!(
        !shown.contains("currentValue:\n"),
        "what is in a Secret goes into no report"
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn a_terminal_gets_no_commands() {
    let outcome = dispatcher().process(set_team("{\"\\u001b[31m\": 1}").as_bytes());
    assert!(outcome.stderr.starts_with("error: SetTeam/x: spec"));
    assert!(!outcome.stderr.contains('\u{1b}'));
}

#[test]
fn results_name_the_file() {
    let config = "\n  apiVersion: example.com/v1\n  kind: SetTeam\n  metadata:\n    name: x\n    annotations: \
                  {internal.config.kubernetes.io/path: fn/a.yaml, internal.config.kubernetes.io/index: '2'}\n  \
                  spec: {team: a b}";
    insta::assert_snapshot!(answer(&list("v1", config)));
}

#[test]
fn what_is_no_list() {
    let cases = [
        ("nothing", String::new()),
        ("not YAML", "a: [".to_owned()),
        ("a text", "hello".to_owned()),
        (
            "a list of texts",
            list("v1", "").replace("items:", "items:\n- hello"),
        ),
        (
            "items that are none",
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: {}\n".to_owned(),
        ),
        ("another version", list("v2", "")),
        ("no version", "kind: ResourceList\nitems: []\n".to_owned()),
        ("two lists", format!("{0}---\n{0}", list("v1", ""))),
        ("a configuration that is a text", list("v1", " x")),
        ("no configuration", list("v1", "")),
        (
            "a stream of documents",
            "apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: Secret\n".to_owned(),
        ),
        (
            "an unknown kind",
            list(
                "v1",
                " {apiVersion: example.com/v1, kind: SetTeams, metadata: {name: x}}",
            ),
        ),
        (
            "a kind far off",
            list("v1", " {apiVersion: v1, kind: Pod, metadata: {name: x}}"),
        ),
        (
            "another version of the kind",
            list(
                "v1",
                " {apiVersion: example.com/v2, kind: SetTeam, metadata: {name: x}}",
            ),
        ),
        (
            "no name",
            list("v1", " {apiVersion: example.com/v1, kind: SetTeam}"),
        ),
        (
            "fields beside the section",
            list(
                "v1",
                " {apiVersion: example.com/v1, kind: SetTeam, metadata: {name: x}, team: a, sepc: {}}",
            ),
        ),
        ("a section that is a text", set_team("hello")),
        (
            "no section",
            list(
                "v1",
                " {apiVersion: example.com/v1, kind: SetTeam, metadata: {name: x}}",
            ),
        ),
    ];
    let mut shown = String::new();
    for (name, input) in cases {
        let outcome = dispatcher().process(input.as_bytes());
        ResourceList::read(&outcome.stdout).unwrap();
        let exit = i32::from(!outcome.success);
        shown += &format!("# {name}: exit {exit}\n{}\n", outcome.stderr);
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn what_can_not_be_read_is_answered_with_an_empty_list() {
    insta::assert_snapshot!(answer("a: [\n"));
}

proptest! {
    #[test]
    fn any_input_is_answered_with_a_list(input in "\\PC{0,200}|[a-z:\\[\\]{}&*!|>'\"\n -]{0,200}") {
        let outcome = dispatcher().process(input.as_bytes());
        prop_assert!(!outcome.success);
        prop_assert!(outcome.stderr.starts_with("error: "));
        let list = ResourceList::read(&outcome.stdout);
        prop_assert!(list.is_ok());
    }
}
