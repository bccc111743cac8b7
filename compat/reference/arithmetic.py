"""Sums of two."""

import numpy as np

from .bounds import Answer, Reference, exact
from .calls import rule
from .tracked import track


@rule
def added(x: Answer, y: Answer, *, as_bias: bool = False) -> Reference:
    """x + y, each broadcast to the other as NumPy does.  ``as_bias``: y (n, 1) as (n,), added along the last axis."""
    numbers = exact(y)
    return (track(exact(x)) + track(np.ravel(numbers) if as_bias else numbers)).reference()
