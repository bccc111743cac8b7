"""Sums of products: matrices, batches of them, Einstein's sums, and what sparse matrices make."""

from typing import Any, Callable

import numpy as np

from ...arrays import PART, Array
from ..bounds import Reference
from ..chain import dense
from ..tracked import follows
from .elementwise import _part
from .flows import floating, is_exact, moved, value_of, whole
from .flows import tracked as as_tracked
from .registry import Flow, NodeCall, NoRule, rule_of
from .whole_numbers import exactly

Multiply = Callable[[Array, Array], Array]


def bilinear(call: NodeCall, multiply: Multiply, x: Flow, y: Flow, terms: int) -> Flow:
    """``multiply``, linear in both, with so many products in each sum, of any dtype."""
    if call.dtype not in PART and not floating(call.dtype):
        return exactly(call, lambda a, b: multiply(a, b), x, y)
    if call.dtype not in PART and is_exact(x) and is_exact(y):
        a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
        return Reference(multiply(a, b), multiply(abs(a), abs(b)), terms)
    a, b = as_tracked(x), as_tracked(y)
    n = terms + 3 if call.dtype in PART else terms  # a product of complex numbers has four roundings

    def error(p, e, f):
        inherited = multiply(e, abs(b.value) + f) + multiply(abs(a.value), f)
        return inherited + p.summing(multiply(abs(a.value) + e, abs(b.value) + f), n, 2 * n)

    return follows(multiply(a.value, b.value), error, a, b).reference()


def _turned(x: Flow, transposed: bool, conjugated: bool) -> Flow:
    if transposed or conjugated:
        x = moved(lambda array: np.swapaxes(array, -1, -2), x)
    return _part(np.conj)(NodeCall("Conj", {}, (), ("complex128",)), x) if conjugated else x


def product(call: NodeCall, x: Flow, y: Flow) -> Flow:
    """x @ y; one of two matrices that is exact is what a dense layer calls its weights."""
    n = np.shape(value_of(x))[-1]
    if floating(call.dtype) and np.ndim(value_of(x)) == np.ndim(value_of(y)) == 2 and n:
        if is_exact(y):
            return dense(x, y, np.zeros(np.shape(y)[1]))
        if is_exact(x):
            turned = np.asarray(x).T
            return dense(moved(np.transpose, y), turned, np.zeros(turned.shape[1])).rearranged(np.transpose)
    return bilinear(call, np.matmul, x, y, n)


def _set(call: NodeCall, *names: str) -> bool:
    return any(bool(call.get(name)) for name in names)


@rule_of("MatMul", "SparseMatMul")
def _(call: NodeCall, x: Flow, y: Flow) -> Flow:
    x = _turned(x, _set(call, "transpose_a"), False)
    return product(call, x, _turned(y, _set(call, "transpose_b"), False))


@rule_of("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def _(call: NodeCall, x: Flow, y: Flow) -> Flow:
    complex_numbers = call.inputs[0] in PART
    x, y = (
        _turned(flow, _set(call, name), complex_numbers and _set(call, name))
        for flow, name in ((x, "adj_x"), (y, "adj_y"))
    )
    return product(call, x, y)


@rule_of("Einsum")
def _(call: NodeCall, *inputs: Flow) -> Flow:
    equation = str(call.get("equation")).replace(" ", "")
    if len(inputs) > 2 or "->" not in equation:
        raise NoRule(f"Einsum of {equation}")
    sources, _, target = equation.partition("->")
    sizes: Any = {}
    for labels, flow in zip(sources.split(","), inputs):
        shape = np.shape(value_of(flow))
        head, dots, tail = labels.partition("...")
        sizes.update(zip(head, shape))
        sizes.update(zip(reversed(tail), reversed(shape)) if dots else ())
    terms = int(np.prod([size for label, size in sizes.items() if label not in target] or [1]))
    if len(inputs) == 1:
        both = (inputs[0], np.ones((), np.asarray(value_of(inputs[0])).dtype))
        return bilinear(call, lambda a, b: np.einsum(equation, a) * b, *both, terms)
    x, y = inputs
    return bilinear(call, lambda a, b: np.einsum(equation, a, b), x, y, terms)


@rule_of("SparseTensorDenseMatMul")
def _(call: NodeCall, indices: Flow, values: Flow, shape: Flow, y: Flow) -> Flow:
    """Elements given twice add up."""
    places, extents = whole(indices), whole(shape)

    def spread(array):
        matrix = np.zeros(tuple(int(n) for n in extents), array.dtype)
        np.add.at(matrix, tuple(places.T), array)
        return matrix

    if len(np.unique(places, axis=0)) < len(places):
        raise NoRule("elements of a sparse matrix that are given twice")
    complex_numbers = call.dtype in PART
    x = moved(spread, values)
    x = _turned(x, _set(call, "adjoint_a"), complex_numbers and _set(call, "adjoint_a"))
    y = _turned(y, _set(call, "adjoint_b"), complex_numbers and _set(call, "adjoint_b"))
    return product(call, x, y)


@rule_of("Cross")
def _(call: NodeCall, x: Flow, y: Flow) -> Flow:
    if not floating(call.dtype):
        return exactly(call, lambda a, b: _crossed(a, b), x, y)
    return _crossed(as_tracked(x), as_tracked(y)).reference()


def _crossed(x, y):
    after, before = [1, 2, 0], [2, 0, 1]
    return x[..., after] * y[..., before] - x[..., before] * y[..., after]


@rule_of("L2Loss")
def _(call: NodeCall, x: Flow) -> Reference:
    """sum x^2 / 2; halving is exact."""
    if is_exact(x):
        exact = np.asarray(x, np.float64)
        total = (exact**2).sum() / 2
        return Reference(total, total, max(exact.size, 1))
    x = as_tracked(x)
    return ((x * x).sum() * 0.5).reference()
