//! What there is to know about a cluster, and who is asked for it.

use std::collections::BTreeMap;
use std::io::Read;

use super::super::{Failed, World};
use crate::cli::args::InitArgs;

/// Something to know.
pub(super) struct Question {
    /// The option that says it, without hyphens.
    pub(super) option: &'static str,
    /// What a person is asked.
    text: &'static str,
    /// What holds where nobody says anything; without it somebody has to.
    default: Option<&'static str>,
    /// Whether a hub is not asked: it writes to its own stores.
    of_a_spoke: bool,
}

/// The role that has stores of its own.
pub(super) const HUB: &str = "hub";

impl Question {
    /// Whether these answers leave it open. The role is asked before what depends on it.
    fn open(&self, answers: &Answers) -> bool {
        let hub = answers.get("role").is_some_and(|role| role == HUB);
        let moot = self.of_a_spoke && hub;
        !moot && !answers.contains_key(self.option)
    }
}

/// In the order in which they are asked.
pub(super) const QUESTIONS: [Question; 10] = [
    Question {
        option: "cluster",
        text: "Name of the cluster, in every record and metric",
        default: None,
        of_a_spoke: false,
    },
    Question {
        option: "role",
        text: "Its role: spoke or hub",
        default: Some("spoke"),
        of_a_spoke: false,
    },
    Question {
        option: "environment",
        text: "Environment, such as production",
        default: Some(""),
        of_a_spoke: false,
    },
    Question {
        option: "logs-url",
        text: "URL of the hub's VictoriaLogs, such as https://logs.example.com",
        default: None,
        of_a_spoke: true,
    },
    Question {
        option: "metrics-url",
        text: "URL of the hub's VictoriaMetrics, such as https://metrics.example.com; none where something else sends metrics",
        default: None,
        of_a_spoke: true,
    },
    Question {
        option: "tenant",
        text: "Tenant of VictoriaLogs, such as apps=2:0 for AccountID 2 and ProjectID 0",
        default: Some(""),
        of_a_spoke: false,
    },
    Question {
        option: "talos",
        text: "Do the nodes run Talos, so that its audit log and its services' logs are there: yes or no",
        default: Some("no"),
        of_a_spoke: false,
    },
    Question {
        option: "policy",
        text: "Network policies: cilium, kubernetes or none",
        default: Some("kubernetes"),
        of_a_spoke: false,
    },
    Question {
        option: "profile",
        text: "Size: small or production",
        default: Some("small"),
        of_a_spoke: false,
    },
    Question {
        option: "flux-path",
        text: "Folder of Flux's source that leafpack build will write to, such as ./clusters/apps/observability",
        default: Some(""),
        of_a_spoke: false,
    },
];

/// Answers by option.
pub(super) type Answers = BTreeMap<&'static str, String>;

/// What the options say.
pub(super) fn given(args: &InitArgs) -> Answers {
    let given = [
        ("cluster", &args.cluster),
        ("role", &args.role),
        ("environment", &args.environment),
        ("logs-url", &args.logs_url),
        ("metrics-url", &args.metrics_url),
        ("tenant", &args.tenant),
        ("talos", &args.talos),
        ("policy", &args.policy),
        ("profile", &args.profile),
        ("flux-path", &args.flux_path),
    ];
    given
        .into_iter()
        .filter_map(|(option, value)| Some((option, value.clone()?)))
        .collect()
}

/// Asks a person for everything that the options do not say; what was found elsewhere is proposed.
///
/// # Errors
/// Where standard input ends before all is said.
pub(super) fn ask(
    mut given: Answers,
    found: &Answers,
    world: &mut World<'_>,
) -> Result<Answers, Failed> {
    for question in &QUESTIONS {
        if !question.open(&given) {
            continue;
        }
        let found = found.get(question.option).map(String::as_str);
        let proposed = found.or(question.default);
        let answer = loop {
            let shown = match proposed {
                Some("") => " [none]".to_owned(),
                Some(proposed) => format!(" [{proposed}]"),
                None => String::new(),
            };
            let _ = write!(world.stderr, "{}{shown}: ", question.text);
            let _ = world.stderr.flush();
            let line = line(world.stdin)?;
            match (line.as_str(), proposed) {
                ("", Some(proposed)) => break proposed.to_owned(),
                ("", None) => {}
                _ => break line,
            }
        };
        given.insert(question.option, answer);
    }
    Ok(given)
}

/// What the options say, else what was found, else the default.
///
/// # Errors
/// Where something has none of these.
pub(super) fn complete(mut given: Answers, mut found: Answers) -> Result<Answers, Failed> {
    let mut missing = Vec::new();
    for question in &QUESTIONS {
        if !question.open(&given) {
            continue;
        }
        let proposed = found.remove(question.option);
        match proposed.or(question.default.map(str::to_owned)) {
            Some(answer) => drop(given.insert(question.option, answer)),
            None => missing.push(format!("  --{}: {}", question.option, question.text)),
        }
    }
    match missing.is_empty() {
        true => Ok(given),
        false => Err(format!(
            "found no terminal to ask, and not all that has to be known; give\n{}",
            missing.join("\n")
        )
        .into()),
    }
}

/// A line without its end, read byte by byte: whoever comes next reads on from there.
fn line(stdin: &mut dyn Read) -> Result<String, Failed> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        match stdin.read(&mut byte) {
            Ok(0) => {
                return Err(
                    "standard input ended before all was answered; nothing was written".into(),
                );
            }
            Ok(_) if byte == *b"\n" => break,
            Ok(_) => line.push(byte[0]),
            Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
            Err(why) => return Err(format!("standard input: {why}").into()),
        }
    }
    let line = String::from_utf8(line).map_err(|_| "standard input: found what is no UTF-8")?;
    Ok(line.trim().to_owned())
}
