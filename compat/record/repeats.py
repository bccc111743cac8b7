"""What is measured of a computation without a reference: whether it is random, and what rounding makes of it."""

from typing import NamedTuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, round_to
from ..case.fixtures import Fixture

#: How often a computation is repeated: its standard deviation is then known to about 30 %.
REPEATS = 6


class Measurement(NamedTuple):
    """``random``: outputs with other bits on the same inputs.  ``arrays``: {output: {kind: array}} for the judge."""

    random: list
    arrays: dict


def measure(compute, inputs, results):
    """Compute again, on the same inputs and on moved ones."""
    again = compute(inputs)
    random = [
        name
        for name, (array, dtype) in results.items()
        if name not in again or again[name][1] != dtype or again[name][0].tobytes() != array.tobytes()
    ]
    if random:
        return Measurement(random, {})
    return Measurement(
        [], {name: {"spread": array} for name, array in spread(compute, inputs, results).items()}
    )


def moved(fixture, seed):
    """The fixture with every number one unit in the last place up or down; whole numbers stay."""
    array, dtype = fixture.array, fixture.dtype
    if dtype not in UNIT_ROUNDOFF:
        return fixture
    up = np.random.RandomState(seed).randint(0, 2, array.shape) == 1
    if array.dtype.name == dtype:
        with np.errstate(over="ignore"):
            stepped = np.nextafter(array, np.where(up, np.inf, -np.inf).astype(array.dtype))
    else:  # bfloat16 in a float32: twice its unit roundoff reaches the next, whatever the number
        stepped = round_to(array * (1 + np.where(up, 2, -2) * UNIT_ROUNDOFF[dtype]), dtype)
    # A zero may be a padding or a mask, and its neighbours are denormal.
    stepped = np.where((array == 0) | ~np.isfinite(array), array, stepped)
    return Fixture(f"{fixture.name}.moved", lambda: stepped, fixture.dtype)


def spread(compute, inputs, results):
    """{output name: root mean square of what moved inputs change, elementwise} in float32.

    ``compute``: inputs by name -> {output name: (array, dtype)}.  ``results``: what it gave for ``inputs``.
    Where a repeat gives another shape, or something that is no number, everything is possible: infinite.
    """
    squares = {name: np.zeros(array.shape) for name, (array, _) in results.items()}
    for repeat in range(REPEATS):
        again = compute(
            {name: moved(fixture, 1000 * repeat + n) for n, (name, fixture) in enumerate(inputs.items())}
        )
        for name, (array, _) in results.items():
            squares[name] += _change(array, again[name][0]) ** 2 if name in again else np.inf
    with np.errstate(over="ignore"):
        return {name: np.sqrt(total / REPEATS).astype(np.float32) for name, total in squares.items()}


def _change(before, after):
    if before.shape != after.shape:
        return np.inf
    before, after = before.astype(np.float64), after.astype(np.float64)
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    with np.errstate(invalid="ignore", over="ignore"):
        change = np.where(same, 0.0, np.abs(after - before))
    return np.where(np.isnan(change), np.inf, np.minimum(change, 1e150))
