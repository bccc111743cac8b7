"""Systematic faults below the noise: the residual projected onto the weights that the answer is linear in.

A weight that is off by d moves the output o by x_oi d, which every single output may hide in its rounding.
Rounding errors have no sign in common with the inputs, the fault has: over N outputs sum x_oi r_o grows with
N, and what rounding makes of it with sqrt(N).  It is compared with the errors themselves, not with a bound on
them: given their sizes, signs that are independent and even stay within

    |sum_o x_oi r_o| <= t sqrt(sum_o x_oi^2 r_o^2)   with probability 1 - 2 exp(-t^2 / 2)

(Hoeffding 1963, theorem 2; a self-normalised sum, so that nothing is assumed of the distribution).  Three
things that rounding does have a sign in common, and are no fault:

* sums of one sign drift, all by a share of themselves: what goes with the answer, or is the same in all
  outputs of a channel, is taken off first;
* equal windows round alike: outputs of the same bits and the same error count as one;
* a product of few different values, or a transformed kernel, rounds as if the weight itself were off by a
  few u: a weight is wrong beyond ``few`` u of its filter's typical weight.
"""

import math
from typing import NamedTuple, Optional

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..reference.products import Products

_PROBABILITY = 1e-9
#: A share that float32 told is told well enough, if it is no more: it is twice as fast.
_ROUGHLY = 0.9
#: Mixes the bits of a number into the upper half of a product (Knuth's golden ratio).
_ODD = np.uint64(0x9E3779B97F4A7C15)
#: Weights that are looked at together.
_PART = 1 << 16


class Projection(NamedTuple):
    """``share``: of the limit; beyond 1 it convicts the weight at ``index``, which is ``off`` by so much."""

    share: float
    index: tuple  # type: ignore[assignment]  # a tuple has a method of that name, which nobody asks for here
    off: float
    weight: float

    def sentence(self) -> str:
        index = ", ".join(map(str, self.index))
        of_it = f", {self.off / self.weight:.2g} of it" if self.weight else ""
        return (
            f"every element is inside its rounding allowance, but all of them together say that the weight "
            f"[{index}] is off by {self.off:.2g}{of_it}: {self.share:.3g} times what rounding does"
        )


def project(residual: Array, value: Array, products: Products, few_u: float) -> Optional[Projection]:
    """The weight that the residual speaks against most, as a Projection, or None where there is no noise.

    ``residual``: result - value, both float64 and finite, of the answer's shape.  ``products``:
    ``compat.reference.products.Products``.  ``few_u``: the share of itself that a weight may
    be off by rounding alone.
    """
    if not products.weights.size or not residual.any():
        return None
    limit = math.sqrt(2 * math.log(2 * products.weights.size / _PROBABILITY))
    # A sum of n terms is at most sqrt(n) times the root of the sum of their squares: so few convict no weight.
    if products.taken is not None and products.taken <= limit**2:
        return None
    share = 1 / _copies(residual)
    rest = _without_drift(residual, value, share)
    ranged = few_u > UNIT_ROUNDOFF["float32"]  # float64's numbers may be beyond the range
    if ranged and _off_in_float32(products) <= (1 - _ROUGHLY) * limit:
        rough = _roughly(products, share, rest) / limit
        if rough <= _ROUGHLY:
            return Projection(rough, (), 0.0, 0.0)
    along, noise = _projected(products, share, rest, np.float64)
    farthest = _farthest(along, noise) / limit
    if farthest <= 1:
        return Projection(farthest, (), 0.0, 0.0)
    significance = _ratio(np.abs(along), noise) / limit
    # The wrong weight explains most of the residual; its neighbours, which meet similar pixels, some of it.
    met = products.projected(2, share)
    index = np.unravel_index(np.argmax(np.where(significance > 1, _ratio(along**2, met), 0)), met.shape)
    off = float(_ratio(along[index], met[index]))
    # The typical weight of its filter: what a transformed kernel mixes.
    typical = np.sqrt(np.mean(np.square(products.weights[..., index[-1]].astype(np.float64))))
    few = few_u * max(abs(float(products.weights[index])), float(typical))
    significant = min(float(significance[index]), abs(off) / few if few else np.inf)
    return Projection(significant, tuple(map(int, index)), off, float(products.weights[index]))


def _projected(products, share, rest, dtype):
    """(what all outputs together say of each weight, the root of the sum of squares of what each says)."""
    along = products.projected(1, (share * rest).astype(dtype))
    noise = products.projected(2, (share * rest**2).astype(dtype))
    return along, np.sqrt(noise, out=noise)


def _roughly(products, share, rest):
    """``_farthest`` as float32 tells it; infinite where it does not."""
    with np.errstate(all="ignore"):
        along, noise = _projected(products, share, _scaled(rest), np.float32)
        return _farthest(along, noise) if np.isfinite(noise).all() else np.inf


def _scaled(rest):
    """With 1 for the largest of every channel, which changes no share: neither too small nor too large to square."""
    largest = np.abs(rest).max(axis=tuple(range(rest.ndim - 1)))
    return rest / np.where(largest == 0, 1, largest)


def _off_in_float32(products):
    """How much of the noise adding up in float32 is off at most: n u sum |x r| <= n u sqrt(n) sqrt(sum x^2 r^2)."""
    return np.inf if products.taken is None else products.taken**1.5 * UNIT_ROUNDOFF["float32"]


def _farthest(along, noise):
    """The largest share of |along| in the noise, of one part after the other: there may be millions."""
    along, noise = along.ravel(), noise.ravel()
    parts = [slice(start, start + _PART) for start in range(0, along.size, _PART)]
    return float(np.max([_ratio(np.abs(along[part]), noise[part]).max() for part in parts]))


def _copies(residual):
    """How many outputs have the very same error as each: of float64 residuals, those of equal windows."""
    flat = residual.ravel() + 0.0  # no -0.0, whose bits are others
    hashes = (flat.view(np.uint64) * _ODD >> np.uint64(32)).astype(np.uint32)  # half as much to sort
    ordered = np.sort(hashes)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    count = np.ones(residual.size)
    if twice.size:
        marked = np.zeros(1 << 16, bool)
        marked[twice >> 16] = True
        some = np.flatnonzero(marked[hashes >> 16])
        _, group, number = np.unique(flat[some], return_inverse=True, return_counts=True)
        count[some] = number[group]
    return count.reshape(residual.shape)


def _without_drift(residual, value, share):
    """The residual less its least squares fit a + b value in every channel, weighted by ``share``."""
    axes = tuple(range(residual.ndim - 1))
    total = share.sum(axis=axes)
    mean = lambda array: (share * array).sum(axis=axes) / total
    r, y = residual - mean(residual), value - mean(value)
    return r - y * _ratio(mean(r * y), mean(y * y))


def _ratio(a, b):
    """a / b, and 0 where both are 0: nothing was met there."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(a == 0, 0.0, np.divide(a, b))
