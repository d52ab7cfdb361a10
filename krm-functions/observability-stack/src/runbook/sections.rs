//! The eight sections of a runbook.

use super::Book;
use super::secrets;
use super::text::Text;
use crate::fluent_bit::{Bound, Rate};
use crate::spec::{Install, Part, Policy, Scrape, Via};
use crate::tenants::Tenant;
use krm_rs::Object;
use leafpack_fn_common::duration::duration_text;

/// Writes all of them.
pub(super) fn write(book: &Book<'_>) -> String {
    let mut text = Text::default();
    text.heading(
        1,
        &format!("Observability of the cluster {}", book.plan.cluster),
    );
    text.line("Made by `leafpack runbook` of the cluster's ObservabilityStack; make it anew when that changes.");
    overview(book, &mut text);
    architecture(book, &mut text);
    endpoints(book, &mut text);
    operations(book, &mut text);
    troubleshooting(book, &mut text);
    verification(book, &mut text);
    tuning(book, &mut text);
    references(book, &mut text);
    text.finish()
}

/// Workloads, and what an operator or a chart makes one of: kind, name, and the name of what runs.
fn workloads<'b>(book: &'b Book<'_>) -> Vec<(&'b Object, String)> {
    let mut all = Vec::new();
    for object in book.objects {
        let running = match object.kind() {
            "DaemonSet" | "Deployment" | "StatefulSet" => {
                format!("{}/{}", object.kind().to_lowercase(), object.name())
            }
            // As the operator calls what it makes.
            "VMAgent" if object.get("spec.statefulMode").is_some() => {
                format!("statefulset/vmagent-{}", object.name())
            }
            "VMAgent" => format!("deployment/vmagent-{}", object.name()),
            "VMSingle" | "VLSingle" | "VMAuth" | "VMAlert" => {
                format!(
                    "deployment/{}-{}",
                    object.kind().to_lowercase(),
                    object.name()
                )
            }
            "VMAlertmanager" => format!("statefulset/vmalertmanager-{}", object.name()),
            "VMCluster" => format!("statefulset/vmstorage-{}", object.name()),
            "VLCluster" => format!("statefulset/vlstorage-{}", object.name()),
            "HelmRelease" => {
                let name = object.get_str("spec.values.fullnameOverride");
                let value = |path: &str| object.get_str(path);
                let kind = match (value("spec.values.mode"), value("spec.values.kind")) {
                    (Some("statefulSet"), _) => "statefulset",
                    // Fluent Bit's chart.
                    (_, Some("DaemonSet")) => "daemonset",
                    _ => "deployment",
                };
                format!("{kind}/{}", name.unwrap_or(object.name()))
            }
            _ => continue,
        };
        all.push((object, running));
    }
    all
}

fn image(object: &Object) -> String {
    let container = object.get_str("spec.template.spec.containers[0].image");
    if let Some(image) = container {
        return format!("`{image}`");
    }
    let part = |path: &str| object.get_str(path);
    if let (Some(name), Some(tag)) = (part("spec.image.repository"), part("spec.image.tag")) {
        return format!("`{name}:{tag}`");
    }
    let part = |name: &str| object.get_str(&format!("spec.values.image.{name}"));
    if let (Some(name), Some(tag)) = (part("repository"), part("tag")) {
        let registry = part("registry").filter(|registry| !registry.is_empty());
        let registry = registry.map_or(String::new(), |registry| format!("{registry}/"));
        return format!("`{registry}{name}:{tag}`");
    }
    "as the chart has it".to_owned()
}

