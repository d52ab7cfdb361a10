"""What a test says when something is not as it should be."""

import collections
import json
import sys


def fail(message):
    sys.exit(f"deliver.py: {message}")


def expect(what, found, wanted):
    if found != wanted:
        fail(f"{what}: found {found!r}, expected {wanted!r}")


def same(what, found, expected):
    key = lambda record: json.dumps(record, sort_keys=True)
    found, expected = (collections.Counter(map(key, records)) for records in (found, expected))
    short = lambda records: [text[:600] for text in records][:3]
    if found != expected:
        fail(f"{what}: missing: {short(expected - found)}; beyond: {short(found - expected)}")
