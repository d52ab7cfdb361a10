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

import json
import sys
import tempfile

sys.dont_write_bytecode = True

from pipeline.check import fail
from pipeline.kubernetes import kubernetes, native
from pipeline.node import arguments, lay_out, rewrite
from pipeline.outage import outage
from pipeline.plain import plain
from pipeline.pod import in_a_pod, no_dns


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
    given = [a for a in sys.argv[1:] if a not in modes]
    if len(given) != 2:
        fail(__doc__)
    binary, path = given
    with open(path, encoding="utf-8") as file:
        objects = json.load(file)
    fields = {"cluster": "apps", "environment": "production", "tenant": "apps"}
    mode = next((modes[a] for a in sys.argv if a in modes), plain)
    with tempfile.TemporaryDirectory(prefix="leafpack-") as root:
        mode(binary, objects, root, fields)


main()
