"""The stack's files as a pod has them, and Fluent Bit with them."""

import atexit
import base64
import collections
import json
import os
import re
import socket
import subprocess
import threading
import time
from http.server import ThreadingHTTPServer

from .check import expect, fail
from .hub import ApiServer, free_port

NODE = "node-1"
DEADLINE = 120  # seconds, for a machine that is busy otherwise; nothing is measured


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
    environment(objects)
    return root + configuration(objects)


def environment(objects):
    """Sets what the container has in its environment. A Secret holds under each key the key's own name."""
    for variable in container_of(objects).get("env", []):
        source = variable.get("valueFrom", {})
        if "secretKeyRef" in source:
            os.environ[variable["name"]] = source["secretKeyRef"]["key"]
        elif "value" in variable:
            os.environ[variable["name"]] = variable["value"]


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
        if "fieldRef" not in variable.get("valueFrom", {}):
            continue
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
    more = {"Kube_URL": f"http://127.0.0.1:{api.server_address[1]}", "Kube_Token_File": f"{root}/token"}
    with open(root + "/token", "w", encoding="utf-8") as file:
        file.write("none")
    pattern = r"(?mi)^( +)(kube_tag_prefix)(:? +)(kube\.)(.*)$"
    lines = "".join(rf"\n\g<1>{name}\g<3>{value}" for name, value in more.items())
    text, n = re.subn(pattern, rf"\g<1>\g<2>\g<3>\g<4>{folder}.\g<5>{lines}", text)
    expect("kubernetes filters", n, 1)
    with open(config, "w", encoding="utf-8") as file:
        file.write(text)
    return config


def filter_settings(objects):
    text = only(objects, "ConfigMap", "fluent-bit-settings")["data"]["container-logs.json"]
    return json.loads(text)


def is_msgpack(objects):
    files = only(objects, "ConfigMap", "fluent-bit")["data"]
    (text,) = [text for name, text in files.items() if name.startswith("fluent-bit.")]
    return bool(re.search(r"(?mi)^ +event_format:? +msgpack$", text))


class FluentBit:
    def __init__(self, binary, config, log, more=()):
        self.log = log
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                [binary, f"--config={config}", *more], stdout=out, stderr=subprocess.STDOUT
            )
        # Also where a check fails in between; one that has ended is left alone.
        atexit.register(self.process.kill)

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
