"""In a pod of a cluster whose DNS does not answer."""

import os
import re
import subprocess
import sys
import urllib.request

from .check import expect, fail
from .containers import cri, wanted, write
from .hub import Hub, free_port
from .node import FluentBit, lay_out, rewrite

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
    again = [sys.executable, os.path.abspath(sys.argv[0]), *sys.argv[1:], "--within", root]
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
    text, n = re.subn(r"(?mi)^( +kube_tag_prefix:? +kube\.)", rf"\g<1>{folder}.", text)
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
