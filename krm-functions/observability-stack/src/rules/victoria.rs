//! `victoriametrics` and `capacity`: the stores, vmalert, Alertmanager and vmagent, and what they have left.
//!
//! The operator has its own components scraped by their Services, so that `job` is the Service's name, `vmstorage-<name>`
//! and so on (VictoriaMetrics/operator, `internal/controller/operator/factory/build/vmservicescrape.go`). A VMSingle says
//! of itself what storage, select and insert say of theirs.

use super::rule::{Group, Rule};
use crate::spec::RuleSeverity::{Critical, Warning};

pub(super) const HEALTH: Group = Group {
    name: "victoriametrics",
    interval: "30s",
    rules: &[
        Rule {
            alert: "VMStorageDown",
            expr: r#"max by (cluster, job, pod, instance) (up{job=~"vmstorage-.+"}) == 0"#,
            hold: "5m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} ({{ $labels.pod }}) does not answer",
            when: "A vmstorage has not answered for 5 minutes.",
            action: "Look at its pod, its volume and its log; what it alone holds cannot be asked for.",
        },
        Rule {
            alert: "VMStorageTooManyRestarts",
            expr: r#"sum by (cluster, job, pod) (changes(process_start_time_seconds{job=~"(vmstorage|vmsingle)-.+"}[15m])) > 2"#,
            hold: "5m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: {{ $labels.pod }} restarted {{ $value }} times within 15 minutes",
            when: "A vmstorage or vmsingle has started more than twice within 15 minutes, for 5 minutes.",
            action: "See why it ended, with kubectl describe pod {{ $labels.pod }}: memory mostly.",
        },
        Rule {
            // What is free has the path for a label, and what is used the type: both are added up before they meet.
            alert: "VMStorageDiskSpaceLow",
            expr: r#"sum by (cluster, job, pod, instance) (vm_free_disk_space_bytes{job=~"(vmstorage|vmsingle)-.+"}) / (sum by (cluster, job, pod, instance) (vm_free_disk_space_bytes{job=~"(vmstorage|vmsingle)-.+"}) + sum by (cluster, job, pod, instance) (vm_data_size_bytes{job=~"(vmstorage|vmsingle)-.+"})) < 0.2"#,
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: {{ $labels.pod }} has {{ $value | humanizePercentage }} of its disk left",
            when: "A store of metrics has had less than 20% of its disk left for 15 minutes.",
            action: "Enlarge the volume, or keep metrics for a shorter time.",
        },
        Rule {
            alert: "VMSingleDown",
            expr: r#"max by (cluster, job, pod, instance) (up{job=~"vmsingle-.+"}) == 0"#,
            hold: "5m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} ({{ $labels.pod }}) does not answer",
            when: "A vmsingle has not answered for 5 minutes.",
            action: "Look at its pod, its volume and its log. When it is the store that the rules ask, no alert can fire: that the Watchdog falls silent tells of it.",
        },
        Rule {
            alert: "VMSelectDown",
            expr: r#"max by (cluster, job, pod, instance) (up{job=~"vmselect-.+"}) == 0"#,
            hold: "5m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} ({{ $labels.pod }}) does not answer",
            when: "A vmselect has not answered for 5 minutes.",
            action: "Look at its pod and its log; without any, dashboards and rules have nothing to ask.",
        },
        Rule {
            // A Summary: it has quantiles of its own, and no buckets.
            alert: "VMSelectHighLatency",
            expr: r#"max by (cluster, job, path) (vm_request_duration_seconds{job=~"(vmselect|vmsingle)-.+",quantile="0.99"}) > 5"#,
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: one query in a hundred to {{ $labels.path }} of {{ $labels.job }} takes {{ $value | printf \"%.1f\" }}s",
            when: "The slowest hundredth of queries has taken longer than 5 seconds for 15 minutes.",
            action: "See which they are at /vmui/#/top-queries, and narrow them, or give vmselect and vmstorage more processors.",
        },
        Rule {
            alert: "VMInsertDown",
            expr: r#"max by (cluster, job, pod, instance) (up{job=~"vminsert-.+"}) == 0"#,
            hold: "5m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} ({{ $labels.pod }}) does not answer",
            when: "A vminsert has not answered for 5 minutes.",
            action: "Look at its pod and its log; without any, what the clusters send waits in their vmagents.",
        },
        Rule {
            alert: "VMInsertHighErrorRate",
            expr: r#"sum by (cluster, job) (rate(vm_rows_ignored_total{job=~"(vminsert|vmsingle)-.+"}[5m])) / sum by (cluster, job) (rate(vm_rows_inserted_total{job=~"(vminsert|vmsingle)-.+"}[5m])) > 0.05"#,
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} throws away {{ $value | humanizePercentage }} of what it gets",
            when: "More than 5% of the samples that come in have been ignored for 15 minutes.",
            action: "The label reason of vm_rows_ignored_total, and its log, say why: too many labels, labels that are too long, times outside of the retention.",
        },
        Rule {
            alert: "VMAuthDown",
            expr: r#"max by (cluster, job, pod, instance) (up{job=~"vmauth-.+"}) == 0"#,
            hold: "5m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} ({{ $labels.pod }}) does not answer",
            when: "A vmauth has not answered for 5 minutes.",
            action: "Look at its pod and its log; without any, clusters can neither write nor be asked for.",
        },
        Rule {
            // A vmalert cannot tell of itself when there is no other: see Watchdog.
            alert: "VMAlertDown",
            expr: r#"max by (cluster, job, pod, instance) (up{job=~"vmalert-.+"}) == 0"#,
            hold: "5m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} ({{ $labels.pod }}) does not answer",
            when: "A vmalert has not answered for 5 minutes.",
            action: "Look at its pod and its log, first for a rule that it does not understand.",
        },
        Rule {
            alert: "VMAlertFailedExecution",
            expr: "sum by (cluster, job, pod, instance) (increase(vmalert_execution_errors_total[5m])) > 0",
            hold: "5m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: {{ $value | printf \"%.0f\" }} evaluations of rules failed within 5 minutes at {{ $labels.job }}",
            when: "A vmalert has failed to evaluate rules, within every 5 minutes, for 5 minutes.",
            action: "Its page /vmalert/groups says which and why; alerts of these rules can neither fire nor end.",
        },
        Rule {
            alert: "AlertmanagerDown",
            expr: r#"max by (cluster, job, pod, instance) (up{job=~"vmalertmanager-.+"}) == 0"#,
            hold: "5m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} ({{ $labels.pod }}) does not answer",
            when: "An Alertmanager has not answered for 5 minutes.",
            action: "Look at its pod and its log; it refuses to start with a configuration that it does not understand.",
        },
        Rule {
            alert: "AlertmanagerFailedNotifications",
            expr: "sum by (cluster, job, pod, instance, integration) (rate(alertmanager_notifications_failed_total[5m])) > 0",
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} fails to notify by {{ $labels.integration }}",
            when: "An Alertmanager has failed to notify a receiver, within every 5 minutes, for 15 minutes.",
            action: "Its log says why: an address, a token, a policy that keeps it in.",
        },
        Rule {
            // An answer that is an error counts as a retry only (`app/vmagent/remotewrite/client.go`).
            alert: "VMAgentRemoteWriteFailures",
            expr: "sum by (cluster, job, pod, instance, url) (rate(vmagent_remotewrite_errors_total[5m])) > 0 or sum by (cluster, job, pod, instance, url) (rate(vmagent_remotewrite_retries_count_total[5m])) > 0",
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} ({{ $labels.pod }}) fails to write to {{ $labels.url }}",
            when: "A vmagent has failed to write, within every 5 minutes, for 15 minutes.",
            action: "Its log says what the other side answered. It keeps what it could not send, as much as spec.collectors.vmagent.buffer allows.",
        },
        Rule {
            alert: "VMAgentDroppingData",
            expr: "sum by (cluster, job, pod, instance) (increase(vmagent_remotewrite_packets_dropped_total[5m]) or increase(vm_persistentqueue_bytes_dropped_total[5m])) > 0",
            hold: "",
            severity: Critical,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} ({{ $labels.pod }}) loses metrics",
            when: "A vmagent has dropped metrics within the last 5 minutes: they were refused for good, or its buffer is full.",
            action: "Its log says which. Where it is the buffer, see that the hub can be reached, and enlarge spec.collectors.vmagent.buffer.",
        },
        Rule {
            alert: "LogsStoreDown",
            expr: r#"max by (cluster, job, pod, instance) (up{job=~"(vlsingle|vlstorage|vlselect|vlinsert)-.+"}) == 0"#,
            hold: "5m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} ({{ $labels.pod }}) does not answer",
            when: "A part of VictoriaLogs has not answered for 5 minutes.",
            action: "Look at its pod, its volume and its log; what the clusters send waits in Fluent Bit's buffers.",
        },
    ],
};

