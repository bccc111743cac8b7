"""What goes wrong with windows: padding, strides, dilations, pooling, resizing."""

import numpy as np

from ...reference.bounds import Reference, exact
from ...reference.calls import Call
from ...reference.geometry import pair, same_padding
from .hypothesis import Catalogue

CATALOGUE = Catalogue()
POOLING = ("max_pool2d", "avg_pool2d")
WINDOWS = ("conv1d", "conv2d", "conv2d_bias", "conv2d_grad", "depthwise_conv2d", *POOLING)


def _shape(x):
    return x.value.shape if isinstance(x, Reference) else np.shape(x)


def _sizes(call):
    """((height, width), kernel, strides, dilations) of a call with windows; conv1d has a height of 1."""
    if call.rule == "conv1d":
        return (1, call["x"].shape[1]), (1, call["w"].shape[0]), (1, call["strides"]), (1, 1)
    kernel = pair(call["ksize"]) if "ksize" in call else np.shape(call["w"])[:2]
    size = _shape(call["x"])[1:3]
    return size, kernel, pair(call.get("strides", 1)), pair(call.get("dilations", 1))


def pixels(call: Call) -> int:
    """How many numbers a call with windows answers; 0 of any other."""
    if call.rule not in WINDOWS or call.rule == "conv2d_grad":
        return 0
    size, kernel, strides, dilations = _sizes(call)
    outputs = [
        max(n + sum(pads) - (k - 1) * d - 1, -1) // s + 1
        for n, pads, k, s, d in zip(size, _pads(call), kernel, strides, dilations)
    ]
    shape = _shape(call["x"])
    channels = shape[-1] if "ksize" in call else np.shape(call["w"])[-1]
    return shape[0] * int(np.prod(outputs)) * channels


def _pads(call):
    """The call's padding in pixels."""
    padding = call["padding"]
    size, kernel, strides, dilations = _sizes(call)
    if padding == "SAME":
        return tuple(same_padding(n, k, s, d) for n, k, s, d in zip(size, kernel, strides, dilations))
    if padding == "FULL":
        return tuple(((k - 1) * d,) * 2 for k, d in zip(kernel, dilations))
    return ((0, 0), (0, 0)) if padding == "VALID" else padding


def _padded(call, pads):
    """The call with that padding, where that is another one; pooling knows no other than by name."""
    if pads != _pads(call) and call.rule not in POOLING:
        yield call.but(padding=pads), {"pads": pads, "right": _pads(call)}


def _window(function):
    def only(call):
        return function(call) if call.rule in WINDOWS and call.rule != "conv2d_grad" else ()

    return only


@CATALOGUE.call(
    "NumPy's same of a longer kernel",
    "the mode is NumPy's 'same', {count} values for a signal of {length} and a kernel of {count}, padding {pads}; "
    "SAME has as many as the signal, padding {right}: pad by hand before VALID",
)
@_window
def _(call):
    (height, n), (rows, k), strides, dilations = _sizes(call)
    if (height, rows) == (1, 1) and k > n and (strides[1], dilations[1]) == (1, 1):
        start = (n - 1) // 2  # of the full convolution
        pads = ((0, 0), (k - 1 - start, start + k - n))
        for changed, words in _padded(call, pads):
            yield changed, dict(words, count=k, length=n)


