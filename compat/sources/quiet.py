"""What C++ libraries say on standard error while they are loaded: among it a line of ours would be lost."""

import contextlib
import os
import sys
from typing import Iterator


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Within, nothing that is written to the descriptor of standard error is seen."""
    try:
        sys.stderr.flush()
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except (OSError, ValueError):  # there is none
        yield
        return
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
