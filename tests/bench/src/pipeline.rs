//! What is measured. A new pipeline is an entry of [`PIPELINES`].

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::config::{Properties, Section};
use crate::records::{Line, Shape, body, kubernetes, record};

/// One way from the tail input to the output.
pub(crate) struct Pipeline {
    /// Unique among those of its shape; budgets name it.
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// Further properties of the input.
    input: Properties,
    pub(crate) steps: &'static [Step],
    pub(crate) gives: Gives,
}

/// One or several filters. Those in wasm come last, for they may run at the output.
pub(crate) enum Step {
    /// One of Fluent Bit's own.
    Native(Properties),
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

const MODIFY: Properties = &[
    ("name", "modify"),
    ("match", "*"),
    ("add", "cluster apps"),
    ("add", "environment production"),
    ("add", "tenant apps"),
];
const PARSER: Properties = &[
    ("name", "parser"),
    ("match", "*"),
    ("key_name", "log"),
    ("parser", "cri"),
    ("reserve_data", "on"),
];
const JSON: Properties = &[
    ("name", "parser"),
    ("match", "*"),
    ("key_name", "message"),
    ("parser", "json"),
    ("reserve_data", "on"),
];
const NEST: Properties = &[
    ("name", "nest"),
    ("match", "*"),
    ("operation", "lift"),
    ("nested_under", "kubernetes"),
    ("add_prefix", "k8s_"),
];

/// Properties of inputs: CRI lines by a parser, and put together again.
const CRI: Properties = &[("parser", "cri")];
const MULTILINE: Properties = &[("multiline.parser", "cri")];

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
pub(crate) const NATIVE_BODIES: &str = "native: Parser cri, parser json, modify";
pub(crate) const NATIVE_KUBERNETES: &str = "native: parser, modify, nest";
pub(crate) const LUA_NAME: &str = "lua";
pub(crate) const IDENTITY: &str = "wasm identity, json";
pub(crate) const OURS: &str = "container_logs, json";
/// The same where it is called for whatever is read, though the version loads the module anew for each call.
pub(crate) const OURS_AS_FILTER: &str = "container_logs, json, as a [FILTER]";
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
        NONE, &[], &[], Same;
        NATIVE, CRI, &[Step::Native(MODIFY)], Parser;
        "native: multiline.parser cri, modify", MULTILINE, &[Step::Native(MODIFY)], Multiline;
        LUA_NAME, &[], &[Step::Lua("lines")], All;
        IDENTITY, &[], &[Step::Identity("identity", "json")], Same;
        "wasm identity, msgpack", &[], &[Step::Identity("identity_msgpack", "msgpack")], Same;
        "cri, json", &[], &[Step::Ours("cri", "cri", "json", "{}")], Line;
        "cri, msgpack", &[], &[Step::Ours("cri", "cri_msgpack", "msgpack", "{}")], Line;
        "cri, then tenant, json", &[],
            &[Step::Ours("cri", "cri", "json", "{}"), Step::Ours("tenant", "tenant", "json", TENANT)], All;
        OURS, &[], container_logs!("container_logs", "json", "mark"), All;
        OURS_AS_FILTER, &[], container_logs!("container_logs", "json", "mark"), All;
        "container_logs, json, join: filter", &[], container_logs!("container_logs", "json", "filter"), All;
        "container_logs, json, join: host", MULTILINE,
            container_logs!("container_logs", "json", "host"), All;
        OURS_MSGPACK, &[], container_logs!("container_logs_msgpack", "msgpack", "mark"), All;
        "container_logs, msgpack, join: filter", &[], container_logs!("container_logs_msgpack", "msgpack", "filter"), All;
        "container_logs, msgpack, join: host", MULTILINE,
            container_logs!("container_logs_msgpack", "msgpack", "host"), All;
        "the generated stack", &[], &[Step::Stack], AtLeastAll;
    ]
    Bodies: [
        NONE, &[], &[], Same;
        NATIVE_BODIES, CRI, &[Step::Native(JSON), Step::Native(MODIFY)], Parser;
        IDENTITY, &[], &[Step::Identity("identity", "json")], Same;
        OURS, &[], container_logs!("container_logs", "json", "mark"), All;
        OURS_MSGPACK, &[], container_logs!("container_logs_msgpack", "msgpack", "mark"), All;
        "the generated stack", &[], &[Step::Stack], AtLeastAll;
    ]
    Kubernetes: [
        NONE, &[], &[], Same;
        NATIVE_KUBERNETES, &[], &[Step::Native(PARSER), Step::Native(MODIFY), Step::Native(NEST)], Parser;
        LUA_NAME, &[], &[Step::Lua("kubernetes")], All;
        IDENTITY, &[], &[Step::Identity("identity", "json")], Same;
        "wasm identity, msgpack", &[], &[Step::Identity("identity_msgpack", "msgpack")], Same;
        "tenant, json", &[], &[Step::Ours("tenant", "tenant", "json", TENANT)], Tagged;
        "tenant, msgpack", &[], &[Step::Ours("tenant", "tenant_msgpack", "msgpack", TENANT)], Tagged;
        "cri, then tenant, json", &[],
            &[Step::Ours("cri", "cri", "json", "{}"), Step::Ours("tenant", "tenant", "json", TENANT)], All;
        OURS, &[], container_logs!("container_logs", "json", "mark"), All;
        "container_logs, json, join: filter", &[], container_logs!("container_logs", "json", "filter"), All;
        OURS_MSGPACK, &[], container_logs!("container_logs_msgpack", "msgpack", "mark"), All;
        "container_logs, msgpack, join: filter", &[], container_logs!("container_logs_msgpack", "msgpack", "filter"), All;
        "the generated stack", &[], &[Step::Stack], AtLeastAll;
    ]
    Pods: [
        NONE, &[], &[], Same;
        NATIVE_KUBERNETES, &[], &[Step::Native(PARSER), Step::Native(MODIFY), Step::Native(NEST)], Parser;
        LUA_NAME, &[], &[Step::Lua("kubernetes")], All;
        IDENTITY, &[], &[Step::Identity("identity", "json")], Same;
        OURS, &[], container_logs!("container_logs", "json", "mark"), All;
        OURS_MSGPACK, &[], container_logs!("container_logs_msgpack", "msgpack", "mark"), All;
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

    /// Whether it can be measured with this Fluent Bit, and is not the same as another there.
    pub(crate) fn is_for(&self, place: &Place) -> bool {
        self.name != OURS_AS_FILTER || place.filters_at_output
    }

    /// The input, with what the records and the pipeline need.
    pub(crate) fn input(&self, place: &Place, input: Section) -> Section {
        let input = input.and(self.shape.input()).and(self.input);
        match self.steps {
            [Step::Stack] => input.set("buffer_chunk_size", place.stack.read()),
            _ => input,
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
            Gives::Tagged => Map::from_iter([("_msg".to_string(), text(&line.text(self.shape)))]),
            Gives::Line | Gives::All | Gives::AtLeastAll => Map::from_iter([
                ("_time".to_string(), text(&line.time)),
                ("stream".into(), text(line.stream)),
                ("_msg".into(), text(&line.message)),
            ]),
        };
        if let Some(mut body) = body(self.shape, line) {
            // The message is one of them in ours; its text is none of the record's in either.
            match self.gives {
                Gives::Parser => fields.remove("message"),
                _ => body.remove("msg"),
            };
            fields.extend(body);
        }
        if self.gives != Gives::Line {
            fields.extend(TAGS.map(|(name, value)| (name.to_string(), text(value))));
            let map = kubernetes(self.shape, line).into_iter().flatten();
            fields.extend(map.map(|(key, value)| (format!("k8s_{key}"), value)));
        }
        (fields, self.gives == Gives::AtLeastAll)
    }

    /// What the steps become.
    pub(crate) fn parts(&self, place: &Place) -> Parts {
        let at_output = place.filters_at_output && self.name != OURS_AS_FILTER;
        let settings = place.settings.display();
        let mut parts = Parts::default();
        for step in self.steps {
            match step {
                Step::Native(properties) => parts.filters.push(Section::new(properties)),
                Step::Lua(function) => {
                    parts.files.push(("filter.lua".into(), LUA.into()));
                    let section = Section::new(&[("name", "lua"), ("match", "*")])
                        .set("script", format_args!("{settings}/filter.lua"))
                        .set("call", function);
                    parts.filters.push(section);
                }
                Step::Identity(function, format) => {
                    parts.wasm(at_output, place, &place.identity, function, format);
                }
                Step::Ours(module, function, format, content) => {
                    let file = (format!("{module}.json"), (*content).into());
                    parts.files.push(file);
                    let path = place.modules.join(format!("{module}.wasm"));
                    parts.wasm(at_output, place, &path, function, format);
                }
                Step::Stack => {
                    let (filters, processors) =
                        place.stack.sections(&place.modules, &place.settings);
                    parts.filters.extend(filters);
                    parts.processors.extend(processors);
                    parts.files.extend(place.stack.settings.clone());
                }
            }
        }
        parts
    }
}