fn overview(book: &Book<'_>, text: &mut Text) {
    let plan = book.plan;
    text.heading(2, "Overview");
    let environment = plan.environment.as_deref().unwrap_or("none");
    let what = match plan.store {
        None => "sends both to the hub. It keeps nothing itself but what waits for the hub.",
        Some(_) => {
            "is the hub: it keeps both, its own and those of every cluster that writes to its gateway, evaluates alerts \
             and shows it all in Grafana."
        }
    };
    text.line(&format!(
        "The stack `{}` collects logs and metrics of the cluster `{}` (environment: {environment}) in the namespace \
         `{}`, and {what}",
        plan.name, plan.cluster, plan.namespace
    ));
    text.gap();
    let rows: Vec<[String; 4]> = workloads(book)
        .into_iter()
        .map(|(object, running)| {
            let part = Part::of(object).name();
            [
                format!("{} `{}`", object.kind(), object.name()),
                format!("`{running}`"),
                image(object),
                part.to_owned(),
            ]
        })
        .collect();
    text.table(["object", "what runs", "image", "part"], &rows);
}

fn architecture(book: &Book<'_>, text: &mut Text) {
    let plan = book.plan;
    text.heading(2, "Architecture");
    let logs = plan.hub_logs.url();
    text.line("```text");
    text.line(&format!(
        "/var/log/containers/*.log ─▶ fluent-bit, on every node ─▶ {logs}"
    ));
    if let Some(audit) = &plan.logs.audit {
        text.line(&format!("{} ─▶ the same", audit.paths.join(", ")));
    }
    if let Some(talos) = &plan.logs.talos {
        text.line(&format!(
            "Talos' services and kernel, TCP port {} ─▶ the same",
            talos.port
        ));
    }
    if let Some(agent) = &plan.collectors.vmagent {
        text.line(&format!(
            "what is scraped ─▶ vmagent ─▶ {}",
            agent.hub.url()
        ));
    }
    if plan.store.is_some() {
        text.line("other clusters ─▶ vmauth, by user and password ─▶ the stores above, logs to the user's tenants only");
        text.line(
            "the metric store ─▶ vmalert ─▶ vmalertmanager ─▶ people;  both stores ─▶ grafana",
        );
    }
    text.line("```");
    text.gap();
    let state = &plan.logs.state_dir;
    text.line(&format!(
        "- Fluent Bit keeps its offsets and what the hub has not taken yet in `{state}` of each node. A full buffer stops the \
         reading; the node's files then hold what is to come, until the kubelet has rotated them away."
    ));
    if let Some(agent) = &plan.collectors.vmagent {
        let place = if book.spec.collectors.vmagent.storage_class.is_empty() {
            "a folder that goes with the pod"
        } else {
            "a volume of its own"
        };
        text.line(&format!(
            "- vmagent keeps up to {} in {place}, for each of its {} replica(s); beyond that the oldest goes.",
            size(agent.buffer),
            agent.replicas
        ));
    }
    match plan.network.policy {
        Policy::None => text.line("- There is no network policy of the stack's."),
        Policy::Kubernetes => text.line(
            "- NetworkPolicies let in what scrapes, and out to DNS, the API server and the hub. This kind knows neither names \
             nor nodes: towards those it binds ports only, and vmagent, which scrapes nodes, may go anywhere.",
        ),
        Policy::Cilium => text.line(
            "- CiliumNetworkPolicies let in what scrapes, and out to DNS, the API server, the hub, and for vmagent to all of \
             the cluster.",
        ),
    }
    if plan.via == Via::ClusterMesh {
        text.line("- The hub is reached by ClusterMesh: the Services of its names here have no pods, those of the hub are behind them.");
    }
}

fn tenants<'b>(book: &'b Book<'_>) -> Vec<(String, &'b Tenant)> {
    let logs = &book.plan.logs;
    let mut rows = vec![("container logs".to_owned(), &logs.tenant)];
    for (route, given) in logs.routes.iter().zip(&book.spec.logs.routes) {
        rows.push((
            format!("container logs of {}", given.namespaces.join(", ")),
            &route.tenant,
        ));
    }
    if let Some(audit) = &logs.audit {
        rows.push(("audit events".to_owned(), &audit.tenant));
    }
    if let Some(talos) = &logs.talos {
        rows.push(("Talos' services and kernel".to_owned(), &talos.tenant));
    }
    rows
}

