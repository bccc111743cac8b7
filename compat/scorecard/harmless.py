"""Harmless variations: the same sums in other orders, blocks and precisions.  None may be flagged."""

from typing import Any, Dict, Iterator, Optional, Tuple

import numpy as np

from .. import reference
from ..arrays import Array, round_to
from ..reference.bounds import Reference
from ..reference.geometry import Taps
from .operations import Computation


def _in_order(order):
    """Products added one by one, in an order of their numbers."""

    def add(products, x, w):
        total = np.zeros(products.shape[:-1], products.dtype)
        for index in order(products.shape[-1]):
            total = total + products[..., index]
        return total

    return add


_forward = _in_order(range)


def _blocks(length):
    """Sums of blocks, then the sum of these."""

    def add(products, x, w):
        count = products.shape[-1]
        parts = [_forward(products[..., i : i + length], x, w) for i in range(0, count, length)]
        return _forward(np.stack(parts, axis=-1), x, w)

    return add


def _pairwise(products, x, w):
    while products.shape[-1] > 1:
        if products.shape[-1] % 2:
            products = np.concatenate([products, np.zeros_like(products[..., :1])], axis=-1)
        products = products[..., ::2] + products[..., 1::2]
    return products[..., 0]


def _fused(products, x, w):
    """Fused multiply and add: the product is not rounded, only the sum."""
    total = np.zeros(products.shape[:-1], np.float32)
    for index in range(products.shape[-1]):
        exact = x[..., index].astype(np.float64) * w[..., index].astype(np.float64)
        total = (total + exact).astype(np.float32)
    return total


def _by_size(products, x, w):
    """From the largest to the smallest, each output in its own order."""
    order = np.argsort(-np.abs(products), axis=-1)
    return _forward(np.take_along_axis(products, order, axis=-1), x, w)


def _shuffled(seed):
    return _in_order(lambda count: np.random.RandomState(seed).permutation(count))


#: name -> function of the products (..., n), float32, and of both factors.
VARIATIONS = {
    "in order": _forward,
    "in reverse": _in_order(lambda count: range(count - 1, -1, -1)),
    "from large to small": _by_size,
    "pairwise": _pairwise,
    "fused multiply and add": _fused,
    "through float64": lambda p, x, w: (x.astype(float) * w.astype(float)).sum(-1).astype(np.float32),
    "NumPy's own sum": lambda p, x, w: p.sum(axis=-1),
}
VARIATIONS.update({f"shuffled {seed}": _shuffled(seed) for seed in range(4)})
VARIATIONS.update({f"in blocks of {length}": _blocks(length) for length in (2, 4, 8, 16, 32, 64)})


def factors(computation: Computation) -> Optional[Tuple[Array, Array]]:
    """(x, w) of every product, broadcastable to (rows, outputs, n); the bias is a product with 1.

    None for an operation that is not such a sum.
    """
    arguments = computation.arguments
    if computation.rule not in (reference.conv2d_bias, reference.dense):
        return None
    x, w, b = (arguments[name] for name in ("x", "w", "b"))
    if computation.rule is reference.conv2d_bias:
        settings = (arguments[name] for name in ("strides", "padding", "dilations"))
        taps = Taps(x.shape, w.shape[:2], *settings)
        padded = taps.pad(x).astype(np.float32)
        x = np.stack([padded[window] for _, window in taps], axis=3).reshape(-1, w[..., 0].size)
        w = w.reshape(-1, w.shape[-1])
    x = np.concatenate([x, np.ones_like(x[:, :1])], axis=1)
    return x[:, None], np.concatenate([w, b[None]]).T[None]


def narrowed(computation: Computation, dtype: str) -> Dict[str, Any]:
    """Its arguments, the arrays rounded to the dtype and kept in float32."""
    return {
        key: round_to(value, dtype).astype(np.float32) if hasattr(value, "astype") else value
        for key, value in computation.arguments.items()
    }


def results(computation: Computation) -> Iterator[Tuple[str, Reference, Array, str]]:
    """(name, reference, result, dtype) of every harmless variation of a computation."""
    arguments = computation.arguments
    right = computation.rule(**arguments)
    yield "as it is", right, computation.implementation(**arguments), "float32"
    wide = {key: v.astype(np.float64) if hasattr(v, "astype") else v for key, v in arguments.items()}
    through = computation.implementation(**wide).astype(np.float32)
    yield "float64, rounded once", right, through, "float32"
    found = factors(computation)
    if found is None:
        return
    x, w = found
    for name, add in VARIATIONS.items():
        yield name, right, add(x * w, x, w).reshape(right.value.shape), "float32"
    for dtype in ("float16", "bfloat16"):
        narrow = narrowed(computation, dtype)
        answer = computation.rule(**narrow)
        summed = round_to(computation.implementation(**narrow), dtype)
        yield f"{dtype}, added in float32", answer, summed, dtype
