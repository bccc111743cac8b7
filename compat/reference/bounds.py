"""The float64 answer to an operation, with how far rounding can take a correct implementation.

Every answer here is a sum of products, or a selection, so one rule serves: an implementation
that rounds to a precision of unit roundoff u, and adds n products x_i w_i in *any* order, stays
within

    gamma_n * sum |x_i w_i|,   gamma_n = (1 + u)^n - 1 <= n u / (1 - n u)

of the exact answer (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1:
n roundings touch each product).  That is the worst case.  If the roundings are independent with
mean zero, the error stays with probability 1 - p within the smaller

    (exp(lambda sqrt(n) u + n u^2 / (1 - u)) - 1) * sum |x_i w_i|,  p = 2 exp(-lambda^2 (1-u)^2 / 2)

(Higham and Mary, A new approach to probabilistic rounding error analysis, SIAM J. Sci. Comput.
41, 2019, theorem 2.4).  ``terms`` is n and ``magnitude`` is sum |x_i w_i|, for every element.

In a chain of layers the input is not exact: what its error may do to the output comes on top, see
``carried``.
"""

import math
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple, Union

import numpy as np

from ..arrays import PART, SMALLEST_NORMAL, UNIT_ROUNDOFF, Array, parts

if TYPE_CHECKING:
    from .carried import Carried
    from .products import Products

_HALF = ("float16", "bfloat16")
#: Elements of arrays that are not kept: they are made again when they are needed.
_LARGE = 1 << 22

#: Of an array: the same elements in other places, or fewer of them.
Move = Callable[[Array], Array]


class Reference:
    """The exact answer of one output, and what its rounding bounds are made of.

    ``value``: float64, or complex128: then the bounds hold for either part.  ``given``: the same as the rule gave it,
    which is not widened before somebody asks for the value.
    ``magnitude``: the sum of the absolute products of each element, float64, 0 where the answer is a
    selection and must be exact.  ``terms``: the number of roundings that touch a product.
    ``dtype``: the dtype of the output where it is not that of the first input.
    ``carried``: how far the input's own error takes the output (``carried.Carried``); None: it is exact.
    ``products``: what the sums are made of (``products.Products``), or None.
    """

    def __init__(
        self,
        value: Any,
        magnitude: Any = 0.0,
        terms: Any = 0,
        dtype: Optional[str] = None,
        carried: Optional["Carried"] = None,
        products: Optional["Products"] = None,
    ) -> None:
        self.given = np.asarray(value)
        if self.given.dtype.kind not in "biufc":
            self.given = np.asarray(
                value, np.float64
            )  # numbers as Python's objects; of anything else ValueError
        self.magnitude = np.broadcast_to(np.asarray(magnitude, dtype=np.float64), self.given.shape)
        self.terms = np.broadcast_to(np.asarray(terms, dtype=np.float64), self.given.shape)
        self.dtype = dtype
        self.carried = carried
        self.products = products
        self._known: Dict[Tuple[str, str], Array] = {}

    @property
    def value(self) -> Array:
        if self.given.dtype.kind in "biuf" and self.given.dtype != np.float64:
            self.given = self.given.astype(np.float64)
        elif self.given.dtype.kind == "c" and self.given.dtype != np.complex128:
            self.given = self.given.astype(np.complex128)
        return self.given

    @value.setter
    def value(self, value: Array) -> None:
        self.given = value

    #: Whether the mean square, or one element among its like, says of a difference that it is no rounding.
    convicts = True
    #: Of how many elements it is a part, where it is one.
    count: Optional[int] = None
    #: The answers that it allows for together, where there are several.
    made_of: Tuple["Reference", ...] = ()
    #: How many u a weight may be off by rounding alone, see ``compat.projection``.
    few: float = 8
    #: Of an answer that a rule gave: its call, made again, so that the explainer may change it.
    again: Optional[Callable[[], "Reference"]] = None
    #: Where there is one: whether a result may be held to this answer at all.
    holds: Callable[[Array], bool]

    @property
    def alike(self) -> bool:
        """Whether nothing but the output's own roundings is allowed for, which are of one size."""
        return self.carried is None

    @property
    def longest(self) -> float:
        """The most roundings in one sum, here or in a layer before."""
        own = float(np.max(as_one(self.terms))) if self.terms.size else 0.0
        return own if self.carried is None else max(own, self.carried.longest)

    def magnitude_in(self, dtype: str) -> Array:
        """The magnitude in that precision; the same in all where every order of summation is allowed for."""
        return self.magnitude

    def parts(self) -> "Reference":
        """Of complex numbers: both parts, along an axis at the end, each with the bounds of the whole."""
        return _Parts(self)

    def unequal(self, result: Array) -> Optional[Array]:
        """Where a result of whole numbers is another, exactly; None where float64 tells."""
        return None

    def reconsider(self, result: Array, error: Array, precision: str, word: str, why: str) -> Tuple[str, str]:
        """(word, why) of a comparison, where there is more to say than the bounds do."""
        return word, why

    def rearranged(self, move: Move) -> "Reference":
        """With the same elements in other places: ``move`` is applied to every array of the reference."""
        carried = None if self.carried is None else self.carried.rearranged(move)
        return Reference(move(self.value), move(self.magnitude), move(self.terms), self.dtype, carried)

    def worst(self, dtype: str) -> Array:
        """The allowance that no order of summation exceeds, elementwise, for results of that dtype."""
        return self._once("worst", dtype, self._worst)

    def _worst(self, dtype):
        with np.errstate(over="ignore"):
            gamma = np.expm1(as_one(self.terms) * math.log1p(UNIT_ROUNDOFF[dtype]))
        own = gamma * self.magnitude_in(dtype) + self._common(dtype)
        # Products of an input that is off are larger than ``magnitude`` by what is carried, and round more.
        return own if self.carried is None else own + (1 + gamma) * self.carried.worst(dtype)

    def expected(self, dtype: str, probability: float = 1e-9) -> Array:
        """The allowance that holds for all elements together but with that probability.

        What is carried is independent of the layer's own roundings: the squares add up.
        """
        u = UNIT_ROUNDOFF[dtype]
        count = self.count or max(self.value.size, 1)
        lam = math.sqrt(2 * math.log(2 * count / probability)) / (1 - u)
        terms = as_one(self.terms)
        gamma = np.expm1(lam * np.sqrt(terms) * u + terms * u * u / (1 - u))
        noise = self._beside(gamma * self.magnitude_in(dtype), lam, dtype)
        return np.minimum(noise + self._drift(dtype) + self._common(dtype), self.worst(dtype))

    def typical(self, dtype: str) -> Array:
        """The standard deviation to expect at most: sqrt(n) independent roundings of size u."""
        own = np.sqrt(as_one(self.terms)) * UNIT_ROUNDOFF[dtype] * self.magnitude_in(dtype)
        noise = self._beside(own, 1, dtype)
        return noise + self._drift(dtype) + self._common(dtype)

    def _beside(self, own, times, dtype):
        return own if self.carried is None else np.hypot(own, times * self.carried.noise(dtype))

    def _drift(self, dtype):
        """Where products of one sign and alike add up, their roundings are alike too, and add up.

        A constant image under a constant filter errs at every addition in the same direction, by up
        to u times the sum so far, which stays below |y|.  Where signs are mixed this is as much as noise.
        """
        return UNIT_ROUNDOFF[dtype] * np.abs(self.drift())

    def drift(self) -> Array:
        """The drift with its sign, in units of u: what the input's drift becomes, and the own on top of it.

        A layer whose inputs are all off by the same share of themselves gives outputs that are off by
        that share of what it makes of them: a drift goes through it as the input does.
        """
        own = self.terms * self._size()
        if self.carried is None:
            return np.copysign(own, self.value.real)
        return self.carried.drift + np.copysign(own, self.carried.drift)

    def _common(self, dtype):
        """What every order has: the output's rounding, underflow, and the reference's own rounding.

        A kernel that flushes denormals loses up to the smallest normal number at each step.  A
        selection (no terms) is exact but for the rounding of a half precision's input to itself.  In units of u a
        float32 computation is off by no less than a float64 one, underflow apart, and is analysed already.
        """
        return self._once("common", dtype, self._in_common)

    def _in_common(self, dtype):
        terms = as_one(self.terms)
        gamma = np.expm1((terms + 1) * math.log1p(UNIT_ROUNDOFF["float64"]))
        finest = "float64" if dtype == "float64" else "float32"
        own = gamma * self.magnitude_in(finest) + self._underflow(dtype)
        return (terms > 0) * (UNIT_ROUNDOFF[dtype] * self._size()) + own if dtype in _HALF else own

    def _underflow(self, dtype):
        return as_one(self.terms) * SMALLEST_NORMAL[dtype]

    def _once(self, what: str, dtype: str, make: Callable[[str], Array]) -> Array:
        """What is asked for again and again, kept where it is not large."""
        if self.value.size > _LARGE:
            return make(dtype)
        if (what, dtype) not in self._known:
            self._known[what, dtype] = make(dtype)
        return self._known[what, dtype]

    def _size(self):
        """|y|, and 0 where that is no number: there is nothing to allow."""
        return np.where(np.isfinite(self.value), np.abs(self.value), 0.0)