fn endpoints(book: &Book<'_>, text: &mut Text) {
    let plan = book.plan;
    text.heading(2, "Endpoints");
    let mut rows = vec![[
        "logs to the hub".to_owned(),
        format!("`{}`", plan.hub_logs.url()),
    ]];
    if let Some(agent) = &plan.collectors.vmagent {
        rows.push([
            "metrics to the hub".to_owned(),
            format!("`{}`", agent.hub.url()),
        ]);
    }
    for service in book.of_kind("Service") {
        let ports = service.get("spec.ports").and_then(|ports| ports.as_array());
        for port in ports.into_iter().flatten() {
            rows.push([
                format!(
                    "Service `{}`, port {}",
                    service.name(),
                    port["name"].as_str().unwrap_or_default()
                ),
                format!(
                    "`{}.{}.svc:{}`",
                    service.name(),
                    service.namespace(),
                    port["port"]
                ),
            ]);
        }
    }
    for agent in book.of_kind("VMAgent") {
        rows.push([
            "vmagent's pages: targets, and why one is not scraped".to_owned(),
            format!(
                "`vmagent-{}.{}.svc:8429/targets`",
                agent.name(),
                agent.namespace()
            ),
        ]);
    }
    if let Some(store) = &plan.store {
        let stores = &store.endpoints;
        for (what, endpoint) in [
            ("metrics, for readers", &stores.metrics_read),
            ("logs, for readers", &stores.logs_read),
            ("alerts and silences", &crate::alerting::alertmanager(plan)),
        ] {
            rows.push([
                what.to_owned(),
                format!("`{}`, in `{}`", endpoint.url(), plan.namespace),
            ]);
        }
        for gateway in book.of_kind("VMAuth") {
            let port = gateway.get_str("spec.port").unwrap_or_default();
            rows.push([
                "writes of other clusters, `/api/v1/write` and `/insert/jsonline`".to_owned(),
                format!(
                    "`vmauth-{}.{}.svc:{port}`",
                    gateway.name(),
                    gateway.namespace()
                ),
            ]);
        }
        for user in book.of_kind("VMUser") {
            rows.push([
                format!(
                    "writer `{}`",
                    user.get_str("spec.username").unwrap_or_default()
                ),
                format!(
                    "password in the Secret `{}`",
                    user.get_str("spec.passwordRef.name").unwrap_or_default()
                ),
            ]);
        }
    }
    text.table(["what", "where"], &rows);
    text.gap();
    let rows: Vec<[String; 3]> = tenants(book)
        .into_iter()
        .map(|(what, tenant)| {
            [
                what,
                format!("`{}`", tenant.name),
                format!("`{}:{}`", tenant.account, tenant.project),
            ]
        })
        .collect();
    text.table(["logs", "tenant", "AccountID:ProjectID"], &rows);
    secrets(book, text);
}

