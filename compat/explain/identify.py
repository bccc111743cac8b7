"""What was computed, where that is linear: the kernel that it had is solved for, and compared with the given one.

A convolution or a product y = A k is linear in its kernel k, and A follows from the input alone.  Where there
are more outputs than taps, least squares finds the k that an implementation had; it is believed where it
reproduces every output within the rounding allowance.  How far each tap may be off: |dk| = |A+ dy| is at most
the norm of its row of the pseudoinverse A+ times that of the allowances (Cauchy and Schwarz).
"""

import time
from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from ..arrays import Array
from ..judge.compare import compare
from ..reference import relu
from ..reference.calls import Call
from ..reference.geometry import Taps
from .catalogue.kernels import kernel_of
from .matching import difference, match

#: The axes of the kernel that tell sums apart, by rule; the others are summed over.
_OUTPUTS = {
    "conv2d": (3,),
    "conv2d_bias": (3,),
    "depthwise_conv2d": (2, 3),
    "conv2d_transpose": (2,),
    "conv1d": (2,),
    "dense": (1,),
    "convolve": (),
}
_WORDS = {"dense": "a product", "conv2d_transpose": "a transposed convolution"}
#: Taps of one sum that are solved for at most; numbers of A, and of the part of it that is factored.
_TAPS, _NUMBERS, _FACTORED = 600, 16_000_000, 1_000_000
#: Outputs to solve from, in taps, where there are more images; seconds that A may take.
_IMAGES, _SECONDS = 8, 5.0
#: Outputs that there have to be for so many taps: this share more, and some.
_MORE, _SPARE = 1.25, 4
#: A tap that is known no better than to this share of the typical one is not known.
_UNKNOWN = 0.05


class Solved(NamedTuple):
    """``kernel``: of the given one's layout; ``off``: how far each may be off; ``bias``: or None, with its own."""

    kernel: Array
    off: Array
    bias: Optional[Array]
    bias_off: Array


def identify(calls: List[Call], value: Array, result: Array, dtype: str) -> Optional[str]:
    """What the last of the reference's calls was computed as, in a sentence; None where that cannot be known.

    ``value``: the reference's answer, float64, which that call has to make, or relu of it; ``result``: what
    was computed.
    """
    if not calls or result.shape != value.shape or not np.isfinite(result).all():
        return None
    rectified = len(calls) > 1 and calls[-1].rule == "relu"
    call = calls[-2] if rectified else calls[-1]
    if call.rule not in _OUTPUTS:
        return None
    answer = call.answer().value
    if not np.array_equal(np.maximum(answer, 0) if rectified else answer, value):
        return None
    for tried in (call, _widened(call)):
        solved = solve(tried, result, dtype, rectified) if tried is not None else None
        if solved is not None:
            return _sentence(call, solved)
    return None


def _widened(call):
    """The same convolution with a ring of zeros around its kernel, for taps that lie one further; or None."""
    if call.rule not in ("conv2d", "conv2d_bias", "depthwise_conv2d"):
        return None
    w = np.asarray(call["w"])
    taps = Taps(np.shape(_array(call["x"])), w.shape[:2], call["strides"], call["padding"], call["dilations"])
    pads = tuple((a + d, b + d) for (a, b), d in zip(taps.pads, taps.dilations))
    return call.but(w=np.pad(w, ((1, 1), (1, 1), (0, 0), (0, 0)), mode="constant"), padding=pads)


def _array(x):
    return getattr(x, "value", x)


