"""Convolutions of two and three dimensions, and their gradients."""

from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np

from ... import reference
from ...arrays import Array
from ..bounds import Reference
from ..geometry import Taps
from ..sliding import filter_grad, input_grad, summed
from ..tracked import follows
from .flows import is_exact, numbers, tracked, value_of
from .layouts import Window, from_last, shape_to_last, to_last, window_of
from .registry import Flow, NodeCall, NoRule, rule_of


def product(forward: Callable[[Array, Array], Array], terms: int, x: Flow, w: Flow) -> Flow:
    """``forward``, sums of that many products, linear in each of the two; of whole numbers it is exact.

    Where x and w are off by e_x and e_w, so are the sums, by forward(|x| + e_x, |w| + e_w) - forward(|x|, |w|) at
    most, and the products that round are those of |x| + e_x and |w| + e_w.
    """
    if _whole(x) or _whole(w):
        if not (is_exact(x) and is_exact(w)):
            raise NoRule("a convolution of whole numbers that follow from rounded ones")
        exact = forward(np.asarray(x, np.float64), np.asarray(w, np.float64))
        return exact.astype(np.int64).astype(np.asarray(x).dtype)
    left, right = tracked(x), tracked(w)
    value, magnitude = forward(left.value, right.value), forward(abs(left.value), abs(right.value))
    if is_exact(x) and is_exact(w):
        return Reference(value, magnitude, terms)

    def error(p, a, b):
        largest = forward(abs(left.value) + a, abs(right.value) + b)
        return largest - magnitude + p.summing(largest, terms, terms)

    return follows(value, error, left, right).reference()


def _whole(flow):
    return np.asarray(value_of(flow)).dtype.kind in "iu"


def _filters(x: Flow, w: Flow) -> Optional[Array]:
    """The filters as the reference of an op takes them: exact, and no whole numbers; else None."""
    return w if not isinstance(w, Reference) and not _whole(x) and not _whole(w) else None


def _settings(window: Window) -> Dict[str, Any]:
    return {"strides": window.strides, "padding": window.padding, "dilations": window.dilations}


def _taps(shape: Tuple[int, ...], kernel: Tuple[int, ...], window: Window) -> Taps:
    return Taps(shape, kernel, window.strides, window.padding, window.dilations)


@rule_of("Conv2D", "Conv3D")
def _(call: NodeCall, x: Flow, w: Flow) -> Flow:
    """Filters (*kernel, channels / groups, outputs)."""
    x, window, shape = to_last(call, x), window_of(call), np.shape(value_of(w))
    filters = _filters(x, w)
    if call.op == "Conv2D" and filters is not None:
        return from_last(call, reference.conv2d(x, filters, **_settings(window)))
    taps = _taps(np.shape(value_of(x)), shape[:-2], window)
    terms = int(np.prod(shape[:-1]))
    return from_last(call, product(lambda x, w: summed(taps, x, w), terms, x, w))


@rule_of("DepthwiseConv2dNative")
def _(call: NodeCall, x: Flow, w: Flow) -> Flow:
    """Filters (kh, kw, channels, multiplier).

    Dilated where it says so; the CPU kernel of 1.15 did not read that attribute, and tf.nn does not use it.
    """
    x, window, shape = to_last(call, x), window_of(call), np.shape(value_of(w))
    filters = _filters(x, w)
    if filters is not None:
        return from_last(call, reference.depthwise_conv2d(x, filters, **_settings(window)))
    taps = _taps(np.shape(value_of(x)), shape[:2], window)
    return from_last(call, product(lambda x, w: summed(taps, x, _grouped(w)), int(np.prod(shape[:2])), x, w))


def _grouped(w: Array) -> Array:
    """Filters of a depthwise convolution as those of one with a group a channel."""
    return w.reshape(w.shape[:2] + (1, -1))


@rule_of("Conv2DBackpropInput", "Conv3DBackpropInputV2", "DepthwiseConv2dNativeBackpropInput")
def _(call: NodeCall, sizes: Flow, w: Flow, dy: Flow) -> Flow:
    """To images of the shape ``sizes``; of a Conv2D also to (height, width) alone."""
    dy, window, shape = to_last(call, dy), window_of(call), np.shape(value_of(w))
    depthwise = call.op.startswith("Depthwise")
    extents = tuple(numbers(sizes))
    short = len(extents) == 2
    extents = (np.shape(value_of(dy))[0], *extents, shape[2]) if short else shape_to_last(call, extents)
    filters = _filters(dy, w)
    if call.op == "Conv2DBackpropInput" and filters is not None:
        found = reference.conv2d_transpose(dy, filters, output_shape=extents, **_settings(window))
        return from_last(call, found)
    taps = _taps(extents, shape[: len(extents) - 2], window)
    groups = extents[-1] // (1 if depthwise else shape[-2])
    terms = int(np.prod(taps.kernel)) * np.shape(value_of(dy))[-1] // groups
    form = _grouped if depthwise else (lambda w: w)
    return from_last(call, product(lambda dy, w: input_grad(taps, dy, form(w)), terms, dy, w))


@rule_of("Conv2DBackpropFilter", "Conv3DBackpropFilterV2", "DepthwiseConv2dNativeBackpropFilter")
def _(call: NodeCall, x: Flow, sizes: Flow, dy: Flow) -> Flow:
    """To filters of the shape ``sizes``."""
    x, dy, window, shape = to_last(call, x), to_last(call, dy), window_of(call), tuple(numbers(sizes))
    depthwise = call.op.startswith("Depthwise")
    taps = _taps(np.shape(value_of(x)), shape[:-2], window)
    terms = int(np.prod(np.shape(value_of(dy))[:-1]))
    width = 1 if depthwise else shape[-2]
    return product(lambda x, dy: filter_grad(taps, x, dy, width).reshape(shape), terms, x, dy)
