"""A worker process, without what Python does for others that costs one with a TensorFlow in it seconds."""

import atexit
import contextlib
import gc
import os
import sys

#: New objects until Python looks for what only holds itself.  An import makes a million that stay, and each look at
#: them all finds none: by itself Python looks ten thousand times.
_OBJECTS = 100_000


def begin() -> None:
    """At the start of a worker, before a framework and a case are there."""
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
    atexit.register(_leave)  # the first one, so the last to be called


def _leave() -> None:
    """End without taking everything to pieces: the rows are written, and the memory goes with the process."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # none, nobody who reads it, closed
            stream.flush()
    os._exit(0)
