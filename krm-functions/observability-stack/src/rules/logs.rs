//! `logs`: whether logs get from the nodes to the hub.
//!
//! Names of metrics are those of Fluent Bit's `/api/v2/metrics/prometheus`. The output `counted` takes nothing away, and
//! succeeds always (see `fluent_bit/output.rs`).

use super::rule::{Group, Rule};
use crate::spec::RuleSeverity::{Critical, Warning};

pub(super) const GROUP: Group = Group {
    name: "logs",
    interval: "1m",
    rules: &[
        Rule {
            alert: "FluentBitDown",
            expr: r#"max by (cluster, node, instance) (up{job="fluent-bit"}) == 0"#,
            hold: "10m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: Fluent Bit on {{ $labels.node }} does not answer",
            when: "A node's Fluent Bit has not answered for 10 minutes.",
            action: "Look at its pod and its log. It goes on where it was, unless the kubelet has rotated a file twice by then.",
        },
        Rule {
            alert: "FluentBitRetrying",
            expr: "sum by (cluster, node, pod, name) (increase(fluentbit_output_retries_total[5m])) > 0",
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: Fluent Bit on {{ $labels.node }} has to send again and again ({{ $labels.name }})",
            when: "A Fluent Bit has had to try deliveries again, within every 5 minutes, for 15 minutes.",
            action: "Its log says whether the hub cannot be reached, is too slow, or answers with an error. Logs wait on the node until then.",
        },
        Rule {
            alert: "FluentBitOutputErrors",
            expr: "sum by (cluster, node, pod, name) (increase(fluentbit_output_errors_total[5m])) > 0 or sum by (cluster, node, pod, name) (increase(fluentbit_output_retries_failed_total[5m])) > 0",
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: Fluent Bit on {{ $labels.node }} gives deliveries up ({{ $labels.name }})",
            when: "A Fluent Bit has given deliveries up, within every 5 minutes, for 15 minutes.",
            action: "Its log has the hub's answer: a tenant, a path or a format that the hub does not take.",
        },
        Rule {
            alert: "FluentBitDroppingRecords",
            expr: "sum by (cluster, node, pod, name) (increase(fluentbit_output_dropped_records_total[5m])) > 0",
            hold: "",
            severity: Critical,
            summary: "{{ $labels.cluster }}: Fluent Bit on {{ $labels.node }} lost {{ $value | printf \"%.0f\" }} records within 5 minutes ({{ $labels.name }})",
            when: "A Fluent Bit has dropped records within the last 5 minutes.",
            action: "Its log says why: what the hub refuses with a status 4xx is not tried again, and where storage.total_limit_size is reached the oldest goes.",
        },
        Rule {
            alert: "FluentBitBufferFull",
            expr: "max by (cluster, node, pod, name) (fluentbit_input_storage_overlimit) == 1",
            hold: "5m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: Fluent Bit on {{ $labels.node }} has stopped reading {{ $labels.name }}: its buffer is full",
            when: "A Fluent Bit's buffer has been full for 5 minutes, so that it reads no further.",
            action: "See why nothing leaves (FluentBitRetrying). Logs are lost when the kubelet rotates files that were not read; spec.logs.bufferLimit says how much may wait.",
        },
        Rule {
            // By node, and with what has left: a pod that runs and delivers nothing is the trouble that nobody sees.
            alert: "NodeSendsNoLogs",
            expr: r#"count by (cluster, node) (kube_node_info) unless on (cluster, node) sum by (cluster, node) (increase(fluentbit_output_proc_records_total{name!="counted"}[30m])) > 0 and on (cluster) count by (cluster) (up{job="fluent-bit"})"#,
            hold: "30m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: no logs come from node {{ $labels.node }}",
            when: "For 30 minutes no log has been delivered from a node within the last 30, in a cluster that has Fluent Bit.",
            action: "See whether a Fluent Bit runs there (taints), whether it is scraped, what its log says, and whether its paths (spec.logs.stateDir, /var/log/containers) are those of the node.",
        },
    ],
};

/// What is always firing, whatever groups there are: whoever watches it from outside learns when alerts no longer come.
pub(super) const WATCHDOG: Group = Group {
    name: "watchdog",
    interval: "1m",
    rules: &[Rule {
        alert: "Watchdog",
        expr: "vector(1)",
        hold: "",
        severity: crate::spec::RuleSeverity::None,
        summary: "Alerts can be sent",
        when: "Always.",
        action: "Nothing while it fires. Have something outside of the cluster call you when it no longer comes: then vmalert, its store, Alertmanager or the way to it is broken.",
    }],
};
