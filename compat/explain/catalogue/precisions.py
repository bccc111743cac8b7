"""What is right but less exact than it should be: another dtype, settings in float32, other algorithms."""

import numpy as np

from ...arrays import PRECISIONS, UNIT_ROUNDOFF, Array, round_to
from ...reference.bounds import Reference
from ...reference.claims import under
from .hypothesis import Catalogue

CATALOGUE = Catalogue()


@CATALOGUE.call(
    "a setting in float32",
    "{name} is held in float32, {wrong:.12g} for {right:.12g}: an attribute of the operation or a cast; "
    "write the formula out with a float64 tensor",
)
def _(call):
    if not any(getattr(value, "dtype", None) == np.float64 for value in call.arguments.values()):
        return
    for name, value in call.arguments.items():
        if isinstance(value, float):
            for wrong in (float(np.float32(value)), 1 - float(np.float32(1 - value))):
                if wrong != value:
                    yield call.but(**{name: wrong}), {"name": name, "wrong": wrong, "right": value}


@CATALOGUE.call(
    "a setting in float64",
    "{name} is {wrong:.12g}, expected {right:.12g}, which is that in float32 (an attribute of the operation, or a "
    "cast): write the formula out with a float64 tensor on both sides",
)
def _(call):
    if not any(getattr(value, "dtype", None) == np.float64 for value in call.arguments.values()):
        return
    for name, value in call.arguments.items():
        wrong = float(f"{value:.6g}") if isinstance(value, float) else value
        if wrong != value and float(np.float32(wrong)) == value:
            yield call.but(**{name: wrong}), {"name": name, "wrong": wrong, "right": value}


@CATALOGUE.allowance(
    "another dtype",
    "the answer is computed in {dtype} and stays in it: cast it back, or say dtype= (Keras 2: set_floatx)",
)
def _(answer):
    for dtype in PRECISIONS:
        other = Reference(
            answer.value, answer.magnitude, answer.terms, dtype, answer.carried, answer.products
        )
        yield other, {"dtype": dtype}


@CATALOGUE.allowance(
    "rounded to less precision",
    "the answer is that of {dtype}: a mixed-precision policy, or a cast that should not be",
)
def _(answer):
    for dtype in ("bfloat16", "float16", "float32"):
        yield Rounded(answer, dtype), {"dtype": dtype}


class Rounded(Reference):
    """An answer that went through another precision at its end; ``holds`` only of numbers that it has."""

    alike = False

    def __init__(self, answer: Reference, precision: str) -> None:
        super().__init__(answer.value, answer.magnitude, answer.terms, answer.dtype, answer.carried)
        self._answer, self._precision = answer, precision

    def holds(self, result: Array) -> bool:
        if result.dtype.name == self._precision:  # every result has the precision of its own dtype
            return False
        return np.array_equal(round_to(result, self._precision).astype(result.dtype), result)

    def worst(self, dtype: str) -> Array:
        rounding = UNIT_ROUNDOFF[self._precision] * np.abs(self.value)
        return (1 + UNIT_ROUNDOFF[self._precision]) * self._answer.worst(dtype) + rounding

    def expected(self, dtype: str, probability: float = 1e-9) -> Array:
        return self.worst(dtype)

    typical = worst


@CATALOGUE.allowance(
    "Winograd's algorithm",
    "the errors are within those of Winograd's F({tile}x{tile}, 3x3), a right answer less exact: ask for "
    "another algorithm, or claim it, .on(dialect, claims='winograd-{tile}x{tile}')",
)
def _(answer):
    for tile in (2, 4):
        claimed = under(answer, f"winograd-{tile}x{tile}")
        if claimed is not answer:
            claimed.holds = lambda result: _is_noise(result, answer.value)
            yield claimed, {"tile": tile}


def _is_noise(result, value):
    """Whether errors look like roundings: of both signs, none far out, nothing in common with the answer."""
    if result.shape != value.shape or value.size < 32:
        return False
    error = result - value
    size = np.sqrt(np.mean(error**2))
    if not np.isfinite(size) or size == 0:
        return False
    along = abs(np.mean(error * value)) / (size * np.sqrt(np.mean(value**2)))
    return max(abs(error.mean()) / size, along) < 0.3 and abs(error).max() < 10 * size


@CATALOGUE.allowance(
    "as exact as float32",
    "it is as exact as float32 and no more: a constant (those of tf.nn.gelu), a setting or a cast in float32 "
    "on the way",
)
def _(answer):
    yield OnTheWay(answer)


class OnTheWay(Reference):
    """A float64 answer with errors of a float32 somewhere."""

    alike = False

    def __init__(self, answer: Reference) -> None:
        super().__init__(answer.value, answer.magnitude, answer.terms, answer.dtype, answer.carried)
        self._answer = answer

    def holds(self, result: Array) -> bool:
        # On top of another hypothesis that one has to hold as well.
        return result.dtype == np.float64 and getattr(self._answer, "holds", lambda result: True)(result)

    def worst(self, dtype: str) -> Array:
        return self._answer.worst("float32")

    def expected(self, dtype: str, probability: float = 1e-9) -> Array:
        return self.worst(dtype)

    typical = worst
