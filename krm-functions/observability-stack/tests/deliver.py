"""Runs the stack's Fluent Bit on a folder of sample logs, and looks at what a hub would get.

usage: deliver.py FLUENT_BIT OBJECTS.json [--outage | --kubernetes | --no-dns | --native]
       deliver.py --lay-out FOLDER HUB_PORT HTTP_PORT OBJECTS.json

OBJECTS.json is what the function made, as a JSON list. The files are laid out as the DaemonSet mounts the ConfigMaps,
below a temporary folder; that folder, the ports and the time between deliveries are all that is changed in them.
With --outage the hub is away at first, and Fluent Bit is killed and started anew in the middle.
With --no-dns it is in a pod, by its files, of a cluster whose DNS does not answer.
With --kubernetes the records are those of the kubernetes filter, which is given an API server of this script's.
With --native the filters are Fluent Bit's own, with that API server, and the records what the README says of them.
With --lay-out nothing is run: the files are for somebody else, who gets Fluent Bit's arguments, one a line.
"""

import base64
import collections
import gzip
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ID = "0123456789abcdef" * 4
NODE = "node-1"
DEADLINE = 120  # seconds, for a machine that is busy otherwise; nothing is measured


def fail(message):
    sys.exit(f"deliver.py: {message}")


def expect(what, found, wanted):
    if found != wanted:
        fail(f"{what}: found {found!r}, expected {wanted!r}")


class Hub:
    """Takes what VictoriaLogs takes: JSON objects, one a line, gzipped."""

    def __init__(self, port=0):
        self.records, self.requests = [], []
        self.tenants = collections.defaultdict(list)  # records by AccountID:ProjectID
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                hub.requests.append((self.path, dict(self.headers)))
                records = [json.loads(line) for line in body.splitlines()]
                hub.records.extend(records)
                hub.tenants[f"{self.headers['AccountID']}:{self.headers['ProjectID']}"].extend(records)
                self.send_response(204)
                self.end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]

    def start(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self


def free_port():
    hub = Hub()
    hub.server.server_close()
    return hub.port


def only(objects, kind, name=None):
    found = [o for o in objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]
    if len(found) != 1:
        fail(f"expected one {kind} {name or ''}, found {len(found)}")
    return found[0]


def lay_out(objects, root):
    """Writes what the DaemonSet mounts, each file where the container would see it."""
    pod = only(objects, "DaemonSet", "fluent-bit")["spec"]["template"]["spec"]
    container = pod["containers"][0]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    os.makedirs(root + "/var/log/containers")
    for mount in container["volumeMounts"]:
        folder = root + mount["mountPath"]
        os.makedirs(folder, exist_ok=True)
        volume = volumes[mount["name"]]
        if "configMap" not in volume:
            continue
        config_map = only(objects, "ConfigMap", volume["configMap"]["name"])
        for name, text in config_map.get("data", {}).items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        for name, text in config_map.get("binaryData", {}).items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(base64.b64decode(text, validate=True))
    return root + configuration(objects)


def container_of(objects):
    return only(objects, "DaemonSet", "fluent-bit")["spec"]["template"]["spec"]["containers"][0]


def configuration(objects):
    """The path of Fluent Bit's configuration in the container."""
    (config,) = [a.removeprefix("--config=") for a in container_of(objects)["args"] if a.startswith("--config=")]
    return config


def arguments(objects):
    """The other arguments, with what Kubernetes puts in."""
    container = container_of(objects)
    for variable in container.get("env", []):
        expect("a variable", variable["valueFrom"], {"fieldRef": {"fieldPath": "spec.nodeName"}})
        args = [a.replace(f"$({variable['name']})", NODE) for a in container["args"]]
        return [a for a in args if not a.startswith("--config=")]
    return []


def rewrite(path, root, hub_port, http_port):
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    # The tag begins with the folder's path; in a regular expression its dots are escaped.
    folder = root.strip("/").replace("/", ".")
    changed = collections.Counter()
    section = plugin = ""
    for at, line in enumerate(lines):
        start = re.match(r"\[(\w+)\]|(?:  )?(service|inputs|filters|outputs):$", line)
        if start:
            section = (start[1] or start[2]).lower().rstrip("s")
        match = re.match(r"(\s+(?:- )?)([\w.]+)(:? +)(.+)$", line)
        if not match:
            continue
        indent, name, gap, value = match.groups()
        name = name.lower()
        plugin = value if name == "name" else plugin
        for place in ("/leafpack/", "/var/log/"):
            value = value.replace(place, root + place)
        value = value.replace(r"var\.log\.", (folder + ".var.log.").replace(".", r"\."))
        replaced = {
            ("output", "port"): hub_port,
            ("service", "http_port"): http_port,
            ("service", "flush"): 1,
            ("service", "scheduler.cap"): 2,
            ("service", "scheduler.base"): 1,
        }.get((section, name))
        if section == "input" and plugin == "tcp" and name == "port":
            replaced = free_port()
        if not has_ipv6() and name == "http_listen":
            # What the option `network.ipv6` is for.
            replaced = "0.0.0.0"
        if replaced is not None:
            changed[section, name] += 1
            value = str(replaced)
        lines[at] = f"{indent}{match[2]}{gap}{value}"
    hubs = changed.pop(("output", "port"), 0)
    if not hubs or len(changed) < 4:
        fail(f"expected more lines to change than {changed} and {hubs} outputs")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def talos_port(path):
    """The port of the input that takes Talos' logs, as it was rewritten; None where there is none."""
    with open(path, encoding="utf-8") as file:
        found = re.search(r"(?i)\bname:? +tcp\n(?:.*\n)*?\s+port:? +(\d+)\n", file.read())
    return int(found[1]) if found else None


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


class FluentBit:
    def __init__(self, binary, config, log, more=()):
        self.log = log
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                [binary, f"--config={config}", *more], stdout=out, stderr=subprocess.STDOUT
            )

    def wait_until(self, what, condition):
        deadline = time.monotonic() + DEADLINE
        while not condition():
            if self.process.poll() is not None:
                fail(f"Fluent Bit ended with {self.process.returncode}:\n{self.text()}")
            if time.monotonic() > deadline:
                self.process.kill()
                fail(f"{what}: waited {DEADLINE} s in vain\n{self.text()}")
            time.sleep(0.1)

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def stop(self):
        self.process.terminate()
        expect("exit code of Fluent Bit", self.process.wait(DEADLINE), 0)


