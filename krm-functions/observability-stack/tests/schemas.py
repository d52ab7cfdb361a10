"""Holds objects against strict schemas: an unknown field is as wrong as a wrong one.

usage: schemas.py FOLDER FILE.yaml...

FOLDER has the schemas of custom resources, as <group>/<kind>_<version>.json; without it they are passed by.
Kubernetes' own come from the package kubernetes-validate, in the oldest and the newest version that it has.
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


def problems(folder, document):
    group, _, version = document["apiVersion"].rpartition("/")
    kind = document["kind"]
    if "." in group and not group.endswith(".k8s.io") and not os.path.isdir(folder):
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


def main():
    folder, *files = sys.argv[1:]
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
