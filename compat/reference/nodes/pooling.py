"""The largest and the mean under a sliding window, and their gradients."""

from typing import Any, List, Tuple

import numpy as np

from ... import reference
from ...arrays import Array
from ..bounds import Reference
from ..geometry import Taps
from ..pooling import avg_pool, avg_pool_grad, max_pool, max_pool_grad, spread
from ..sliding import gathered
from ..tracked import follows
from .flows import is_exact, moved, numbers, tracked, value_of
from .layouts import channels_first, from_last, padding_of, shape_to_last, spatial, to_last
from .registry import Flow, NodeCall, NoRule, rule_of
from .whole import Whole


def _window(call: NodeCall, sizes: Tuple[Flow, ...] = ()) -> Any:
    """(ksize, strides, padding); ``sizes``: where the first two come as inputs."""
    ksize, strides = [numbers(size) for size in sizes] or [call.get("ksize"), call.get("strides")]
    return spatial(call, ksize), spatial(call, strides), padding_of(call)


def _taps(shape: Tuple[int, ...], window: Any) -> Taps:
    ksize, strides, padding = window
    return Taps(shape, ksize, strides, padding, 1)


def _kind(flow: Flow) -> str:
    return str(np.asarray(value_of(flow)).dtype.kind)


def _lowest(array: Array) -> Any:
    return -np.inf if array.dtype.kind == "f" else np.iinfo(array.dtype).min


@rule_of("MaxPool", "MaxPoolV2", "MaxPool3D")
def _(call: NodeCall, x: Flow, *sizes: Flow) -> Flow:
    over = call.get("ksize") if not sizes else numbers(sizes[0])
    if shape_to_last(call, over)[-1] != 1:
        return _over_channels(call, x, over)
    x, window = to_last(call, x), _window(call, sizes)
    if _kind(x) != "f":
        if not is_exact(x):
            raise NoRule("a maximum of whole numbers that follow from rounded ones")
        values = np.asarray(x)
        taps = _taps(values.shape, window)
        return from_last(call, np.max(list(gathered(taps, values, _lowest(values))), axis=0))
    if call.op == "MaxPool3D":
        return from_last(call, max_pool(x, *window))
    ksize, strides, padding = window
    return from_last(call, reference.max_pool2d(x, ksize=ksize, strides=strides, padding=padding))


def _over_channels(call, x, ksize):
    """The largest of each so many channels, side by side and each once."""
    count = ksize[-1]
    if channels_first(call) or list(ksize[:-1]) != [1] * (len(ksize) - 1) or not is_exact(x):
        raise NoRule("windows over channels and more")
    x = np.asarray(x)
    return x.reshape(x.shape[:-1] + (-1, count)).max(axis=-1)


@rule_of("AvgPool", "AvgPool3D")
def _(call: NodeCall, x: Flow) -> Flow:
    x, (ksize, strides, padding) = to_last(call, x), _window(call)
    if call.op == "AvgPool":
        return from_last(call, reference.avg_pool2d(x, ksize=ksize, strides=strides, padding=padding))
    return from_last(call, avg_pool(x, ksize, strides, padding))


@rule_of("AvgPoolGrad", "AvgPool3DGrad")
def _(call: NodeCall, shape: Flow, dy: Flow) -> Flow:
    extents = shape_to_last(call, numbers(shape))
    return from_last(call, avg_pool_grad(extents, to_last(call, dy), *_window(call)))


@rule_of("MaxPoolGrad", "MaxPoolGradV2", "MaxPool3DGrad")
def _(call: NodeCall, x: Flow, y: Flow, dy: Flow, *sizes: Flow) -> Flow:
    """The first of equals, row by row, gets it; in three dimensions every one of them gets all of it."""
    x, dy, window = to_last(call, x), to_last(call, dy), _window(call, sizes)
    ties = "all" if call.op == "MaxPool3DGrad" else "first"
    if not is_exact(x):
        return from_last(call, _where_it_may_be(x, dy, window, ties))
    if is_exact(dy):
        ksize, strides, padding = window
        if call.op == "MaxPool3DGrad":
            return from_last(call, max_pool_grad(x, dy, ksize, strides, padding, ties))
        found = reference.max_pool2d_grad(x, dy, ksize=ksize, strides=strides, padding=padding, ties=ties)
        return from_last(call, found["dx"])
    taps = _taps(np.shape(x), window)
    chosen = _chosen(taps, value_of(x), ties)
    given, terms = tracked(dy), len(chosen)
    share = lambda amount: spread(taps, (part * amount for part in chosen))
    total = share(abs(given.value))

    def error(p, e):
        return share(e) + p.summing(total + share(e), terms, terms)

    return from_last(call, follows(share(given.value), error, given).reference())


