//! The options of the command line, and what `--help` says about them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::World;
use crate::sandbox::{BadLimit, Limit, Limits};

const AFTER_HELP: &str = "\
Called by kustomize, it takes no arguments: it reads a ResourceList and runs the module that the functionConfig's kind \
is for. A generator or transformer asks for that with

  metadata:
    annotations:
      config.kubernetes.io/function: |
        exec: {path: leafpack}

and kustomize must be told to allow it:

  kustomize build --enable-alpha-plugins --enable-exec DIR

kubectl has no --enable-exec, but older plugins: see leafpack plugin install --help.

Modules run in a sandbox: no files, no network, no environment, no clock. What they may use is set by
  LEAFPACK_MAX_MEMORY   memory (512MiB)
  LEAFPACK_TIMEOUT      time of a function's run, or of one record's (30s)
  LEAFPACK_MAX_OUTPUT   output (64MiB)

Exit status: 0; 1 after an error; 2 for a command line that can't be read.";

/// Turn one short resource into a cluster's observability stack, and see what Fluent Bit filters make of your logs
#[derive(Parser, Debug)]
#[command(name = "leafpack", version, after_long_help = AFTER_HELP, arg_required_else_help = true)]
#[command(after_help = "leafpack --help also tells how kustomize calls it.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Write the first configuration of a cluster: stack.yaml, and a kustomization.yaml that lists it
    ///
    /// Asks on a terminal for what no option says. What it writes has been tried: the function takes it.
    #[command(after_long_help = "\
--from takes a ConfigMap with the variables that Flux replaces, and makes literal values of CLUSTER (or CLUSTER_NAME), \
ENVIRONMENT, OBSERVABILITY_LOG_ENDPOINT_HOST, _PORT and _PATH, OBSERVABILITY_LOG_TENANT, GLOBAL_VM_INSERT_ENDPOINT and \
FLUENT_BIT_STATE_PATH. On a terminal they are proposed; options win. Variables that are not taken are named.

Examples:
  leafpack init
  leafpack init clusters/apps --from cluster-settings.yaml --policy cilium
  leafpack init --cluster apps --logs-url https://logs.example.com --metrics-url none")]
    Init(InitArgs),
    /// Print what a function makes, without kustomize
    ///
    /// Prints the objects as YAML on standard output, and what the function has to say on standard error. A file may
    /// hold several configurations: they run in turn, each on what the ones before left.
    #[command(after_long_help = "\
Examples:
  leafpack render stack.yaml
  leafpack render stack.yaml | kubectl apply --server-side -f -
  kustomize build base | leafpack render --input - check.yaml")]
    Render(RenderArgs),
    /// Build a kustomization into plain YAML that Flux applies without plugins, with the Flux Kustomizations for it
    ///
    /// Runs kustomize with the functions, and writes what comes out to one folder for each part of the stack: namespace,
    /// sources, operator, stack. Objects of other origin go to stack. flux.yaml has a Flux Kustomization for each part,
    /// in order; spec.flux of the ObservabilityStack says how they are.
    #[command(after_long_help = BUILD_HELP)]
    Build(BuildArgs),
    /// Print the runbook of a cluster: Markdown with the names, endpoints and queries that its stack really has
    #[command(after_long_help = "\
Example:
  leafpack runbook stack.yaml > RUNBOOK.md")]
    Runbook(RunbookArgs),
    /// Reckon what a hub needs for clusters of this size: disk, memory and bandwidth, with the formulas
    #[command(after_long_help = "\
Example:
  leafpack size --nodes 10 --pods 300 --log-rate 500KiB --retention 30d")]
    Size(SizeArgs),
    /// Print the records that Fluent Bit would ship with one or more filters
    ///
    /// Takes log lines as Fluent Bit's tail input does, calls the filters as its wasm filter does, each on what the one
    /// before left, and prints one JSON object for each record that comes out. A line that is dropped prints nothing.
    #[command(after_long_help = "\
