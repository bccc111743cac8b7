"""Fourier transforms.

A fast transform of n points, a power of 2, takes every input through log2 n butterflies on its way to an output, each
with one product by a rounded root of unity and one addition: an error of 7 u at most (Higham 2002, section 24.1).  So
each output is off by (7 log2 n) u sum |x|.  Other lengths go by Bluestein's convolution, three transforms of up to 4 n
points and three products, whose roots exp(i pi k^2 / n) TensorFlow up to 2.0 takes of angles rounded in the precision
itself: off by u pi n, twice.
"""

import math
from typing import Any, Sequence

import numpy as np

from ...arrays import Array
from ..bounds import Reference
from ..carried import Carried
from .flows import numbers, value_of
from .registry import Flow, NodeCall, rule_of


class Transformed(Reference):
    """Each output takes in all inputs: what it rounds is not of its own size."""

    alike = False


def _roundings(points: int) -> float:
    if points & (points - 1) == 0:
        return 7 * max(math.log2(max(points, 1)), 1)
    return 3 * 7 * math.ceil(math.log2(4 * points)) + 3 * 4 + 2 * math.pi * points


def _transformed(call: NodeCall, x: Flow, transform: Any, lengths: Any, size: Any) -> Reference:
    """``size``: of |x| the most that comes of it: linear, nothing negative."""
    value = np.asarray(value_of(x))
    wide = value.astype(np.complex128 if value.dtype.kind == "c" else np.float64)
    carried = None
    if isinstance(x, Reference):
        modulus = math.sqrt(2) if value.dtype.kind == "c" else 1.0
        source = x
        carried = Carried(
            lambda dtype: size(modulus * source.worst(dtype)),
            lambda dtype: size(modulus * source.worst(dtype)),
            np.zeros(transform(wide).shape),
            source.longest,
        )
    terms = sum(_roundings(n) for n in lengths) + 2
    return Transformed(transform(wide), size(abs(wide)), terms, call.dtype, carried)


def _everywhere(total: Array, shape: Sequence[int]) -> Array:
    return np.broadcast_to(total, shape)


def _complex(op: str, rank: int, inverse: bool) -> None:
    function = np.fft.ifftn if inverse else np.fft.fftn

    @rule_of(op)
    def _(call: NodeCall, x: Flow) -> Flow:
        shape = np.shape(value_of(x))
        axes = tuple(range(-rank, 0))
        lengths = shape[-rank:]
        share = 1 / max(int(np.prod(lengths)), 1) if inverse else 1.0
        size = lambda v: _everywhere(v.sum(axes, keepdims=True) * share, shape)
        return _transformed(call, x, lambda v: function(v, axes=axes), lengths, size)


for _rank, _suffix in ((1, ""), (2, "2D"), (3, "3D")):
    _complex("FFT" + _suffix, _rank, False)
    _complex("IFFT" + _suffix, _rank, True)


def _fitted(array: Array, shape: Sequence[int]) -> Array:
    """Cut or padded with zeros at the end, along the last axes."""
    for axis, extent in zip(range(-len(shape), 0), shape):
        array = np.take(array, range(min(extent, array.shape[axis])), axis)
        pads = [(0, 0)] * array.ndim
        pads[axis] = (0, extent - array.shape[axis])
        array = np.pad(array, pads, "constant")
    return array


def _real(op: str, rank: int) -> None:
    axes = tuple(range(-rank, 0))

    @rule_of(op)
    def _(call: NodeCall, x: Flow, length: Flow) -> Flow:
        lengths = numbers(length)
        transform = lambda v: np.fft.rfftn(_fitted(v, lengths), axes=axes)
        shape = np.shape(value_of(x))[:-rank] + tuple(lengths[:-1]) + (lengths[-1] // 2 + 1,)
        size = lambda v: _everywhere(_fitted(v, lengths).sum(axes, keepdims=True), shape)
        return _transformed(call, x, transform, lengths, size)

    @rule_of("I" + op)
    def _(call: NodeCall, x: Flow, length: Flow) -> Flow:
        """Of half a spectrum, whose other half is its mirror image."""
        lengths = numbers(length)
        half = lengths[:-1] + [lengths[-1] // 2 + 1]
        transform = lambda v: np.fft.irfftn(_fitted(v, half), lengths, axes=axes)
        shape = np.shape(value_of(x))[:-rank] + tuple(lengths)
        share = 2 / max(int(np.prod(lengths)), 1)
        size = lambda v: _everywhere(_fitted(v, half).sum(axes, keepdims=True) * share, shape)
        return _transformed(call, x, transform, lengths, size)


for _rank, _suffix in ((1, ""), (2, "2D"), (3, "3D")):
    _real("RFFT" + _suffix, _rank)
