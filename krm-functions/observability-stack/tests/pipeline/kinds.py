"""Logs of other kinds, with the records that come of them: of several tenants, of the API server and of Talos."""

import collections
import json
import os
import socket

from .containers import cri, wanted, write
from .node import NODE, only, talos_port


def by_tenant(records):
    """Tenants as the fixture has them, by their names."""
    ids = {"apps": "2:7", "payments": "3:1", "team": "4:0", "audit": "5:0", "talos": "6:0"}
    tenants = collections.defaultdict(list)
    for record in records:
        tenants[ids[record["tenant"]]].append(record)
    return tenants

# Whose a namespace is: payments and pay-* are of `payments`, pay-roll and pay-x-* of `team`, and the rest of nobody.
NAMESPACES = {
    "payments": "payments",
    "pay-a": "payments",
    "pay-x": "payments",
    "pay-roll-2": "payments",
    "pay-roll": "team",
    "pay-x-1": "team",
}


def write_routed(root, fields):
    """Lines of namespaces that have tenants of their own, and of some that only look like them."""
    records = []
    for n, (namespace, tenant) in enumerate(NAMESPACES.items()):
        for i in range(3):
            write(root, f"pod-{i}", namespace, "app", [cri(n, "stdout", "F", f"of {namespace}")])
            whose = {**fields, "tenant": tenant}
            records.append(wanted(whose, f"pod-{i}", namespace, "app", n, "stdout", f"of {namespace}"))
    return records


def audit_event(name, body=None, **more):
    """A line of the audit log, and what becomes of it."""
    event = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse" if body else "Metadata",
        "auditID": f"4f1f9ad8-{name}",
        "stage": "ResponseComplete",
        "requestURI": f"/apis/apps/v1/namespaces/shop/deployments/{name}",
        "verb": "update",
        "user": {"username": "alice", "groups": ["dev", "system:authenticated"]},
        "sourceIPs": ["10.0.0.1"],
        "objectRef": {"resource": "deployments", "namespace": "shop", "name": name, "apiGroup": "apps"},
        "responseStatus": {"metadata": {}, "code": 200},
        "requestReceivedTimestamp": "2026-11-18T09:14:03.512345Z",
        "stageTimestamp": "2026-11-18T09:14:03.523456Z",
        "annotations": {"authorization.k8s.io/decision": "allow"},
        **more,
    }
    if body:
        event["requestObject"] = body
    record = {
        "_time": event["requestReceivedTimestamp"],
        "_msg": f"alice updated deployments/{name} in shop: 200 (allowed)",
        "log_type": "audit",
        "cluster": "apps",
        "environment": "production",
        "tenant": "audit",
        "k8s_host": NODE,
        "level": event["level"],
        "stage": event["stage"],
        "audit_id": event["auditID"],
        "verb": "update",
        "user": "alice",
        "groups": "dev,system:authenticated",
        "source_ips": "10.0.0.1",
        "resource": "deployments",
        "namespace": "shop",
        "name": name,
        "api_group": "apps",
        "uri": event["requestURI"],
        "code": 200,
        "decision": "allow",
        "stage_timestamp": event["stageTimestamp"],
    }
    return json.dumps(event, separators=(",", ":")) + "\n", record


def write_audit(objects, root):
    """Events, where there is an input for them: short and long ones, one that is too long, and some that are noise."""
    settings = only(objects, "ConfigMap", "fluent-bit-settings")["data"].get("audit.json")
    if settings is None:
        return [], None
    limit = json.loads(settings)["body_size"]
    lines, records = [], []
    for n in range(50):
        event, record = audit_event(f"web-{n}")
        lines.append(event)
        records.append(record)
    # 3 MiB of body, of which the beginning is kept, but for what is a secret.
    body = {"spec": {"password": "hunter2", "note": "x" * (3 << 20)}}
    event, record = audit_event("long", body)
    kept = json.dumps({"spec": {"password": "[redacted]", "note": "x" * limit}}, separators=(",", ":"))
    records.append({**record, "request_object": kept[:limit] + "...[cut]", "redacted": "true"})
    lines.append(event)
    # Beyond the limit of a line; by rules; and one behind them.
    lines.append(audit_event("too-long", {"x": "y" * (6 << 20)})[0])
    lines.append(audit_event("noise", stage="RequestReceived")[0])
    lines.append(audit_event("gone", responseStatus={"code": 404})[0])
    event, record = audit_event("last")
    lines.append(event)
    records.append(record)
    folder = root + "/var/log/audit/kube"
    os.makedirs(folder)
    with open(folder + "/kube-apiserver.log", "w", encoding="utf-8") as file:
        file.writelines(lines)
    return records, folder + "/kube-apiserver.log"


def send_talos(fluent_bit, config):
    """What Talos would send, as its documentation shows it, where there is an input for it."""
    port = talos_port(config)
    if port is None:
        return []
    service = {
        "msg": "[talos] apply config request: immediate true",
        "talos-level": "info",
        "talos-service": "machined",
        "talos-time": "2021-11-10T10:48:49.294858021Z",
    }
    kernel = {
        "clock": 6252819,
        "facility": "user",
        "msg": "[talos] task startAllServices (1/1)\n",
        "priority": "warning",
        "seq": 711,
        "talos-level": "warn",
        "talos-time": "2021-11-26T16:53:21.3258698Z",
    }
    # The longest line that Talos takes of a service.
    long = {**service, "msg": "z" * 65_000}
    events = [service, kernel, long]

    def connects():
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as talos:
                talos.sendall("".join(json.dumps(event) + "\n" for event in events).encode())
            return True
        except ConnectionError:
            return False

    fluent_bit.wait_until("the port for Talos", connects)
    records = []
    for event in events:
        more = {name: event[name] for name in ("clock", "facility", "priority", "seq") if name in event}
        records.append({
            "_time": event["talos-time"],
            "_msg": event["msg"],
            "log_type": "talos",
            "talos_level": event["talos-level"],
            "talos_service": event.get("talos-service", "kernel"),
            "cluster": "apps",
            "environment": "production",
            "tenant": "talos",
            "k8s_host": NODE,
            **more,
        })
    return records