def cri(n, stream, flag, message):
    return f"2025-01-02T03:04:05.{n:09d}Z {stream} {flag} {message}\n"


def write(root, pod, namespace, container, lines):
    path = f"{root}/var/log/containers/{pod}_{namespace}_{container}-{ID}.log"
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(lines)


def wanted(cluster, pod, namespace, container, n, stream, message, /, **more):
    return {
        "_time": f"2025-01-02T03:04:05.{n:09d}Z",
        "stream": stream,
        "_msg": message,
        "k8s_namespace_name": namespace,
        "k8s_pod_name": pod,
        "k8s_container_name": container,
        **cluster,
        **more,
    }


def filter_settings(objects):
    text = only(objects, "ConfigMap", "fluent-bit-settings")["data"]["container-logs.json"]
    return json.loads(text)


def is_msgpack(objects):
    files = only(objects, "ConfigMap", "fluent-bit")["data"]
    (text,) = [text for name, text in files.items() if name.startswith("fluent-bit.")]
    return bool(re.search(r"(?mi)^ +event_format:? +msgpack$", text))


def packed(text):
    """What becomes of a text by msgpack: its length can hold no zero byte."""
    size = len(text)
    if size > 65_535:
        pieces = [text[at : at + 65_500] for at in range(0, size, 65_500)]
        return [packed(piece) for piece in pieces]
    return text + " " if size and size % 256 == 0 else text


def cut(text):
    """A line as containerd cuts it."""
    size = 16_384
    return [text[at : at + size] for at in range(0, len(text), size)]


def fragments(n, stream, pieces):
    """Their lines, each with a time of its own."""
    last = len(pieces) - 1
    return [cri(n + i, stream, "F" if i == last else "P", piece) for i, piece in enumerate(pieces)]


def same(what, found, expected):
    key = lambda record: json.dumps(record, sort_keys=True)
    found, expected = (collections.Counter(map(key, records)) for records in (found, expected))
    short = lambda records: [text[:600] for text in records][:3]
    if found != expected:
        fail(f"{what}: missing: {short(expected - found)}; beyond: {short(found - expected)}")


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


def write_routed(root, fields, is_packed):
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

    routed = write_routed(root, fields, is_msgpack(objects))
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
    print(f"{len(hub.records)} records in {len(hub.requests)} requests")


