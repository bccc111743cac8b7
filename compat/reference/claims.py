"""What an implementation may claim of how it computes its sums, and the bounds that follow.

Without a claim a sum of products has to be one: every product rounded once, added in any order, in the
precision of the output or a wider one.  ``operation.on(dialect, claims=...)`` claims another way:

``float32-sums``            half precisions, added in float32 and rounded once at the end: a stricter bound
``tf32-products``,
``bfloat16-products``,
``float16-products``        both factors are rounded to 11, 8 or 11 bits first, sums are float32
``winograd-2x2``,
``winograd-4x4``            3x3 convolutions by Winograd's minimal filtering, F(2x2, 3x3) or F(4x4, 3x3)
``fft``                     by the product of Fourier transforms

The first four are bounds on each element.  Winograd's and Fourier's transforms mix pixels: an output near 0
next to large ones is off by a share of those.
"""

import math
from typing import Any, Optional

import numpy as np

from ..arrays import SMALLEST_NORMAL, UNIT_ROUNDOFF, Array
from .bounds import Reference
from .geometry import Taps
from .sliding import summed


class Float32Sums(Reference):
    """A half precision's sum in float32, rounded once: gamma_n(2^-24) sum |x w|, and u |y| for the output."""

    def __init__(self, answer: Reference) -> None:
        super().__init__(answer.value, answer.magnitude, answer.terms, answer.dtype, products=answer.products)

    def _accumulated(self, bound, dtype):
        if dtype not in ("float16", "bfloat16"):
            return bound(dtype)
        output = UNIT_ROUNDOFF[dtype] * self._size() + SMALLEST_NORMAL[dtype]
        return bound("float32") + (self.terms > 0) * output

    def worst(self, dtype: str) -> Array:
        return self._accumulated(super().worst, dtype)

    def expected(self, dtype: str, probability: float = 1e-9) -> Array:
        return self._accumulated(super().expected, dtype)

    def typical(self, dtype: str) -> Array:
        return self._accumulated(super().typical, dtype)


class RoundedProducts(Reference):
    """Factors rounded to a precision of unit roundoff v: each product is off by up to (1 + v)^2 - 1.

    The roundings of n products are independent: sqrt(2 sum (x w)^2) v is their standard deviation at most.
    """

    alike = False

    def __init__(self, answer: Reference, v: float) -> None:
        super().__init__(answer.value, answer.magnitude, answer.terms, answer.dtype)
        self._v = v
        assert answer.products is not None  # or nothing can be claimed, see ``under``
        self._spread = np.sqrt(2 * answer.products.squares()) * v

    def worst(self, dtype: str) -> Array:
        return super().worst(dtype) + math.expm1(2 * math.log1p(self._v)) * self.magnitude

    def expected(self, dtype: str, probability: float = 1e-9) -> Array:
        count = max(self.value.size, 1)
        lam = math.sqrt(2 * math.log(2 * count / probability))
        return np.minimum(super().expected(dtype, probability) + lam * self._spread, self.worst(dtype))

    def typical(self, dtype: str) -> Array:
        return super().typical(dtype) + self._spread


class Elsewise(Reference):
    """The same answer by another algorithm, whose roundings are those of other sums."""

    alike = False

    def __init__(self, answer: Reference, magnitude: Array, terms: Any, few: float) -> None:
        """``few``: how many u the transform of a kernel may move a weight, see ``compat.projection``."""
        super().__init__(answer.value, magnitude, terms, answer.dtype, products=answer.products)
        self.few = few


