"""Holds objects against strict schemas: an unknown field is as wrong as a wrong one.

usage: schemas.py FOLDER FILE.yaml...
       schemas.py --write FOLDER FILE.yaml...

FOLDER has the schemas of custom resources, as <group>/<kind>_<version>.json; without it they are passed by.
Kubernetes' own come from the package kubernetes-validate, in the oldest and the newest version that it has.

With --write no object is looked at: FOLDER gets the strict schemas of Kubernetes' own kinds in the files, as
<version>/<kind>-<group>-<version>.json, each without references to others, which is what kubeconform takes.
"""

import os
import sys

try:
    import json

    import jsonschema
    import kubernetes_validate
    import yaml
except ImportError as error:
    sys.exit(f"missing: {error.name}")

VERSIONS = ("1.28", kubernetes_validate.latest_version())
# Custom resources in a group that looks like one of Kubernetes' own.
CUSTOM = ("gateway.networking.k8s.io",)


def problems(folder, document):
    group, _, version = document["apiVersion"].rpartition("/")
    kind = document["kind"]
    is_own = "." not in group or group.endswith(".k8s.io") and group not in CUSTOM
    if not is_own and not os.path.isdir(folder):
        print(f"not looked at, for want of schemas: {kind}")
        return
    own = os.path.join(folder, group, f"{kind.lower()}_{version}.json")
    if os.path.exists(own):
        with open(own, encoding="utf-8") as file:
            validator = jsonschema.Draft7Validator(json.load(file))
        for error in validator.iter_errors(document):
            yield f"{error.json_path}: {error.message}"
        return
    for kubernetes in VERSIONS:
        try:
            kubernetes_validate.validate(document, kubernetes, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"Kubernetes {kubernetes}: {error.path}: {error.message}"


def standalone(node, definitions, within=()):
    """A schema with every definition in place of its reference; one within itself takes anything."""
    if isinstance(node, list):
        return [standalone(one, definitions, within) for one in node]
    if not isinstance(node, dict):
        return node
    name = str(node.get("$ref", "")).rpartition("/$defs/")[2]
    if name in within:
        return {}
    if name:
        return standalone(definitions[name], definitions, (*within, name))
    return {key: standalone(one, definitions, within) for key, one in node.items()}


def write(folder, files):
    kinds = set()
    for path in files:
        with open(path, encoding="utf-8") as file:
            for document in yaml.safe_load_all(file):
                group, _, version = document["apiVersion"].rpartition("/")
                group = group.split(".")[0]
                kinds.add("-".join(filter(None, (document["kind"].lower(), group, version))) + ".json")
    source = os.path.join(os.path.dirname(kubernetes_validate.__file__), "kubernetes-json-schema")
    for kubernetes in VERSIONS:
        version = ".".join([*kubernetes.split("."), "0"][:3])
        strict = os.path.join(source, f"v{version}-local-strict")
        with open(os.path.join(strict, "_definitions.json"), encoding="utf-8") as file:
            definitions = json.load(file)["$defs"]
        os.makedirs(os.path.join(folder, version), exist_ok=True)
        for kind in kinds.intersection(os.listdir(strict)):
            with open(os.path.join(strict, kind), encoding="utf-8") as file:
                schema = standalone(json.load(file), definitions)
            with open(os.path.join(folder, version, kind), "w", encoding="utf-8") as file:
                json.dump(schema, file)
        print(version)


def main():
    folder, *files = sys.argv[1:]
    if folder == "--write":
        return write(files[0], files[1:])
    wrong = count = 0
    for path in files:
        with open(path, encoding="utf-8") as file:
            for document in yaml.safe_load_all(file):
                count += 1
                for problem in problems(folder, document):
                    wrong += 1
                    print(f"{path}: {document['kind']}/{document['metadata']['name']}: {problem}")
    print(f"{count} objects, {wrong} problems")
    sys.exit(1 if wrong or not count else 0)


main()
