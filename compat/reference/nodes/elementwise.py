"""Arithmetic on single values: real, complex and whole numbers."""

from typing import Any, Callable, Optional

import numpy as np

from ...arrays import PART, Array
from .. import functions, tracked
from ..bounds import Reference
from ..functions import monotone
from ..tracked import Tracked, follows
from .flows import floating, is_exact, with_one_more_term
from .flows import tracked as as_tracked
from .registry import Flow, NodeCall, NoRule, rule_of
from .whole_numbers import exactly


def arithmetic(
    *ops: str,
    real: Callable[..., Tracked],
    of_whole: Optional[Callable[..., Any]] = None,
    of_complex: bool = False,
    of_itself: Optional[Callable[[Array], Flow]] = None,
    first: Optional[Callable[..., Optional[Flow]]] = None,
) -> None:
    """The rule of ops by ``real``, of Tracked; ``of_whole``: of whole numbers; whether ``real`` is ``of_complex``.

    ``of_itself``: of one tensor given twice, whose error is the same on both sides.  ``first``: of floating numbers,
    asked before ``real``.
    """

    @rule_of(*ops)
    def _(call: NodeCall, *inputs: Flow) -> Flow:
        if of_itself is not None and isinstance(inputs[0], Reference) and inputs[0] is inputs[-1]:
            return of_itself(inputs[0].value)
        special = first(*inputs) if first is not None and floating(call.dtype) else None
        if special is not None:
            return special
        if floating(call.dtype) or (of_complex and call.dtype in PART):
            return real(*[as_tracked(flow) for flow in inputs]).reference()
        if of_whole is None or call.dtype in PART:
            raise NoRule(f"{call.op} of {call.dtype}")
        return exactly(call, of_whole, *inputs)


def selection(*ops: str, of_exact: Callable[..., Any], real: Callable[..., Tracked]) -> None:
    """The rule of ops that choose: ``of_exact`` of exact inputs, to the bit, ``real`` where one is inexact.

    Of NaN TensorFlow's versions choose differently.
    """

    @rule_of(*ops)
    def _(call: NodeCall, *inputs: Flow) -> Flow:
        if all(is_exact(flow) for flow in inputs):
            arrays = [np.asarray(flow) for flow in inputs]
            if any(array.dtype.kind == "f" and np.isnan(array).any() for array in arrays):
                raise NoRule(f"{call.op} of NaN: versions differ")
            return np.asarray(of_exact(*arrays))
        if not floating(call.dtype):
            return exactly(call, of_exact, *inputs)
        return real(*[as_tracked(flow) for flow in inputs]).reference()