The record for a line is {\"log\": \"<line>\"}, as the tail input makes it without a parser, escaped as Fluent Bit 4 \
and 5 do it. The settings file is what Fluent Bit finds as <module>.json in a folder of accessible_paths.

Examples:
  leafpack logs --filter cri /var/log/containers/web-0_shop_web-*.log
  leafpack logs --filter cri --explain sample.log
  leafpack logs --filter cri --filter tenant --settings tenant=tenant.json sample.log
  kubectl logs web-0 --timestamps | sed 's/ / stdout F /' | leafpack logs --filter cri
  leafpack logs --filter cri --settings cri.json --time 2024-05-01T12:00:00Z sample.log")]
    Logs(LogsArgs),
    /// Test log samples against filters: YAML files with lines, and the records that are expected
    ///
    /// Takes the given files, and of the given folders every *.test.yaml and *.test.yml in them and below. Prints what
    /// failed, as a difference field by field, and a summary.
    #[command(after_long_help = TEST_HELP)]
    Test(TestArgs),
    /// Print the JSON Schema of a resource or of a filter's settings file, for editors; without a name, list the schemas
    #[command(after_long_help = "\
Example, for the YAML language server, at the top of stack.yaml (any path, or a URL):
  leafpack schema ObservabilityStack > ObservabilityStack.schema.json
  # yaml-language-server: $schema=ObservabilityStack.schema.json

Example, for an editor that takes schemas by file name (VS Code: json.schemas):
  leafpack schema tenant > tenant.schema.json")]
    Schema(SchemaArgs),
    /// List the modules in this binary, with their kinds, sizes and SHA-256
    List,
    /// Write the filter modules, and a ConfigMap that holds them
    ///
    /// Writes <name>.wasm for each filter, and leafpack-filters.configmap.yaml with all of them as binaryData.
    Export(ExportArgs),
    /// Install leafpack as a plugin that kubectl kustomize calls
    #[command(subcommand)]
    Plugin(PluginCommand),
}

#[derive(Subcommand, Debug)]
pub(crate) enum PluginCommand {
    /// Lay out a folder for kustomize's older kind of plugin, which kubectl runs too
    ///
    /// kubectl kustomize can't run KRM functions: it lacks --enable-exec, and skips them without a word. It runs
    /// programs at <home>/<group>/<version>/<kind>/<Kind>, and this command puts leafpack there for each kind that it
    /// knows. The configuration must not carry the annotation config.kubernetes.io/function then.
    #[command(after_long_help = "\
Example:
  leafpack plugin install --home ~/.config/kustomize/plugin
  kubectl kustomize --enable-alpha-plugins DIR")]
    Install(InstallArgs),
}

#[derive(Args, Debug)]
pub(crate) struct InstallArgs {
    /// The plugin folder; ~/.config/kustomize/plugin is found by itself, another is named by KUSTOMIZE_PLUGIN_HOME
    #[arg(long, value_name = "DIR")]
    pub(crate) home: PathBuf,
    /// Copy the binary instead of linking to it, for a folder that goes to another machine or into an image
    #[arg(long)]
    pub(crate) copy: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RenderArgs {
    /// The configuration, such as an ObservabilityStack; - for standard input
    #[arg(value_name = "CONFIG.yaml")]
    pub(crate) config: PathBuf,
    /// Resources to work on, as a transformer gets them; - for standard input
    #[arg(long, value_name = "RESOURCES.yaml")]
    pub(crate) input: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Args, Debug)]
pub(crate) struct SizeArgs {
    /// Nodes, of all clusters together
    #[arg(long, value_name = "N")]
    pub(crate) nodes: u32,
    /// Pods, of all clusters together
    #[arg(long, value_name = "N")]
    pub(crate) pods: u32,
    /// Bytes of log messages a second, of all clusters together, such as 500KiB
    #[arg(long, value_name = "RATE", value_parser = super::size::parse_rate)]
    pub(crate) log_rate: f64,
    /// How long both are kept, such as 30d
    #[arg(long, value_name = "DAYS", value_parser = super::size::parse_days)]
    pub(crate) retention: u32,
    /// Seconds between two scrapes
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) interval: u32,
    /// Series of a node: some 1,000 are node-exporter's, the rest are of kubelet, cAdvisor and what runs on every node
    #[arg(long, value_name = "N", default_value_t = 2_500)]
    pub(crate) series_per_node: u32,
    /// Series of a pod: cAdvisor's, kube-state-metrics' and its own
    #[arg(long, value_name = "N", default_value_t = 120)]
    pub(crate) series_per_pod: u32,
}

