"""A hub that is away, and a kill."""

import collections
import os
import re
import time

from .check import expect, fail
from .containers import cri, write
from .hub import Hub, free_port
from .kinds import audit_event, send_talos
from .node import FluentBit, arguments, lay_out, rewrite


def outage(binary, objects, root, fields):
    """A hub that is away, a full buffer, and a kill in between: each line arrives, some may arrive twice."""
    hub_port, http_port = free_port(), free_port()
    config = lay_out(objects, root)
    rewrite(config, root, hub_port, http_port)
    with open(config, encoding="utf-8") as file:
        text, n = re.subn(r"(storage\.max_chunks_up:? +)\d+", r"\g<1>12", file.read())
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