def as_one(terms: Array) -> Any:
    """One number where all are the same, as they are in most sums; else the array."""
    return terms[(0,) * terms.ndim] if terms.size and not any(terms.strides) else terms


class _Parts(Reference):
    alike = False

    def __init__(self, whole):
        value = whole.value.astype(np.complex128)
        super().__init__(parts(value), dtype=PART.get(whole.dtype))
        self._whole = whole
        self.convicts = whole.convicts

    def _both(self, allowance):
        return np.broadcast_to(np.asarray(allowance)[..., None], self.value.shape)

    def worst(self, dtype):
        return self._both(self._whole.worst(dtype))

    def expected(self, dtype, probability=None):
        given = () if probability is None else (probability,)
        return self._both(self._whole.expected(dtype, *given))

    def typical(self, dtype):
        return self._both(self._whole.typical(dtype))


class Within(Reference):
    """An answer that has to lie in an interval, and nothing is said of where: an accuracy of 0.99 to 1."""

    alike = False

    def __init__(self, low: float, high: float, shape: Tuple[int, ...] = ()) -> None:
        super().__init__(np.full(shape, (low + high) / 2.0))
        self._radius = np.full(shape, (high - low) / 2.0)

    def worst(self, dtype: str) -> Array:
        return self._radius + UNIT_ROUNDOFF[dtype] * np.abs(self.value)

    def expected(self, dtype: str, probability: float = 1e-9) -> Array:
        return self.worst(dtype)

    typical = worst


#: What a rule takes: an exact input, or the answer of the layer before with what rounding did to it.
Answer = Union[Array, Reference]


def exact(array: Any) -> Array:
    """As float64; of a Reference its value.  (np.float64 of NumPy 1.16 drops the axes of a single number.)"""
    return array.value if isinstance(array, Reference) else np.asarray(array, dtype=np.float64)