def solve(call: Call, result: Array, dtype: str, rectified: bool = False) -> Optional[Solved]:
    """The kernel, and the bias where the call has one, with which the call gives the result; None where that
    is not determined, or nothing linear gives it.  ``rectified``: the result is relu of that, and 0 tells nothing."""
    name = kernel_of(call)
    if name is None:
        return None
    w = np.asarray(call[name], np.float64)
    outputs = _OUTPUTS[call.rule]
    summed = tuple(axis for axis in range(w.ndim) if axis not in outputs)
    count = int(np.prod([w.shape[axis] for axis in summed]))
    channels = w.size // count
    rows = result.size // channels
    with_bias = "b" in call
    if count > _TAPS or rows < _MORE * (count + with_bias) + _SPARE:
        return None
    part, shown = _few_images(call, result, _IMAGES * (count + with_bias) * channels)
    a = _columns(part, name, w, summed, outputs, shown.size // channels)
    if a is None:
        return None
    y = np.asarray(shown, np.float64).reshape(-1, channels)
    allowance = part.answer().worst(dtype).reshape(-1, channels)
    least = _least_squares(a, y, allowance, with_bias, rectified)
    if least is None:
        return None
    found, off = least
    typical = max(float(np.sqrt(np.mean(w**2))), float(np.sqrt(np.mean(found[:count] ** 2))))
    if not np.isfinite(found).all() or float(np.max(off[:count])) > _UNKNOWN * typical:
        return None
    shape = tuple(w.shape[axis] for axis in (*summed, *outputs))
    back = np.argsort((*summed, *outputs))
    laid = lambda array: array[:count].reshape(shape).transpose(back)
    solved = Solved(laid(found), laid(off), found[count] if with_bias else None, off[count:].ravel())
    return solved if _gives(call, name, solved, result, dtype, rectified) else None


def _least_squares(a, y, allowance, with_bias, rectified):
    """(numbers of every channel, how far each may be off); None where some of them are not determined."""
    found, off = [], []
    inverse = None
    for channel in range(y.shape[1]):
        if inverse is None or a.shape[2] > 1 or rectified:
            kept = _some(np.flatnonzero(y[:, channel] > 0) if rectified else np.arange(len(a)), a.shape[1])
            design = a[kept, :, channel if a.shape[2] > 1 else 0]
            design = np.hstack([design, np.ones((len(design), 1))]) if with_bias else design
            inverse = _inverse(design)
            if inverse is None:
                return None
        found.append(inverse @ y[kept, channel])
        off.append(np.sqrt((inverse**2).sum(axis=1)) * np.sqrt((allowance[kept, channel] ** 2).sum()))
    return np.stack(found, axis=1), np.stack(off, axis=1)


def _inverse(design):
    """The pseudoinverse; None where there are too few rows."""
    if len(design) < _MORE * design.shape[1] + _SPARE:
        return None
    u, sizes, v = np.linalg.svd(design, full_matrices=False)
    return (v.T / sizes) @ u.T  # of singular values near 0 nothing is known, and ``off`` says so


def _gives(call, name, solved, result, dtype, rectified):
    bias = {} if solved.bias is None else {"b": solved.bias}
    answer = call.but(**dict(bias, **{name: solved.kernel})).answer()
    numbers = compare(result, dtype, relu(answer) if rectified else answer, dtype)
    return numbers.share is not None and numbers.share <= 1


def _some(rows, count):
    """Rows to solve from: all, or as many as are quickly solved, drawn with a fixed seed."""
    most = max(_FACTORED // count, 2 * count)
    return rows if len(rows) <= most else np.random.RandomState(0).permutation(rows)[:most]


def _few_images(call, result, least):
    """The call for its first images, and their results: no fewer numbers than that, where there are."""
    if call.rule == "convolve":
        return call, result
    x = np.asarray(_array(call["x"]))
    images = min(len(x), -(-least * len(x) // result.size))
    settings = {"output_shape": (images, *call["output_shape"][1:])} if "output_shape" in call else {}
    return call.but(x=x[:images], **settings), result[:images]


def _columns(call, name, w, summed, outputs, rows):
    """A, (rows, taps, channels): what each tap alone gives; one channel where all are alike.

    None: too large, or too slow.
    """
    sizes = [w.shape[axis] for axis in summed]
    count = int(np.prod(sizes))
    grouped = call.rule in ("conv2d", "conv2d_bias") and np.shape(_array(call["x"]))[-1] != w.shape[2]
    alike = not grouped and call.rule != "depthwise_conv2d"
    channels = 1 if alike else w.size // count
    if rows * count * channels > _NUMBERS:
        return None
    if call.rule == "dense":
        return np.asarray(_array(call["x"]), np.float64).reshape(rows, count, 1)
    if call.rule in ("conv2d", "conv2d_bias", "depthwise_conv2d") and not grouped:
        seen = _windows(call, w)
        return (
            seen.reshape(rows, count, 1)
            if alike
            else np.repeat(seen, w.shape[3], axis=-1).reshape(rows, count, -1)
        )
    narrow = [1 if alike and axis in outputs else size for axis, size in enumerate(w.shape)]
    settings: Dict[str, Any] = {"b": np.zeros(np.shape(call["b"]))} if "b" in call else {}
    if "output_shape" in call:
        settings["output_shape"] = tuple(call["output_shape"][:3]) + (1,)
    a = np.zeros((rows, count, channels))
    started = time.monotonic()
    for number, index in enumerate(np.ndindex(*sizes)):
        unit = np.zeros(narrow)
        place = [slice(None)] * w.ndim
        for axis, at in zip(summed, index):
            place[axis] = at
        unit[tuple(place)] = 1
        a[:, number] = call.but(**dict(settings, **{name: unit})).answer().value.reshape(rows, channels)
        if (time.monotonic() - started) / (number + 1) * count > _SECONDS and number:
            return None
    return a


def _windows(call, w):
    """(images, rows, columns, taps, channels): what every output of a convolution sees."""
    x = np.asarray(_array(call["x"]), np.float64)
    taps = Taps(x.shape, w.shape[:2], call["strides"], call["padding"], call["dilations"])
    padded = taps.pad(x)
    return np.stack([padded[window] for _, window in taps], axis=3)


def _sentence(call, solved):
    name = kernel_of(call)
    w = np.asarray(call[name], np.float64)
    spatial = {"convolve": 1, "conv1d": 1, "dense": 0}.get(call.rule, 2)
    what = f"what was computed is {_WORDS.get(call.rule, 'a convolution')} with "
    words = match(solved.kernel, w, solved.off, spatial, _OUTPUTS[call.rule])
    bias = _bias(call, solved)
    if words is not None:
        if not words and not bias:
            return None
        return what + ("the kernel " + " and ".join(words) if words else "the given kernel") + bias
    if solved.kernel.shape != w.shape:
        w = np.pad(w, [(1, 1)] * spatial + [(0, 0)] * (w.ndim - spatial), mode="constant")
        what += "a kernel that reaches one tap further: "
    else:
        what += "another kernel: "
    return what + difference(solved.kernel, w, solved.off, "tap") + bias


def _bias(call, solved):
    if solved.bias is None:
        return ""
    b = np.asarray(call["b"], np.float64)
    if (np.abs(solved.bias - b) <= solved.bias_off).all():
        return ""
    return ", and another bias: " + difference(solved.bias, b, solved.bias_off, "channel")