/// What the steps of a pipeline become in a configuration.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) filters: Vec<Section>,
    /// Filters of the output.
    pub(crate) processors: Vec<Section>,
    /// Files that these need in the folder `settings`, by name.
    pub(crate) files: Vec<(String, String)>,
}

impl Parts {
    fn wasm(
        &mut self,
        at_output: bool,
        place: &Place,
        module: &Path,
        function: &str,
        format: &str,
    ) {
        let (list, start): (_, Properties) = if at_output {
            (&mut self.processors, &[("name", "wasm")])
        } else {
            (&mut self.filters, &[("name", "wasm"), ("match", "*")])
        };
        let section = Section::new(start)
            .set("wasm_path", module.display())
            .set("function_name", function)
            .set("event_format", format)
            .set("accessible_paths", place.settings.display());
        list.push(section);
    }
}

/// Where what the sections name is, and where filters in wasm belong.
pub(crate) struct Place {
    /// The folder of our modules.
    pub(crate) modules: PathBuf,
    /// The filter that changes nothing.
    pub(crate) identity: PathBuf,
    /// The folder of settings files and scripts.
    pub(crate) settings: PathBuf,
    pub(crate) stack: crate::stack::Stack,
    /// Whether filters in wasm are processors of the output, as the stack has them for a Fluent Bit that loads the module
    /// anew for each call.
    pub(crate) filters_at_output: bool,
}
