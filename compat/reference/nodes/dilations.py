"""Grey-scale dilation: the largest sum of a pixel and the filter under a sliding window, and its gradients."""

from typing import Any, Tuple

import numpy as np

from ...arrays import Array, round_to
from ..geometry import Taps
from ..pooling import spread
from ..sliding import gathered
from ..tracked import follows
from .flows import floating, is_exact, tracked, value_of
from .layouts import spatial
from .registry import Flow, NodeCall, NoRule, rule_of


def _taps(call: NodeCall, x: Flow, w: Flow) -> Taps:
    strides, rates = spatial(call, call.get("strides")), spatial(call, call.get("rates"))
    kernel = np.shape(value_of(w))[:2]
    return Taps(np.shape(value_of(x)), kernel, strides, str(call.get("padding")), rates)


def _met(taps: Taps, x: Array, w: Array, fill: Any) -> Tuple[Array, Array]:
    """(pixels, filter) of each tap, one row a tap; ``fill``: beside the image."""
    pixels = np.stack(list(gathered(taps, x, fill)))
    return pixels, w.reshape((-1, 1, 1, 1, w.shape[-1]))


@rule_of("Dilation2D")
def _(call: NodeCall, x: Flow, w: Flow) -> Flow:
    """A sum is rounded once, and the largest of several is off by what one of them is."""
    taps = _taps(call, x, w)
    if not floating(call.dtype):
        if not (is_exact(x) and is_exact(w)):
            raise NoRule("a maximum of whole numbers that follow from rounded ones")
        lowest = np.iinfo(np.asarray(x).dtype).min
        inside = np.stack(list(gathered(taps, np.ones(np.shape(x), bool), False)))
        pixels, filters = _met(taps, np.asarray(x), np.asarray(w), 0)
        return np.where(inside, pixels + filters, lowest).max(axis=0)
    image, filters = tracked(x), tracked(w)
    value = np.add(*_met(taps, image.value, filters.value, -np.inf))

    def error(p, of_image, of_filters):
        inherited = np.add(*_met(taps, of_image, of_filters, 0.0))
        within = np.isfinite(value)
        return np.where(within, inherited + p.rounding(np.where(within, abs(value), 0), inherited), 0).max(
            axis=0
        )

    return follows(value.max(axis=0), error, image, filters).reference()


def _chosen(call: NodeCall, taps: Taps, x: Flow, w: Flow) -> Array:
    """Of every tap whether it is the first with the largest sum, as that is rounded."""
    if not (is_exact(x) and is_exact(w)):
        raise NoRule("a choice by numbers that are rounded")
    if not floating(call.inputs[0]):
        raise NoRule(f"{call.op} of {call.inputs[0]}")
    pixels, filters = _met(taps, np.asarray(x), np.asarray(w), -np.inf)
    sums = round_to(pixels + filters, call.inputs[0])
    return np.arange(len(sums)).reshape((-1,) + (1,) * (sums.ndim - 1)) == sums.argmax(axis=0)


@rule_of("Dilation2DBackpropInput")
def _(call: NodeCall, x: Flow, w: Flow, dy: Flow) -> Flow:
    """Each pixel's sum of what the windows hand back that chose it."""
    taps, given = _taps(call, x, w), tracked(dy)
    chosen = _chosen(call, taps, x, w)
    share = lambda amount: spread(taps, (part * amount for part in chosen))
    total = share(abs(given.value))

    def error(p, e):
        return share(e) + p.summing(total + share(e), len(chosen), len(chosen))

    return follows(share(given.value), error, given).reference()


@rule_of("Dilation2DBackpropFilter")
def _(call: NodeCall, x: Flow, w: Flow, dy: Flow) -> Flow:
    """Of each tap and channel the sum over all windows that chose it."""
    taps, given, shape = _taps(call, x, w), tracked(dy), np.shape(value_of(w))
    chosen = _chosen(call, taps, x, w)
    most = int(chosen.sum(axis=(1, 2, 3)).max())

    def share(amount):
        return (chosen * amount).sum(axis=(1, 2, 3)).reshape(shape)

    total = share(abs(given.value))

    def error(p, e):
        return share(e) + p.summing(total + share(e), most, most)

    return follows(share(given.value), error, given).reference()
