"""Every line arrives, once, where and as it should."""

import base64
import json
import os
import subprocess
import time
import urllib.parse
import urllib.request

from .check import expect, fail, same
from .containers import cri, cut, fragments, packed, wanted, write
from .hub import Hub, free_port
from .kinds import audit_event, by_tenant, send_talos, write_audit, write_routed
from .node import FluentBit, arguments, filter_settings, has_ipv6, is_msgpack, lay_out, rewrite


def plain(binary, objects, root, fields):
    settings = filter_settings(objects)
    join, merge = settings["join"], settings["json_body"]["merge"]
    hub = Hub().start()
    http_port = free_port()
    config = lay_out(objects, root)
    rewrite(config, root, hub.port, http_port)
    more = arguments(objects)
    dry = subprocess.run([binary, "--dry-run", f"--config={config}", *more], capture_output=True, text=True)
    expect("exit code of --dry-run", dry.returncode, 0)

    expected = []

    def add(pod, n, stream, message, container="nginx", body=None, /, **more):
        if body is not None and merge:
            # `msg` is where the message of a JSON body is looked for.
            message, more = body["msg"], {**more, **{k: v for k, v in body.items() if k != "msg"}}
        if is_msgpack(objects):
            message = packed(message)
        expected.append(wanted(fields, pod, "shop", container, n, stream, message, **more))

    def add_fragments(pod, n, stream, text, body=None):
        pieces = cut(text)
        if join != "mark":
            return add(pod, n, stream, text, "app", body)
        for i, piece in enumerate(pieces):
            partial = {"partial_message": "true"} if i < len(pieces) - 1 else {}
            add(pod, n + i, stream, piece, "app", **partial)

    for n in range(2000):
        stream = "stderr" if n % 7 == 0 else "stdout"
        body = {"n": n, "msg": f'say "{n}"', "deep": {"list": [1, None, "x"]}} if n % 3 == 0 else None
        message = json.dumps(body) if body else f"line {n}\twith a tab"
        write(root, f"web-{n % 3}", "shop", "nginx", [cri(n, stream, "F", message)])
        add(f"web-{n % 3}", n, stream, message, "nginx", body)
    write(root, "web-0", "shop", "nginx-exporter", [cri(1, "stdout", "F", "kept")])
    add("web-0", 1, "stdout", "kept", "nginx-exporter")
    # Namespaces that only look like those of other tenants, and a pod that does.
    for n, (pod, namespace) in enumerate([("web", "pay"), ("web", "xpayments"), ("web", "payments-2"), ("payments", "shop")]):
        write(root, pod, namespace, "app", [cri(n, "stdout", "F", "not routed")])
        expected.append(wanted(fields, pod, namespace, "app", n, "stdout", "not routed"))
    # Lines that the runtime cut: text, with a line of the other stream in between, and JSON.
    text = "".join(f"{i:07} " for i in range(5_000))
    first, *rest = fragments(1, "stdout", cut(text))
    write(root, "cut", "shop", "app", [first, cri(9, "stderr", "F", "between"), *rest])
    add("cut", 9, "stderr", "between", "app")
    add_fragments("cut", 1, "stdout", text)
    body = {"msg": text, "level": "info"}
    write(root, "cut-json", "shop", "app", fragments(1, "stdout", cut(json.dumps(body))))
    add_fragments("cut-json", 1, "stdout", json.dumps(body), body)
    # What a process leaves that ends without a line feed: no rest follows. Fluent Bit's own joining drops the mark.
    write(root, "ended", "shop", "app", [cri(1, "stdout", "P", "half")])
    add("ended", 1, "stdout", "half", "app", **({} if join == "host" else {"partial_message": "true"}))
    # The rest of this one is written only when everything else has arrived. Fluent Bit's own joining would not wait.
    slow = fragments(1, "stdout", cut(text)) if join != "host" else []
    write(root, "slow", "shop", "app", slow[:1])
    if slow:
        add_fragments("slow", 1, "stdout", text)
    # A line of 200,000 bytes, and one beyond the limit, between two that are not.
    write(root, "long", "shop", "app", [cri(2, "stdout", "F", "x" * 200_000)])
    write(root, "long", "shop", "app", [cri(3, "stdout", "F", "y" * 2_000_000)])
    write(root, "long", "shop", "app", [cri(4, "stdout", "F", "after")])
    add("long", 2, "stdout", "x" * 200_000, "app")
    add("long", 4, "stdout", "after", "app")
    # What is left out: by rule, and the collector's own.
    write(root, "dns", "kube-system", "coredns", [cri(1, "stdout", "F", "by rule")])
    write(root, "load-test-1", "shop", "app", [cri(1, "stdout", "F", "by rule")])
    write(root, "web-0", "shop", "istio-proxy", [cri(1, "stdout", "F", "by rule")])
    write(root, "fluent-bit-x", "logging", "leafpack-fluent-bit", [cri(1, "stdout", "F", "own")])
    # No line at all: it goes on with a mark.
    write(root, "odd", "shop", "app", ["not a CRI line\n"])
    # Nobody can say that it is somebody else.
    origin = wanted(fields, "forger", "shop", "app", 1, "stdout", "mine")
    claims = {"msg": "mine", **{name: "forged" for name in origin if name != "_msg"}, "_time": "2001-02-03T04:05:06Z"}
    claims.update({"k8s_host": "forged", "kubernetes": {"pod_name": "forged"}})
    write(root, "forger", "shop", "app", [cri(1, "stdout", "F", json.dumps(claims))])

    routed = write_routed(root, fields)
    audited, audit_log = write_audit(objects, root)
    others = len(routed) + len(audited)
    fluent_bit = FluentBit(binary, config, root + "/log", more)
    sent = send_talos(fluent_bit, config)
    others += len(sent)
    late = {"mark": len(slow) - 1, "filter": 1, "host": 0}[join]
    fluent_bit.wait_until("records", lambda: len(hub.records) >= len(expected) + others + 2 - late)
    write(root, "slow", "shop", "app", slow[1:])
    fluent_bit.wait_until("late records", lambda: len(hub.records) >= len(expected) + others + 2)
    if audited:
        # A file that is rotated is not sent again, and its last lines and the new file's first are not missed.
        event, record = audit_event("rotated")
        os.rename(audit_log, audit_log.replace(".log", "-2026-01-02T03-04-05.000.log"))
        with open(audit_log, "w", encoding="utf-8") as file:
            file.write(event)
        audited.append(record)
        fluent_bit.wait_until("the next file", lambda: len(hub.records) >= len(expected) + others + 3)
        time.sleep(2)
    for path in ("/", "/api/v1/health", "/api/v2/metrics/prometheus"):
        with urllib.request.urlopen(f"http://127.0.0.1:{http_port}{path}") as answer:
            expect(path, answer.status, 200)
            body = answer.read().decode()
    if has_ipv6():
        with urllib.request.urlopen(f"http://[::1]:{http_port}/") as answer:
            expect("by IPv6", answer.status, 200)
    for metric in ("fluentbit_input_storage_overlimit", "fluentbit_output_errors_total"):
        if metric not in body:
            fail(f"the metrics have no {metric}")
    fluent_bit.stop()

    if "leafpack: " in fluent_bit.text():
        fail(f"the filter has something to say of its settings:\n{fluent_bit.text()}")
    of = lambda pod: [record for record in hub.records if record.get("k8s_pod_name") == pod]
    expect("records of no line", len(of("odd")), 1)
    odd = of("odd")[0]
    expect("the message of no line", odd["_msg"], "not a CRI line")
    for field in ("_time", "leafpack_error", "k8s_pod_name", *fields):
        if field not in odd:
            fail(f"the marked record has no {field}: {odd}")
    expect("records of the forger", len(of("forger")), 1)
    forger = of("forger")[0]
    if merge:
        # What is said of the origin is kept where it can be taken for nothing else.
        del claims["msg"]
        origin["json_body"] = claims
    else:
        origin["_msg"] = json.dumps(claims)
    expect("the origin", forger, origin)
    apart = [odd, forger]
    mine = hub.tenants.pop("2:7")
    same("records of 2:7", [r for r in mine if r not in apart], expected)
    for tenant, records in by_tenant([*routed, *audited, *sent]).items():
        same(f"records of {tenant}", hub.tenants.pop(tenant, []), records)
    expect("other tenants", dict(hub.tenants), {})
    for record in hub.records:
        for field in ("date", "time", "@timestamp"):
            if field in record:
                fail(f"a record has {field}: {record}")

    containers = "cluster,k8s_namespace_name,k8s_pod_name,k8s_container_name,stream"
    streams = {"5:0": "cluster,log_type,k8s_host", "6:0": "cluster,log_type,k8s_host,talos_service"}
    for path, headers in hub.requests:
        url = urllib.parse.urlsplit(path)
        expect("path", url.path, "/select/insert/jsonline")
        tenant = f"{headers['AccountID']}:{headers['ProjectID']}"
        expect(
            "parameters",
            urllib.parse.parse_qs(url.query, strict_parsing=True),
            {
                "_stream_fields": [streams.get(tenant, containers)],
                "_msg_field": ["_msg,log,message,msg"],
                "_time_field": ["_time"],
            },
        )
        expect("Content-Encoding", headers.get("Content-Encoding"), "gzip")
        # Name and password of the fixture's Secret, which are the keys themselves.
        given = base64.b64encode(b"user:pass").decode()
        expect("Authorization", headers.get("Authorization"), f"Basic {given}")
    print(f"{len(hub.records)} records in {len(hub.requests)} requests")
