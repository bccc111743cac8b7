"""The catalogue: everything that somebody may have done instead, one file a theme."""

from . import (
    answers,
    defaults,
    draws,
    functions,
    images,
    kernels,
    missing,
    optimisers,
    precisions,
    signals,
    statistics,
    windows,
)
from .hypothesis import Change, Hypothesis
from .windows import pixels

#: The hypotheses about calls, by how often they are met.
CALLS = [
    *kernels.CATALOGUE,
    *windows.CATALOGUE,
    *signals.CATALOGUE,
    *statistics.CATALOGUE,
    *defaults.CATALOGUE,
    *functions.CATALOGUE,
    *optimisers.CATALOGUE,
    *draws.CATALOGUE,
    *images.CATALOGUE,
]
#: Those, then the ones about answers, about precision, and about steps that are missing.
HYPOTHESES = [*CALLS, *answers.CATALOGUE, *precisions.CATALOGUE, *missing.CATALOGUE]

__all__ = ["CALLS", "HYPOTHESES", "Change", "Hypothesis", "pixels"]