#: A^T, G and B^T of F(m, 3): Lavin and Gray, Fast algorithms for convolutional neural networks, 2016.
WINOGRAD = {
    2: (
        [[1, 1, 1, 0], [0, 1, -1, -1]],
        [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
        [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    ),
    4: (
        [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
        [
            [1 / 4, 0, 0],
            [-1 / 6, -1 / 6, -1 / 6],
            [-1 / 6, 1 / 6, -1 / 6],
            [1 / 24, 1 / 12, 1 / 6],
            [1 / 24, -1 / 12, 1 / 6],
            [0, 0, 1],
        ],
        [
            [4, 0, -5, 0, 1, 0],
            [0, -4, -4, 1, 1, 0],
            [0, 4, -4, -1, 1, 0],
            [0, -2, -1, 2, 1, 0],
            [0, 2, -1, -2, 1, 0],
            [0, 4, 0, -5, 0, 1],
        ],
    ),
}


def _winograd(answer, tile):
    """Y = A^T [sum_c (G g G^T) * (B^T d B)] A, bounded by the same with every number made positive.

    An output at place a of its tile takes |A||G||B| of the tile's inputs and the kernel, whatever the tile
    it falls into: the largest over a, by distance between input and output, is a convolution of |x| with a
    wider kernel.  Of a transform by a matrix with t = m + 2 columns each number is touched by t roundings
    at most: two passes over the image, two over the products; the kernel's has 3 and one for its constants,
    twice; then the product and the sum over channels.
    """
    if answer.products.window is None or answer.products.weights.shape[:2] != (3, 3):
        return answer  # such a convolution is not computed this way
    taps, x, w = answer.products.window
    a, g, b = (abs(np.array(matrix)) for matrix in WINOGRAD[tile])
    # Input p = a + distance, distance from -(m - 1) to m + 1.
    reach = np.zeros((2 * tile + 1, 3))
    for place in range(tile):
        through = np.einsum("z,zr,zp->pr", a[place], g, b)
        start = tile - 1 - place
        reach[start : start + tile + 2] = np.maximum(reach[start : start + tile + 2], through)
    wider = np.einsum("ir,js,rscm->ijcm", reach, reach, abs(w))
    (top, bottom), (left, right) = taps.pads
    more = tile - 1
    pads = ((top + more, bottom + more), (left + more, right + more))
    around = Taps(x.shape, wider.shape[:2], 1, pads, 1)
    magnitude = summed(around, abs(x), wider)
    rest = answer.magnitude - summed(taps, abs(x), abs(w))  # a bias, where there is one
    return Elsewise(answer, magnitude + rest, 4 * (tile + 2) + 9 + w.shape[2] + 1, 8 * tile**2)


def _fft(answer):
    """Each transform of N points is off by t eta of its norm, t = log2 N, eta = 7 u (Higham 2002, theorem
    24.2, with twiddle factors rounded once); a product of complex numbers by 3 u.

    With |sum_k X_k W_k| <= sum_c |x_c|_2 |w_c|_2 (Parseval), and the last transform acting on what has at
    most the norm |x_c|_2 |w_c|_1, every output is off by at most
    (3 * 7 t + 3 + channels) u sum_c |x_c|_2 |w_c|_1.
    """
    if answer.products.window is None:
        return answer
    taps, x, w = answer.products.window
    groups = x.shape[3] // w.shape[2]
    norms = np.sqrt((x**2).sum(axis=(1, 2)))  # (images, channels)
    sizes = abs(w).sum(axis=(0, 1))  # (channels of a group, filters)
    magnitude = np.concatenate(
        [n @ s for n, s in zip(np.split(norms, groups, axis=1), np.split(sizes, groups, axis=1))],
        axis=1,
    )
    points = sum(math.ceil(math.log2(2 * n)) for n in taps.padded)
    rest = answer.magnitude - summed(taps, abs(x), abs(w))
    return Elsewise(answer, magnitude[:, None, None] + rest, 21 * points + 3 + w.shape[2] + 1, 16)


CLAIMS = {
    "float32-sums": Float32Sums,
    "tf32-products": lambda answer: RoundedProducts(answer, 2.0**-11),
    "bfloat16-products": lambda answer: RoundedProducts(answer, 2.0**-8),
    "float16-products": lambda answer: RoundedProducts(answer, 2.0**-11),
    "winograd-2x2": lambda answer: _winograd(answer, 2),
    "winograd-4x4": lambda answer: _winograd(answer, 4),
    "fft": _fft,
}


def under(answer: Reference, claim: Optional[str]) -> Reference:
    """The Reference for an implementation with that claim; None: the one as it is.

    An answer that is no sum of products, or whose input is not exact, is as it is.
    """
    if claim is None or answer.products is None or answer.carried is not None:
        return answer
    return CLAIMS[claim](answer)
