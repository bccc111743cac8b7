"""Discrete Fourier transforms.  Not normalised; the inverse divides by the number of points.

What rounding does to them, for the transforms along one axis of N points, and of several added up:

Every element, at worst.  By butterflies, N a power of two: an input reaches an output by t = log2 N of them, and
every number on the way rounds by eta <= 7 u each time (product, sum, a twiddle factor that was rounded once), so
7 t roundings of sum |x|.  As the sum that it is, or by twiddle factors made each from the one before, as Eigen
makes its N / 2 (a product and a sum, 4 roundings, for each, over all stages less than N): 4 N more.

The mean square.  The norm of what is off is at most 7 t u of the answer's (Higham, Accuracy and Stability of
Numerical Algorithms, 2002, theorem 24.2), which is sqrt(N) |x|_2: a root mean square of 7 t u |x|_2.  Twiddle
factors made each from the one before are off by sqrt(4 k) u after k steps if their roundings are independent, by
sqrt(N) u in the mean square over the last stage's, and over all stages (N, N / 2, ... added up) by sqrt(2 N) u.
A single element is, but with the probability of ``bounds``, within lambda times the root mean square; a sum that
drifts, by N u |y| more.

N no power of two: Bluestein's algorithm (1970), a convolution with the chirp exp(i pi n^2 / N) by three
transforms of M points, the power of two from 2 N - 1 on.  Their 3 * 7 log2 M roundings and 4 for chirp and products
are shares of norms: of |x|_2 times the largest of the chirp's transform, for the mean square; of |x|_2
sqrt(2 N - 1), the chirp's norm, for an element (Parseval).  Mixed radices round less.  The chirp is taken to be
rounded once.  (Eigen's recurrence for it may round N^2 times; TensorFlow 1.15, which has it, was measured at
0.4 of the root mean square that is allowed here at 12 to 2,047 points.)
"""

import math

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from .bounds import Move, Reference
from .calls import rule


@rule
def fft(x: Array, *, dimensions: int = 1, inverse: bool = False, real: bool = False) -> Reference:
    """Of the last ``dimensions`` axes: sum_n x_n exp(-2 pi i n k / N), or with + and over N (``inverse``).

    ``real``: x is real, and only the first N // 2 + 1 along the last axis are kept, as rfft.
    """
    x = np.asarray(x, dtype=np.complex128)
    axes = tuple(range(x.ndim - dimensions, x.ndim))
    value = (np.fft.ifftn if inverse else np.fft.fftn)(x, axes=axes)
    sizes = [x.shape[axis] for axis in axes]
    norm = np.sqrt((abs(x) ** 2).sum(axis=axes, keepdims=True))
    magnitude = abs(x).sum(axis=axes, keepdims=True)
    worst = square = 0.0
    for points in sizes:
        of_element, of_square = _roundings(points)
        worst, square = worst + of_element, square + of_square
    if any(_chirped(points) for points in sizes):
        magnitude = np.maximum(magnitude, norm * math.sqrt(2 * np.prod(sizes)))
    if real:  # half of them may have all of what is off
        square *= math.sqrt(2)
    scale = 1 / np.prod(sizes) if inverse else 1.0
    answer = Transformed(
        value, magnitude * scale, worst + 2 * inverse, norm * scale * (square + inverse), max(sizes)
    )
    return answer.rearranged(lambda array: array[..., : sizes[-1] // 2 + 1]) if real else answer


def _chirped(points):
    return points & (points - 1) != 0


def _roundings(points):
    """(of an element in shares of its magnitude, of the mean square in shares of |x|_2) along one axis."""
    steps = math.log2(points) if points > 1 else 0.0
    definition = 7 * math.ceil(steps) + 4.0 * points
    if not _chirped(points):
        return definition, 7 * steps + math.sqrt(2 * points)
    length = 2 ** math.ceil(math.log2(2 * points - 1))
    places = np.arange(1 - points, points)
    chirp = np.exp(1j * np.pi * (places**2 % (2 * points)) / points)
    gain = float(np.max(abs(np.fft.fft(chirp, length)))) / math.sqrt(points)
    roundings = 21 * math.log2(length) + 4
    return max(definition, roundings), roundings * gain


class Transformed(Reference):
    """``spread``: the root mean square of what is off, in units of u."""

    alike = False

    def __init__(self, value: Array, magnitude: Array, terms: float, spread: Array, points: int) -> None:
        super().__init__(value, np.broadcast_to(magnitude, np.shape(value)), terms)
        self._spread = np.broadcast_to(spread, self.value.shape)
        self._points = points

    def expected(self, dtype: str, probability: float = 1e-9) -> Array:
        lam = math.sqrt(2 * math.log(2 * max(self.value.size, 1) / probability))
        drifting = UNIT_ROUNDOFF[dtype] * self._points * self._size()
        return np.minimum(lam * self.typical(dtype) + drifting, self.worst(dtype))

    def typical(self, dtype: str) -> Array:
        return UNIT_ROUNDOFF[dtype] * self._spread + self._common(dtype)

    def rearranged(self, move: Move) -> "Transformed":
        return Transformed(
            move(self.value), move(self.magnitude), float(self.terms.max()), move(self._spread), self._points
        )
