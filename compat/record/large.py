"""Inputs that are too large to be made in every process, the weights of VGG-16 say: made once a run, and shared.

Each is a file in the journal while the run goes on, which the processes that compute map into their memory.
"""

import os
from typing import Dict, Sequence

import numpy as np

from ..case.operation import Sample
from ..errors import StoreError
from ..files import appearing
from ..store import Run
from .plan import Pair, Wanted

#: The digests of the shared inputs of a sample, by name.
Shared = Dict[str, Dict[str, str]]


def share(run: Run, wanted: Wanted, pairs: Sequence[Pair]) -> Shared:
    """Make the large inputs of a plan; those for which there is no room are left to each process."""
    found: Shared = {}
    for sample_id in dict.fromkeys(sample for sample, _ in pairs):
        outlined = wanted.described[sample_id]
        if not outlined.large or outlined.description is None:
            continue
        case = wanted.outline_of[sample_id].case()
        sample = case.sample(sample_id)
        assert sample is not None
        for name in outlined.large:
            fixture = sample.inputs[name]
            digest = outlined.description.inputs[name].digest
            try:
                with case.at_work(), appearing(_path(run, digest), "wb") as file:
                    np.lib.format.write_array(file, fixture.array, allow_pickle=False)
            except StoreError:
                continue
            finally:
                fixture.forget()
            found.setdefault(sample_id, {})[name] = digest
    return found


def take(run: Run, sample: Sample, digests: Dict[str, str]) -> None:
    """Let a sample use them."""
    for name, digest in digests.items():
        fixture, path = sample.inputs[name], _path(run, digest)
        if not fixture.made and os.path.exists(path):
            fixture.take(np.load(path, mmap_mode="r", allow_pickle=False), digest)


def _path(run: Run, digest: str) -> str:
    return os.path.join(run.large, f"{digest}.npy")
