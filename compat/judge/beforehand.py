"""What verdicts follow from that is known before anything is judged, beside what is recorded."""

import hashlib
import os
from typing import Optional, Sequence

import numpy as np

from ..case.files import paths_below
from ..record.code import digest_of
from .case_files import DEFAULT


def digest_beforehand(named: Optional[Sequence[str]]) -> str:
    """A digest of compat's code, of NumPy's version, and of which case files there are to be asked.

    ``named``: case files and folders, or None as for ``judge_runs``.  What is in the files, ``Judging.follows_from``
    tells.
    """
    paths = [path for entry in ([DEFAULT] if named is None else named) for path in _paths(entry)]
    text = "\0".join([os.getcwd(), digest_of("."), np.__version__, *paths])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _paths(entry: str) -> Sequence[str]:
    return paths_below(entry) if os.path.isdir(entry) else [entry]