pub(super) const CAPACITY: Group = Group {
    name: "capacity",
    interval: "1m",
    rules: &[
        Rule {
            alert: "VMStorageCapacityCritical",
            expr: r#"sum by (cluster, job, pod, instance) (vm_free_disk_space_bytes{job=~"(vmstorage|vmsingle)-.+"}) / (sum by (cluster, job, pod, instance) (vm_free_disk_space_bytes{job=~"(vmstorage|vmsingle)-.+"}) + sum by (cluster, job, pod, instance) (vm_data_size_bytes{job=~"(vmstorage|vmsingle)-.+"})) < 0.1"#,
            hold: "15m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: {{ $labels.pod }} has {{ $value | humanizePercentage }} of its disk left",
            when: "A store of metrics has had less than 10% of its disk left for 15 minutes.",
            action: "Enlarge the volume now: soon it takes nothing more, and is read-only.",
        },
        Rule {
            alert: "VMSelectSlowQueries",
            expr: r#"max by (cluster, job, path) (vm_request_duration_seconds{job=~"(vmselect|vmsingle)-.+",quantile="0.99"}) > 10"#,
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: one query in a hundred to {{ $labels.path }} of {{ $labels.job }} takes {{ $value | printf \"%.1f\" }}s",
            when: "The slowest hundredth of queries has taken longer than 10 seconds for 15 minutes.",
            action: "Rules and dashboards begin to fail over this: give the store more processors and memory, and see /vmui/#/top-queries.",
        },
        Rule {
            alert: "VMSelectQueryQueueFull",
            expr: "sum by (cluster, job) (increase(vm_concurrent_select_limit_timeout_total[5m])) > 0",
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} turned {{ $value | printf \"%.0f\" }} queries away within 5 minutes",
            when: "Queries have been turned away, after waiting for their turn, within every 5 minutes, for 15 minutes.",
            action: "See which queries hold the others up at /vmui/#/top-queries; add replicas or processors, for -search.maxConcurrentRequests follows them.",
        },
        Rule {
            // Every series is counted by each store that keeps a copy of it.
            alert: "VMHighCardinality",
            expr: r#"sum by (cluster, job) (vm_cache_entries{type="storage/hour_metric_ids"}) / ${replicationFactor} > 10e6"#,
            hold: "30m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} has {{ $value | humanize }} active series",
            when: "A store has had more than ten million active series for 30 minutes.",
            action: "/vmui/#/cardinality says which metric and label bring them: drop them where they are scraped.",
        },
        Rule {
            // Where each cluster has a single vmagent there is nothing to deduplicate.
            alert: "VMDeduplicationIneffective",
            expr: r#"sum by (cluster) (rate(vm_deduplicated_samples_total[1h])) == 0 and on () max(count by (cluster, job) (up{job=~"vmagent.*"} == 1)) > 1"#,
            hold: "2h",
            severity: Warning,
            summary: "{{ $labels.cluster }}: the store drops no duplicates, though a cluster has several vmagents",
            when: "A store has dropped no duplicate sample for two hours, while a cluster has had more than one vmagent.",
            action: "Set -dedup.minScrapeInterval of the store to the interval of scraping: else all that two vmagents send is kept and counted twice.",
        },
    ],
};
