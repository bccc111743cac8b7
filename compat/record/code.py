"""What a record depends on beside the case and its inputs: the environment, and the part of compat that computes.

A change of a bound, a hypothesis, a reason or a page changes none of these, and no record is made anew for it.
"""

import functools
import hashlib
import json
import os

from ..files import read_bytes
from ..jsons import as_json
from ..records import Environment

#: The files of compat, and the folders of them, that take part in computing a sample.
_COMPUTING = (
    "arrays.py",
    "case",
    "graph/capture",
    "graph/nodes.py",
    "layers",
    "record/alone.py",
    "record/compute.py",
    "record/dialects",
    "record/repeats.py",
)
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def sources(*parts: str) -> "list[str]":
    """The Python files of compat at these paths, in a fixed order."""
    found = []
    for part in parts:
        path = os.path.join(_ROOT, *part.split("/"))
        if os.path.isdir(path):
            for folder, _, names in os.walk(path):
                found += [os.path.join(folder, name) for name in names if name.endswith(".py")]
        else:
            found.append(path)
    return sorted(found)


@functools.lru_cache(maxsize=None)
def digest_of(*parts: str) -> str:
    """The SHA-256 of the sources of compat at these paths."""
    sha = hashlib.sha256()
    for path in sources(*parts):
        sha.update(os.path.relpath(path, _ROOT).replace(os.sep, "/").encode() + b"\0" + read_bytes(path))
    return sha.hexdigest()


def code_of(environment: Environment) -> str:
    """``Record.code``: of the environment, whatever it is called, and of the part of compat that computes."""
    described = {key: value for key, value in as_json(environment).items() if key != "name"}
    text = json.dumps(described, sort_keys=True)
    return hashlib.sha256((digest_of(*_COMPUTING) + text).encode()).hexdigest()