#[derive(Args, Debug)]
pub(crate) struct RunbookArgs {
    /// The ObservabilityStack; - for standard input
    #[arg(value_name = "CONFIG.yaml")]
    pub(crate) config: PathBuf,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// What `leafpack build --help` says besides.
const BUILD_HELP: &str = "\
The output folder belongs to leafpack build, which lists what it wrote in .leafpack-build there: it is new, empty or of \
an earlier build, and nothing else is ever replaced or removed. What is the same stays untouched, so that a second build \
changes nothing.

kustomize is found on PATH. It finds this very leafpack, whichever is on PATH.

Examples:
  leafpack build . --output ../clusters/apps/observability
  leafpack build . --output out && flux push artifact oci://registry.example.com/observability:apps --path out \
--source \"$(git config --get remote.origin.url)\" --revision \"$(git rev-parse HEAD)\"
  leafpack build . --output out --check          # in CI: has everything been built and committed?
  leafpack build . --output out -- --enable-helm";

#[derive(Args, Debug)]
pub(crate) struct BuildArgs {
    /// The folder with the kustomization, which lists an ObservabilityStack under generators or transformers
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// The folder to write to
    #[arg(long, value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Write nothing, and fail where something would change
    #[arg(long)]
    pub(crate) check: bool,
    /// The kustomize to run; by default the one on PATH
    #[arg(long, value_name = "PATH")]
    pub(crate) kustomize: Option<PathBuf>,
    /// More options for kustomize build
    #[arg(last = true, value_name = "OPTION")]
    pub(crate) arguments: Vec<OsString>,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Args, Debug)]
pub(crate) struct InitArgs {
    /// The folder to write to; it is made if it isn't there
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Settings that the cluster has, a ConfigMap; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// The cluster's name
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
    /// Its role: spoke or hub, which writes to its own stores [default: spoke]
    #[arg(long)]
    pub(crate) role: Option<String>,
    /// Production, staging and the like [default: none]
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// Where logs go: the hub's VictoriaLogs
    #[arg(long, value_name = "URL")]
    pub(crate) logs_url: Option<String>,
    /// Where metrics go: the hub's VictoriaMetrics; none where something else sends them
    #[arg(long, value_name = "URL")]
    pub(crate) metrics_url: Option<String>,
    /// The tenant of VictoriaLogs [default: default=0:0]
    #[arg(long, value_name = "NAME=ACCOUNT:PROJECT")]
    pub(crate) tenant: Option<String>,
    /// Whether the nodes run Talos [default: no]
    #[arg(long, value_name = "yes|no", num_args = 0..=1, default_missing_value = "yes", require_equals = true)]
    pub(crate) talos: Option<String>,
    /// Network policies: cilium, kubernetes or none [default: kubernetes]
    #[arg(long)]
    pub(crate) policy: Option<String>,
    /// Size: small or production [default: small]
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// The folder of Flux's source that leafpack build will write to [default: ./]
    #[arg(long, value_name = "PATH")]
    pub(crate) flux_path: Option<String>,
    /// Write files anew that are there already
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Args, Debug)]
pub(crate) struct LogsArgs {
    /// The filter's module; leafpack list shows them. Several run in this order
    #[arg(long = "filter", value_name = "NAME", required = true)]
    pub(crate) filters: Vec<String>,
    /// The function to call, as in Function_Name; by default the module's first
    #[arg(long = "function", value_name = "[FILTER=]NAME")]
    pub(crate) functions: Vec<String>,
    /// The settings, in JSON; by default a filter finds none and uses its defaults
    #[arg(long, value_name = "[FILTER=]FILE")]
    pub(crate) settings: Vec<OsString>,
    /// Print for each line what was recognised, and what each filter changed and why, instead of the records
    #[arg(long)]
    pub(crate) explain: bool,
    /// The tag of the records; by default kube.var.log.containers.<FILE's name>, as Tag kube.* makes it
    #[arg(long)]
    pub(crate) tag: Option<String>,
    /// The time that Fluent Bit gives the records, in UTC, such as 2024-05-01T12:00:00Z; by default now
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) time: Option<std::time::SystemTime>,
    /// The key that holds the line
    #[arg(long, value_name = "NAME", default_value = "log")]
    pub(crate) key: String,
    /// Take a line that is a JSON object for the record itself
    #[arg(long)]
    pub(crate) json_lines: bool,
    /// The log; by default, or for -, standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// What `leafpack test --help` says about the format.