@CATALOGUE.call(
    "padded evenly",
    "both sides are padded evenly, {pads}, where SAME pads {right}: pad by hand before VALID, "
    "or let SAME do it",
)
@_window
def _(call):
    _, kernel, _, dilations = _sizes(call)
    pads = tuple(((k - 1) * d // 2,) * 2 for k, d in zip(kernel, dilations))
    # Without a stride even padding is SAME's, and "padding SAME" says it better.
    if call["padding"] == "VALID" and pads == _pads(call.but(padding="SAME")):
        return ()
    return _padded(call, pads)


@CATALOGUE.call(
    "padded at the other end",
    "the padding is at the other end, {pads}, where SAME pads {right}: pad by hand before "
    "VALID, or let SAME do it",
)
@_window
def _(call):
    (top, bottom), (left, right) = _pads(call)
    return _padded(call, ((bottom, top), (right, left)))


_EDITS = {
    "VALID": "pass padding={right!r} on, or use the image that was padded",
    "SAME": "write padding={right!r}, or pad by hand before VALID",
    "FULL": "write padding={right!r}, or pad by hand before VALID",
}
for name, edit in _EDITS.items():

    def _named(call, name=name):
        if call.rule in WINDOWS and call["padding"] != name and (name != "FULL" or call.rule not in POOLING):
            yield call.but(padding=name), {"right": call["padding"]}

    CATALOGUE.call(f"padding {name}", f"the padding is that of {name}, expected {{right}}: {edit}")(_named)


@CATALOGUE.call(
    "moved by a pixel",
    "every window lies {down} lower and {along} to the right: padding {pads}, expected {right}",
)
@_window
def _(call):
    (top, bottom), (left, right) = _pads(call)
    for down in (-1, 0, 1):
        for along in (-1, 0, 1):
            if (down or along) and min(top - down, left - along) >= 0:
                pads = ((top - down, max(0, bottom + down)), (left - along, max(0, right + along)))
                for changed, fields in _padded(call, pads):
                    yield changed, dict(fields, down=down, along=along)


@CATALOGUE.call("dilation forgotten", "the dilation is 1, expected {right}: the argument dilations")
def _(call):
    if call.rule in WINDOWS and pair(call.get("dilations", 1)) != (1, 1):
        yield call.but(dilations=1), {"right": call["dilations"]}


@CATALOGUE.call("dilation added", "the dilation is {dilations}, expected 1: the argument dilations")
def _(call):
    if call.rule in WINDOWS and "dilations" in call and pair(call["dilations"]) == (1, 1):
        for dilations in (2, 3):
            yield call.but(dilations=dilations), {"dilations": dilations}


@CATALOGUE.call("other strides", "the strides are {strides}, expected {right}: the argument strides")
def _(call):
    if call.rule in WINDOWS:
        for strides in (1, 2, 3, pair(call["strides"])[::-1]):
            if pair(strides) != pair(call["strides"]):
                yield call.but(strides=strides), {"strides": strides, "right": call["strides"]}


@CATALOGUE.call("dilation for stride", "the stride {right} is taken for a dilation: strides, not dilations")
def _(call):
    if call.rule in WINDOWS and "dilations" in call and pair(call["strides"]) != (1, 1):
        yield call.but(strides=1, dilations=call["strides"]), {"right": call["strides"]}


# -- pooling


@CATALOGUE.call("maximum for mean", "the maximum of each window instead of its mean: avg_pool for max_pool")
def _(call):
    if call.rule == "avg_pool2d":
        yield call.but("max_pool2d")


@CATALOGUE.call("mean for maximum", "the mean of each window instead of its maximum: max_pool for avg_pool")
def _(call):
    if call.rule == "max_pool2d":
        yield call.but("avg_pool2d")


def _zero_padded(call):
    size, kernel, strides, dilations = _sizes(call)
    pads = ((0, 0), *_pads(call), (0, 0))
    return call.but(x=np.pad(exact(call["x"]), pads, mode="constant"), padding="VALID")


@CATALOGUE.call(
    "padding counted in the mean",
    "the mean is taken over the whole window, the zeros of the padding included: TensorFlow counts the "
    "pixels inside only (count_include_pad=False)",
)
def _(call):
    if call.rule == "avg_pool2d" and call["padding"] == "SAME":
        yield _zero_padded(call)


@CATALOGUE.call(
    "padding wins the maximum",
    "zeros of the padding win over negative pixels: pad with -inf, or let the pooling pad",
)
def _(call):
    if call.rule == "max_pool2d" and call["padding"] == "SAME":
        yield _zero_padded(call)


# -- resizing

#: name -> what it is, and the settings of the grid.
_GRIDS = {
    "corners aligned": {"align_corners": True, "half_pixel_centers": False},
    "half pixel centers": {"align_corners": False, "half_pixel_centers": True},
    "TensorFlow 1's grid": {"align_corners": False, "half_pixel_centers": False},
}
_GRID_WORDS = {
    (True, False): "with its corners aligned",
    (False, True): "of half pixel centers (TensorFlow 2, Keras)",
    (False, False): "of TensorFlow 1's default (no corners aligned, no half pixel centers)",
}

for name, settings in _GRIDS.items():

    def _on_grid(call, settings=settings):
        if call.rule == "resize" and any(call[key] != value for key, value in settings.items()):
            aligned, halves = bool(call["align_corners"]), bool(call["half_pixel_centers"])
            words = {
                "wrong": _GRID_WORDS[settings["align_corners"], settings["half_pixel_centers"]],
                "right": _GRID_WORDS[aligned, halves],
                "edit": f"align_corners={aligned}, half_pixel_centers={halves}",
            }
            yield call.but(**settings), words

    CATALOGUE.call(
        f"resize: {name}",
        "the grid is that {wrong}, expected that {right}: call tf.compat.v1.image.resize with {edit} "
        "(tf.image.resize and Keras have half pixel centers only)",
    )(_on_grid)


@CATALOGUE.call(
    "resize: antialias",
    "the image {wrong} before it shrinks, expected one that {right}: write antialias={edit}",
)
def _(call):
    if call.rule == "resize":
        given = bool(call["antialias"])
        words = ("is not smoothed", "is smoothed")
        yield (
            call.but(antialias=not given),
            {"wrong": words[not given], "right": words[given], "edit": given},
        )


@CATALOGUE.call("resize: another method", "the method is {wrong}, expected {right}: write method={right!r}")
def _(call):
    if call.rule == "resize":
        for method in ("nearest", "bilinear", "bicubic"):
            if method != call["method"]:
                yield call.but(method=method), {"wrong": method, "right": call["method"]}