/// What has to be there beside the stack itself, or its pods do not start.
fn secrets(book: &Book<'_>, text: &mut Text) {
    let rows: Vec<[String; 4]> = secrets::read_by(book.objects)
        .into_iter()
        .map(|(name, read)| {
            let keys: Vec<String> = read.keys.iter().map(|key| format!("`{key}`")).collect();
            let readers: Vec<String> = read.readers.into_iter().collect();
            [
                format!("`{name}`"),
                keys.join(", "),
                readers.join(", "),
                read.made_from.unwrap_or("has to be there".to_owned()),
            ]
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    text.gap();
    text.table(["Secret", "keys", "read by", "comes from"], &rows);
}

fn operations(book: &Book<'_>, text: &mut Text) {
    let plan = book.plan;
    let namespace = &plan.namespace;
    text.heading(2, "Operations");
    text.line("Is everything there, and ready?");
    text.gap();
    let mut commands: Vec<String> = workloads(book)
        .iter()
        .map(|(_, running)| format!("kubectl -n {namespace} rollout status {running}"))
        .collect();
    commands.push(format!("kubectl -n {namespace} get pods -o wide"));
    text.shell(&commands);
    text.gap();
    text.line("What does it say? (Fluent Bit speaks of warnings and errors only.)");
    text.gap();
    let commands: Vec<String> = workloads(book)
        .iter()
        .map(|(_, running)| format!("kubectl -n {namespace} logs {running} --tail=50"))
        .collect();
    text.shell(&commands);
    text.gap();
    text.line(
        "A change goes into the ObservabilityStack and is built and applied as the first time; pods whose files change roll by \
         themselves. To start some anew by hand:",
    );
    text.gap();
    let commands: Vec<String> = workloads(book)
        .iter()
        .map(|(_, running)| format!("kubectl -n {namespace} rollout restart {running}"))
        .collect();
    text.shell(&commands);
    if plan.store.is_some() {
        store_operations(book, text);
    }
    let flux = &book.spec.flux;
    text.gap();
    text.line("Where Flux applies what `leafpack build` wrote:");
    text.gap();
    text.shell(&[
        format!("flux -n {} get kustomizations", flux.namespace),
        format!(
            "flux -n {} reconcile source {} {}",
            flux.namespace,
            match flux.source.kind {
                crate::spec::SourceKind::GitRepository => "git",
                crate::spec::SourceKind::OciRepository => "oci",
            },
            flux.source.name
        ),
    ]);
}

/// Upgrades, the way back, and what is there already.
fn store_operations(book: &Book<'_>, text: &mut Text) {
    let plan = book.plan;
    text.gap();
    for line in [
        "- **Upgrade**: the operator first (`operator.chartVersion`), then the stores (`store.metrics.image.tag`, \
         `store.logs.image.tag`), one at a time; their changelogs name the releases after which there is no way back.",
        "- **Back**: set the tag as it was. The volumes stay; what a newer release wrote an older one may not read, so take a \
         snapshot of the volumes before.",
        "- **A volume is full**: raise `size`; it grows where the storage class has `allowVolumeExpansion`. A shorter \
         `retention` frees space within a day.",
        "- **Stores that are there already**: a VMSingle, VMCluster or VLSingle of the same name and namespace keeps its \
         volumes, for the operator's names come from it. Compare `size`, `storageClass` and `retention` first: a shorter \
         retention deletes.",
        "- **Another writer**: a line in `store.gateway.writers`, a Secret with its password here, and the same name and \
         password in the spoke's `hub.auth`.",
    ] {
        text.line(line);
    }
    text.gap();
    text.shell(&[format!("kubectl -n {} get pvc", plan.namespace)]);
}

/// A finding, what it means, and what to do.
fn issue(text: &mut Text, title: &str, lines: &[String]) {
    text.heading(3, title);
    for line in lines {
        text.line(&format!("- {line}"));
    }
}

fn troubleshooting(book: &Book<'_>, text: &mut Text) {
    let plan = book.plan;
    let namespace = &plan.namespace;
    text.heading(2, "Troubleshooting");
    let hub = plan.hub_logs.host.text();
    issue(
        text,
        "No logs of this cluster in the hub",
        &[
            format!("`kubectl -n {namespace} logs daemonset/fluent-bit --tail=50`: a delivery that fails is there, with the hub's answer."),
            "Readiness fails while the hub refuses what is sent: `HTTP 4xx` is given up at once but for 408 and 429, so the path and the tenant have to be right.".to_owned(),
            format!("`no upstream connections available` or a timeout: the hub `{hub}`, port {}, is not reached. Try it from a pod of the namespace, and see the policy `fluent-bit`.", plan.hub_logs.port),
            "Records that are there but hidden: ask with the tenant's headers, as below.".to_owned(),
        ],
    );
    let metric = "fluentbit_input_storage_overlimit";
    issue(
        text,
        "Logs come late, or a node's stop",
        &[
            format!(
                "`{metric}{{cluster=\"{}\"}} == 1`: the buffer is full, and the reading stands still. Nothing is lost until the kubelet has rotated a file twice. The hub is slow or away: see above.",
                plan.cluster
            ),
            format!(
                "Too small for what the node writes: raise `logs.bufferLimit` (`{}` now), see Tuning.",
                book.spec.logs.buffer_limit
            ),
            format!(
                "A single long line: those above `logs.lineLimit` (`{}`) are skipped, and Fluent Bit says so.",
                book.spec.logs.line_limit
            ),
        ],
    );
    issue(
        text,
        "Records with leafpack_error",
        &[
            "The filter could not read a line, or its settings; the field says which and why, and the record is whole.".to_owned(),
            "`leafpack logs --filter container-logs --explain FILE` shows it for a line.".to_owned(),
            "On every record: the settings are broken. With Flux, a variable is missing or holds a quote.".to_owned(),
        ],
    );
    let mut lines = vec![];
    match &plan.collectors.vmagent {
        Some(agent) => {
            let host = agent.hub.host.text();
            lines.push(format!("vmagent's log: `cannot send` or `unexpected status code` name the hub's answer; `{host}`, port {}, has to be reached.", agent.hub.port));
            lines.push("`vmagent_remotewrite_pending_data_bytes` grows while the hub does not take what is sent, and falls again when it does.".to_owned());
            if plan.auth.mount().is_some() {
                lines.push(format!(
                    "401 or 403: the Secret `{}` in `{namespace}`.",
                    plan.auth.secret
                ));
            }
        }
        None => lines.push(
            "The stack brings no vmagent here: see whatever scrapes this cluster.".to_owned(),
        ),
    }
    issue(text, "No metrics of this cluster in the hub", &lines);
    let mut lines = vec![
        "vmagent's page `/targets` says for each target why: not found, refused, or answered with an error.".to_owned(),
        "Not found at all: the Service's labels or the port's name are others than the scrape object asks for.".to_owned(),
    ];
    let targets = &book.spec.collectors.targets;
    if targets.etcd {
        lines.push(format!("etcd: it has to listen beyond its own node. Talos: `cluster.etcd.extraArgs.listen-metrics-urls: http://0.0.0.0:{}`.", targets.etcd_port));
    }
    if targets.controller_manager || targets.scheduler {
        lines.push("kube-controller-manager and kube-scheduler listen to their own node only, by default. Talos: `extraArgs.bind-address: 0.0.0.0` for each.".to_owned());
    }
    issue(text, "A target is down", &lines);
    issue(
        text,
        "Pods of the DaemonSets are not made",
        &[
            format!("`kubectl -n {namespace} describe daemonset fluent-bit`: `violates PodSecurity` means that the namespace lacks the label `pod-security.kubernetes.io/enforce: privileged`; Talos enforces `baseline` where a namespace says nothing."),
            "OOMKilled: `logs.resources.limits.memory`; every file that is behind, and every chunk on its way, takes some.".to_owned(),
        ],
    );
    if plan.store.is_some() {
        issue(
            text,
            "A cluster's writes are refused",
            &[
                "401: the user's name or password; 400 `missing route`: a path that writers do not have, or a tenant (`AccountID`) that is none of theirs.".to_owned(),
                format!("`kubectl -n {namespace} logs deployment/vmauth-{} --tail=50`", plan.name),
            ],
        );
        issue(
            text,
            "Alerts fire and nobody is told",
            &[
                "The Alertmanager's page shows who should have been told, and silences.".to_owned(),
                "The Watchdog fires always: whoever listens for it (`alerting.alertmanager.watchdog`) notices when nothing comes.".to_owned(),
            ],
        );
    }
    if plan.logs.audit.is_some() {
        issue(
            text,
            "No audit events",
            &[
                "Only nodes of the control plane have them; the API server has to write them to one of the paths above.".to_owned(),
                "`Permission denied`: the folder is closed to all but its owner, and the container needs the capability DAC_READ_SEARCH, which it has unless an admission policy takes it.".to_owned(),
            ],
        );
    }
}

fn verification(book: &Book<'_>, text: &mut Text) {
    let plan = book.plan;
    let cluster = &plan.cluster;
    text.heading(2, "Cross-cluster verification");
    text.line("In the hub's VictoriaLogs, each with the headers of its tenant. The newest records of this cluster, by namespace:");
    text.gap();
    for (what, tenant) in tenants(book) {
        let query = match what.as_str() {
            "audit events" => format!(
                "{{cluster=\"{cluster}\",log_type=\"audit\"}} _time:5m | stats by (verb) count()"
            ),
            "Talos' services and kernel" => format!(
                "{{cluster=\"{cluster}\",log_type=\"talos\"}} _time:5m | stats by (talos_service) count()"
            ),
            _ => format!(
                "{{cluster=\"{cluster}\"}} _time:5m | stats by (k8s_namespace_name) count()"
            ),
        };
        text.line(&format!("{what} (tenant `{}`):", tenant.name));
        text.gap();
        text.shell(&[
            "curl -s http://VICTORIALOGS:9428/select/logsql/query \\".to_owned(),
            format!(
                "  -H 'AccountID: {}' -H 'ProjectID: {}' \\",
                tenant.account, tenant.project
            ),
            format!("  --data-urlencode 'query={query}'"),
        ]);
        text.gap();
    }
    if plan.collectors.vmagent.is_none() {
        return;
    }
    text.line("In the hub's VictoriaMetrics:");
    text.gap();
    let mut rows = vec![
        [
            "every job, and how many of its targets are up".to_owned(),
            format!("`sum by (job) (up{{cluster=\"{cluster}\"}})`"),
        ],
        [
            "targets that are down".to_owned(),
            format!("`up{{cluster=\"{cluster}\"}} == 0`"),
        ],
        [
            "age of the newest sample, in seconds".to_owned(),
            format!("`time() - max(timestamp(up{{cluster=\"{cluster}\"}}))`"),
        ],
    ];
    if plan.collectors.node_exporter.is_some() && plan.collectors.kube_state_metrics.is_some() {
        rows.push([
            "nodes without a node-exporter; none is right".to_owned(),
            format!("`kube_node_info{{cluster=\"{cluster}\"}} unless on (node) up{{cluster=\"{cluster}\",job=\"node-exporter\"}}`"),
        ]);
    }
    text.table(["what", "query"], &rows);
}

fn tuning(book: &Book<'_>, text: &mut Text) {
    let plan = book.plan;
    text.heading(2, "Tuning");
    text.line(&format!(
        "How long an outage of the hub `logs.bufferLimit: {}` covers on one node, by what the node writes (bytes of records, some \
         400 more than the message each; log files with new lines within 5 seconds). After that the reading stands still, and \
         nothing is lost until the kubelet has rotated a file away:",
        book.spec.logs.buffer_limit
    ));
    text.gap();
    let rows: Vec<[String; 3]> = [(10_u64, 20_u64), (100, 50), (1_000, 100)]
        .into_iter()
        .map(|(kib, files)| {
            let outage = plan.logs.outage(Rate {
                bytes: kib << 10,
                files,
            });
            let bound = match outage.bound {
                Bound::Bytes => "bytes",
                Bound::Chunks => "chunks: one for each file every 5 seconds",
            };
            [
                format!("{kib} KiB/s, {files} files"),
                minutes(outage.seconds),
                bound.to_owned(),
            ]
        })
        .collect();
    text.table(["a node that writes", "at least", "bound by"], &rows);
    text.gap();
    text.line("| option | now | more of it |");
    text.line("|---|---|---|");
    let logs = &book.spec.logs;
    text.line(&format!(
        "| `logs.bufferLimit` | {} | longer outages; more of the node's disk |",
        logs.buffer_limit
    ));
    text.line(&format!("| `logs.lineLimit` | {} | longer lines arrive; more memory, and fewer chunks fit the buffer |", logs.line_limit));
    let resources = &plan.logs.resources;
    let limit = resources
        .limits
        .get("memory")
        .map_or("none", String::as_str);
    text.line(&format!(
        "| `logs.resources.limits.memory` | {limit} | a faster way back after an outage |"
    ));
    if let Some(agent) = &plan.collectors.vmagent {
        text.line(&format!(
            "| `collectors.vmagent.buffer` | {} | longer outages for metrics |",
            size(agent.buffer)
        ));
        text.line(&format!(
            "| `collectors.vmagent.queues` | {} | more at a time to a hub that is far away |",
            agent.queues
        ));
    }
    if plan.scrape != Scrape::None || plan.collectors.vmagent.is_some() {
        text.line(&format!(
            "| `metrics.scrapeInterval` | {} | fewer samples; the hub's deduplication has to know it |",
            duration_text(plan.scrape_interval_ms)
        ));
    }
}

fn references(book: &Book<'_>, text: &mut Text) {
    text.heading(2, "References");
    if book.variables.is_empty() {
        text.line("The configuration holds no variable of Flux.");
    } else {
        let sources: Vec<String> = book
            .spec
            .flux
            .substitute_from
            .iter()
            .map(|from| format!("{} `{}`", from.kind.name(), from.name))
            .collect();
        let sources = match sources.is_empty() {
            true => "nowhere: `flux.substituteFrom` is empty".to_owned(),
            false => sources.join(", then "),
        };
        let rows: Vec<[String; 4]> = book
            .variables
            .iter()
            .map(|(name, variable)| {
                let fields: Vec<String> = variable
                    .fields
                    .iter()
                    .map(|field| format!("`{field}`"))
                    .collect();
                [
                    format!("`{name}`"),
                    fields.join(", "),
                    sources.clone(),
                    variable
                        .default
                        .clone()
                        .map_or("none".to_owned(), |text| format!("`{text}`")),
                ]
            })
            .collect();
        text.table(["variable", "used in", "comes from", "default"], &rows);
    }
    text.gap();
    for (what, link) in [
        ("Fluent Bit", "https://docs.fluentbit.io/manual"),
        (
            "VictoriaLogs",
            "https://docs.victoriametrics.com/victorialogs/",
        ),
        (
            "vmagent",
            "https://docs.victoriametrics.com/victoriametrics/vmagent/",
        ),
        (
            "VictoriaMetrics operator",
            "https://docs.victoriametrics.com/operator/",
        ),
        (
            "kube-state-metrics",
            "https://github.com/kubernetes/kube-state-metrics",
        ),
        (
            "node-exporter",
            "https://github.com/prometheus/node_exporter",
        ),
        (
            "Flux, post-build variables",
            "https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution",
        ),
    ] {
        let is_used = match what {
            "vmagent" => book.plan.collectors.vmagent.is_some(),
            "VictoriaMetrics operator" => book.spec.collectors.vmagent.install == Install::Operator,
            "kube-state-metrics" => book.plan.collectors.kube_state_metrics.is_some(),
            "node-exporter" => book.plan.collectors.node_exporter.is_some(),
            _ => true,
        };
        if is_used {
            text.line(&format!("- [{what}]({link})"));
        }
    }
}

/// Bytes, as a person says them.
fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 30) => format!("{}Gi", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{}Mi", bytes >> 20),
        _ => bytes.to_string(),
    }
}

/// Seconds, as a person says them; rounded down.
fn minutes(seconds: u64) -> String {
    match seconds {
        u64::MAX => "for ever".to_owned(),
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}