const TEST_HELP: &str = "\
A test file:

  filters:                       # in order; a case may have its own
    - name: cri
      settings: {from_tag: true} # what cri.json would hold
    - name: tenant
      settingsFrom:              # or from a file: JSON, or a ConfigMap in rendered YAML
        file: rendered.yaml
        configMap: fluent-bit-settings
        key: tenant.json         # by default <name>.json
  tag: kube.var.log.containers.web-0_shop_web-0123.log
  time: 2026-11-18T09:15:00Z     # what Fluent Bit gives the records; by default the start of 1970
  cases:
    - name: a split line
      input: |                   # lines; a record is a mapping; a list holds several of either
        2026-11-18T09:14:05.3Z stderr P panic: 
        2026-11-18T09:14:05.3Z stderr F out of range
      expect:                    # one for each line; a single mapping holds for all of them
        - exact: {_time: \"2026-11-18T09:14:05.3Z\", stream: stderr, _msg: \"panic: \", partial_message: \"true\"}
        - subset: {stream: stderr}
          matches: {_msg: out of r.nge$}
          absent: [partial_message, leafpack_error]

An expectation is exact (the whole record), or any of subset (fields and their values), matches (fields and regular \
expressions) and absent (names of fields), or dropped: true. docs/log-tests.md has the details.

Examples:
  leafpack test log-tests
  leafpack test --case 'split line' log-tests/cri.test.yaml
  leafpack test --format junit log-tests > report.xml";

#[derive(Args, Debug)]
pub(crate) struct TestArgs {
    /// Files, and folders to look through
    #[arg(value_name = "DIR|FILE", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Run only cases with this text in their names
    #[arg(long = "case", value_name = "TEXT")]
    pub(crate) cases: Vec<String>,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// How results are printed.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// JUnit's XML, for CI systems.
    Junit,
}

#[derive(Args, Debug)]
pub(crate) struct SchemaArgs {
    /// A kind, such as ObservabilityStack, or a filter
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The folder to write to; it is made if it isn't there
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// Limits on the command line win over those of the environment.
#[derive(Args, Debug)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Memory of a module, such as 1GiB; also LEAFPACK_MAX_MEMORY
    #[arg(long, value_name = "SIZE", value_parser = |text: &str| parse_limit(Limit::Memory, text))]
    max_memory: Option<String>,
    /// Time of a run, or of one record, such as 30s; also LEAFPACK_TIMEOUT
    #[arg(long, value_name = "TIME", value_parser = |text: &str| parse_limit(Limit::Time, text))]
    timeout: Option<String>,
    /// Output of a module, such as 64MiB; also LEAFPACK_MAX_OUTPUT
    #[arg(long, value_name = "SIZE", value_parser = |text: &str| parse_limit(Limit::Output, text))]
    max_output: Option<String>,
}

impl LimitArgs {
    /// Those that are given, as variables for a leafpack that another program calls.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let given = [
            (Limit::Memory, &self.max_memory),
            (Limit::Time, &self.timeout),
            (Limit::Output, &self.max_output),
        ];
        given
            .into_iter()
            .filter_map(|(limit, text)| Some((limit.variable(), text.as_deref()?)))
    }

    /// The environment's limits with these over them.
    pub(crate) fn over(&self, world: &World<'_>) -> Result<Limits, BadLimit> {
        let mut limits = Limits::from_environment(world.variable)?;
        for (limit, text) in [
            (Limit::Memory, &self.max_memory),
            (Limit::Time, &self.timeout),
            (Limit::Output, &self.max_output),
        ] {
            if let Some(text) = text {
                limits.set(limit, limit.option(), text)?;
            }
        }
        Ok(limits)
    }
}

fn parse_limit(limit: Limit, text: &str) -> Result<String, String> {
    match Limits::default().set(limit, limit.option(), text) {
        Ok(()) => Ok(text.to_owned()),
        Err(why) => Err(format!("expected {}", why.right)),
    }
}

fn parse_time(text: &str) -> Result<std::time::SystemTime, String> {
    humantime::parse_rfc3339(text)
        .map_err(|why| format!("{why}; expected a time in UTC such as 2024-05-01T12:00:00Z"))
}
