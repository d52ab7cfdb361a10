//! What is measured. A new pipeline is an entry of [`PIPELINES`].

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::records::{Line, Shape, kubernetes, record};

/// One way from the tail input to the output.
pub(crate) struct Pipeline {
    /// Unique among those of its shape; budgets name it.
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// Further lines of the input section.
    pub(crate) input: &'static str,
    pub(crate) steps: &'static [Step],
    pub(crate) gives: Gives,
}

/// One or several filter sections.
pub(crate) enum Step {
    /// Sections as they are.
    Native(&'static str),
    /// This Lua function of [`LUA`].
    Lua(&'static str),
    /// The filter that changes nothing: function and `Event_Format`.
    Identity(&'static str, &'static str),
    /// A filter of ours: module, function, `Event_Format`, and the text of its settings file.
    Ours(&'static str, &'static str, &'static str, &'static str),
    /// What the stack generates, but for the filter `kubernetes`.
    Stack,
}

/// What must come out of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    /// The record.
    Same,
    /// `time`, `stream`, `logtag`, `message` and three more fields.
    Parser,
    /// `time`, `stream`, `_p`, `log` and three more fields.
    Multiline,
    /// `_time`, `stream`, `_msg`.
    Line,
    /// And `cluster`, `environment`, `tenant`; the `kubernetes` map lifted. Several ways lead here.
    All,
    /// That, and what else the settings of the stack add.
    AtLeastAll,
    /// The three fields and the map lifted; the line is the message as it is.
    Tagged,
}

/// The three fields that every pipeline adds.
const TAGS: [(&str, &str); 3] = [
    ("cluster", "apps"),
    ("environment", "production"),
    ("tenant", "apps"),
];

const MODIFY: &str = "[FILTER]\n    Name modify\n    Match *\n    Add cluster apps\n    \
     Add environment production\n    Add tenant apps\n";
const PARSER: &str = "[FILTER]\n    Name parser\n    Match *\n    Key_Name log\n    Parser cri\n    Reserve_Data On\n";
const NEST: &str = "[FILTER]\n    Name nest\n    Match *\n    Operation lift\n    Nested_under kubernetes\n    \
     Add_prefix k8s_\n";

/// Our result in Lua, as one would write it: one match, and a new table.
pub(crate) const LUA: &str = r#"
function lines(tag, timestamp, record)
  local time, stream, message = string.match(record["log"], "^(%S+) (%S+) %S+ (.*)$")
  if time == nil then
    return 0, timestamp, record
  end
  return 2, timestamp, {_time = time, stream = stream, _msg = message,
    cluster = "apps", environment = "production", tenant = "apps"}
end

function kubernetes(tag, timestamp, record)
  local time, stream, message = string.match(record["log"], "^(%S+) (%S+) %S+ (.*)$")
  if time == nil then
    return 0, timestamp, record
  end
  local new = {_time = time, stream = stream, _msg = message,
    cluster = "apps", environment = "production", tenant = "apps"}
  for key, value in pairs(record["kubernetes"]) do
    new["k8s_" .. key] = value
  end
  return 2, timestamp, new
end
"#;

const TENANT: &str = r#"{"cluster":"apps","environment":"production","tenant":{"default":"apps"}}"#;

/// The name of the pipeline without a filter, and of those that budgets compare with.
pub(crate) const NONE: &str = "no filter";
pub(crate) const NATIVE: &str = "native: Parser cri, modify";
pub(crate) const NATIVE_KUBERNETES: &str = "native: parser, modify, nest";
pub(crate) const LUA_NAME: &str = "lua";
pub(crate) const IDENTITY: &str = "wasm identity, json";
pub(crate) const OURS: &str = "container_logs, json";
pub(crate) const OURS_MSGPACK: &str = "container_logs, msgpack";

macro_rules! container_logs {
    ($function:literal, $format:literal, $join:literal) => {
        &[Step::Ours(
            "container-logs",
            $function,
            $format,
            concat!(
                r#"{"cluster":"apps","environment":"production","tenant":{"default":"apps"},"join":""#,
                $join,
                r#""}"#
            ),
        )]
    };
}

/// Name, input, steps, result; of one shape.
macro_rules! pipelines {
    ($($shape:ident: [$($name:expr, $input:expr, $steps:expr, $gives:ident;)+])+) => {
        &[$($(Pipeline {
            name: $name,
            shape: Shape::$shape,
            input: $input,
            steps: $steps,
            gives: Gives::$gives,
        }),+),+]
    };
}

/// Every pipeline, in the order of the report.
pub(crate) const PIPELINES: &[Pipeline] = pipelines! {
    Lines: [
        NONE, "", &[], Same;
        NATIVE, "    Parser cri\n", &[Step::Native(MODIFY)], Parser;
        "native: multiline.parser cri, modify", "    Multiline.Parser cri\n", &[Step::Native(MODIFY)], Multiline;
        LUA_NAME, "", &[Step::Lua("lines")], All;
        IDENTITY, "", &[Step::Identity("identity", "json")], Same;
        "wasm identity, msgpack", "", &[Step::Identity("identity_msgpack", "msgpack")], Same;
        "cri, json", "", &[Step::Ours("cri", "cri", "json", "{}")], Line;
        "cri, msgpack", "", &[Step::Ours("cri", "cri_msgpack", "msgpack", "{}")], Line;
        "cri, then tenant, json", "",
            &[Step::Ours("cri", "cri", "json", "{}"), Step::Ours("tenant", "tenant", "json", TENANT)], All;
        OURS, "", container_logs!("container_logs", "json", "mark"), All;
        "container_logs, json, join: filter", "", container_logs!("container_logs", "json", "filter"), All;
        "container_logs, json, join: host", "    Multiline.Parser cri\n",
            container_logs!("container_logs", "json", "host"), All;
        OURS_MSGPACK, "", container_logs!("container_logs_msgpack", "msgpack", "mark"), All;
        "container_logs, msgpack, join: filter", "", container_logs!("container_logs_msgpack", "msgpack", "filter"), All;
        "container_logs, msgpack, join: host", "    Multiline.Parser cri\n",
            container_logs!("container_logs_msgpack", "msgpack", "host"), All;
        "the generated stack", "", &[Step::Stack], AtLeastAll;
    ]
    Kubernetes: [
        NONE, "", &[], Same;
        NATIVE_KUBERNETES, "", &[Step::Native(PARSER), Step::Native(MODIFY), Step::Native(NEST)], Parser;
        LUA_NAME, "", &[Step::Lua("kubernetes")], All;
        IDENTITY, "", &[Step::Identity("identity", "json")], Same;
        "wasm identity, msgpack", "", &[Step::Identity("identity_msgpack", "msgpack")], Same;
        "tenant, json", "", &[Step::Ours("tenant", "tenant", "json", TENANT)], Tagged;
        "tenant, msgpack", "", &[Step::Ours("tenant", "tenant_msgpack", "msgpack", TENANT)], Tagged;
        "cri, then tenant, json", "",
            &[Step::Ours("cri", "cri", "json", "{}"), Step::Ours("tenant", "tenant", "json", TENANT)], All;
        OURS, "", container_logs!("container_logs", "json", "mark"), All;
        "container_logs, json, join: filter", "", container_logs!("container_logs", "json", "filter"), All;
        OURS_MSGPACK, "", container_logs!("container_logs_msgpack", "msgpack", "mark"), All;
        "container_logs, msgpack, join: filter", "", container_logs!("container_logs_msgpack", "msgpack", "filter"), All;
        "the generated stack", "", &[Step::Stack], AtLeastAll;
    ]
    Pods: [
        NONE, "", &[], Same;
        NATIVE_KUBERNETES, "", &[Step::Native(PARSER), Step::Native(MODIFY), Step::Native(NEST)], Parser;
        LUA_NAME, "", &[Step::Lua("kubernetes")], All;
        IDENTITY, "", &[Step::Identity("identity", "json")], Same;
        OURS, "", container_logs!("container_logs", "json", "mark"), All;
        OURS_MSGPACK, "", container_logs!("container_logs_msgpack", "msgpack", "mark"), All;
    ]
};

impl Pipeline {
    /// Module and function of each filter of ours.
    pub(crate) fn ours(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.steps.iter().filter_map(|step| match step {
            Step::Ours(module, function, ..) => Some((*module, *function)),
            _ => None,
        })
    }