def outage(binary, objects, root, fields):
    """A hub that is away, a full buffer, and a kill in between: each line arrives, some may arrive twice."""
    hub_port, http_port = free_port(), free_port()
    config = lay_out(objects, root)
    rewrite(config, root, hub_port, http_port)
    with open(config, encoding="utf-8") as file:
        text, n = re.subn(r"(storage\.max_chunks_up +)\d+", r"\g<1>12", file.read())
    expect("limits of the buffer", n, 1)
    with open(config, "w", encoding="utf-8") as file:
        file.write(text)

    def chunks(counted=True):
        """Files of the buffer: those that count for its limit, or all."""
        found = 0
        for folder, _, names in os.walk(root + "/leafpack/state"):
            if not counted or not os.path.basename(folder).startswith("tcp."):
                found += sum(name.endswith(".flb") for name in names)
        return found

    more = arguments(objects)
    audit_log = root + "/var/log/audit/kube/kube-apiserver.log"
    os.makedirs(os.path.dirname(audit_log))
    # The messages of each tenant.
    expected = {"2:7": set(), "3:1": set(), "5:0": set()}
    sent = 0
    most = 0

    def write_some():
        nonlocal sent, most
        for _ in range(50):
            message = f"line {sent}"
            namespace, tenant = ("payments", "3:1") if sent % 10 == 0 else ("shop", "2:7")
            write(root, f"web-{sent % 3}", namespace, "nginx", [cri(sent, "stdout", "F", message)])
            expected[tenant].add(message)
            sent += 1
        event, record = audit_event(f"web-{sent}")
        with open(audit_log, "a", encoding="utf-8") as file:
            file.write(event)
        expected["5:0"].add(record["_msg"])
        most = max(most, chunks())

    fluent_bit = FluentBit(binary, config, root + "/log", more)

    def is_paused():
        write_some()
        return "paused (storage buf overlimit" in fluent_bit.text()

    fluent_bit.wait_until("a full buffer", is_paused)
    # What Talos sends is no file that can wait: it is taken all the same, and outlives the kill.
    expected["6:0"] = {record["_msg"] for record in send_talos(fluent_bit, config)}
    for _ in range(30):
        write_some()
        time.sleep(0.1)
    before = most
    fluent_bit.process.kill()
    fluent_bit.process.wait()
    write_some()
    fluent_bit = FluentBit(binary, config, root + "/log", more)
    for _ in range(30):
        write_some()
        time.sleep(0.1)
    # Every input may go beyond the limit by the chunk that it is about to fill.
    if before > 12 + 1:
        fail(f"{before} chunks wait on disk, expected at most 13")
    hub = Hub(hub_port).start()
    messages = lambda tenant: collections.Counter(record.get("_msg") for record in hub.tenants[tenant])
    everything = lambda: all(len(messages(tenant)) >= len(wanted) for tenant, wanted in expected.items())
    fluent_bit.wait_until("records", everything)
    fluent_bit.wait_until("an empty buffer", lambda: chunks(counted=False) == 0)
    fluent_bit.stop()
    for tenant, wanted in expected.items():
        expect(f"messages of {tenant}", set(messages(tenant)), wanted)
    expect("tenants", set(hub.tenants), set(expected))
    twice = len(hub.records) - sum(map(len, expected.values()))
    print(f"{sent} lines, {before} chunks on disk before the kill, {most} after, {twice} records twice")


class ApiServer(BaseHTTPRequestHandler):
    """Knows every pod that it is asked for, but one."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        parts = self.path.strip("/").split("/")
        _, _, _, namespace, _, pod = parts if len(parts) == 6 else [""] * 6
        known = namespace and pod != "gone"
        annotations = {"fluentbit.io/exclude": "true"} if pod == "quiet" else {"note": "is not shipped"}
        pod = {
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {
                "name": pod,
                "namespace": namespace,
                "uid": "u-1",
                "labels": {"app": "web"},
                "annotations": annotations,
            },
            "spec": {"nodeName": "node-1", "containers": []},
            "status": {"podIP": "10.0.0.9", "containerStatuses": []},
        }
        body = json.dumps(pod).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def with_api_server(objects, root, hub_port):
    """The configuration, with an API server of this script's."""
    api = ThreadingHTTPServer(("127.0.0.1", 0), ApiServer)
    threading.Thread(target=api.serve_forever, daemon=True).start()
    config = lay_out(objects, root)
    rewrite(config, root, hub_port, free_port())
    with open(config, encoding="utf-8") as file:
        text = file.read()
    # The tag begins with the folder's path; and the API server is another.
    folder = root.strip("/").replace("/", ".")
    more = f"Kube_URL http://127.0.0.1:{api.server_address[1]}\n    Kube_Token_File {root}/token"
    with open(root + "/token", "w", encoding="utf-8") as file:
        file.write("none")
    text, n = re.subn(r"(?m)^(    Kube_Tag_Prefix +kube\.)(.*)$", rf"\g<1>{folder}.\g<2>\n    {more}", text)
    expect("kubernetes filters", n, 1)
    with open(config, "w", encoding="utf-8") as file:
        file.write(text)
    return config


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
        is_host = bool(re.search(r"(?m)^    multiline\.parser +cri$", file.read()))
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


