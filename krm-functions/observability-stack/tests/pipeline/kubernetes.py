"""With an API server."""

import json
import os
import re
import subprocess

from .check import expect, same
from .containers import ID, cri, fragments, wanted, write
from .hub import Hub
from .kinds import audit_event
from .node import FluentBit, NODE, arguments, filter_settings, is_msgpack, with_api_server


def kubernetes(binary, objects, root, fields):
    hub = Hub().start()
    config = with_api_server(objects, root, hub.port)
    message = '{"log":"in","cluster":"forged"}'
    write(root, "web-0", "shop", "nginx", [cri(1, "stdout", "F", message)])
    write(root, "quiet", "shop", "nginx", [cri(2, "stdout", "F", "asked not to be shipped")])
    write(root, "web-0", "shop", "nginx", [cri(3, "stderr", "F", "second")])
    write(root, "gone", "shop", "nginx", [cri(4, "stdout", "F", "of a pod that is deleted")])
    fluent_bit = FluentBit(binary, config, root + "/log")
    fluent_bit.wait_until("records", lambda: len(hub.records) >= 3)
    fluent_bit.stop()
    known = {
        "k8s_host": "node-1",
        "k8s_labels": {"app": "web"},
        "k8s_pod_id": "u-1",
        "k8s_docker_id": ID,
        **fields,
    }
    # With msgpack there is no room for everything, so that the stack leaves this out.
    if is_msgpack(objects):
        del known["k8s_docker_id"]
    marks = {}
    if filter_settings(objects)["json_body"]["merge"]:
        message, marks = "in", {"json_body": {"cluster": "forged"}}
    expected = [
        wanted(known, "web-0", "shop", "nginx", 1, "stdout", message, **marks),
        wanted(known, "web-0", "shop", "nginx", 3, "stderr", "second"),
        # The API server does not know it, but the file's name does.
        wanted(fields, "gone", "shop", "nginx", 4, "stdout", "of a pod that is deleted"),
    ]
    # Newer versions say the pod's address as well.
    found = [{k: v for k, v in record.items() if k != "k8s_pod_ip"} for record in hub.records]
    expect("records", sorted(found, key=lambda record: record["_time"]), expected)
    print(f"{len(found)} records, with what the API server knows")


def native(binary, objects, root, fields):
    """As the README says of `logs.filters: native`."""
    hub = Hub().start()
    config = with_api_server(objects, root, hub.port)
    with open(config, encoding="utf-8") as file:
        is_host = bool(re.search(r"(?m)^ +multiline\.parser:? +cri$", file.read()))
    more = arguments(objects)
    dry = subprocess.run([binary, "--dry-run", f"--config={config}", *more], capture_output=True, text=True)
    expect("exit code of --dry-run", dry.returncode, 0)
    known = {"k8s_host": NODE, "k8s_labels": {"app": "web"}, "k8s_pod_id": "u-1", "k8s_docker_id": ID, **fields}
    expected = []

    def add(fields, pod, namespace, n, message, /, **more):
        write(root, pod, namespace, "nginx", [cri(n, "stdout", "F", message)])
        expected.append(wanted(fields, pod, namespace, "nginx", n, "stdout", message, **more))

    add(known, "web-0", "shop", 1, "a line")
    add(known, "web-0", "shop", 2, '{"log":"in","cluster":"forged"}', json_body={"log": "in", "cluster": "forged"})
    add({**known, "tenant": "payments"}, "web-0", "payments", 3, "of another tenant")
    # The API server does not know it, but the file's name does.
    add(fields, "gone", "shop", 4, "of a pod that is deleted")
    # A line that the runtime cut, and an empty one.
    pieces = ["one ", "two"]
    write(root, "cut", "shop", "nginx", fragments(5, "stdout", pieces))
    if is_host:
        expected.append(wanted(known, "cut", "shop", "nginx", 5, "stdout", "one two"))
    else:
        expected.append(wanted(known, "cut", "shop", "nginx", 5, "stdout", "one ", partial_message="true"))
        expected.append(wanted(known, "cut", "shop", "nginx", 6, "stdout", "two"))
    # No line at all: it has neither time nor stream.
    write(root, "odd", "shop", "nginx", ["not a CRI line\n"])
    odd = wanted(known, "odd", "shop", "nginx", 0, "", "not a CRI line")
    del odd["_time"], odd["stream"]
    # An event keeps its fields but for the bodies; a line that is none may be a part of one.
    event, _ = audit_event("web", {"data": {"password": "hunter2"}})
    fields_of_event = json.loads(event)
    del fields_of_event["requestObject"]
    labels = {"log_type": "audit", "k8s_host": NODE, "cluster": "apps", "environment": "production", "tenant": "audit"}
    times = {"_time": fields_of_event["stageTimestamp"], "_msg": fields_of_event["requestURI"]}
    audited = [{**fields_of_event, **labels, **times}, {"log": "[redacted]", **labels}]
    os.makedirs(root + "/var/log/audit/kube")
    with open(root + "/var/log/audit/kube/kube-apiserver.log", "w", encoding="utf-8") as file:
        file.write(event + '{"requestObject": {"data": "hunter2"\n')

    fluent_bit = FluentBit(binary, config, root + "/log", more)
    fluent_bit.wait_until("records", lambda: len(hub.records) >= len(expected) + 1 + len(audited))
    fluent_bit.stop()
    odds = [r for r in hub.tenants["2:7"] if r.get("k8s_pod_name") == "odd"]
    # Fluent Bit's own joining says when it came, and takes it for stdout's.
    odds = [{k: v for k, v in record.items() if k not in ("_time", "stream", "k8s_pod_ip")} for record in odds]
    expect("no line", odds, [odd])
    clean = lambda records: [{k: v for k, v in r.items() if k != "k8s_pod_ip"} for r in records]
    same("records of 2:7", clean(r for r in hub.tenants["2:7"] if r.get("k8s_pod_name") != "odd"), [r for r in expected if r["tenant"] == "apps"])
    same("records of 3:1", clean(hub.tenants["3:1"]), [r for r in expected if r["tenant"] == "payments"])
    same("records of 5:0", hub.tenants["5:0"], audited)
    print(f"{len(hub.records)} records by native filters")