def _chosen(taps, x, ties):
    """Of every tap whether its pixel is the one of the window."""
    seen = np.stack(list(gathered(taps, np.asarray(x, np.float64), -np.inf)))
    largest = seen == seen.max(axis=0)
    return largest if ties == "all" else largest & (np.cumsum(largest, axis=0) == 1)


def _may_be_chosen(taps, x, precision):
    """Of every tap whether, within the allowance of the image, its pixel may be the largest of the window."""
    seen, far = (
        np.stack(list(gathered(taps, a, fill))) for a, fill in ((x.value, -np.inf), (x.worst(precision), 0))
    )
    may = seen + far >= (seen - far).max(axis=0)
    return may & np.isfinite(seen)


def _where_it_may_be(x, dy, window, ties):
    """Where another pixel of a window may be its largest, what the window gives may go to either."""
    taps = _taps(x.value.shape, window)
    given, chosen = tracked(dy), _chosen(taps, x.value, ties)
    share = lambda parts, amount: spread(taps, (part * amount for part in parts))
    sizes = abs(given.value)

    def error(p, e):
        may = _may_be_chosen(taps, x, p.dtype)
        unsure = may & (may.sum(axis=0) > 1)
        most = share(chosen | unsure, sizes + e)
        return share(chosen, e) + share(unsure, sizes + e) + p.summing(most, len(chosen), len(chosen))

    return follows(share(chosen, given.value), error, given).reference()


@rule_of("MaxPoolGradGrad", "MaxPoolGradGradV2", "MaxPool3DGradGrad")
def _(call: NodeCall, x: Flow, y: Flow, dy: Flow, *sizes: Flow) -> Flow:
    """What stands where the window has its largest, the first of equals."""
    if not is_exact(x):
        raise NoRule("a choice by numbers that are rounded")
    x, window = to_last(call, x), _window(call, sizes)
    taps = _taps(np.shape(x), window)
    first = _first(taps, x)[None]

    def pick(image):
        return np.take_along_axis(np.stack(list(gathered(taps, image))), first, axis=0)[0]

    return from_last(call, moved(pick, to_last(call, dy)))


def _first(taps, x):
    """Which tap has the largest of each window, the first of equals."""
    x = np.asarray(x)
    return np.argmax(np.stack(list(gathered(taps, x, _lowest(x)))), axis=0)


@rule_of("MaxPoolWithArgmax")
def _(call: NodeCall, x: Flow) -> List[Any]:
    """And where it stands: (row * width + column) * channels + channel, of all images or within its own."""
    (ksize, strides, padding), values = _window(call), np.asarray(value_of(x))
    largest = reference.max_pool2d(x, ksize=ksize, strides=strides, padding=padding)
    taps = _taps(values.shape, (ksize, strides, padding))
    places = np.arange(values.size, dtype=np.int64).reshape(values.shape)
    if not call.get("include_batch_in_index"):
        places = places % int(np.prod(values.shape[1:]))
    at = np.stack(list(gathered(taps, places)))
    first = _first(taps, values)
    where = np.take_along_axis(at, first[None], axis=0)[0].astype(call.outputs[1])
    if is_exact(x):
        return [largest, where]
    precision = call.inputs[0]
    may = _may_be_chosen(taps, x, precision)
    radius: Array = np.where(may, abs(at - where), 0)
    return [largest, Whole(where, radius.max(axis=0))]


@rule_of("MaxPoolGradWithArgmax")
def _(call: NodeCall, x: Flow, dy: Flow, where: Flow) -> Flow:
    """To the pixels at the places that ``MaxPoolWithArgmax`` told."""
    if not is_exact(where):
        raise NoRule("places that follow from rounded numbers")
    shape, given = np.shape(value_of(x)), tracked(dy)
    places = np.asarray(where, np.int64)
    if not call.get("include_batch_in_index"):
        images = np.arange(shape[0]).reshape((-1,) + (1,) * (places.ndim - 1))
        places = places + images * int(np.prod(shape[1:]))

    def scatter(amount):
        size = int(np.prod(shape))
        return np.bincount(places.ravel(), amount.ravel(), size).reshape(shape)

    value, total = scatter(given.value), scatter(abs(given.value))
    terms = max(np.bincount(places.ravel()).tolist(), default=0)
    if is_exact(dy):
        return Reference(value, total, terms)
    error = lambda p, e: scatter(e) + p.summing(total + scatter(e), terms, terms)
    return follows(value, error, given).reference()