# Where a pod has its token, and what tells Fluent Bit that it is in one.
ACCOUNT = "/run/secrets/kubernetes.io/serviceaccount"


def no_dns(binary, objects, root, fields):
    """In a mount namespace of its own, this script again, with the files of a pod and without a DNS server."""
    # /var/run is a link to /run on every distribution with systemd; else there is no place for the files.
    own = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        able = os.path.realpath("/var/run") == "/run" and subprocess.run([*own, "true"], capture_output=True).returncode == 0
    except OSError:
        able = False
    if not able:
        print("not tried: this machine lets nobody have a mount namespace")
        return
    # The address is one of this machine's, and nobody listens on its port 53.
    with open(root + "/resolv.conf", "w", encoding="utf-8") as file:
        file.write("nameserver 127.0.0.9\noptions timeout:1 attempts:1\n")
    script = f"""set -e
mount --bind {root}/resolv.conf "$(readlink -f /etc/resolv.conf)"
mount -t tmpfs none /run
mkdir -p {ACCOUNT} /run/lock
printf observability > {ACCOUNT}/namespace
printf none > {ACCOUNT}/token
exec "$@"
"""
    again = [sys.executable, os.path.abspath(__file__), *sys.argv[1:], "--within", root]
    done = subprocess.run([*own, "sh", "-c", script, "sh", *again])
    if done.returncode != 0:
        sys.exit(done.returncode)


def in_a_pod(binary, objects, root, fields):
    hub = Hub().start()
    http_port = free_port()
    config = lay_out(objects, root)
    rewrite(config, root, hub.port, http_port)
    with open(config, encoding="utf-8") as file:
        text = file.read()
    # No tag of a folder like this one says whose the records are, but for its end.
    folder = root.strip("/").replace("/", ".")
    text, n = re.subn(r"(?m)^(    Kube_Tag_Prefix +kube\.)", rf"\g<1>{folder}.", text)
    expect("kubernetes filters", n, 1)
    with open(config, "w", encoding="utf-8") as file:
        file.write(text)
    write(root, "web-0", "shop", "nginx", [cri(1, "stdout", "F", "kept")])
    fluent_bit = FluentBit(binary, config, root + "/log")

    def answers():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    # Fluent Bit's own waiting would take longer than this.
    fluent_bit.wait_until("the HTTP server", answers)
    fluent_bit.wait_until("records", lambda: hub.records)
    expect("record", hub.records[0], wanted(fields, "web-0", "shop", "nginx", 1, "stdout", "kept"))
    if "could not resolve" not in fluent_bit.text():
        fail(f"Fluent Bit did not wait for DNS, so this shows nothing:\n{fluent_bit.text()}")
    fluent_bit.stop()
    print("a record without DNS")


def lay_out_only(root, hub_port, http_port, path):
    with open(path, encoding="utf-8") as file:
        objects = json.load(file)
    config = lay_out(objects, root)
    rewrite(config, root, int(hub_port), int(http_port))
    print(f"--config={config}", *arguments(objects), sep="\n")


def main():
    if sys.argv[1:2] == ["--lay-out"] and len(sys.argv) == 6:
        return lay_out_only(*sys.argv[2:])
    modes = {"--outage": outage, "--kubernetes": kubernetes, "--no-dns": no_dns, "--native": native}
    if "--within" in sys.argv:
        at = sys.argv.index("--within")
        root = sys.argv[at + 1]
        del sys.argv[at:]
        modes["--no-dns"] = lambda binary, objects, _, fields: in_a_pod(binary, objects, root, fields)
    arguments = [a for a in sys.argv[1:] if a not in modes]
    if len(arguments) != 2:
        fail(__doc__)
    binary, path = arguments
    with open(path, encoding="utf-8") as file:
        objects = json.load(file)
    fields = {"cluster": "apps", "environment": "production", "tenant": "apps"}
    mode = next((modes[a] for a in sys.argv if a in modes), plain)
    with tempfile.TemporaryDirectory(prefix="leafpack-") as root:
        mode(binary, objects, root, fields)


main()