    /// Whether it is nothing but ours.
    pub(crate) fn is_ours(&self) -> bool {
        self.ours().next().is_some() || matches!(self.steps, [Step::Stack])
    }

    /// The line that says how much the input reads at a time, where it is not Fluent Bit's own choice.
    pub(crate) fn read<'p>(&self, place: &'p Place) -> &'p str {
        match self.steps {
            [Step::Stack] => &place.stack.read,
            _ => "",
        }
    }

    /// The fields that must come out, and whether there may be more.
    pub(crate) fn expected(&self, line: &Line) -> (Map<String, Value>, bool) {
        let text = |value: &str| Value::from(value);
        let mut fields = match self.gives {
            Gives::Same => return (record(self.shape, line), false),
            Gives::Parser | Gives::Multiline => {
                let (tags, message) = match self.gives {
                    Gives::Parser => ("logtag", "message"),
                    _ => ("_p", "log"),
                };
                Map::from_iter([
                    ("time".to_string(), text(&line.time)),
                    ("stream".into(), text(line.stream)),
                    (tags.into(), text("F")),
                    (message.into(), text(&line.message)),
                ])
            }
            Gives::Tagged => Map::from_iter([("_msg".to_string(), text(&line.text()))]),
            Gives::Line | Gives::All | Gives::AtLeastAll => Map::from_iter([
                ("_time".to_string(), text(&line.time)),
                ("stream".into(), text(line.stream)),
                ("_msg".into(), text(&line.message)),
            ]),
        };
        if self.gives != Gives::Line {
            fields.extend(TAGS.map(|(name, value)| (name.to_string(), text(value))));
            let map = kubernetes(self.shape, line).into_iter().flatten();
            fields.extend(map.map(|(key, value)| (format!("k8s_{key}"), value)));
        }
        (fields, self.gives == Gives::AtLeastAll)
    }

    /// The filter sections of a configuration, and the files (by name) that they need in the folder `settings`.
    pub(crate) fn sections(&self, place: &Place) -> (String, Vec<(String, String)>) {
        let mut text = String::new();
        let mut files = Vec::new();
        let settings = place.settings.display();
        for step in self.steps {
            match step {
                Step::Native(sections) => text += sections,
                Step::Lua(function) => {
                    files.push(("filter.lua".into(), LUA.into()));
                    text += &format!(
                        "[FILTER]\n    Name lua\n    Match *\n    Script {settings}/filter.lua\n    Call {function}\n"
                    );
                }
                Step::Identity(function, format) => {
                    text += &wasm(
                        &place.identity.display().to_string(),
                        function,
                        format,
                        &settings.to_string(),
                    );
                }
                Step::Ours(module, function, format, content) => {
                    files.push((format!("{module}.json"), (*content).into()));
                    let path = place.modules.join(format!("{module}.wasm"));
                    text += &wasm(
                        &path.display().to_string(),
                        function,
                        format,
                        &settings.to_string(),
                    );
                }
                Step::Stack => {
                    text += &place.stack.sections(&place.modules, &place.settings);
                    files.extend(place.stack.settings.clone());
                }
            }
        }
        (text, files)
    }
}

fn wasm(path: &str, function: &str, format: &str, settings: &str) -> String {
    format!(
        "[FILTER]\n    Name wasm\n    Match *\n    WASM_Path {path}\n    Function_Name {function}\n    \
         Event_Format {format}\n    accessible_paths {settings}\n"
    )
}

/// Where what the sections name is.
pub(crate) struct Place {
    /// The folder of our modules.
    pub(crate) modules: PathBuf,
    /// The filter that changes nothing.
    pub(crate) identity: PathBuf,
    /// The folder of settings files and scripts.
    pub(crate) settings: PathBuf,
    pub(crate) stack: crate::stack::Stack,
}
