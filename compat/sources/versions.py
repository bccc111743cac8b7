"""Which TensorFlow wrote a graph, and the nearest environment that reads it."""

from typing import List, Tuple

from ..record.versions import tensorflow_version

#: (the number that graphs of a version bear, the environment of that version)
_PRODUCERS: List[Tuple[int, str]] = [
    (27, "tf1.13"), (134, "tf1.15"), (175, "tf2.1"), (808, "tf2.6"), (1087, "tf2.9"), (1286, "tf2.11"),
    (1645, "tf2.15"), (1994, "tf2.18"), (2474, "tf2.21"),
]  # fmt: skip


def writer(producer: int) -> str:
    """The first environment whose graphs bear at least that number; "" for one that is newer than all."""
    return next((name for number, name in _PRODUCERS if producer <= number), "")


def hint_for_graph(producer: int) -> str:
    """What to do about a graph that is not understood here, or nothing."""
    name = writer(producer)
    here = ".".join(map(str, (tensorflow_version() or ())[:2]))
    if not name or f"tf{here}" == name:
        return ""
    return f"; it was written by TensorFlow {name[2:]} or a little before: compat trace --env {name} ..."
