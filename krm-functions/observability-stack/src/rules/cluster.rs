//! `cluster`: Kubernetes' objects, Flux, volumes, and whether a cluster says anything at all.
//!
//! What kube-state-metrics tells is taken together by the labels of what it tells of. It is scraped with `honorLabels`,
//! so where it says nothing of a namespace or a pod, the series has those of kube-state-metrics itself, which would send
//! whoever reads the alert to the wrong place.

use super::rule::{Group, Rule};
use crate::spec::RuleSeverity::{Critical, Info, Warning};

pub(super) const GROUP: Group = Group {
    name: "cluster",
    interval: "1m",
    rules: &[
        Rule {
            alert: "NodeNotReady",
            expr: r#"max by (cluster, node) (kube_node_status_condition{condition="Ready",status="true"}) == 0"#,
            hold: "5m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: node {{ $labels.node }} is not ready",
            when: "A node has not been Ready for 5 minutes.",
            action: "Look at its conditions with kubectl describe node {{ $labels.node }}, then at its kubelet, its network and its disks.",
        },
        Rule {
            alert: "KubePodCrashLooping",
            expr: r#"max by (cluster, namespace, pod, container) (max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m])) >= 1"#,
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: container {{ $labels.container }} of pod {{ $labels.namespace }}/{{ $labels.pod }} is crash looping",
            when: "A container has been in CrashLoopBackOff, within every 5 minutes, for 15 minutes.",
            action: "Read what it said before it ended, with kubectl -n {{ $labels.namespace }} logs {{ $labels.pod }} -c {{ $labels.container }} --previous.",
        },
        Rule {
            // Pods of a Job that failed stay for as long as the Job does: its owner has seen to that.
            alert: "KubePodNotReady",
            expr: r#"max by (cluster, namespace, pod) (kube_pod_status_phase{phase=~"Pending|Unknown|Failed"}) > 0 unless on (cluster, namespace, pod) max by (cluster, namespace, pod) (kube_pod_owner{owner_kind="Job"}) > 0"#,
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: pod {{ $labels.namespace }}/{{ $labels.pod }} does not run",
            when: "A pod, other than a Job's, has been Pending, Failed or Unknown for 15 minutes.",
            action: "Look at its events with kubectl -n {{ $labels.namespace }} describe pod {{ $labels.pod }}: no room on any node, a volume, an image that cannot be pulled.",
        },
        Rule {
            alert: "KubeDeploymentReplicasMismatch",
            expr: "max by (cluster, namespace, deployment) (kube_deployment_spec_replicas) != max by (cluster, namespace, deployment) (kube_deployment_status_replicas_available)",
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: deployment {{ $labels.namespace }}/{{ $labels.deployment }} does not have the replicas that it wants",
            when: "A Deployment has had more or fewer available replicas than it wants for 15 minutes.",
            action: "Look at its pods and at its rollout, with kubectl -n {{ $labels.namespace }} rollout status deployment {{ $labels.deployment }}.",
        },
        Rule {
            // By name: the series has the revision, too, and every commit would begin to wait anew. Sources are the next.
            alert: "FluxReconciliationFailure",
            expr: r#"max by (cluster, customresource_kind, exported_namespace, name) (gotk_resource_info{ready="False",suspended!="true",customresource_kind!~".*Repository|Bucket|HelmChart"}) == 1"#,
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: Flux fails on {{ $labels.customresource_kind }} {{ $labels.exported_namespace }}/{{ $labels.name }}",
            when: "A Kustomization or HelmRelease that is not suspended has not been ready for 15 minutes.",
            action: "Read its Ready condition with flux -n {{ $labels.exported_namespace }} get all, and put right what it names in Git.",
        },
        Rule {
            alert: "FluxSourceNotReady",
            expr: r#"max by (cluster, customresource_kind, exported_namespace, name) (gotk_resource_info{ready="False",suspended!="true",customresource_kind=~".*Repository|Bucket|HelmChart"}) == 1"#,
            hold: "15m",
            severity: Warning,
            summary: "{{ $labels.cluster }}: Flux cannot fetch {{ $labels.customresource_kind }} {{ $labels.exported_namespace }}/{{ $labels.name }}",
            when: "A source of Flux that is not suspended has not been ready for 15 minutes.",
            action: "Read its Ready condition with flux -n {{ $labels.exported_namespace }} get sources all: credentials, a host that does not answer, a tag that is not there. What is built from it stays as it is.",
        },
        Rule {
            alert: "FluxSuspended",
            expr: r#"max by (cluster, customresource_kind, exported_namespace, name) (gotk_resource_info{suspended="true"}) == 1"#,
            hold: "24h",
            severity: Info,
            summary: "{{ $labels.cluster }}: {{ $labels.customresource_kind }} {{ $labels.exported_namespace }}/{{ $labels.name }} has been suspended for a day",
            when: "An object of Flux has been suspended for a day.",
            action: "Ask who suspended it; go on with flux resume, or take it out.",
        },
        Rule {
            alert: "PersistentVolumeFillingUp",
            expr: "min by (cluster, namespace, persistentvolumeclaim) ((1 - kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes) * 100) > ${disk} and min by (cluster, namespace, persistentvolumeclaim) (predict_linear(kubelet_volume_stats_available_bytes[6h], 4 * 24 * 3600)) < 0",
            hold: "1h",
            severity: Warning,
            summary: "{{ $labels.cluster }}: volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} will be full within four days",
            when: "A volume has been more than ${disk}% full for an hour, and at the pace of the last six hours is full within four days.",
            action: "Enlarge the claim, or keep less in it.",
        },
        Rule {
            alert: "PersistentVolumeAlmostFull",
            expr: "min by (cluster, namespace, persistentvolumeclaim) (kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes) * 100 < 5",
            hold: "5m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} has {{ $value | printf \"%.1f\" }}% left",
            when: "A volume has had less than 5% of its space left for 5 minutes.",
            action: "Enlarge the claim now, or take something out of it: what writes to it is about to fail.",
        },
        Rule {
            // A cluster that says nothing has no series to ask, so it is the last day that tells that there is one.
            alert: "ClusterSilent",
            expr: r#"count by (cluster) (count_over_time(up{job=~"kube-state-metrics|node-exporter|vmagent.*"}[1d])) unless on (cluster) count by (cluster) (up)"#,
            hold: "10m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: nothing has come from the cluster",
            when: "A cluster that sent metrics within the last day has sent none for 10 minutes.",
            action: "Look at its vmagent (pages /targets and /metrics, log), at its way to the hub, and at the credentials for it. A cluster that was taken out on purpose is forgotten after a day.",
        },
        Rule {
            // Not by kube_node_info, which is its own.
            alert: "KubeStateMetricsDown",
            expr: r#"count by (cluster) (up{job=~"kubelet|node-exporter"}) unless on (cluster) count by (cluster) (up{job="kube-state-metrics"} == 1)"#,
            hold: "10m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: no kube-state-metrics answers",
            when: "No kube-state-metrics of a cluster has answered for 10 minutes.",
            action: "Look at its pod, its log and its policy; until it is back no alert about Kubernetes' objects, Flux, or what is missing in that cluster can fire.",
        },
        Rule {
            // By the last hours, not by the nodes: a cluster without one of them by choice is no trouble.
            alert: "CollectorDown",
            expr: r#"count by (cluster, job) (count_over_time(up{job=~"node-exporter|fluent-bit"}[6h])) unless on (cluster, job) count by (cluster, job) (up{job=~"node-exporter|fluent-bit"} == 1) and on (cluster) count by (cluster) (up)"#,
            hold: "10m",
            severity: Critical,
            summary: "{{ $labels.cluster }}: {{ $labels.job }} answers on no node",
            when: "A collector that was scraped within the last 6 hours has answered on no node of the cluster for 10 minutes.",
            action: "Look at its DaemonSet, and at the policies between it and vmagent.",
        },
    ],
};