def _quotient(x, y):
    """Towards zero, as C has it; without zero divisors."""
    if x.dtype.kind == "u":
        return x // y
    return np.where((x < 0) == (y < 0), abs(x) // abs(y), -(abs(x) // abs(y)))


def _divided(x, y):
    with np.errstate(all="ignore"):
        if not np.all(y):
            raise NoRule("whole numbers divided by 0")
        return _quotient(x, y)


def _without_nan(x: Tracked, y: Tracked) -> Tracked:
    """x / y, and 0 where y is 0."""
    exact_zero = y.value == 0
    safe = follows(np.where(exact_zero, 1, y.value), lambda p, e: e, y)
    quotient = x / safe
    zero = np.broadcast_to(exact_zero, quotient.value.shape)
    return follows(
        np.where(zero, 0, quotient.value),
        lambda p, e, b: np.where(zero, np.where(np.broadcast_to(b, zero.shape) > 0, np.inf, 0.0), e),
        quotient,
        y,
    )


def _product_without_nan(x: Tracked, y: Tracked) -> Tracked:
    """x y, and 0 where y is 0, whatever x is."""
    with np.errstate(all="ignore"):
        product = x * y
        zero = np.broadcast_to(y.value == 0, product.value.shape)
    return follows(
        np.where(zero, 0, product.value),
        lambda p, e, b: np.where(zero & (np.broadcast_to(b, zero.shape) == 0), 0.0, e),
        product,
        y,
    )


def _zero_first(function: Callable[[Tracked], Tracked]) -> Callable[[Tracked, Tracked], Tracked]:
    """x f(y), and 0 where x is 0, whatever y is."""
    return lambda x, y: _product_without_nan(function(y), x)


def _squared_difference(x: Tracked, y: Tracked) -> Tracked:
    difference = x - y
    return difference * difference


def added(*terms: Tracked) -> Tracked:
    """In any order."""
    shape = np.broadcast(*[term.value for term in terms]).shape if len(terms) > 1 else terms[0].value.shape
    whole = [term.rearranged(lambda array: np.broadcast_to(array, shape)) for term in terms]
    return tracked.joined(np.stack, whole).sum(0)


def _whole_sum(*arrays):
    total = arrays[0]
    for array in arrays[1:]:
        total = total + array
    return total


def _reciprocal(x: Tracked) -> Tracked:
    """Exact division, or an approximation and a step of Newton's method (Eigen in TensorFlow from 2.10)."""
    steepest = lambda low, high: np.where(low * high > 0, np.maximum(low**-2.0, high**-2.0), np.inf)
    return x.through(lambda v: 1 / v, steepest, 4)


def _digamma(x: Tracked) -> Tracked:
    if ((x.value <= 0) & (x.value == np.floor(x.value))).any():
        raise NoRule("digamma at a pole: infinite in TensorFlow 1, no number in later ones")
    return functions.digamma(x)


arithmetic(
    "Add",
    "AddV2",
    "AssignAdd",
    "AssignAddVariableOp",
    real=lambda x, y: x + y,
    of_whole=np.add,
    of_complex=True,
    first=lambda x, y: with_one_more_term(x, y) or with_one_more_term(y, x),
)
arithmetic(
    "Sub",
    "AssignSub",
    "AssignSubVariableOp",
    real=lambda x, y: x - y,
    of_whole=np.subtract,
    of_complex=True,
    of_itself=lambda x: Reference(
        x - x, np.zeros(x.shape), 0
    ),  # norm - norm is NaN, or no more than a test for it
)
arithmetic("AddN", "AccumulateNV2", real=added, of_whole=_whole_sum, of_complex=True)
arithmetic("Mul", real=lambda x, y: x * y, of_whole=np.multiply, of_complex=True)
arithmetic("Div", "RealDiv", real=lambda x, y: x / y, of_whole=_divided, of_complex=True)
arithmetic("TruncateDiv", real=lambda x, y: x / y, of_whole=_divided)
arithmetic("DivNoNan", "Xdivy", real=lambda x, y: _without_nan(x, y))
arithmetic("MulNoNan", real=_product_without_nan)
arithmetic("Square", real=lambda x: x * x, of_whole=lambda x: x * x, of_complex=True)
arithmetic("SquaredDifference", real=_squared_difference, of_whole=lambda x, y: (x - y) * (x - y))
arithmetic("Reciprocal", "Inv", real=_reciprocal)
arithmetic("Sqrt", real=tracked.sqrt)
arithmetic("Rsqrt", real=tracked.rsqrt)
arithmetic("SqrtGrad", real=lambda y, dy: dy * 0.5 / y)
arithmetic("RsqrtGrad", real=lambda y, dy: dy * (y * y * y) * -0.5)
arithmetic("InvGrad", "ReciprocalGrad", real=lambda y, dy: -(dy * (y * y)))
arithmetic("TanhGrad", real=lambda y, dy: dy * (1 - y * y))
arithmetic("SigmoidGrad", real=lambda y, dy: dy * y * (1 - y))
arithmetic("Pow", real=functions.pow, of_whole=np.power)
arithmetic("Exp", real=tracked.exp)
arithmetic("Expm1", real=lambda x: monotone(x, np.expm1))
arithmetic("Log", real=tracked.log)
arithmetic("Log1p", real=tracked.log1p)
arithmetic("Sin", real=lambda x: functions.wave(x, np.sin))
arithmetic("Cos", real=lambda x: functions.wave(x, np.cos))
arithmetic("Asin", real=lambda x: monotone(x, np.arcsin))
arithmetic("Acos", real=lambda x: monotone(x, np.arccos))
arithmetic("Atan", real=lambda x: monotone(x, np.arctan))
arithmetic("Atan2", real=functions.atan2)
arithmetic("Sinh", real=lambda x: monotone(x, np.sinh))
arithmetic("Cosh", real=lambda x: monotone(abs(x), np.cosh))
arithmetic("Asinh", real=lambda x: monotone(x, np.arcsinh))
arithmetic("Acosh", real=lambda x: monotone(x, np.arccosh))
arithmetic("Atanh", real=lambda x: monotone(x, np.arctanh))
arithmetic("Erf", real=tracked.erf)
arithmetic("Erfc", real=functions.complement)
arithmetic("Erfinv", real=functions.erfinv)
arithmetic("Ndtri", real=functions.ndtri)
arithmetic("Lgamma", real=functions.lgamma)
arithmetic("Digamma", real=_digamma)
arithmetic("Xlogy", real=_zero_first(tracked.log))
arithmetic("Xlog1py", real=_zero_first(tracked.log1p))


@rule_of("Tan")
def _(call: NodeCall, x: Flow) -> Flow:
    """Never turns between two poles."""
    if not floating(call.dtype):
        raise NoRule(f"Tan of {call.dtype}")
    x = as_tracked(x)
    crossed = lambda e: np.floor((x.value - e) / np.pi + 0.5) != np.floor((x.value + e) / np.pi + 0.5)
    angle = monotone(x, np.tan)
    answer = follows(angle.value, lambda p, e, error: np.where(crossed(e), np.inf, error), x, angle)
    return answer.reference()


@rule_of("Neg")
def _(call: NodeCall, x: Flow) -> Flow:
    return -np.asarray(x) if is_exact(x) else (-as_tracked(x)).reference()


@rule_of("Abs")
def _(call: NodeCall, x: Flow) -> Flow:
    return abs(np.asarray(x)) if is_exact(x) else abs(as_tracked(x)).reference()


selection("Minimum", of_exact=np.minimum, real=functions.least)
selection("Maximum", of_exact=np.maximum, real=functions.greatest)
selection(
    "ClipByValue",
    of_exact=lambda x, low, high: np.maximum(np.minimum(x, high), low),
    real=lambda x, low, high: functions.greatest(functions.least(x, high), low),
)


@rule_of("Complex")
def _(call: NodeCall, real: Flow, imaginary: Flow) -> Flow:
    if is_exact(real) and is_exact(imaginary):
        return (np.asarray(real) + 1j * np.asarray(imaginary)).astype(call.dtype)
    real, imaginary = as_tracked(real), as_tracked(imaginary)
    return follows(
        real.value + 1j * imaginary.value, lambda p, a, b: np.hypot(a, b), real, imaginary
    ).reference()


def _part(function):
    def part(call: NodeCall, z: Flow) -> Flow:
        if is_exact(z):
            return function(np.asarray(z))
        z = as_tracked(z)
        return follows(function(z.value), lambda p, e: e, z).reference(call.dtype)

    return part


rule_of("Real")(_part(np.real))
rule_of("Imag")(_part(np.imag))
rule_of("Conj")(_part(np.conj))


@rule_of("ComplexAbs")
def _(call: NodeCall, z: Flow) -> Reference:
    return functions.modulus(as_tracked(z)).reference(call.dtype)


@rule_of("Angle")
def _(call: NodeCall, z: Flow) -> Reference:
    z = as_tracked(z)
    parts = [follows(part(z.value), lambda p, e: e, z) for part in (np.imag, np.real)]
    return functions.atan2(*parts).reference(call.dtype)
