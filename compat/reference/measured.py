"""The allowance by measurement: for a computation without a reference, judged against another's result.

How far rounding may take a graph is not known without its bounds, but it can be measured: its inputs are
moved by one unit in the last place, up or down at random, and it is computed again, a few times.  What the
outputs then do is what the graph makes of a rounding of every input, and of its own roundings, which fall
otherwise each time.  Two correct implementations differ by about as much as that; a difference many times
the spread is no rounding.  (Compare stochastic arithmetic: Vignes, A stochastic arithmetic for reliable
scientific computation, 1993.)

A fault that hides within some times the spread is not seen, and neither is one that both have.
"""

import numpy as np

from ..arrays import UNIT_ROUNDOFF
from .bounds import Reference

#: Times the spread: within ``FEW`` the root mean square and within ``SOME`` every element of a correct
#: implementation; beyond ``MANY`` no rounding takes an element.  A sum of 2,304 products one by one errs 4.5
#: times as much as the spread of one in blocks, and an element 25 times (``compat.scorecard``, which holds
#: these numbers against the bounds where both exist).
FEW, SOME, MANY = 8.0, 32.0, 128.0
#: The share of the whole tensor's spread that every element may have: six repeats say little of one element.
_SHARED = 0.3


class Measured(Reference):
    """Another implementation's result, allowed for by the spread of both."""

    alike = False

    def __init__(self, result, spread, dtype):
        super().__init__(result, dtype=dtype)
        finite = spread[np.isfinite(spread)].astype(np.float64)
        shared = _SHARED * np.sqrt(np.mean(finite**2)) if finite.size else 0.0
        self._spread = np.hypot(spread.astype(np.float64), shared)

    def _times(self, factor, dtype):
        """The last rounding of both results comes on top."""
        own = 2 * UNIT_ROUNDOFF[dtype] * self._size() * (self._spread > 0)
        return factor * self._spread + own

    def worst(self, dtype):
        return self._times(MANY, dtype)

    def expected(self, dtype, probability=None):
        return self._times(SOME, dtype)

    def typical(self, dtype):
        return self._times(FEW, dtype)


def answers_against(record, read, base, read_base):
    """{output name: Measured}: another record of the same case as the answer, by the spread of both.

    ``read``, ``read_base``: digest -> array, of either's store.
    """

    def both(name, shape):
        spreads = [
            read_one(one.measured[name]["spread"])
            for one, read_one in ((record, read), (base, read_base))
            if name in one.measured
        ]
        return np.sqrt(sum((s.astype(np.float64) ** 2 for s in spreads if s.shape == shape), np.zeros(shape)))

    results = {name: read_base(output.digest) for name, output in base.outputs.items()}
    return {
        name: Measured(result, both(name, result.shape), base.outputs[name].dtype)
        for name, result in results.items()
    }
