"""The line of the program that made an op of a graph."""

import functools
from typing import Any


def line_of(op: Any) -> str:
    """The last that is neither the framework's nor compat's."""
    # As TensorFlow 1 and 2.0 give it out, it has read each line of each file.
    frames = getattr(op, "_traceback", None) or op.traceback or ()
    for place in reversed(range(len(frames))):
        frame = frames[place]
        path, number = (frame.filename, frame.lineno) if hasattr(frame, "filename") else frame[:2]
        if _is_of_program(path):
            return f"{_base(path)}:{number}"
    return ""


@functools.lru_cache(maxsize=4096)
def _is_of_program(path: str) -> bool:
    path = path.replace("\\", "/")
    return "site-packages" not in path and "/compat/" not in path and not path.startswith("<")


def _base(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
